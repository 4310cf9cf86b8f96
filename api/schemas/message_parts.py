"""What belongs to a message: files and what else came with it, reactions, edits, how the customer came."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.schemas.enumerations import one_of
from domain.attachments.file_types import FETCHED_KINDS
from domain.attachments.refusals import FileReason, FileState


class FileView(BaseModel):
    """A file. `notice`: what stands in its place while it is not `ready`; `url`: where it is then served."""

    type: Annotated[str, one_of(FETCHED_KINDS)]
    id: str
    state: FileState
    reason: FileReason | None
    notice: str | None
    name: str | None
    size_bytes: Annotated[int | None, Field(ge=0)]
    content_type: str | None
    url: str | None


class SharedView(BaseModel):
    """What came with a message and is no file: a sticker, a place, a post, a product, or of no known kind.

    `payload` is what Meta says of it.
    """

    type: str
    url: str | None = None
    title: str | None = None
    sticker_id: str | None = None
    payload: dict[str, Any] = {}


AttachmentView = FileView | SharedView


class ReactionAction(StrEnum):
    """What somebody did with a reaction; those that were taken away again are not shown."""

    REACT = "react"
    UNREACT = "unreact"


class ReactionView(BaseModel):
    """A reaction to the message. `reaction` is Meta's name for it, `emoji` what was chosen."""

    by: str
    action: ReactionAction
    reaction: str | None = None
    emoji: str | None = None
    at: datetime


class EditView(BaseModel):
    """An edit: `former_text` is what the message said before it, `text` what it said from then on."""

    number: Annotated[int, Field(ge=0)]
    former_text: str | None
    text: str | None
    at: datetime


class ReferralView(BaseModel):
    """How the customer came to the thread: by an m.me link, an ad, a product page."""

    ref: str | None = None
    source: str | None = None
    type: str | None = None
    ad_id: str | None = None
    ad_title: str | None = None
    ad_post_id: str | None = None
    product_id: str | None = None
    referer_uri: str | None = None
