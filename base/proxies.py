"""Which reverse proxies are believed when they say whom a request is from."""

import ipaddress
from dataclasses import dataclass, field

FORWARDED_HEADERS = frozenset({b"x-forwarded-for", b"forwarded", b"x-real-ip"})

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
        return cls(tuple(ipaddress.ip_network(part) for part in parts))

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
    return ip.is_loopback or ip.is_private
