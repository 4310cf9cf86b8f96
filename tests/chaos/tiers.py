"""The tiers of the long fault runs, each with a report of its own: `make chaos TIER=…`."""

TITLES = {
    "inbound": "Fault trials of the way in",
    "sends": "Fault trials of the way out",
    "postgres": "Fault trials of two APIs and two workers on PostgreSQL",
    "discarded": "Fault trials of discarded workflow tasks",
    "offers": "Fault trials of work distribution",
}


def tier_of(file_name: str) -> str:
    """The tier of a test file, by its name: `test_sends_….py`, and so on; the way in has the others."""
    for tier in ("sends", "postgres", "discarded", "offers"):
        if file_name.startswith(f"test_{tier}"):
            return tier
    return "inbound"
