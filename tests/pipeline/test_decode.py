import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facegrid.errors import InvalidImage, LimitExceeded
from orchestrator.pipeline.decode import ImageLimits, decode, warnings_of
from tests.support.pictures import STORED, chunk, claiming

DATA = Path(__file__).parents[1] / "media" / "data"
LIMITS = ImageLimits(max_image_bytes=1_000_000, max_image_px=250_000, max_image_side_px=20_000)


def encode(image, file_format="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def corners():
    """A picture whose four corners differ, and which is wider than high: red, green / blue, white."""
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:8, :12], pixels[:8, 12:], pixels[8:, :12], pixels[8:, 12:] = (
        (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255),
    )  # fmt: skip
    return pixels


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_each_format_keeps_the_order_of_colours(file_format):
    image = decode(encode(Image.fromarray(corners()), file_format, quality=95), LIMITS)
    assert image.shape == (16, 24, 3)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image[3, 3], (255, 0, 0), atol=16)
    np.testing.assert_allclose(image[12, 3], (0, 0, 255), atol=16)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_pictures_are_turned_upright(orientation, file_format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](corners())))
    options = {"lossless": True} if file_format == "WEBP" else {"quality": 100, "subsampling": 0}
    image = decode(encode(stored, file_format, exif=exif, **options), LIMITS)
    np.testing.assert_allclose(image.astype(int), corners(), atol=8)
    assert image.flags.c_contiguous


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(decode(encode(Image.fromarray(corners()), exif=exif), LIMITS), corners())


def test_grey_palette_and_cmyk_become_rgb():
    pixels = corners()
    grey = Image.fromarray(pixels).convert("L")
    expected = np.repeat(np.asarray(grey)[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(decode(encode(grey), LIMITS), expected)
    np.testing.assert_array_equal(decode(encode(grey.convert("1", dither=0)), LIMITS), (expected > 127) * 255)

    np.testing.assert_array_equal(decode(encode(grey.convert("LA")), LIMITS), expected)

    palette = Image.fromarray(pixels).quantize(8)
    np.testing.assert_array_equal(decode(encode(palette), LIMITS), pixels)

    cmyk = Image.fromarray(pixels).convert("CMYK")
    np.testing.assert_allclose(decode(encode(cmyk, "JPEG", quality=100), LIMITS).astype(int), pixels, atol=12)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_transparent_pixels_are_composed_on_white(file_format):
    pixels = corners()
    alpha = np.tile(np.linspace(0, 255, 24).astype(np.uint8), (16, 1))
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    image = decode(encode(Image.fromarray(np.dstack([pixels, alpha])), file_format, **options), LIMITS)
    share = alpha[:, :, None] / 255
    np.testing.assert_allclose(image, pixels * share + 255 * (1 - share), atol=1)
    np.testing.assert_array_equal(image[:, 0], 255)
    np.testing.assert_array_equal(image[:, -1], pixels[:, -1])


def test_a_colour_that_stands_for_nothing_is_white():
    """The chunk tRNS names it in grey, RGB and palette files, in 8 and 16 bits."""
    pixels = corners()
    rgb = decode(encode(Image.fromarray(pixels), transparency=(255, 0, 0)), LIMITS)
    np.testing.assert_array_equal(rgb, np.where((pixels == (255, 0, 0)).all(axis=2, keepdims=True), 255, pixels))

    palette = Image.fromarray(pixels).quantize(8)
    image = decode(encode(palette, transparency=int(np.asarray(palette)[0, 0])), LIMITS)
    np.testing.assert_array_equal(image, rgb)

    grey = Image.fromarray(np.full((16, 24), 0x1234, np.uint16))
    np.testing.assert_array_equal(decode(encode(grey), LIMITS), 0x12)
    png = encode(grey)
    place = png.index(b"IDAT") - 4
    named = png[:place] + chunk(b"tRNS", struct.pack(">H", 0x1234)) + png[place:]
    np.testing.assert_array_equal(decode(named, LIMITS), 255)


def two_pictures(first, second, **options):
    """A JPEG in the Multi-Picture Format, as phones and cameras write."""
    return encode(first, "MPO", save_all=True, append_images=[second], **options)


@pytest.mark.parametrize("orientation", [1, 6])
def test_of_several_pictures_in_a_jpeg_the_first_is_taken(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](corners())))
    thumbnail = Image.new("RGB", (12, 8), "yellow")
    data = two_pictures(stored, thumbnail, exif=exif, quality=100, subsampling=0)
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == 2
    np.testing.assert_allclose(decode(data, LIMITS).astype(int), corners(), atol=8)
    # What is behind the first picture does not matter, whether it is damaged or missing.
    end = data.index(b"\xff\xd9", data.index(b"\xff\xda")) + 2
    np.testing.assert_array_equal(decode(data[:end] + bytes(500), LIMITS), decode(data, LIMITS))
    assert warnings_of(data[:end]) == warnings_of(data) == []


def ancillary(png, *chunks):
    """The file with chunks behind its header, and one more behind its pixels."""
    behind = 8 + 25
    return png[:behind] + b"".join(chunks) + png[behind:-12] + chunks[0] + png[-12:]


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a face, " * 300_000)),
        chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress(b"a face, " * 300_000)),
        chunk(b"tEXt", b"parameters\0" + b"a face, " * 300_000),
        chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"zTXt", b"parameters\0\0no zlib"),
    ],
)
def test_text_and_profiles_of_a_png_do_not_matter(extra):
    limits = ImageLimits(max_image_bytes=10_000_000, max_image_px=250_000, max_image_side_px=20_000)
    data = ancillary(encode(Image.fromarray(corners())), extra)
    np.testing.assert_array_equal(decode(data, limits), corners())


@pytest.mark.parametrize("count", [40])
def test_many_texts_of_a_png_do_not_matter(count):
    text = chunk(b"zTXt", b"history\0\0" + zlib.compress(bytes(2_000_000)))
    np.testing.assert_array_equal(
        decode(ancillary(encode(Image.fromarray(corners())), *[text] * count), LIMITS), corners()
    )


def test_the_orientation_in_a_text_of_a_png_is_applied():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    stored = encode(Image.fromarray(np.ascontiguousarray(STORED[6](corners()))))
    data = ancillary(stored, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    np.testing.assert_array_equal(decode(data, LIMITS), corners())


def test_sixteen_bits_keep_their_upper_eight():
    grey = (np.arange(16 * 24, dtype=np.uint16) * 170).reshape(16, 24)
    image = decode(encode(Image.fromarray(grey)), LIMITS)
    np.testing.assert_array_equal(image, np.repeat((grey >> 8).astype(np.uint8)[:, :, None], 3, axis=2))


def test_rgb_of_sixteen_bits_is_read():
    rows = b"".join(b"\0" + b"\xab\xcd\x12\x34\xff\x01" * 12 for _ in range(12))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(name, body)
        for name, body in [
            (b"IHDR", struct.pack(">IIBBBBB", 12, 12, 16, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows)),
            (b"IEND", b""),
        ]
    )
    np.testing.assert_array_equal(decode(png, LIMITS)[5, 5], (0xAB, 0x12, 0xFF))


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", InvalidImage, ["0 bytes"]),
        (b"not a picture", InvalidImage, ["JPEG, PNG or WebP", "13 bytes"]),
        (bytes(1_000_001), LimitExceeded, ["1,000,001", "1,000,000"]),
        (claiming(60_000, 60_000), LimitExceeded, ["3,600,000,000", "250,000"]),
        (claiming(12_000, 9_000), LimitExceeded, ["108,000,000", "250,000"]),
        (claiming(501, 500), LimitExceeded, ["250,500", "250,000"]),
        (claiming(20_001, 12), LimitExceeded, ["20001 x 12", "20,000"]),
        (claiming(1, 1), InvalidImage, ["1 x 1", "12 x 12"]),
        (claiming(11, 11), InvalidImage, ["11 x 11", "12 x 12"]),
        (claiming(20_000, 10), InvalidImage, ["20000 x 10", "12 x 12"]),
        (claiming(100, 100), InvalidImage, ["PNG", "damaged"]),
        (b"\x89PNG\r\n\x1a\n", InvalidImage, ["8 bytes"]),
        (b"GIF89a" + bytes(50), InvalidImage, ["JPEG, PNG or WebP"]),
    ],
)
def test_what_is_no_picture_is_refused_with_number_and_limit(data, error, words):
    with pytest.raises(error) as caught:
        decode(data, LIMITS)
    assert type(caught.value) is error
    for word in words:
        assert word in caught.value.message


def test_sizes_at_the_limits_are_accepted():
    exact = encode(Image.new("RGB", (500, 500)))
    assert decode(exact, LIMITS).shape == (500, 500, 3)
    assert decode(encode(Image.new("RGB", (20_000, 12))), LIMITS).shape == (12, 20_000, 3)
    limit = ImageLimits(max_image_bytes=len(exact), max_image_px=250_000, max_image_side_px=20_000)
    assert decode(exact, limit).shape == (500, 500, 3)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_an_animation_is_refused(file_format):
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    data = encode(frames[0], file_format, save_all=True, append_images=frames[1:])
    with pytest.raises(InvalidImage, match="animation of 3 frames"):
        decode(data, LIMITS)


def noise(side=64):
    return Image.fromarray(np.random.default_rng(2).integers(0, 256, (side, side, 3), dtype=np.uint8))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_off_anywhere_is_refused(file_format):
    data = encode(noise(), file_format)
    for length in range(0, len(data) * 9 // 10, max(1, len(data) // 40)):
        with pytest.raises(InvalidImage) as caught:
            decode(data[:length], LIMITS)
        if length > 20:
            assert f"the {file_format} file is cut off (truncated)" in caught.value.message


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"restart_marker_blocks": 1},
        {"restart_marker_rows": 1, "subsampling": 0},
        {"progressive": True, "restart_marker_rows": 1},
        {"optimize": True, "grey": True},
    ],
)
def test_a_jpeg_that_lacks_its_end_mark_only_is_read_with_a_warning(options):
    picture = noise(40).convert("L") if options.pop("grey", False) else noise(40)
    data = encode(picture, "JPEG", **options)
    whole = decode(data, LIMITS)
    assert warnings_of(data) == []
    for lacking in (data[:-2], data[:-1]):
        np.testing.assert_array_equal(decode(lacking, LIMITS), whole)
        assert "lacks its end mark" in warnings_of(lacking)[0]
    # One byte more may hold no pixel; wherever the file is read, it is read whole.
    for length in range(len(data) - 60, len(data) - 2):
        try:
            image = decode(data[:length], LIMITS)
        except InvalidImage:
            continue
        np.testing.assert_array_equal(image, whole)
        assert length > len(data) - 6


def test_a_progressive_jpeg_without_its_last_scans_is_cut_off():
    data = encode(noise(40), "JPEG", progressive=True)
    places = [place for place in range(len(data)) if data[place : place + 2] == b"\xff\xda"]
    assert len(places) > 3
    for place in places:
        with pytest.raises(InvalidImage, match="cut off"):
            decode(data[:place], LIMITS)


def test_a_coding_that_is_not_supported_is_named():
    limits = ImageLimits(max_image_bytes=1_000_000, max_image_px=1_000_000, max_image_side_px=20_000)
    data = bytearray((DATA / "arithmetic.jpg").read_bytes())
    with pytest.raises(InvalidImage, match="uses arithmetic coding, which is not supported"):
        decode(bytes(data), limits)
    frame = data.index(b"\xff\xc9")
    for marker, bits, words in (
        (0xC3, 8, "lossless coding"),
        (0xC5, 8, "hierarchical"),
        (0xC1, 12, "coding in 12 bits"),
    ):
        data[frame + 1], data[frame + 4] = marker, bits
        with pytest.raises(InvalidImage, match=words):
            decode(bytes(data), limits)
