"""The OpenAPI document: FastAPI's, with our authentication and our problems."""

from typing import Any

from fastapi import FastAPI

from api.permissions import PERMISSIONS, PUBLIC
from api.problem_docs import ProblemDocument

_SCHEMA_REFERENCE = "#/components/schemas/{model}"
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`pdk_…`) or the token of a sign-in (`pds_…`).",
    }
}
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> None:
    """Complete the application's OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema(ref_template=_SCHEMA_REFERENCE)
    components["securitySchemes"] = _SCHEMES
    for path in document["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            operation["security"] = [] if name in PUBLIC else [{"bearer": []}]
            if name in PERMISSIONS:
                operation["x-roles"] = sorted(PERMISSIONS[name])
    return document
