"""Replacing what stands between two marks of a page, `<!-- name -->` and `<!-- /name -->`."""

import re


def with_table(page: str, name: str, table: str) -> str:
    """The page with this between the marks. Raises ValueError where it has no such marks."""
    marked = re.compile(f"(<!-- {name} -->\n).*(<!-- /{name} -->)", re.DOTALL)
    page, found = marked.subn(lambda marks: marks[1] + table + marks[2], page)
    if found != 1:
        raise ValueError(f"The page has no marks for {name}.")
    return page
