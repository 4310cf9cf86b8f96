"""Giving Meta an agent's file before its message is tried. An upload sends nothing: it may be repeated."""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import datetime
from typing import IO

from activities.common.page_credentials import page_credentials
from base.secrets import Vault
from messenger.graph.call import Upload
from messenger.graph.client import GraphClient
from messenger.graph.error_table import ErrorKind, Meaning
from messenger.graph.errors import GraphError
from messenger.graph.results import GraphUnavailable, NotSent, Refused
from store.attachments.object_store import FileGoneError, FileStore, FileStoreError
from store.attachments.uploads import WantedUpload, keep_meta_id
from store.db.database import Database
from store.tables import Attachment

STORE_TIMEOUT_SECONDS = 5.0
"""With the wait for the page's turn and `UPLOAD_TIMEOUT_SECONDS` less than a send may take. One that Temporal
gives up would be begun anew for ever."""

_GONE = Meaning(ErrorKind.MESSAGE, "The file is not in the attachment store any more.", "Upload it again.")


class Uploads:
    """The step before an attempt."""

    def __init__(self, database: Database, graph: GraphClient, vault: Vault, files: FileStore) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._files = files

    async def upload(self, wanted: WantedUpload, now: Callable[[], datetime]) -> Refused | NotSent | None:
        """Have Meta know a file; the outcome if that is not to be had."""
        try:
            meta_id = await self._upload(wanted)
        except FileGoneError:
            return Refused(GraphError(_GONE, status=0))
        except FileStoreError:
            return NotSent("attachment_store_unavailable")
        except GraphUnavailable as error:
            return NotSent(str(error))
        except GraphError as error:
            return NotSent(error.reason) if error.outcome_unknown else Refused(error)
        await self._database.write(lambda s: keep_meta_id(s, wanted, meta_id, now()))
        return None

    async def _upload(self, wanted: WantedUpload) -> str:
        file = wanted.file
        if file is None or file.store_key is None:
            raise FileGoneError
        credentials = await self._database.read(lambda s: page_credentials(s, self._vault, wanted.page_id))
        with tempfile.TemporaryFile() as content:
            await self._fetch(file.store_key, content)
            content.seek(0)
            named = Upload(file.name or file.id, _plain(file), content)
            return await self._graph.upload_file(credentials, file.kind, named)

    async def _fetch(self, key: str, content: IO[bytes]) -> None:
        try:
            async with asyncio.timeout(STORE_TIMEOUT_SECONDS):
                async for chunk in await self._files.read(key):
                    content.write(chunk)
        except TimeoutError as error:
            raise FileStoreError("it is too slow") from error


def _plain(file: Attachment) -> str:
    """The content type without its parameters."""
    return (file.content_type or "application/octet-stream").partition(";")[0]
