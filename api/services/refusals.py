"""What a workflow refuses: read from a failed update, and shown as a problem."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from api.http.problems import PROBLEMS, Problem
from api.schemas.views import WindowView
from base.json_codec import from_json_value
from domain.conversations.changes import Refusal
from domain.conversations.judge_command import REFUSAL_CODES
from domain.conversations.lifecycle import Status
from domain.sending.window import Window

if not PROBLEMS.keys() >= REFUSAL_CODES:
    raise LookupError("A refusal of the workflow is missing in the table of problems.")


def command_name(action: str) -> str:
    """A command as addresses name it: `close-session`; to agents and queues it is the same one."""
    return action.removesuffix("_to_queue").replace("_", "-")


def refusal_problem(refusal: Refusal, now: datetime, named: Mapping[str, str]) -> Problem:
    """The answer to a refused command: what is allowed now, or the window that forbids it.

    `named` are the ids that it is about.
    """
    extras: dict[str, Any] = dict(named)
    if refusal.status is not None:
        extras["conversation_status"] = refusal.status.value
    if refusal.allowed_commands:
        extras["allowed_commands"] = list(dict.fromkeys(map(command_name, refusal.allowed_commands)))
    if refusal.window is not None:
        extras["window"] = WindowView.of(refusal.window, now).model_dump(mode="json")
    return Problem(refusal.code, refusal.detail, **extras)


def read_refusal(error: WorkflowUpdateFailedError) -> Refusal | None:
    """The workflow's refusal, or None where the update failed for another reason."""
    cause = error.cause
    if not isinstance(cause, ApplicationError) or cause.type is None or cause.type not in REFUSAL_CODES:
        return None
    facts: dict[str, Any] = cause.details[0] if cause.details else {}
    status = facts.get("status")
    return Refusal(
        cause.type,
        cause.message,
        Status(status) if status else None,
        tuple(facts.get("allowed_commands") or ()),
        from_json_value(Window, facts["window"]) if facts.get("window") else None,
    )
