"""Settings from the environment, prefix `PAGEDESK_`. `docs/settings.md` explains each.

Here each value is judged by itself; `base.settings_reading` reads them for a process, and
`local.start_checks` looks at the files and servers that they name.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from base import machine_limits as machine
from base.http.proxies import TrustedProxies
from base.secrets import Vault, decode_master_key, make_master_key, read_master_key

PREFIX = "PAGEDESK_"
MIN_TOKEN_LENGTH = 16
FILE_STORE_SCHEMES = ("file", "s3", "gs", "az")
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s/:@]+):(\d{1,5})")
_MAX_PORT = 65535


def _postgres_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_complete = bool(parts.hostname and parts.path.strip("/")) or bool(parts.query)
        _ = parts.port
    except ValueError:
        is_complete = False
        parts = urlsplit("")
    if parts.scheme not in ("postgres", "postgresql") or not is_complete:
        raise ValueError("must be like postgresql://user:password@host:5432/database; PostgreSQL only")
    return value


def _file_store_url(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme not in FILE_STORE_SCHEMES or not rest.strip("/"):
        raise ValueError(
            "must be like file:///var/lib/pagedesk/files, s3://bucket, gs://bucket or az://container"
        )
    return value


def _host_and_port(value: str) -> str:
    found = _HOST_AND_PORT.fullmatch(value)
    if found is None or not 0 < int(found[2]) <= _MAX_PORT:
        raise ValueError("must be like temporal.example.com:7233 (host:port, without http://)")
    return value


def _proxies(value: str) -> str:
    try:
        TrustedProxies.of(value)
    except ValueError as error:
        raise ValueError("must be addresses or networks, like 127.0.0.1,10.0.0.0/8, or *") from error
    return value


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_TOKEN_LENGTH:
        raise ValueError(f"needs at least {MIN_TOKEN_LENGTH} characters")
    return value


def _key(value: SecretStr) -> SecretStr:
    decode_master_key(value.get_secret_value())
    return value


def _capitals(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_capitals)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]


class Settings(BaseSettings):
    """One installation's settings; immutable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    data_dir: Path = Field(Path(".data"), description="Where the embedded databases, logs and keys live.")
    database_url: Annotated[str, AfterValidator(_postgres_url)] | None = Field(
        None,
        description="PostgreSQL URL; SQLite in the data dir if not set. With it the master key and the "
        "attachment store must be given, the same on each host.",
    )
    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port the API listens on.")
    trusted_proxies: Annotated[str, AfterValidator(_proxies)] | None = Field(
        None,
        description="Addresses or networks of reverse proxies whose X-Forwarded-For is believed, "
        "comma-separated.",
    )
    public_url: AnyHttpUrl | None = Field(
        None, description="Where Meta reaches the API; https in production."
    )

    temporal_address: HostAndPort | None = Field(
        None, description="host:port of Temporal; a dev server if not set."
    )
    temporal_port: int = Field(7233, ge=1, le=65535, description="Port of the dev server Pagedesk starts.")
    temporal_ui_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of that dev server's web page, which asks nobody who they are. It is served if "
        "this is set, and in the demo, on 8233.",
    )
    temporal_namespace: str = Field("default", description="Temporal namespace.")
    temporal_api_key: SecretStr | None = Field(None, description="API key for Temporal Cloud.")
    temporal_tls: bool = Field(default=False, description="Use TLS towards Temporal.")
    temporal_tls_ca: Path | None = Field(None, description="CA file for Temporal's certificate.")
    temporal_tls_cert: Path | None = Field(None, description="Client certificate file for mTLS.")
    temporal_tls_key: Path | None = Field(None, description="Client key file for mTLS.")
    temporal_synchronous: Literal["full", "normal"] = Field("full", description="ADR 0005.")

    graph_base_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://graph.facebook.com"), description="Base of the Graph API."
    )
    graph_version: str = Field("v26.0", pattern=r"^v\d+\.\d+$", description="Graph API version.")

    # Meta drops a page's subscription after an hour of failing webhooks: a quarter of one finds it in time.
    page_check_minutes: int = Field(
        15, ge=1, description="How often a page that works is checked: token, permissions, subscriptions."
    )

    # Meta's limits are 300 and 10; above 40 it may count the page as of high volume and block it altogether.
    page_sends_per_second: int = Field(
        40, ge=1, le=300, description="How many messages a page sends in a second at most."
    )
    page_media_per_second: int = Field(
        10, ge=1, le=10, description="How many of them may carry an image, audio, video or file."
    )

    attachment_store_url: Annotated[str, AfterValidator(_file_store_url)] | None = Field(
        None, description="Where files are kept: file:///…, s3://…, gs://…, az://…; the data dir if not set."
    )
    attachment_hosts: str = Field(
        ".fbcdn.net,.fbsbx.com",
        description="Hosts that customers' files are fetched from, comma-separated: .suffix or name, by "
        "https from public addresses; or http://host:port, trusted as it stands (the sandbox).",
    )
    attachment_megabytes: int = Field(
        5, ge=1, le=25, description="Size limit of a file, both ways; Messenger's own is 25."
    )
    attachment_allowed: str = Field(
        "jpg,jpeg,png,gif,webp,mp3,oga,ogg,amr,aac,m4a,wav,mp4,mov,webm,pdf,docx,xlsx,xls,doc,txt,csv",
        description="Extensions of files that are taken from customers, comma-separated.",
    )
    attachment_blocked: str | None = Field(
        None, description="Extensions that are refused both ways, whatever is allowed, comma-separated."
    )
    attachment_scanner: str | None = Field(
        None,
        description="Command that gets each file on its standard input; exit code 0: clean, 1: malicious, "
        "others: try again.",
    )

    # What each period means, and for whom: docs/privacy.md.
    retention_inbox_days: int = Field(
        30, ge=7, description="How long the inbox keeps what Meta sent, word for word."
    )
    retention_unrouted_days: int = Field(
        90, ge=7, description="How long events that went to no thread are kept, to be handled once more."
    )
    retention_event_days: int = Field(
        400, ge=30, description="How long the log of events is kept: timelines, the event stream, audit."
    )
    retention_metrics_days: int = Field(
        397, ge=32, description="How long it is kept what metrics are made of; their daily sums stay."
    )
    retention_opening_days: int = Field(
        30, ge=8, description="How long it is kept when each messaging window was opened."
    )
    retention_idempotency_days: int = Field(30, ge=1, description="How long an Idempotency-Key is known.")
    retention_sign_in_days: int = Field(30, ge=1, description="How long an expired sign-in is kept.")
    retention_upload_days: int = Field(
        7, ge=1, description="How long a file is kept that an agent uploaded and never sent."
    )
    retention_file_days: int = Field(
        730, ge=1, description="How long files of messages are kept. The messages stay until erased."
    )

    cached_conversations: int = Field(
        default_factory=machine.cached_conversations,
        ge=100,
        description="How many conversations a worker keeps in memory, 75 kB each; beyond, each message costs "
        "about twice as much. By default a tenth of the memory's worth, 1,000 to 10,000.",
    )
    workflow_tasks_at_once: int = Field(
        8,
        ge=2,
        description="How many workflow tasks a worker has in hand. They share one interpreter: for more than "
        "a processor start more workers (ADR 0008).",
    )
    activities_at_once: int = Field(
        800,
        ge=10,
        description="How many calls to Meta and the store a worker has under way, most of them waiting.",
    )
    store_readers: int = Field(
        default_factory=machine.store_readers,
        ge=2,
        description="Threads, and connections, with which a process reads the database, besides two for "
        "signing in and two for searches. By default two a processor, 4 to 16.",
    )
    store_writers: int = Field(
        default_factory=machine.store_writers,
        ge=2,
        description="The same for writing, on PostgreSQL; SQLite has one writer. By default four a "
        "processor, 8 to 32.",
    )

    worker_metrics_address: HostAndPort | None = Field(
        None,
        description="host:port at which a worker serves `/metrics`, without a key; none if not set "
        "(docs/metrics.md). The API serves its own at `/metrics`, with a key.",
    )

    sandbox_port: int = Field(9600, ge=1, le=65535, description="Port of the demo's local Messenger.")

    demo: bool = Field(
        default=False,
        description="The data are invented, and clients show where to write as a customer. `pagedesk demo` "
        "sets it.",
    )
    time_travel: bool = Field(
        default=False,
        description="Temporal skips time and says what time it is; `pagedesk demo --time-travel` sets it.",
    )
    travel_port: int = Field(
        9601, ge=1, le=65535, description="Port on which `pagedesk travel` finds a travelling Pagedesk."
    )

    sign_in_idle_minutes: int = Field(
        120, ge=5, le=1440, description="How long a sign-in lives without a sign of its person."
    )
    sign_in_hours: int = Field(12, ge=1, le=168, description="How long a sign-in lives at all.")
    admin_token: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        None,
        description="Bearer key of an administrator for programs: `pagedesk doctor`, and what sets a desk up "
        "by itself. People sign in with the code of the first start.",
    )
    master_key: Annotated[SecretStr, AfterValidator(_key)] | None = Field(
        None,
        description="Base64 of 32 bytes, with which the secrets in the database are encrypted; "
        "without it `master.key` in the data dir, made on the first start. Keep a copy of it elsewhere.",
    )
    log_level: LogLevel = Field("INFO", description="From which level on lines are logged.")
    docs: bool = Field(default=True, description="Serve the API's documentation pages.")

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> "Settings":
        if (self.temporal_tls_cert is None) != (self.temporal_tls_key is None):
            raise ValueError("PAGEDESK_TEMPORAL_TLS_CERT and PAGEDESK_TEMPORAL_TLS_KEY go together: set both")
        return self

    @cached_property
    def vault(self) -> Vault:
        """The vault of this installation; makes the master key file on first use. Raises MasterKeyError."""
        return self.existing_vault or Vault(make_master_key(self.master_key_file))

    @property
    def existing_vault(self) -> Vault | None:
        """The vault, if there is a key already; makes nothing. Raises MasterKeyError."""
        if self.master_key is not None:
            return Vault(decode_master_key(self.master_key.get_secret_value()))
        key = read_master_key(self.master_key_file)
        return Vault(key) if key is not None else None

    @property
    def master_key_file(self) -> Path:
        """Where the master key is that no setting gives."""
        return self.data_dir / "master.key"

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'pagedesk.db'}"
        return self.database_url.replace("postgres://", "postgresql://", 1).replace(
            "postgresql://", "postgresql+psycopg://", 1
        )

    @property
    def process_locks_directory(self) -> Path | None:
        """Where files say which processes live; None where these may be on several machines."""
        return self.data_dir if self.database_url is None else None

    @property
    def inbox_url(self) -> str:
        """SQLAlchemy URL of the inbox: a SQLite file of its own, on PostgreSQL the same database."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'inbox.db'}"
        return self.store_url

    @property
    def temporal_target(self) -> str:
        """host:port of the Temporal server that clients use."""
        return self.temporal_address or f"127.0.0.1:{self.temporal_port}"

    @property
    def worker_metrics_binding(self) -> tuple[str, int] | None:
        """Host and port at which a worker serves its metrics."""
        if self.worker_metrics_address is None:
            return None
        host, _, port = self.worker_metrics_address.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def files_url(self) -> str:
        """URL of the attachment store."""
        return self.attachment_store_url or (self.data_dir / "attachments").absolute().as_uri()

    @property
    def max_attachment_bytes(self) -> int:
        """The size limit of a file."""
        return self.attachment_megabytes * 1024 * 1024

    @property
    def local_url(self) -> str:
        """Where the API answers on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """Where the demo's local Messenger answers."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def travel_url(self) -> str:
        """Where a travelling Pagedesk's time is kept."""
        return f"http://127.0.0.1:{self.travel_port}"

    @property
    def public_base_url(self) -> str:
        """The public address without a final slash."""
        return str(self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
