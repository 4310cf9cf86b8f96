"""What the installation knows of itself."""

from sqlmodel import Field, SQLModel


class Installation(SQLModel, table=True):
    """What an installation knows of itself, compared at every start: see `store.installation`."""

    name: str = Field(primary_key=True)
    value: str
