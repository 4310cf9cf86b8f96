"""What a file is, by its first bytes: never by what somebody says of it."""

import struct
from collections.abc import Callable

import puremagic

HEAD_BYTES = 64 * 1024
"""How much of a file is looked at."""

_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def signs_of(head: bytes) -> frozenset[str]:
    """The extensions, without dots, that the first bytes of a file speak for."""
    try:
        return frozenset(found.extension.lstrip(".").lower() for found in puremagic.magic_string(head)) - {""}
    except (puremagic.PureError, ValueError):
        return frozenset()


def is_text(head: bytes) -> bool:
    """Whether these are the first bytes of a text in UTF-8."""
    if any(byte < ord(" ") and byte not in _TEXT_CONTROLS for byte in head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"  # a character cut in two by the end of the head
    return True


def pixels_of(head: bytes) -> int | None:
    """How many pixels a PNG, GIF, JPEG or WebP says it has; None where the head does not tell."""
    for magic, read in _SIZES:
        if head.startswith(magic):
            try:
                width, height = read(head)
            except (struct.error, IndexError):
                return None
            return width * height
    return None


def _png(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _gif(head: bytes) -> tuple[int, int]:
    width, height = struct.unpack("<HH", head[6:10])
    return width, height


def _jpeg(head: bytes) -> tuple[int, int]:
    at = 2
    while head[at] == 0xFF:  # noqa: PLR2004 - what a marker begins with
        if head[at + 1] in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + int(struct.unpack(">H", head[at + 2 : at + 4])[0])
    raise IndexError


def _webp(head: bytes) -> tuple[int, int]:
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = (each & 0x3FFF for each in struct.unpack("<HH", head[26:30]))
    return width, height


_SIZES: tuple[tuple[bytes, Callable[[bytes], tuple[int, int]]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"GIF8", _gif),
    (b"\xff\xd8", _jpeg),
    (b"RIFF", _webp),
)
