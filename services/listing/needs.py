"""What the listing service needs of others while it decides."""

from dataclasses import dataclass

from shared.descriptor import Descriptor
from shared.errors import Refusal
from shared.fetch import Fetcher
from shared.handlers import Need, Prepared
from shared.messages import Envelope


@dataclass(frozen=True)
class FetchDescriptor(Need[Descriptor]):
    """The descriptor behind a URL has to be fetched."""

    url: str


class Needs:
    """Gets what is needed."""

    def __init__(self, fetcher: Fetcher, *, development: bool) -> None:
        self._fetcher = fetcher
        self._development = development

    async def prepare(self, need: FetchDescriptor, envelope: Envelope) -> Prepared:
        """The descriptor, or the refusal that tells what is wrong with it or its place."""
        del envelope
        try:
            body = await self._fetcher.fetch(need.url)
            return Descriptor.read(body, development=self._development)
        except Refusal as refusal:
            return refusal
