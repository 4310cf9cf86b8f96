"""Pictures that agents upload: what is seen stays, what their files tell beside it goes."""

import io
import struct
import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageSequence, PngImagePlugin

from base import picture_metadata
from base.picture_metadata import DamagedPictureError, copy_without_metadata

SECRET = b"Anna, 52.5163 N 13.3777 E"
XMP = b"<x:xmpmeta><creator>" + SECRET + b"</creator></x:xmpmeta>"
ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825
ROTATED = 6
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def cleaned(content: bytes, content_type: str) -> bytes:
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(content)
        assert copy_without_metadata(content_type, source, target)
        target.seek(0)
        return target.read()


def picture(mode: str = "RGB", shift: int = 0) -> Image.Image:
    """A picture that no encoder makes trivial."""
    gradients = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * turn) for turn in (0, 1, 2)])
    return gradients.crop((shift, 0, shift + 120, 90)).convert(mode)


def exif(*, orientation: int | None = ROTATED) -> Image.Exif:
    told = Image.Exif()
    told[MAKER] = SECRET.decode()
    told.get_ifd(GPS).update({1: "N", 2: (52.0, 30.0, 58.68), 29: SECRET.decode()})
    if orientation:
        told[ORIENTATION] = orientation
    return told


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    into = io.BytesIO()
    image.save(into, file_format, **options)
    return into.getvalue()


def frames(content: bytes) -> list[tuple[bytes, Any]]:
    """The pixels of each picture of a file, and how long each is shown."""
    with Image.open(io.BytesIO(content)) as image:
        return [
            (frame.convert("RGBA").tobytes(), frame.info.get("duration"))
            for frame in ImageSequence.Iterator(image)
        ]


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


JPEGS = [
    pytest.param("RGB", {}, id="baseline"),
    pytest.param("RGB", {"progressive": True}, id="progressive, of many scans"),
    pytest.param("RGB", {"restart_marker_rows": 1}, id="with restart markers"),
    pytest.param("L", {}, id="grey"),
    pytest.param("CMYK", {}, id="CMYK, with Adobe's marker"),
]


@pytest.mark.parametrize(("mode", "options"), JPEGS)
def test_a_jpeg_keeps_its_pixels_and_colours_and_tells_nothing_else(
    mode: str, options: dict[str, Any]
) -> None:
    more = {"exif": exif(), "comment": SECRET, "xmp": XMP, "icc_profile": PROFILE, "dpi": (300, 300)}
    came = encoded(picture(mode), "JPEG", quality=90, **more, **options)
    assert came.count(SECRET) >= 4
    kept = cleaned(came, "image/jpeg")
    assert SECRET not in kept
    image = opened(kept)
    assert image.tobytes() == opened(came).tobytes()
    assert (image.mode, image.info["icc_profile"], image.info["dpi"]) == (mode, PROFILE, (300, 300))
    assert dict(image.getexif()) == {ORIENTATION: ROTATED}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_a_picture_stays_turned_as_it_was(file_format: str, orientation: int) -> None:
    came = encoded(picture(), file_format, exif=exif(orientation=orientation))
    kept = cleaned(came, f"image/{file_format.lower()}")
    assert SECRET not in kept
    assert opened(kept).getexif().get(ORIENTATION, 1) == orientation


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_the_orientation_is_read_in_both_byte_orders(byte_order: str) -> None:
    told = b"II*\0" if byte_order == "<" else b"MM\0*"
    told += struct.pack(byte_order + "IHHHIHHI", 8, 1, ORIENTATION, 3, 1, 8, 0, 0)
    kept = cleaned(encoded(picture(), "JPEG", exif=b"Exif\0\0" + told), "image/jpeg")
    assert dict(opened(kept).getexif()) == {ORIENTATION: 8}


def test_previews_and_what_follows_the_end_of_a_jpeg_are_left_out() -> None:
    came = encoded(picture(), "JPEG")
    preview = encoded(picture().resize((8, 8)), "JPEG", exif=exif())
    assert came[2:4] == b"\xff\xe0"
    application = b"\xff\xe2" + struct.pack(">H", 2 + 4 + len(preview)) + b"MPF\0" + preview
    kept = cleaned(came[:20] + application + came[20:] + preview, "image/jpeg")
    assert kept == came


def test_the_preview_inside_a_jfif_header_is_left_out() -> None:
    came = encoded(picture(), "JPEG")
    header = came[:18] + b"\x01\x01" + b"\x07\x08\x09"
    header = header[:4] + struct.pack(">H", len(header) - 4) + header[6:]
    assert cleaned(header + came[20:], "image/jpeg") == came


PNGS = [
    pytest.param(picture("RGBA"), {}, id="with transparency"),
    pytest.param(picture("P"), {"transparency": 3}, id="with a palette, one colour transparent"),
    pytest.param(picture("I;16"), {}, id="of 16 bits"),
    pytest.param(picture("1"), {}, id="of one bit"),
]


@pytest.mark.parametrize(("image", "options"), PNGS)
def test_a_png_keeps_its_pixels_and_colours_and_tells_nothing_else(
    image: Image.Image, options: dict[str, Any]
) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET.decode())
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    texts.add(b"tIME", bytes.fromhex("07ea0b1e0c0000"))
    texts.add(b"caBX", SECRET)
    more = {"pnginfo": texts, "exif": exif(), "icc_profile": PROFILE, "dpi": (300, 300)}
    came = encoded(image, "PNG", **more, **options)
    kept = cleaned(came + SECRET, "image/png")
    assert SECRET not in kept
    assert b"tIME" not in kept
    shown, before = opened(kept), opened(came)
    assert (shown.mode, shown.tobytes()) == (before.mode, before.tobytes())
    assert set(shown.info) - {"exif"} == {"icc_profile", "dpi", *options}
    assert dict(shown.getexif()) == {ORIENTATION: ROTATED}


@pytest.mark.parametrize(
    ("file_format", "more"),
    [
        ("PNG", {"exif": exif(orientation=None)}),
        ("GIF", {"comment": SECRET, "disposal": 2}),
    ],
)
def test_an_animation_keeps_its_frames_their_times_and_its_repeats(
    file_format: str, more: dict[str, Any]
) -> None:
    moving = [picture(shift=shift) for shift in (0, 40, 80)]
    came = encoded(
        moving[0],
        file_format,
        save_all=True,
        append_images=moving[1:],
        duration=[100, 250, 400],
        loop=3,
        **more,
    )
    assert SECRET in came
    kept = cleaned(came, f"image/{file_format.lower()}")
    assert SECRET not in kept
    assert frames(kept) == frames(came)
    assert len(frames(kept)) == 3
    assert opened(kept).info["loop"] == 3


def test_a_gif_tells_no_text_of_an_application_and_nothing_after_its_end() -> None:
    came = encoded(picture("P"), "GIF", optimize=False)
    assert came.endswith(b"\0;")
    xmp = b"\x21\xff\x0bXMP DataXMP" + XMP + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    kept = cleaned(came[:-1] + xmp + b";" + SECRET, "image/gif")
    assert kept == came


def test_a_file_of_another_type_is_not_touched() -> None:
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(b"%PDF-1.7")
        assert not copy_without_metadata("application/pdf", source, target)
        assert target.tell() == 0


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        pytest.param("image/jpeg", b"\xff\xd8\xff", id="nothing but the beginning"),
        pytest.param("image/jpeg", b"\xff\xd8" + b"\0" * 50, id="no marker"),
        pytest.param("image/jpeg", b"\xff\xd8\xff\xe1\xff\xffExif", id="a segment longer than the file"),
        pytest.param(
            "image/png", b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 2**31, b"tEXt"), id="a chunk too"
        ),
        pytest.param("image/png", encoded(picture(), "PNG")[:-12], id="a PNG without its end"),
        pytest.param("image/gif", b"GIF89a" + bytes(7) + b"\x99\0", id="an unknown block"),
        pytest.param("image/gif", b"GIF89a", id="a GIF without a screen"),
        pytest.param("image/png", encoded(picture(), "JPEG"), id="of another format"),
        pytest.param("image/gif", encoded(picture(), "JPEG"), id="of another format too"),
    ],
)
def test_a_file_whose_parts_cannot_be_told_apart_is_refused(content_type: str, content: bytes) -> None:
    with pytest.raises(DamagedPictureError):
        cleaned(content, content_type)


def test_a_jpeg_and_a_gif_that_are_cut_off_in_the_picture_are_taken() -> None:
    for file_format in ("JPEG", "GIF"):
        whole = encoded(picture(), file_format)
        assert cleaned(whole[:-200], f"image/{file_format.lower()}") == whole[:-200]


def test_a_file_of_endless_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_metadata, "MAX_PARTS", 1000)
    for content_type, content in (
        ("image/jpeg", b"\xff\xd8" + b"\xff\xfe\0\2" * 2000 + b"\xff\xd9"),
        ("image/jpeg", b"\xff\xd8" + b"\xff" * 2000 + b"\xd9"),
        ("image/jpeg", b"\xff\xd8\xff\xda\0\2" + b"\xff\0" * 2000),
        ("image/png", b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sI", 0, b"tEXt", 0) * 2000),
        ("image/gif", b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\1\1" * 2000),
        ("image/gif", b"GIF89a" + bytes(7) + b"\x21\xfe\0" * 2000 + b";"),
    ):
        with pytest.raises(DamagedPictureError):
            cleaned(content, content_type)


_SEEDS = {
    "image/jpeg": encoded(picture().resize((16, 16)), "JPEG", exif=exif(), comment=SECRET),
    "image/png": encoded(picture().resize((16, 16)), "PNG", exif=exif()),
    "image/gif": encoded(picture().resize((16, 16)), "GIF", comment=SECRET),
}


@given(
    content_type=st.sampled_from(sorted(_SEEDS)),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    kept_share=st.floats(0.02, 1),
)
def test_whatever_comes_is_cleaned_or_refused_and_cleaned_again_the_same(
    content_type: str, changes: list[tuple[float, int]], kept_share: float
) -> None:
    content = bytearray(_SEEDS[content_type])
    for place, value in changes:
        content[int(place * len(content))] = value
    try:
        once = cleaned(bytes(content[: max(1, int(kept_share * len(content)))]), content_type)
    except DamagedPictureError:
        return
    assert cleaned(once, content_type) == once
