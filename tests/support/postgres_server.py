"""A PostgreSQL server for tests, and a command beside one: `python -m support.postgres_server COMMAND ARG…`.

The command finds the server's URL in PAGEDESK_TEST_POSTGRES_URL; who has set that already gets no other
server. The programs are looked for on the PATH and where Debian keeps them; for root, apt-get installs them.
What is committed survives the server's processes, not the machine's power: nothing waits for a disk.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

from local.processes.die_with_parent import leashed
from local.processes.ports import free_port

URL_VARIABLE = "PAGEDESK_TEST_POSTGRES_URL"

_HOST = "127.0.0.1"
_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_PAUSE_SECONDS = 0.05
_SETTINGS = {
    "listen_addresses": _HOST,
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "fsync": "off",
}
_REMEDY = f"""PostgreSQL's programs (initdb, postgres) are neither on the PATH nor in {_DEBIAN}.
Install them (Debian, Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql`),
or name a server whose user may create databases: {URL_VARIABLE}=postgresql://user:password@host/postgres"""


class NoPostgresError(Exception):
    """There is no PostgreSQL, or it does not start; the message says what to do."""


class PostgresServer:
    """One server, to be started and stopped at will; data and port stay the same."""

    def __init__(self, directory: Path) -> None:
        """Make its data. `directory` must be empty, and be reached by unprivileged users."""
        self._programs = _find_programs()
        self._data = directory / "data"
        self._log = directory / "postgres.log"
        self._port = free_port(_HOST)
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged_user()
        if self._user:
            shutil.chown(directory, self._user)
        options = ["--auth=trust", "--username=pagedesk", "--encoding=UTF8", "--locale=C", "--no-sync"]
        argv = [str(self._programs / "initdb"), "--pgdata", str(self._data), *options]
        with self._log.open("ab") as log:
            made = subprocess.run(self._unprivileged(argv), stdout=log, stderr=log, check=False)  # noqa: S603 - our own command
        if made.returncode != 0:
            raise NoPostgresError(f"initdb failed:\n{self._log.read_text()}")

    @property
    def url(self) -> str:
        """The URL of its maintenance database."""
        return f"postgresql://pagedesk@{_HOST}:{self._port}/postgres"

    def start(self) -> None:
        """Start it and return when it takes connections. It dies with this process."""
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        argv = [str(self._programs / "postgres"), "-D", str(self._data), f"--port={self._port}", *settings]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._unprivileged(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._takes_connections():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NoPostgresError(f"PostgreSQL did not start:\n{self._log.read_text()[-3000:]}")
            time.sleep(_PAUSE_SECONDS)

    def stop(self) -> None:
        """Shut it down: connections are ended, what is committed is written down."""
        self._end(signal.SIGINT)

    def stop_at_once(self) -> None:
        """End it as a crash would ("immediate"): its next start recovers from the write-ahead log."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def _takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _unprivileged(self, argv: list[str]) -> list[str]:
        """The command as a child that dies with us and is not root, as PostgreSQL refuses to be."""
        if self._user is None:
            return leashed(argv)
        person = ["--reuid", self._user, "--regid", str(pwd.getpwnam(self._user).pw_gid), "--clear-groups"]
        return ["setpriv", *person, "--pdeathsig", "KILL", *argv]


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server with data of its own, for as long as the block lasts. Raises NoPostgresError."""
    with tempfile.TemporaryDirectory(prefix="pagedesk-postgres-") as directory:
        server = PostgresServer(Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _find_programs() -> Path:
    """The directory of `initdb` and `postgres`."""
    found = _programs_on_path() or _programs_of_debian()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = _programs_of_debian()
    if found is None:
        raise NoPostgresError(_REMEDY)
    return found


def _programs_on_path() -> Path | None:
    initdb = shutil.which("initdb")
    directory = Path(initdb).resolve().parent if initdb else None
    return directory if directory and (directory / "postgres").exists() else None


def _programs_of_debian() -> Path | None:
    releases = [path.parent for path in _DEBIAN.glob("*/bin/initdb")]
    return max(releases, key=lambda path: float(path.parent.name), default=None)


def _install() -> None:
    print("PostgreSQL's programs are not here: installing Debian's package postgresql", file=sys.stderr)  # noqa: T201 - for a terminal
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
        subprocess.run(["apt-get", "--quiet", *arguments], env=environment, stdout=sys.stderr, check=False)  # noqa: S603, S607 - the system's own


def main(argv: Sequence[str]) -> int:
    """Run a command beside a server; its exit status."""
    if os.environ.get(URL_VARIABLE):
        return subprocess.run(argv, check=False).returncode  # noqa: S603 - the developer's own command
    try:
        with postgres_server() as server:
            environment = os.environ | {URL_VARIABLE: server.url}
            return subprocess.run(argv, env=environment, check=False).returncode  # noqa: S603 - as above
    except NoPostgresError as error:
        print(error, file=sys.stderr)  # noqa: T201 - for a terminal
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
