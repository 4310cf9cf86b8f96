"""What an error of the Graph API means: by code and subcode, never by its text.

Messages are localised and reworded. The HTTP status counts only where the body is no JSON; but any 5xx, like
codes 1, 2 and 1200, may hide a message that was sent.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from messenger.graph.error_table import MEANINGS, ErrorKind, Meaning
from messenger.graph.usage import regain_time
from messenger.json_parser import integer
from messenger.redaction import redacted

_SERVER_ERROR = 500
_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429
_PERMISSION_CODES = range(200, 300)
_GLOBAL_SUBCODES_FROM = 1_000_000
"""Subcodes this large mean the same under every code; Meta prints some of them without one."""
_MAX_MESSAGE_LENGTH = 500
_MAX_WAIT_SECONDS = 24 * 60 * 60

_UNLISTED = Meaning(
    ErrorKind.MESSAGE,
    "Meta refuses it with a code that Pagedesk does not know.",
    "Look the code up in Meta's documentation.",
)
_UNLISTED_TRANSIENT = Meaning(
    ErrorKind.UNKNOWN_OUTCOME,
    "Meta reports a transient error with a code that Pagedesk does not know.",
    "Look for the message in the Page inbox before sending it again.",
)
_UNLISTED_PERMISSION = Meaning(
    ErrorKind.CONFIG, "A permission is missing or was removed.", "Check the app's permissions and App Review."
)
_NOT_GRAPH = Meaning(
    ErrorKind.MESSAGE,
    "The answer is not from the Graph API.",
    "Check PAGEDESK_GRAPH_BASE_URL and any proxy on the way.",
)
_THROTTLED = Meaning(ErrorKind.THROTTLED, "Too many calls.", "Nothing to do: sending goes on later.")
_BROKEN = Meaning(
    ErrorKind.UNKNOWN_OUTCOME,
    "The server failed while it handled the call.",
    "Look for the message in the Page inbox before sending it again.",
)


class GraphError(Exception):
    """An error that the Graph API answered.

    kind: what to do about it; `reason` is its stable code.
    retry_after_seconds: how long Meta asks us to wait.
    message: Meta's own text without tokens, for administrators; never shown to customers, never matched on.
    """

    says_no_values = True

    def __init__(
        self,
        meaning: Meaning,
        *,
        status: int,
        code: int | None = None,
        subcode: int | None = None,
        message: str = "",
        trace_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        self.kind = meaning.kind
        self.explanation = meaning.explanation
        self.remedy = meaning.remedy
        self.status = status
        self.code = code
        self.subcode = subcode
        self.message = message
        self.trace_id = trace_id
        self.retry_after_seconds = retry_after_seconds
        number = "/".join(str(each) for each in (code, subcode) if each is not None)
        super().__init__(f"Graph API error {number or '-'} (HTTP {status}): {meaning.explanation}")

    def with_meaning(self, meaning: Meaning) -> "GraphError":
        """The same answer with another meaning, where the call that it answers tells more."""
        return GraphError(
            meaning,
            status=self.status,
            code=self.code,
            subcode=self.subcode,
            message=self.message,
            trace_id=self.trace_id,
            retry_after_seconds=self.retry_after_seconds,
        )

    @property
    def text(self) -> str:
        """Meta's own text without its number, for whoever sets up a page."""
        return self.message.removeprefix(f"(#{self.code})").strip()

    @property
    def reason(self) -> str:
        """The stable code of what is wrong."""
        return self.kind.value

    @property
    def outcome_unknown(self) -> bool:
        """Whether a message may have been sent in spite of the error."""
        return self.kind is ErrorKind.UNKNOWN_OUTCOME or self.status >= _SERVER_ERROR

    @property
    def is_transient_failure(self) -> bool:
        """Whether the same call may succeed later, if it may be repeated, as a read may."""
        return self.outcome_unknown or self.kind in (ErrorKind.RETRY, ErrorKind.THROTTLED)


def find_meaning(code: int, subcode: int | None, *, is_transient: bool = False) -> Meaning:
    """What a code means, most exact row first; an unlisted one is never a reason to send again by itself."""
    keys: list[tuple[int, int | None]] = [(code, subcode)]
    if subcode is not None and subcode >= _GLOBAL_SUBCODES_FROM:
        keys.append((subcode, None))
    keys.append((code, None))
    for key in keys:
        if key in MEANINGS:
            return MEANINGS[key]
    if code in _PERMISSION_CODES:
        return _UNLISTED_PERMISSION
    return _UNLISTED_TRANSIENT if is_transient else _UNLISTED


def read_error(
    status: int, body: Any, headers: Mapping[str, str], secrets: Iterable[str] = ()
) -> GraphError | None:
    """The error in an answer, None if it is none. `body` is the parsed JSON, None if it is none."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        code = integer(error.get("code"))
        subcode = integer(error.get("error_subcode", error.get("subcode")))  # short inside `debug_token`
        meaning = find_meaning(code or 0, subcode, is_transient=error.get("is_transient") is True)
        return GraphError(
            meaning,
            status=status,
            code=code,
            subcode=subcode,
            message=_shortened(redacted(str(error.get("message", "")), secrets)),
            trace_id=_short(error.get("fbtrace_id")),
            retry_after_seconds=_retry_after(headers) if meaning.kind is ErrorKind.THROTTLED else None,
        )
    if status < 300:  # noqa: PLR2004  # the statuses of success
        return None
    return GraphError(_status_meaning(status), status=status, retry_after_seconds=_retry_after(headers))


def _status_meaning(status: int) -> Meaning:
    if status == _TOO_MANY_REQUESTS:
        return _THROTTLED
    if status >= _SERVER_ERROR or status == _REQUEST_TIMEOUT:
        return _BROKEN
    return _NOT_GRAPH


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until calls are allowed again."""
    asked = min(integer(headers.get("retry-after")) or 0, _MAX_WAIT_SECONDS)
    return max(float(asked), regain_time(headers).total_seconds()) or None


def _shortened(text: str) -> str:
    """A long text without its middle: Meta lists all that it knows, and says last what it does not."""
    half = _MAX_MESSAGE_LENGTH // 2
    return text if len(text) <= _MAX_MESSAGE_LENGTH else f"{text[:half]} … {text[-half:]}"


def _short(value: Any) -> str | None:
    return value[:64] if isinstance(value, str) else None
