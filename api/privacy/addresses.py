"""The public address of an erasure's status."""

from api.http.request_log import DATA_DELETION
from api.runtime.dependencies import AppDependencies
from store.tables import Erasure


def status_url(services: AppDependencies, erasure: Erasure) -> str:
    """The address where everybody who has the confirmation code sees the status of the request."""
    return f"{services.settings.public_base_url}{DATA_DELETION}/{erasure.code}"
