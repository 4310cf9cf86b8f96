"""What the store refuses because of what it holds."""

from enum import StrEnum
from typing import Any

from domain.routing.field_errors import FieldError


class RefusalReason(StrEnum):
    """Why the stored facts forbid a change. The API answers with the problem of the same code."""

    ACCOUNT_IN_USE = "account_in_use"
    AGENT_NOT_AVAILABLE = "agent_not_available"
    ALREADY_PICKED = "already_picked"
    APP_ID_TAKEN = "app_id_taken"
    AT_CAPACITY = "at_capacity"
    ATTACHMENTS_SWITCHED_OFF = "attachments_disabled"
    CAPACITY_PROFILE_IN_USE = "capacity_profile_in_use"
    DEFAULT_QUEUE = "default_queue"
    DISPOSITION_CODE_IN_USE = "disposition_code_in_use"
    EMAIL_TAKEN = "email_taken"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    LAST_ADMIN = "last_admin"
    LIMIT_REACHED = "limit_reached"
    MESSAGE_NOT_RESENDABLE = "message_not_resendable"
    NAME_TAKEN = "name_taken"
    NOT_FOUND = "not_found"
    NOT_YOUR_CONVERSATION = "not_your_conversation"
    NOT_YOUR_NOTE = "not_your_note"
    OPERATING_HOURS_IN_USE = "operating_hours_in_use"
    PAGE_EXISTS = "page_exists"
    PAGE_IN_USE = "page_in_use"
    PAGE_IN_USE_BY_CONVERSATIONS = "page_in_use_by_conversations"
    PAGE_NEEDS_A_WORKSTREAM = "page_requires_workstream"
    QUEUE_IN_USE = "queue_in_use"
    REPORT_TOO_LARGE = "report_too_large"
    SESSION_TEMPLATE_IN_USE = "session_template_in_use"
    SKILL_IN_USE = "skill_in_use"
    SLUG_TAKEN = "slug_taken"
    THREAD_OWNED_BY_ANOTHER_APP = "thread_owned_by_another_app"
    UNKNOWN_ATTACHMENT = "unknown_attachment"
    UNKNOWN_DISPOSITION_CODE = "unknown_disposition_code"
    UNKNOWN_PAGES = "unknown_pages"
    UNKNOWN_QUEUE = "unknown_queue"
    UNKNOWN_REPLY_TO = "unknown_reply_to"
    UNKNOWN_SESSION_TEMPLATE = "unknown_session_template"
    UNKNOWN_WORKSTREAM = "unknown_workstream"
    WORKSTREAM_IN_USE = "workstream_in_use"


class StoreRefusalError(Exception):
    """A change that the stored facts forbid. `facts` are the members that the problem has besides."""

    def __init__(self, code: RefusalReason, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class InvalidFieldsError(Exception):
    """What is to be saved has wrong fields. Their paths lead through the body of the request."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(", ".join(error.code for error in errors))
        self.errors = errors


def not_found(resource: str, id: str) -> StoreRefusalError:  # noqa: A002 - the resource's id
    """There is no `resource` with this id, or none that is shown."""
    return StoreRefusalError(RefusalReason.NOT_FOUND, resource=resource, id=id)
