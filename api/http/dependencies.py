"""What lives as long as the application, and how an endpoint asks for it.

`api.app` puts each such object into `app.state`; the module that it belongs to exports the dependency that
reads it from there, as `DatabaseDep` below.
"""

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from base.settings import Settings
from store.db.database import Database


def from_app(name: str) -> Any:
    """A dependency on `app.state.<name>`."""

    async def read(connection: HTTPConnection) -> Any:
        return getattr(connection.app.state, name)

    return Depends(read)


SettingsDep = Annotated[Settings, from_app("settings")]
DatabaseDep = Annotated[Database, from_app("database")]
