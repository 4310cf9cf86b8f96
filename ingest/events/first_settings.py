"""The settings that the first events of a thread bring along, so that its workflow need not read them."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from store.conversations.conversation_settings import settings_of
from store.inbox.batch_reads import PageOfEvents
from store.routing.dispatch_settings import settings_version
from store.routing.route import default_route
from workflows.messages import SettingsRead


@dataclass(frozen=True, slots=True)
class _Versions:
    """Every change of what a page's first settings are made of raises one of these."""

    of_page: int
    of_distribution: int


class FirstSettings:
    """Reads them; those that last are kept until a version says that they have changed."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[_Versions, SettingsRead]] = {}

    def read(self, session: Session, page: PageOfEvents, now: datetime) -> SettingsRead:
        """The page's settings as they are in this transaction."""
        page_id = page.page.page_id
        # Before what they are the versions of: what changes meanwhile is read again the next time.
        versions = _Versions(page.settings_row.settings_version, settings_version(session))
        kept = self._kept.get(page_id)
        if kept is not None and kept[0] == versions:
            return replace(kept[1], at=now)
        route = default_route(session, page_id, now)
        read = SettingsRead(settings_of(session, page.settings_row), now, route.result)
        if route.lasts:
            self._kept[page_id] = (versions, read)
        return read
