"""The OpenAPI document: FastAPI's, with our authentication and our problems."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.http.examples import EXAMPLES
from api.http.problem_docs import CODES, ProblemDocument, response_of
from api.http.problems import PROBLEMS
from api.security.cookies import PLAIN_NAME, SECURE_NAME
from api.security.permissions import Permissions

_SCHEMA_REFERENCE = "#/components/schemas/{model}"
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`pdk_…`) or the token of a sign-in (`pds_…`).",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SECURE_NAME,
        "description": f"A browser's sign-in; over http on the machine itself it is called `{PLAIN_NAME}`.",
    },
}
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")

_PROBLEMS_OF_GUARDED = (
    "two_credentials",
    "unauthenticated",
    "wrong_origin",
    "forbidden",
    "invalid_request",
    "too_many_requests",
    "secrets_unreadable",
    "store_unavailable",
)
_PROBLEMS_WITH_BODY = (
    "invalid_request",
    "malformed_json",
    "request_too_slow",
    "conflict",
    "content_too_large",
    "unsupported_media_type",
    "store_unavailable",
)


def introduction() -> str:
    """How every operation is called, in Markdown."""
    return Path(__file__).with_name("introduction.md").read_text()


def describe(app: FastAPI, permissions: Permissions) -> None:
    """Complete the application's OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete_document(generate(), permissions)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _complete_document(document: dict[str, Any], permissions: Permissions) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema(ref_template=_SCHEMA_REFERENCE)
    components["securitySchemes"] = _SCHEMES
    for path in document["paths"].values():
        for operation in path.values():
            _complete_operation(operation, permissions)
    return document


def _complete_operation(operation: dict[str, Any], permissions: Permissions) -> None:
    name = operation["operationId"]
    operation["security"] = [] if permissions.is_public(name) else [{"bearer": []}, {"cookie": []}]
    if roles := permissions.roles(name):
        operation["x-roles"] = sorted(roles)
    _add_examples(operation)
    responses: dict[str, Any] = operation["responses"]
    if CODES not in responses.get("422", {CODES: ()}):
        del responses["422"]  # FastAPI's own description of what is invalid
    for code in _common_problems(operation):
        status = str(PROBLEMS[code].status)
        known: list[str] = responses.get(status, {}).get(CODES, [])
        if code not in known and (known or status not in responses):
            responses[status] = response_of([*known, code])


def _add_examples(operation: dict[str, Any]) -> None:
    """Requests that work, and a key to begin with where one is needed."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        shown = EXAMPLES[_model_of(content["schema"])]
        content["examples"] = {name: {"summary": name, "value": value} for name, value in shown.items()}
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "Idempotency-Key" and parameter["required"]:
            parameter["example"] = "reply-1"


def _model_of(schema: dict[str, Any]) -> str:
    """The body's model, which may be optional."""
    named = schema.get("$ref") or next(
        each["$ref"] for each in (*schema.get("allOf", ()), *schema.get("anyOf", ()))
    )
    return str(named).rpartition("/")[2]


def _common_problems(operation: dict[str, Any]) -> list[str]:
    codes = list(_PROBLEMS_OF_GUARDED) if operation["security"] else []
    if "requestBody" in operation:
        codes.extend(_PROBLEMS_WITH_BODY)
    if any(each["name"] == "cursor" for each in operation.get("parameters", ())):
        codes.append("invalid_cursor")
    return codes
