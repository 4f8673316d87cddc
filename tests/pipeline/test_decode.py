import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from facegrid.errors import InvalidImage, LimitExceeded
from orchestrator.pipeline.decode import ImageLimits, decode
from tests.support.pictures import STORED, chunk, claiming

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


def test_grey_palette_alpha_and_cmyk_become_rgb():
    pixels = corners()
    grey = Image.fromarray(pixels).convert("L")
    expected = np.repeat(np.asarray(grey)[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(decode(encode(grey), LIMITS), expected)
    np.testing.assert_array_equal(decode(encode(grey.convert("1", dither=0)), LIMITS), (expected > 127) * 255)

    rgba = Image.fromarray(np.dstack([pixels, np.full(pixels.shape[:2], 7, np.uint8)]))
    np.testing.assert_array_equal(decode(encode(rgba), LIMITS), pixels)
    np.testing.assert_array_equal(decode(encode(grey.convert("LA")), LIMITS), expected)

    palette = Image.fromarray(pixels).quantize(8)
    np.testing.assert_array_equal(decode(encode(palette), LIMITS), pixels)

    cmyk = Image.fromarray(pixels).convert("CMYK")
    np.testing.assert_allclose(decode(encode(cmyk, "JPEG", quality=100), LIMITS).astype(int), pixels, atol=12)


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
        (claiming(100, 100), InvalidImage, ["PNG", "damaged or cut off"]),
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


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_file_cut_off_anywhere_is_refused(file_format):
    noise = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), file_format)
    for length in range(0, len(data) * 9 // 10, max(1, len(data) // 40)):
        with pytest.raises(InvalidImage):
            decode(data[:length], LIMITS)
