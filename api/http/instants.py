"""The one form of an instant in answers: UTC with a `Z`, where a stored fact has `+00:00` too."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator

_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)\+00:00")


def format_utc(value: Any) -> Any:
    """The same with every text in it that is an instant in UTC written with `Z`."""
    if isinstance(value, dict):
        return {name: format_utc(each) for name, each in value.items()}
    if isinstance(value, list):
        return [format_utc(each) for each in value]
    found = _UTC.fullmatch(value) if isinstance(value, str) else None
    return f"{found[1]}Z" if found else value


Facts = Annotated[dict[str, Any], AfterValidator(format_utc)]
"""Facts of an event: ids, numbers and instants, and no text of people, which could look like an instant."""
