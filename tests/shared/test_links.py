"""A link of this marketplace leads to a build of an app, and nothing else is one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.links import Link

OURS = "http://127.0.0.1:8080"
PATH = "/download/apps/com.example.roadmap/version/7/descriptor"


@settings(deadline=None)
@given(
    st.from_regex(r"[-._a-z0-9]{0,31}[a-z0-9][-._a-z0-9]{0,31}", fullmatch=True),
    st.integers(0, 10**9 - 1),
    st.none() | st.text(min_size=1),
)
def test_what_a_link_says_is_read_from_it(app_key: str, build: int, token: str | None) -> None:
    link = Link(app_key, build, token)
    assert Link.read_ours(link.url(OURS), OURS) == link


def test_a_marketplace_may_have_a_path() -> None:
    link = Link("com.example.roadmap", 7, "gl_7_k1")
    assert Link.read_ours(link.url(f"{OURS}/apps"), f"{OURS}/apps") == link


def test_a_link_is_written_in_its_published_form() -> None:
    link = Link("com.example.roadmap", 7, "gl_7_k1&x=/")
    assert link.url(OURS) == f"{OURS}{PATH}?access-token=gl_7_k1%26x%3D%2F"


def test_keys_that_differ_in_case_are_one_app() -> None:
    assert Link.read(OURS + PATH.replace("com", "COM")) == Link("com.example.roadmap", 7)


@pytest.mark.parametrize("query", ["", "?", "?access-token=", "?other=1", "#access-token=a"])
def test_a_link_may_have_no_token(query: str) -> None:
    assert Link.read(OURS + PATH + query).token is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        OURS,
        f"{OURS}/",
        f"{OURS}{PATH}/",
        f"{OURS}/download/apps/a/version/1",
        f"{OURS}/download/apps//version/1/descriptor",
        f"{OURS}/download/apps/a/b/version/1/descriptor",
        f"{OURS}/download/apps/../version/1/descriptor",
        f"{OURS}/download/apps/%61/version/1/descriptor",
        f"{OURS}/download/apps/caf\u00e9/version/1/descriptor",
        f"{OURS}/download/apps/{'a' * 65}/version/1/descriptor",
        f"{OURS}/download/apps/a/version//descriptor",
        f"{OURS}/download/apps/a/version/-1/descriptor",
        f"{OURS}/download/apps/a/version/\u0661/descriptor",
        f"{OURS}/download/apps/a/version/1000000000/descriptor",
        f"{OURS}{PATH}?access-token=a&access-token=b",
        f"{OURS}{PATH}\n",
        f"{OURS}/download/apps/a/ver\nsion/7/descriptor",
    ],
)
def test_another_url_is_no_link(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Link.read(url)


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:8080/",
        "http://127.0.0.1:8080/x",
        "https://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://127.0.0.1:80800",
        "http://127.0.0.1:8080.example.com",
        "http://127.0.0.1:8080@example.com",
        "http://user@127.0.0.1:8080",
        " http://127.0.0.1:8080",
    ],
)
def test_a_link_of_another_marketplace_is_not_ours(origin: str) -> None:
    assert Link.read(origin + PATH).build == 7
    with pytest.raises(ValueError, match="no link of this marketplace"):
        Link.read_ours(origin + PATH, OURS)
