"""What a person reads when everything runs."""

from urllib.parse import urlencode

from api.console.releases import is_built
from base.settings import Settings
from local.demo.installation import DemoSecrets
from local.demo.seeding import AGENTS, APP_ID, LEADERS, PAGE_ID, PAGE_NAME
from local.first_sign_in import how_to_use
from local.naming import shown_command


def real(settings: Settings, code: str | None) -> str:
    """For `pagedesk up`. `code`: the first administrator's, where there is none yet."""
    text = f"\nPagedesk runs.\n{_addresses(settings)}\n  Logs         {shown_command()} logs"
    return text if code is None else f"{text}\n\n{how_to_use(settings, code)}"


def demo(settings: Settings, secrets: DemoSecrets, problem: str | None, *, customers: bool) -> str:
    """For `pagedesk demo`. `customers`: whether some write by themselves."""
    writing = "Customers write by themselves, now and then. You can, too. " if customers else ""
    return f"""
Pagedesk runs, with a local Messenger.
{_demo_facts(settings, secrets, problem)}

What to try first, by hand; the console does the same
  1. {writing}Write "hello" in the sandbox, as Ada: the greeting comes back at once.
  2. In another terminal, be there as Mia. Work is offered to her for as long as this runs:
{_key(settings, secrets)}
       curl -sN -H "Authorization: Bearer $KEY" "$API/v1/events?presence=1&kind=offer.made"
  3. In a third one, see what is offered, accept it within two minutes, and answer (put its id for ID):
{_key(settings, secrets)}
       curl -s -H "Authorization: Bearer $KEY" $API/v1/me/work
       curl -s -X POST -H "Authorization: Bearer $KEY" $API/v1/conversations/ID/accept
{_REPLY}
  4. Read the answer in the sandbox. Kill everything, start again, go on.

Ctrl-C stops it. What happens is shown here, and again by `{shown_command()} logs`."""


def travelling(settings: Settings, secrets: DemoSecrets, problem: str | None) -> str:
    """For `pagedesk demo --time-travel`."""
    return f"""
Pagedesk runs, with a local Messenger, and its time is yours to move.
{_demo_facts(settings, secrets, problem)}

The 24-hour rule in ten seconds
  1. Write "hello" in the sandbox, and take the conversation (put its id for ID):
{_key(settings, secrets)}
       curl -s -H "Authorization: Bearer $KEY" $API/v1/conversations
       curl -s -X POST -H "Authorization: Bearer $KEY" $API/v1/conversations/ID/pick
  2. In another terminal, let more than a day pass:
       {_travel(settings, "25h")}
  3. Answer, and see why you may not:
{_REPLY}
  4. Grant the page the human agent tag, and answer in a new session:
       curl -s -X PATCH -H "Authorization: Bearer {secrets.admin_token}" \\
            -H "Content-Type: application/json" -d '{{"human_agent_tag": true}}' $API/v1/pages/{PAGE_ID}
       curl -s -X POST -H "Authorization: Bearer $KEY" $API/v1/conversations/ID/close-session
       curl -s -X POST -H "Authorization: Bearer $KEY" $API/v1/conversations/ID/reopen

An offer that lapses (in a new start)
  1. In a terminal of its own, be there as Mia; then write "hello" in the sandbox, and it is offered to her:
{_key(settings, secrets)}
       curl -sN -H "Authorization: Bearer $KEY" "$API/v1/events?presence=1&kind=offer.made"
  2. Let the two minutes pass in which she could accept:
       {_travel(settings, "3m")}

Ctrl-C stops it and throws its data away."""


_REPLY = """       curl -s -X POST -H "Authorization: Bearer $KEY" -H "Idempotency-Key: $RANDOM" \\
            -H "Content-Type: application/json" -d '{"text": "Hello! How can I help?"}' \\
            $API/v1/conversations/ID/messages"""


def _travel(settings: Settings, length: str) -> str:
    """The command as it works in another terminal, which has none of this one's settings."""
    moved = settings.travel_port != Settings.model_fields["travel_port"].default
    port = f" --port {settings.travel_port}" if moved else ""
    return f"{shown_command()} travel {length}{port}"


def _console_link(settings: Settings, secrets: DemoSecrets) -> str:
    """The link into the console, which asks who one is; or that there is no console."""
    if not is_built():
        return "  Console      not built here: `make setup` says why"
    people = ",".join([*AGENTS, *(f"{name}:{role}" for name, role in LEADERS.items())])
    fragment = urlencode({"demo": people, "password": secrets.password}, safe=",:")
    return f"  Console      {settings.local_url}/console/#{fragment}"


def _demo_facts(settings: Settings, secrets: DemoSecrets, problem: str | None) -> str:
    # Another host than the console's: cookies know no ports, and the sandbox's page is to get none.
    sandbox = settings.sandbox_url.replace("127.0.0.1", "localhost")
    return f"""{_addresses(settings)}
  Sandbox      {sandbox}/        write here as a customer
{_console_link(settings, secrets)}

  App {APP_ID}, page "{PAGE_NAME}": {problem or "Running"}
  Keys         Mia {secrets.agent_keys["Mia"]}
               Tom {secrets.agent_keys["Tom"]}
               Noor {secrets.agent_keys["Noor"]}
               admin {secrets.admin_token}"""


def _key(settings: Settings, secrets: DemoSecrets) -> str:
    return f"       export KEY={secrets.agent_keys['Mia']} API={settings.local_url}"


def _addresses(settings: Settings) -> str:
    lines = [f"  API          {settings.local_url}/docs"]
    if settings.temporal_address is None and settings.temporal_ui_port is not None:
        lines.append(f"  Temporal     http://127.0.0.1:{settings.temporal_ui_port}/")
    return "\n".join(lines)
