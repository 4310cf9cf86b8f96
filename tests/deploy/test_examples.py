"""The examples in deploy/ work: systemd takes the units, and the proxies pass everything through at once.

`make test-deploy`. It needs nginx, caddy and systemd-analyze (Debian: apt install nginx caddy systemd).
"""

import asyncio
import contextlib
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from api.app import create_app
from local.processes.ports import free_port
from local.processes.served import served
from support.eventually import eventually
from support.paths import ROOT
from support.store import make_settings

pytestmark = pytest.mark.deploy

DEPLOY = ROOT / "deploy"
ADMIN_KEY = "an-admin-key-behind-a-proxy"
EVENT_SECONDS = 3.0


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
    assert found, f"{name} is not on the PATH. Debian, Ubuntu: apt install nginx caddy systemd"
    return found


@pytest.mark.parametrize("unit", sorted(path.name for path in DEPLOY.glob("*.service")))
def test_systemd_takes_the_unit(unit: str, tmp_path: Path) -> None:
    copy = tmp_path / unit
    copy.write_text(re.sub(r"ExecStart=/opt/\S+", "ExecStart=/bin/true", (DEPLOY / unit).read_text()))
    verified = subprocess.run(  # noqa: S603 - our own command
        [program("systemd-analyze"), "verify", copy], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[str]:
    """An API on a port of its own, without an engine; its address."""
    settings = make_settings(
        tmp_path / "data",
        admin_token=SecretStr(ADMIN_KEY),
        trusted_proxies="127.0.0.1",
        attachment_megabytes=25,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app), served(app) as url:
        yield url


def certificate(folder: Path) -> None:
    """A certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def nginx_command(folder: Path, port: int, api: str) -> list[str]:
    """Nginx with our server block, its port, upstream and certificate replaced."""
    certificate(folder)
    block = (DEPLOY / "nginx.conf").read_text()
    block = block.replace("    listen [::]:443 ssl;\n", "").replace("listen 443", f"listen 127.0.0.1:{port}")
    block = block.replace("http://127.0.0.1:8000", api).replace("desk.example.com", "localhost")
    block = block.replace("/etc/letsencrypt/live/localhost", str(folder))
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nuser root;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{block}}}\n"
    )
    return [program("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)]


def caddy_command(folder: Path, port: int, api: str) -> list[str]:
    """Caddy with our site, its address and upstream replaced, and a certificate of its own making."""
    site = (DEPLOY / "Caddyfile").read_text()
    site = site.replace("desk.example.com {", f"https://localhost:{port} {{\n\ttls internal")
    options = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n"
    (folder / "Caddyfile").write_text(options + site.replace("127.0.0.1:8000", api.removeprefix("http://")))
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.fixture(params=[nginx_command, caddy_command], ids=["nginx", "caddy"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path, api: str) -> AsyncIterator[httpx.AsyncClient]:
    """The API behind a proxy that is set up by our example."""
    command: Callable[[Path, int, str], list[str]] = request.param
    folder = tmp_path / "proxy"
    folder.mkdir()
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *command(folder, port, api), env={"HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    )
    insecure = ssl._create_unverified_context()  # noqa: S323 - a certificate made for this test
    try:
        async with httpx.AsyncClient(
            base_url=f"https://localhost:{port}",
            verify=insecure,
            trust_env=False,
            headers={"Authorization": f"Bearer {ADMIN_KEY}"},
        ) as client:

            async def answers() -> bool:
                with contextlib.suppress(httpx.TransportError):
                    return (await client.get("/healthz")).status_code == 200
                return False

            await eventually(answers, within=20)
            yield client
    finally:
        process.terminate()
        await process.wait()


async def test_an_event_passes_the_proxy_at_once(desk: httpx.AsyncClient) -> None:
    async with desk.stream("GET", "/v1/events") as stream:
        assert stream.status_code == 200
        lines = stream.aiter_lines()
        async with asyncio.timeout(EVENT_SECONDS):
            while not (await anext(lines)).startswith("id:"):
                pass
        made = await desk.post("/v1/agents", json={"name": "Mia", "role": "agent"})
        assert made.status_code == 201
        async with asyncio.timeout(EVENT_SECONDS):
            while await anext(lines) != "event: agent.created":
                pass


async def test_a_file_as_large_as_messenger_takes_passes_the_proxy(desk: httpx.AsyncClient) -> None:
    told = await desk.post(
        "/v1/attachments",
        params={"name": "large.txt"},
        content=b"a" * 25_000_000,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert (told.status_code, told.json()["size"]) == (201, 25_000_000)
