"""The table of fault kinds: where each strikes and what can be said of it, for `/_sandbox/faults`."""

import math
import re
from dataclasses import dataclass
from typing import Any

from sandbox.events import FIELD_OF

REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class Param:
    """One value of a fault: its type, default and bounds. None is taken where it is the default."""

    type: type
    default: Any = REQUIRED
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()  # of a text, or of each item of a list
    form: str = ""  # of a text, one of `_FORMS`

    def read(self, name: str, given: dict[str, Any]) -> Any:
        """The value in a body, or the default. Raises `ValueError` for one that cannot be."""
        value = given.get(name, self.default)
        if value is REQUIRED:
            raise ValueError(f"{name} is required")
        if value is None and self.default is None:
            return None
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (
            whole if self.type is int else isinstance(value, self.type) or (self.type is float and whole)
        ):
            raise ValueError(f"{name} should be {_TYPES[self.type]}, not {value!r}")
        if self.type in {int, float} and not self.least <= value <= self.most:
            raise ValueError(f"{name} should be from {self.least:g} to {self.most:g}, not {value!r}")
        if self.form and not _FORMS[self.form].fullmatch(value):
            raise ValueError(f"{name} should be {self.form}, not {value!r}")
        if self.choices:
            for item in value if isinstance(value, list) else [value]:
                if item not in self.choices:
                    raise ValueError(f"{name} has no {item!r}; it has {list(self.choices)}")
        return value


_FORMS = {
    "plain ASCII": re.compile("[ -~]*"),
    "digits": re.compile("[0-9]+"),
    "base64": re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
}
_TYPES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}

ALL = "all"
CALLS = (
    "send",
    "sender_action",
    "profile",
    "conversations",
    "debug_token",
    "subscriptions",
    "upload",
    "messenger_profile",
    "thread_control",
    "setup",
)
HEADERS = ("business", "app", "page")
HOUR_S = 3600
DAY_S = 24 * HOUR_S

# How often and when any fault strikes.
WHEN = {
    "times": Param(int, None, least=1),
    "skip": Param(int, 0, least=0),
    "probability": Param(float, 1.0, least=0, most=1),
    "seed": Param(int, None),
    "for_seconds": Param(float, None, least=0),
}
# stage → what it may be narrowed down to
_PERSON = {"page_id": Param(str, None), "recipient": Param(str, None)}
_CALL = {**_PERSON, "calls": Param(list, ["send"], choices=(*CALLS, ALL))}
NARROWED = {
    "call": _CALL,
    "usage": _CALL,
    "echo": _PERSON,
    "delivery": {**_PERSON, "events": Param(list, [], choices=tuple(FIELD_OF))},
    "media": {"name": Param(str, None)},
}

_ACCEPT = {"accept": Param(bool, default=False)}
_STATUS = Param(int, None, least=200, most=599)
_SECONDS = Param(float, least=0, most=HOUR_S)
_DRIP = {
    "bytes": Param(int, 1, least=1),
    "pause_s": Param(float, 0.1, least=0, most=HOUR_S),
}
_REFUSAL = {
    "subcode": Param(int, None),
    "status": Param(int, 400, least=200, most=599),
    "message": Param(str, "An injected error"),
    "type": Param(str, "OAuthException"),
    "is_transient": Param(bool, None),
}
_USAGE = {
    "headers": Param(list, ["business"], choices=HEADERS),
    "regain_minutes": Param(int, None, least=0),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a fault of this kind strikes, and its own values."""

    stage: str
    params: dict[str, Param]

    def all_params(self) -> dict[str, Param]:
        """Its own values, and those that say whom it strikes and when."""
        return {**NARROWED[self.stage], **WHEN, **self.params}


KINDS: dict[str, Kind] = {
    # -- what a Graph call is answered; `accept`: carried out all the same
    "error": Kind(
        "call",
        {
            "code": Param(int),
            **_REFUSAL,
            "wrapped": Param(bool, default=True),
            "extra": Param(dict, {}),
            **_ACCEPT,
        },
    ),
    "html": Kind("call", {"status": Param(int, 502, least=200, most=599), **_ACCEPT}),
    "empty": Kind("call", {"status": _STATUS, **_ACCEPT}),
    "broken_json": Kind("call", {"status": _STATUS, **_ACCEPT}),
    "unreadable": Kind("call", {"status": _STATUS, **_ACCEPT}),
    "broken_text": Kind(
        "call", {"fields": Param(list, ["first_name", "name"]), "accept": Param(bool, default=True)}
    ),
    "truncated": Kind("call", {"status": _STATUS, **_ACCEPT}),
    "cut": Kind(
        "call",
        {
            "at": Param(str, "start", choices=("start", "headers", "body")),
            "reset": Param(bool, default=False),
            "status": _STATUS,
            **_ACCEPT,
        },
    ),
    "hang": Kind("call", {"seconds": _SECONDS, **_ACCEPT}),
    "stall": Kind("call", {"seconds": _SECONDS}),
    "drip": Kind("call", {**_DRIP, "status": _STATUS, **_ACCEPT}),
    "throttle": Kind(
        "call",
        {
            "code": Param(int, 613),
            **_REFUSAL,
            **_USAGE,
            "per_second": Param(float, None, least=0.001),
            "burst": Param(int, None, least=1),
        },
    ),
    "usage": Kind(
        "usage",
        {"percent": Param(int, 0, least=0, most=1000), "step": Param(int, 0, least=0, most=1000), **_USAGE},
    ),
    # -- what becomes of the echo of an accepted send
    "echo_early": Kind("echo", {}),
    "echo_late": Kind("echo", {"seconds": Param(float, least=0)}),
    "echo_again": Kind("echo", {"copies": Param(int, 2, least=2, most=50)}),
    "echo_never": Kind("echo", {}),
    "echo_standby": Kind("echo", {}),
    "echo_other_app": Kind("echo", {"app_id": Param(str, None, form="digits")}),
    "echo_no_metadata": Kind("echo", {}),
    # -- what becomes of a webhook delivery
    "delivery_late": Kind(
        "delivery",
        {
            "seconds": Param(float, 0, least=0, most=7 * DAY_S),
            "spread": Param(float, 0, least=0, most=7 * DAY_S),
        },
    ),
    "delivery_again": Kind(
        "delivery",
        {"copies": Param(int, 2, least=2, most=50), "parallel": Param(int, 8, least=1, most=50)},
    ),
    "delivery_both_channels": Kind(
        "delivery",
        {
            "first": Param(str, "standby", choices=("standby", "messaging")),
            "apart_s": Param(float, 0, least=0, most=HOUR_S),
        },
    ),
    "delivery_fields": Kind(
        "delivery",
        {"event": Param(dict, {}), "message": Param(dict, {})},
    ),
    # -- what is served from `/_sandbox/media`
    "media_status": Kind("media", {"status": Param(int, least=400, most=599)}),
    "media_redirect": Kind(
        "media", {"to": Param(str, form="plain ASCII"), "status": Param(int, 302, least=300, most=308)}
    ),
    "media_endless": Kind(
        "media",
        {
            "megabytes": Param(int, 10_240, least=1),
            "declared": Param(bool, default=False),
            "content_type": Param(str, "image/png", form="plain ASCII"),
        },
    ),
    "media_drip": Kind("media", _DRIP),
    "media_hang": Kind("media", {"seconds": _SECONDS}),
    "media_length": Kind("media", {"declared": Param(int, least=0)}),
    "media_body": Kind(
        "media",
        {
            "content_type": Param(str, None, form="plain ASCII"),
            "body_text": Param(str, None),
            "body_base64": Param(str, None, form="base64"),
            "content_encoding": Param(str, None, form="plain ASCII"),
        },
    ),
}


def read(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A fault as somebody asked for it: its kind, and all its values. Raises `ValueError`."""
    given = dict(given)
    name = given.pop("kind", None)
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(f"kind is one of {list(KINDS)}, not {name!r}")
    params = KINDS[name].all_params()
    if unknown := sorted(set(given) - set(params)):
        raise ValueError(f"{name} has no {unknown}; it has {sorted(params)}")
    return name, {key: param.read(key, given) for key, param in params.items()}
