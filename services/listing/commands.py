"""What may be asked of the listing service."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.messages import Command
from shared.names import AppKey, PartnerId

Visibility = Literal["private", "public"]
PaymentModel = Literal["free", "paid-via-atlassian", "paid-via-vendor"]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class RegisterPartner(Command, service="listing", key="partner_id"):
    """Found an organisation that lists apps; whoever asks becomes its first member."""

    partner_id: PartnerId
    organisation: Line
    email: Line | None = None
    url: Url | None = None
    address: Line | None = None


class PublishApp(Command, service="listing", key="app_key"):
    """List an app with its first version, described by the descriptor at `descriptor_url`."""

    app_key: AppKey
    partner_id: PartnerId
    descriptor_url: Url
    visibility: Visibility
    payment_model: PaymentModel
    hosting: Line = "cloud"
    product: Literal["jira", "confluence"] | None = None
