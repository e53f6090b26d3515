"""What only HTTP says; all other codes are those of the services."""

from typing import NamedTuple


class HttpCode(NamedTuple):
    """The status that goes with it, what it means, and what to do."""

    status: int
    rule: str
    hint: str


CODES = {
    "cross-site": HttpCode(
        403,
        "A page of another site can't ask that in the name of who looks at it.",
        "ask from a program",
    ),
    "scope-missing": HttpCode(
        403,
        "The API key, or the account's role, isn't for that.",
        "use one that is: guestlist api-key add ACCOUNT --scope SCOPE",
    ),
    "too-large": HttpCode(
        413, "The body is larger than anything that is asked for here.", "send less"
    ),
    "unknown-route": HttpCode(
        404, "That method and path lead nowhere.", "see /openapi.json for those that do"
    ),
    "unknown-task": HttpCode(
        404, "No installation was refused there under that id.", "take the link as it was given"
    ),
    "unknown-version": HttpCode(
        404, "The app has no version with that build number.", "see which it has: …/versions"
    ),
    "upm-token-invalid": HttpCode(
        403,
        "The upm-token isn't one for this account and site.",
        "take the header upm-token of GET /rest/plugins/1.0/",
    ),
}
