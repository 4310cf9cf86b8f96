"""F34: an event that cannot be handled is set aside once, the others flow, and it can be handled later."""

from chaos.checker import check
from chaos.loads import Load
from chaos.processes import WORKER
from chaos.trial import Trial


async def test_f34_poison_is_set_aside_and_replayed(trial: Trial, load: Load) -> None:
    sick, *others = await trial.meet(load.customers)
    poison = f"router.event={sick.psid}"
    trial.arm(WORKER, poison)
    await trial.hold_messages(others, load.customers)
    await trial.hold_messages([sick], 1)
    await trial.release(batch=2 * load.customers)
    await _only_the_poison_waits(trial, sick.psid)

    trial.arm(WORKER, poison)
    await trial.fleet.ready(WORKER)
    await _only_the_poison_waits(trial, sick.psid)

    trial.kill(WORKER)
    await trial.fleet.up(WORKER)
    await trial.replay_quarantined()
    ledgers = await trial.verify()
    assert sick.psid in {each["customer"]["psid"] for each in ledgers.final.conversations}


async def _only_the_poison_waits(trial: Trial, psid: str) -> None:
    """One event is set aside, one alarm is to be seen, one message is missing: nothing else is wrong."""
    ledgers = await trial.ledgers()
    found = {name: len(violations) for name, violations in check(ledgers).items() if violations}
    assert found == {"quarantined": 1, "inbound loss": 1, "inbound eventual loss": 1}
    assert psid not in {each["customer"]["psid"] for each in ledgers.final.conversations}
