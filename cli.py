"""Pagedesk: an open customer-service desk for Facebook Messenger."""

import asyncio
import contextlib
import json
import os
import sys
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from base.data_directory import PRIVATE_UMASK
from base.log import configure, get_logger
from base.process.clean_exit import exit_process
from base.process.loading import loading
from base.settings_reading import ending_on_wrong_settings, read_settings

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pagedesk {version_of('pagedesk')}\n")
        raise typer.Exit


@app.callback()
def pagedesk(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda wanted: _show_version(wanted=wanted),
            is_eager=True,
            help="Show it and end.",
        ),
    ] = False,
) -> None:
    """Pagedesk: an open customer-service desk for Facebook Messenger."""


@app.command()
def up() -> None:
    """Start the real service: Temporal, worker and API, with embedded parts where none is configured."""
    from local.launch import launch

    exit_process(asyncio.run(launch(read_settings())))


@app.command()
def demo(
    *,
    time_travel: Annotated[
        bool,
        typer.Option(
            "--time-travel",
            help="On an engine whose time `pagedesk travel` moves; the data is thrown away at the end.",
        ),
    ] = False,
    customers: Annotated[
        bool | None,
        typer.Option(
            "--customers/--no-customers",
            help="Have invented customers write now and then. With --time-travel they do not unless asked.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Start everything with a local Messenger and demo data, in a data folder of its own; see `make run`."""
    from local.launch import launch_demo, launch_travelling

    settings = read_settings()
    if time_travel:
        exit_process(asyncio.run(launch_travelling(settings, customers=customers is True)))
    exit_process(asyncio.run(launch_demo(settings, customers=customers is not False)))


@app.command(context_settings={"ignore_unknown_options": True})
def travel(
    length: Annotated[str, typer.Argument(help="25h, 7d, 90m, 1d2h, 30s.")],
    port: Annotated[int | None, typer.Option(help="Its PAGEDESK_TRAVEL_PORT, if not yours.")] = None,
) -> None:
    """Let time pass in a Pagedesk that was started with `pagedesk demo --time-travel`."""
    from local.time_travel.travel import TravelError, length_of
    from local.time_travel.travel import travel as make_journey

    settings = read_settings()
    try:
        told = make_journey(
            length_of(length), settings if port is None else settings.model_copy(update={"travel_port": port})
        )
    except TravelError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"{told}\n")


@app.command()
def api() -> None:
    """Run the API alone."""
    with loading():
        from api.app import create_app
        from api.http.request_log import WEBHOOKS
        from base.http.known_hosts import KnownHosts, is_loopback
        from base.http.server import new_connections, serve
        from base.telemetry import set_up_telemetry
        from base.time_skipping_clock import process_time
        from local.start_checks import require_places, require_same_installation, require_schema

    settings = read_settings()
    require_places(settings)
    require_schema(settings)
    require_same_installation(settings)
    configure(settings.log_level)
    set_up_telemetry()
    connections = new_connections(settings.trusted_proxies)
    get_logger("api").info("connections_limited", most=connections.most)
    app = create_app(settings, connections=connections)
    public_names = [settings.public_url.host] if settings.public_url and settings.public_url.host else []
    with process_time(settings):
        serve(
            # A delivery is signed: it is taken under any name, or a forgotten setting would lose messages.
            KnownHosts(app, public_names, open_to_all=WEBHOOKS) if is_loopback(settings.host) else app,
            connections=connections,
            host=settings.host,
            port=settings.port,
            trusted_proxies=settings.trusted_proxies,
            timeout_graceful_shutdown=2,
        )
    exit_process(0)


@app.command()
def worker() -> None:
    """Run a worker alone: workflows, activities and the relay."""
    with loading():
        from worker import main as work

    work()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """Run the local Messenger alone; its options are in sandbox/README.md."""
    from runpy import run_module

    sys.argv = ["sandbox", *context.args]
    run_module("sandbox", run_name="__main__")


@app.command()
def doctor(
    *,
    url: Annotated[
        str | None, typer.Option(help="Where the API answers, if not where the settings say.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show how this installation and its pages stand, and what to do.

    The exit status is 1 if something needs mending; warnings do not count.
    It asks the running service with PAGEDESK_ADMIN_TOKEN, or as the admin of the demo that ran here.
    """
    with loading():
        from rich.console import Console

        from local.demo.installation import with_demo_admin
        from local.doctor import examine, show

    settings = read_settings() if url else with_demo_admin(read_settings())  # its token is for here alone
    diagnosis = asyncio.run(examine(settings, url))
    if as_json:
        sys.stdout.write(json.dumps(diagnosis.as_json(), indent=2) + "\n")
    else:
        show(diagnosis, Console())
    sys.stdout.flush()
    exit_process(0 if diagnosis.is_well else 1)


@app.command()
def logs(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes; Ctrl-C ends it.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the newest to show.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="As they were written; so too where it is no terminal.")
    ] = False,
) -> None:
    """Show what happened: requests, webhooks, sends, conversations, warnings of `pagedesk up` or `demo`."""
    from local.demo.installation import with_demo_admin
    from local.log_files import DIRECTORY, show_logs

    directory = with_demo_admin(read_settings()).data_dir / DIRECTORY
    if not directory.is_dir():
        _fail(f"There are no logs in {directory}: `pagedesk up` and `pagedesk demo` write them.")
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        show_logs(directory, lines, follow=follow, as_json=as_json or not sys.stdout.isatty())


@app.command()
def migrate() -> None:
    """Bring the databases to this release's schema: before `api` and `worker`; `up` and `demo` do it."""
    from local.start_checks import require_database, require_places
    from store.db.migrate import migrate as bring_up

    settings = read_settings()
    require_places(settings)
    require_database(settings)
    bring_up(settings)


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Copy all embedded databases and files, while Pagedesk works or not. The master key is not copied."""
    from local.backups.backup import BackupError
    from local.backups.backup import backup as back_up

    try:
        sys.stdout.write(f"{back_up(read_settings(), folder)}\n")
    except BackupError as error:
        _fail(str(error))


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="What `pagedesk backup` made.")],
    *,
    key_lost: Annotated[
        bool, typer.Option("--key-lost", help="Its master key is lost for good: see new-master-key.")
    ] = False,
) -> None:
    """Put a backup into an empty data directory, the master key being there. Then start Pagedesk."""
    from local.backups.backup import BackupError
    from local.backups.backup import restore as put_back
    from local.processes.errors import LaunchError

    try:
        sys.stdout.write(f"{put_back(read_settings(), folder, key_lost=key_lost)}\n")
    except (BackupError, LaunchError) as error:
        _fail(str(error))


@app.command()
def restored(
    backed_up_at: Annotated[
        datetime,
        typer.Argument(help="When the older one of the backups was begun, in UTC.", formats=[_INSTANT]),
    ],
) -> None:
    """Say that your own PostgreSQL and Temporal came from backups. Before anything is started."""
    from local.backups.backup import mark_restored

    mark_restored(read_settings(), backed_up_at.replace(tzinfo=UTC))
    sys.stdout.write("Nothing is sent for a page until what was said since has been read from Meta.\n")


@app.command()
def sign_in_code() -> None:
    """Make a code to sign in with as administrator, once: the first time, or when every other way is lost."""
    from local.first_sign_in import how_to_use, make_code
    from local.start_checks import require_schema

    settings = read_settings()
    require_schema(settings)
    sys.stdout.write(f"{how_to_use(settings, make_code(settings))}\n")


@app.command()
def new_master_key(
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Although the key that is given opens the secrets.")
    ] = False,
) -> None:
    """Go on after the master key was lost for good: access tokens and app secrets have to be saved anew."""
    from base.secrets import MasterKeyError
    from local.new_master_key import replace_lost_master_key
    from local.processes.errors import LaunchError

    try:
        sys.stdout.write(f"{replace_lost_master_key(read_settings(), force=force)}\n")
    except (MasterKeyError, LaunchError) as error:
        _fail(str(error))


@app.command()
def replay_event(
    inbox_id: Annotated[
        int, typer.Argument(min=0, help="Its `inbox_id`, as GET /v1/webhook-events/unrouted shows it.")
    ],
) -> None:
    """Route a webhook event again that went to no thread, while Pagedesk works or as soon as it does."""
    from local.replay_event import request_event_replay

    if not request_event_replay(read_settings(), inbox_id):
        _fail(
            f"There is no unrouted webhook event with the inbox_id {inbox_id}. "
            "GET /v1/webhook-events/unrouted lists them."
        )
    sys.stdout.write("The relay routes it again: it looks about once a second.\n")


def main() -> None:
    """The console script."""
    os.umask(PRIVATE_UMASK)
    with ending_on_wrong_settings():
        app()


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    raise SystemExit(1)


if __name__ == "__main__":
    main()
