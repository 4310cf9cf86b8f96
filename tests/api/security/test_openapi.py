"""The committed reference is that of this code, and it is complete."""

from api.app import PERMISSIONS, create_app
from api.http.problem_docs import CODES
from api.http.problems import PROBLEMS
from base.settings import Settings
from support.api import committed_openapi, committed_operations

SECRET_FIELDS = {"access_token", "app_secret", "password", "password_hash", "digest", "master_key"}


def test_every_operation_says_who_may_and_what_goes_wrong() -> None:
    signed_in: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]
    for name, operation in committed_operations().items():
        assert operation["security"] == ([] if PERMISSIONS.is_public(name) else signed_in)
        assert operation.get("x-roles", []) == sorted(PERMISSIONS.roles(name))
        assert operation["summary"]
        assert operation["description"]
        for status, response in operation["responses"].items():
            assert all(PROBLEMS[code].status == int(status) for code in response.get(CODES, ()))


def test_no_answer_has_a_field_for_a_secret() -> None:
    document = committed_openapi()
    shown = [name for name in document["components"]["schemas"] if name.endswith("View")]
    for name in shown:
        fields = document["components"]["schemas"][name]["properties"].keys()
        assert not fields & SECRET_FIELDS, name
    assert len(shown) > 10


def test_documentation_pages_can_be_switched_off() -> None:
    paths = {getattr(route, "path", None) for route in create_app(Settings(docs=False)).routes}
    assert not [path for path in paths if str(path).startswith(("/docs", "/openapi"))]


def test_what_a_page_may_be_is_an_enumeration() -> None:
    schemas = committed_openapi()["components"]["schemas"]
    states = schemas["PageView"]["properties"]["provisioning_state"]["enum"]
    assert states == ["Problem", "Provisioning", "Removed", "Removing", "Running"]
    assert schemas["SendGate"]["properties"]["state"]["enum"] == ["held", "open", "paused"]
    assert "token_invalid" in schemas["PageProblem"]["properties"]["code"]["enum"]
    assert schemas["Severity"]["enum"] == ["holds_sends", "not_running", "warning"]
