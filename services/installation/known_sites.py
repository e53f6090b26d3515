"""On which sites an app is, for those who have to know all of them."""

from services.installation.domain import Site
from shared.errors import Unavailable
from shared.names import Position
from shared.pipeline import Pipeline


class KnownSites:
    """Reads the labels in the service's own store."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def of(self, app_key: str, after: Position) -> list[str]:
        """Their ids, once this service has handled what happened elsewhere up to a position.

        Who installs later then installs what came with that. Raises Unavailable when it isn't
        handled in time.
        """
        try:
            await self._pipeline.horizon.reach([after])
        except TimeoutError:
            raise Unavailable from None
        labelled = self._pipeline.store.recorder.select_labelled
        found = await self._pipeline.on_thread(labelled, f"app:{app_key}")
        return [id_.removeprefix(Site.id_of("")) for id_ in found]
