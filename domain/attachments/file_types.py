"""Types of files: which are taken, and what a file is by its name and its first bytes.

Files are kept and handed on, never opened: a document may still harm the person who opens it, so nothing here
trusts more than the first bytes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from domain.attachments.file_names import MAX_NAME_LENGTH, extension_of
from domain.attachments.refusals import FileReason


@dataclass(frozen=True, slots=True)
class FileType:
    """`family` is Meta's kind of attachment; `signs` what a sniffer may name it, none for plain text."""

    content_type: str
    family: str
    signs: frozenset[str]


def _type(content_type: str, family: str, *signs: str) -> FileType:
    return FileType(content_type, family, frozenset(signs))


_MP4 = ("mp4", "m4a", "m4v", "mov", "3gp", "3g2", "qt")

TYPES: dict[str, FileType] = {
    "jpg": _type("image/jpeg", "image", "jpg", "jpeg", "jfif", "jpe"),
    "jpeg": _type("image/jpeg", "image", "jpg", "jpeg", "jfif", "jpe"),
    "png": _type("image/png", "image", "png"),
    "gif": _type("image/gif", "image", "gif"),
    "webp": _type("image/webp", "image", "webp"),
    "mp3": _type("audio/mpeg", "audio", "mp3", "mpga", "mp2"),
    "oga": _type("audio/ogg", "audio", "ogg", "oga", "ogv", "ogx", "opus"),
    "ogg": _type("audio/ogg", "audio", "ogg", "oga", "ogv", "ogx", "opus"),
    "amr": _type("audio/amr", "audio", "amr"),
    "aac": _type("audio/aac", "audio", "aac"),
    "m4a": _type("audio/mp4", "audio", *_MP4),
    "wav": _type("audio/wav", "audio", "wav"),
    "mp4": _type("video/mp4", "video", *_MP4),
    "mov": _type("video/quicktime", "video", *_MP4),
    "webm": _type("video/webm", "video", "webm", "mkv"),
    "pdf": _type("application/pdf", "file", "pdf"),
    "docx": _type(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "file", "docx", "zip"
    ),
    "xlsx": _type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "file", "xlsx", "zip"),
    "xls": _type("application/vnd.ms-excel", "file", "xls", "doc", "ole"),
    "doc": _type("application/msword", "file", "doc", "ole"),
    "txt": _type("text/plain; charset=utf-8", "file"),
    "csv": _type("text/plain; charset=utf-8", "file"),
}
"""By extension, in the order in which a file without one is matched."""

FROM_AGENTS = frozenset(
    {"jpg", "jpeg", "png", "mp3", "oga", "ogg", "amr", "mp4", "pdf", "docx", "txt", "gif", "xlsx", "xls"}
)
"""What may be sent to customers (docs/reference/service-behaviour.md, "Files and messages")."""

FETCHED_KINDS = frozenset({"image", "audio", "video", "file"})
"""Meta's kinds that are files. A sticker is one too, but is Messenger's own picture, and is let be."""

SERVED_AS_THEMSELVES = frozenset(each.content_type for each in TYPES.values())
"""Content types that are told to whoever downloads; everything else is a stream of bytes."""
_CONTAINERS = frozenset({"audio", "video"})
_MEDIA = frozenset({"image", "audio", "video"})
_OFFICE_SIGNS = frozenset({"zip", "docx", "xlsx", "ole", "doc", "xls"})
"""One container holds documents of many kinds: what they are the name must tell."""


def family_of(content_type: str) -> str:
    """Meta's kind of attachment for a content type."""
    return next((known.family for known in TYPES.values() if known.content_type == content_type), "file")


def name_for(name: str, content_type: str) -> str:
    """A file's name with an extension of its type: whoever opens it by its name gets what the bytes are."""
    fitting = [extension for extension, known in TYPES.items() if known.content_type == content_type]
    extension = extension_of(name)
    if not fitting or extension in fitting:
        return name
    stem = name[: -len(extension) - 1] if extension else name
    return f"{stem[: MAX_NAME_LENGTH - len(fitting[0]) - 1]}.{fitting[0]}"


def judge_received(
    kind: str,
    name: str,
    signs: Iterable[str],
    *,
    is_text: bool,
    allowed: Collection[str],
    blocked: Collection[str],
) -> str | FileReason:
    """The content type of a file that Meta gave us, or why it is refused. Arguments as of `judge_type`.

    Its name is the end of Meta's address, which claims nothing: of pictures, sound and film the bytes alone
    decide. A document's address ends in the name that its sender gave it. There the bytes decide too, unless
    the name is of a type that is not taken, or they leave open what it is: a text, an Office document.
    """
    seen = frozenset(signs)
    if kind in _MEDIA:
        return _type_by_bytes(kind, seen, allowed=allowed, blocked=blocked)
    judged = judge_type(kind, name, seen, is_text=is_text, allowed=allowed, blocked=blocked)
    if judged is not FileReason.TYPE_MISMATCH or seen & _OFFICE_SIGNS:
        return judged
    by_bytes = _type_by_bytes(kind, seen, allowed=allowed, blocked=blocked)
    return judged if isinstance(by_bytes, FileReason) else by_bytes


def judge_type(
    kind: str,
    name: str,
    signs: Iterable[str],
    *,
    is_text: bool,
    allowed: Collection[str],
    blocked: Collection[str],
) -> str | FileReason:
    """The content type of a file, or why it is refused.

    `kind` is Meta's ("" if unknown), `signs` are the extensions that its first bytes speak for, `is_text`
    whether they are text. What the name claims must be allowed, and the bytes must bear it out.
    """
    seen = frozenset(signs)
    claimed = extension_of(name)
    if claimed in blocked:
        return FileReason.TYPE_NOT_ALLOWED
    if claimed is None:
        return _type_by_bytes(kind, seen, allowed=allowed, blocked=blocked)
    if claimed not in allowed:
        return FileReason.TYPE_NOT_ALLOWED
    known = TYPES.get(claimed)
    if known is None:
        return FileReason.TYPE_NOT_ALLOWED if seen & frozenset(blocked) else "application/octet-stream"
    if not (seen & known.signs if known.signs else is_text) or not _is_of_kind(kind, known.family):
        return FileReason.TYPE_MISMATCH
    return known.content_type


def _type_by_bytes(
    kind: str, seen: frozenset[str], *, allowed: Collection[str], blocked: Collection[str]
) -> str | FileReason:
    """The type that the bytes speak for: rather the one that they name, rather one of Meta's kind."""
    known = [(extension, type_) for extension, type_ in TYPES.items() if seen & type_.signs]
    possible = [
        (extension not in seen, type_.family != kind, position, type_)
        for position, (extension, type_) in enumerate(known)
        if extension in allowed and extension not in blocked
    ]
    if not possible:
        unknown = kind in _MEDIA and not any(_is_of_kind(kind, type_.family) for _, type_ in known)
        return FileReason.TYPE_MISMATCH if unknown else FileReason.TYPE_NOT_ALLOWED
    best = min(possible, key=lambda each: each[:3])[3]
    return best.content_type if _is_of_kind(kind, best.family) else FileReason.TYPE_MISMATCH


def _is_of_kind(kind: str, family: str) -> bool:
    """Whether a file may be of Meta's kind; one container holds sound, or pictures and sound."""
    return kind in ("", "file", family) or (kind in _CONTAINERS and family in _CONTAINERS)
