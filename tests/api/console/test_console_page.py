from pathlib import Path

import pytest

from api.console.console_page import POLICY
from api.console.releases import keep_releases
from support.api import Api


@pytest.fixture
def built(api: Api, tmp_path: Path) -> Api:
    """The API with a console of two files."""
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<!doctype html>console")
    (tmp_path / "dist" / "favicon.svg").write_text("<svg/>")
    (tmp_path / "dist" / "assets" / "index-abc.js").write_text("start()")
    api.app.state.console = keep_releases(tmp_path / "kept", tmp_path / "dist")
    return api


@pytest.mark.parametrize(
    "path", ["/console/", "/console/c/0198-abc", "/console/index.html", "/console/a.b/c"]
)
async def test_every_address_is_the_page_under_the_strict_policy_and_never_cached(
    built: Api, path: str
) -> None:
    answer = await built.client().get(path)
    assert (answer.status_code, answer.text) == (200, "<!doctype html>console")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-cache"


async def test_files_named_by_their_content_are_kept_for_a_year(built: Api) -> None:
    answer = await built.client().get("/console/assets/index-abc.js")
    assert (answer.status_code, answer.text) == (200, "start()")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in answer.headers["content-type"]


async def test_a_file_that_no_release_has_is_not_found_and_not_the_page(built: Api) -> None:
    answer = await built.client().get("/console/assets/gone.js")
    assert answer.status_code == 404
    assert "html" not in answer.headers["content-type"]


async def test_other_files_are_asked_for_each_time(built: Api) -> None:
    answer = await built.client().get("/console/favicon.svg")
    assert (answer.text, answer.headers["cache-control"]) == ("<svg/>", "no-cache")


async def test_where_it_is_not_built_the_page_says_what_to_do(api: Api) -> None:
    api.app.state.console = None
    answer = await api.client().get("/console/")
    assert answer.status_code == 404
    assert "make setup" in answer.text
