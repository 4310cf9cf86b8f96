"""`Idempotency-Key` on POSTs that create a resource."""

from typing import Any

import orjson
from pydantic import BaseModel, SecretStr

from api.http.fields import Input
from api.security.auth import Principal
from base.secrets import Vault
from store.access.idempotency import Once


def once(vault: Vault, caller: Principal, key: str | None, operation: str, body: Input) -> Once:
    """Which creation this is.

    The whole body counts, its secrets too: what is kept of it is a fingerprint by the master key, from which
    nobody without that key can guess them.
    """
    content = orjson.dumps(body.model_dump(), default=_plain, option=orjson.OPT_SORT_KEYS).decode()
    return Once(caller.agent_id, key, vault.fingerprint(content, f"request {operation}"))


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(type(value).__name__)
