"""`Idempotency-Key` on POSTs that create a resource."""

from api.auth import Principal
from api.fields import Input
from store.idempotency import Once, request_hash


def once(caller: Principal, key: str | None, operation: str, body: Input) -> Once:
    """Which creation this is. Secrets in the body print as stars and so do not count."""
    return Once(caller.agent_id, key, request_hash(operation, body.model_dump_json()))
