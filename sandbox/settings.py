"""How this Messenger behaves where Meta leaves a choice or a test wants one: `/_sandbox/settings`."""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

from sandbox.windows import DEFAULT_LENGTHS_S

# Meta's published limits (docs/reference/messenger-limits.md); `{"limits": "meta"}` switches them on.
META_LIMITS = {
    "text_per_second": 300,
    "media_per_second": 10,
    "conversations_per_second": 2,
    "per_engaged_person_and_day": 200,
}


@dataclass
class AfterSend:
    """One kind of event after an accepted send: whether, how much later, before or after the HTTP answer."""

    on: bool = True
    delay_ms: int = 0
    before_answer: bool = False


@dataclass
class Limits:
    """Calls per Page; seconds and days of the sandbox's clock. `high_volume_per_second` 0 is off."""

    text_per_second: int = 20_000
    media_per_second: int = 5_000
    conversations_per_second: int = 2
    per_engaged_person_and_day: int = 1_000_000
    high_volume_per_second: int = 0


@dataclass
class DeliverySettings:
    """How webhooks are delivered. Seconds of the sandbox's clock, but `timeout_s` of the machine's."""

    timeout_s: float = 5.0
    retry_after_s: list[float] = field(default_factory=lambda: [0, 0, 5, 15, 30, 60, 120, 240, 300])
    alert_after_s: int = 15 * 60
    unsubscribe_after_s: int = 60 * 60
    in_order: bool = True
    concurrency: int = 1
    delay_s: float = 0


@dataclass
class Settings:
    """All of it, with the defaults of a quiet, faithful Messenger."""

    echo: AfterSend = field(default_factory=AfterSend)
    delivery: AfterSend = field(default_factory=AfterSend)
    read: AfterSend = field(default_factory=lambda: AfterSend(on=False))
    limits: Limits = field(default_factory=Limits)
    deliveries: DeliverySettings = field(default_factory=DeliverySettings)
    window_lengths_s: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_LENGTHS_S))
    text_units: str = "utf16"
    fetch_media: bool = False
    no_feature_code: int = 10

    def update(self, changes: dict[str, Any]) -> None:
        """Merge changes in. Raises `ValueError` for a name or a type that does not exist here."""
        if changes.get("limits") == "meta":
            changes = {**changes, "limits": META_LIMITS}
        _merge(self, changes, "settings")

    def as_json(self) -> dict[str, Any]:
        """The current values, in the form `update` takes."""
        return asdict(self)


def _merge(target: Any, changes: dict[str, Any], where: str) -> None:
    known = {item.name for item in fields(target)}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"{where} has no {name!r}; it has {sorted(known)}")
        current = getattr(target, name)
        if is_dataclass(current) and isinstance(value, dict):
            _merge(current, value, f"{where}.{name}")
        elif isinstance(current, dict) and isinstance(value, dict):
            if unknown := set(value) - set(current):
                raise ValueError(f"{where}.{name} has no {sorted(unknown)}; it has {sorted(current)}")
            current.update(value)
        elif _fits(current, value):
            setattr(target, name, value)
        else:
            raise ValueError(f"{where}.{name} should look like {current!r}, not {value!r}")


def _fits(current: Any, value: Any) -> bool:
    if isinstance(current, bool) or isinstance(value, bool):
        return isinstance(current, bool) and isinstance(value, bool)
    if isinstance(current, float):
        return isinstance(value, int | float)
    if isinstance(current, list):
        return isinstance(value, list) and all(isinstance(item, int | float) and item >= 0 for item in value)
    return isinstance(value, type(current))
