"""Pictures with what was found in them drawn in: boxes, five points, scores or names.

Sizes follow the picture and the face: what is legible on a phone's photo would hide the faces of a
crowd, and the other way round.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageOps

from facegrid.media.convert import register_decoders
from facegrid.media.fonts import Font, FontChoice, fit
from facegrid.media.pictures import load, open_first, to_rgb
from facegrid.media.whole_file import whole_file

if TYPE_CHECKING:
    from facegrid.answers.faces import BoundingBox, Face, Point

_BOX = (0, 229, 168)
_LABEL_TEXT = (6, 32, 26)
_POINT = (255, 196, 46)
_SHADE = (0, 0, 0, 130)
"""A dark rim around every line and point: without it they vanish on pictures of their own colour."""

_SMALLEST_FONT_PX = 9
_SUBPIXELS = 8
"""Points are drawn this much larger and scaled down; Pillow's own circles have jagged edges."""


_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    # Without chroma subsampling: it smears thin coloured lines.
    **{suffix: {"quality": 92, "subsampling": 0} for suffix in (".jpg", ".jpeg", ".jpe", ".jfif")},
    ".webp": {"quality": 90, "method": 2},
}


@dataclass(frozen=True)
class _Pen:
    """Sizes for one face, in pixels."""

    line_px: int
    point_px: float
    font_px: int


def draw_faces(image: Image.Image, faces: Iterable["Face"], labels: Iterable[str] | None = None) -> Image.Image:
    """Returns a copy of the picture in RGB with the faces drawn in.

    Args:
        image: The upright picture (`PIL.ImageOps.exif_transpose` makes it so), of any mode and size. Transparent
            pixels become white, as the service sees them.
        faces: What `Client.detect` returned for it. Parts outside the picture are cut off.
        labels: What to write above each face, such as names in any script; None: the scores.

    Warns:
        MissingLetters: No font on this machine has the letters of a label.
    """
    faces = list(faces)
    texts = [f"{face.score:.2f}" for face in faces] if labels is None else list(labels)
    drawn = to_rgb(image)
    draw = ImageDraw.Draw(drawn, "RGBA")
    # The best face last, so that its marks lie on top.
    for face, text in sorted(zip(faces, texts, strict=True), key=lambda pair: pair[0].score):
        pen = _pen(drawn.size, face.box)
        _draw_box(draw, face.box, pen)
        for point in _points(face):
            _draw_point(drawn, point, pen.point_px)
        _draw_label(draw, text, face, pen, drawn.size)
    return drawn


def draw_file(picture: Path, faces: Iterable["Face"], path: Path, labels: Iterable[str] | None = None) -> None:
    """Writes the picture with its faces drawn in to `path`, upright, in the format that its suffix names.

    Raises:
        OSError: the picture cannot be read, or the copy cannot be written; no part of it is left then.
    """
    register_decoders()
    data = picture.read_bytes()
    try:
        with open_first(data) as image:
            # A profile for CMYK or grey does not fit the RGB that is written.
            profile = image.info.get("icc_profile") if image.mode == "RGB" else None
            upright = ImageOps.exif_transpose(load(image, data))
    except (Image.DecompressionBombError, SyntaxError, ValueError) as err:  # what Pillow's readers raise besides
        raise OSError(f"cannot read {picture}: {err}") from err
    drawn = draw_faces(upright, faces, labels)
    options = _SAVE_OPTIONS.get(path.suffix.lower(), {})
    with whole_file(path) as part:
        drawn.save(part, icc_profile=profile, **options)


def _pen(size: Sequence[int], box: "BoundingBox") -> _Pen:
    """Returns sizes that follow the picture, held in proportion to the face."""
    picture_px = math.sqrt(size[0] * size[1])
    face_px = max(1.0, min(box.width, box.height))
    line_px = max(1, round(min(picture_px / 300, face_px / 16)))
    return _Pen(
        line_px=line_px,
        point_px=max(0.7, min(picture_px / 230, face_px / 28)),
        font_px=round(max(_SMALLEST_FONT_PX, min(picture_px / 38, face_px / 4.5))),
    )


def _points(face: "Face") -> Sequence["Point"]:
    marks = face.landmarks
    return (marks.left_eye, marks.right_eye, marks.nose, marks.mouth_left, marks.mouth_right)


def _draw_box(draw: ImageDraw.ImageDraw, box: "BoundingBox", pen: _Pen) -> None:
    left, top, right, bottom = _ordered(box)
    radius = min(right - left, bottom - top) * 0.06
    rim = max(1, round(pen.line_px / 3))
    draw.rounded_rectangle(
        (left - rim, top - rim, right + rim, bottom + rim), radius + rim, outline=_SHADE, width=pen.line_px + 2 * rim
    )
    draw.rounded_rectangle((left, top, right, bottom), radius, outline=_BOX, width=pen.line_px)


def _ordered(box: "BoundingBox") -> tuple[int, int, int, int]:
    """Returns whole pixels, of which Pillow wants at least one."""
    left, top = round(box.x_min), round(box.y_min)
    return left, top, max(left, round(box.x_max)), max(top, round(box.y_max))


def _draw_point(image: Image.Image, point: "Point", radius_px: float) -> None:
    """Draws a disk with a dark rim, centred to a fraction of a pixel."""
    rim_px = max(0.6, radius_px / 3)
    reach = math.ceil(radius_px + rim_px) + 1
    left, top = math.floor(point.x) - reach, math.floor(point.y) - reach
    side = 2 * reach + 1
    centre = (point.x - left + 0.5, point.y - top + 0.5)
    for radius, colour, alpha in ((radius_px + rim_px, _SHADE[:3], _SHADE[3]), (radius_px, _POINT, 255)):
        image.paste(colour, (left, top), _disk(side, centre, radius, alpha))


def _disk(side: int, centre: tuple[float, float], radius: float, alpha: int) -> Image.Image:
    mask = Image.new("L", (side * _SUBPIXELS, side * _SUBPIXELS))
    x, y, r = (value * _SUBPIXELS for value in (*centre, radius))
    ImageDraw.Draw(mask).ellipse((x - r, y - r, x + r, y + r), fill=alpha)
    return mask.resize((side, side), Image.Resampling.BOX)


def _font(text: str, choice: FontChoice, largest_px: int, width_px: float) -> Font:
    """Returns the font in a size in which the text is as wide as the face is, if one can be read that is."""
    font = choice.at(largest_px)
    share = width_px / (font.getlength(text) + largest_px / 2 + 1)
    return font if share >= 1 else choice.at(max(_SMALLEST_FONT_PX, math.floor(largest_px * share)))


def _draw_label(draw: ImageDraw.ImageDraw, text: str, face: "Face", pen: _Pen, size: Sequence[int]) -> None:
    """Writes the text above the box, or inside it where the picture ends there.

    Not at all where it would be much wider than the face: in a crowd it would hide the neighbours.
    """
    text, choice = fit(text)
    font = _font(text, choice, pen.font_px, 1.25 * face.box.width)
    pad = max(1, round(pen.font_px * 0.25))
    x_min, y_min, x_max, y_max = font.getbbox(text)
    width, height = math.ceil(x_max - x_min) + 2 * pad, math.ceil(y_max - y_min) + 2 * pad
    if width > size[0] or height > size[1] or width > 1.25 * face.box.width:
        return
    left, box_top, _, _ = _ordered(face.box)
    left = min(max(left, 0), size[0] - width)
    top = box_top - height - pen.line_px if box_top - height - pen.line_px >= 0 else box_top + 2 * pen.line_px
    top = min(max(top, 0), size[1] - height)
    draw.rounded_rectangle((left, top, left + width - 1, top + height - 1), pad, fill=(*_BOX, 235))
    draw.text((left + pad - x_min, top + pad - y_min), text, font=font, fill=_LABEL_TEXT)
