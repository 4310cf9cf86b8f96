"""One fetching of a message's files in a process of its own: `python -m support.files_process MESSAGE_ID`."""

import asyncio
import sys
from unittest import mock

import httpx
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.attachments.attachments import AttachmentActivities
from base.settings import Settings
from messenger.graph.client import GraphClient
from store.db.database import Database
from worker import make_fetcher


async def main(message_id: str) -> None:
    settings = Settings()
    database, fetcher = Database(settings.store_url), make_fetcher(settings)
    async with httpx.AsyncClient() as http:
        graph = GraphClient(http, "https://graph.invalid", "v26.0")
        activities = AttachmentActivities(settings, database, graph, fetcher, mock.AsyncMock())
        try:
            await ActivityEnvironment().run(activities.fetch_files, message_id)
        except ApplicationError as error:
            sys.stdout.write(str(error.type))
    await fetcher.aclose()
    database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
