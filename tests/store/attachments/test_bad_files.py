"""What files hold: F106 and F107 of docs/reference/bad-input.md."""

import io
import struct
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from base.settings import Settings
from base.sniffing import pixels_of
from base.virus_scanner import ScannerError, is_infected
from domain.attachments.file_types import TYPES, name_for
from domain.attachments.refusals import FileReason
from sandbox.media import sample_png
from store.attachments.file_checks import FileChecks, ScannerUnsureError

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCANNER = f"{sys.executable} -c 'import sys; sys.exit(b\"EICAR-STANDARD\" in sys.stdin.buffer.read())'"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + b"\xff\xc0\x00\x11\x08\x00\x10\x00\x20" + bytes(40)
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(40)
HTML = b"<html><script>alert(1)</script></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)
EXE = b"MZ\x90\x00" + bytes(60)


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def gif(frames: int) -> bytes:
    return b"GIF89a\x10\x00\x10\x00\x00\x00\x00" + b"\x21\xf9\x04\x00\x01\x00\x00\x00" * frames + b";"


def document(size: int) -> bytes:
    """A docx that unpacks to much more than it is."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", bytes(size))
    return into.getvalue()


async def judged(kind: str, name: str, content: bytes, **settings: Any) -> str | FileReason:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        return await FileChecks(Settings(**settings)).judge_inbound(kind, name, file)


@pytest.mark.parametrize(
    ("kind", "name", "content", "expected"),
    [
        pytest.param("image", "a.png", sample_png(1), "image/png", id="png"),
        pytest.param("image", "a.jpg", JPEG, "image/jpeg", id="jpg"),
        pytest.param("image", "123_n", JPEG, "image/jpeg", id="without-extension"),
        pytest.param("image", "a.gif", gif(1), "image/gif", id="gif"),
        pytest.param("video", "a.mp4", MP4, "video/mp4", id="mp4"),
        pytest.param("audio", "clip.mp4", MP4, "video/mp4", id="voice-clip"),
        pytest.param("file", "a.pdf", b"%PDF-1.7\n", "application/pdf", id="pdf"),
        pytest.param("file", "a.txt", "grüß".encode(), "text/plain; charset=utf-8", id="text"),
    ],
)
async def test_what_it_says_it_is_is_taken(kind: str, name: str, content: bytes, expected: str) -> None:
    assert await judged(kind, name, content) == expected


def box(brand: str, *compatible: str) -> bytes:
    """The first box of an ISO base media file, and a little of what follows."""
    brands = "".join((brand, "\0\0\2\0", *compatible)).encode()
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + b"\0\0\0\x08free" + bytes(64)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        pytest.param("audio", box("dash", "iso6", "mp41"), "video/mp4", id="dash"),
        pytest.param("audio", box("mp41", "mp41", "isom"), "video/mp4", id="mp41"),
        pytest.param("video", box("iso5", "avc1", "iso5", "dsms", "msix", "dash"), "video/mp4", id="iso5"),
        pytest.param("video", box("zzzz"), "video/mp4", id="a brand of tomorrow"),
        pytest.param("video", box("isom", "isom", "iso2", "avc1", "mp41"), "video/mp4", id="isom"),
        pytest.param("audio", box("M4A ", "M4A ", "mp42"), "audio/mp4", id="m4a"),
        pytest.param("video", box("qt  ", "qt  "), "video/quicktime", id="quicktime"),
        pytest.param("video", box("3gp5", "3gp5"), "video/mp4", id="3gp"),
        pytest.param("audio", bytes.fromhex("fffb9064") + bytes(400), "audio/mpeg", id="mp3"),
        pytest.param("audio", bytes.fromhex("fffa9064") + bytes(400), "audio/mpeg", id="mp3 with checksum"),
        pytest.param("audio", bytes.fromhex("fff36484") + bytes(400), "audio/mpeg", id="mp3 of MPEG-2"),
        pytest.param("audio", bytes.fromhex("ffe36484") + bytes(400), "audio/mpeg", id="mp3 of MPEG-2.5"),
        pytest.param("audio", b"ID3\x04\0\0\0\0\0\x0a" + bytes(400), "audio/mpeg", id="mp3 with tags"),
        pytest.param("image", box("heic", "mif1"), FileReason.TYPE_MISMATCH, id="a picture like a film"),
        pytest.param("image", box("isom"), FileReason.TYPE_MISMATCH, id="a film as a picture"),
        pytest.param("audio", b"\xff\xff\xff\xff" + bytes(400), FileReason.TYPE_MISMATCH, id="no frame"),
        pytest.param("audio", b"\xff\xfeh\0e\0y\0" + bytes(9), FileReason.TYPE_MISMATCH, id="UTF-16"),
    ],
)
async def test_sound_and_film_are_known_by_their_structure(
    kind: str, content: bytes, expected: str | FileReason
) -> None:
    assert await judged(kind, "clip-1.mp4", content) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("film.mp4", box("dash", "iso6", "mp41")),
        ("film.mp4", box("iso5", "avc1", "iso5", "dsms", "msix", "dash")),
        ("sound.mp3", bytes.fromhex("fffa9064") + bytes(400)),
        ("sound.mp3", bytes.fromhex("fff36484") + bytes(400)),
    ],
)
async def test_agents_sound_and_film_are_known_too(name: str, content: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        assert str(await FileChecks(Settings()).judge_outbound(name, file)).startswith(("audio", "video"))


@pytest.mark.parametrize(
    ("kind", "name", "content", "expected", "called"),
    [
        ("image", "491_n.png", JPEG, "image/jpeg", "491_n.jpg"),
        ("image", "safe_image.php", gif(1), "image/gif", "safe_image.gif"),
        ("image", "a.exe", JPEG, "image/jpeg", "a.jpg"),
        ("image", "a.jpeg", JPEG, "image/jpeg", "a.jpeg"),
        ("image", "picture", sample_png(1), "image/png", "picture.png"),
        ("file", "photo.png", JPEG, "image/jpeg", "photo.jpg"),
        ("file", "plan.docx", document(10), TYPES["docx"].content_type, "plan.docx"),
        ("file", "plan.xlsx", document(10), TYPES["xlsx"].content_type, "plan.xlsx"),
        ("file", "plan.pdf", document(10), FileReason.TYPE_MISMATCH, None),
    ],
)
async def test_the_bytes_decide_and_the_name_follows_them(
    kind: str, name: str, content: bytes, expected: str | FileReason, called: str | None
) -> None:
    found = await judged(kind, name, content)
    assert found == expected
    if not isinstance(found, FileReason):
        assert name_for(name, found) == called


def test_a_long_name_keeps_its_length_and_its_type() -> None:
    assert name_for("x" * 100, "image/jpeg") == "x" * 96 + ".jpg"


_MISMATCH, _BLOCKED = FileReason.TYPE_MISMATCH, FileReason.TYPE_NOT_ALLOWED


@pytest.mark.parametrize(
    ("kind", "name", "content", "expected"),
    [
        pytest.param("image", "a.jpg", HTML, _MISMATCH, id="F106-html"),
        pytest.param("image", "a.png", SVG, _MISMATCH, id="F106-svg"),
        pytest.param("image", "a.svg", SVG, _MISMATCH, id="F106-svg-by-name"),
        pytest.param("image", "a.gif", ELF, _MISMATCH, id="F106-elf"),
        pytest.param("image", "a", ELF, _MISMATCH, id="F106-elf-without-extension"),
        pytest.param("file", "a.pdf", EXE, _MISMATCH, id="F106-exe"),
        pytest.param("file", "a.exe", EXE, _BLOCKED, id="F106-exe-by-name"),
        pytest.param("file", "a.html", HTML, _BLOCKED, id="F106-html-by-name"),
        pytest.param("file", "a.txt", ELF, _MISMATCH, id="F106-binary-text"),
        pytest.param("image", "a.pdf", b"%PDF-1.7\n", _MISMATCH, id="F106-pdf-as-image"),
        pytest.param("file", "a.jpg.exe", JPEG, _BLOCKED, id="F106-two-extensions"),
        # One that is a GIF and a script at once is a GIF to us, and served as nothing else.
        pytest.param("image", "a.gif", b"GIF89a/*" + bytes(20) + b"*/=1;", "image/gif", id="F106-polyglot"),
        pytest.param(
            "image", "a.png", png(50_000, 50_000), FileReason.TOO_MANY_PIXELS, id="F107-pixel-flood"
        ),
        # What follows is kept as it came: nothing of ours opens it, and a browser is told to save it.
        pytest.param("image", "a.gif", gif(100_000), "image/gif", id="F107-frames"),
        pytest.param("file", "a.pdf", b"%PDF-1.7\n/JS (x)", "application/pdf", id="F107-pdf-with-script"),
    ],
)
async def test_f106_f107_what_lies_about_itself_is_not_kept(
    kind: str, name: str, content: bytes, expected: str | FileReason
) -> None:
    assert await judged(kind, name, content) == expected


async def test_f107_a_bomb_of_a_document_is_not_unpacked() -> None:
    bomb = document(50_000_000)
    assert len(bomb) < 100_000
    assert str(await judged("file", "a.docx", bomb)).endswith("wordprocessingml.document")


async def test_f107_what_the_scanner_finds_is_not_kept() -> None:
    assert await judged("file", "a.txt", EICAR, attachment_scanner=SCANNER) is FileReason.INFECTED
    assert await judged("file", "a.txt", b"clean", attachment_scanner=SCANNER) == "text/plain; charset=utf-8"


@pytest.mark.parametrize("command", ["/no/such/scanner", f"{sys.executable} -c 'raise SystemExit(2)'"])
async def test_a_scanner_that_cannot_tell_is_no_verdict(command: str) -> None:
    with pytest.raises(ScannerUnsureError):
        await judged("file", "a.txt", b"x", attachment_scanner=command)


async def test_a_scanner_that_hangs_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    with file.open("rb") as opened, pytest.raises(ScannerError, match="too_slow"):
        await is_infected(f"{sys.executable} -c 'import signal; signal.pause()'", opened, seconds=0.2)


async def test_what_an_admin_blocks_is_blocked_whatever_is_allowed() -> None:
    assert await judged("image", "a.png", sample_png(1), attachment_blocked="png") is _BLOCKED
    assert await judged("image", "a", sample_png(1), attachment_blocked=".PNG") is _BLOCKED


async def test_what_an_admin_allows_beyond_the_known_is_a_stream_of_bytes() -> None:
    assert (
        await judged("file", "a.step", b"ISO-10303-21;", attachment_allowed="step")
        == "application/octet-stream"
    )


@pytest.mark.parametrize(
    ("head", "pixels"),
    [
        (png(3, 4), 12),
        (gif(1), 256),
        (JPEG, 16 * 32),
        (b"RIFF....WEBPVP8X" + bytes(8) + b"\x09\x00\x00\x13\x00\x00", 200),
        (b"RIFF....WEBPVP8L" + bytes(5) + (9 | 19 << 14).to_bytes(4, "little"), 200),
        (b"RIFF....WEBPVP8 " + bytes(10) + b"\x0a\x00\x14\x00", 200),
        (b"\xff\xd8\xff", None),
        (b"%PDF", None),
    ],
)
def test_pixels_are_read_from_the_head(head: bytes, pixels: int | None) -> None:
    assert pixels_of(head) == pixels
