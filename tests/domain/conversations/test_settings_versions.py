"""Settings never go backwards, in whatever order readings of them arrive."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.conversations.conversation import with_settings
from domain.conversations.state import ThreadState
from domain.workstreams.conversation_settings import ConversationSettings
from support.story import NOON

HISTORY = [
    ConversationSettings(window_warning_seconds=said % 3, version=version)
    for version, said in enumerate([0, 1, 1, 2, 0, 2, 2, 1], start=1)
]
"""A page's settings, version by version; some changes change nothing."""

readings = st.lists(st.sampled_from(HISTORY), max_size=20)


@given(read=readings)
def test_the_newest_reading_holds_whatever_comes_after_it(read: list[ConversationSettings]) -> None:
    state = ThreadState()
    newest = 0
    for number, settings in enumerate(read):
        before = state
        state = with_settings(state, settings, NOON + timedelta(minutes=number))
        newest = max(newest, settings.version)
        assert state.settings.version == newest
        assert state.settings == HISTORY[newest - 1]
        if settings.version <= before.settings.version:
            assert state is before


@given(read=readings)
def test_only_what_says_something_else_is_a_change(read: list[ConversationSettings]) -> None:
    state = ThreadState()
    for number, settings in enumerate(read):
        at = NOON + timedelta(minutes=number)
        before, state = state, with_settings(state, settings, at)
        changed = settings.version > before.settings.version and settings != before.settings
        assert state.settings_since == (at if changed else before.settings_since)


def test_the_same_version_read_again_does_not_count() -> None:
    """One reading may have seen half of a later change; the next version has all of it."""
    state = with_settings(ThreadState(), HISTORY[3], NOON)
    assert with_settings(state, replace(HISTORY[3], window_warning_seconds=99), NOON) is state
