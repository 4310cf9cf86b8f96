"""What a file is, by its first bytes: never by what somebody says of it.

`puremagic` knows most types. Two it knows by examples where the form is simple: the first box of an ISO
base media file (ISO/IEC 14496-12, 4.3) by some lengths and brands, a frame of MPEG audio (ISO/IEC 11172-3,
2.4.1.3) by one value of its second byte. `filetype` lists brands, too. So these two are read here.
"""

import io

import imagesize  # type: ignore[import-untyped] # annotated, without py.typed
import puremagic

HEAD_BYTES = 64 * 1024
"""How much of a file is looked at."""

_MAX_BRANDS_BYTES = 4096
_PICTURE_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "heic"),
    **dict.fromkeys((b"avif", b"avis"), "avif"),
}
_BRANDS = {b"qt  ": "mov", b"M4A ": "m4a", b"M4B ": "m4a", b"M4V ": "m4v"}
_LAYERS = {1: "mp3", 2: "mp2"}
_RESERVED_VERSION, _RESERVED_BITRATE, _RESERVED_RATE = 1, 15, 3

_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")


def signs_of(head: bytes) -> frozenset[str]:
    """The extensions, without dots, that the first bytes of a file speak for."""
    for read in (_media_container, _mpeg_audio):
        if (found := read(head)) is not None:
            return frozenset({found})
    try:
        return frozenset(found.extension.lstrip(".").lower() for found in puremagic.magic_string(head)) - {""}
    except (puremagic.PureError, ValueError):
        return frozenset()


def _media_container(head: bytes) -> str | None:
    """What begins with a file type box: a picture's container by its brand, any other is sound or film."""
    if head[4:8] != b"ftyp":
        return None
    size = int.from_bytes(head[:4], "big")
    brand = head[8:12]
    if size % 4 or not 16 <= size <= min(_MAX_BRANDS_BYTES, max(len(head), 16)):  # noqa: PLR2004 - one brand
        return None
    return _PICTURE_BRANDS.get(brand) or _BRANDS.get(brand) or ("3gp" if brand[:2] == b"3g" else "mp4")


def _mpeg_audio(head: bytes) -> str | None:
    """What begins with a frame of MPEG audio of any version, with a checksum or without."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004 - eleven bits are set
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == _RESERVED_VERSION or bitrate == _RESERVED_BITRATE or rate == _RESERVED_RATE:
        return None
    return _LAYERS.get(layer)


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
    """How many pixels a picture says it has; None where the head does not tell."""
    width, height = imagesize.get(io.BytesIO(head), exif_rotation=False)
    return int(width * height) if width > 0 and height > 0 else None
