"""Every recorded run of every release is replayed: what would wedge conversations under way fails here."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from base.converter import data_converter
from domain.conversations.state import ThreadState
from domain.workstreams.automated_texts import DEFAULT_TEXTS
from replay import corpus
from replay.corpus import FrozenError, ReleaseSet, read_history, release_sets, set_of, this_release
from replay.scenarios import ON_DEV_SERVER, ON_SKIPPING_ENGINE
from store.conversations.state_versions import readable
from support.canaries import found
from support.store import ACCOUNT, APP_SECRET, PSID, TOKEN
from workflows.conversation import ConversationWorkflow
from workflows.messages import CONVERSATION_WORKFLOW
from workflows.page import PageWorkflow

SETS = release_sets()
HISTORIES = [path for each in SETS for path in each.histories]
STATES = [path for each in SETS for path in each.states]
CANARIES = {
    "customer's words": "canary of the customer",
    "agent's words": "canary of the agent",
    "PSID": PSID,
    "access token": TOKEN,
    "app secret": APP_SECRET,
    "account": ACCOUNT,
    **{
        f"{trigger} ({language})": text
        for trigger, texts in DEFAULT_TEXTS.items()
        for language, text in texts.items()
    },
}


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _replayer(*workflows: type) -> Replayer:
    return Replayer(
        workflows=workflows or [ConversationWorkflow, PageWorkflow], data_converter=data_converter
    )


@pytest.mark.parametrize("path", HISTORIES, ids=_name)
async def test_a_recorded_run_is_replayed(path: Path) -> None:
    await _replayer().replay_workflow(read_history(path))


@pytest.mark.parametrize("path", STATES, ids=_name)
def test_a_row_that_a_scenario_left_is_read(path: Path) -> None:
    row = json.loads(path.read_text())
    state = TypeAdapter(ThreadState).validate_json(json.dumps(readable(row)))
    assert state.version == row["version"]
    assert state.applied_seq == row["applied_seq"]
    assert (state.conversation is None) is (row["conversation"] is None)


def _another_activity(events: list[dict[str, Any]]) -> None:
    scheduled = "activityTaskScheduledEventAttributes"
    next(each[scheduled] for each in events if scheduled in each)["activityType"]["name"] = "send_letter"


def _another_local_activity(events: list[dict[str, Any]]) -> None:
    recorded = "markerRecordedEventAttributes"
    marker = next(each[recorded] for each in events if recorded in each)
    marker["markerName"] = "core_patch"


@pytest.mark.parametrize("alter", [_another_activity, _another_local_activity])
async def test_a_history_that_this_code_would_not_have_made_fails(
    alter: Callable[[list[dict[str, Any]]], None],
) -> None:
    """Else the replays above could not fail either."""
    recorded = json.loads((set_of(this_release()).directory / "greeted.1.json").read_text())
    alter(recorded["events"])
    with pytest.raises(workflow.NondeterminismError):
        await _replayer().replay_workflow(WorkflowHistory.from_json("altered", recorded))


async def test_code_that_does_something_else_fails() -> None:
    with pytest.raises(workflow.NondeterminismError):
        await _replayer(_Hasty).replay_workflow(
            read_history(set_of(this_release()).directory / "greeted.1.json")
        )


@workflow.defn(name=CONVERSATION_WORKFLOW, sandboxed=False)
class _Hasty:
    @workflow.run
    async def run(self, _start: dict[str, Any]) -> None:
        """Leave at once."""


def test_this_release_has_recorded_every_scenario() -> None:
    """`make record` does it."""
    recorded = {path.name.split(".")[0] for path in set_of(this_release()).histories}
    assert recorded >= {scenario.__name__ for scenario in (*ON_SKIPPING_ENGINE, *ON_DEV_SERVER)}


def test_a_continue_as_new_chain_is_among_them() -> None:
    starts = [read_history(path).events[0].workflow_execution_started_event_attributes for path in HISTORIES]
    assert sum(bool(start.continued_execution_run_id) for start in starts) >= 3


@pytest.mark.parametrize("release", SETS, ids=lambda each: each.release)
def test_what_was_recorded_is_as_it_was_recorded(release: ReleaseSet) -> None:
    assert release.files
    assert release.sums() == release.written_sums()


def test_what_is_released_never_changes() -> None:
    digests = {each.release: corpus.digest(each.directory / corpus.SUMS) for each in SETS}
    assert {release: digests.get(release) for release in corpus.frozen()} == corpus.frozen()


def test_a_frozen_set_is_not_recorded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "FROZEN", tmp_path / "FROZEN")
    corpus.FROZEN.write_text("# none\n")
    released = ReleaseSet(tmp_path / "7.1")
    released.empty()
    released.write("greeted.1.json", {"events": []})
    released.close()
    released.freeze()
    with pytest.raises(FrozenError, match="Record the next"):
        released.empty()
    assert corpus.frozen() == {"7.1": corpus.digest(released.directory / corpus.SUMS)}
    assert released.files


def test_no_recording_holds_words_names_psids_or_secrets() -> None:
    places = {_name(path): path.read_bytes() for path in (*HISTORIES, *STATES)}
    conversation = json.loads(STATES[0].read_text())
    ours = (conversation["conversation"] or conversation["last_closed"])["id"]
    assert found({"our own id": ours}, places), "The scanner must see into payloads."
    planted = {"planted": json.dumps(CANARIES["customer's words"]).encode()}
    assert found(CANARIES, planted) == ["customer's words in planted"]
    assert found(CANARIES, places) == []


def test_no_recording_tells_of_the_machine_it_was_made_on() -> None:
    machine = re.compile(rb'"/[a-z]+/|site-packages|\d+@(?!recorder)')
    assert [_name(path) for path in HISTORIES if machine.search(path.read_bytes())] == []
