"""The database itself: connections, lanes, SQL helpers, migrations."""
