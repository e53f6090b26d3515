"""The installation service owns sites and the apps on them.

Commands: RegisterSite, EnablePrivateListings, InstallApp, SetToken, ClearToken,
SetLicenceState.
Events: SiteRegistered, PrivateListingsEnabled, InstallRequested, TokenAttached, TokenCleared,
LicenceChanged, AppInstalled, AppUpdated, InstallFailed.
Queries: App.
"""
