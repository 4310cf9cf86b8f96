"""Makes `docs/settings.md`."""

from types import UnionType
from typing import Any, get_args

from pydantic.fields import FieldInfo

from base.settings import Settings

_HEAD = """# Settings

Pagedesk is set up by environment variables, read once when a process starts. A wrong value is named, and
nothing starts. This page is made from `base/settings.py`.

| variable | default | meaning |
| --- | --- | --- |
"""


def page() -> str:
    """The page as Markdown."""
    rows = [
        f"| `PAGEDESK_{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "by the machine"
    if field.default is None:
        return ""
    choices = [f"`{choice}`" for choice in _choices(field.annotation)]
    default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    return f"`{default}`" + (f" (of {', '.join(choices)})" if choices else "")


def _choices(annotation: Any) -> tuple[str, ...]:
    return () if isinstance(annotation, UnionType) else tuple(filter(_is_text, get_args(annotation)))


def _is_text(value: object) -> bool:
    return isinstance(value, str)
