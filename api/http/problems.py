"""Every error the API can answer, as one table, and their RFC 9457 rendering.

`docs/problems.md` is made from this table by `make docs`.
"""

from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:pagedesk:problem:"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row: the HTTP status, a short title, and what the caller can do about it."""

    status: int
    title: str
    remedy: str


PROBLEMS: dict[str, ProblemKind] = {
    "malformed_json": ProblemKind(400, "The body is not JSON", "Send valid JSON in UTF-8."),
    "bad_request": ProblemKind(400, "The request cannot be read", "Check the syntax of the request."),
    "two_credentials": ProblemKind(
        400,
        "The request shows a cookie and an Authorization header",
        "Send one of them. Programs send the header; a browser that is signed in sends its cookie.",
    ),
    "https_required": ProblemKind(
        400,
        "Browsers keep this sign-in over https alone",
        "Use https, or `http://127.0.0.1` on the machine itself. Programs leave `cookie` out.",
    ),
    "invalid_signed_request": ProblemKind(
        400,
        "The request is not signed by Meta",
        "Send Meta's `signed_request`, signed with the account's app secret, within a week.",
    ),
    "unauthenticated": ProblemKind(
        401,
        "Sign in first",
        "Send `Authorization: Bearer` with a live API key or sign-in token, or a live cookie.",
    ),
    "invalid_code": ProblemKind(
        401,
        "The code is wrong, used, or over",
        "Have another one made where Pagedesk runs: `pagedesk sign-in-code`. It holds for an hour.",
    ),
    "invalid_credentials": ProblemKind(401, "Email or password is wrong", "Try again, or ask an admin."),
    "forbidden": ProblemKind(403, "Your role may not do this", "Ask somebody whose role may."),
    "wrong_origin": ProblemKind(
        403,
        "Another page made this request",
        "With a cookie only pages of this desk may: `Sec-Fetch-Site` must be `same-origin`, or without it "
        "`Origin` this desk's.",
    ),
    "not_found": ProblemKind(404, "There is no such thing here", "Check the address and the ids in it."),
    "method_not_allowed": ProblemKind(
        405, "The method is not allowed at this address", "Use a method named in the `Allow` header."
    ),
    "request_too_slow": ProblemKind(408, "The body took too long to arrive", "Send the request again."),
    "not_a_sign_in": ProblemKind(
        409, "An API key is no sign-in", "A key lives until it is revoked, or until its `expires_at`."
    ),
    "conflict": ProblemKind(409, "Another request was faster", "Read the resource again, then decide."),
    "name_taken": ProblemKind(409, "The name is taken", "Choose another name."),
    "slug_taken": ProblemKind(
        409, "Another quick reply has this slug", "Choose another slug; `quick_reply_id` has this one."
    ),
    "email_taken": ProblemKind(409, "The email address is taken", "Choose another address."),
    "app_id_taken": ProblemKind(409, "The app has an account already", "Use the account that exists."),
    "account_in_use": ProblemKind(409, "The account still has pages", "Remove those in `page_ids` first."),
    "page_in_use": ProblemKind(
        409, "Another account holds this page", "Remove the page from the other account first."
    ),
    "page_exists": ProblemKind(409, "The account has this page already", "Change the page that exists."),
    "page_in_use_by_conversations": ProblemKind(
        409,
        "The page has live conversations",
        "Complete those that `conversations` counts by status, or wait until they are closed.",
    ),
    "page_requires_workstream": ProblemKind(
        409,
        "A page belongs to exactly one workstream",
        "Give the page to another workstream instead of taking it out of the default one.",
    ),
    "workstream_in_use": ProblemKind(
        409,
        "The workstream is still in use",
        "Give the pages in `page_ids` to another workstream, and wait until its `conversations` are closed.",
    ),
    "session_template_in_use": ProblemKind(
        409, "Workstreams still use the template", "Give those in `workstream_ids` another one first."
    ),
    "default_queue": ProblemKind(
        409,
        "The default queue stays as it is",
        "It keeps its name, its priority, what it does without members, and every agent and supervisor; "
        "see `fields`.",
    ),
    "queue_in_use": ProblemKind(
        409,
        "The queue is still in use",
        "Take it out of `workstream_ids`, `rule_set_ids` and `queue_ids`, and wait until no live "
        "conversation is in it.",
    ),
    "operating_hours_in_use": ProblemKind(
        409, "Queues still have these hours", "Give those in `queue_ids` others, or none, first."
    ),
    "skill_in_use": ProblemKind(
        409, "Rules still give the skill", "Change the rules in `rule_set_ids` first."
    ),
    "capacity_profile_in_use": ProblemKind(
        409,
        "The capacity profile is still needed",
        "Take it out of `workstream_ids` and `rule_set_ids`, and wait until no live conversation needs it.",
    ),
    "disposition_code_in_use": ProblemKind(
        409, "Conversations have this code", "Switch it off instead: set `active` to false."
    ),
    "limit_reached": ProblemKind(
        409, "The maximum number is reached", "Delete what is not needed; see `limit`."
    ),
    "last_admin": ProblemKind(
        409, "At least one active admin is needed", "Make another active agent an admin first."
    ),
    "journey_refused": ProblemKind(
        409, "The time was not moved", "Read `detail`, and try again when the desk is at rest."
    ),
    "conversation_closed": ProblemKind(
        409, "The conversation is closed", "The customer's next message begins a new conversation."
    ),
    "conversation_exists": ProblemKind(
        409, "The customer has a conversation already", "Go on with the conversation that exists."
    ),
    "message_not_resendable": ProblemKind(
        409,
        "Only a message that failed or has an unknown outcome can be sent again",
        "Write a new message instead.",
    ),
    "message_not_held": ProblemKind(
        409, "The message is not held any more", "Read the message again; it may be sent or cancelled."
    ),
    "attachment_not_ready": ProblemKind(409, "There is no file to download", "See `state` and `reason`."),
    "attachments_disabled": ProblemKind(
        409, "Agents may not send files on this page", "Switch on the page's `attachments_for_agents`."
    ),
    "invalid_state": ProblemKind(409, "Not possible in this state", "Use one of `allowed_commands`."),
    "already_picked": ProblemKind(
        409, "Another agent has picked the conversation", "Pick another conversation."
    ),
    "not_offered_to_you": ProblemKind(
        409, "The conversation is not offered to you", "Answer what is offered to you, or pick it."
    ),
    "offer_over": ProblemKind(
        409, "The offer is over", "Wait for the next one; the conversation may be offered to others."
    ),
    "cannot_be_declined": ProblemKind(
        409,
        "Offers of this workstream cannot be declined",
        "Accept it, or wait until the time is up; an admin may allow it in the workstream's `notification`.",
    ),
    "not_your_conversation": ProblemKind(
        409, "Another agent has this conversation", "Leave it to that agent, or ask a supervisor."
    ),
    "not_your_note": ProblemKind(
        409, "A colleague wrote this note", "Write a note of your own; supervisors may delete this one."
    ),
    "disposition_required": ProblemKind(
        409,
        "A disposition code is missing",
        "Send a `disposition_code_id`, one of GET /v1/disposition-codes for `workstream_id`.",
    ),
    "already_participating": ProblemKind(
        409, "This agent takes part already, or is asked to", "See the conversation's `participants`."
    ),
    "not_participating": ProblemKind(
        409, "This agent does not take part", "See the conversation's `participants`."
    ),
    "too_many_participants": ProblemKind(
        409, "Too many colleagues take part", "Remove one of the conversation's `participants` first."
    ),
    "at_capacity": ProblemKind(
        409,
        "The agent has no room for another conversation",
        "Close one of them first, or choose somebody else; one's own are in `GET /v1/me/work`.",
    ),
    "agent_not_available": ProblemKind(
        409,
        "The agent cannot have conversations now",
        "Choose somebody else; or have them open an event stream with `presence=1`, or take a lease.",
    ),
    "not_a_member": ProblemKind(
        409, "Only who serves a queue has that", "An admin can make somebody a member of the queue."
    ),
    "window_never_opened": ProblemKind(
        409, "The customer has not written yet", "Meta allows no message before the customer writes."
    ),
    "window_closed": ProblemKind(
        409, "Meta's messaging window is closed", "Wait until the customer writes again; see `window`."
    ),
    "human_agent_tag_disabled": ProblemKind(
        409,
        "Only the human agent tag would allow this",
        "Switch on the tag for the page, then close and reopen the session: a session keeps its tag.",
    ),
    "automated_message_outside_window": ProblemKind(
        409, "Only a person may write now", "Outside Meta's 24-hour window a person must write."
    ),
    "thread_owned_by_another_app": ProblemKind(
        409,
        "Another app has this thread",
        "Take the thread first (`POST /v1/conversations/{id}/thread/take`); see `thread_owner`.",
    ),
    "page_not_sending": ProblemKind(
        409, "The page cannot send now", "An admin must fix the page; see its `problems`."
    ),
    "meta_refused": ProblemKind(409, "Meta refused the call", "See `detail` and `reason`."),
    "content_too_large": ProblemKind(413, "The body is too large", "Send at most 256 KiB."),
    "unsupported_media_type": ProblemKind(
        415, "The body must be JSON", "Send JSON with the header `Content-Type: application/json`."
    ),
    "file_too_large": ProblemKind(413, "The file is too large", "Send a smaller one; see `max_bytes`."),
    "upload_not_raw": ProblemKind(
        415,
        "The body must be the file itself",
        "`Content-Type: multipart/…` is a form. Send the file's bytes as the body, under any other type "
        "(`curl --data-binary @photo.png`).",
    ),
    "file_refused": ProblemKind(
        422, "Files of this type are not allowed", "See `reason`, and docs/attachments.md."
    ),
    "unknown_attachment": ProblemKind(
        422, "You have no such file to send", "Upload it with POST /v1/attachments first."
    ),
    "invalid_request": ProblemKind(422, "The request is not valid", "See `errors`."),
    "invalid_cursor": ProblemKind(
        422, "The cursor does not belong to this list", "Use `next_cursor` as it was given, or none."
    ),
    "unknown_item": ProblemKind(
        422,
        "The item is not in this list",
        "Give the id of an item of this list, or none.",
    ),
    "report_too_large": ProblemKind(
        422, "The report covers too much", "Choose a shorter period; see docs/reference/metrics.md."
    ),
    "unknown_workstream": ProblemKind(
        422, "There is no such workstream", "Name a workstream of GET /v1/workstreams, or none."
    ),
    "unknown_disposition_code": ProblemKind(
        422,
        "The conversation cannot get this disposition code",
        "Name an active one of GET /v1/disposition-codes for `workstream_id`.",
    ),
    "unknown_queue": ProblemKind(422, "There is no such queue", "Name a queue of GET /v1/queues."),
    "unknown_session_template": ProblemKind(
        422, "There is no such session template", "Name one of GET /v1/session-templates, or none."
    ),
    "unknown_country": ProblemKind(
        422,
        "The holidays of this country are not known",
        "Give a country and a subdivision by their ISO 3166 codes, or enter the holidays yourself.",
    ),
    "unknown_pages": ProblemKind(422, "There are no such pages", "See `page_ids`."),
    "unknown_reply_to": ProblemKind(
        422,
        "`reply_to` is not a message of this thread",
        "Name a message of this thread that Meta knows (it has a `mid`), or none.",
    ),
    "weak_password": ProblemKind(
        422, "The password is too easy to guess", "Use 15 characters or more that nobody else uses."
    ),
    "expiry_in_past": ProblemKind(
        422, "`expires_at` is in the past", "Give an `expires_at` in the future, or none."
    ),
    "idempotency_key_reused": ProblemKind(
        422, "The key belongs to another request", "Use a new `Idempotency-Key` for a new request."
    ),
    "too_many_requests": ProblemKind(429, "Too many requests", "Wait for `Retry-After` seconds."),
    "too_many_attempts": ProblemKind(429, "Too many failed sign-ins", "Wait for `Retry-After` seconds."),
    "too_many_messages": ProblemKind(
        429, "Too many messages to one customer", "Wait for `Retry-After` seconds."
    ),
    "too_many_streams": ProblemKind(429, "Too many open event streams", "Close one of them first."),
    "internal_error": ProblemKind(500, "Internal error", "Report it with the time at which it happened."),
    "conversation_busy": ProblemKind(
        503,
        "The conversation has too many commands under way",
        "Repeat the request with the same `Idempotency-Key`.",
    ),
    "temporal_unavailable": ProblemKind(
        503, "Temporal did not answer", "Repeat the request with the same `Idempotency-Key`."
    ),
    "outcome_unknown": ProblemKind(
        503,
        "It is not known yet whether it was done",
        "Temporal did not answer for a minute. The same request with the same `Idempotency-Key` "
        "does it at most once, and answers the outcome; without a key, look first whether it was done.",
    ),
    "meta_unavailable": ProblemKind(
        503, "Meta did not answer, or not in a way that can be read", "Try again later."
    ),
    "secrets_unreadable": ProblemKind(
        503,
        "The secrets in the store cannot be decrypted",
        "Start the service with the master key that they were encrypted with; its log has the key's id.",
    ),
    "read_too_slow": ProblemKind(
        503,
        "The search took too long and was stopped",
        "Search for less: give more words, a page, a customer or a time.",
    ),
    "store_unavailable": ProblemKind(503, "The store did not answer", "Repeat the request later."),
}

_RETRY_AFTER_SECONDS = {
    "conversation_busy": 1,
    "temporal_unavailable": 5,
    "outcome_unknown": 5,
    "meta_unavailable": 5,
    "store_unavailable": 5,
    "read_too_slow": 5,
}


class Problem(HTTPException):
    """Raised anywhere in a request: answered as the problem of that code. `extras` become members of it."""

    def __init__(
        self, code: str, detail: str | None = None, *, headers: dict[str, str] | None = None, **extras: Any
    ) -> None:
        kind = PROBLEMS[code]
        if code in _RETRY_AFTER_SECONDS:
            headers = {"Retry-After": str(_RETRY_AFTER_SECONDS[code]), **(headers or {})}
        super().__init__(kind.status, detail or kind.remedy, headers)
        self.code = code
        self.extras = extras

    @property
    def body(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": problem_type(self.code),
            "title": PROBLEMS[self.code].title,
            "status": self.status_code,
            "code": self.code,
            "detail": self.detail,
            **self.extras,
        }

    @property
    def response(self) -> JSONResponse:
        """The answer that carries it."""
        return JSONResponse(self.body, self.status_code, self.headers, MEDIA_TYPE)


def problem_type(code: str) -> str:
    """The `type` of a problem: a name, not an address."""
    return _TYPE_PREFIX + code
