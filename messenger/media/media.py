"""Fetches a customer's file from Meta's hosts: by checked addresses, in bounded memory, time and size."""

import asyncio
import hashlib
import ssl
import time
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin

import httpcore

from domain.attachments.refusals import FileReason
from messenger.media.hosts import AddressRefusedError, CheckedNetwork, MediaHosts, Resolve

_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_EXPIRED = frozenset({403, 404, 410})
_OK = 200
_HEADERS = ((b"Accept", b"*/*"), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"Pagedesk"))


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The limits of one fetch. `min_bytes_per_second` holds from `grace_seconds` seconds on."""

    max_bytes: int
    total_timeout_seconds: float = 90.0
    read_timeout_seconds: float = 10.0
    grace_seconds: float = 10.0
    min_bytes_per_second: int = 2048


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file."""

    size: int
    sha256: str


class FileRefusedError(Exception):
    """The file cannot be fetched, or may not be stored. Trying again would change nothing."""

    def __init__(self, reason: FileReason) -> None:
        super().__init__(reason)
        self.reason = reason


class FileNotFetchedError(FileRefusedError):
    """The file was not fetched this time; try again."""


class MediaFetcher:
    """Fetches files. `resolve` and `tls` stand in for the network's own, in tests."""

    def __init__(
        self,
        hosts: MediaHosts,
        limits: FetchLimits,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._hosts = hosts
        self._limits = limits
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_keepalive_connections=0,
            network_backend=CheckedNetwork(hosts, resolve),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def fetch(self, url: str, into: IO[bytes]) -> Fetched:
        """Write the file into `into`. Raises FileNotFetchedError and FileRefusedError."""
        try:
            async with asyncio.timeout(self._limits.total_timeout_seconds):
                return await self._follow(url, into)
        except AddressRefusedError as error:
            raise FileRefusedError(FileReason.ADDRESS_NOT_ALLOWED) from error
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise FileNotFetchedError(FileReason.DOWNLOAD_TIMED_OUT) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
            raise FileNotFetchedError(FileReason.DOWNLOAD_FAILED) from error

    async def _follow(self, url: str, into: IO[bytes]) -> Fetched:
        for _ in range(_MAX_REDIRECTS + 1):
            timeouts = {"connect": 5.0, "write": 5.0, "pool": 30.0, "read": self._limits.read_timeout_seconds}
            async with self._pool.stream(
                "GET", self._hosts.target(url), headers=_HEADERS, extensions={"timeout": timeouts}
            ) as response:
                if response.status not in _REDIRECTS:
                    return await self._receive(response, into)
                url = urljoin(url, _header(response, b"location") or "")
        raise FileRefusedError(FileReason.ADDRESS_NOT_ALLOWED)

    async def _receive(self, response: httpcore.Response, into: IO[bytes]) -> Fetched:
        if response.status in _EXPIRED:
            raise FileRefusedError(FileReason.LINK_EXPIRED)
        if response.status != _OK:
            raise FileNotFetchedError(FileReason.DOWNLOAD_FAILED)
        if (_header(response, b"content-encoding") or "identity").lower() != "identity":
            raise FileRefusedError(FileReason.ENCODING_NOT_SUPPORTED)
        announced = _header(response, b"content-length") or ""
        if announced.isdigit() and int(announced) > self._limits.max_bytes:
            raise FileRefusedError(FileReason.TOO_LARGE)
        size, digest, began = 0, hashlib.sha256(), time.monotonic()
        async for chunk in response.aiter_stream():
            size += len(chunk)
            if size > self._limits.max_bytes:
                raise FileRefusedError(FileReason.TOO_LARGE)
            self._require_pace(size, time.monotonic() - began)
            digest.update(chunk)
            into.write(chunk)
        if size == 0:
            raise FileRefusedError(FileReason.EMPTY)
        return Fetched(size, digest.hexdigest())

    def _require_pace(self, size: int, elapsed: float) -> None:
        if elapsed > self._limits.grace_seconds and size < elapsed * self._limits.min_bytes_per_second:
            raise FileNotFetchedError(FileReason.DOWNLOAD_TIMED_OUT)


def _header(response: httpcore.Response, name: bytes) -> str | None:
    values = (value for each, value in response.headers if each.lower() == name)
    return next((value.decode("latin-1") for value in values), None)
