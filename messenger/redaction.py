"""Keep tokens out of what is stored, logged or shown."""

import logging
import re
from collections.abc import Iterable

import httpx

_TOKEN = re.compile(r"EAA[0-9A-Za-z]{8,}")
"""Meta's access tokens start with EAA; an error about a malformed one repeats it."""


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets, and without anything that looks like an access token of Meta's."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[redacted]")
    return _TOKEN.sub("[redacted]", text)


def hide_queries_in_logs() -> None:
    """Make httpx log its requests without their query, which holds `appsecret_proof`.

    It logs whole URLs: https://github.com/encode/httpx/issues/2760.
    """
    logger = logging.getLogger("httpx")
    if _without_query not in logger.filters:
        logger.addFilter(_without_query)


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            each.copy_with(query=None) if isinstance(each, httpx.URL) else each for each in record.args
        )
    return True
