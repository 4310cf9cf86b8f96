"""The recorded histories on disk: `<release>/<scenario>.<run>.json`, `<scenario>.state.json` and SHA256SUMS.

A set may be recorded anew until its release. From then on it is frozen: FROZEN names the digest of its
SHA256SUMS, and neither it nor the set ever changes again. A set stays for as long as a run of its release may
still be open or its rows may still be read.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

HERE = Path(__file__).parent
FROZEN = HERE / "FROZEN"
SUMS = "SHA256SUMS"


class FrozenError(Exception):
    """The set of a release that is out is not recorded again."""


@dataclass(frozen=True)
class ReleaseSet:
    """The recorded set of one release."""

    directory: Path

    @property
    def release(self) -> str:
        """Major and minor."""
        return self.directory.name

    @property
    def files(self) -> list[Path]:
        """Everything recorded, in the order of names."""
        return sorted(self.directory.glob("*.json"))

    @property
    def histories(self) -> list[Path]:
        """The runs."""
        return [path for path in self.files if not path.name.endswith(".state.json")]

    @property
    def states(self) -> list[Path]:
        """The rows that the scenarios left."""
        return [path for path in self.files if path.name.endswith(".state.json")]

    def sums(self) -> str:
        """What SHA256SUMS must say, as `sha256sum` writes it."""
        return "".join(f"{digest(path)}  {path.name}\n" for path in self.files)

    def written_sums(self) -> str:
        """What it says."""
        return (self.directory / SUMS).read_text()

    def empty(self) -> None:
        """Make room for a new recording. Raises FrozenError."""
        if self.release in frozen():
            raise FrozenError(f"{self.release} is released; its histories stay as they are. Record the next.")
        self.directory.mkdir(exist_ok=True)
        for path in self.files:
            path.unlink()

    def write(self, name: str, content: Any) -> None:
        """Keep one file."""
        (self.directory / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")

    def close(self) -> None:
        """Sum up what was written."""
        (self.directory / SUMS).write_text(self.sums())

    def freeze(self) -> None:
        """Note that the release is out."""
        if self.release not in frozen():
            with FROZEN.open("a") as file:
                file.write(f"{digest(self.directory / SUMS)}  {self.release}\n")


def this_release() -> str:
    """The release that the code is, or is on the way to."""
    return ".".join(version("pagedesk").split(".")[:2])


def set_of(release: str) -> ReleaseSet:
    """The set of a release, recorded or not."""
    if not re.fullmatch(r"\d+\.\d+", release):
        raise ValueError(f"A release is named like 1.2, not {release}.")
    return ReleaseSet(HERE / release)


def release_sets() -> list[ReleaseSet]:
    """All recorded sets."""
    return [ReleaseSet(path) for path in sorted(HERE.iterdir()) if re.fullmatch(r"\d+\.\d+", path.name)]


def frozen() -> dict[str, str]:
    """The digests of the SHA256SUMS of what is released."""
    lines = [line.split() for line in FROZEN.read_text().splitlines() if not line.startswith("#")]
    return {release: digest for digest, release in lines}


def read_history(path: Path) -> WorkflowHistory:
    """A recorded run."""
    return WorkflowHistory.from_json(f"recorded/{path.stem}", path.read_text())


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
