"""Graph API errors in Meta's exact shape. Texts are ours: Meta rewords and translates its own.

Source: docs/reference/messenger-send-and-errors.md. HTTP status is not documented per code; captures show
400 for nearly all.
"""

from typing import Any

import orjson

# name → (code, subcode, type, HTTP status, text)
ERRORS: dict[str, tuple[int, int | None, str, int, str]] = {
    "no_token": (104, None, "OAuthException", 400, "An access token is required to request this resource."),
    "bad_token": (190, None, "OAuthException", 400, "Invalid OAuth access token - Cannot parse access token"),
    "dead_token": (190, 460, "OAuthException", 400, "The session is no longer valid."),
    "expired_token": (190, 463, "OAuthException", 400, "The session has expired."),
    "proof_missing": (
        100,
        None,
        "GraphMethodException",
        400,
        "API calls from the server require an appsecret_proof argument",
    ),
    "proof_wrong": (
        100,
        None,
        "GraphMethodException",
        400,
        "Invalid appsecret_proof provided in the API argument",
    ),
    "no_permission": (10, None, "OAuthException", 400, "The app has no permission for this action"),
    "no_task": (200, None, "OAuthException", 400, "The person behind this token lacks the needed Page task"),
    "no_feature": (10, None, "OAuthException", 400, "The app has not been granted the Human Agent feature"),
    "page_restricted": (
        10,
        1893063,
        "OAuthException",
        400,
        "This Page is temporarily restricted from sending",
    ),
    "not_live": (200, 2018028, "OAuthException", 400, "Cannot message people without a role on the app"),
    "no_object": (
        100,
        33,
        "GraphMethodException",
        400,
        "The object does not exist, needs more permissions, or does not support this operation",
    ),
    "no_edge": (2500, None, "OAuthException", 400, "Unknown path components"),
    "deleted": (100, 2018001, "OAuthException", 400, "No matching user found"),
    "no_user": (100, 2018001, "OAuthException", 400, "No matching user found"),
    "blocked": (551, 1545041, "OAuthException", 400, "This person isn't available right now."),
    "unavailable": (200, 1545041, "OAuthException", 400, "This person isn't available right now."),
    "cannot_receive": (10, 2018108, "OAuthException", 400, "This person cannot receive messages now"),
    "automated_flow": (2018321, None, "OAuthException", 400, "The person is in an automated flow"),
    "other_owner": (10, 2018300, "OAuthException", 400, "Another app controls this thread now"),
    "outside_window": (10, 2018278, "OAuthException", 400, "This message is sent outside of allowed window"),
    "retired_tag": (100, None, "OAuthException", 400, "Invalid parameter: this message tag is retired"),
    "unknown_tag": (100, None, "OAuthException", 400, "Invalid parameter: unknown message tag"),
    "tag_mismatch": (
        100,
        None,
        "OAuthException",
        400,
        "A tag goes with messaging_type MESSAGE_TAG, and only there",
    ),
    "feedback_tag": (
        100,
        None,
        "OAuthException",
        400,
        "CUSTOMER_FEEDBACK is for the customer feedback template",
    ),
    "unknown_messaging_type": (100, None, "OAuthException", 400, "Unknown messaging_type"),
    "utility_template": (100, None, "OAuthException", 400, "No approved utility template of that name"),
    "message_and_action": (
        100,
        2018014,
        "OAuthException",
        400,
        "message and sender_action cannot go together",
    ),
    "media_fetch": (100, 2018008, "OAuthException", 400, "Could not fetch the attachment's URL"),
    "media_type": (100, 2018047, "OAuthException", 400, "The attachment is not of the type it claims"),
    "media_unknown": (100, 2018074, "OAuthException", 400, "Unknown attachment id, or of another Page"),
    "media_size": (100, 2018109, "OAuthException", 400, "The attachment is too large"),
    "wrong_app": (100, 2018164, "OAuthException", 400, "No such app for thread control"),
    "no_profile_fields": (100, 2018247, "OAuthException", 400, "These profile fields are not allowed"),
    "no_profile": (2018218, None, "OAuthException", 400, "This person has no profile"),
    "message_deleted": (9000001, None, "OAuthException", 400, "This message has been deleted"),
    "rate_limit": (613, None, "OAuthException", 400, "Calls to this api have exceeded the rate limit."),
    "budget": (80006, None, "OAuthException", 400, "Too many calls to this Messenger account"),
    "callback": (2200, None, "OAuthException", 400, "Callback verification failed"),
    "no_clock": (2, None, "OAuthException", 503, "The sandbox's clock URL does not answer"),
    "parameter": (100, None, "OAuthException", 400, "Invalid parameter"),
}
TRANSIENT_CODES = frozenset({1, 2, 4, 17, 32, 341, 613, 80006})


class GraphError(Exception):
    """A refusal, named by a key of `ERRORS`; `detail` replaces the text."""

    def __init__(
        self, name: str, detail: str | None = None, *, code: int | None = None, subcode: int | None = None
    ) -> None:
        usual_code, usual_subcode, self.type, self.status, text = ERRORS[name]
        self.name = name
        self.code = usual_code if code is None else code
        self.subcode = usual_subcode if code is None and subcode is None else subcode
        self.text = detail or text
        super().__init__(f"{name}: {self.text}")

    def body(self, trace: str) -> bytes:
        """The answer's body: `{"error": {...}}`."""
        return error_body(
            code=self.code, subcode=self.subcode, message=self.text, trace=trace, type=self.type
        )


def error_body(
    *,
    code: int,
    message: str,
    trace: str,
    subcode: int | None = None,
    type: str = "OAuthException",  # noqa: A002 - Meta's word
    is_transient: bool | None = None,
    wrapped: bool = True,
    extra: dict[str, Any] | None = None,
) -> bytes:
    """An error as JSON. `is_transient` None: by its code; `wrapped` false: its fields without `error`."""
    prefixed = code not in {190, 104, 2500} and type == "OAuthException"
    error: dict[str, Any] = {
        "message": f"(#{code}) {message}" if prefixed else message,
        "type": type,
        "code": code,
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    if is_transient is not None:
        error["is_transient"] = is_transient
    elif code in TRANSIENT_CODES:
        error["is_transient"] = True
    error |= {**(extra or {}), "fbtrace_id": trace}
    return orjson.dumps({"error": error} if wrapped else error)


def bad_parameter(detail: str) -> GraphError:
    """Code 100 with its reason."""
    return GraphError("parameter", detail)
