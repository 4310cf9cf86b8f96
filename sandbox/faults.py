"""The place for send faults. The send endpoint asks at two points; nothing is spoiled by default."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.graph_call import Call


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What the client is shown instead of the truth; `shown` goes into the ledger's decision line."""

    status: int
    body: bytes
    shown: str
    content_type: str = "application/json"


class Faults:
    """No faults. Put a subclass on `World.faults` to make some; both points may also wait."""

    async def before_accept(self, call: "Call") -> Spoiled | None:
        """All checks have passed, nothing is done yet: a value refuses the send, and nothing will be."""
        del call
        return None

    async def after_accept(self, call: "Call", mid: str) -> Spoiled | None:
        """The message is in the thread, no line, echo or answer is out: a value is shown for the success."""
        del call, mid
        return None
