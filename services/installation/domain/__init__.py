"""The aggregates of the installation service."""

from services.installation.domain.app import App
from services.installation.domain.hooks import Due, Telling
from services.installation.domain.licensed import FRESH
from services.installation.domain.on_site import OnSite
from services.installation.domain.properties import Properties
from services.installation.domain.site import Site

__all__ = ["FRESH", "App", "Due", "OnSite", "Properties", "Site", "Telling"]
