"""Contacts: what they are known by, who a customer is, and two as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contacts.contacts import ContactContent, merge
from domain.contacts.identification import IdentificationRule, Identified, Told, identify, told_by
from domain.contacts.keys import KeyKind, key_of

EMAIL, PHONE, NUMBER = KeyKind.EMAIL, KeyKind.PHONE, KeyKind.NUMBER
RULES = (
    IdentificationRule("Mail", EMAIL, creates=True),
    IdentificationRule("OtherMail", EMAIL, creates=True),
    IdentificationRule("CustomerNumber", NUMBER),
)

words = st.none() | st.text("ab", min_size=1, max_size=3)
contents = st.builds(
    ContactContent,
    name=words,
    email=words,
    phone=words,
    number=words,
    fields=st.dictionaries(st.sampled_from(["x", "y"]), st.text("ab", min_size=1, max_size=2)),
)


@pytest.mark.parametrize(
    ("kind", "written", "key"),
    [
        (EMAIL, " Ada@Example.ORG ", "ada@example.org"),
        (EMAIL, "ada", None),
        (EMAIL, "ada@", None),
        (EMAIL, "a b@c", None),
        (PHONE, "+49 (0)170 / 123-45.67", "+491701234567"),
        (PHONE, "0049 170 1234567", "+491701234567"),
        (PHONE, "0170 1234567", "01701234567"),
        (PHONE, "(030) 123456", "030123456"),
        (PHONE, "+49\u2013170\u20131234567", "+491701234567"),
        (PHONE, "1234", None),
        (PHONE, "call me", None),
        (PHONE, "+", None),
        (NUMBER, " KD-0042 ", "kd-0042"),
        (NUMBER, "  ", None),
        (NUMBER, None, None),
    ],
)
def test_a_key_is_the_same_however_it_is_written(kind: KeyKind, written: str | None, key: str | None) -> None:
    assert key_of(kind, written) == key


@given(st.sampled_from(KeyKind), st.text(max_size=30))
def test_a_key_is_its_own_key(kind: KeyKind, written: str) -> None:
    key = key_of(kind, written)
    assert key is None or key_of(kind, key) == key


def test_variables_tell_keys_by_rules_alone() -> None:
    variables = {"Mail": "Ada@example.org", "OtherMail": "b@c", "CustomerNumber": 42, "Name": "Ada"}
    told = told_by(RULES, variables)
    assert told.keys == {(EMAIL, "ada@example.org"), (EMAIL, "b@c"), (NUMBER, "42")}
    assert told.written == ((EMAIL, "Ada@example.org"),)
    assert told_by(RULES, {"Mail": "no address", "Name": "Ada"}) == Told()
    assert told_by((), variables) == Told()


def test_exactly_one_match_links_two_do_not_and_none_makes_a_new_one() -> None:
    told = told_by(RULES, {"Mail": "a@b", "CustomerNumber": "7"})
    assert identify(told, ["x", "x"]) == Identified("x")
    assert identify(told, ["x", "y"]) == Identified()
    assert identify(told, []) == Identified(is_new=True)
    assert identify(told_by(RULES, {"CustomerNumber": "7"}), []) == Identified()


@given(st.builds(Told, written=st.just(((EMAIL, "a@b"),)) | st.just(())), st.lists(st.sampled_from("xyz")))
def test_nobody_is_guessed_at(told: Told, matching: list[str]) -> None:
    found = identify(told, matching)
    assert (found.contact_id is not None) == (len(set(matching)) == 1)
    assert not (found.is_new and matching)


@given(contents, contents)
def test_a_merge_loses_nothing_that_the_kept_one_does_not_say_otherwise(
    kept: ContactContent, other: ContactContent
) -> None:
    both = merge(kept, other)
    for name in ("name", "email", "phone", "number"):
        assert getattr(both, name) == (getattr(kept, name) or getattr(other, name))
    assert both.fields == {**other.fields, **kept.fields}
    assert merge(kept, kept) == kept
    assert merge(both, other) == both
