"""What the dispatcher's matching and claiming cost by how much waits.

In the store alone, without Temporal: the measure is of what grows, or does not, with the backlog.
"""

from bench.context import Bench
from bench.rows import BrokenError, Row, Target
from bench.waiting_desk import AGENTS, UNITS, waiting_desk

_FEW, _MANY = 100, 10_000
_CLAIMS = 100
_COUNTED = 20


async def measure(bench: Bench) -> list[Row]:
    """Each round has desks of its own, a small one and a large one by turns."""
    few: list[float] = []
    many: list[float] = []
    morning: list[float] = []
    statements: list[float] = []
    for number in range(bench.plan.rounds):
        with waiting_desk(_FEW, number) as desk:
            few.append(desk.claim_one_by_one(_CLAIMS))
        with waiting_desk(_MANY, number) as desk:
            many.append(desk.claim_one_by_one(_CLAIMS))
            statements.append(desk.statements_of_claims(_COUNTED))
            seconds, claimed = desk.fill_everybody()
        if claimed != AGENTS * UNITS:
            raise BrokenError(
                f"{claimed} conversations were claimed for {AGENTS} agents with {UNITS} places."
            )
        morning.append(seconds)
    return [
        Row("claim: 10,000 waiting beside 100, processor", "ms", many, few, Target("≤", 1.3)),
        Row("claim: statements at most", "statements", statements, target=Target("≤", 12, of="value")),
        Row(
            "10,000 wait, 200 agents with 5 places come at once: 1,000 claims",
            "s",
            morning,
            target=Target("≤", 30, of="value"),
            note="In the store alone, 20 claims a transaction.",
        ),
    ]
