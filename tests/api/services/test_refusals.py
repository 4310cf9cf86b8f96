"""A workflow's refusal is read back from the failed update, with the window where that is the reason."""

from datetime import UTC, datetime

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from api.services.refusals import read_refusal
from domain.conversations.changes import Refusal
from domain.conversations.lifecycle import Status
from domain.sending.window import OpeningKind, Window

WINDOW = {
    "opened_by": "message",
    "opened_at": "2026-11-20T12:00:00Z",
    "standard_until": "2026-11-21T12:00:00+00:00",
    "human_agent_until": None,
}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"status": None, "allowed_commands": None, "window": WINDOW},
            Refusal(
                "window_closed",
                "closed",
                window=Window(
                    OpeningKind.MESSAGE,
                    datetime(2026, 11, 20, 12, tzinfo=UTC),
                    datetime(2026, 11, 21, 12, tzinfo=UTC),
                    None,
                ),
            ),
        ),
        (
            {"status": "active", "allowed_commands": ["end"], "window": None},
            Refusal("window_closed", "closed", Status.ACTIVE, ("end",)),
        ),
    ],
)
def test_a_refusal_is_read_back(facts: dict[str, object], expected: Refusal) -> None:
    failed = WorkflowUpdateFailedError(ApplicationError("closed", facts, type="window_closed"))
    assert read_refusal(failed) == expected


def test_another_failure_is_no_refusal() -> None:
    assert read_refusal(WorkflowUpdateFailedError(ApplicationError("broken", type="ValueError"))) is None
    assert read_refusal(WorkflowUpdateFailedError(RuntimeError("broken"))) is None
