"""Meta's messaging window, kept by the sandbox itself: what opens it, for how long, who may send.

All intervals are half-open, `[opened, opened + length)`, in milliseconds of the sandbox's clock.
Source: docs/reference/messenger-window-and-tags.md.
"""

from dataclasses import dataclass

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS

# Every customer action that opens the standard window, and its length in seconds (settings may change it).
# Meta allows up to 7 days for `ad_message`, a first message after a click-to-Messenger ad.
DEFAULT_LENGTHS_S = {
    "message": 86_400,
    "quick_reply": 86_400,
    "postback": 86_400,
    "reaction": 86_400,
    "m_me_link": 86_400,
    "plugin_optin": 86_400,
    "ad_message": 86_400,
}
# A person may answer with HUMAN_AGENT for 7 days after the customer said something, not after a mere gesture.
SPOKEN = frozenset({"message", "quick_reply", "postback", "ad_message"})

RETIRED_TAGS = frozenset({"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"})
TAGS = frozenset({"HUMAN_AGENT", "CUSTOMER_FEEDBACK"})
MESSAGING_TYPES = frozenset({"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"})


@dataclass(slots=True)
class Window:
    """What one thread's openings allow; 0 means never opened."""

    standard_until: int = 0
    human_agent_until: int = 0
    opened_by: str = ""
    opened_at: int = 0

    def open(self, kind: str, at_ms: int, lengths_s: dict[str, int]) -> None:
        """Take in an opening; a later end wins, so late and out-of-order ones never shorten."""
        self.standard_until = max(self.standard_until, at_ms + lengths_s[kind] * 1000)
        if kind in SPOKEN:
            self.human_agent_until = max(self.human_agent_until, at_ms + WEEK_MS)
        if at_ms >= self.opened_at:
            self.opened_by, self.opened_at = kind, at_ms

    def stage(self, now_ms: int) -> str:
        """`standard`, `human_agent` or `closed`."""
        if now_ms < self.standard_until:
            return "standard"
        return "human_agent" if now_ms < self.human_agent_until else "closed"

    def refusal(
        self, now_ms: int, messaging_type: str | None, tag: str | None, *, feedback_template: bool = False
    ) -> str | None:
        """Why a send is refused now, as a key of `graph_errors.ERRORS`; None if it may go.

        A missing messaging type counts as RESPONSE, or as MESSAGE_TAG where a tag is given.
        """
        kind = messaging_type or ("MESSAGE_TAG" if tag else "RESPONSE")
        wrong = _wrong_tag(kind, tag, feedback_template=feedback_template)
        if wrong is not None:
            return wrong
        until = (
            max(self.standard_until, self.human_agent_until) if kind == "MESSAGE_TAG" else self.standard_until
        )
        return None if now_ms < until else "outside_window"


def _wrong_tag(kind: str, tag: str | None, *, feedback_template: bool) -> str | None:
    reasons = (
        (kind not in MESSAGING_TYPES, "unknown_messaging_type"),
        (tag in RETIRED_TAGS, "retired_tag"),
        (tag is not None and tag not in TAGS, "unknown_tag"),
        (kind == "UTILITY", "utility_template"),
        ((kind == "MESSAGE_TAG") != (tag is not None), "tag_mismatch"),
        (tag == "CUSTOMER_FEEDBACK" and not feedback_template, "feedback_tag"),
    )
    return next((name for wrong, name in reasons if wrong), None)
