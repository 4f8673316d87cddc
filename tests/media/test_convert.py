"""Formats that the service does not take."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, features

import facegrid
from facegrid.client.stream.ledger import check_many
from facegrid.client.wire.images import encode_image
from facegrid.media import convert
from facegrid.media.pictures import kind_of

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def file_of(image: Image.Image, file_format: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


@pytest.fixture
def picture(photo):
    return Image.fromarray(photo)


@pytest.mark.parametrize("file_format", ["TIFF", "BMP"])
def test_formats_without_loss_are_sent_without_loss(picture, photo, file_format):
    sent = encode_image(file_of(picture, file_format))
    assert kind_of(sent) == "WEBP"
    np.testing.assert_array_equal(pixels(sent), photo)


def test_a_gif_is_sent_with_its_colours(picture):
    data = file_of(picture.quantize(64), "GIF")
    np.testing.assert_array_equal(pixels(encode_image(data)), pixels(data))


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_an_avif_is_sent_as_a_jpeg_nearly_without_loss():
    smooth = np.zeros((40, 60, 3), np.uint8)
    smooth[..., 0], smooth[..., 1] = np.linspace(0, 255, 60), np.linspace(0, 255, 40)[:, None]
    sent = encode_image(file_of(Image.fromarray(smooth), "AVIF", quality=100))
    assert kind_of(sent) == "JPEG"
    assert np.abs(pixels(sent).astype(int) - smooth).mean() < 2


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_what_the_service_takes_is_sent_as_it_is(picture, file_format):
    data = file_of(picture, file_format)
    assert encode_image(data) is data


def test_anything_else_is_left_to_the_service():
    for data in (b"", b"no picture", bytes(100), b"\0\0\0\x18ftypisom" + bytes(30)):
        assert encode_image(data) == data


def test_the_first_page_of_a_tiff_and_the_orientation_are_taken(picture, photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    pages = file_of(picture, "TIFF", save_all=True, append_images=[Image.new("RGB", (5, 5))], exif=exif)
    np.testing.assert_array_equal(pixels(encode_image(pages)), np.rot90(photo, -1))


def test_transparent_pixels_of_a_tiff_become_white(photo):
    alpha = np.zeros(photo.shape[:2], np.uint8)
    alpha[:, 30:] = 255
    sent = pixels(encode_image(file_of(Image.fromarray(np.dstack([photo, alpha])), "TIFF")))
    assert (sent[:, :30] == 255).all()
    np.testing.assert_array_equal(sent[:, 30:], photo[:, 30:])


def test_an_animation_is_refused_as_the_service_refuses_one():
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    data = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(facegrid.InvalidImage, match="animation of 3 frames"):
        encode_image(data)


@pytest.mark.parametrize("head", [b"BM", b"GIF89a", b"II*\0", b"MM\0*", b"\0\0\0\x18ftypavif\0\0\0\0"])
def test_a_damaged_file_says_so(head):
    with pytest.raises(facegrid.InvalidImage, match="is damaged, or of a kind that cannot be read"):
        encode_image(head + bytes(range(100)))


def test_heic_without_its_decoder_says_what_to_install(monkeypatch):
    monkeypatch.setattr(convert, "find_spec", lambda _: None)
    with pytest.raises(facegrid.InvalidImage, match="pip install pillow-heif"):
        encode_image(HEIC)


def test_heic_is_sent_as_a_jpeg(picture, photo):
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(picture).save(stream, quality=95)
    assert kind_of(stream.getvalue()) == "HEIC"
    sent = encode_image(stream.getvalue())
    assert kind_of(sent) == "JPEG"
    assert pixels(sent).shape == photo.shape


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data:image/jpeg;base64,{}", "a data URL of"),
        ("{}", "a picture in base64 of"),
        ("{}\n" * 3, "a picture in base64 of"),
        ("\u00e9{}{}", "not one:"),
        ("https://example.org/a.jpg", "a URL (https:)"),
        ("s3://bucket/{}", "a URL (s3:)"),
        ("file:///tmp/a.jpg", "a URL (file:)"),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("side", [8, 60])
def test_text_that_is_no_path_is_refused_in_one_line_without_the_picture(text, words, file_format, side):
    noise = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    encoded = base64.b64encode(file_of(Image.fromarray(noise), file_format)).decode()
    with pytest.raises(facegrid.InvalidImage) as caught:
        encode_image(text.replace("{}", encoded))
    message = str(caught.value)
    assert words in message
    assert len(message) < 300
    assert "\n" not in message
    assert encoded[20:40] not in message
    assert caught.value.__context__ is None, "its text would repeat the picture"


def test_a_path_that_is_not_there_stays_an_os_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("photo.jpg", "/no/such/photo", tmp_path / "a", "C:photo"):
        with pytest.raises(FileNotFoundError):
            encode_image(path)
    (tmp_path / "http:").mkdir()
    (tmp_path / "http:" / "a").write_bytes(b"x")
    assert encode_image("http:/a") == b"x", "a file of that name comes first"


@pytest.mark.parametrize("one", [np.zeros((100, 50, 3), np.uint8), np.zeros((9, 9), np.uint8), "a.jpg", b"x"])
def test_one_picture_is_no_list_of_pictures(one):
    with pytest.raises(TypeError, match="expected a list of images"):
        check_many(one)


def test_an_array_of_pictures_is_a_list():
    check_many(np.zeros((3, 100, 50, 3), np.uint8))
    check_many(np.array(["a.jpg", b"x"], dtype=object))
