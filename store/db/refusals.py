"""What the store refuses because of what it holds."""

from typing import Any


class StoreRefusalError(Exception):
    """A change that the stored facts forbid. `code` is one of the API's problem codes, `facts` its extras."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def not_found(resource: str, id: str) -> StoreRefusalError:  # noqa: A002 - the resource's id
    """There is no `resource` with this id, or none that is shown."""
    return StoreRefusalError("not_found", resource=resource, id=id)
