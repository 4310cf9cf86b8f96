"""`GET …/end-preview`: what follows an ending, by the state that the workflow last projected."""

from functools import partial
from typing import Any

from freezegun import freeze_time
from sqlmodel import Session

from store import tables
from store.conversations.projection import as_json
from store.conversations.state_versions import as_kept
from support.api import NOW, Api, Seed, Thread
from support.story import Story


async def _projected(api: Api, thread: Thread, agent_id: str) -> str:
    """The thread's state is that of a conversation which this agent has. Its id."""
    story = Story(now=NOW)
    story.writes()
    story.asks("pick", agent_id)

    def keep(session: Session) -> None:
        session.get_one(tables.Thread, thread.customer_id).state = as_kept(as_json(story.state))
        old = session.get_one(tables.Conversation, thread.conversation_id)
        session.add(tables.Conversation(**old.model_dump() | {"id": story.conversation.id}))

    await api.database.write(keep)
    return story.conversation.id


async def test_it_tells_of_the_survey_and_of_the_code(api: Api, seed: Seed) -> None:
    mia_id, mia = await api.somebody("agent", "Mia")
    _, tom = await api.somebody("agent", "Tom")
    thread = await seed.conversation()
    address = f"/v1/conversations/{await _projected(api, thread, mia_id)}/end-preview"
    survey: dict[str, Any] = {"outlook": "none", "reason": None, "way": None, "due_at": None}
    with freeze_time(NOW):
        assert (await mia.get(address)).json() == {
            "refused_by": None,
            "survey": survey,
            "disposition_required": False,
            "disposition_code_id": None,
        }
        assert (await tom.get(address)).json()["refused_by"] == "not_your_conversation"
        await api.database.write(partial(_survey_after, thread.page_id, 10))
        shown = (await mia.get(address)).json()["survey"]
        assert shown == survey | {"outlook": "will_be_sent", "way": "link", "due_at": "2026-11-20T12:10:00Z"}
        await api.database.write(partial(_survey_after, thread.page_id, 25 * 60))
        shown = (await mia.get(address)).json()["survey"]
    assert (shown["outlook"], shown["reason"]) == ("not_allowed", "automated_message_outside_window")


def _survey_after(page_id: str, minutes: int, session: Session) -> None:
    session.get_one(tables.Page, page_id).survey = {
        "active": True,
        "question": "csat",
        "way": "link",
        "late_by_template": False,
        "delay_minutes": minutes,
        "cool_down_days": 0,
        "reminder_after_minutes": None,
        "expires_after_hours": 168,
    }
