"""What a file must pass before it is kept: its type by name and by its bytes, its pixels, the scanner."""

from collections.abc import Callable
from typing import IO

from base.settings import Settings
from base.sniffing import HEAD_BYTES, is_text, pixels_of, signs_of
from base.virus_scanner import ScannerError, is_infected
from domain.attachments.file_types import FROM_AGENTS, judge_received, judge_type
from domain.attachments.refusals import MAX_PIXELS, FileReason

_Rule = Callable[..., str | FileReason]


class ScannerUnsureError(Exception):
    """The scanner gave no judgement. Try again."""


class FileChecks:
    """The checks of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = extensions(settings.attachment_allowed)
        self._blocked = extensions(settings.attachment_blocked or "")
        self._scanner = settings.attachment_scanner

    async def judge_inbound(self, kind: str, name: str, file: IO[bytes]) -> str | FileReason:
        """The content type of a file that Meta gave us, or why it is refused. Raises ScannerUnsureError."""
        return await self._judge(kind, name, file, self._allowed, judge_received)

    async def judge_outbound(self, name: str, file: IO[bytes]) -> str | FileReason:
        """The content type of an agent's file, or why it is refused. Raises ScannerUnsureError."""
        return await self._judge("", name, file, FROM_AGENTS, judge_type)

    async def _judge(
        self, kind: str, name: str, file: IO[bytes], allowed: frozenset[str], rule: _Rule
    ) -> str | FileReason:
        file.seek(0)
        head = file.read(HEAD_BYTES)
        judged = rule(
            kind, name, signs_of(head), is_text=is_text(head), allowed=allowed, blocked=self._blocked
        )
        if isinstance(judged, FileReason):
            return judged
        if judged.startswith("image/") and (pixels_of(head) or 0) > MAX_PIXELS:
            return FileReason.TOO_MANY_PIXELS
        if self._scanner is not None and await self._scan(self._scanner, file):
            return FileReason.INFECTED
        return judged

    async def _scan(self, command: str, file: IO[bytes]) -> bool:
        try:
            return await is_infected(command, file)
        except ScannerError as error:
            raise ScannerUnsureError(str(error)) from error


def extensions(setting: str) -> frozenset[str]:
    """The extensions that a setting names."""
    return frozenset(each.strip().lower().lstrip(".") for each in setting.split(",") if each.strip())
