"""What the installation knows of itself."""

from sqlmodel import Field, SQLModel

from store.tables.erasure_policy import Harmless


class Installation(SQLModel, table=True):
    """What an installation knows of itself, compared at every start.

    By `store.installation.installation`.
    """

    name: Harmless[str] = Field(primary_key=True)
    value: Harmless[str]
