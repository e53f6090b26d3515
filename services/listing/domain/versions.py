"""Version numbers: what a descriptor changes tells how far a version is from the one before."""

import json

from services.listing import refusals
from services.listing.commands import PaymentModel
from services.listing.events import Change, VersionPublished
from shared.descriptor import Descriptor
from shared.scopes import included


def first(descriptor: Descriptor) -> str:
    """The number of an app's first version."""
    return f"{descriptor.api_version}.0.0"


def following(
    before: VersionPublished, descriptor: Descriptor, payment_model: PaymentModel
) -> tuple[str, Change]:
    """The number of the version after `before`, and how it differs.

    Raises IdentityChanged, ApiVersionLower, DescriptorUnchanged.
    """
    old = Descriptor.of(before.descriptor)
    if changed := [name for name in ("key", "name", "vendor") if _differ(name, old, descriptor)]:
        raise refusals.IdentityChanged(changed=", ".join(changed))
    major, minor, micro = map(int, before.version.split("."))
    if descriptor.api_version < old.api_version:
        raise refusals.ApiVersionLower(api_version=descriptor.api_version, before=old.api_version)
    if descriptor.api_version > old.api_version:
        return f"{descriptor.api_version}.0.0", "major"
    asks_more = not included(descriptor.scopes) <= included(old.scopes)
    gets_paid = before.payment_model == "free" != payment_model
    if asks_more or gets_paid:
        return f"{major}.{minor + 1}.0", "minor"
    if _text(old) == _text(descriptor) and payment_model == before.payment_model:
        raise refusals.DescriptorUnchanged(version=before.version)
    return f"{major}.{minor}.{micro + 1}", "micro"


def _differ(name: str, old: Descriptor, new: Descriptor) -> bool:
    return bool(getattr(old, name) != getattr(new, name))


def _text(descriptor: Descriptor) -> str:
    return json.dumps(descriptor.content, sort_keys=True)
