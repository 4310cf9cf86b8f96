"""What faults make of the echo of an accepted send. Several may strike one echo."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sandbox.events import Event
from sandbox.faults import Target
from sandbox.model import PAGE_INBOX_APP_ID, Message
from sandbox.settings import AfterSend

if TYPE_CHECKING:
    from sandbox.world import World

EARLY, NEVER = AfterSend(before_answer=True), AfterSend(on=False)


@dataclass(frozen=True, slots=True)
class Telling:
    """How an event is told: when, how often, under `standby` or not; and the faults that made it so."""

    when: AfterSend
    event: Event
    copies: int = 1
    standby: bool = False
    faults: tuple[str, ...] = ()


def spoil(world: "World", message: Message, when: AfterSend, event: Event, request: int) -> Telling:
    """An echo as it will be told. `request` is the number of the call that it echoes."""
    telling = Telling(when, event)
    for fault in world.faults.every("echo", Target("echo", message.page_id, message.psid, request)):
        struck = _STRUCK[fault.kind](telling, fault.values)
        telling = replace(struck, faults=(*telling.faults, fault.id))
    return telling


def _with(event: Event, **changes: int | None) -> Event:
    """The event with these of its message changed, or (None) left out."""
    message = {name: value for name, value in {**event["message"], **changes}.items() if value is not None}
    return {**event, "message": message}


# kind → what it makes of a telling, by its values
_STRUCK: dict[str, Callable[[Telling, dict[str, Any]], Telling]] = {
    "echo_early": lambda telling, _: replace(telling, when=EARLY),
    "echo_late": lambda telling, values: replace(
        telling, when=AfterSend(delay_ms=round(values["seconds"] * 1000))
    ),
    "echo_never": lambda telling, _: replace(telling, when=NEVER),
    "echo_again": lambda telling, values: replace(telling, copies=values["copies"]),
    "echo_standby": lambda telling, _: replace(telling, standby=True),
    "echo_other_app": lambda telling, values: replace(
        telling, event=_with(telling.event, app_id=int(values["app_id"] or PAGE_INBOX_APP_ID))
    ),
    "echo_no_metadata": lambda telling, _: replace(telling, event=_with(telling.event, metadata=None)),
}
