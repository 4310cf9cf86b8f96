"""Notes on conversations, with an index of their words."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_FTS5 = """fts5(terms, content='', detail='none', columnsize=0, prefix='2 3 4 5 6',
    tokenize="ascii tokenchars '-_'")"""
_DELETE = (
    "INSERT INTO search_index_note (search_index_note, rowid, terms) VALUES ('delete', old.id, old.terms);"
)
_INSERT = "INSERT INTO search_index_note (rowid, terms) VALUES (new.id, new.terms);"
_SQLITE = (
    f"CREATE VIRTUAL TABLE search_index_note USING {_FTS5}",
    (
        "CREATE TRIGGER search_text_note_inserted AFTER INSERT ON search_text WHEN new.kind = 'note' "
        f"BEGIN {_INSERT} END"
    ),
    (
        "CREATE TRIGGER search_text_note_deleted AFTER DELETE ON search_text WHEN old.kind = 'note' "
        f"BEGIN {_DELETE} END"
    ),
    (
        "CREATE TRIGGER search_text_note_changed AFTER UPDATE OF terms ON search_text WHEN old.kind = 'note' "
        f"BEGIN {_DELETE} {_INSERT} END"
    ),
)
_POSTGRESQL = (
    (
        "CREATE INDEX ix_search_text_note_terms ON search_text "
        "USING gin (array_to_tsvector(string_to_array(terms, ' '))) WHERE kind = 'note'"
    ),
)


def upgrade() -> None:
    """Add the table and the index."""
    op.create_table(
        "note",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("page_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_note_customer_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_note_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index("ix_note_conversation", "note", ["conversation_id", "created_at", "id"])
    op.create_index("ix_note_customer", "note", ["customer_id", "created_at", "id"])
    for statement in _POSTGRESQL if _is_postgresql() else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, with the words of notes."""
    op.execute("DELETE FROM search_text WHERE kind = 'note'")
    if _is_postgresql():
        op.execute("DROP INDEX ix_search_text_note_terms")
    else:
        for event in ("inserted", "deleted", "changed"):
            op.execute(f"DROP TRIGGER search_text_note_{event}")
        op.execute("DROP TABLE search_index_note")
    op.drop_table("note")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
