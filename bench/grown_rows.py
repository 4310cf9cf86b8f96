"""The rows of an invented desk: a year of customers who wrote, agents who answered, surveys, events."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from base.secret_scopes import access_token_place, app_secret_place
from base.secrets import Vault
from store.search.texts import Kind, index_entry
from store.tables import Account, Agent, Page, Workstream

RARE_WORD = "zanzibar"
FIRST_NAME = "Annika"

_YEAR = timedelta(days=365)
_PAGES = ("880000000000001", "880000000000002", "880000000000003", "880000000000004")
_PAGE_WEIGHTS = (70, 20, 9, 1)
_LIVE = ("open", "active", "waiting", "wrap_up")
_LIVE_OF_EACH = 60
_AGENTS = 20
_MESSAGES_EACH = 7
_WORDS = 20_000
_RARE_MESSAGES = 3
_OUTCOMES, _OUTCOME_WEIGHTS = ("sent", "failed", "cancelled", "expired", "resent"), (970, 15, 5, 5, 5)
_SURVEYS, _SURVEY_WEIGHTS = ("expired", "answered", "not_allowed", "skipped", "failed"), (50, 20, 5, 24, 1)
_SURVEYED = 0.4
GROWN_ACCOUNT = "grown"
_SYLLABLES = "ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so"

Table = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    name: str
    conversations: int
    customers: int
    longest_thread: int


@dataclass(slots=True)
class Facts:
    """What a measure must know of a desk to ask for things in it.

    `frequent`, `usual`: words of the texts. `middle_message_id` is in the middle of the longest thread.
    """

    frequent: str
    usual: str
    agent_id: str = ""
    page_id: str = _PAGES[0]
    customer_id: str = ""
    psid: str = ""
    longest_customer_id: str = ""
    longest_conversation_id: str = ""
    middle_message_id: str = ""
    conversation_id: str = ""
    closing_customers: list[str] = field(default_factory=list)


def stored(at: datetime) -> str:
    """An instant as SQLite keeps it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


class DeskRows:
    """All rows of a desk but the account and its pages, those that others refer to first."""

    def __init__(self, size: Size, now: datetime) -> None:
        self._size = size
        self._now = now
        self._random = random.Random(7)  # noqa: S311 - invented people
        self._words = self._vocabulary()
        self._weights = list(itertools.accumulate(1 / rank for rank in range(1, _WORDS + 1)))
        self._agents = [self._id() for _ in range(_AGENTS)]
        self._inbox_ids = itertools.count(1)
        self._psids = itertools.count(8_000_000_000_000_001)
        self._opened: dict[str, datetime] = {}
        self._message_number = itertools.count()
        self.facts = Facts(frequent=self._words[0], usual=self._words[500])

    def accounts(self, vault: Vault) -> list[Account | Agent | Workstream]:
        """The app and the workstream that the pages belong to, and the agents."""
        secret = vault.seal("no app's secret", app_secret_place(GROWN_ACCOUNT))
        app = Account(
            id=GROWN_ACCOUNT, name="Grown", app_id="880", app_secret=secret, created_at=self._now - _YEAR
        )
        agents = [
            Agent(id=each, name=f"Agent {number}", role="agent", created_at=self._now - _YEAR)
            for number, each in enumerate(self._agents, start=1)
        ]
        return [
            app,
            *agents,
            Workstream(
                id=GROWN_ACCOUNT,
                name="Grown",
                auto_close_waiting_after_seconds=3600,
                created_at=self._now - _YEAR,
            ),
        ]

    def pages(self, vault: Vault) -> list[Page]:
        """The pages; nothing is ever sent from them."""
        return [
            Page(
                page_id=page_id,
                account_id=GROWN_ACCOUNT,
                workstream_id=GROWN_ACCOUNT,
                name=f"Page {page_id}",
                access_token=vault.seal("no page's token", access_token_place(page_id)),
                provisioning_state="Running",
                created_at=self._now - _YEAR,
            )
            for page_id in _PAGES
        ]

    def __iter__(self) -> Iterator[Table]:
        """Table and row, the oldest conversations first."""
        people = []
        for number in range(self._size.customers):
            at = self._now - _YEAR + number * _YEAR / self._size.customers * 0.9
            page_id = self._random.choices(_PAGES, _PAGE_WEIGHTS)[0]
            people.append((self._id(), page_id))
            yield from self._customer(*people[-1], number, at)
        self.facts.customer_id = people[len(people) // 2][0]
        self.facts.longest_customer_id = people[0][0]
        yield from self._longest(*people[0])
        live = [status for status in _LIVE for _ in range(_LIVE_OF_EACH)]
        closed = self._size.conversations - len(live)
        for number in range(closed):
            at = self._now - _YEAR + number * (_YEAR - timedelta(hours=1)) / closed
            yield from self._conversation(*self._random.choice(people[1:]), at, "closed")
        chosen = self._random.sample(people[1:], len(live))
        for number, (person, status) in enumerate(zip(chosen, live, strict=True)):
            at = self._now - timedelta(hours=23, minutes=40) + timedelta(seconds=number)
            yield from self._conversation(*person, at, status)
            if number % len(_LIVE) == 0:
                self.facts.closing_customers.append(person[0])
        for person in people:
            yield from self._thread(*person)

    def _customer(self, customer_id: str, page_id: str, number: int, at: datetime) -> Iterator[Table]:
        first = FIRST_NAME if number % 100 == 0 else self._word().capitalize()
        name = f"{first} {self._word().capitalize()}"
        row = {"id": customer_id, "page_id": page_id, "psid": str(next(self._psids)), "name": name}
        self._opened[customer_id] = at
        self.facts.psid = self.facts.psid or row["psid"]
        asked = {"profile_asked_at": stored(at), "profile_tries": 0, "created_at": stored(at)}
        yield "customer", row | asked
        yield from self._indexed(Kind.NAME, customer_id, page_id, customer_id, name)

    def _thread(self, customer_id: str, page_id: str) -> Iterator[Table]:
        opened = self._opened[customer_id]
        yield (
            "thread",
            {
                "customer_id": customer_id,
                "page_id": page_id,
                "last_seq": 10,
                "applied_seq": 10,
                "opened_by": "message",
                "opened_at": stored(opened),
                "standard_until": stored(opened + timedelta(hours=24)),
                "human_agent_until": stored(opened + timedelta(days=7)),
                "owner": "unknown",
                "version": 10,
            },
        )

    def _conversation(
        self, customer_id: str, page_id: str, at: datetime, status: str, messages: int = _MESSAGES_EACH
    ) -> Iterator[Table]:
        conversation_id, session_id = self._id(), self._id()
        agent_id = None if status == "open" else self._random.choice(self._agents)
        last = at + messages * timedelta(minutes=2)
        ended = last if status == "closed" else None
        self._opened[customer_id] = at
        yield (
            "conversation",
            {
                "id": conversation_id,
                "page_id": page_id,
                "customer_id": customer_id,
                "agent_id": agent_id,
                "status": status,
                "status_reason": "bench",
                "status_changed_at": stored(last),
                "session_id": session_id,
                "opened_at": stored(at),
                "closed_at": stored(ended) if ended else None,
                "last_message_at": stored(last),
                "version": messages,
            },
        )
        yield (
            "conversation_session",
            {
                "id": session_id,
                "conversation_id": conversation_id,
                "number": 1,
                "agent_id": agent_id,
                "human_agent_tag": 0,
                "started_at": stored(at),
            },
        )
        whose = {"page_id": page_id, "customer_id": customer_id, "conversation_id": conversation_id}
        yield "event", self._event("conversation.opened", at, whose)
        for number in range(messages):
            yield from self._message(whose, session_id, agent_id, number, at + number * timedelta(minutes=2))
        if status != "closed":
            return
        yield "event", self._event("conversation.closed", last, whose)
        self.facts.conversation_id, self.facts.agent_id = conversation_id, agent_id or ""
        if self._random.random() < _SURVEYED:
            yield from self._survey(whose, session_id, last)

    def _longest(self, customer_id: str, page_id: str) -> Iterator[Table]:
        at = self._now - _YEAR - self._size.longest_thread * timedelta(minutes=2)
        middle = self._size.longest_thread // 2
        messages = 0
        for table, row in self._conversation(customer_id, page_id, at, "closed", self._size.longest_thread):
            if table == "message":
                messages += 1
                if messages == middle:
                    self.facts.middle_message_id = row["id"]
            if table == "conversation":
                self.facts.longest_conversation_id = row["id"]
            yield table, row

    def _message(
        self, whose: dict[str, Any], session_id: str, agent_id: str | None, number: int, at: datetime
    ) -> Iterator[Table]:
        direction = "outbound" if number % 2 else "inbound"
        kind = "automatic" if number == 1 else "agent" if direction == "outbound" else "customer"
        message_id, nth = self._id(), next(self._message_number)
        text = " ".join(
            self._random.choices(self._words, cum_weights=self._weights, k=self._random.randint(3, 18))
        )
        if nth in (100, 500, 900)[:_RARE_MESSAGES]:
            text = f"{text} {RARE_WORD}"
        yield (
            "message",
            whose
            | {
                "id": message_id,
                "session_id": session_id,
                "direction": direction,
                "sender_kind": kind,
                "agent_id": agent_id if kind == "agent" else None,
                "kind": "message",
                "text": text,
                "attachments": "[]",
                "reactions": "[]",
                "edits": "[]",
                "mid": f"m_{message_id}",
                "standby": 0,
                "thread_seq": number + 1 if direction == "inbound" else None,
                "status": self._outcome() if direction == "outbound" else None,
                "attempt": 1,
                "hold": 0,
                "occurred_at": stored(at),
                "created_at": stored(at),
            },
        )
        if direction == "inbound":
            yield "opening", self._opening(whose["customer_id"], at)
            yield "event", self._event("message.received", at, whose, message_id)
            yield "event", self._event("message.attached", at, whose, message_id)
        else:
            for told in ("message.queued", "message.sending", "message.sent"):
                yield "event", self._event(told, at, whose, message_id)
        if kind != "automatic":
            yield from self._indexed(Kind.MESSAGE, message_id, whose["page_id"], whose["customer_id"], text)

    def _outcome(self) -> str:
        return self._random.choices(_OUTCOMES, _OUTCOME_WEIGHTS)[0]

    def _opening(self, customer_id: str, at: datetime) -> dict[str, Any]:
        return {
            "inbox_id": next(self._inbox_ids),
            "customer_id": customer_id,
            "kind": "message",
            "occurred_at": stored(at),
            "received_at": stored(at),
            "at": stored(at),
            "standard_until": stored(at + timedelta(hours=24)),
            "human_agent_until": stored(at + timedelta(days=7)),
        }

    def _survey(self, whose: dict[str, Any], session_id: str, at: datetime) -> Iterator[Table]:
        survey_id, status = self._id(), self._random.choices(_SURVEYS, _SURVEY_WEIGHTS)[0]
        sent = status in ("expired", "answered")
        yield (
            "survey",
            whose
            | {
                "id": survey_id,
                "session_id": session_id,
                "token": self._id(),
                "question": "csat",
                "status": status,
                "ended_at": stored(at),
                "due_at": stored(at),
                "sent_at": stored(at) if sent else None,
            },
        )
        if status == "answered":
            answer = {"score": self._random.randint(1, 5), "source": "link", "late": 0, "at": stored(at)}
            yield "survey_answer", {"survey_id": survey_id, "question": "csat"} | answer

    def _event(
        self, kind: str, at: datetime, whose: dict[str, Any], message_id: str | None = None
    ) -> dict[str, Any]:
        told = {
            "kind": kind,
            "at": stored(at),
            "message_id": message_id,
            "actor_kind": "system",
            "data": "{}",
        }
        return whose | told | {"dedupe_key": self._id()}

    def _indexed(
        self, kind: Kind, source_id: str, page_id: str, customer_id: str, text: str
    ) -> Iterator[Table]:
        entry = index_entry(kind, source_id, page_id, customer_id, text)
        if entry is not None:
            yield "search_text", entry

    def _vocabulary(self) -> list[str]:
        syllables = _SYLLABLES.split()
        words: dict[str, None] = {}
        while len(words) < _WORDS:
            words["".join(self._random.choices(syllables, k=self._random.randint(1, 5)))] = None
        return list(words)

    def _word(self) -> str:
        return self._random.choice(self._words)

    def _id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"
