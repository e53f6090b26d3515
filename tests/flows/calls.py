"""How each command of `guestlist` is called so that it ends badly, or meets a hostile name."""

import json
from typing import NamedTuple

HOSTILE = "[/foo][red]\x1b[31m\x1b]0;t\x07\x9b2J\u202eאב\u2066 '\"\\".ljust(200, "x")
EVIL = json.dumps({"partner_id": "evil", "organisation": HOSTILE})
ASK_EVIL = {"query": "Partner", "as": "ann", "with": {"partner_id": "evil"}}
AWAY = ["--data", "unstarted"]


class Call(NamedTuple):
    """How a command is typed, and how it ends."""

    typed: list[str]
    code: int


EXITS = {
    "up": [Call(["--port", "70000"], 2), Call(["--data", "new", "--port", "PORT"], 3)],
    "service": [Call(["tokens"], 2)],
    "keys": [Call([], 2), Call(["/proc/keys.json"], 3)],
    "doctor": [Call(["--least-free", "1000000000"], 1), Call(["--least-free", "x"], 2)],
    "check": [Call(["site.yaml"], 1), Call(["absent.json"], 2)],
    "send": [
        Call(["CreateToken", "app_key=unknown"], 1),
        Call(["CreateToken"], 2),
        Call(["CreateToken", "app_key=x", *AWAY], 3),
    ],
    "query": [
        Call(["ListTokens", "app_key=unknown"], 1),
        Call(["ListTokens"], 2),
        Call(["ListTokens", "app_key=x", *AWAY], 3),
    ],
    "audit": [Call(["--since", "then"], 2), Call(["--event", "Token"], 2), Call(AWAY, 3)],
    "history": [
        Call(["token/tokens/x"], 1),
        Call(["x"], 2),
        Call(["--correlation", "x", *AWAY], 3),
        Call(["token/tokens/x", *AWAY], 3),
    ],
    "replay": [Call(["--against", "absent"], 2), Call(AWAY, 3)],
    "verify": [
        Call(["--against", "site.yaml"], 1),
        Call(["--against", "absent.json"], 2),
        Call(AWAY, 3),
    ],
    "seal": [
        Call([], 2),
        Call(["new.json", "--key", "site.yaml"], 2),
        Call(["/proc/seal.json"], 3),
    ],
    "export": [
        Call([], 2),
        Call(["x.jsonl", "--as-of", "then"], 2),
        Call(["x.jsonl", "--as-of", "token/tokens/absent@1"], 1),
        Call(["/proc/x.jsonl"], 3),
    ],
    "import": [
        Call(["site.yaml", "--data", "empty"], 1),
        Call(["house.jsonl"], 2),
        Call(["absent.jsonl"], 2),
    ],
    "play": [
        Call(["bad.yaml"], 1),
        Call(["site.yaml"], 2),
        Call(["site.yaml", "--set", "product=jira", *AWAY], 3),
    ],
    "dead-letters": [
        Call(["show", "token", "77"], 1),
        Call(["discard", "token"], 2),
        Call(["keep"], 2),
        Call(AWAY, 3),
    ],
    "deliveries": [
        Call(["absent", "com.example.app"], 1),
        Call(["site-a"], 2),
        Call(["site-a", "com.example.app", "--again", "gone"], 2),
        Call(["site-a", "com.example.app", *AWAY], 3),
    ],
    "open": [
        Call(["site-a", "com.example.absent", "--as", "bob"], 1),
        Call(["site-a"], 2),
        Call(["site-a", "com.example.app", *AWAY], 3),
    ],
    "account": [
        Call(["add", "ann"], 1),
        Call(["add"], 2),
        Call(["add", "eve", "--data", "/proc"], 3),
    ],
    "api-key": [
        Call(["remove", "00000000"], 1),
        Call(["add", "nobody", "--scope", "apps:read"], 1),
        Call(["add", "ann"], 2),
        Call(["add", "ann", "--scope", "all"], 2),
        Call(["list", "--data", "absent"], 2),
    ],
    "explain": [Call(["limit"], 2)],
    "docs": [Call(["atlassian-connect.json"], 2), Call(["/proc/docs"], 3)],
}
"""By command: how it ends otherwise than well."""
TELLS_ITS_FAILURE = {"doctor", "check", "play"}
"""They tell on stdout, and end with 1, what isn't as it should be."""
MAY_TELL_NOTHING = {"replay"}
"""They tell what differs, and then there is nothing."""
TELLS_EVENTS = {"audit", "history"}
"""They may be told as CloudEvents."""
HOSTILE_CALLS = {
    "up": Call(["--data", f"{HOSTILE}-up"], 2),
    "service": Call([HOSTILE], 2),
    "keys": Call([HOSTILE], 0),
    "doctor": Call(["--nats", "NATS", "--data", f"{HOSTILE}-data"], 0),
    "check": Call([f"{HOSTILE}.json"], 0),
    "send": Call(["RegisterPartner", EVIL, "--as", "ann", "--id", "evil", "--wait"], 0),
    "query": Call(["Partner", "partner_id=evil", "--as", "ann"], 0),
    "audit": Call([], 0),
    "history": Call(["listing/partner/evil"], 0),
    "replay": Call(["--against", HOSTILE], 2),
    "verify": Call(["--against", f"{HOSTILE}.json"], 1),
    "seal": Call([f"{HOSTILE}-seal"], 0),
    "export": Call([f"{HOSTILE}.jsonl"], 0),
    "import": Call([f"{HOSTILE}.json", "--data", "empty"], 1),
    "play": Call(["evil.yaml"], 0),
    "dead-letters": Call([], 0),
    "deliveries": Call(["site-a", "com.example.evil", "--as", "bob"], 0),
    "open": Call(["site-a", "com.example.app", "--page", HOSTILE, "--as", "bob"], 1),
    "account": Call(["remove", HOSTILE], 2),
    "api-key": Call(["list"], 0),
    "explain": Call([HOSTILE], 2),
    "docs": Call([f"{HOSTILE}-docs"], 0),
}
"""By command: how it meets the hostile name, in what is typed or in what others made."""
