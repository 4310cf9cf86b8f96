"""What the installation knows of itself."""

from sqlmodel import Field, SQLModel


class Installation(SQLModel, table=True):
    """What an installation knows of itself, compared at every start.

    By `store.installation.installation`.
    """

    name: str = Field(primary_key=True)
    value: str
