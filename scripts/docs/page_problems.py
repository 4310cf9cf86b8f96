"""Makes the table of page problems in `docs/delivery.md`."""

from domain.pages.page_problems import KINDS
from scripts.docs.marked import with_table


def renewed(page: str) -> str:
    """The page with its table made anew."""
    return with_table(page, "page problems", f"\n{table()}\n\n")


def table() -> str:
    """The rows as Markdown."""
    rows = [
        f"| `{code}` | `{kind.severity.value}` | {kind.explanation} | {kind.remedy} |"
        for code, kind in KINDS.items()
    ]
    return "\n".join(
        ["| problem | severity | what it means | what to do |", "| --- | --- | --- | --- |", *rows]
    )
