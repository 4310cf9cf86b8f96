"""Whom a request is from, where proxies may stand between."""

import pytest

from base.http.proxies import TrustedProxies, source_of_address, untrusted_proxy

FORWARDED = [(b"host", b"desk.test"), (b"x-forwarded-for", b"203.0.113.7")]


@pytest.mark.parametrize(
    ("setting", "address", "trusted"),
    [
        (None, "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("10.0.0.1, 192.168.0.0/16", "192.168.7.7", True),
        ("10.0.0.7/8", "10.200.0.1", True),
        ("::1", "::1", True),
        ("*", "203.0.113.7", True),
        ("10.0.0.0/8", "no address", False),
    ],
)
def test_proxies_are_trusted_by_address_or_network(setting: str | None, address: str, trusted: bool) -> None:
    assert (address in TrustedProxies.of(setting)) is trusted


@pytest.mark.parametrize("setting", ["proxy.example", "10.0.0.0/33", "127.0.0.1;10.0.0.1"])
def test_what_is_no_address_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        TrustedProxies.of(setting)


@pytest.mark.parametrize(
    ("client", "headers", "proxy"),
    [
        ("172.18.0.5", FORWARDED, "172.18.0.5"),
        ("127.0.0.1", [(b"forwarded", b"for=203.0.113.7")], "127.0.0.1"),
        ("::1", [(b"x-real-ip", b"203.0.113.7")], "::1"),
        ("172.18.0.5", FORWARDED[:1], None),
        ("198.51.100.4", FORWARDED, None),  # a stranger's own header
        ("10.0.0.9", [(b"x-forwarded-for", b"10.0.0.9")], None),  # the server has put it there: trusted
    ],
)
def test_a_proxy_that_is_not_trusted_is_noticed(
    client: str, headers: list[tuple[bytes, bytes]], proxy: str | None
) -> None:
    assert untrusted_proxy(client, headers) == proxy


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
    ],
)
def test_a_source_is_an_address_or_the_network_of_one_line(address: str, source: str) -> None:
    assert source_of_address(address) == source
