"""A demo's data directory and the invented secrets in it.

The keys are kept in the data directory, readable by its owner only, so that a second start can print them
again: this is invented data on one's own machine.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from base.ids import new_secret
from base.settings import Settings
from local.processes.data_lock import is_held

DATA_DIR = Path(".data-demo")
TEMPORAL_UI_PORT = 8233
DEMO_FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class DemoSecrets:
    """The invented secrets of a demo."""

    admin_token: str
    app_secret: str
    page_token: str
    agent_keys: dict[str, str]
    password: str = ""
    """Of every agent, for the console."""


def load_or_make_secrets(data_dir: Path) -> DemoSecrets:
    """The demo's secrets, made on first use."""
    file = data_dir / DEMO_FILE
    if file.exists():
        kept = DemoSecrets(**json.loads(file.read_text()))
        return kept if kept.password else replace(kept, password=_new_password())
    made = DemoSecrets(
        admin_token=new_secret("pdk"),
        app_secret=secrets.token_hex(16),
        page_token="EAAdemo" + secrets.token_urlsafe(24),
        agent_keys={},
        password=_new_password(),
    )
    keep_secrets(data_dir, made)
    return made


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def keep_secrets(data_dir: Path, made: DemoSecrets) -> None:
    """Write the secrets down, whole or not at all."""
    data_dir.mkdir(parents=True, exist_ok=True)
    file = data_dir / DEMO_FILE
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(asdict(made), stream)
    draft.replace(file)


def demo_settings(settings: Settings) -> Settings:
    """These settings with the demo's own data directory and Temporal's web page, unless they differ."""
    own: dict[str, Any] = {"temporal_ui_port": settings.temporal_ui_port or TEMPORAL_UI_PORT}
    if "data_dir" not in settings.model_fields_set:
        own["data_dir"] = DATA_DIR
    return settings.model_copy(update=own)


def with_demo_admin(settings: Settings) -> Settings:
    """These settings; where they name no admin and a demo runs or ran here, as its admin sees it."""
    demo = demo_settings(settings)
    is_here = (demo.data_dir / DEMO_FILE).exists() and not is_held(settings.data_dir)
    if settings.admin_token is not None or not (is_here or is_held(demo.data_dir)):
        return settings
    token = SecretStr(load_or_make_secrets(demo.data_dir).admin_token)
    return demo.model_copy(update={"admin_token": token})
