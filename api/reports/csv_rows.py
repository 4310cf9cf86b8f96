"""Rows as CSV by RFC 4180, for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The rows below a header; None is an empty field.

    A text that a spreadsheet would take for a formula gets an apostrophe before it, with signs of full width,
    which East Asian spreadsheets take for the usual ones, too. Source:
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(header)
    writer.writerows([_field(value) for value in row] for row in rows)
    return written.getvalue()


def _field(value: object) -> object:
    if isinstance(value, str) and (
        value.startswith(_BEGINS_FORMULA) or value.lstrip().startswith(_BEGINS_FORMULA)
    ):
        return f"'{value}"
    return value
