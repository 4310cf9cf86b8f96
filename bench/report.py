"""The result: a table on the terminal, a JSON file, and, of a whole run, `docs/performance.md`."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path("bench/results")
WHOLE_RUN = RESULTS / "latest.json"
GROWN_RUN = RESULTS / "grown.json"
EVENT_LOG_RUN = RESULTS / "event_log.json"
PARTIAL_RUN = RESULTS / "partial.json"
DOCUMENT = Path("docs/performance.md")

_VERDICTS = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}
_IN_WORDS = {True: "met", False: "**missed**", None: ""}
_GROWN_HEAD = """\
## A desk that has grown

Made by `make bench ARGS="--grown"`. {date}, on {processors} processors ({architecture}), SQLite. The grown
desk has {grown} conversations with seven messages each, and one thread of {longest}; the small one has
{small} conversations of the same kind, which fill a page of every list. Each runs with an API, a worker and
an engine of its own, one after the other. A value is the median of {rounds} rounds, a round the median of
seven requests.
"""
_EVENT_LOG_HEAD = """\
## Writers of the event log on PostgreSQL

Made by `make bench ARGS="--event-log postgresql://…"`. {date}, on {processors} processors ({architecture}),
which writers, reader and server share. Transactions a second that update a row and append two events, while
a reader follows; the median of {rounds} rounds, by turns. The baseline inserts the same rows without any
numbering, so that no reader could follow. "With one lock for all" is how it was before
[ADR 0024](adr/0024-event-numbers-on-postgresql.md).
"""
_HEAD = """\
# Performance

Made by `make bench`; do not edit. {date}, Pagedesk {version}, on {processors} processors ({architecture}),
{memory_gib} GiB, {system}; a flush to disk takes {flush_ms} ms (p99 {flush_p99_ms} ms). {versions}.

Load generator, servers, databases and engine share these processors, so the ratios are what counts: both
sides are measured in the same run, by turns, {rounds} times; shown are the median and, in brackets, the
lowest and highest. Where a target is an absolute one, so is the figure.

- **Baseline A** (webhooks): a FastAPI route on the same uvicorn settings that checks the signature, parses
  the JSON and stores nothing.
- **Baseline B** (end to end, idle): a minimal workflow (signal-with-start, one activity that makes the same
  HTTP call) on the same Temporal server, with a worker of the same settings in its own process.
- **Baseline of offers**: a minimal workflow on the same Temporal server that has each signal noted by a local
  activity; its worker is in the driver's process.

Webhooks: 32 connections, signed deliveries of one message, about 540 bytes each, a closed loop at full speed.
End to end: 32 in flight. Idle: one at a time. A delivery counts as acknowledged only if it is in the inbox.
Offers: from the instant at which a session was closed to the event
on the stream of the agent who has room again.
"""


def save(result: dict[str, Any], *, whole: bool) -> Path:
    """Write the JSON, and the document if the run was a whole one; where the JSON is."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = WHOLE_RUN if whole else PARTIAL_RUN
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if whole:
        _write_document()
    return file


def save_event_log(result: dict[str, Any]) -> Path:
    """Write the JSON of a run on PostgreSQL's event log, and the document; where the JSON is."""
    EVENT_LOG_RUN.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    _write_document()
    return EVENT_LOG_RUN


def save_grown(result: dict[str, Any]) -> Path:
    """Write the JSON of a run with a grown desk, and the document; where the JSON is."""
    GROWN_RUN.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    _write_document()
    return GROWN_RUN


def _write_document() -> None:
    """The document of the whole runs that are kept."""
    text = document(json.loads(WHOLE_RUN.read_text()))
    if GROWN_RUN.exists():
        text += "\n" + grown_section(json.loads(GROWN_RUN.read_text()))
    if EVENT_LOG_RUN.exists():
        text += "\n" + event_log_section(json.loads(EVENT_LOG_RUN.read_text()))
    DOCUMENT.write_text(text)


def show(result: dict[str, Any], console: Console) -> None:
    """Print the rows, and where the processor time went."""
    table = Table(title="Pagedesk ÷ baseline, median (lowest to highest)", title_justify="left")
    for heading in ("measure", "unit", "Pagedesk", "baseline", "ratio", "target", ""):
        table.add_column(heading, justify="right" if heading in ("Pagedesk", "baseline", "ratio") else "left")
    for row in result["rows"]:
        cells = [_spread(row[column]) for column in ("pagedesk", "baseline", "ratio")]
        table.add_row(row["name"], row["unit"], *cells, _target(row), _VERDICTS[row["met"]])
    console.print(table)
    shares = Table(title="Processor time per item, ms", title_justify="left")
    for heading in ("measure", "side", "by process"):
        shares.add_column(heading)
    for row in result["rows"]:
        for side, used in row["cpu_ms"].items():
            by_process = ", ".join(f"{name} {_number(share)}" for name, share in used.items())
            shares.add_row(row["name"], side, f"{_number(sum(used.values()))} = {by_process}")
    if shares.row_count:
        console.print(shares)


def document(result: dict[str, Any]) -> str:
    """`docs/performance.md`."""
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    head = _HEAD.format(
        date=result["measured_at"][:10],
        version=result["version"],
        versions=versions,
        rounds=result["rounds"],
        **result["machine"],
    )
    lines = ["| measure | result | target | |", "|---|---|---|---|"]
    notes = []
    for row in result["rows"]:
        of_value = row["ratio"] is None or (row["target"] or {}).get("of") == "value"
        shown = f"{_spread(row['pagedesk'])} {row['unit']}" if of_value else f"{_spread(row['ratio'])} times"
        verdict = _IN_WORDS[row["met"]]
        mark = ""
        if row["note"]:
            notes.append(row["note"])
            mark = f" [{len(notes)}]"
        lines.append(f"| {row['name']}{mark} | {shown} | {_target(row)} | {verdict} |")
    footnotes = "\n".join(f"{number}. {note}" for number, note in enumerate(notes, 1))
    return f"{head}\n" + "\n".join(lines) + f"\n\n{footnotes}\n"


def grown_section(result: dict[str, Any]) -> str:
    """What a desk that has grown costs beside a small one."""
    small, grown = (result["sizes"][name] for name in ("small", "grown"))
    head = _GROWN_HEAD.format(
        date=result["measured_at"][:10],
        rounds=result["rounds"],
        grown=f"{grown['conversations']:,}",
        longest=f"{grown['longest_thread']:,}",
        small=f"{small['conversations']:,}",
        **result["machine"],
    )
    lines = ["| measure | small desk, ms | grown desk, ms | ratio | target | |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row['name']} | {_spread(row['baseline'])} | {_spread(row['pagedesk'])} "
        f"| {_spread(row['ratio'])} times | {_target(row)} | {_IN_WORDS[row['met']]} |"
        for row in result["rows"]
    ]
    return head + "\n" + "\n".join(lines) + "\n"


def event_log_section(result: dict[str, Any]) -> str:
    """What writers of the event log reach beside those that number nothing."""
    head = _EVENT_LOG_HEAD.format(
        date=result["measured_at"][:10], rounds=result["rounds"], **result["machine"]
    )
    lines = ["| measure | unnumbered, /s | Pagedesk, /s | ratio | target | |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row['name']} | {_spread(row['baseline'])} | {_spread(row['pagedesk'])} "
        f"| {_spread(row['ratio'])} times | {_target(row)} | {_IN_WORDS[row['met']]} |"
        for row in result["rows"]
    ]
    return head + "\n" + "\n".join(lines) + "\n"


def _target(row: dict[str, Any]) -> str:
    target = row["target"]
    if target is None:
        return ""
    unit = " times" if target["of"] == "ratio" else f" {row['unit']}"
    return f"{target['sign']} {target['bound']:g}{unit}"


def _spread(spread: dict[str, float] | None) -> str:
    if spread is None:
        return ""
    middle, low, high = (_number(spread[name]) for name in ("median", "low", "high"))
    return middle if low == high else f"{middle} ({low} to {high})"


def _number(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
