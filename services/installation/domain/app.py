"""App: what the installation service knows of a listed app."""

from services.installation import refusals
from services.installation.events import AppSeen, AppVersionSeen, AppVisibilitySeen
from services.listing.commands import Visibility
from services.listing.queries import Status
from shared.aggregate import Aggregate
from shared.messages import Event


class App(Aggregate):
    """An app with the versions that sites may get."""

    KIND = "copy/app"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.listing: AppSeen | None = None
        self.versions: dict[int, AppVersionSeen] = {}

    def labels(self) -> frozenset[str]:
        """An app is found by the URL of its descriptor."""
        if self.listing is None:
            return frozenset()
        return frozenset({f"url:{self.listing.descriptor_url}"})

    @property
    def is_private(self) -> bool:
        """Whether only a private link leads to the app."""
        return self.listing is None or self.listing.status == "private"

    def see_listing(self, seen: AppSeen) -> None:
        """Take over what the listing says; again without effect."""
        if seen != self.listing:
            self.record(seen)

    def see_status(self, status: Status) -> None:
        """Take over where the listing stands; again without effect."""
        if self.listing is not None:
            self.see_listing(self.listing.model_copy(update={"status": status}))

    def see_version(self, seen: AppVersionSeen) -> None:
        """Take over a version with its descriptor."""
        self.record(seen)

    def see_visibility(self, build: int, visibility: Visibility) -> None:
        """Take over who sees a version; again without effect."""
        version = self.versions.get(build)
        if version is not None and version.visibility != visibility:
            self.record(AppVisibilitySeen(app_key=self.key, build=build, visibility=visibility))

    def version_at(self, build: int) -> AppVersionSeen:
        """A version that can be installed by its link; raises DescriptorNotListed."""
        version = self.versions.get(build)
        if version is None or not self.is_seen(version, private=True):
            raise refusals.DescriptorNotListed
        return version

    def newest(self, *, private: bool) -> AppVersionSeen | None:
        """The newest version for a site; `private`: one that follows private ones too."""
        seen = [row for row in self.versions.values() if self.is_seen(row, private=private)]
        return max(seen, key=lambda version: version.build, default=None)

    def asks_more(self, after: int, up_to: int) -> bool:
        """Whether a version in that range, the first left out, has to be approved by sites.

        So has one of which this service knows nothing, as its event was discarded.
        """
        between = [self.versions.get(build) for build in range(after + 1, up_to + 1)]
        return any(version is None or version.change == "minor" for version in between)

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case AppSeen():
                self.listing = event
            case AppVersionSeen():
                self.versions[event.build] = event
            case AppVisibilitySeen() if event.build in self.versions:
                changed = {"visibility": event.visibility}
                self.versions[event.build] = self.versions[event.build].model_copy(update=changed)

    def is_seen(self, version: AppVersionSeen, *, private: bool) -> bool:
        """Whether a version is there for a site; `private`: one that follows private ones too."""
        if version.visibility == "private":
            return private
        return self.listing is not None and self.listing.status == "public"
