"""What Areas draws over the images: heat map or coloured patches, outlines, and clicks."""

from __future__ import annotations

from typing import Any

from napari.layers import Image as ImageLayer
from qtpy.QtCore import QObject

from napari_simgraph.viewer.areas.clicked import ClickMarks
from napari_simgraph.viewer.areas.heat import INTEREST, UNSURE, Heat
from napari_simgraph.viewer.areas.looking import Looking
from napari_simgraph.viewer.areas.scored import SCORE
from napari_simgraph.viewer.areas.shapes import AreaShapes
from napari_simgraph.viewer.map_colors import NOTHING
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about

POINTS = "points"  # patches coloured by interest, in the place of the heat map


class Drawing(QObject):
    """Draws what is found as long as the dock is open.

    Parameters
    ----------
    session, looking
        On whose canvas, and what is found.
    """

    def __init__(self, session: Session, looking: Looking) -> None:
        super().__init__()
        self._session, self._looking = session, looking
        self.heat, self.shapes = Heat(session.viewer), AreaShapes(session.viewer)
        self.clicks = ClickMarks(session.viewer)
        self.kind, self._chosen = INTEREST, 0
        looking.scored.connect(self.renew)
        looking.said.connect(self.mark)
        looking.outlined.connect(self.outline)
        session.viewer.layers.events.inserted.connect(self._came)

    def show(self, kind: str) -> None:
        """Show the heat map, how unsure it is, coloured patches, or nothing."""
        self.kind = kind
        if kind == POINTS:
            self._looking.keep()  # patches are coloured by what the table says
        self._color_patches()
        self.renew()

    def choose(self, number: int) -> None:
        """Draw one area thicker, 0 for none."""
        self._chosen = number
        self.shapes.choose(number)

    def renew(self) -> None:
        """Draw the scores as they are now."""
        ground, scores = self._session.canvas.ground, self._looking.scores
        if ground is None or scores is None or not ground.open or len(ground.grid) != len(scores):
            self.heat.hide()
            return
        values = {INTEREST: scores.score, UNSURE: scores.uncertainty}.get(self.kind)
        if values is None:
            self.heat.hide()
        else:
            self.heat.show(ground, values, self.kind)

    def outline(self) -> None:
        """Draw the areas as they are now."""
        ground, looking = self._session.canvas.ground, self._looking
        if ground is None or not ground.open or not looking.areas:
            self.shapes.hide()
            return
        self.shapes.show(ground, looking.areas, looking.down)
        if self._chosen:
            self.shapes.choose(self._chosen)

    def mark(self, *_: object) -> None:
        """Mark the patches that were clicked."""
        ground, table = self._session.canvas.ground, self._looking.table
        if ground is None or table is None or not ground.open:
            self.clicks.hide()
        else:
            self.clicks.show(ground, self._looking.opinions.now.clicks)

    def close(self) -> None:
        """Take our layers out and draw no more."""
        self._session.viewer.layers.events.inserted.disconnect(self._came)
        self._looking.scored.disconnect(self.renew)
        self._looking.outlined.disconnect(self.outline)
        self._looking.said.disconnect(self.mark)
        for part in (self.heat, self.shapes, self.clicks):
            part.hide()

    def _color_patches(self) -> None:
        patches = self._session.canvas.patches
        if patches is not None and (self.kind == POINTS or patches.color == SCORE):
            patches.show(color=SCORE if self.kind == POINTS else NOTHING)
            for layer in patches.layers("patches"):
                layer.visible = self.kind == POINTS

    def _came(self, event: Any) -> None:
        """The image of the patches may have been opened."""
        if isinstance(event.value, ImageLayer) and not about(event.value).get("fleeting"):
            self.renew()
            self.outline()
            self.mark()
