"""How values become Temporal's JSON payloads: by Pydantic, ten to eighty times quicker than by default.

The SDK's own Pydantic converter keeps its adapters with each workflow run, and building them costs more than
all that a run converts (https://github.com/temporalio/sdk-python/issues/1695 mended the worst of it); here
they are kept with the process (docs/reference/upstream.md). Errors go into histories without their words.
"""

from typing import Any

from pydantic_core import to_json
from temporalio import converter
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
)
from temporalio.exceptions import ApplicationError, FailureError

from base.json_codec import adapter_of
from base.tracebacks import without_values


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
        adapter = adapter_of(Any if type_hint is None else type_hint)
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


class FailureConverter(DefaultFailureConverter):
    """The SDK's, but an error that is not made for Temporal is told by `without_values`."""

    def to_failure(
        self, exception: BaseException, payload_converter: converter.PayloadConverter, failure: Failure
    ) -> None:
        """The error as Temporal keeps it: kind, place, cause."""
        super().to_failure(_told(exception), payload_converter, failure)


def _told(error: BaseException) -> BaseException:
    if isinstance(error, FailureError):
        return error
    told = ApplicationError(without_values(error), type=type(error).__name__)
    told.__cause__ = error.__cause__
    return told.with_traceback(error.__traceback__)


data_converter = DataConverter(
    payload_converter_class=PayloadConverter, failure_converter_class=FailureConverter
)
"""What every client and worker uses."""
