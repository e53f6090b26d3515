"""What can have happened in the token service."""

from services.listing.commands import Visibility
from services.listing.queries import Status
from shared.messages import Event
from shared.names import Timestamp


class ListingSeen(
    Event, topic="token.ListingSeen", line="tokens of {app_key} follow its {status} listing"
):
    """The token service took over what it needs to know of an app's listing."""

    app_key: str
    partner_id: str
    status: Status
    hosting: str


class VersionSeen(
    Event, topic="token.VersionSeen", line="build {build} of {app_key} is {visibility}"
):
    """The token service took over who sees a version, and so where links lead."""

    app_key: str
    build: int
    visibility: Visibility


class TokenCreated(
    Event, topic="token.TokenCreated", line="token {token_id} of {app_key} made by {maker}"
):
    """An app has another active token."""

    app_key: str
    token_id: int
    note: str | None = None
    maker: str
    created_at: Timestamp


class TokenNoteChanged(
    Event, topic="token.TokenNoteChanged", line="token {token_id} of {app_key} is for {note}"
):
    """A token is for something else."""

    app_key: str
    token_id: int
    note: str | None = None


class TokenApplied(
    Event, topic="token.TokenApplied", line="token {token_id} of {app_key} applied on {site_id}"
):
    """A token is used on a site, and can be on no other from now on."""

    app_key: str
    token_id: int
    site_id: str
    applied_at: Timestamp


class ClearSeen(
    Event, topic="token.ClearSeen", line="token {token_id} of {app_key} cleared on {site_id}"
):
    """The token service took over that a token is no longer used on its site."""

    app_key: str
    token_id: int
    site_id: str


class UseSeen(
    Event, topic="token.UseSeen", line="token {token_id} of {app_key} is in use on {site_id} again"
):
    """The token service took over that a token it held for cleared is used on its site."""

    app_key: str
    token_id: int
    site_id: str


class TokenRemoved(Event, topic="token.TokenRemoved", line="token {token_id} of {app_key} removed"):
    """A token is gone for ever; `site_id` is the site to which it was bound."""

    app_key: str
    token_id: int
    site_id: str | None = None


class MembersSeen(
    Event, topic="token.MembersSeen", line="members of {partner_id}: {members}", published=False
):
    """The token service took over who the members of a partner are."""

    partner_id: str
    members: tuple[str, ...]


class SiteSeen(
    Event, topic="token.SiteSeen", line="{site_id} is known by {cloud_id}", published=False
):
    """The token service took over what a site is known by."""

    site_id: str
    cloud_id: str
