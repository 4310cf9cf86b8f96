"""What is wrong with a setting that somebody wants to save, field by field."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field.

    `path` leads to it as in the JSON of a request, such as `rules.3.conditions.items.0.operator`. `code` is
    stable; `message` is a sentence for the person who set it.
    """

    path: str
    code: str
    message: str


def under(path: str, errors: Iterable[FieldError]) -> list[FieldError]:
    """The same errors of something that lies at `path` of something larger."""
    return [replace(error, path=f"{path}.{error.path}" if error.path else path) for error in errors]


def out_of_range(path: str, value: float, smallest: float, largest: float) -> list[FieldError]:
    """An error if the value is not within `[smallest, largest]`."""
    if smallest <= value <= largest:
        return []
    return [FieldError(path, "out_of_range", f"Has to be from {smallest} to {largest}.")]


def too_many(path: str, count: int, largest: int) -> list[FieldError]:
    """An error if there are more than `largest`."""
    return [FieldError(path, "too_many", f"At most {largest} are possible.")] if count > largest else []


def duplicates(path: str, keys: Iterable[object]) -> list[FieldError]:
    """An error for each key that was there before, at its place in the list."""
    seen: set[object] = set()
    errors = []
    for place, key in enumerate(keys):
        if key in seen:
            errors.append(
                FieldError(f"{path}.{place}".removeprefix("."), "duplicate", "Is in the list twice.")
            )
        seen.add(key)
    return errors
