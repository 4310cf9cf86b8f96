"""The attachment store: a local folder or an object store, by its URL. It holds what was checked, no more.

`s3://bucket/prefix`, `gs://…`, `az://…` take their credentials from the environment, as their own tools do.
"""

from collections.abc import AsyncIterator
from typing import IO

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

_CHUNK = 5 * 1024 * 1024
"""The least that S3 takes as a part of an upload in parts."""
_READ = 64 * 1024


class FileStoreError(Exception):
    """The attachment store gave no answer that can be used. Try again."""


class FileGoneError(Exception):
    """The attachment store has no such file."""


class FileStore:
    """Files by key."""

    def __init__(self, url: str) -> None:
        # A folder is made; with a bucket there is nothing to make.
        self._store = from_url(url, mkdir=True) if url.startswith("file:") else from_url(url)

    async def put(self, key: str, file: IO[bytes]) -> None:
        """Keep a file, from its beginning, in place of the one that may be there. Raises FileStoreError."""
        file.seek(0)
        try:
            await obstore.put_async(self._store, key, file, chunk_size=_CHUNK, max_concurrency=1)
        except (BaseError, OSError) as error:
            raise FileStoreError(type(error).__name__) from error

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes of a file. Raises FileGoneError before the first, and FileStoreError."""
        try:
            found = await obstore.get_async(self._store, key)
        except FileNotFoundError as error:
            raise FileGoneError from error
        except (BaseError, OSError) as error:
            raise FileStoreError(type(error).__name__) from error
        return _bytes(found)

    async def delete(self, key: str) -> None:
        """Forget a file; one that is not there is forgotten already. Raises FileStoreError."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise FileStoreError(type(error).__name__) from error


async def _bytes(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    try:
        async for chunk in found.stream(min_chunk_size=_READ):
            yield bytes(chunk)
    except (BaseError, OSError) as error:
        raise FileStoreError(type(error).__name__) from error
