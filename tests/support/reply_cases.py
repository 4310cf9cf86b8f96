"""What the rules say of replies, as cases that the console's own tests read: `reply-cases.json`.

PYTHONPATH=tests .venv/bin/python -m support.reply_cases    # write the file anew
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.schemas.conversation_details import ReplyOutlookView
from domain.conversations.changes import Change
from domain.conversations.conversation import decide
from domain.conversations.deadlines import is_due
from domain.conversations.legal_actions import Asker
from domain.conversations.reply_outlook import JudgedBy, PageGate, ShutGate, judge_reply
from domain.conversations.state import Conversation, ThreadEventKind
from domain.sending.thread_owner import NOBODY_KNOWN, OwnerKind, ThreadOwner
from domain.sending.window import OpeningKind
from support import steps
from support.commands import make_command
from support.steps import Asks, Happens, Model, SettingsChange, Step, TimePasses

FILE = Path(__file__).parents[2] / "console" / "src" / "composer" / "reply-cases.json"
CHECKED, WRITTEN = 200, 4_000
"""How many stories are told for a check, and for the file: what is rare is in the file as well."""

_GATES = (None, None, ShutGate(PageGate.HELD))
_TAG_OFF, _TAG_ON = (
    SettingsChange(replace(steps.SETTINGS, human_agent_tag=is_on)) for is_on in (False, True)
)
_FIRST = st.sampled_from(
    (
        (),
        *(
            (tag, Happens(ThreadEventKind.MESSAGE, OpeningKind.MESSAGE), Asks("pick", "mia"))
            for tag in (_TAG_OFF, _TAG_ON)
        ),
    )
)
_DAY = TimePasses(timedelta(hours=25))
_LAST = st.sampled_from(((), (_DAY,), (_DAY, _TAG_ON), (Asks("close_session"),), (Asks("end"),)))
_STORIES = st.tuples(_FIRST, st.lists(steps.any_step(busy_engine=False), max_size=20).map(tuple), _LAST).map(
    lambda parts: parts[0] + parts[1] + parts[2]
)
_ASKERS = st.builds(Asker, st.sampled_from(("mia", "tom")), st.booleans())

Case = dict[str, Any]


def case_of(story: Iterable[Step], asker: Asker, gate: ShutGate | None, *, is_others: bool) -> Case | None:
    """What somebody is told of a reply after a story, and whether it is then taken; None without one."""
    model = Model()
    for step in story:
        model.take(step)
    conversation = model.state.conversation or model.state.last_closed
    if conversation is None or is_due(model.state, model.now):
        return None
    owner = (
        ThreadOwner(OwnerKind.PAGE_INBOX, None, model.now - timedelta(hours=1)) if is_others else NOBODY_KNOWN
    )
    outlook = judge_reply(JudgedBy(model.state, owner, gate), conversation, asker, model.now)
    told = ReplyOutlookView.of(outlook).model_dump(mode="json") | {"changes_at": None, "then": None}
    return {
        "status": conversation.status,
        "phase": conversation.phase,
        "agent_id": conversation.agent_id and ("me" if conversation.agent_id == asker.agent_id else "other"),
        "reply": told,
        # In a thread that another app has the API refuses before the rules are asked.
        "taken": not is_others and _is_taken(model, conversation, asker, hold=False),
        "taken_if_held": not is_others and _is_taken(model, conversation, asker, hold=True),
    }


def _is_taken(model: Model, conversation: Conversation, asker: Asker, *, hold: bool) -> bool:
    command = make_command(
        *("reply", "asked", conversation.id, asker.agent_id),
        supervises=asker.supervises,
        message_id="r",
        hold=hold,
    )
    outcome = decide(model.state, command, model.now, iter(map("x{}".format, range(99))).__next__)
    return isinstance(outcome, Change) and bool(outcome.facts)


def find_cases(stories: int) -> list[Case]:
    """The different cases among those of so many stories."""
    found: dict[str, Case] = {}

    @settings(
        max_examples=stories,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        # How fast it generates depends on what else the machine does.
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        _STORIES,
        _ASKERS,
        st.sampled_from(_GATES),
        st.integers(0, 5).map(lambda drawn: drawn == 0),
    )
    def collect(story: tuple[Step, ...], asker: Asker, gate: ShutGate | None, is_others: bool) -> None:
        case = case_of(story, asker, gate, is_others=is_others)
        if case is not None:
            found[json.dumps(case, sort_keys=True)] = case

    collect()
    return [found[key] for key in sorted(found)]


if __name__ == "__main__":
    FILE.write_text(json.dumps(find_cases(WRITTEN), indent=2, sort_keys=True) + "\n")
