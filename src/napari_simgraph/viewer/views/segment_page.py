"""What the tabs of Segment have in common: an image, a form, and one job at a time."""

from __future__ import annotations

from collections.abc import Sequence

from napari_simgraph.core.config import Config
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.job_page import Asked, JobPage
from napari_simgraph.viewer.views.parts import ImageRow, Told

__all__ = ["Asked", "SegmentPage"]


class SegmentPage(JobPage):
    """A page of Segment.

    Parameters
    ----------
    session
        Whose images, models and jobs these are.
    image_tip
        The tooltip of the image menu.
    config
        The settings of the form, and the names of those that the page asks for in its own way.
    """

    def __init__(
        self, session: Session, image_tip: str, config: type[Config], held: Sequence[str]
    ) -> None:
        super().__init__(session, config, held)
        self.image = ImageRow(session.viewer, image_tip)

    def told(self) -> Told:
        """What the footer shows while nothing runs."""
        return self._last or self._no_image() or self._missing() or self._ready()

    def close_events(self) -> None:
        """Stop following viewer and session."""
        super().close_events()
        self.image.close_events()

    def _no_image(self) -> Told | None:
        layer = self.image.layer
        if layer is None:
            return Told("ready", "Choose an image.", can_start=False)
        if layer.ndim > 3:
            said = f"This layer has {layer.ndim} axes. Choose above which to use."
            return Told("error", said, can_start=False)
        return None
