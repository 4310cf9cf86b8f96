"""Where a file stands, why one is refused, and who is told of it.

What may be sent to customers is listed in docs/reference/service-behaviour.md, "Files and messages".
"""

from enum import StrEnum

from domain.workstreams.conversation_settings import AutomatedTrigger

MAX_FILES_PER_MESSAGE = 30
MAX_PIXELS = 100_000_000


class Direction(StrEnum):
    """Who sent it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class FileState(StrEnum):
    """Where a file stands. Only READY is ever served, until its retention is over; others are final."""

    PENDING = "pending"
    READY = "ready"
    BLOCKED = "blocked"
    TOO_LARGE = "too_large"
    EXPIRED = "expired"
    UNSAFE = "unsafe"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    DELETED = "deleted"
    """Its message was taken back: it leaves the attachment store too."""


class FileReason(StrEnum):
    """Why a file is not READY."""

    DISABLED = "disabled"
    TOO_MANY_FILES = "too_many_files"
    TYPE_NOT_ALLOWED = "type_not_allowed"
    TYPE_MISMATCH = "type_mismatch"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    TOO_MANY_PIXELS = "too_many_pixels"
    CORRUPTED = "corrupted"
    INFECTED = "infected"
    ENCODING_NOT_SUPPORTED = "encoding_not_supported"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    LINK_EXPIRED = "link_expired"
    DOWNLOAD_FAILED = "download_failed"
    DOWNLOAD_TIMED_OUT = "download_timed_out"
    SCAN_FAILED = "scan_failed"
    PROCESSING_FAILED = "processing_failed"
    RETENTION_EXPIRED = "retention_expired"


STATE_OF: dict[FileReason, FileState] = {
    FileReason.DISABLED: FileState.BLOCKED,
    FileReason.TOO_MANY_FILES: FileState.BLOCKED,
    FileReason.TYPE_NOT_ALLOWED: FileState.BLOCKED,
    FileReason.TYPE_MISMATCH: FileState.UNSAFE,
    FileReason.TOO_LARGE: FileState.TOO_LARGE,
    FileReason.EMPTY: FileState.FAILED,
    FileReason.TOO_MANY_PIXELS: FileState.UNSAFE,
    FileReason.CORRUPTED: FileState.UNSAFE,
    FileReason.INFECTED: FileState.UNSAFE,
    FileReason.ENCODING_NOT_SUPPORTED: FileState.UNSAFE,
    FileReason.ADDRESS_NOT_ALLOWED: FileState.UNSAFE,
    FileReason.LINK_EXPIRED: FileState.EXPIRED,
    FileReason.DOWNLOAD_FAILED: FileState.FAILED,
    FileReason.DOWNLOAD_TIMED_OUT: FileState.FAILED,
    FileReason.SCAN_FAILED: FileState.QUARANTINED,
    FileReason.PROCESSING_FAILED: FileState.QUARANTINED,
    FileReason.RETENTION_EXPIRED: FileState.EXPIRED,
}

NOTICES: dict[FileReason, str] = {
    FileReason.DISABLED: "The customer sent a file. Files from customers are switched off for this page.",
    FileReason.TOO_MANY_FILES: "The message carries more files than Pagedesk takes from one message.",
    FileReason.TYPE_NOT_ALLOWED: "The file is of a type that is not accepted here, so it was not kept.",
    FileReason.TYPE_MISMATCH: "The file is not of the type that it claims to be, so it was not kept.",
    FileReason.TOO_LARGE: "The file is too large, so it was not kept.",
    FileReason.EMPTY: "The file is empty.",
    FileReason.TOO_MANY_PIXELS: "The picture has more pixels than can be shown safely, so it was not kept.",
    FileReason.CORRUPTED: "The picture is damaged: its metadata could not be removed, so it was not kept.",
    FileReason.INFECTED: "The scanner found the file to be malicious, so it was not kept.",
    FileReason.ENCODING_NOT_SUPPORTED: (
        "The file came compressed in a way that cannot be checked, so it was not kept."
    ),
    FileReason.ADDRESS_NOT_ALLOWED: "The file's address is not one of Messenger's, so it was not fetched.",
    FileReason.LINK_EXPIRED: "Messenger's link to the file has expired. It would have to be sent again.",
    FileReason.DOWNLOAD_FAILED: "The file could not be fetched. It would have to be sent again.",
    FileReason.DOWNLOAD_TIMED_OUT: "The file came too slowly. It would have to be sent again.",
    FileReason.SCAN_FAILED: "The scanner could not judge the file, so it was set aside.",
    FileReason.PROCESSING_FAILED: "Fetching the file failed again and again, so it was set aside.",
    FileReason.RETENTION_EXPIRED: "The file was deleted: its retention period is over.",
}
"""What the agent reads in the file's place."""


_UNSUPPORTED = (
    FileReason.DISABLED,
    FileReason.TOO_MANY_FILES,
    FileReason.TYPE_NOT_ALLOWED,
    FileReason.TYPE_MISMATCH,
    FileReason.TOO_MANY_PIXELS,
    FileReason.INFECTED,
)
TOLD: dict[FileReason, AutomatedTrigger] = {
    **dict.fromkeys(_UNSUPPORTED, AutomatedTrigger.UNSUPPORTED_MESSAGE),
    FileReason.TOO_LARGE: AutomatedTrigger.FILE_TOO_LARGE,
}
"""What the customer is told (docs/reference/service-behaviour.md). The agent is told of everything."""
