"""A conversation finds its queue: what is read, what is counted, and what is told of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from activities.routing.route import RouteActivities
from base.json_codec import from_json_value, to_json_value
from domain.contacts.contacts import ContactContent
from domain.routing.capacity import CapacityNeed
from domain.routing.demand import SkillNeed
from domain.routing.members import Wish, WishKind
from domain.routing.overflow import OverflowAction, OverflowCondition
from domain.routing.placement import Placement, WaitingPlace
from domain.routing.route_result import RouteRequest, RouteResult
from domain.routing.route_to_queue import RouteReason
from store import tables
from store.contacts import contacts, links
from store.contacts.settings import set_field
from store.db.database import Database
from store.routing.agent_states import RoutingWrites
from store.routing.members import enrol_agent
from store.routing.projection import project_routing
from store.routing.route import DefaultRoute, default_route, route
from store.tables import Rule, RuleSet, WorkItem
from support.postgres import any_database
from support.store import PAGE_A, add_conversation, add_customer, make_settings, seed

pytestmark = pytest.mark.any_store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
ALWAYS = {"items": [], "needed": "all"}


class Desk:
    """Page A, its workstream with the default queue, and one customer."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self._activities = RouteActivities(store)

    async def add(self, *rows: Any) -> None:
        def work(session: Session) -> None:
            for row in rows:
                session.add(row)
                session.flush()

        await self.store.write(work)

    async def set(self, **settings: Any) -> None:
        await self.store.write(
            lambda session: session.get_one(tables.Workstream, "messenger").sqlmodel_update(settings)
        )

    async def queue(self, queue_id: str, **more: Any) -> None:
        await self.add(tables.Queue(id=queue_id, name=queue_id, created_at=NOW, **more))

    async def classify(self, *rules: dict[str, Any], set_id: str = "set", position: int = 0) -> None:
        await self._rules(set_id, "classification", position, rules)

    async def lead(self, *rules: dict[str, Any]) -> None:
        await self._rules("routes", "route", 0, rules)

    async def _rules(self, set_id: str, kind: str, position: int, rules: tuple[dict[str, Any], ...]) -> None:
        rule_set = RuleSet(
            id=set_id, workstream_id="messenger", kind=kind, name=set_id, position=position, created_at=NOW
        )
        rows = [
            Rule(
                rule_set_id=set_id,
                name="rule",
                position=place,
                created_at=NOW,
                **{"conditions": ALWAYS, **rule},
            )
            for place, rule in enumerate(rules)
        ]
        await self.add(rule_set, *rows)

    async def route(self, conversation_id: str = "c1", **more: Any) -> RouteResult:
        request = RouteRequest(PAGE_A, "ada", conversation_id, more.pop("at", NOW), **more)
        routed = await self._activities.route(request)
        assert from_json_value(RouteResult, to_json_value(routed)) == routed
        return routed

    async def items(self) -> dict[str, str]:
        rows = await self.store.read(lambda session: session.exec(select(WorkItem)).all())
        return {row.conversation_id: row.state for row in rows}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with any_database() as url:
        settings = make_settings(tmp_path, database_url=url) if url else make_settings(tmp_path)
        store = Database(settings.store_url)

        def start(session: Session) -> None:
            seed(session, settings)
            session.flush()
            add_customer(session, "ada", NOW, name="Ada Byron", locale="en_GB", timezone="5.5")

        await store.write(start)
        yield Desk(store)
        store.close()


def _when(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"items": [{"field": field, "operator": operator, "value": value}], "needed": "all"}


def _to(*queue_ids: str) -> dict[str, Any]:
    return {"targets": [{"queue_id": each, "percent": 100 // len(queue_ids)} for each in queue_ids]}


def _before(condition: str, action: str = "assign_anyway", **more: Any) -> dict[str, Any]:
    return {"before": [{"condition": condition, "action": action, **more}]}


@contextmanager
def _counting() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("SELECT set_config"):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_without_rules_everything_goes_to_the_default_queue(desk: Desk) -> None:
    routed = await desk.route()
    assert (routed.demand.queue_id, routed.demand.workstream_id) == ("default", "messenger")
    assert (routed.reason, routed.listed, routed.ends) == (RouteReason.NO_RULE_MATCHED, True, False)
    assert (routed.overflow_at, routed.opens_at, routed.awaits_profile) == (None, None, False)
    assert routed.diagnosis == {"reason": "no_rule_matched"}


async def test_a_workstream_that_is_picked_from_and_has_no_rules_costs_two_statements(desk: Desk) -> None:
    await desk.route()
    with _counting() as statements:
        await desk.route()
    assert len([each for each in statements if each.startswith("SELECT")]) == 2
    assert not [each for each in statements if each.startswith(("INSERT", "UPDATE", "DELETE"))]


async def test_the_default_route_is_how_the_conversation_of_any_new_customer_is_routed(desk: Desk) -> None:
    await desk.queue("returns", overflow={"while_queued": {"seconds": 60, "action": "end"}})
    changes: list[dict[str, Any]] = [{}, {"distribution_mode": "push"}, {"fallback_queue_id": "returns"}]
    for settings in changes:
        await desk.set(**settings)
        found = await desk.store.read(lambda session: default_route(session, PAGE_A, NOW))
        assert found.result == await desk.route()
        assert found.lasts == (not changes.index(settings))


async def test_where_rules_decide_there_is_no_default_route(desk: Desk) -> None:
    await desk.lead({"id": "lead", "outputs": _to("default")})
    assert await desk.store.read(lambda session: default_route(session, PAGE_A, NOW)) == DefaultRoute(
        None, lasts=True
    )


async def test_the_workstream_names_its_fallback_queue_mode_and_demand(desk: Desk) -> None:
    await desk.queue("night")
    await desk.set(
        fallback_queue_id="night", distribution_mode="push", capacity_units=3, capacity_profile_ids=["chat"]
    )
    routed = await desk.route()
    assert (routed.demand.queue_id, routed.listed) == ("night", False)
    assert routed.demand.need == CapacityNeed(3, ("chat",))


async def test_rules_classify_and_lead_by_what_is_known_of_the_customer(desk: Desk) -> None:
    await desk.queue("vip")
    await desk.set(skill_matching="exact")
    await desk.classify(
        {"id": "no", "conditions": _when("locale", "equals", "de_DE"), "outputs": {"priority": 1}},
        {
            "id": "yes",
            "conditions": _when("customer_name", "begins_with", "ada"),
            "outputs": {"priority": 7, "skills": [{"skill_id": "maths", "rating": 3}], "profiles": ["call"]},
        },
    )
    await desk.lead({"id": "lead", "conditions": _when("priority", "at_least", 7), "outputs": _to("vip")})

    routed = await desk.route(skills=(SkillNeed("verse", 2),), profiles=("old",))

    assert (routed.demand.queue_id, routed.reason, routed.priority) == ("vip", RouteReason.RULE, 7)
    assert routed.demand.skills == (SkillNeed("maths", 3), SkillNeed("verse", 2))
    assert routed.demand.need == CapacityNeed(1, ("call", "old"))
    assert (routed.skills, routed.profiles) == (routed.demand.skills, ("call", "old"))
    assert routed.diagnosis == {
        "reason": "rule",
        "rule_id": "lead",
        "tried": 3,
        "steps": [
            {"stage": "classification", "rule_set_id": "set", "rule_id": "yes", "outcome": "applied"},
            {"stage": "route_to_queue", "rule_id": "lead", "outcome": "applied", "queue_id": "vip"},
        ],
    }


async def test_the_referral_of_the_newest_message_and_context_variables_are_known(desk: Desk) -> None:
    await desk.queue("ads")

    def talk(session: Session) -> None:
        add_conversation(session, "c1", "ada", NOW, status="open", reason="message")
        add_conversation(session, "old", "ada", NOW, status="closed", reason="message")
        session.flush()
        for number, (conversation_id, referral) in enumerate(
            [("c1", {"ref": "spring", "source": "ADS"}), (None, None), ("old", {"ref": "autumn"})]
        ):
            session.add(
                tables.Message(
                    id=f"m{number}",
                    page_id=PAGE_A,
                    customer_id="ada",
                    conversation_id=conversation_id,
                    direction="inbound",
                    sender_kind="customer",
                    referral=referral,
                    occurred_at=NOW + timedelta(seconds=number),
                    created_at=NOW,
                )
            )
        session.add(tables.ContextVariable(conversation_id="c1", name="Order", value="12.5", changed_at=NOW))

    await desk.store.write(talk)
    conditions = {
        "items": [
            {"field": "referral", "operator": "equals", "value": "Spring"},
            {"field": "referral_source", "operator": "equals", "value": "ads"},
            {"field": "context.Order", "operator": "greater_than", "value": 12},
            {"field": "timezone", "operator": "equals", "value": 5.5},
        ]
    }
    await desk.lead({"id": "lead", "conditions": conditions, "outputs": _to("ads")})
    assert (await desk.route()).demand.queue_id == "ads"


async def test_rules_read_the_contact_that_the_customer_is_linked_to(desk: Desk) -> None:
    await desk.queue("vip")
    gold = {"items": [_when("contact.Tier", "equals", "GOLD"), _when("contact_number", "begins_with", "kd")]}
    await desk.lead({"id": "lead", "conditions": {**gold, "needed": "all"}, "outputs": _to("vip")})
    assert (await desk.route()).demand.queue_id == "default"

    def link(session: Session) -> None:
        set_field(session, "Tier", "Tier", NOW)
        session.flush()
        contacts.add(session, "c", ContactContent(number="KD-7", fields={"Tier": "gold"}), NOW)
        links.link(session, "ada", "c", agent_id=None, at=NOW)

    await desk.store.write(link)
    assert (await desk.route()).demand.queue_id == "vip"


async def test_variables_that_rules_give_are_there_before_the_conversation_has_a_row(desk: Desk) -> None:
    await desk.classify({"id": "a", "outputs": {"context": {"Tier": "gold"}}}, set_id="one")
    await desk.classify(
        {"id": "b", "conditions": _when("context.Tier", "equals", "gold"), "outputs": {"priority": 5}},
        set_id="two",
        position=1,
    )
    assert (await desk.route()).priority == 5
    (row,) = await desk.store.read(lambda session: session.exec(select(tables.ContextVariable)).all())
    assert (row.conversation_id, row.name, row.value) == ("c1", "Tier", '"gold"')
    with _counting() as statements:
        await desk.route()
    assert not [each for each in statements if each.startswith("INSERT")]


async def test_switched_off_rules_and_rule_sets_do_nothing(desk: Desk) -> None:
    await desk.queue("vip")
    await desk.lead(
        {"id": "off", "active": False, "outputs": _to("vip")},
        {"id": "on", "conditions": _when("locale", "equals", "xx"), "outputs": _to("vip")},
    )
    await desk.classify({"id": "a", "outputs": {"priority": 5}})
    await desk.store.write(lambda session: session.get_one(RuleSet, "set").sqlmodel_update({"active": False}))
    routed = await desk.route()
    assert (routed.demand.queue_id, routed.priority) == ("default", 0)
    assert routed.diagnosis == {"reason": "no_rule_matched", "tried": 1, "steps": []}


@pytest.mark.parametrize("conditions", [{"items": [{"field": "locale"}]}, {"items": 7}, []])
async def test_a_rule_that_cannot_be_read_leads_to_the_fallback_queue_and_is_shown(
    desk: Desk, conditions: Any
) -> None:
    await desk.queue("vip")
    await desk.lead({"id": "odd", "conditions": conditions, "outputs": _to("vip")})
    routed = await desk.route()
    assert (routed.demand.queue_id, routed.reason) == ("default", RouteReason.RULE_FAILED)
    steps: Any = routed.diagnosis["steps"]
    assert (steps[0]["rule_id"], steps[0]["outcome"]) == ("odd", "error")


async def test_a_queue_that_is_gone_leads_to_the_fallback_queue(desk: Desk) -> None:
    await desk.lead({"id": "lead", "outputs": _to("gone")})
    routed = await desk.route()
    assert (routed.demand.queue_id, routed.reason) == ("default", RouteReason.UNKNOWN_QUEUE)


async def test_a_rule_that_reads_the_profile_waits_once_for_one_that_is_being_read(desk: Desk) -> None:
    await desk.lead({"id": "lead", "conditions": _when("locale", "equals", "x"), "outputs": _to("default")})
    assert not (await desk.route()).awaits_profile
    await desk.store.write(
        lambda session: session.get_one(tables.Customer, "ada").sqlmodel_update({"profile_due_at": NOW})
    )
    assert (await desk.route()).awaits_profile
    assert not (await desk.route(profile_awaited=True)).awaits_profile


@pytest.mark.parametrize(
    ("at", "opens_at", "condition"),
    [
        (NOW, None, None),
        (NOW + timedelta(hours=6), datetime(2026, 11, 23, 8, tzinfo=UTC), OverflowCondition.OUT_OF_HOURS),
        (
            datetime(2026, 12, 25, 12, tzinfo=UTC),
            datetime(2026, 12, 28, 8, tzinfo=UTC),
            OverflowCondition.HOLIDAY,
        ),
    ],
)
async def test_a_queue_has_hours_and_holidays(
    desk: Desk, at: datetime, opens_at: datetime | None, condition: OverflowCondition | None
) -> None:
    weekly = [{"weekday": day, "opens": "09:00:00", "closes": "17:00:00"} for day in range(5)]
    await desk.add(
        tables.OperatingHours(
            id="office", name="Office", timezone="Europe/Berlin", weekly=weekly, created_at=NOW
        ),
        tables.Holiday(
            id="xmas",
            operating_hours_id="office",
            name="Christmas",
            first_day=datetime(2026, 12, 25, tzinfo=UTC).date(),
            last_day=datetime(2026, 12, 26, tzinfo=UTC).date(),
        ),
    )
    await desk.queue("office", operating_hours_id="office")
    await desk.lead({"id": "lead", "outputs": _to("office")})
    routed = await desk.route(at=at)
    assert (routed.demand.queue_id, routed.opens_at) == ("office", opens_at)
    assert (routed.overflow.condition if routed.overflow else None) == condition
    assert routed.closed_by == condition


async def test_hours_without_an_end_of_closing_are_out_of_hours(desk: Desk) -> None:
    await desk.add(tables.OperatingHours(id="never", name="Never", timezone="UTC", created_at=NOW))
    await desk.queue("never", operating_hours_id="never")
    await desk.lead({"id": "lead", "outputs": _to("never")})
    routed = await desk.route()
    assert (routed.opens_at, routed.closed_by) == (None, OverflowCondition.OUT_OF_HOURS)


async def test_what_waits_too_long_is_told_when(desk: Desk) -> None:
    await desk.queue("next")
    await desk.queue(
        "slow", overflow={"while_queued": {"seconds": 600, "action": "transfer", "queue_id": "next"}}
    )
    await desk.lead({"id": "lead", "outputs": _to("slow")})
    routed = await desk.route()
    assert routed.overflow_at == NOW + timedelta(minutes=10)
    assert (routed.on_overflow, routed.overflow_queue_id) == (OverflowAction.TRANSFER, "next")


async def test_of_fifty_at_once_a_queue_with_a_limit_of_three_takes_three(desk: Desk) -> None:
    await desk.queue("few", overflow=_before("waiting_items", "end", waiting=3))
    await desk.lead({"id": "lead", "outputs": _to("few")})
    found = await asyncio.gather(*(desk.route(f"c{number}") for number in range(50)))
    assert [routed.ends for routed in found].count(False) == 3
    assert list((await desk.items()).values()) == ["entering"] * 3
    entered = next(f"c{number}" for number, routed in enumerate(found) if not routed.ends)
    assert not (await desk.route(entered)).ends  # the same again is no further one


async def test_what_was_to_enter_and_never_did_is_forgotten_after_ten_minutes(desk: Desk) -> None:
    await desk.queue("few", overflow=_before("waiting_items", "end", waiting=1))
    await desk.lead({"id": "lead", "outputs": _to("few")})
    assert not (await desk.route("c1")).ends
    assert (await desk.route("c2", at=NOW + timedelta(minutes=10))).ends
    assert not (await desk.route("c3", at=NOW + timedelta(minutes=10, seconds=1))).ends


async def test_an_item_that_enters_waits_once_its_workflow_has_it_written(desk: Desk) -> None:
    await desk.set(distribution_mode="push")
    await desk.queue("few", overflow=_before("waiting_items", "end", waiting=1))
    await desk.lead({"id": "lead", "outputs": _to("few")})
    routed = await desk.route("c1")

    def write_down(session: Session) -> None:
        add_conversation(session, "c1", "ada", NOW, status="open", reason="message")
        session.flush()
        waiting = WaitingPlace(routed.demand, routed.priority, NOW)
        project_routing(session, [Placement("c1", 1, "few", waiting)], NOW)

    await desk.store.write(write_down)
    assert await desk.items() == {"c1": "waiting"}
    assert not (await desk.route("c1")).ends
    assert await desk.items() == {"c1": "waiting"}
    assert (await desk.route("c2")).ends


async def test_overflow_leads_to_the_next_rule_and_a_transfer_to_another_queue(desk: Desk) -> None:
    await desk.queue("full", overflow=_before("waiting_items", "transfer", waiting=1, queue_id="spare"))
    await desk.queue("spare")
    await desk.add(WorkItem(conversation_id="other", stay=1, queue_id="full", state="waiting", age_at=NOW))
    await desk.lead({"id": "first", "outputs": _to("full")})
    routed = await desk.route()
    assert (routed.demand.queue_id, routed.reason) == ("spare", RouteReason.ALL_OVERFLOW)
    assert routed.diagnosis["chosen_queue_id"] == "full"
    assert "c1" not in await desk.items()
    await desk.add(
        Rule(
            id="second",
            rule_set_id="routes",
            name="2",
            position=1,
            conditions=ALWAYS,
            outputs=_to("default"),
            created_at=NOW,
        )
    )
    assert (await desk.route()).demand.queue_id == "default"


@pytest.mark.parametrize(
    ("entered_before", "overflows"), [(timedelta(seconds=59), False), (timedelta(seconds=60), True)]
)
async def test_the_longest_wait_of_a_queue(desk: Desk, entered_before: timedelta, *, overflows: bool) -> None:
    await desk.queue("slow", overflow=_before("longest_wait", "end", seconds=60))
    await desk.add(
        WorkItem(conversation_id="x", stay=1, queue_id="slow", state="listed", age_at=NOW - entered_before)
    )
    await desk.lead({"id": "lead", "outputs": _to("slow")})
    assert (await desk.route()).ends is overflows


@pytest.mark.parametrize(("wait", "overflows"), [(60, False), (61, True)])
async def test_the_estimated_wait_is_the_mean_of_those_who_were_accepted_last(
    desk: Desk, wait: int, *, overflows: bool
) -> None:
    await desk.queue("slow", overflow=_before("estimated_wait", "end", seconds=60))
    await desk.lead({"id": "lead", "outputs": _to("slow")})
    assert not (await desk.route()).ends  # nothing is known

    def past(session: Session) -> None:
        add_conversation(session, "old", "ada", NOW, status="closed", reason="message")
        session.flush()
        for stay, accepted in ((1, NOW), (2, NOW + timedelta(seconds=2 * wait)), (3, None)):
            session.add(
                tables.QueueStay(
                    conversation_id="old",
                    stay=stay,
                    queue_id="slow",
                    reason="rule",
                    entered_at=NOW,
                    accepted_at=accepted,
                )
            )

    await desk.store.write(past)
    assert (await desk.route()).ends is overflows


async def _agents(desk: Desk, **presences: str) -> None:
    def work(session: Session) -> None:
        for agent_id, presence in presences.items():
            session.add(tables.Agent(id=agent_id, name=agent_id, role="agent", created_at=NOW))
            session.flush()
            enrol_agent(session, agent_id, "agent", RoutingWrites(), NOW)
            session.get_one(tables.QueueMember, ("default", agent_id)).presence = presence

    await desk.store.write(work)


async def test_the_former_agent_comes_first_and_then_those_whom_the_customer_prefers(desk: Desk) -> None:
    await desk.set(distribution_mode="push", reservation_seconds=90)
    await _agents(desk, mia="offline", noa="busy", zoe="offline")
    await desk.add(
        tables.PreferredAgent(customer_id="ada", agent_id="zoe", rank=1),
        tables.PreferredAgent(customer_id="ada", agent_id="noa", rank=2),
    )
    routed = await desk.route(former_agent_id="noa")
    assert routed.wishes == (Wish("noa", WishKind.AFFINITY), Wish("zoe", WishKind.PREFERRED))
    assert routed.reserved_until == NOW + timedelta(seconds=90)


async def test_nothing_is_reserved_for_somebody_who_is_not_there(desk: Desk) -> None:
    await desk.set(distribution_mode="push")
    await _agents(desk, mia="offline")
    routed = await desk.route(former_agent_id="mia")
    assert (routed.wishes, routed.reserved_until) == ((Wish("mia", WishKind.AFFINITY),), None)


@pytest.mark.parametrize(
    "settings", [{"distribution_mode": "pick"}, {"distribution_mode": "push", "affinity": False}]
)
async def test_no_wish_where_agents_pick_or_affinity_is_off(desk: Desk, settings: dict[str, Any]) -> None:
    await desk.set(**settings)
    await _agents(desk, mia="available")
    assert (await desk.route(former_agent_id="mia")).wishes == ()


async def test_who_does_not_serve_the_queue_is_no_wish(desk: Desk) -> None:
    await desk.set(distribution_mode="push")
    assert (await desk.route(former_agent_id="gone")).wishes == ()


async def test_a_read_alone_never_writes(desk: Desk) -> None:
    await desk.queue("few", overflow=_before("waiting_items", waiting=3))
    await desk.lead({"id": "lead", "outputs": _to("few")})
    request = RouteRequest(PAGE_A, "ada", "c1", NOW)
    assert await desk.store.read(lambda session: route(session, request, may_write=False)) is None
    assert await desk.items() == {}


@pytest.mark.parametrize("when_empty", ["keep", "close"])
async def test_a_queue_that_nobody_active_serves_says_what_its_setting_is(
    desk: Desk, when_empty: str
) -> None:
    await desk.set(distribution_mode="push", fallback_queue_id=None)
    await desk.queue("night", when_empty=when_empty)
    await desk.lead({"id": "lead", "outputs": _to("night")})
    await _agents(desk, mia="available")
    assert (await desk.route()).when_empty == when_empty

    await desk.add(tables.QueueMember(queue_id="night", agent_id="mia", freed_at=NOW, last_assigned_at=NOW))
    assert (await desk.route()).when_empty is None

    def deactivate(session: Session) -> None:
        session.get_one(tables.Agent, "mia").active = False

    await desk.store.write(deactivate)
    assert (await desk.route()).when_empty == when_empty
    await desk.set(distribution_mode="pick")
    assert (await desk.route()).when_empty is None
