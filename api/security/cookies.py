"""The cookie of a browser's sign-in, and from where a request that shows it has to come.

Over https its name begins with `__Host-`, so that browsers keep it for this host alone; over plain http
browsers take such a cookie from nobody, and Pagedesk gives one on this machine itself only. SameSite does not
know ports: a page on another port of the same host is the same site, and its requests carry the cookie.
Hence what browsers say in `Sec-Fetch-Site` counts, and where they say nothing, `Origin`.
(https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site)
"""

import ipaddress
import re

from starlette.requests import Request
from starlette.responses import Response

from api.http.problems import Problem
from base.http.proxies import FORWARDED_HEADERS
from base.settings import Settings

SECURE_NAME = "__Host-pagedesk"
PLAIN_NAME = "pagedesk"
"""Over http on the loopback."""

_READING = ("GET", "HEAD", "OPTIONS")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]@/\s]+)(?::\d{1,5})?", re.IGNORECASE)


def read_token(request: Request) -> str | None:
    """The token in the cookie; None where there is none. Two cookies of the name are none of ours."""
    name = _name(request)
    pairs = (pair.partition("=") for given in request.headers.getlist("cookie") for pair in given.split(";"))
    found = [value.strip() for each, _, value in pairs if each.strip() == name]
    return found[0] if len(found) == 1 else None


def set_token(request: Request, response: Response, token: str, max_age_seconds: int) -> None:
    """Give the browser a sign-in's token, which no script can read."""
    if not _is_local(request) and not _is_https(request):
        raise Problem("https_required")
    name = _name(request)
    response.set_cookie(
        name,
        token,
        max_age=max_age_seconds,
        path="/",
        secure=name == SECURE_NAME,
        httponly=True,
        samesite="strict",
    )


def forget_token(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    name = _name(request)
    response.delete_cookie(name, path="/", secure=name == SECURE_NAME, httponly=True, samesite="strict")


def refuse_other_origins(request: Request) -> None:
    """Refuse a request that another page than one of ours has made; what only reads may come from nowhere."""
    reads = request.method in _READING
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site == "same-origin" or (reads and site == "none")
    else:
        origin = request.headers.get("origin")
        is_ours = origin == _own_origin(request) if origin is not None else reads
    if not is_ours:
        raise Problem("wrong_origin")


def _name(request: Request) -> str:
    return PLAIN_NAME if _is_local(request) else SECURE_NAME


def _is_local(request: Request) -> bool:
    """Whether the browser speaks http with this machine itself, without a proxy between."""
    host = _HOST.fullmatch(request.headers.get("host", ""))
    if request.scope.get("scheme", "http") != "http" or host is None:
        return False
    if any(name in FORWARDED_HEADERS for name, _ in request.scope["headers"]):
        return False
    name = host[1].strip("[]").lower()
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_https(request: Request) -> bool:
    """Whether the browser speaks https, with us or with the proxy before us."""
    settings: Settings = request.app.state.settings
    return request.scope.get("scheme") == "https" or settings.public_base_url.startswith("https:")


def _own_origin(request: Request) -> str:
    scheme = "http" if _is_local(request) else "https"
    return f"{scheme}://{request.headers.get('host', '')}"
