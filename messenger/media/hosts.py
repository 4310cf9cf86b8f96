"""Which addresses customers' files may be fetched from, so that nobody makes us call on our own network.

Two checks, and both must hold: the host of the URL is one of Messenger's (by its name), and every address
that the name resolves to is public (by its number). The connection then goes to an address that was checked.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpcore

_HOST = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
_HTTPS = 443
_DEFAULT_PORTS = {"https": _HTTPS, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")
# Protocol assignments with Teredo, documentation, 6to4, documentation.
_IPV6_RESERVED = [
    ipaddress.ip_network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]
_MAX_URL_LENGTH = 8192
_IN_TARGETS = "/%:=&?~#+!$,;'@()*[]"

Origin = tuple[str, str, int]
"""Scheme, host and port."""
Resolve = Callable[[str, int], Awaitable[list[str]]]


class AddressRefusedError(Exception):
    """An address that nothing may be fetched from."""


@dataclass(frozen=True, slots=True)
class MediaHosts:
    """The hosts of a setting. `suffixes` begin with a dot, `names` do not; `trusted` are whole origins."""

    names: frozenset[str]
    suffixes: tuple[str, ...]
    trusted: frozenset[Origin]

    @classmethod
    def read(cls, setting: str) -> "MediaHosts":
        """The hosts that a setting names, comma-separated. Raises ValueError."""
        given = [each.strip().lower() for each in setting.split(",") if each.strip()]
        named = [each for each in given if "://" not in each]
        for each in named:
            if not _HOST.match(each.removeprefix(".")):
                raise ValueError(f"{each} is no host name")
        return cls(
            frozenset(each for each in named if not each.startswith(".")),
            tuple(each for each in named if each.startswith(".")),
            frozenset(_origin(each) for each in given if "://" in each),
        )

    def target(self, url: str) -> httpcore.URL:
        """The URL as it is to be called. Raises AddressRefusedError if it is not to be called at all."""
        if len(url) > _MAX_URL_LENGTH or not url.isprintable() or "\\" in url or " " in url:
            raise AddressRefusedError("not an address")
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise AddressRefusedError("not an address") from error
        if "@" in parts.netloc:
            raise AddressRefusedError("names a user")
        if (parts.scheme, host, port) not in self.trusted and not self._is_meta(parts.scheme, host, port):
            raise AddressRefusedError("not a host of Messenger")
        query = f"?{parts.query}" if parts.query else ""
        target = quote((parts.path or "/") + query, safe=_IN_TARGETS)
        return httpcore.URL(scheme=parts.scheme, host=host, port=port, target=target)

    def _is_meta(self, scheme: str, host: str, port: int) -> bool:
        if scheme != "https" or port != _HTTPS or not _HOST.match(host):
            return False
        return host in self.names or any(host.endswith(suffix) for suffix in self.suffixes)


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses and trusted origins alone; what was checked is what is connected to."""

    def __init__(self, hosts: MediaHosts, resolve: Resolve | None = None) -> None:
        self._trusted = {(host, port) for _, host, port in hosts.trusted}
        self._resolve = resolve or _resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the form of the base class
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect. Raises AddressRefusedError and httpcore's errors."""
        addresses = [host] if (host, port) in self._trusted else await self._checked(host, port)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError("the name does not resolve") from error
        if not addresses or not all(is_public(address) for address in addresses):
            raise AddressRefusedError("an address of its own network")
        return addresses


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    Of IPv6 that is 2000::/3 without what RFC 6890's registry reserves; Python's `is_global` also takes
    site-local, IPv4-compatible, local NAT64 and unallocated addresses for public (as in
    https://github.com/python/cpython/issues/113171). Two forms stand for an IPv4 address, which is judged in
    their place: mapped ones, and those of NAT64, for networks without IPv4.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if hidden is not None:
            return is_public(str(hidden))
        if ip not in _IPV6_PUBLIC or any(ip in network for network in _IPV6_RESERVED):
            return False
    return ip.is_global and not ip.is_multicast


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _origin(text: str) -> Origin:
    parts = urlsplit(text)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"{text} is no origin such as http://127.0.0.1:9600")
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]
