"""What Meta's answers say is wrong with a page: its token, its app, its callback."""

from domain.pages.access_token import Token, token_problems
from domain.pages.page_problems import PageProblem
from messenger.graph.client import GraphClient
from messenger.graph.error_table import SET_UP_MEANINGS, ErrorKind
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials
from messenger.graph.results import GraphUnavailable, TokenInfo

_CODES = {
    ErrorKind.AUTH: "token_invalid",
    ErrorKind.POLICY: "policy_block",
    ErrorKind.CONFIG: "not_permitted",
}
_CALLBACK_NOT_VERIFIED = 2200
_BAD_PARAMETER = 100


def problem_of_refusal(error: GraphError, code: str | None = None, callback_url: str = "") -> PageProblem:
    """What an error of Meta's says of the page. `callback_url`: what Meta was asked to verify."""
    facts = {"meta_code": error.code, "meta_subcode": error.subcode}
    words = error.text or "no reason is given"
    if error.code == _CALLBACK_NOT_VERIFIED:
        return PageProblem(
            "callback_not_verified", f"Meta could not verify {callback_url}: {words}", facts=facts
        )
    if error.code is not None and (other := SET_UP_MEANINGS.get((error.code, error.subcode))) is not None:
        said = f"{other.explanation} Meta says: {words}"
        return PageProblem(code or _CODES.get(other.kind, "meta_refuses"), said, facts=facts)
    return PageProblem(
        code or _CODES.get(error.kind, "meta_refuses"),
        None if code == "app_secret_invalid" else error.explanation,
        facts=facts,
    )


def problem_of_no_answer(error: GraphUnavailable) -> PageProblem:
    """What it says of the page that Meta does not answer."""
    return PageProblem("meta_unreachable", f"The Graph API does not answer ({error}).")


async def judge_token(
    graph: GraphClient, credentials: PageCredentials
) -> tuple[Token | None, list[PageProblem]]:
    """What Meta knows of a page's token, and what is wrong with it; None where Meta refuses to tell.

    Whose page the token is of is not asked here. Raises GraphUnavailable.
    """
    try:
        told = await graph.debug_token(credentials.app, credentials.access_token)
    except GraphError as error:
        return None, [problem_of_refusal(error, _why_nothing_is_told(error))]
    token = _token(told)
    problems = [
        problem_of_refusal(told.error, "token_invalid")
        if problem.code == "token_invalid" and told.error is not None
        else problem
        for problem in token_problems(token, credentials.app_id)
    ]
    return token, problems


def _why_nothing_is_told(error: GraphError) -> str | None:
    """The app asks by its own id and secret. Its one parameter is a token, which must be of this app."""
    if error.kind is ErrorKind.AUTH:
        return "app_secret_invalid"
    return "token_of_another_app" if error.code == _BAD_PARAMETER else None


def _token(told: TokenInfo) -> Token:
    return Token(
        is_valid=told.is_valid,
        app_id=told.app_id,
        scopes=told.scopes,
        issued_at=told.issued_at,
        expires_at=told.expires_at,
        data_access_expires_at=told.data_access_expires_at,
    )
