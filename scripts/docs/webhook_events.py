"""Makes `docs/webhook-events.md` from the catalogue and the example deliveries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from messenger.webhooks.catalogue import CATALOGUE
from messenger.webhooks.catalogue_row import CatalogueRow, Effect, Route
from messenger.webhooks.classify import classify
from messenger.webhooks.events import Echo, Event, InboundMessage
from messenger.webhooks.parse_event import parse
from messenger.webhooks.subscribed_fields import WEBHOOK_FIELDS
from messenger.webhooks.webhook import WebhookEvent, split

EXAMPLE_APP_ID = "1187452390011223"
EXAMPLE_PAGE_ID = "108823774519302"

_INTRODUCTION = """\
# Webhook events

What each event of the Messenger Platform is, what it changes, where it is routed, what its conversation is
signalled, and whether it opens the messaging window. Made by `make docs` from
`messenger/webhooks/catalogue.py`, which the relay follows too.

A signed delivery is answered 200 once every event in it is in the inbox, raw, where its body stays for the
retention period. What cannot be stored now gets 503, and Meta delivers it again; more than the largest
delivery 413, too slow a one 408. An event that is there already, by its key within the Page, changes nothing.
If it comes again with another content, the first stays, and administrators are told once
(`webhook.conflicting_repeat`, `GET /v1/webhook-events/conflicts`).

| route | where the event goes |
| --- | --- |
| `work` | the thread's conversation workflow, started if none runs |
| `join` | the store; the conversation workflow is told if one runs; never work by itself |
| `receipt` | a watermark on the thread |
| `echo` | the row of our own send |
| `page` | the page's workflow |
| `raw` | kept raw, counted and shown, for the reason given |

For all of them:

- In `standby` another app has the thread: the event opens what it opens, but `work` becomes `join`. Its
  thread event is `standby_message` in place of `message` and `postback`, and `standby_opening` in place
  of `entry` and `window_opening`: what agents hold is neither offered nor sent until the thread is handed to
  us, or the customer does something outside standby. Only control that is handed to us stays work.
- The same message may come under `standby` and under `messaging`, in any order: it is one message, and work.
  So what is work has a key of its own on standby, and the row of its `mid` is one.
- A message and a postback with one `mid` are one message too, with the text of the one and the payload of
  the other.
- What Meta hands to us after it was said is work, in whichever order the two arrive.
- An event of a thread that names no customer by PSID (an opt-in with `user_ref` alone) is kept raw.
- A message whose sender is the Page is an echo, flagged or not.
- An event of an unknown Page, or one without the form of its kind, is quarantined: kept, counted, shown.
  `GET /v1/webhook-events/unrouted` lists what went to no thread, and why. Once the reason is gone, because
  the Page was added or Pagedesk was updated, `POST /v1/webhook-events/{inbox_id}/replay` or
  `pagedesk replay-event INBOX_ID` routes an event again, as if it had just come; the window it opens counts
  from when it came first.
- A field beside the customer's words that has another type than Meta documents (`referral: []`, `reply_to`
  as a text) is left out and counted; the timeline names it (`webhook.fields_left_out`), and shows the words.
- What Pagedesk itself has to tell a thread (`survey_answered`, `files_refused`) goes through the inbox too,
  on the channel `pagedesk` with keys of its own: as durable as what Meta delivers, and in one order with it.
  No delivery can make such an event. Of a customer who was erased it is dropped.
- What opens the window counts from Meta's timestamp or our receipt, whichever is earlier. Sends, echoes,
  receipts, edits and answers to the feedback template open nothing.
"""


def page(payloads: Path) -> str:
    """The whole page. `payloads` is the directory of example deliveries."""
    return "\n".join(
        [
            _INTRODUCTION,
            "## Every event kind",
            "",
            *_table(
                ("kind", "case", "what it is", "what it changes", "route", "thread event", "opens"),
                (
                    (
                        f"`{row.kind}`",
                        row.case,
                        row.what,
                        _changes(row),
                        _code(row.route),
                        _code(row.thread_event),
                        _code(row.opening),
                    )
                    for row in CATALOGUE
                ),
            ),
            "",
            "## Every example delivery",
            "",
            f"In `tests/fixtures/payloads`. Our app in them is {EXAMPLE_APP_ID}, our page {EXAMPLE_PAGE_ID}.",
            "",
            *_table(
                ("file", "event", "what it is", "what it changes", "route", "thread event", "opens"),
                (cells for file in sorted(payloads.glob("*.json")) for cells in _rows_of(file)),
            ),
            "",
            "## Subscribed fields",
            "",
            *_table(
                ("field", "why", "needed"),
                (
                    (f"`{each.name}`", each.reason, "yes" if each.required else "no")
                    for each in WEBHOOK_FIELDS
                ),
            ),
            "",
        ]
    )


def _rows_of(file: Path) -> Iterable[tuple[str, ...]]:
    for event in split(file.read_bytes()):
        parsed = parse(event.kind, event.raw)
        row = classify(event.kind, event.channel, parsed, own_app_id=EXAMPLE_APP_ID)
        if event.page_id not in {EXAMPLE_PAGE_ID, ""}:
            row = _kept_raw(row, "the Page is unknown.")
        elif event.customer_psid is None and row.route not in {Route.PAGE, Route.RAW}:
            row = _kept_raw(row, "it names no customer.")
        what = f"{row.what}{_contents(parsed)}"
        yield (
            f"`{file.name}`",
            _event(event, row),
            what,
            _changes(row),
            _code(row.route),
            _code(row.thread_event),
            _code(row.opening),
        )


def _kept_raw(row: CatalogueRow, reason: str) -> CatalogueRow:
    return replace(
        row, changes="Nothing.", effect=Effect.KEEP, thread_event=None, opening=None, reason=reason
    )


def _contents(parsed: Event) -> str:
    if not isinstance(parsed, InboundMessage | Echo):
        return ""
    counts = Counter(each.type for each in parsed.attachments)
    parts = ["text"] if parsed.text is not None else []
    parts += [kind if count == 1 else f"{count} of {kind}" for kind, count in counts.items()]
    return f" Here: {', '.join(parts)}."


def _event(event: WebhookEvent, row: CatalogueRow) -> str:
    name = f"{event.kind}: {row.case}" if row.case else str(event.kind)
    return f"`standby` {name}" if event.channel == "standby" else name


def _changes(row: CatalogueRow) -> str:
    return f"{row.changes} Kept raw: {row.reason}" if row.reason else row.changes


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
