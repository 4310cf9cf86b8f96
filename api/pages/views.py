"""Pages as several endpoints show them."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from api.schemas.enumerations import GateState, ProblemCode, ProvisioningState
from api.services.token_checks import CheckedToken
from domain.pages.access_token import refresh_due_at
from domain.pages.page_problems import Severity
from messenger.webhooks.subscribed_fields import WebhookField
from store.pages.page_rows import PageRows
from store.sending import send_gate


class PageProblem(BaseModel):
    """Something that is wrong with a page, and how to fix it. `docs/delivery.md` lists all of them.

    `meta_code` is Meta's, where it said one, as is
    the `reason` of an enforcement. `since`: since when, or when it was last seen. `due_at`: when it must be
    fixed.
    """

    code: ProblemCode
    severity: Severity = Severity.NOT_RUNNING
    detail: str
    remedy: str
    meta_code: int | None = None
    meta_subcode: int | None = None
    reason: str | None = None
    since: datetime | None = None
    due_at: datetime | None = None


class WebhookFieldView(BaseModel):
    """A webhook field that Pagedesk subscribes to; without a `required` one a page does not work."""

    name: str
    reason: str
    required: bool

    @classmethod
    def of(cls, row: WebhookField) -> Self:
        """The field as it is shown."""
        return cls(name=row.name, reason=row.reason, required=row.required)


class TokenCheckView(BaseModel):
    """What Meta says of an access token. Without `problems` it may be saved.

    `page_name`: of the page that the token belongs to, where Meta tells. By `refresh_due_at` the page is to
    be authorised again.
    """

    page_name: str | None
    permissions: list[str]
    expires_at: datetime | None
    refresh_due_at: datetime | None
    problems: list[PageProblem]

    @classmethod
    def of(cls, checked: CheckedToken, now: datetime) -> Self:
        """What a check found, as it is shown."""
        token = checked.token
        return cls(
            page_name=checked.page_name,
            permissions=[] if token is None else sorted(token.scopes),
            expires_at=None if token is None else token.expires_at,
            refresh_due_at=refresh_due_at(token, now) if token is not None and token.is_valid else None,
            problems=[PageProblem.model_validate(each.shown()) for each in checked.problems],
        )


class SendGate(BaseModel):
    """Whether messages may leave: `open`, `held` until the page is fixed, or `paused` until an instant.

    `reason` is the code of the problem; the messages that wait for it show `message_reason`.
    Until `slowed_until` few leave: `usage_percent` of what Meta allows was used, or Meta throttled the page.
    """

    state: GateState
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
    provisioning_state: ProvisioningState
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
