"""How a page stands after a check: problems, warnings, each alarm once, its gate, what it may have missed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from base.log import get_logger
from domain.events.kinds import FactKind
from domain.pages.access_token import Token, refresh_due_at, refresh_problem
from domain.pages.findings import problem_of, stands
from domain.pages.page_problems import RESTORED, PageProblem, Severity, sorted_by_weight
from domain.pages.traffic import silence_problem, standby_problem
from store.db.sql import FOR_NO_KEY_UPDATE
from store.events.events import append_page_event
from store.pages import findings, page_rows
from store.pages.page_rows import PageRows
from store.pages.traffic import forget_old_silences, traffic_of
from store.sending import send_gate
from store.tables import PageHealth
from store.tables.pages import GONE, PROBLEM, RUNNING

ALARM = FactKind.PAGE_ALARM
"""Something is wrong with the page; raised once until it has ended, or has become worse (`stage`)."""
ALARM_ENDED = FactKind.PAGE_ALARM_ENDED

_BEFORE_THE_LAST = timedelta(hours=1)
"""Deliveries may have failed for an hour before Meta gave the page up, though others came through."""

_log = get_logger("store")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found at Meta. `token` is None where Meta did not tell."""

    problems: Sequence[PageProblem] = ()
    token: Token | None = None
    subscribed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a page stands: whether it runs, whether messages wait that may go now, whether some were missed."""

    running: bool
    releases: bool = False
    gap: bool = False
    problems: list[str] = field(default_factory=list)


def record(session: Session, page_id: str, checked: Checked, now: datetime) -> Standing:
    """Write down how a page stands, raise what is new, and hold or open its gate."""
    rows = page_rows.lock(session, page_id)
    if rows is None or rows.page.provisioning_state in GONE:
        return Standing(running=False)
    page, health = rows.page, rows.health
    _keep_dates(rows, checked, now)
    found = sorted_by_weight([*checked.problems, *_from_the_store(session, rows, checked, now)])
    problems = [each for each in found if each.severity is not Severity.WARNING]
    state = PROBLEM if problems else RUNNING
    before = _told_of(health)
    if page.provisioning_state != state or _codes(health.problems) != [each.code for each in problems]:
        _log.info("page_checked", page_id=page_id, state=state, problems=[each.code for each in problems])
        codes = {"state": state, "problems": [each.code for each in problems]}
        append_page_event(session, FactKind.PAGE_CHECKED, page_id, now, codes)
    page.provisioning_state = state
    health.problems = [each.shown() for each in problems]
    health.warnings = [each.shown() for each in found if each.severity is Severity.WARNING]
    health.checked_at = now
    _raise_alarms(session, health, before, now)
    forget_old_silences(session, page_id, now)
    releases = _set_gate(session, rows, problems, now)
    gap = not problems and health.gap_since is not None
    return Standing(not problems, releases, gap, [each.code for each in problems])


def begin_gap(session: Session, page_id: str, now: datetime) -> None:
    """Remember, before anything is mended, from when on messages may be missing."""
    health = session.get_one(PageHealth, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    last = health.last_event_at or health.subscribed_at or now
    since = last - _BEFORE_THE_LAST
    if health.gap_since is None:
        health.gap_since, health.gap_read_until = since, None
        append_page_event(session, FactKind.PAGE_UNSUBSCRIBED, page_id, now, {"since": since.isoformat()})
    elif health.gap_read_until is not None:  # dropped again while the former gap was read
        health.gap_read_until = min(health.gap_read_until, since)


def add_problem(session: Session, page_id: str, problem: PageProblem, now: datetime) -> None:
    """Show a problem on the page until its next check."""
    health = session.get_one(PageHealth, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    before = _told_of(health)
    others = [each for each in health.problems if each["code"] != problem.code]
    health.problems = [*others, problem.shown()]
    session.flush()
    _raise_alarms(session, health, before, now)


def end_alarms(session: Session, health: PageHealth, now: datetime) -> None:
    """Begin anew: what is wrong after this is told again. The row is locked."""
    before = _told_of(health)
    health.problems, health.warnings = [], []
    _raise_alarms(session, health, before, now)


def _keep_dates(rows: PageRows, checked: Checked, now: datetime) -> None:
    page, health = rows.page, rows.health
    if checked.subscribed:
        health.subscribed_at = now
    if checked.token is not None and checked.token.is_valid:
        health.token_expires_at = checked.token.expires_at
        health.token_refresh_due_at = refresh_due_at(checked.token, page.token_saved_at or page.created_at)


def _from_the_store(
    session: Session, rows: PageRows, checked: Checked, now: datetime
) -> Iterable[PageProblem]:
    """What the page's own record tells: findings that stand, the token's dates, traffic, a gap."""
    health = rows.health
    confirmed = [each.code for each in checked.problems]
    standing = [
        each
        for each in findings.of(health)
        if stands(each, now, human_agent_tag=rows.page.human_agent_tag) and each.code not in confirmed
    ]
    known = {each.code for each in findings.of(health)}
    findings.forget(health, *(known - {each.code for each in standing}))
    yield from (problem_of(each) for each in standing)
    if health.token_refresh_due_at and (due := refresh_problem(health.token_refresh_due_at, now)):
        yield due
    traffic = traffic_of(session, health)
    yield from (each for each in (standby_problem(traffic), silence_problem(traffic, now)) if each)
    if health.gap_since is not None:
        code = RESTORED if send_gate.waits_after_restore(rows.send_state) else "unsubscribed"
        yield PageProblem(code, facts={"since": health.gap_since.isoformat()})


def _raise_alarms(
    session: Session, health: PageHealth, before: set[tuple[str, int | None]], now: datetime
) -> None:
    """Tell of what is new and of what has ended, each once."""
    shown = [*health.problems, *health.warnings]
    for each in shown:
        if _key(each) not in before:
            facts = {
                name: each.get(name) for name in ("code", "severity", "stage", "meta_code", "meta_subcode")
            }
            told = {name: value for name, value in facts.items() if value is not None}
            append_page_event(session, ALARM, health.page_id, now, told)
    for code in sorted({code for code, _ in before} - {each["code"] for each in shown}):
        append_page_event(session, ALARM_ENDED, health.page_id, now, {"code": code})


def _set_gate(session: Session, rows: PageRows, problems: Sequence[PageProblem], now: datetime) -> bool:
    """Hold or open the page's gate. Returns whether messages wait that may go now."""
    page_id, state = rows.page.page_id, rows.send_state
    if not problems:
        if send_gate.waits_after_restore(state) and rows.health.gap_since is not None:
            return False
        send_gate.open_gate(session, page_id, now)
        return bool(send_gate.customers_held_back(session, page_id))
    if problems[0].severity is Severity.HOLDS_SENDS:
        send_gate.hold(session, page_id, problems[0].code, now)
        if not send_gate.waits_after_restore(state):
            state.send_gate_reason = problems[0].code
    return False


def _told_of(health: PageHealth) -> set[tuple[str, int | None]]:
    """What the page shows now, and was told."""
    return {_key(each) for each in (*health.problems, *health.warnings)}


def _key(shown: dict[str, Any]) -> tuple[str, int | None]:
    return shown["code"], shown.get("stage")


def _codes(shown: Iterable[dict[str, Any]]) -> list[str]:
    return [each["code"] for each in shown]
