"""C09: the console's own tests read what the rules say of replies; the file is as the rules are now."""

import json

from support.reply_cases import CHECKED, FILE, find_cases


def test_the_consoles_cases_of_replies_are_those_of_the_rules() -> None:
    written = json.loads(FILE.read_text())
    missing = [case for case in find_cases(CHECKED) if case not in written]
    assert missing == [], "Run: PYTHONPATH=tests .venv/bin/python -m support.reply_cases"
