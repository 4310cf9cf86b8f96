"""The table of page problems in `docs/delivery.md`: `python -m domain.pages.problems_page` prints it."""

import sys

from domain.pages.problems import KINDS


def table() -> str:
    """The rows as Markdown."""
    rows = [
        f"| `{code}` | `{kind.severity.value}` | {kind.explanation} | {kind.remedy} |"
        for code, kind in KINDS.items()
    ]
    return "\n".join(
        ["| problem | severity | what it means | what to do |", "| --- | --- | --- | --- |", *rows]
    )


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
