"""The error taxonomy, a test per row of Meta's table, and what an unlisted code may never cause."""

import json
from typing import Any

import pytest

from messenger.graph.error_table import MEANINGS, SET_UP_MEANINGS, ErrorKind
from messenger.graph.errors import GraphError, find_meaning, read_error

EXPECTED = {
    ErrorKind.UNKNOWN_OUTCOME: ["1", "1/99", "1/1357046", "2", "1200"],
    ErrorKind.THROTTLED: [
        *("4", "4/2018354", "9/2018352", "17", "32", "341"),
        *("613", "613/1996", "613/2534040", "613/1893016", "80001", "80006", "80002"),
    ],
    ErrorKind.CONFIG: [
        *("2/2018344", "3", "10", "100/33", "100/2018247", "2018247", "100/2534013"),
        *("200", "200/2018021", "200/2018027", "200/2018028", "230", "2200"),
    ],
    ErrorKind.AUTH: [
        "102",
        "190",
        "190/458",
        "190/459",
        "190/460",
        "190/463",
        "190/464",
        "190/467",
        "190/492",
    ],
    ErrorKind.WINDOW: ["10/2018278", "10/2534022", "10/2018065"],
    ErrorKind.UNREACHABLE: ["10/2018108", "100/1893060", "200/1545041", "551", "551/1545041"],
    ErrorKind.POLICY: ["10/1893063", "100/2534029", "368", "613/2018338", "2022"],
    ErrorKind.THREAD_CONTROL: ["100/2534037", "2018300", "2018171", "2018234"],
    ErrorKind.RETRY: ["2018321"],
    ErrorKind.MESSAGE: [
        *("1/2018382", "10/1404170", "10/1893015", "10/2018336", "100", "100/2018001", "100/2018008"),
        *("100/2018014", "100/2018047", "100/2018074", "100/2018109", "100/2018294", "100/2018164"),
        *("100/2018320", "100/2018328", "100/2534014", "100/2534015", "100/2534025", "506", "1609005"),
        *("803", "10303", "2018218", "9000001"),
    ],
}
ROWS = [(code, kind) for kind, codes in EXPECTED.items() for code in codes]


def row(text: str) -> tuple[int, int | None]:
    code, _, subcode = text.partition("/")
    return int(code), int(subcode) if subcode else None


def answered(status: int = 400, headers: dict[str, str] | None = None, **error: Any) -> GraphError:
    found = read_error(
        status, {"error": {"message": "(#1) x", "type": "OAuthException", **error}}, headers or {}
    )
    assert found is not None
    return found


@pytest.mark.parametrize(("code", "kind"), ROWS, ids=[code for code, _ in ROWS])
def test_each_row_has_its_kind_an_explanation_and_a_remedy(code: str, kind: ErrorKind) -> None:
    meaning = find_meaning(*row(code))
    assert meaning is MEANINGS[row(code)]
    assert meaning.kind is kind
    assert meaning.explanation.endswith(".")
    assert meaning.remedy.endswith(".")


def test_every_row_is_expected_here() -> None:
    assert {row(code) for code, _ in ROWS} == set(MEANINGS)


def test_where_a_page_is_set_up_a_code_has_its_own_explanation_and_remedy() -> None:
    for key, meaning in SET_UP_MEANINGS.items():
        assert meaning.explanation != MEANINGS[key].explanation
        assert meaning.explanation.endswith(".")
        assert meaning.remedy.endswith(".")


def test_of_a_long_text_of_metas_the_middle_is_left_out() -> None:
    error = answered(code=100, message="(#100) Param must be one of {" + "A, " * 900 + '} - got "b".')
    assert error.text.startswith("Param must be one of {A, A")
    assert error.text.endswith('A, } - got "b".')
    assert len(error.text) < 520


def test_an_unlisted_subcode_means_what_its_code_means() -> None:
    assert find_meaning(190, 123) is MEANINGS[190, None]
    assert find_meaning(551, 9999999) is MEANINGS[551, None]


@pytest.mark.parametrize("subcode", [2018300, 2018321, 2018218, 2018247])
def test_subcodes_printed_without_a_code_are_known_under_any(subcode: int) -> None:
    assert find_meaning(10, subcode) is MEANINGS[subcode, None]


@pytest.mark.parametrize("code", [201, 210, 299])
def test_the_200s_are_permissions(code: int) -> None:
    assert find_meaning(code, None).kind is ErrorKind.CONFIG


@pytest.mark.parametrize("code", [0, -1, 5, 199, 300, 999999])
def test_an_unlisted_code_is_refused_and_never_repeated(code: int) -> None:
    assert find_meaning(code, None).kind is ErrorKind.MESSAGE
    assert find_meaning(code, None, is_transient=True).kind is ErrorKind.UNKNOWN_OUTCOME


def test_the_text_does_not_matter() -> None:
    for message in ("(#10) outside of allowed window", "Fehler", "", "(#190) token"):
        assert answered(code=551, message=message).kind is ErrorKind.UNREACHABLE


def test_codes_may_be_text() -> None:
    assert answered(code="10", error_subcode="2018278").kind is ErrorKind.WINDOW


@pytest.mark.parametrize("error", [{}, {"code": None}, {"code": "x"}, {"code": {}, "error_subcode": []}])
def test_an_error_without_a_code_is_an_error(error: dict[str, Any]) -> None:
    assert answered(**error).kind is ErrorKind.MESSAGE


@pytest.mark.parametrize(
    ("status", "kind", "unknown"),
    [
        (400, ErrorKind.MESSAGE, False),
        (404, ErrorKind.MESSAGE, False),
        (429, ErrorKind.THROTTLED, False),
        (408, ErrorKind.UNKNOWN_OUTCOME, True),
        (500, ErrorKind.UNKNOWN_OUTCOME, True),
        (503, ErrorKind.UNKNOWN_OUTCOME, True),
    ],
)
def test_the_status_counts_where_the_body_is_no_json(status: int, kind: ErrorKind, *, unknown: bool) -> None:
    error = read_error(status, None, {})
    assert error is not None
    assert (error.kind, error.outcome_unknown) == (kind, unknown)


def test_the_body_counts_before_the_status() -> None:
    assert answered(status=200, code=190).kind is ErrorKind.AUTH
    assert answered(status=429, code=190).kind is ErrorKind.AUTH
    assert read_error(200, {"message_id": "m"}, {}) is None
    assert read_error(200, None, {}) is None


def test_a_server_error_leaves_the_outcome_open_whatever_its_code() -> None:
    assert answered(status=400, code=190).outcome_unknown is False
    assert answered(status=500, code=190).outcome_unknown is True


def test_throttling_says_how_long() -> None:
    usage = {
        "108823774519302": [{"type": "messenger", "estimated_time_to_regain_access": 7}, {"type": "pages"}]
    }
    headers = {"x-business-use-case-usage": json.dumps(usage)}
    assert answered(headers=headers, code=80006).retry_after_seconds == 7 * 60
    assert answered(headers={"retry-after": "30"}, code=4).retry_after_seconds == 30
    assert answered(code=4).retry_after_seconds is None
    assert answered(headers=headers, code=190).retry_after_seconds is None


@pytest.mark.parametrize("usage", ["", "[]", "null", "{", '{"a":1}', '{"a":[1]}', '{"a":null}', "[" * 5000])
def test_a_usage_header_of_another_form_advises_nothing(usage: str) -> None:
    assert answered(headers={"x-business-use-case-usage": usage}, code=4).retry_after_seconds is None


def test_no_token_stays_in_an_error() -> None:
    token = "EAABsbCS1234ZCpLmnOpQ"
    error = read_error(
        400,
        {"error": {"code": 190, "message": f"Malformed access token {token} of s3cret", "fbtrace_id": "A1"}},
        {},
        ("s3cret",),
    )
    assert error is not None
    assert error.message == "Malformed access token [redacted] of [redacted]"
    assert (error.reason, error.trace_id) == ("token_invalid", "A1")
    assert token not in f"{error} {error!r} {vars(error)}"
    assert str(error) == "Graph API error 190 (HTTP 400): The page's access token is not valid."
