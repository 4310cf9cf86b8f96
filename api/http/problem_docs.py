"""How an operation documents its problems in OpenAPI."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from api.http.problems import MEDIA_TYPE, PROBLEMS

CODES = "x-codes"


class ProblemDocument(BaseModel):
    """An error by RFC 9457. Some codes add members, such as `window`, `allowed_commands` or `errors`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that may answer these problems, besides those that all may."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return {status: response_of(listed) for status, listed in by_status.items()}


def response_of(codes: list[str]) -> dict[str, Any]:
    """The description of one status that several problems share."""
    return {
        "description": "; ".join(f"`{code}`: {PROBLEMS[code].title}" for code in codes),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        CODES: codes,
    }
