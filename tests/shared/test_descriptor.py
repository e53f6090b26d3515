"""A descriptor is read with its facts and kept as it came, or refused by the rule it breaks."""

import codecs
import json
from typing import Any

import pytest

from shared.descriptor import Descriptor, refusals
from shared.errors import Refusal

LEAST: dict[str, Any] = {
    "key": "com.example.Roadmap",
    "baseUrl": "https://app.example.com/base",
    "authentication": {"type": "none"},
}
JWT = {"type": "jwt"}
NO_WAYS: list[Any] = [None, "jwt", [], {}, {"type": None}, {"type": "oauth"}, {"type": "\u212awt"}]
NO_HOOKS: list[Any] = [
    None,
    [],
    "/a",
    {},
    {"installed": ""},
    {"installed": True},
    {"enabled": "/a"},
]
REFUSED: dict[str, list[bytes | dict[str, Any]]] = {
    "descriptor-not-json": [
        *(b"", b"{", b'{"key": "a"} {}', b"{'key': 'a'}", b"\xff{}", codecs.BOM_UTF16 + b"{}"),
        *(b"[]", b"null", b'"text"', b"7"),
        *(b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": %b}' % (b"1" * 5000)),
        *(rb'{"a": "\ud800"}', rb'{"\udfff": 1}', b'{"a": "\x00"}'),
    ],
    "descriptor-member-twice": [
        b'{"key": "a", "key": "a"}',
        b'{"modules": {"pages": [{"url": "/a", "url": "/b"}]}}',
        rb'{"key": "a", "\u006bey": "b"}',
        rb'{"\ud800": 1, "\ud800": 2}',
    ],
    "descriptor-key-invalid": [
        {"key": key} for key in ("", "...", "a b", "a/b", "a\n", "caf\u00e9", "\u212a", 7, None)
    ],
    "descriptor-key-too-long": [{"key": "a" * 65}],
    "descriptor-template-left": [
        *({"key": "{{appKey}}"}, {"key": "app-${env}"}),
        *({"baseUrl": "https://{{host}}/"}, {"baseUrl": "https://app.example.com/${path}"}),
        *({"baseUrl": "{{localBaseUrl}}"}, {"baseUrl": "${url}"}, {"baseUrl": "http://{{a}}"}),
    ],
    "descriptor-base-url-no-scheme": [{"baseUrl": "app.example.com"}, {"baseUrl": "//app"}],
    "descriptor-base-url-no-tls": [{"baseUrl": "http://app.example.com"}],
    "descriptor-base-url-invalid": [
        *({"baseUrl": url} for url in ("", None, 7, ["https://app"], "https://", "https:///a")),
        *({"baseUrl": url} for url in ("ftp://app", "javascript://app", "https://https://app")),
        *({"baseUrl": f"https://app{port}"} for port in (":", ":0", ":65536", ":http")),
        *({"baseUrl": f"https://app/{path}"} for path in ("a b", "\n", "\x00", "\\", "caf\u00e9")),
        *({"baseUrl": url} for url in ("https://app/?a=b", "https://app/#a", "https://u:p@app")),
        *({"baseUrl": "https://[::1"}, {"baseUrl": "https://app/".ljust(201, "a")}),
    ],
    "descriptor-auth-unsupported": [{"authentication": way} for way in NO_WAYS],
    "descriptor-auth-needs-installed-hook": [
        *({"authentication": JWT}, {"authentication": {"type": "JWT"}}),
        *({"authentication": JWT, "lifecycle": hooks} for hooks in NO_HOOKS),
    ],
    "descriptor-hook-absolute": [
        {"lifecycle": {"installed": hook}}
        for hook in ("https://app.example.com/a", "http://other/a", "FTP://x")
    ],
    "descriptor-hook-other-host": [
        {"lifecycle": {"enabled": hook}, "baseUrl": "https://app.example.com"}
        for hook in ("installed", "@evil.example/a", ":8443/a", ".evil.example")
    ],
    "descriptor-scope-unknown": [{"scopes": ["READ", "repository"]}, {"scopes": [""]}],
    "descriptor-scope-missing": [
        {"modules": {"webhooks": [{"event": "a", "url": "/a"}]}, "scopes": scopes}
        for scopes in ([], ["NONE"], ["ACT_AS_USER"])
    ],
    "descriptor-invalid": [
        *(
            {"lifecycle": {"disabled": hook}}
            for hook in ("/a b", "/a\\b", "/a#b", "/\u00e9", 7, "")
        ),
        *({member: None} for member in ("lifecycle", "vendor", "scopes", "modules", "links")),
        *({"name": "n" * 81}, {"description": "d" * 1401}, {"vendor": {"name": "n" * 101}}),
        *({"vendor": {"url": "u" * 201}}, {"modules": []}, {"scopes": "READ"}, {"scopes": [7]}),
        *({"apiVersion": version} for version in (1.0, True, "1", None)),
        *({"enableLicensing": licensing} for licensing in (1, "true", None)),
        *({"name": name} for name in (7, None, ["Roadmap"])),
    ],
}


def read(changes: bytes | dict[str, Any], *, development: bool = False) -> Descriptor:
    """Read a body, or the least that a descriptor needs with `changes`."""
    body = changes if isinstance(changes, bytes) else json.dumps(LEAST | changes).encode()
    return Descriptor.read(body, development=development)


def nested(depth: int) -> bytes:
    """The body of a descriptor that is so many objects and arrays deep."""
    lists = depth - 1
    return json.dumps(LEAST)[:-1].encode() + b',"x":' + b"[" * lists + b"]" * lists + b"}"


def test_the_least_that_is_needed_is_a_descriptor() -> None:
    descriptor = read({})
    assert descriptor == Descriptor(
        key="com.example.Roadmap",
        name="com.example.Roadmap",
        authentication="none",
        base_url="https://app.example.com/base",
        licensing=False,
        api_version=1,
        scopes=(),
        vendor=None,
        content=LEAST,
    )


def test_the_facts_are_taken_from_their_members() -> None:
    descriptor = read({"name": "Roadmap", "enableLicensing": True, "apiVersion": 7})
    assert descriptor.name == "Roadmap"
    assert descriptor.licensing
    assert descriptor.api_version == 7


@pytest.mark.parametrize(
    ("code", "changes"), [(code, case) for code, cases in REFUSED.items() for case in cases]
)
def test_a_descriptor_is_refused_by_the_rule_it_breaks(
    code: str, changes: bytes | dict[str, Any]
) -> None:
    """Cases 17 and 18."""
    with pytest.raises(Refusal) as refused:
        read(changes)
    assert refused.value.code == code
    assert refused.value.reply("id-7").model_dump_json()


def test_every_rule_for_descriptors_is_broken_here() -> None:
    rules = {code for code, kind in Refusal.TABLE.items() if kind.__module__ == refusals.__name__}
    assert set(REFUSED) == rules


@pytest.mark.parametrize("member", LEAST)
def test_nothing_of_the_least_may_be_missing(member: str) -> None:
    with pytest.raises(Refusal):
        read(json.dumps({name: LEAST[name] for name in LEAST if name != member}).encode())


@pytest.mark.parametrize("path", ["apiVersion", "enableLicensing", "name"])
def test_what_is_wrong_is_named_by_its_path(path: str) -> None:
    with pytest.raises(Refusal) as refused:
        read({path: []})
    assert refused.value.data["path"] == f"/{path}"


def test_a_member_that_occurs_twice_is_named() -> None:
    with pytest.raises(Refusal) as refused:
        read(b'{"modules": {"pages": [{"url": "/a", "url": "/b"}]}}')
    assert refused.value.data == {"member": "url"}


def test_a_byte_order_mark_is_read_over() -> None:
    assert read(codecs.BOM_UTF8 + json.dumps(LEAST).encode()) == read({})


def test_20_levels_are_read() -> None:
    assert read(nested(20)).key == LEAST["key"]


@pytest.mark.parametrize("depth", [21, 100, 300, 900, 10_000])
def test_more_than_20_levels_are_refused(depth: int) -> None:
    with pytest.raises(Refusal) as refused:
        read(nested(depth))
    assert refused.value.code == "descriptor-invalid"


@pytest.mark.parametrize("way", ["jwt", "JWT", "Jwt", "none", "NONE", "None"])
def test_the_way_of_authentication_counts_in_any_case(way: str) -> None:
    hooks = {"installed": "/installed"}
    descriptor = read({"authentication": {"type": way}, "lifecycle": hooks})
    assert descriptor.authentication == way.lower()


@pytest.mark.parametrize(("version", "counts"), [(-7, 1), (0, 1), (1, 1), (2, 2)])
def test_an_api_version_below_1_counts_as_1(version: int, counts: int) -> None:
    assert read({"apiVersion": version}).api_version == counts


@pytest.mark.parametrize("key", ["a" * 64, "7", "-._a", "A.b-C_d"])
def test_a_key_has_up_to_64_characters_of_its_alphabet(key: str) -> None:
    assert read({"key": key}).key == key


@pytest.mark.parametrize(
    "url", ["https://a", "https://a:8443/b/", "HTTPS://[::1]", "https://a/".ljust(200, "b")]
)
def test_an_https_base_url_is_kept_as_it_is(url: str) -> None:
    assert read({"baseUrl": url}).base_url == url


def test_in_development_the_base_url_may_be_http() -> None:
    assert read({"baseUrl": "http://localhost:3000"}, development=True).base_url


def test_what_is_unknown_is_kept_as_it_came() -> None:
    changes: dict[str, Any] = {
        "x-unknown": [1, 1.5, 1e300, 2**70, -0.0, None, "\u00e9\U0001f600", {"": {}}],
        "modules": {"generalPages": [{"key": "p", "url": "/p?lic={{license}}&x=${x}"}]},
    }
    content = read(changes).content
    assert json.dumps(content) == json.dumps(LEAST | changes)
