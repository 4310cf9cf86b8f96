"""The public holidays of countries, from the library `holidays`."""

import holidays

from domain.routing.operating_hours import Holiday

_MAX_NAME = 100


class CountryUnknownError(Exception):
    """The library knows no such country, or no such part of it."""


def public_holidays(country: str, year: int, subdivision: str | None) -> list[Holiday]:
    """The holidays of a year by day, in the country's language. Raises CountryUnknownError."""
    try:
        known = holidays.country_holidays(country, subdiv=subdivision)
        language = known.default_language
        found = holidays.country_holidays(country, subdiv=subdivision, years=year, language=language)
    except NotImplementedError as error:
        raise CountryUnknownError from error
    return [Holiday(name[:_MAX_NAME], day, day) for day, name in sorted(found.items())]
