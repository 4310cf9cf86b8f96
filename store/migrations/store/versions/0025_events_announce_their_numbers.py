"""On PostgreSQL the table of events itself announces the numbers that a transaction takes (ADR 0024)."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# The keys are those that `store.db.append_order` looks for. A setting that lasts as long as the lock keeps
# one transaction from taking it for each of its statements; both go with a savepoint that is rolled back.
_FUNCTION = """
CREATE FUNCTION announce_event_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('pagedesk.event_numbers_announced', true), '') = '' THEN
        PERFORM pg_advisory_xact_lock_shared(7300001, ((last_value + is_called::int) % 2147483648)::int)
        FROM event_id_seq;
        PERFORM set_config('pagedesk.event_numbers_announced', 'yes', true);
    END IF;
    RETURN NULL;
END
$$
"""
# Before the statement, so before its first row takes a number.
_TRIGGER = """
CREATE TRIGGER announce_event_numbers BEFORE INSERT ON event
FOR EACH STATEMENT EXECUTE FUNCTION announce_event_numbers()
"""


def upgrade() -> None:
    """Add the trigger. SQLite has one writer and needs none."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        op.execute(_TRIGGER)


def downgrade() -> None:
    """Drop it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER announce_event_numbers ON event")
        op.execute("DROP FUNCTION announce_event_numbers()")
