"""What an installation knows of itself: its id, what it is for, and which key and file store belong to it.

Two hosts that share a database are one installation only if they share the rest. So what belongs to it is
written down once, by the first process that starts, and compared by each one after.
"""

from enum import StrEnum

from sqlmodel import Session, col, select

from base.ids import new_id
from base.secrets import Vault
from store.db.sql import insert_or_ignore, upsert
from store.tables import Account, Installation, Page

_ID = "id"
_KIND = "kind"
_MASTER_KEY = "master_key"
_FILE_STORE = "file_store"
_EVENT_LOG = "event_log"


class Kind(StrEnum):
    """What an installation is for. A demo's data are invented and its keys are shown to everybody."""

    REAL = "real"
    DEMO = "demo"


def read_id(session: Session) -> str | None:
    """The installation's own id; None where it has none yet."""
    return _find(session, _ID)


def claim_id(session: Session) -> str:
    """Give the installation an id, if it has none; its id."""
    return _settle(session, _ID, new_id())


def read_kind(session: Session) -> Kind | None:
    """What it is for; None where it has not been said yet."""
    found = _find(session, _KIND)
    return Kind(found) if found is not None else None


def claim_kind(session: Session, kind: Kind) -> Kind:
    """Say what it is for, if nobody has; what it is for."""
    return Kind(_settle(session, _KIND, kind.value))


def read_master_key_ids(session: Session) -> frozenset[str]:
    """The ids of the keys with which its secrets are sealed: one, or none yet."""
    told = _find(session, _MASTER_KEY)
    if told is not None:
        return frozenset({told})
    sealed = [
        *session.exec(select(Account.app_secret).where(col(Account.deleted_at).is_(None))),
        *session.exec(select(Page.access_token)),
    ]
    return frozenset(key_id for each in sealed if (key_id := Vault.key_id_of(each)) is not None)


def read_master_key_id(session: Session) -> str | None:
    """The id of its own key; None where it has not been said yet."""
    return _find(session, _MASTER_KEY)


def claim_master_key(session: Session, key_id: str) -> str:
    """Say which key is its own, if nobody has; the id of its key."""
    return _settle(session, _MASTER_KEY, key_id)


def replace_master_key(session: Session, key_id: str) -> None:
    """From now on another key is its own. What is sealed with the one before is for the caller."""
    upsert(session, Installation, {"name": _MASTER_KEY, "value": key_id})


def has_file_store(session: Session) -> bool:
    """Whether a file store bears its id already."""
    return _find(session, _FILE_STORE) is not None


def note_file_store(session: Session) -> None:
    """A file store bears its id now."""
    _settle(session, _FILE_STORE, "marked")


def read_event_log_id(session: Session) -> str | None:
    """The id of the log of events, which positions in it name; None where it has none yet."""
    return _find(session, _EVENT_LOG)


def claim_event_log_id(session: Session) -> str:
    """Give the log of events an id, if it has none; its id."""
    return _settle(session, _EVENT_LOG, new_id())


def renew_event_log_id(session: Session) -> None:
    """From now on it is another log: what follows a number is not what followed it before."""
    upsert(session, Installation, {"name": _EVENT_LOG, "value": new_id()})


def _find(session: Session, name: str) -> str | None:
    return session.exec(select(Installation.value).where(Installation.name == name)).first()


def _settle(session: Session, name: str, value: str) -> str:
    """Write the value unless there is one; the one that counts."""
    insert_or_ignore(session, Installation, [{"name": name, "value": value}])
    settled = _find(session, name)
    return settled if settled is not None else value
