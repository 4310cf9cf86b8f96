"""What the sandbox remembers over a restart: an append-only journal of puts and deletes in one file.

Each change goes to the operating system as it happens, so `kill -9` loses nothing that was answered. At start
the journal is read, and written anew without what was overtaken.
"""

import os
from pathlib import Path
from typing import Any

import orjson


class Journal:
    """A persistent dictionary of (kind, key) → value. Without a file it forgets all and costs nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file: int | None = None
        self.loaded: dict[tuple[str, str], Any] = {}
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self.loaded = _read(path)
        self._rewrite(path)

    def put(self, kind: str, key: str, value: Any) -> None:
        """Remember a value: JSON, or a flat dataclass. None forgets the key."""
        if self._file is not None:
            os.write(self._file, orjson.dumps([kind, key, value], option=orjson.OPT_APPEND_NEWLINE))

    def clear(self) -> None:
        """Forget everything."""
        if self._file is not None:
            os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Give the file back; later changes are not remembered."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _rewrite(self, path: Path) -> None:
        fresh = path.with_suffix(path.suffix + ".new")
        with fresh.open("wb") as file:
            for (kind, key), value in self.loaded.items():
                file.write(orjson.dumps([kind, key, value], option=orjson.OPT_APPEND_NEWLINE))
        fresh.chmod(0o600)
        fresh.replace(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)


def _read(path: Path) -> dict[tuple[str, str], Any]:
    values: dict[tuple[str, str], Any] = {}
    if not path.exists():
        return values
    lines = path.read_bytes().split(b"\n")
    lines.pop()  # empty, or the torn end of a killed write
    for line in lines:
        kind, key, value = orjson.loads(line)
        if value is None:
            values.pop((kind, key), None)
        else:
            values[kind, key] = value
    return values
