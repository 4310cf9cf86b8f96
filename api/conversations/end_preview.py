"""`GET /v1/conversations/{conversation_id}/end-preview`: what follows if the caller ends it now."""

from datetime import datetime

from pydantic import BaseModel
from sqlmodel import Session

from api.conversations.show_conversation import find_conversation
from api.http.dependencies import DatabaseDep
from api.http.fields import PathId
from api.http.problem_docs import problems
from api.schemas.conversation_details import ActionRefusal
from api.schemas.enumerations import SurveySkipReason
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from domain.conversations.end_preview import SurveyOutlook, preview_end
from domain.conversations.legal_actions import Asker
from domain.workstreams.conversation_settings import SurveyWay
from store.conversations.thread_states import read_state

router = api_router("conversations")


class SurveyOutlookView(BaseModel):
    """What becomes of the survey.

    `none`: the page has no survey. `will_be_sent`: at `due_at`, by `way`. `not_allowed`: by then the window
    forbids it, unless the customer writes before. `not_now`: this ending has none. `reason` says why not.
    """

    outlook: SurveyOutlook
    reason: SurveySkipReason | None
    way: SurveyWay | None
    due_at: datetime | None


class EndPreviewView(BaseModel):
    """What follows if you end the conversation now. `refused_by`: the code by which you may not.

    `disposition_required`: a code has to be named; `disposition_code_id` is the one that it has.
    """

    refused_by: ActionRefusal | None
    survey: SurveyOutlookView
    disposition_required: bool
    disposition_code_id: str | None


@router.get("/v1/conversations/{conversation_id}/end-preview", responses=problems("not_found"))
async def get_end_preview(database: DatabaseDep, caller: Caller, conversation_id: PathId) -> EndPreviewView:
    """What follows if you end it now, by the rules of `end` itself. Nothing is changed."""

    def load(session: Session) -> EndPreviewView:
        record, now = find_conversation(session, conversation_id), clock.now()
        state = read_state(session, record.thread)
        asker = Asker(caller.agent_id, caller.supervises)
        preview = preview_end(state, conversation_id, asker, now)
        return EndPreviewView(
            refused_by=preview.refused,
            survey=SurveyOutlookView(
                outlook=preview.survey, reason=preview.reason, way=preview.way, due_at=preview.due_at
            ),
            disposition_required=state.settings.disposition_required,
            disposition_code_id=record.conversation.disposition_code_id,
        )

    return await database.read(load)
