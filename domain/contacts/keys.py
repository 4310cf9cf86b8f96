"""What a contact is known by: an e-mail address, a telephone number, a number of the business's own.

Two ways to write the same key are told to be the same. A name is no key: people share names.
"""

import re
import unicodedata
from enum import StrEnum

MIN_PHONE_DIGITS = 5
_BETWEEN_DIGITS = re.compile(r"[\s()/.\u2010-\u2015-]+")
_PHONE = re.compile(rf"\+?[0-9]{{{MIN_PHONE_DIGITS},20}}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class KeyKind(StrEnum):
    """What kind of key it is: the name of the field that has it."""

    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"


Key = tuple[KeyKind, str]
"""A key as it is compared."""


def key_of(kind: KeyKind, written: str | None) -> str | None:
    """The key as it is compared; None for what is none of this kind.

    E-mail addresses and numbers are compared without regard to case. Of a telephone number only digits count,
    and a plus or two zeros before the country's code; a number without that code is another than one with it.
    """
    if written is None:
        return None
    plain = unicodedata.normalize("NFKC", written).strip()
    if kind is KeyKind.PHONE:
        # In "+49 (0)170" the zero is for calls from within the country.
        national = plain.replace("(0)", "") if plain.startswith(("+", "00")) else plain
        digits = _BETWEEN_DIGITS.sub("", national)
        digits = "+" + digits[2:] if digits.startswith("00") else digits
        return digits if _PHONE.fullmatch(digits) else None
    folded = plain.casefold()
    if kind is KeyKind.EMAIL:
        return folded if _EMAIL.fullmatch(folded) else None
    return folded or None
