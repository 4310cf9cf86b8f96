"""Structured logs: one event a line on standard error. Customers' words and secrets never go in.

JSON, or on a terminal what a person reads (`base.log_lines`). Libraries' own lines, Temporal's among them,
and what ends the process take the same form. An error is told without its own words (`base.tracebacks`).
"""

import logging
import sys
import threading
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from base.log_lines import readable
from base.tracebacks import traceback_without_values

_CRASHED = "crashed"
_tell_errors: Processor = structlog.processors.ExceptionRenderer(traceback_without_values)


def configure(level: str) -> None:
    """Set up logging for a process; call once at its start."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    render: Processor = (
        _readable if sys.stderr.isatty() else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    described: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*described, _tell_errors, render],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*described, _name_room, _first_line],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _tell_errors,
                render,
            ],
        )
    )
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    sys.unraisablehook = _log_ignored
    threading.excepthook = _log_dead_thread


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that carries the name of its room."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=name)
    return logger


def _readable(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return readable(event)


def _name_room(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A library's line says which library's it is."""
    record: logging.LogRecord = event["_record"]
    return {**event, "room": record.name}


def _first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What a library has to say; the lines after it show values: asyncio's tasks, Pydantic's inputs."""
    return {**event, "event": str(event["event"]).partition("\n")[0]}


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    get_logger("process").critical(_CRASHED, error=kind.__name__, exc_info=(kind, error, trace))


def _log_dead_thread(end: threading.ExceptHookArgs) -> None:
    if end.exc_value is not None:
        get_logger("process").error("thread_died", error=end.exc_type.__name__, exc_info=end.exc_value)


def _log_ignored(ignored: "sys.UnraisableHookArgs") -> None:
    """An error where nothing can raise: in a finalizer, say."""
    if ignored.exc_value is not None:
        get_logger("process").error(
            "error_ignored", error=ignored.exc_type.__name__, exc_info=ignored.exc_value
        )
