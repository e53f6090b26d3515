"""The rules of the listing service, each as the refusal that names it."""

from shared.errors import Refusal


class PartnerExists(Refusal, hint="choose another id"):
    """The partner id {partner_id} is taken."""


class KeyTaken(Refusal, hint="an app key has one listing; keys that differ in case are the same"):
    """There is a listing for {app_key} already."""


class KeyMismatch(Refusal, hint="ask for the key that stands in the descriptor"):
    """The descriptor is for {descriptor_key}, not for {app_key}."""


class PaidViaVendorNotForConnect(Refusal, hint="choose free or paid-via-atlassian"):
    """Connect apps can't be paid via the vendor."""


class HostingNotCloud(Refusal, hint="leave hosting out"):
    """Connect apps are hosted in the cloud, not {hosting}."""


class LicensingNotEnabled(Refusal, hint='put "enableLicensing": true into the descriptor'):
    """A paid app's descriptor enables licensing."""
