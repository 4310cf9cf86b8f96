"""Quick replies: whose they are, and what is found by what is typed."""

from hypothesis import given
from hypothesis import strategies as st

from domain.access.roles import Role
from domain.quick_replies.quick_replies import (
    Owner,
    QuickReply,
    Wanted,
    find,
    may_change,
    may_see,
)

ALL = Wanted("mia")
HOURS = QuickReply("1", "hours", "Opening hours", tags=("hours",), languages=("en", "de-AT"))
HOLIDAY = QuickReply("2", "holiday", "When we are closed", tags=("hours", "xmas"), languages=("en",))
RETURNS = QuickReply("3", "returns", "Return a parcel", workstream_ids=frozenset({"shop"}))
MINE = QuickReply("4", "bye", "Goodbye", owner_id="mia")
TOMS = QuickReply("5", "bye", "Goodbye", owner_id="tom")
REPLIES = (HOURS, HOLIDAY, RETURNS, MINE, TOMS)

ids = st.sampled_from(["mia", "tom", "eve"])
replies = st.builds(
    QuickReply,
    id=st.uuids().map(str),
    slug=st.text("abc", min_size=1, max_size=3),
    title=st.text("abc xyz", max_size=10),
    owner_id=st.none() | ids,
    tags=st.lists(st.sampled_from(["a", "ab", "x"]), max_size=2).map(tuple),
    workstream_ids=st.frozensets(st.sampled_from(["shop", "help"]), max_size=2),
    languages=st.just(("en",)),
)
wants = st.builds(
    Wanted,
    agent_id=ids,
    owner=st.sampled_from(Owner),
    workstream_id=st.none() | st.sampled_from(["shop", "help"]),
    tag=st.none() | st.sampled_from(["a", "x"]),
    typed=st.text("abcxyz# ", max_size=4),
)


def slugs(wanted: Wanted) -> list[str]:
    return [reply.slug for _, reply in find(REPLIES, wanted)]


def typed(text: str) -> list[str]:
    return slugs(Wanted("mia", typed=text))


def test_an_agent_sees_the_shared_ones_and_their_own() -> None:
    assert [reply.id for _, reply in find(REPLIES, ALL)] == ["4", "2", "1", "3"]
    assert slugs(Wanted("mia", Owner.SHARED)) == ["holiday", "hours", "returns"]
    assert slugs(Wanted("mia", Owner.ME)) == ["bye"]
    assert slugs(Wanted("eve", Owner.ME)) == []


def test_leaders_change_shared_ones_and_owners_their_own() -> None:
    assert [role for role in Role if may_change(None, "mia", role)] == [Role.SUPERVISOR, Role.ADMIN]
    assert all(may_change("mia", "mia", role) for role in Role)
    assert not any(may_change("tom", "mia", role) for role in Role)


def test_what_names_no_workstream_is_of_all() -> None:
    assert slugs(Wanted("mia", workstream_id="shop")) == ["bye", "holiday", "hours", "returns"]
    assert slugs(Wanted("mia", workstream_id="help")) == ["bye", "holiday", "hours"]


def test_a_language_and_a_tag_narrow() -> None:
    assert slugs(Wanted("mia", language="de-at")) == ["hours"]
    assert slugs(Wanted("mia", tag="XMAS")) == ["holiday"]


def test_slugs_come_first_then_titles_then_tags() -> None:
    assert typed("hours") == ["hours", "holiday"]
    assert typed("ho") == ["holiday", "hours"]
    assert typed("Óp hou") == []
    assert typed("opening HOU") == ["hours"]
    assert typed("xmas closed") == ["holiday"]
    assert typed("#xm") == ["holiday"]
    assert typed("#") == ["holiday", "hours"]
    assert typed("?!") == []


@given(st.lists(replies, max_size=8, unique_by=lambda each: each.id), wants)
def test_nobody_finds_what_is_somebody_elses_or_of_another_workstream(
    known: list[QuickReply], wanted: Wanted
) -> None:
    found = find(known, wanted)
    assert [place for place, _ in found] == sorted({place for place, _ in found})
    for place, reply in found:
        assert may_see(reply.owner_id, wanted.agent_id)
        assert place[1:] == (reply.slug, reply.id)
        if wanted.workstream_id is not None and reply.workstream_ids:
            assert wanted.workstream_id in reply.workstream_ids


@given(st.lists(replies, max_size=8, unique_by=lambda each: each.id), wants)
def test_who_types_more_finds_no_more_unless_it_is_another_word(
    known: list[QuickReply], wanted: Wanted
) -> None:
    everything = Wanted(wanted.agent_id, wanted.owner, wanted.workstream_id, wanted.language, wanted.tag)
    assert {reply.id for _, reply in find(known, wanted)} <= {
        reply.id for _, reply in find(known, everything)
    }


@given(replies)
def test_a_reply_is_found_by_its_own_slug_first(reply: QuickReply) -> None:
    wanted = Wanted(reply.owner_id or "mia", typed=reply.slug)
    others = [QuickReply("0", reply.slug + "c", reply.slug)]
    (_, best), *_ = find([*others, reply], wanted)
    assert best.id == reply.id
