"""Erasing a customer's files: from the attachment store first, then their rows, which know where they are."""

from store.attachments.object_store import FileStore
from store.attachments.rows import forget_customer, keys_of_customer
from store.db.database import Database


class FileErasure:
    """What the erasure of a person does about files; it may be asked again."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database = database
        self._files = files

    async def __call__(self, customer_id: str) -> int:
        """Delete the files of a customer and tell how many there were.

        Raises FileStoreError. What is being fetched may be kept between the deletion and the end of its row,
        so all are deleted again; what comes later finds no row, and is deleted by its fetching.
        """
        keys = await self._database.read(lambda s: keys_of_customer(s, customer_id))
        await self.delete(keys)
        await self._database.write(lambda s: forget_customer(s, customer_id))
        await self.delete(keys)
        return len(keys)

    async def delete(self, keys: list[str]) -> None:
        """Delete the files at these places. Raises FileStoreError."""
        for key in keys:
            await self._files.delete(key)
