"""All that is wrong with a descriptor is told at once, and what only looks odd is taken."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.descriptor import Descriptor
from shared.errors import Refusal

LEAST: dict[str, Any] = {
    "key": "example-app",
    "baseUrl": "https://app.example.com",
    "authentication": {"type": "none"},
}
JWT = {"type": "jwt"}
WEBHOOKS = {"webhooks": [{"event": "jira:issue_created", "url": "/hook?key=${issue.key}"}]}
MANY = {
    "key": "{{appKey}}",
    "baseUrl": "${localBaseUrl}",
    "authentication": JWT,
    "lifecycle": {"enabled": "https://other.example/enabled", "disabled": "/off?env={{env}}"},
    "scopes": ["account", "WRITE", 7],
    "name": "n" * 81,
    "description": "d" * 1401,
    "apiVersion": 1.5,
    "enableLicensing": "yes",
}
TAKEN: dict[str, dict[str, Any]] = {
    "no modules": {"scopes": ["READ", "WRITE", "ADMIN"], "apiVersion": 1},
    "a base URL with a slash and hooks with one": {
        "baseUrl": "https://app.example.com/",
        "authentication": JWT,
        "lifecycle": {"installed": "/events/installed", "uninstalled": "/events/uninstalled"},
    },
    "a path with a slash and hooks without": {
        "baseUrl": "https://app.example.com/connect/",
        "authentication": {"type": "JWT"},
        "lifecycle": {"installed": "installed"},
        "scopes": ["read", "write", "ADMIN", "ACT_AS_USER"],
        "modules": WEBHOOKS,
    },
    "migrations and empty links": {
        "apiMigrations": {"gdpr": True, "context-qsh": True, "signed-install": True, "own": 7},
        "links": {},
        "enableLicensing": False,
    },
    "a paid app without hooks, with an own version": {
        "enableLicensing": True,
        "apiMigrations": {"gdpr": False},
        "version": "1.2-beta",
        "vendor": {"name": "Example", "url": "https://example.com"},
    },
    "members that look like comments": {"//baseUrl": "{{localBaseUrl}}", "$schema": "https://x"},
    "a long key of any case": {"key": "Com.Example-Suite_" + "a" * 46},
    "unknown hooks": {"lifecycle": {"clientKey": "{{x}}", "oauthClientId": 7}},
    "a hook with a query": {
        "authentication": JWT,
        "lifecycle": {"installed": "/installed?secret=a@b:c/d"},
    },
    "templates in links and module URLs": {
        "links": {"self": "{{localBaseUrl}}/atlassian-connect.json"},
        "modules": {"generalPages": [{"key": "a", "url": "/a?lic=${license}"}]},
    },
    "webhooks with a scope that includes READ": {"scopes": ["WRITE"], "modules": WEBHOOKS},
    "webhooks beside modules": {"webhooks": WEBHOOKS["webhooks"]},
    "no webhooks at all": {"modules": {"webhooks": []}},
    "a private address": {"baseUrl": "https://10.0.0.1/"},
    "the longest texts": {
        "name": "n" * 80,
        "description": "d" * 1400,
        "vendor": {"name": "v" * 100, "url": "u" * 200},
    },
    "modules with unknown contents": {"modules": {"x": None, "y": [[]], "webPanels": "odd"}},
}


def problems(changes: dict[str, Any], *, development: bool = False) -> list[tuple[str, str]]:
    """The codes and places of what is wrong with the least that is needed, changed."""
    try:
        Descriptor.read(json.dumps(LEAST | changes).encode(), development=development)
    except Refusal as refusal:
        told: Any = refusal.data["problems"]
        assert refusal.code == told[0]["code"]
        assert all(problem["detail"] and problem["hint"] for problem in told)
        return [(problem["code"].removeprefix("descriptor-"), problem["path"]) for problem in told]
    return []


@pytest.mark.parametrize("changes", TAKEN.values(), ids=TAKEN)
def test_what_only_looks_odd_is_taken(changes: dict[str, Any]) -> None:
    assert problems(changes) == []


def test_all_problems_are_told_at_once_with_their_places() -> None:
    told = problems(MANY)
    assert told[:8] == [
        ("template-left", "/key"),
        ("template-left", "/baseUrl"),
        ("base-url-no-scheme", "/baseUrl"),
        ("auth-needs-installed-hook", "/lifecycle/installed"),
        ("hook-absolute", "/lifecycle/enabled"),
        ("template-left", "/lifecycle/disabled"),
        ("scope-unknown", "/scopes/0"),
        ("invalid", "/scopes/2"),
    ]
    rest = {"/apiVersion", "/name", "/description", "/enableLicensing"}
    assert sorted(told[8:]) == sorted(("invalid", path) for path in rest)


def test_a_descriptor_of_another_kind_lacks_what_is_needed() -> None:
    with pytest.raises(Refusal) as refused:
        Descriptor.read(b'{"name": "bot", "capabilities": {"hipchatApiConsumer": {}}}')
    told: Any = refused.value.data["problems"]
    places = [(problem["code"], problem["path"]) for problem in told]
    assert places == [
        ("descriptor-key-invalid", "/key"),
        ("descriptor-base-url-invalid", "/baseUrl"),
        ("descriptor-auth-unsupported", "/authentication"),
    ]


def test_more_than_20_problems_are_counted() -> None:
    with pytest.raises(Refusal) as refused:
        Descriptor.read(json.dumps(LEAST | {"scopes": ["x"] * 50}).encode())
    assert len(refused.value.data["problems"]) == 20  # type: ignore[arg-type]
    assert refused.value.data["more"] == 30


def test_a_detail_never_holds_a_long_value() -> None:
    long = {"name": "n" * 50_000, "scopes": ["s" * 50_000], "lifecycle": {"enabled": "h " * 9000}}
    with pytest.raises(Refusal) as refused:
        Descriptor.read(json.dumps(LEAST | long).encode())
    assert len(refused.value.reply("id").model_dump_json()) < 2000


@pytest.mark.parametrize("member", ["key", "baseUrl", "authentication"])
def test_null_is_no_value_for_what_is_needed(member: str) -> None:
    assert [path for _, path in problems({member: None})] == [f"/{member}"]


@pytest.mark.parametrize(
    ("base_url", "hook", "code"),
    [
        ("https://app.example.com", "installed", "hook-other-host"),
        ("https://app.example.com", "/installed", None),
        ("https://app.example.com/", "installed", None),
        ("https://app.example.com/base", "installed", None),
        ("https://app.example.com/base", "/../installed", None),
        ("https://app.example.com", "//evil.example/x", None),
        ("https://app.example.com", "?x=1", None),
        ("https://app.example.com", "@evil.example/x", "hook-other-host"),
        ("https://app.example.com:8443", "0/x", "hook-other-host"),
        ("https://app.example.com/", "https://app.example.com/x", "hook-absolute"),
        ("https://app.example.com/", "\\x", "invalid"),
        ("https://app.example.com/", "/x\n", "invalid"),
    ],
)
def test_a_hook_stays_on_the_host_of_the_base_url(
    base_url: str, hook: str, code: str | None
) -> None:
    told = problems({"baseUrl": base_url, "lifecycle": {"enabled": hook}})
    assert told == ([] if code is None else [(code, "/lifecycle/enabled")])


MEMBERS = st.sampled_from(sorted([*MANY, "vendor", "links", "modules", "apiMigrations"]))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | MEMBERS, inner),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(MEMBERS | st.text(), JSON))
def test_whatever_comes_is_refused_or_read_again_the_same(changes: dict[str, Any]) -> None:
    body = json.dumps(LEAST | changes).encode()
    try:
        read = Descriptor.read(body)
    except Refusal as refusal:
        assert refusal.reply("id").model_dump_json()
    else:
        assert Descriptor.of(read.content) == read


@settings(deadline=None)
@given(st.binary())
def test_bytes_that_are_no_descriptor_are_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        Descriptor.read(body)
