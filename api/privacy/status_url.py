"""The public address of an erasure's status."""

from api.http.request_log import DATA_DELETION
from base.settings import Settings
from store.tables import Erasure


def status_url(settings: Settings, erasure: Erasure) -> str:
    """The address where everybody who has the confirmation code sees the status of the request."""
    return f"{settings.public_base_url}{DATA_DELETION}/{erasure.code}"
