"""What Meta is told of an agent's file, beside what the message says already."""

from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from store.attachments.rows import KeptFile, keep_upload
from store.attachments.uploads import WantedUpload, forget_upload, keep_meta_id, wanted_upload
from store.db.database import Database
from store.tables import Customer, Message
from support.store import PAGE_A, PSID, add_message, make_settings, seed

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BUTTONS = {"quick_replies": [{"content_type": "text", "title": "Yes", "payload": "yes"}]}
NAMED = {"attachment": {"type": "image", "payload": {"attachment_id": "789"}}}


def test_a_file_is_named_beside_the_quick_replies_and_forgotten_without_them(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    database = Database(settings.store_url)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        session.add(Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=NOW))
        session.flush()
        keep_upload(session, "file", "mia", KeptFile("a.png", 3, "image/png", "0" * 64, "key"), NOW)
        add_message(session, "m", "c", NOW, text=None, content=BUTTONS, attachments=[{"id": "file"}])
        message = session.get_one(Message, "m")

        wanted = wanted_upload(session, message, NOW)
        assert isinstance(wanted, WantedUpload)
        keep_meta_id(session, wanted, "789", NOW)
        assert wanted_upload(session, message, NOW) is None
        assert message.content == BUTTONS | NAMED

        assert forget_upload(session, "m")
        assert message.content == BUTTONS

    database.write_now(work)
    database.close()
