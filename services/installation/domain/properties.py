"""Properties: what the apps on a site keep there; beside the site, which needn't load it."""

from typing import NamedTuple

from services.installation import refusals
from services.installation.commands import PropertySet
from services.installation.events import (
    AppInstalled,
    AppPropertyDeleted,
    AppPropertySet,
    AppUpdated,
)
from shared.aggregate import Aggregate
from shared.messages import Event
from shared.names import fold

LIMIT = 100
"""Properties that an app may keep on a site."""
Live = AppInstalled | AppUpdated


class Kept(NamedTuple):
    """What an installation keeps: JSON texts by name."""

    installation_id: str
    values: dict[str, str]


class Properties(Aggregate):
    """What each app on a site keeps; it goes with the installation."""

    KIND = "properties"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.kept: dict[str, Kept] = {}

    def of(self, live: Live) -> dict[str, str]:
        """All that a live app keeps."""
        return self._of(live.app_key, live.installation_id)

    def get(self, live: Live, name: str) -> str:
        """One thing; raises UnknownProperty."""
        values = self.of(live)
        if name not in values:
            raise refusals.UnknownProperty(app_key=live.app_key, site_id=self.key, name=name)
        return values[name]

    def set(self, live: Live, name: str, value: str) -> PropertySet:
        """Keep something, the same again without effect; raises PropertyLimitReached."""
        values = self.of(live)
        created = name not in values
        if created and len(values) >= LIMIT:
            raise refusals.PropertyLimitReached(app_key=live.app_key, site_id=self.key, limit=LIMIT)
        if values.get(name) != value:
            self.record(AppPropertySet(**_about(live), name=name, value=value))
        return PropertySet(created=created)

    def delete(self, live: Live, name: str) -> None:
        """Keep something no longer; raises UnknownProperty."""
        self.get(live, name)
        self.record(AppPropertyDeleted(**_about(live), name=name))

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case AppPropertySet():
                values = self._of(event.app_key, event.installation_id)
                values = {**values, event.name: event.value}
            case AppPropertyDeleted():
                values = self._of(event.app_key, event.installation_id)
                values = {name: value for name, value in values.items() if name != event.name}
            case _:
                return
        self.kept = {**self.kept, fold(event.app_key): Kept(event.installation_id, values)}

    def _of(self, app_key: str, installation_id: str) -> dict[str, str]:
        kept = self.kept.get(fold(app_key))
        return kept.values if kept and kept.installation_id == installation_id else {}


def _about(live: Live) -> dict[str, str]:
    return live.model_dump(include={"site_id", "app_key", "installation_id"})
