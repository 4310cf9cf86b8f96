"""The index of words, filled with what there is; lists and threads read in order from an index of theirs."""

import sqlalchemy as sa
from alembic import op

from store.search.texts import Kind, index_entry

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SQLITE_INDEX = (
    # Words are cut and folded before: what is left to do is to part them at blanks. Without the indexes of
    # prefixes, what begins a frequent word is a hundred times as slow to look for as the word itself.
    """CREATE VIRTUAL TABLE search_index USING fts5(
        terms, content='', detail='none', columnsize=0, prefix='2 3 4 5 6',
        tokenize="ascii tokenchars '-_'")""",
    """CREATE TRIGGER search_text_inserted AFTER INSERT ON search_text BEGIN
        INSERT INTO search_index (rowid, terms) VALUES (new.id, new.terms);
    END""",
    """CREATE TRIGGER search_text_deleted AFTER DELETE ON search_text BEGIN
        INSERT INTO search_index (search_index, rowid, terms) VALUES ('delete', old.id, old.terms);
    END""",
    """CREATE TRIGGER search_text_changed AFTER UPDATE OF terms ON search_text BEGIN
        INSERT INTO search_index (search_index, rowid, terms) VALUES ('delete', old.id, old.terms);
        INSERT INTO search_index (rowid, terms) VALUES (new.id, new.terms);
    END""",
)
_POSTGRESQL_INDEX = (
    """CREATE INDEX ix_search_text_terms ON search_text
        USING gin (array_to_tsvector(string_to_array(terms, ' ')))""",
)


_ACTIVITY = "coalesce(last_message_at, opened_at)"
_ARRIVAL = "coalesce(thread_seq, 2147483647)"
# Table, index, columns, and the column that must have a value for a row to be in it.
_OVER: tuple[tuple[str, str, tuple[str, ...], str | None], ...] = (
    ("conversation", "ix_conversation_activity", (_ACTIVITY, "id"), None),
    ("conversation", "ix_conversation_page_activity", ("page_id", _ACTIVITY, "id"), None),
    ("conversation", "ix_conversation_agent_id", ("agent_id",), None),
    ("conversation", "ix_conversation_queue_id", ("queue_id",), None),
    ("message", "ix_message_thread", ("customer_id", "occurred_at"), None),
    ("message", "ix_message_conversation", ("conversation_id", "occurred_at"), None),
    ("message", "ix_message_status", ("status", "created_at"), None),
    ("survey", "ix_survey_page_ended", ("page_id", "ended_at"), None),
)
_NEW: tuple[tuple[str, str, tuple[str, ...], str | None], ...] = (
    ("conversation", "ix_conversation_page_activity", ("page_id", "status", _ACTIVITY, "id"), None),
    ("conversation", "ix_conversation_agent_activity", ("agent_id", "status", _ACTIVITY, "id"), "agent_id"),
    ("conversation", "ix_conversation_queue_activity", ("queue_id", "status", _ACTIVITY, "id"), "queue_id"),
    ("message", "ix_message_thread", ("customer_id", "occurred_at", _ARRIVAL, "id"), None),
    ("message", "ix_message_conversation", ("conversation_id", "occurred_at", _ARRIVAL, "id"), None),
    ("message", "ix_message_status", ("status", "created_at", "id"), "status"),
    ("message", "ix_message_page_status", ("page_id", "status", "created_at", "id"), "status"),
    ("message", "ix_message_agent_status", ("agent_id", "status", "created_at", "id"), "agent_id"),
    ("attachment", "ix_attachment_page_id", ("page_id",), None),
    ("attachment_upload", "ix_attachment_upload_page_id", ("page_id",), None),
    ("customer", "ix_customer_created", ("created_at", "id"), None),
    ("customer", "ix_customer_page_created", ("page_id", "created_at", "id"), None),
    ("customer", "ix_customer_psid", ("psid",), None),
    ("thread", "ix_thread_standard_until", ("standard_until",), "standard_until"),
    ("thread", "ix_thread_human_agent_until", ("human_agent_until",), "human_agent_until"),
    ("event", "ix_event_page", ("page_id", "id"), None),
    ("event", "ix_event_kind", ("kind", "id"), None),
    ("survey", "ix_survey_ended", ("ended_at", "id"), None),
    ("survey", "ix_survey_page_ended", ("page_id", "ended_at", "id"), None),
    ("survey", "ix_survey_status_ended", ("status", "ended_at", "id"), None),
    ("idempotency_record", "ix_idempotency_record_key", ("key",), None),
)
_FILLED_AT_ONCE = 2000
_THERE_IS = {
    Kind.NAME: "SELECT id, page_id, id AS customer_id, name AS words FROM customer "
    "WHERE name <> '' ORDER BY created_at",
    Kind.MESSAGE: "SELECT id, page_id, customer_id, text AS words FROM message "
    "WHERE text <> '' AND sender_kind NOT IN ('automatic', 'survey') ORDER BY created_at",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "search_text",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("terms", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_search_text_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_text")),
        sa.UniqueConstraint(
            "customer_id", "source_id", "kind", name=op.f("uq_search_text_customer_id_source_id_kind")
        ),
        sqlite_autoincrement=True,
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _POSTGRESQL_INDEX if postgresql else _SQLITE_INDEX:
        op.execute(statement)
    _fill()
    for table, index, *_ in _OVER:
        op.drop_index(index, table)
    for each in _NEW:
        _create_index(*each)


def _create_index(table: str, index: str, columns: tuple[str, ...], given: str | None) -> None:
    where = sa.text(f"{given} IS NOT NULL") if given else None
    expressions = [sa.text(each) if "(" in each else each for each in columns]
    op.create_index(index, table, expressions, sqlite_where=where, postgresql_where=where)


def _fill() -> None:
    """Put in what customers are called and what people have said, the oldest first."""
    connection = op.get_bind()
    table = sa.table("search_text", *map(sa.column, ("customer_id", "source_id", "kind", "terms")))
    for kind, statement in _THERE_IS.items():
        rows = connection.execute(sa.text(statement).execution_options(yield_per=_FILLED_AT_ONCE))
        for part in rows.partitions():
            entries = [index_entry(kind, row.id, row.page_id, row.customer_id, row.words) for row in part]
            known = [each for each in entries if each is not None]
            if known:
                connection.execute(table.insert(), known)


def downgrade() -> None:
    """Take it back."""
    for table, index, *_ in _NEW:
        op.drop_index(index, table)
    for each in _OVER:
        _create_index(*each)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_text")
