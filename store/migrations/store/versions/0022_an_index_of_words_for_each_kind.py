"""Names and messages have word indexes of their own; a customer's conversations are read by activity.

In one index for both, a search for a rarer word passed the marks of all messages that are newer.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_KINDS = ("message", "name")
_FTS5 = """fts5(terms, content='', detail='none', columnsize=0, prefix='2 3 4 5 6',
    tokenize="ascii tokenchars '-_'")"""
_EVENTS = ("inserted", "deleted", "changed")
_CUSTOMER_INDEX = ("customer_id", sa.text("coalesce(last_message_at, opened_at)"), "id", "status")


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_conversation_customer_id", "conversation")
    op.create_index("ix_conversation_customer_activity", "conversation", _CUSTOMER_INDEX)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_search_text_terms")
        for kind in _KINDS:
            op.execute(
                f"CREATE INDEX ix_search_text_{kind}_terms ON search_text "
                f"USING gin (array_to_tsvector(string_to_array(terms, ' '))) WHERE kind = '{kind}'"
            )
        return
    for event in _EVENTS:
        op.execute(f"DROP TRIGGER search_text_{event}")
    op.execute("DROP TABLE search_index")
    for kind in _KINDS:
        _make_sqlite_index(f"search_index_{kind}", f"search_text_{kind}", kind)


def _make_sqlite_index(index: str, trigger: str, kind: str | None) -> None:
    """An index, filled with what there is, and the triggers that keep it in step; None: of every kind."""
    old, new = (f"WHEN {row}.kind = '{kind}'" if kind else "" for row in ("old", "new"))
    delete = f"INSERT INTO {index} ({index}, rowid, terms) VALUES ('delete', old.id, old.terms);"  # noqa: S608 - ours
    insert = f"INSERT INTO {index} (rowid, terms) VALUES (new.id, new.terms);"  # noqa: S608 - ours
    op.execute(f"CREATE VIRTUAL TABLE {index} USING {_FTS5}")
    where = f"WHERE kind = '{kind}'" if kind else ""
    there_is = f"SELECT id, terms FROM search_text {where} ORDER BY id"  # noqa: S608 - ours
    op.execute(f"INSERT INTO {index} (rowid, terms) {there_is}")
    op.execute(f"CREATE TRIGGER {trigger}_inserted AFTER INSERT ON search_text {new} BEGIN {insert} END")
    op.execute(f"CREATE TRIGGER {trigger}_deleted AFTER DELETE ON search_text {old} BEGIN {delete} END")
    op.execute(
        f"CREATE TRIGGER {trigger}_changed AFTER UPDATE OF terms ON search_text {old} "
        f"BEGIN {delete} {insert} END"
    )


def downgrade() -> None:
    """Take it back. Entries that have been written since have no mark of their kind and are not found."""
    op.drop_index("ix_conversation_customer_activity", "conversation")
    op.create_index("ix_conversation_customer_id", "conversation", ["customer_id"])
    if op.get_bind().dialect.name == "postgresql":
        for kind in _KINDS:
            op.execute(f"DROP INDEX ix_search_text_{kind}_terms")
        op.execute(
            "CREATE INDEX ix_search_text_terms ON search_text "
            "USING gin (array_to_tsvector(string_to_array(terms, ' ')))"
        )
        return
    for kind in _KINDS:
        for event in _EVENTS:
            op.execute(f"DROP TRIGGER search_text_{kind}_{event}")
        op.execute(f"DROP TABLE search_index_{kind}")
    _make_sqlite_index("search_index", "search_text", None)
