"""`GET /v1/config`: what a client may send, and how this installation is set."""

from importlib.metadata import version
from typing import Annotated, Self

from pydantic import BaseModel, Field

from api.http.dependencies import SettingsDep
from api.http.fields import MAX_TEXT_UNITS
from api.http.paging import MAX_LIMIT
from api.security.guarded_route import api_router
from base.settings import Settings
from domain.attachments.file_names import MAX_NAME_LENGTH
from domain.attachments.file_types import FROM_AGENTS
from domain.conversations.held_messages import HELD_LIMIT
from domain.conversations.participants import MAX_PARTICIPANTS
from domain.surveys.texts import TEXTS
from messenger.graph import text_limits
from store.conversations.details import LOOKED_AT

router = api_router("client")

Count = Annotated[int, Field(gt=0)]


class LimitsView(BaseModel):
    """The most of each. Texts are counted in UTF-16 units, as Messenger counts them."""

    text_units: Count
    quick_replies: Count
    quick_reply_title_units: Count
    file_name_units: Count
    file_bytes: Count
    page_of_a_list: Count
    ids: Count
    participants: Count
    newest_messages_looked_at: Count


class TimeoutsView(BaseModel):
    """How long things last: a sign-in without input and at all, a held message."""

    sign_in_idle_seconds: Count
    sign_in_seconds: Count
    held_message_seconds: Count


class FeaturesView(BaseModel):
    """What this installation can do.

    `demo`: its data are invented, `GET /v1/demo` tells more. `time_travel`: its clock is moved by
    `POST /v1/demo/travel`.
    """

    demo: bool
    time_travel: bool


class ConfigView(BaseModel):
    """How this installation is set. `file_extensions`: of the files that may be sent to customers."""

    release: str
    public_url: str
    limits: LimitsView
    timeouts: TimeoutsView
    features: FeaturesView
    file_extensions: list[str]
    languages: list[str]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As it is set."""
        return cls(
            release=version("pagedesk"),
            public_url=settings.public_base_url,
            limits=LimitsView(
                text_units=MAX_TEXT_UNITS,
                quick_replies=text_limits.QUICK_REPLIES,
                quick_reply_title_units=text_limits.QUICK_REPLY_TITLE,
                file_name_units=MAX_NAME_LENGTH,
                file_bytes=settings.max_attachment_bytes,
                page_of_a_list=MAX_LIMIT,
                ids=MAX_LIMIT,
                participants=MAX_PARTICIPANTS,
                newest_messages_looked_at=LOOKED_AT,
            ),
            timeouts=TimeoutsView(
                sign_in_idle_seconds=settings.sign_in_idle_minutes * 60,
                sign_in_seconds=settings.sign_in_hours * 3600,
                held_message_seconds=int(HELD_LIMIT.total_seconds()),
            ),
            features=FeaturesView(
                demo=settings.demo or settings.time_travel, time_travel=settings.time_travel
            ),
            file_extensions=sorted(FROM_AGENTS),
            languages=sorted(TEXTS),
        )


@router.get("/v1/config")
async def get_config(settings: SettingsDep) -> ConfigView:
    """The limits, times and features of this installation. They change with its release and its settings."""
    return ConfigView.of(settings)
