"""The listing service owns partners, their listings and the versions of these.

Commands: RegisterPartner, PublishApp.
Events: PartnerRegistered, ListingCreated, VersionPublished.
Queries: Listing.
"""
