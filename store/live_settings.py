"""The settings that a conversation is judged by, read from the page and its workstream."""

from sqlmodel import Session

from domain.settings import LiveSettings
from store.survey_settings import active_survey
from store.tables import Page, Workstream


def live_settings(session: Session, page_id: str) -> LiveSettings:
    """The settings as they are now."""
    page = session.get_one(Page, page_id)
    return settings_of(session, page, session.get_one(Workstream, page.workstream_id))


def settings_of(session: Session, page: Page, workstream: Workstream) -> LiveSettings:  # noqa: ARG001
    """As `live_settings`, with the rows at hand."""
    return LiveSettings(
        human_agent_tag=page.human_agent_tag,
        auto_close_waiting_after=workstream.auto_close_waiting_after,
        reopen_closed_within=workstream.reopen_closed_within,
        window_warning=workstream.window_warning,
        send_held_unseen=workstream.send_held_unseen,
        survey=active_survey(page),
    )
