"""What can be wrong with a page, as data: what each problem means and what to do about it.

`docs/delivery.md` shows this table; the other modules here hold the rules that find the problems.
Sources: docs/reference/messenger-send-and-errors.md, docs/reference/messenger-pages-and-threads.md, and
docs/reference/service-behaviour.md for what to look at when no messages arrive.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is. The values are part of the API."""

    HOLDS_SENDS = "holds_sends"
    """Nothing is sent until the problem is solved: the page's gate is held. Messages still come in."""
    NOT_RUNNING = "not_running"
    """The page is not known to work; messages are still tried."""
    WARNING = "warning"
    """The page works, and somebody should look."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row: `explanation` says what is wrong, `remedy` what to do."""

    severity: Severity
    explanation: str
    remedy: str


_HOLDS, _STOPS, _WARNS = Severity.HOLDS_SENDS, Severity.NOT_RUNNING, Severity.WARNING

_NEW_TOKEN = "Create a new access token for this page in the Facebook app and save it here (reauthorize)."  # noqa: S105 - a remedy
_NOTHING = "Nothing: Pagedesk tries again by itself."

SECRETS_UNREADABLE = "secrets_unreadable"
"""The code of the problem that the page's secrets cannot be decrypted."""

RESTORED = "restored"
"""The code of the problem that the page was restored from a backup and newer messages are not read yet."""

KINDS: Mapping[str, ProblemKind] = {
    "token_invalid": ProblemKind(_HOLDS, "Meta does not accept the page's access token.", _NEW_TOKEN),
    "token_of_another_app": ProblemKind(
        _HOLDS, "The access token was made by another Facebook app.", _NEW_TOKEN
    ),
    "token_of_another_page": ProblemKind(_HOLDS, "The access token belongs to another page.", _NEW_TOKEN),
    "permission_missing": ProblemKind(
        _HOLDS,
        "The access token lacks a permission that Pagedesk needs.",
        "Grant the permission in the Facebook app, create a new access token and save it here (reauthorize).",
    ),
    "app_secret_invalid": ProblemKind(
        _HOLDS,
        "Meta does not accept the account's app id and app secret.",
        "Copy the app secret from the Facebook app's settings and save it with the account.",
    ),
    SECRETS_UNREADABLE: ProblemKind(
        _HOLDS,
        "The page's access token or the app secret was encrypted with another master key, or is damaged.",
        "Give the worker the former master key (PAGEDESK_MASTER_KEY). If it is lost, "
        "make a new one (`pagedesk new-master-key`), save the app secret with the account and a new "
        "access token here (reauthorize).",
    ),
    "policy_block": ProblemKind(
        _HOLDS,
        "Meta does not let the page send messages, because it broke Meta's policies.",
        "See the page's quality and support inbox at Meta and appeal there. Pagedesk sends again when Meta "
        "lifts the block or a new access token is saved (reauthorize). If Meta only refused a message, "
        "Pagedesk tries again after an hour.",
    ),
    "not_permitted": ProblemKind(
        _STOPS,
        "Meta does not let the app manage the page.",
        "Check that the person behind the token has the page's tasks MESSAGING and MODERATE and that the app "
        "has its permissions, then save a new access token (reauthorize).",
    ),
    "callback_not_verified": ProblemKind(
        _STOPS,
        "Meta could not verify the address at which Pagedesk receives webhooks.",
        "Open the address in a browser on another network: it must be reachable from the internet, by https, "
        "with a certificate that browsers trust (not self-signed), and lead to Pagedesk "
        "(PAGEDESK_PUBLIC_URL). Then check the page again.",
    ),
    "meta_refuses": ProblemKind(_STOPS, "The Graph API refused to check the page.", _NOTHING),
    "meta_unreachable": ProblemKind(
        _STOPS, "The Graph API does not answer.", "Pagedesk tries again. If this lasts, check the network."
    ),
    "temporal_unavailable": ProblemKind(
        _STOPS,
        "Temporal did not answer, so the page has not been checked yet.",
        "Nothing: the page is checked when Temporal answers again.",
    ),
    "token_refresh_due": ProblemKind(
        _WARNS,
        "The page's authorisation must be renewed every 60 days, and that is due.",
        "Create a new access token and save it here (reauthorize) in time; sending is not interrupted.",
    ),
    "development_mode": ProblemKind(
        _WARNS,
        "Meta lets the app message only people with a role on it: the app is in development mode, or "
        "pages_messaging is not approved.",
        "Take the app live and through App Review for pages_messaging; until then give testers a role on the "
        "app, which they must accept.",
    ),
    "standby_only": ProblemKind(
        _WARNS,
        "Pagedesk receives the page's messages in standby only: another app is the page's primary receiver.",
        "Make this app the default app in the page's conversation routing (Page settings, Advanced "
        "messaging), then write a test message.",
    ),
    "human_agent_not_granted": ProblemKind(
        _WARNS,
        "The human agent tag is switched on for the page, but Meta refuses it to the app.",
        "Request the Human Agent feature in App Review, or switch off the tag here. Answers within 24 hours "
        "are not affected.",
    ),
    "sends_not_permitted": ProblemKind(
        _WARNS,
        "Meta refused a message because the app lacks a permission or feature, though its token has what "
        "Pagedesk needs.",
        "Look up Meta's error code, and check the app's permissions and App Review.",
    ),
    "policy_warning": ProblemKind(
        _WARNS,
        "Meta warns that the page breaks its policies; a block may follow.",
        "See the page's support inbox at Meta and change what it names.",
    ),
    "silent": ProblemKind(
        _WARNS,
        "No message has come to the page for longer than is usual for it.",
        "Write a test message. If it does not arrive, check the app's webhooks and the page's conversation "
        "routing at Meta.",
    ),
    "unsubscribed": ProblemKind(
        _WARNS,
        "Meta had stopped delivering the page's messages. The messages of that time are read as soon as a "
        "check of the page finds no problem.",
        "Solve the page's other problems, if there are any. If it happens again, check that "
        "Meta can reach PAGEDESK_PUBLIC_URL.",
    ),
    "fields_refused": ProblemKind(
        _WARNS,
        "Meta does not deliver every webhook field that Pagedesk can use; those that a page needs are "
        "delivered.",
        "Look up the fields in the app's webhook settings at Meta: some need a permission or a newer version "
        "of the Graph API (PAGEDESK_GRAPH_VERSION). Pagedesk asks for them again with each check.",
    ),
    RESTORED: ProblemKind(
        _WARNS,
        "Pagedesk was restored from a backup. It reads the newer messages from Meta, and sends nothing for "
        "the page before that is done. Automated messages of that time are not sent: they may have been sent "
        "before.",
        "Nothing: the page sends again in a few minutes. Check the messages that agents were sending then: "
        "they are shown as sent or with an unknown outcome.",
    ),
    "gap_not_filled": ProblemKind(
        _WARNS,
        "The messages of the time in which Meta did not deliver cannot be read yet.",
        "Grant pages_read_engagement to the app and save a new access token (reauthorize). Pagedesk tries "
        "again.",
    ),
    "gap_incomplete": ProblemKind(
        _WARNS,
        "Of the messages of the time in which Meta did not deliver, Meta shows only the newest 20 of each "
        "thread, and some threads not at all.",
        "Look in the Page inbox at the threads with many messages in that time.",
    ),
}
"""By code. The codes are part of the API: never rename one."""


def fields_refused(names: Iterable[str]) -> "PageProblem":
    """The warning that Meta does not deliver these webhook fields, which a page can do without."""
    listed = list(names)
    detail = f"Meta does not deliver these webhook fields: {', '.join(listed)}. All others are delivered."
    return PageProblem("fields_refused", detail, facts={"fields": listed})


@dataclass(frozen=True, slots=True)
class PageProblem:
    """One problem of one page. `detail` replaces the general explanation; `facts` are shown with it.

    `stage`: how far a problem has gone; each new stage is reported again.
    """

    code: str
    detail: str | None = None
    stage: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> ProblemKind:
        """Its row of the table."""
        return KINDS[self.code]

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.kind.severity

    def shown(self) -> dict[str, Any]:
        """As it is kept with the page and shown."""
        facts = {name: value for name, value in self.facts.items() if value is not None}
        stage = {} if self.stage is None else {"stage": self.stage}
        return {
            "code": self.code,
            "severity": self.severity.value,
            "detail": self.detail or self.kind.explanation,
            "remedy": self.kind.remedy,
            **stage,
            **facts,
        }


def sorted_by_weight(problems: Sequence[PageProblem]) -> list[PageProblem]:
    """Worst first; of two with one code the first alone."""
    order = list(Severity)
    once = {problem.code: problem for problem in reversed(problems)}
    first = [problem for problem in problems if once[problem.code] is problem]
    return sorted(first, key=lambda problem: order.index(problem.severity))
