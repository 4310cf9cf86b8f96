"""The API answers whatever is asked as its OpenAPI document says: Schemathesis asks.

In `make test` the operations of work distribution get a few calls; `make test-api-schema` calls all of them.
"""

import os
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api_schema.conftest import CalledApi
from support.api import committed_openapi, committed_operations

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NEW = {
    "capacity",
    "disposition codes",
    "operating hours",
    "presence",
    "queues",
    "rule sets",
    "skills",
}
"""The tags whose operations are called in every run."""
ALSO_NEW = {
    "accept",
    "decline",
    "assign",
    "transfer",
    "consult",
    "join",
    "act_on_conversations",
    "get_routing",
}
FEW = 3
ASKED = int(os.environ.get("PAGEDESK_SCHEMA_EXAMPLES", "0"))
"""How often each operation of the whole API is called; 0: the newest a few times."""
ROLES = ("admin", "supervisor", "agent", "nobody")
ENDLESS = {"stream_events"}
"""What answers and goes on: tested by itself."""

BASE_URL = "http://api.test"
SCHEMA = schemathesis.openapi.from_dict(committed_openapi())
OPERATIONS = {
    found.definition.raw["operationId"]: found
    for found in (result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok))
    if found.definition.raw["operationId"] not in ENDLESS
}


def _is_new(operation_id: str) -> bool:
    return operation_id in ALSO_NEW or bool(NEW & set(committed_operations()[operation_id].get("tags", ())))


CALLED = [each for each in OPERATIONS if ASKED or _is_new(each)]


@pytest.mark.slow
@pytest.mark.parametrize("operation_id", CALLED)
def test_every_answer_is_as_documented(called_api: CalledApi, operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    modes = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE])

    @given(st.data(), modes, st.sampled_from(ROLES), st.booleans())
    @settings(
        max_examples=ASKED or FEW,
        derandomize=not ASKED,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(data: Any, mode: GenerationMode, role: str, is_known: bool) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if is_known:
            case.path_parameters.update(
                {
                    name: called_api.known_ids[name]
                    for name in case.path_parameters
                    if name in called_api.known_ids
                }
            )
        made = requests.Request(**case.as_transport_kwargs(base_url=BASE_URL)).prepare()
        answer = called_api.call(
            role, made.method or "GET", made.url or "", headers=_headers(made), content=made.body
        )
        case.validate_response(answer, checks=CHECKS)

    ask()


def _headers(made: requests.PreparedRequest) -> dict[str, str]:
    return {name: str(value) for name, value in made.headers.items() if name.lower() != "authorization"}
