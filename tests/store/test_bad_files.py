"""The attachment part (F) of the bad-input catalogue, as far as it is about what files hold: F106, F107."""

import io
import struct
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from base.scanner import ScannerError, is_infected
from base.settings import Settings
from base.sniffing import pixels_of
from domain.attachments import FileReason
from sandbox.media import sample_png
from store.file_checks import FileChecks, ScannerUnsureError

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


_MISMATCH, _BLOCKED = FileReason.TYPE_MISMATCH, FileReason.TYPE_BLOCKED


@pytest.mark.parametrize(
    ("kind", "name", "content", "expected"),
    [
        pytest.param("image", "a.jpg", HTML, _MISMATCH, id="F106-html"),
        pytest.param("image", "a.png", SVG, _MISMATCH, id="F106-svg"),
        pytest.param("image", "a.svg", SVG, _BLOCKED, id="F106-svg-by-name"),
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
        pytest.param("image", "a.png", png(50_000, 50_000), FileReason.PIXELS, id="F107-pixel-flood"),
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
    assert await judged("image", "a", sample_png(1), attachment_blocked=".PNG") is _MISMATCH


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
