"""Contacts, which customers are linked to them, and an index of their words."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FTS5 = """fts5(terms, content='', detail='none', columnsize=0, prefix='2 3 4 5 6',
    tokenize="ascii tokenchars '-_'")"""
_INDEX = "search_index_contact"
_DELETE = f"INSERT INTO {_INDEX} ({_INDEX}, rowid, terms) VALUES ('delete', old.id, old.terms);"  # noqa: S608 - ours
_INSERT = f"INSERT INTO {_INDEX} (rowid, terms) VALUES (new.id, new.terms);"  # noqa: S608 - ours
_SQLITE = (
    f"CREATE VIRTUAL TABLE {_INDEX} USING {_FTS5}",
    f"CREATE TRIGGER contact_words_inserted AFTER INSERT ON contact_words BEGIN {_INSERT} END",
    f"CREATE TRIGGER contact_words_deleted AFTER DELETE ON contact_words BEGIN {_DELETE} END",
    (
        f"CREATE TRIGGER contact_words_changed AFTER UPDATE OF terms ON contact_words "
        f"BEGIN {_DELETE} {_INSERT} END"
    ),
)
_POSTGRESQL = (
    "CREATE INDEX ix_contact_words_terms ON contact_words "
    "USING gin (array_to_tsvector(string_to_array(terms, ' ')))"
)
_KEYS = ("email_key", "phone_key", "number_key")


def upgrade() -> None:
    """Add the tables and the index."""
    op.create_table(
        "contact",
        _text("id"),
        *(_text(name, nullable=True) for name in ("name", "email", "phone", "number", *_KEYS)),
        _instant("created_at"),
        _instant("changed_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index("ix_contact_created", "contact", ["created_at", "id"])
    for key in _KEYS:
        op.create_index(op.f(f"ix_contact_{key}"), "contact", [key])
    op.create_table(
        "contact_link",
        _text("customer_id"),
        _text("contact_id", nullable=True),
        _text("agent_id", nullable=True),
        _instant("at"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_contact_link_customer_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_link_contact_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_contact_link")),
    )
    op.create_index(op.f("ix_contact_link_contact_id"), "contact_link", ["contact_id"])
    op.create_table(
        "contact_field",
        _text("name"),
        _text("title"),
        _instant("created_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_contact_field")),
    )
    op.create_table(
        "contact_value",
        _text("contact_id"),
        _text("field"),
        _text("value"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_value_contact_id")),
        sa.ForeignKeyConstraint(["field"], ["contact_field.name"], name=op.f("fk_contact_value_field")),
        sa.PrimaryKeyConstraint("contact_id", "field", name=op.f("pk_contact_value")),
    )
    op.create_index(op.f("ix_contact_value_field"), "contact_value", ["field"])
    op.create_table(
        "contact_rule",
        _text("variable"),
        _text("key"),
        sa.Column("creates", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("variable", name=op.f("pk_contact_rule")),
    )
    op.create_table(
        "contact_words",
        sa.Column("id", _BIG, nullable=False),
        _text("contact_id"),
        _text("terms"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_words_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_words")),
        sa.UniqueConstraint("contact_id", name=op.f("uq_contact_words_contact_id")),
        sqlite_autoincrement=True,
    )
    if _is_postgresql():
        op.execute(_POSTGRESQL)
    else:
        for statement in _SQLITE:
            op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    if not _is_postgresql():
        op.execute(f"DROP TABLE {_INDEX}")
    for name in ("words", "rule", "value", "field", "link"):
        op.drop_table(f"contact_{name}")
    op.drop_table("contact")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
