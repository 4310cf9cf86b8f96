"""The blocks of the stream: events, and what it says of itself: `hello`, `ping`, `reset` and `goodbye`."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from api.events.position import write_id
from api.schemas.counts_view import CountsView
from api.schemas.views import EventView
from store.tables import Event, SignIn


def render_event(event: Event, log_id: str, rows: str = "") -> bytes:
    """An event's block, the same for every reader but for `rows`: members of its data, as JSON."""
    told = EventView.of(event).model_dump_json()
    return format_sse_event(
        event=event.kind,
        data_str=f"{told[:-1]},{rows}}}" if rows else told,
        id=write_id(log_id, event.id or 0),
    )


class Frame(BaseModel):
    """One block of the stream."""

    event: ClassVar[str]

    def render(self, *, id: str | None = None, retry_milliseconds: int | None = None) -> bytes:  # noqa: A002
        """As it is sent. A browser keeps the id, and waits so long before it connects again."""
        return format_sse_event(
            event=self.event, data_str=self.model_dump_json(), id=id, retry=retry_milliseconds
        )


class SignInOfStream(BaseModel):
    """The sign-in of a stream's reader: over at `expires_at` without input, and at `ends_at` at all.

    By the clock of the machine, which no journey in time moves; `now` is what it shows.
    """

    id: str
    now: datetime
    expires_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, row: SignIn, now: datetime) -> Self:
        """As it stands."""
        return cls(id=row.id, now=now, expires_at=row.expires_at, ends_at=row.ends_at)


class Hello(Frame):
    """The first block. Its `id` is the position from which the stream goes on.

    A stream is broken when nothing has come for several times `ping_seconds`. `release`: what the server is
    of. `sign_in` is null for who reads with a key.
    """

    event = "hello"
    server_time: datetime
    ping_seconds: float
    agent_id: str
    release: str
    sign_in: SignInOfStream | None


class Ping(Frame):
    """Nothing was to be told for `ping_seconds`. Its `id` is the position so far."""

    event = "ping"
    server_time: datetime


class ResetReason(StrEnum):
    """Why the stream cannot go on from the position that was asked for."""

    UNKNOWN = "unknown"
    """It is of another installation, of a log before a backup was restored, or no position at all."""
    DELETED = "deleted"
    """Events after it have been deleted, by their age."""


class Reset(Frame):
    """The reader may have missed events: it reads again what it shows. The stream goes on from `hello`."""

    event = "reset"
    reason: ResetReason


class GoodbyeReason(StrEnum):
    """Why a stream ends."""

    SERVER_STOPS = "server_stops"
    """Connect again, after `retry`, with the last id."""
    ACCESS_ENDED = "access_ended"
    """The key was revoked, or the sign-in ended."""
    RIGHTS_CHANGED = "rights_changed"
    """The role or the queues of the agent changed. Connect again, and read again what is shown."""


class Counts(CountsView, Frame):
    """How many conversations the reader's lists have, where asked for; no more than once a second."""

    event = "counts"


class Goodbye(Frame):
    """The last block. Its `retry` differs between readers, so that not all come back at the same instant."""

    event = "goodbye"
    reason: GoodbyeReason
