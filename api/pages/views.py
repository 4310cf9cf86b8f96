"""Pages as several endpoints show them."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from store.pages.page_rows import PageRows
from store.sending import send_gate


class PageProblem(BaseModel):
    """Something that is wrong with a page, and how to fix it. `docs/delivery.md` lists all of them.

    `severity`: `holds_sends`, `not_running`, or `warning`. `meta_code` is Meta's, where it said one, as is
    the `reason` of an enforcement. `since`: since when, or when it was last seen. `due_at`: when it must be
    fixed.
    """

    code: str
    severity: str = "not_running"
    detail: str
    remedy: str
    meta_code: int | None = None
    meta_subcode: int | None = None
    reason: str | None = None
    since: datetime | None = None
    due_at: datetime | None = None


class SendGate(BaseModel):
    """Whether messages may leave: `open`, `held` until the page is fixed, or `paused` until an instant.

    `reason` is the code of the problem; the messages that wait for it show `message_reason`.
    Until `slowed_until` few leave: `usage_percent` of what Meta allows was used, or Meta throttled the page.
    """

    state: str
    reason: str | None
    message_reason: str | None
    until: datetime | None
    slowed_until: datetime | None
    usage_percent: int | None


class PageView(BaseModel):
    """A page. `provisioning_state` is `Running` when it works; else `problems` says what to do.

    `warnings` are what somebody should look at though it works. `token_expires_at` is what Meta says, null
    for never; by `token_refresh_due_at` the page is to be authorised again. `gap_since`: since then messages
    may have been missed, and are being read.
    """

    page_id: str
    account_id: str
    workstream_id: str
    name: str
    language: str
    human_agent_tag: bool
    attachments_for_customers: bool
    attachments_for_agents: bool
    provisioning_state: str
    problems: list[PageProblem]
    warnings: list[PageProblem]
    send_gate: SendGate
    checked_at: datetime | None
    last_event_at: datetime | None
    token_expires_at: datetime | None
    token_refresh_due_at: datetime | None
    gap_since: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, rows: PageRows) -> Self:
        """The page without its secrets."""
        shown = rows.health.model_dump() | rows.page.model_dump(exclude={"access_token"})
        state = rows.send_state
        shown["send_gate"] = SendGate(
            state=state.send_gate,
            reason=state.send_gate_reason,
            message_reason=send_gate.message_reason(state),
            until=state.send_gate_until,
            slowed_until=state.slowed_until,
            usage_percent=state.usage_percent,
        )
        return cls.model_validate(shown)
