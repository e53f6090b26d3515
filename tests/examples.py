"""One good command of each kind."""

from services.installation import commands as installation
from services.listing import commands as listing
from services.token import commands as token
from shared.messages import Command

APP, PARTNER, SITE, URL = "com.example.app", "example", "site", "https://app.example.com/a.json"
ON_SITE = {"site_id": SITE, "app_key": APP}

COMMANDS: list[Command] = [
    listing.RegisterPartner(partner_id=PARTNER, organisation="Example"),
    listing.ChangeContact(partner_id=PARTNER, organisation="Example", email="a@example.com"),
    listing.AddMember(partner_id=PARTNER, account="bob"),
    listing.RemoveMember(partner_id=PARTNER, account="bob"),
    listing.PublishApp(
        app_key=APP,
        partner_id=PARTNER,
        descriptor_url=URL,
        visibility="private",
        payment_model="free",
    ),
    listing.EditListing(app_key=APP, summary="Plans", categories=("planning",)),
    listing.MakePrivate(app_key=APP),
    listing.SubmitForPublic(app_key=APP),
    listing.Approve(app_key=APP),
    listing.Reject(app_key=APP, reason="too short"),
    listing.PublishVersion(app_key=APP, beta=True),
    listing.SetVersionVisibility(app_key=APP, build=1, visibility="public"),
    listing.SetBeta(app_key=APP, build=1, beta=True),
    token.CreateToken(app_key=APP, note="for Bob"),
    token.RemoveToken(app_key=APP, token_id=1),
    token.SetTokenNote(app_key=APP, token_id=1, note="for Bob"),
    token.ApplyToken(app_key=APP, token="gl_1_k1", site_id=SITE),
    installation.RegisterSite(
        site_id=SITE, base_url="https://site.example.com", product="jira", admin="bob"
    ),
    installation.RenameSite(site_id=SITE, base_url="https://new.example.com"),
    installation.ResetSite(site_id=SITE),
    installation.AddAdmin(site_id=SITE, account="eve"),
    installation.RemoveAdmin(site_id=SITE, account="eve"),
    installation.EnablePrivateListings(site_id=SITE),
    installation.DisablePrivateListings(site_id=SITE),
    installation.InstallApp(site_id=SITE, url=URL),
    installation.SetToken(site_id=SITE, app_key=APP, token="gl_1_k1"),
    installation.ClearToken(**ON_SITE),
    installation.GenerateToken(**ON_SITE),
    installation.SetLicenceState(state=installation.LicenceState.NONE, **ON_SITE),
    installation.EnableApp(**ON_SITE),
    installation.DisableApp(**ON_SITE),
    installation.ApproveUpdate(version="1.1.0", **ON_SITE),
    installation.RotateSecret(**ON_SITE),
    installation.SendHook(hook="installed", **ON_SITE),
    installation.SetAppProperty(name="board", value='{"columns": 3}', **ON_SITE),
    installation.DeleteAppProperty(name="board", **ON_SITE),
    installation.UninstallApp(**ON_SITE),
]
