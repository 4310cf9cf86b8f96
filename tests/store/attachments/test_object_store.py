"""The attachment store: what goes wrong there has one name."""

from pathlib import Path
from unittest import mock

import pytest
from obstore.exceptions import GenericError

from store.attachments.object_store import FileStore, FileStoreError


async def test_a_store_that_fails_in_the_middle_of_a_file_is_one_that_gives_no_answer(tmp_path: Path) -> None:
    files = FileStore(tmp_path.as_uri())
    found = mock.Mock()
    found.stream.return_value.__aiter__ = mock.Mock(side_effect=GenericError("reset by peer"))
    with mock.patch("store.attachments.object_store.obstore.get_async", mock.AsyncMock(return_value=found)):
        content = await files.read("key")
    with pytest.raises(FileStoreError):
        async for _ in content:
            pass
