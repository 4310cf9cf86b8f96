"""docs/facebook-app.md names the webhook fields that are subscribed."""

from messenger.webhooks.subscribed_fields import WEBHOOK_FIELDS
from support.paths import DOCS

PAGE = DOCS / "facebook-app.md"


def test_the_page_lists_each_field_and_its_reason() -> None:
    lines = PAGE.read_text().splitlines()
    shown = [line.split(" | ")[:2] for line in lines if line.startswith(("| `mess", "| `standby"))]
    assert shown == [[f"| `{field.name}`", field.reason] for field in WEBHOOK_FIELDS]
