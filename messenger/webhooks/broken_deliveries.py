"""Find the events in a delivery that a JSON parser refuses as a whole.

One event may be nested too deeply, hold a number of five thousand digits or be broken inside; the others of
the same delivery must not suffer. This cuts the delivery at its brackets, without recursion and without
looking into the events, so that each can be parsed alone. Only the rare refused body comes here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TOKENS = 2_000_000
"""Brackets, commas and strings looked at before giving up: about a second."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
_MEMBER = re.compile(rb'\s*"([^"\\]*+)"\s*:\s*', re.DOTALL)
_WHITESPACE = b" \t\r\n"


class NoOutlineError(Exception):
    """The bytes do not have the outer form of a delivery."""


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event as JSON text, with its channel and its entry's id and time (`null` where absent)."""

    entry_id: bytes
    entry_time: bytes
    channel: str
    text: bytes


def raw_events(body: bytes, channels: tuple[str, ...]) -> list[RawEvent]:
    """All events of a page delivery, in order. Raises NoOutlineError if the outer form cannot be followed."""
    scanner = _Scanner()
    delivery = scanner.members(body.strip(_WHITESPACE))
    if delivery.get(b"object") != b'"page"':
        raise NoOutlineError
    events: list[RawEvent] = []
    for text in scanner.items(delivery.get(b"entry", b"")):
        entry = scanner.members(text)
        for channel in channels:
            if channel.encode() in entry:
                events += [
                    RawEvent(entry.get(b"id", b"null"), entry.get(b"time", b"null"), channel, event)
                    for event in scanner.items(entry[channel.encode()])
                ]
    return events


class _Scanner:
    """Cuts arrays and objects at their own commas, within one budget of tokens."""

    def __init__(self) -> None:
        self._tokens_left = MAX_TOKENS

    def items(self, array: bytes) -> list[bytes]:
        if array[:1] != b"[" or array[-1:] != b"]":
            raise NoOutlineError
        return [part for part in self._parts(array) if part]

    def members(self, text: bytes) -> dict[bytes, bytes]:
        """The members of an object. Of a repeated key the last counts, as in a JSON parser."""
        if text[:1] != b"{" or text[-1:] != b"}":
            raise NoOutlineError
        found = {}
        for part in self._parts(text):
            member = _MEMBER.match(part)
            if member:
                found[member[1]] = part[member.end() :].strip(_WHITESPACE)
        return found

    def _parts(self, container: bytes) -> Iterator[bytes]:
        depth, start, last = 0, 1, len(container) - 1
        for token in _TOKEN.finditer(container, 1, last):
            self._tokens_left -= 1
            if self._tokens_left < 0:
                raise NoOutlineError
            match token[0]:
                case b"[" | b"{":
                    depth += 1
                case b"]" | b"}":
                    depth -= 1
                    if depth < 0:
                        raise NoOutlineError
                case b"," if depth == 0:
                    yield container[start : token.start()].strip(_WHITESPACE)
                    start = token.end()
        if depth != 0:
            raise NoOutlineError
        yield container[start:last].strip(_WHITESPACE)
