"""How many conversations a reader's lists have, as the API and the event stream tell it."""

from dataclasses import asdict
from typing import Annotated, Self

from pydantic import BaseModel, Field

from store.conversations.counts import MAX_COUNTED, ListCounts

Count = Annotated[int, Field(ge=0, le=MAX_COUNTED, description=f"{MAX_COUNTED} stands for more, too.")]


class CountsView(BaseModel):
    """How many conversations these lists of `GET /v1/conversations` have for you.

    `mine`: `agent_id=me&status=active&status=wrap_up`; `open`: `status=open`; `waiting`: `status=waiting`;
    `closing_soon`: `window=closing_soon` of those that are not closed.
    """

    mine: Count
    open: Count
    waiting: Count
    closing_soon: Count

    @classmethod
    def of(cls, counts: ListCounts) -> Self:
        """The counts as they were read."""
        return cls.model_validate(asdict(counts))
