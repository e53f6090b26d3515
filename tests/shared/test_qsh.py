"""The query string hash of a request."""

from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from atlassian_jwt.url_utils import (  # type: ignore[import-untyped]
    canonicalize_request,
)
from hypothesis import given
from hypothesis import strategies as st

from shared.qsh import canonical, qsh


@pytest.mark.parametrize(
    ("path", "query", "text"),
    [
        ("", "", "GET&/&"),
        ("/", "", "GET&/&"),
        ("/page/", "", "GET&/page&"),
        ("/page//", "", "GET&/page/&"),
        ("/a&b", "", "GET&/a%26b&"),
        ("/a%20b", "", "GET&/a%20b&"),
        ("/page", "b=1&a=2", "GET&/page&a=2&b=1"),
        ("/page", "jwt=x&a=2", "GET&/page&a=2"),
        ("/page", "a=b+c", "GET&/page&a=b%20c"),
        ("/page", "a=b%2Bc", "GET&/page&a=b%2Bc"),
        ("/page", "a=2&a=10", "GET&/page&a=10,2"),
        ("/page", "a=x%2Cy&a=b", "GET&/page&a=b,x%2Cy"),
        ("/page", "a=", "GET&/page&a="),
        ("/page", "a", "GET&/page&a="),
        ("/page", "A=1&a=2", "GET&/page&A=1&a=2"),
        ("/page", "a=~-._*'()", "GET&/page&a=~-._%2A%27%28%29"),
        ("/page", "%C3%A4=%E2%82%AC", "GET&/page&%C3%A4=%E2%82%AC"),
    ],
)
def test_a_request_is_written_the_same_however_it_was_sent(
    path: str, query: str, text: str
) -> None:
    """Case 22."""
    assert canonical("get", path, query) == text


_PART = st.text(st.characters(codec="utf-8"), max_size=8)
_SEGMENT = st.text(
    "abcXYZ019-_.~&=!$'()*+,@%", min_size=1, max_size=8
)  # theirs takes a: for a scheme


@given(
    path=st.lists(_SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    query=st.lists(st.tuples(_PART, _PART), max_size=5),
    ending=st.sampled_from(["", "/"]),
    encode=st.sampled_from([quote, quote_plus]),
)
def test_another_library_writes_a_request_the_same(
    path: str, query: list[tuple[str, str]], ending: str, encode: Callable[..., str]
) -> None:
    """Case 22; PyPI's atlassian-jwt, which real apps use."""
    text = urlencode(query, quote_via=encode)
    theirs: str = canonicalize_request("get", f"{path}{ending}?{text}")
    assert canonical("get", path + ending, text) == theirs


def test_the_hash_is_of_the_text() -> None:
    """Computed with sha256sum."""
    assert qsh("GET", "/page", "") == (
        "a05b3f80a121e85bdabd6aec0c5dd983068668b134fc022c2613b9a2f6ae8505"
    )
