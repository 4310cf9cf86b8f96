"""Contacts: the people in the business's own books. Several customers may be one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

MAX_FIELDS = 50
"""So many fields of its own may a business have."""
MAX_VALUE_LENGTH = 1000
MAX_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class ContactContent:
    """What is known of a contact. `fields`: values of the business's own fields, by their names."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    number: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known: such a contact could not be told from another."""
        return not any((self.name, self.email, self.phone, self.number))


def merge(kept: ContactContent, other: ContactContent) -> ContactContent:
    """Two contacts as one: what the one that is kept does not tell, the other does."""
    values = {
        each.name: getattr(kept, each.name) or getattr(other, each.name)
        for each in fields(ContactContent)
        if each.name != "fields"
    }
    return ContactContent(**values, fields={**other.fields, **kept.fields})
