"""Which reverse proxies are believed when they say whom a request is from."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

FORWARDED_HEADERS = frozenset({b"x-forwarded-for", b"forwarded", b"x-real-ip"})

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NEARBY = [
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Addresses and networks; `everybody` where the setting is `*`."""

    networks: tuple[_Network, ...] = ()
    everybody: bool = False
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, setting: str | None) -> "TrustedProxies":
        """From PAGEDESK_TRUSTED_PROXIES: addresses and networks, comma-separated, or `*`.

        Raises ValueError for what is neither.
        """
        parts = [part.strip() for part in (setting or "").split(",") if part.strip()]
        if parts == ["*"]:
            return cls(everybody=True)
        return cls(tuple(ipaddress.ip_network(part, strict=False) for part in parts))

    def __contains__(self, address: str) -> bool:
        if self.everybody or not self.networks:
            return self.everybody
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= 4096:  # noqa: PLR2004 - sources come and go
                self._known.clear()
            known = self._known[address] = self._includes(address)
        return known

    def _includes(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.networks)


def is_nearby(address: str) -> bool:
    """Whether an address is of this machine or a private network: where proxies are."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in _NEARBY)


def source_of_address(address: str) -> str:
    """What counts as one source: an IPv4 address, and of IPv6 the /64 that a single customer line has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return address


def untrusted_proxy(client: str, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The address of a proxy that has forwarded a request and is not trusted; None where there is none.

    Only a nearby one: strangers may send such headers themselves. Where a proxy is trusted, the server has
    put the address that the header names in the place of the proxy's.
    """
    forwarded = [value for name, value in headers if name in FORWARDED_HEADERS]
    if not forwarded or not is_nearby(client) or any(client.encode() in value for value in forwarded):
        return None
    return client
