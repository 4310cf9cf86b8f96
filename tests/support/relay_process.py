"""A relay alone, before an engine that never answers: `python -m support.relay_process`.

What it routes becomes readable in the store; its signals wait. It tells of contradictions within a second.
"""

import asyncio
import contextlib
import signal
import socket
from datetime import timedelta

from background.page_waker import PageWaker
from base.log import configure
from base.settings import Settings
from base.temporal import connect
from ingest.events import conflicts
from ingest.inbox.reader import InboxReader
from ingest.relay.file_starter import FileStarter
from ingest.relay.leases import MachineLock
from ingest.relay.projection_repairs import ProjectionRepairs
from ingest.relay.relay import Relay
from ingest.relay.signaller import Signaller
from ingest.relay.wake_up import wake_up_by
from store.db.database import Database


async def main() -> None:
    settings = Settings()
    configure(settings.log_level)
    conflicts.CHECK_INTERVAL = timedelta(0)
    silence = socket.create_server(("127.0.0.1", 0))  # takes connections and never reads
    host, port = silence.getsockname()
    client = await connect(settings.model_copy(update={"temporal_address": f"{host}:{port}"}), lazy=True)
    database, inbox = Database(settings.store_url), Database(settings.inbox_url)
    server = settings.database_url
    async with wake_up_by(database.signals) as wake_up:
        relay = Relay(
            database=database,
            reader=InboxReader(inbox),
            signaller=Signaller(database, client),
            wake_up=wake_up,
            wake_page=PageWaker(client, database).wake,
            machine_lock=MachineLock(settings.data_dir) if server is None else None,
            files=FileStarter(client, database),
            projection_repairs=ProjectionRepairs(database, client),
        )
        running = asyncio.create_task(relay.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running
    database.close()


if __name__ == "__main__":
    asyncio.run(main())
