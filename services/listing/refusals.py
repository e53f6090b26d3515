"""The rules of the listing service, each as the refusal that names it."""

from shared.errors import Refusal


class PartnerExists(Refusal, hint="choose another id"):
    """The partner id {partner_id} is taken."""


class LastMember(Refusal, hint="add another member first", then="AddMember"):
    """{account} is the last member of {partner_id} and can't leave."""


class KeyTaken(Refusal, hint="an app key has one listing; keys that differ in case are the same"):
    """There is a listing for {app_key} already."""


class KeyMismatch(Refusal, hint="ask for the key that stands in the descriptor"):
    """The descriptor is for {descriptor_key}, not for {app_key}."""


class PaidViaVendorNotForConnect(Refusal, hint="choose free or paid-via-atlassian"):
    """Connect apps can't be paid via the vendor."""


class HostingNotCloud(Refusal, hint="leave hosting out"):
    """Connect apps are hosted in the cloud, not {hosting}."""


class CompatibleToFixed(Refusal, hint="leave compatible_to out"):
    """Connect apps are compatible up to any version, which can't be set to {compatible_to}."""


class LicensingNotEnabled(Refusal, hint='put "enableLicensing": true into the descriptor'):
    """A paid app's descriptor enables licensing."""


class ListingIncomplete(Refusal, hint="fill them in", then="EditListing"):
    """A public listing tells everything; missing: {missing}."""


class NotSubmitted(Refusal, hint="its partner submits it", then="SubmitForPublic"):
    """{app_key} doesn't wait for approval."""


class ListingIsPrivate(Refusal, hint="submit it first", then="SubmitForPublic"):
    """Beneath a private listing all versions are private."""


class DescriptorUnchanged(Refusal, hint="change the descriptor, then publish"):
    """The descriptor says the same as that of version {version}."""


class IdentityChanged(Refusal, hint="list another app instead"):
    """The key, name and vendor of an app never change; this would change {changed}."""


class ApiVersionLower(Refusal, hint="leave apiVersion as it was, or raise it"):
    """The descriptor's apiVersion {api_version} is lower than {before} before."""
