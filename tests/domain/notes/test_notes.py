"""Notes: who may change and delete one."""

import itertools

from domain.access.roles import Role
from domain.notes.notes import may_change, may_delete


def test_authors_alone_change_a_note_and_leaders_may_delete_it() -> None:
    assert may_change("mia", "mia")
    assert not may_change("mia", "tom")
    assert all(may_delete("mia", "mia", role) for role in Role)
    assert [role for role in Role if may_delete("mia", "tom", role)] == [Role.SUPERVISOR, Role.ADMIN]


def test_who_may_change_a_note_may_delete_it() -> None:
    for author, agent, role in itertools.product(("mia", "tom"), ("mia", "tom"), Role):
        assert not may_change(author, agent) or may_delete(author, agent, role)
