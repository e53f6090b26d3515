"""Descriptor links and token links of this marketplace, as sites get them."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from shared.names import fold, is_app_key

_LINK = re.compile(
    r"(?P<place>[^?#]+)/download/apps/(?P<app_key>[^/?#]+)/version/(?P<build>[0-9]{1,9})/descriptor"
    r"(?:\?(?P<query>[^#]*))?(?:#.*)?"
)


@dataclass(frozen=True)
class Link:
    """`<public URL>/download/apps/<app key>/version/<build>/descriptor?access-token=<token>`."""

    app_key: str
    build: int
    token: str | None = None

    def url(self, public_url: str) -> str:
        """The link as text."""
        query = "" if self.token is None else "?" + urlencode({"access-token": self.token})
        path = f"/download/apps/{self.app_key}/version/{self.build}/descriptor"
        return f"{public_url}{path}{query}"

    @classmethod
    def read(cls, url: str) -> "Link":
        """Read a link of any marketplace; raises ValueError when it is none."""
        match = _LINK.fullmatch(url)
        if match is None or not is_app_key(match["app_key"]):
            raise ValueError("no descriptor link")
        token = parse_qs(match["query"] or "").get("access-token", [None])
        if len(token) != 1:
            raise ValueError("more than one access token")
        return cls(fold(match["app_key"]), int(match["build"]), token[0])

    @classmethod
    def read_ours(cls, url: str, public_url: str) -> "Link":
        """Read a link of the marketplace at `public_url`; raises ValueError for others."""
        match = _LINK.fullmatch(url)
        if match is None or match["place"] != public_url:
            raise ValueError("no link of this marketplace")
        return cls.read(url)
