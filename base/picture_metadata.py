"""Pictures without what their file tells beside the picture: places, times, devices, names, previews.

The parts of a file that a viewer needs are copied byte for byte, the others are left out. Nothing is decoded:
the picture stays exactly as it was, and a decompression bomb costs no more than its file (ADR 0021).

JPEG: ITU-T T.81, annex B; JFIF: ITU-T T.871; Exif: CIPA DC-008, 4.6.
PNG: https://www.w3.org/TR/png-3/. GIF: https://www.w3.org/Graphics/GIF/spec-gif89a.txt.
"""

import mmap
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import IO

MAX_PARTS = 300_000
"""So many parts of a file are looked at: segments, chunks, blocks. A picture of 25 MB has some 100,000."""

_Parts = Iterator[bytes]


class DamagedPictureError(Exception):
    """The parts of the file cannot be told apart, so its metadata cannot be found."""


def copy_without_metadata(content_type: str, source: IO[bytes], target: IO[bytes]) -> bool:
    """Copy a JPEG, PNG or GIF without its metadata; False, and nothing copied, for any other type.

    `source` is a file of the operating system that nobody changes meanwhile. What follows the end of the
    picture is left out, too. JPEG and PNG keep their orientation, all keep their colour profile. A file that
    is cut off in the data of a picture is taken as viewers take it. Large files take long: not for an event
    loop. Raises DamagedPictureError.
    """
    parts_of = _FORMATS.get(content_type)
    if parts_of is None:
        return False
    source.flush()
    try:
        with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for number, part in enumerate(parts_of(data)):
                if number == MAX_PARTS:
                    raise DamagedPictureError
                target.write(part)
    except (IndexError, struct.error) as error:  # a part that begins or ends behind the file's end
        raise DamagedPictureError from error
    return True


_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_START_OF_SCAN, _APP_0, _APP_1, _APP_15, _COMMENT = 0xDA, 0xE0, 0xE1, 0xEF, 0xFE
_IN_SCAN = frozenset((0, 0xFF, *range(0xD0, 0xD8)))
"""What may follow a byte 0xFF in the data of a scan: a stuffed zero, a fill byte, a restart marker."""
_COLOURS = {0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Segments of applications that change the colours, by marker."""
_EXIF = b"Exif\0\0"


def _jpeg_parts(data: mmap.mmap) -> _Parts:
    _require_start(data, _JPEG_START)
    yield _JPEG_START
    position = 2
    while data[position : position + 2] != _JPEG_END:
        if data[position] != 0xFF:  # noqa: PLR2004 - what each marker begins with
            raise DamagedPictureError
        marker = data[position + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte before a marker
            position += 1
            yield b""
            continue
        end = position + 2 + int(struct.unpack_from(">H", data, position + 2)[0])
        if marker == _START_OF_SCAN:
            end = _scan_end(data, end)
        if _APP_0 <= marker <= _APP_15:
            yield _kept_of_application(marker, data[position + 4 : end])
        elif marker != _COMMENT:
            yield data[position:end]
        else:
            yield b""
        if marker == _START_OF_SCAN and end == len(data):
            return
        position = end
    yield _JPEG_END


def _scan_end(data: mmap.mmap, position: int) -> int:
    """Where the next marker begins; the end of a file that is cut off."""
    for _ in range(MAX_PARTS):
        position = data.find(b"\xff", position)
        if position in (-1, len(data) - 1):
            return len(data)
        if data[position + 1] not in _IN_SCAN:
            return position
        position += 1
    raise DamagedPictureError


def _kept_of_application(marker: int, content: bytes) -> bytes:
    """The segment that stays, if any: colours, JFIF without its preview, of Exif the orientation alone."""
    if marker == _APP_0 and content.startswith(b"JFIF\0"):
        return _jpeg_segment(marker, content[:12] + b"\0\0")
    if marker == _APP_1 and content.startswith(_EXIF):
        orientation = _orientation_alone(content[len(_EXIF) :])
        return _jpeg_segment(marker, _EXIF + orientation) if orientation else b""
    if marker in _COLOURS and content.startswith(_COLOURS[marker]):
        return _jpeg_segment(marker, content)
    return b""


def _jpeg_segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


_PNG_START = b"\x89PNG\r\n\x1a\n"
_SEEN_CHUNKS = frozenset(
    b"tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
"""The chunks that change what is seen, beside those whose name begins with a capital letter."""


def _png_parts(data: mmap.mmap) -> _Parts:
    _require_start(data, _PNG_START)
    yield _PNG_START
    position, name = len(_PNG_START), b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise DamagedPictureError
        if name == b"eXIf":
            orientation = _orientation_alone(data[position + 8 : end - 4])
            yield _png_chunk(name, orientation) if orientation else b""
        else:
            yield data[position:end] if name[:1].isupper() or name in _SEEN_CHUNKS else b""
        position = end


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


_GIF_EXTENSION, _GIF_IMAGE, _GIF_END = 0x21, 0x2C, 0x3B
_GIF_COMMENT, _GIF_APPLICATION = 0xFE, 0xFF
_SEEN_APPLICATIONS = frozenset((b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"))
"""How often an animation is repeated, twice; the colour profile."""


def _gif_parts(data: mmap.mmap) -> _Parts:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise DamagedPictureError
    position = 13 + _gif_colours_length(data[10])
    yield data[:position]
    while position < len(data) and data[position] != _GIF_END:
        kind, label = data[position], data[position + 1]
        if kind not in (_GIF_EXTENSION, _GIF_IMAGE):
            raise DamagedPictureError
        is_extension = kind == _GIF_EXTENSION
        blocks = 2 if is_extension else 11 + _gif_colours_length(data[position + 9])
        end = _after_sub_blocks(data, position + blocks)
        yield b"" if is_extension and _is_gif_metadata(label, data[position:end]) else data[position:end]
        position = end
    if position < len(data):
        yield data[position : position + 1]


def _is_gif_metadata(label: int, extension: bytes) -> bool:
    if label == _GIF_APPLICATION:
        return extension[3:14] not in _SEEN_APPLICATIONS
    return label == _GIF_COMMENT


def _gif_colours_length(flags: int) -> int:
    """The bytes of a colour table, by the flags that announce it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_sub_blocks(data: mmap.mmap, position: int) -> int:
    for _ in range(MAX_PARTS):
        if position >= len(data) or data[position] == 0:
            return position + 1
        position += 1 + data[position]
    raise DamagedPictureError


def _require_start(data: mmap.mmap, start: bytes) -> None:
    if data[: len(start)] != start:
        raise DamagedPictureError


_ORIENTATION_TAG, _SHORT, _NORMAL, _LAST = 0x0112, 3, 1, 8


def _orientation_alone(exif: bytes) -> bytes:
    """Exif data that tells how the picture is turned and nothing else; nothing where it is not turned."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return b""
    try:
        (directory,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, directory)
        for at in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, at)
            if tag == _ORIENTATION_TAG and kind == _SHORT and _NORMAL < value <= _LAST:
                return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, tag, kind, 1, value, 0, 0)
    except struct.error:  # what a viewer cannot read does not turn the picture
        pass
    return b""


_FORMATS: dict[str, Callable[[mmap.mmap], _Parts]] = {
    "image/jpeg": _jpeg_parts,
    "image/png": _png_parts,
    "image/gif": _gif_parts,
}
