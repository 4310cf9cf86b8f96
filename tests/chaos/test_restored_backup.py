"""A backup taken under load and restored after everything died: nothing is sent again, nothing stays lost."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from base.settings import Settings
from chaos.conftest import Workshop
from chaos.final_state import export
from chaos.installation import PAGES
from chaos.ledgers import read_book
from chaos.loads import Load
from chaos.processes import PRODUCT
from chaos.settling import SETTLE_SECONDS
from chaos.trial import Trial
from local.backups.backup import DATABASES, backup, restore
from support.eventually import eventually

_SECONDS_OF_WORK = 3.0
_PAUSE_SECONDS = 2.0


async def test_a_restored_backup_sends_nothing_again(
    trial: Trial, workshop: Workshop, load: Load, tmp_path: Path
) -> None:
    directory = trial.installation.directory
    settings = Settings(data_dir=directory)
    talks = await trial.talking(load.customers)
    people, conversations = list(talks), list(talks.values())
    async with (
        trial.customers.writing(await trial.meet(load.customers), load.per_second),
        trial.replies.going_on(conversations, load.replies, patience=load.patient),
    ):
        await asyncio.sleep(_SECONDS_OF_WORK)  # so that the backup meets work under way
        await asyncio.to_thread(backup, settings, tmp_path / "backup")
        newcomers = await trial.meet(load.customers)
        written = await asyncio.gather(*(trial.customers.write(each) for each in [*people, *newcomers]))
        await asyncio.sleep(_SECONDS_OF_WORK)
    await trial.settle()
    trial.kill(*PRODUCT)
    sent = accepted(directory)
    for name in DATABASES:
        for file in directory.glob(f"{name}*"):
            file.unlink()
    await asyncio.to_thread(restore, settings, tmp_path / "backup")
    await trial.fleet.up(*PRODUCT)
    await eventually(partial(all_pages_send, trial), within=180)
    await trial.settle()

    again = {words: count for words, count in accepted(directory).items() if count > max(1, sent[words])}
    assert again == {}
    await eventually(partial(are_known, trial, written), within=SETTLE_SECONDS)
    # The ledgers tell more than this desk can know: no other trial may be judged by them.
    workshop.discard()
    trial.record.whole = True


def accepted(directory: Path) -> Counter[tuple[str, str]]:
    """How often Meta accepted the same words for the same person."""
    book = read_book(directory / "ledger" / "graph.jsonl")
    asked = {line["request"]: line for line in book if line["line"] == "request"}
    done = (line["request"] for line in book if line["line"] == "decision" and line.get("mid"))
    return Counter((str(asked[each]["recipient"]), str(asked[each]["text"])) for each in done)


async def all_pages_send(trial: Trial) -> bool:
    """Whether nothing is held any more; a page that waits looks again at once, not in a minute."""
    states = []
    for page_id in PAGES:
        page = (await trial.api.get(f"/v1/pages/{page_id}")).raise_for_status().json()
        states.append(page["send_gate"]["state"])
        if states[-1] != "open":
            (await trial.api.post(f"/v1/pages/{page_id}/check")).raise_for_status()
    await asyncio.sleep(_PAUSE_SECONDS)
    return set(states) == {"open"}


async def are_known(trial: Trial, mids: Sequence[str]) -> bool:
    shown = await export(trial.api, [])
    known = {message["mid"] for each in shown.conversations for message in each["messages"]}
    return known.issuperset(mids)
