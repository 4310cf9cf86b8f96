"""F101 to F111 of docs/reference/bad-input.md, as far as they are about where files come from.

The other numbers are in tests/store/attachments/test_bad_files.py and
tests/api/attachments/test_attachments.py.
"""

import asyncio
import gzip
import io
import itertools
import resource
import ssl
from collections.abc import AsyncIterator
from unittest import mock

import httpcore
import pytest

from domain.attachments.file_names import safe_name
from domain.attachments.refusals import FileReason
from messenger.media.hosts import AddressRefusedError, CheckedNetwork, MediaHosts, is_public
from messenger.media.media import FetchLimits, FileNotFetchedError, FileRefusedError, MediaFetcher
from support.fake_cdn import FakeCdn, fake_cdn

META = ".fbcdn.net,.fbsbx.com"
LIMITS = FetchLimits(
    5 * 1024 * 1024,
    total_timeout_seconds=5,
    read_timeout_seconds=1,
    grace_seconds=0.3,
    min_bytes_per_second=1000,
)


@pytest.fixture
async def cdn() -> AsyncIterator[FakeCdn]:
    async with fake_cdn() as running:
        yield running


async def fetched(cdn: FakeCdn, url: str, *, limits: FetchLimits = LIMITS) -> bytes:
    """Fetch with the fake CDN's origin trusted, as the sandbox's is."""
    fetcher = MediaFetcher(MediaHosts.read(f"{META},{cdn.origin}"), limits)
    into = io.BytesIO()
    try:
        await fetcher.fetch(url, into)
    finally:
        await fetcher.aclose()
    return into.getvalue()


async def refusal(cdn: FakeCdn, url: str, *, limits: FetchLimits = LIMITS) -> FileReason:
    with pytest.raises(FileRefusedError) as refused:
        await fetched(cdn, url, limits=limits)
    return refused.value.reason


HOSTS = [
    "127.0.0.1",
    "0x7f000001",
    "2130706433",
    "127.1",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "169.254.169.254",
    "100.64.0.1",
    "metadata.google.internal",
    "scontent.xx.fbcdn.net@127.0.0.1",
    "scontent.xx.fbcdn.net:22",
    "scontent.xx.fbcdn.net:7233",
    "scontent.xx.fbcdn.net:5432",
    "scontent.xx.fbcdn.net\\@127.0.0.1",
    "scontent.xx.fbcdn.net%00.evil.tld",
    "scontent.xx.fbcdn.net.",
    "scontent.xx.fbсdn.net",  # noqa: RUF001 - a look-alike is the point
    "scontent.xx.fbcdn。net",
    "",
]


@pytest.mark.parametrize("host", HOSTS, ids=[f"F101-{host or 'none'}" for host in HOSTS])
async def test_f101_an_address_of_no_host_of_messengers_is_never_called(cdn: FakeCdn, host: str) -> None:
    fetcher = MediaFetcher(MediaHosts.read(META), LIMITS)
    for port in ("", f":{cdn.port}"):
        for scheme in ("https", "http"):
            with pytest.raises(FileRefusedError) as refused:
                await fetcher.fetch(f"{scheme}://{host}{port}/x.jpg", io.BytesIO())
            assert refused.value.reason is FileReason.ADDRESS_NOT_ALLOWED
    await fetcher.aclose()
    assert cdn.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(["127.0.0.1"], id="F101-name-of-loopback"),
        pytest.param(["10.1.2.3"], id="F101-name-of-a-private-address"),
        pytest.param(["169.254.169.254"], id="F101-name-of-metadata"),
        pytest.param(["::ffff:127.0.0.1"], id="F101-name-of-a-mapped-address"),
        pytest.param(["64:ff9b::a00:1"], id="F101-name-of-a-translated-address"),
        pytest.param(["2002:a00:1::"], id="F101-name-of-a-6to4-address"),
        pytest.param(["fe80::1%lo"], id="F101-name-of-a-link-local-address"),
        pytest.param(["0.0.0.0"], id="F101-name-of-nothing"),
        pytest.param(["157.240.1.1", "127.0.0.1"], id="F101-one-public-one-private"),
        pytest.param([], id="F101-name-of-no-address"),
    ],
)
async def test_f101_a_name_is_called_only_where_all_its_addresses_are_public(addresses: list[str]) -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return addresses

    fetcher = MediaFetcher(MediaHosts.read(META), LIMITS, resolve=resolve)
    with pytest.raises(FileRefusedError) as refused:
        await fetcher.fetch("https://scontent.xx.fbcdn.net/x.jpg", io.BytesIO())
    assert refused.value.reason is FileReason.ADDRESS_NOT_ALLOWED
    await fetcher.aclose()


class _Recorder(httpcore.AnyIOBackend):
    """Connects nowhere and remembers where to."""

    def __init__(self) -> None:
        self.called: list[str] = []

    async def connect_tcp(self, host: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        self.called.append(host)
        raise httpcore.ConnectError


async def test_f101_a_rebinding_name_is_looked_up_once_and_called_at_that_address() -> None:
    answers = iter([["157.240.1.1"], ["127.0.0.1"]])

    async def resolve(_: str, __: int) -> list[str]:
        return next(answers)

    network = CheckedNetwork(MediaHosts.read(META), resolve)
    network._network = recorder = _Recorder()
    with pytest.raises(httpcore.ConnectError):
        await network.connect_tcp("scontent.xx.fbcdn.net", 443)
    assert recorder.called == ["157.240.1.1"]
    with pytest.raises(AddressRefusedError):
        await network.connect_tcp("scontent.xx.fbcdn.net", 443)


NOT_PUBLIC = [
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:9df0:101::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "no address",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_ipv6_addresses_that_are_not_of_the_public_internet_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["157.240.1.1", "2a03:2880:f12d:83:face:b00c::25de", "64:ff9b::9df0:101", "::ffff:157.240.1.1"]
)
def test_addresses_of_the_public_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "to",
    [
        pytest.param("http://169.254.169.254/latest/", id="F102-to-metadata"),
        pytest.param("http://127.0.0.1:1/", id="F102-to-loopback"),
        pytest.param("https://evil.example/x.jpg", id="F102-to-another-host"),
        pytest.param("http://scontent.xx.fbcdn.net/x.jpg", id="F102-to-http"),
        pytest.param("file:///etc/passwd", id="F102-to-a-file"),
        pytest.param("", id="F102-to-nowhere"),
    ],
)
async def test_f102_every_hop_of_a_redirect_is_checked(cdn: FakeCdn, to: str) -> None:
    url = cdn.status("/x.jpg", 302, b"Location: %b\r\n" % to.encode())
    assert await refusal(cdn, url) is FileReason.ADDRESS_NOT_ALLOWED


async def test_f102_twenty_redirects_are_not_followed(cdn: FakeCdn) -> None:
    for hop in range(20):
        cdn.status(f"/{hop}", 302, b"Location: /%d\r\n" % (hop + 1))
    assert await refusal(cdn, f"{cdn.origin}/0") is FileReason.ADDRESS_NOT_ALLOWED
    assert cdn.asked == ["/0", "/1", "/2", "/3"]


async def test_f102_a_few_redirects_are(cdn: FakeCdn) -> None:
    cdn.file("/there", b"there")
    assert await fetched(cdn, cdn.status("/here", 307, b"Location: there\r\n")) == b"there"


SCHEMES = ["file", "gopher", "ftp", "data", "unix", "ws", "HTTP", ""]


@pytest.mark.parametrize("scheme", SCHEMES, ids=[f"F103-{scheme or 'none'}" for scheme in SCHEMES])
async def test_f103_only_https_is_called(cdn: FakeCdn, scheme: str) -> None:
    for url in (f"{scheme}://scontent.xx.fbcdn.net/x", f"{scheme}:///etc/passwd", f"{scheme}:x", scheme):
        assert await refusal(cdn, url) is FileReason.ADDRESS_NOT_ALLOWED


TRICKS = ["fbcdn.net.evil.tld", "evilfbcdn.net", "fbcdn.net", "fbcdn-net.tld", "x.fbcdn.net.evil.tld"]


@pytest.mark.parametrize("host", TRICKS, ids=[f"F104-{host}" for host in TRICKS])
async def test_f104_a_suffix_begins_at_a_dot(cdn: FakeCdn, host: str) -> None:
    assert await refusal(cdn, f"https://{host}/x.jpg") is FileReason.ADDRESS_NOT_ALLOWED


async def test_f105_declared_small_and_endless_ends_at_what_was_declared(cdn: FakeCdn) -> None:
    cdn.stream("/x", itertools.repeat(b"x" * 1000, 10_000), b"Content-Length: 1000\r\n")
    assert len(await fetched(cdn, cdn.origin + "/x")) == 1000


async def test_f105_endless_is_cut_off_in_bounded_memory(cdn: FakeCdn) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    url = cdn.stream("/x", itertools.repeat(bytes(64 * 1024), 200_000))
    assert await refusal(cdn, url) is FileReason.TOO_LARGE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


async def test_f105_declared_10_gb_is_not_begun(cdn: FakeCdn) -> None:
    assert await refusal(cdn, cdn.file("/x", b"x", declared=10 * 1024**3)) is FileReason.TOO_LARGE


async def test_f105_a_gzip_bomb_is_not_unpacked(cdn: FakeCdn) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    url = cdn.file("/x", bomb, b"Content-Encoding: gzip\r\n")
    assert await refusal(cdn, url) is FileReason.ENCODING_NOT_SUPPORTED


async def test_f105_one_byte_a_second_is_given_up(cdn: FakeCdn) -> None:
    cdn.pause_s = 0.1
    url = cdn.stream("/x", itertools.repeat(b"x", 10_000))
    assert (
        await refusal(cdn, url) is FileReason.DOWNLOAD_TIMED_OUT
    )  # the whole would take a quarter of an hour


@pytest.mark.slow
async def test_f105_a_silent_host_is_given_up(cdn: FakeCdn) -> None:
    cdn.pause_s = 30
    with pytest.raises(FileNotFetchedError, match="download_timed_out"):
        await fetched(cdn, cdn.stream("/x", [b"x"]))


async def test_f105_a_file_that_ends_too_early_is_not_taken(cdn: FakeCdn) -> None:
    with pytest.raises(FileNotFetchedError, match="download_failed"):
        await fetched(cdn, cdn.file("/x", b"half", declared=8))


NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\win.ini": "win.ini",
    "a\x00b.jpg": "ab.jpg",
    "a\r\nSet-Cookie: x.jpg": "aSet-Cookie_ x.jpg",
    "con": "_con",
    "CON.jpg": "_CON.jpg",
    "x" * 4000 + ".jpg": "x" * 96 + ".jpg",
    "photo\u202egpj.exe": "photogpj.exe",
    "a\"b'c.jpg": "a_b'c.jpg",
    "  ..  ": "image-1",
    "\ud800.jpg": "jpg",
    "café.jpg": "café.jpg",
}


@pytest.mark.parametrize("raw", NAMES, ids=[f"F108-{number}" for number in range(len(NAMES))])
def test_f108_a_name_is_only_a_name(raw: str) -> None:
    assert safe_name(raw, "image-1") == NAMES[raw]


async def test_f109_an_empty_file_is_none(cdn: FakeCdn) -> None:
    assert await refusal(cdn, cdn.file("/x", b"")) is FileReason.EMPTY


async def test_f109_one_byte_more_than_may_be_is_too_much(cdn: FakeCdn) -> None:
    most = FetchLimits(25 * 1024 * 1024)
    assert len(await fetched(cdn, cdn.file("/x", bytes(most.max_bytes)), limits=most)) == most.max_bytes
    url = cdn.stream("/y", [bytes(most.max_bytes), b"x"])
    assert await refusal(cdn, url, limits=most) is FileReason.TOO_LARGE


@pytest.mark.parametrize("status", [403, 404, 410], ids=["F110-403", "F110-404", "F110-410"])
async def test_f110_a_link_that_has_expired_is_said_to_have(cdn: FakeCdn, status: int) -> None:
    assert await refusal(cdn, cdn.status("/x", status)) is FileReason.LINK_EXPIRED


@pytest.mark.parametrize("status", [500, 503, 429, 204, 206, 400])
async def test_another_status_may_pass(cdn: FakeCdn, status: int) -> None:
    with pytest.raises(FileNotFetchedError):
        await fetched(cdn, cdn.status("/x", status))


@pytest.mark.slow
async def test_f111_one_url_a_thousand_times_leaves_no_connection_behind(cdn: FakeCdn) -> None:
    fetcher = MediaFetcher(MediaHosts.read(cdn.origin), LIMITS)
    url = cdn.file("/x", b"same")
    gate = asyncio.Semaphore(20)

    async def once() -> str:
        async with gate:
            return (await fetcher.fetch(url, io.BytesIO())).sha256

    assert len(set(await asyncio.gather(*(once() for _ in range(1000))))) == 1
    assert fetcher._pool.connections == []
    await fetcher.aclose()


async def test_f111_two_bodies_of_one_url_are_two_files(cdn: FakeCdn) -> None:
    first = await fetched(cdn, cdn.file("/x", b"one"))
    assert await fetched(cdn, cdn.file("/x", b"two")) != first


async def test_a_host_is_proven_by_its_certificate(cdn: FakeCdn) -> None:
    """TLS is spoken with the name of the URL, though the connection goes to an address."""

    async def resolve(_: str, __: int) -> list[str]:
        return ["157.240.1.1"]

    context = mock.Mock(spec=ssl.SSLContext)
    context.wrap_bio.side_effect = ssl.SSLError("enough")
    fetcher = MediaFetcher(MediaHosts.read(META), LIMITS, resolve=resolve, tls=context)
    connect = httpcore.AnyIOBackend.connect_tcp

    async def redirected(
        backend: httpcore.AnyIOBackend, *_: object, **__: object
    ) -> httpcore.AsyncNetworkStream:
        return await connect(backend, "127.0.0.1", cdn.port)

    with (
        mock.patch.object(httpcore.AnyIOBackend, "connect_tcp", redirected),
        pytest.raises(FileNotFetchedError),
    ):
        await fetcher.fetch("https://scontent.xx.fbcdn.net/x.jpg", io.BytesIO())
    await fetcher.aclose()
    assert b"scontent.xx.fbcdn.net" in context.wrap_bio.call_args.args


@pytest.mark.parametrize("setting", ["*.fbcdn.net", "fb cdn.net", "ftp://x", "http://u@x", "https://"])
def test_a_wrong_setting_is_named(setting: str) -> None:
    with pytest.raises(ValueError, match=r"host name|origin"):
        MediaHosts.read(setting)
