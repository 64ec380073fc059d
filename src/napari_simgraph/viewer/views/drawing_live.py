"""Drawing live: class, number, directions and chosen patches, and what a model makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_simgraph.core.drawing import AGAIN, VARIETY, Draw, Drawn, Redraw, Walk
from napari_simgraph.core.model import Model
from napari_simgraph.learn.draw_reading import any_reading
from napari_simgraph.viewer.provenance import command
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.drawing_lane import DrawLane
from napari_simgraph.viewer.views.drawing_layer import DrawnLayer
from napari_simgraph.viewer.views.drawing_patch import STEPS, ChosenRows
from napari_simgraph.viewer.views.drawing_rows import DirectionRows, WantedRows
from napari_simgraph.viewer.views.parts import column

_USED = 0.1  # nats that a direction costs, below which a slider would do nothing
COLOURS = "This model draws other colours than these patches have: learn a new one."


class LiveDrawing(QWidget):
    """The rows that say what is drawn, redrawn at each change while a model is there.

    `failed` brings a sentence, `broke` the Ending of a live session that broke off, `changed`
    says that another class is wanted.

    Parameters
    ----------
    session
        Whose selection and jobs these are.
    """

    failed = Signal(str)
    broke = Signal(object)
    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.model: Model | None = None
        self.lane, self.drawn = DrawLane(session), DrawnLayer(session.viewer)
        self.wanted, self.directions = WantedRows(), DirectionRows()
        self.patch = ChosenRows(session)
        layout = column(self)
        for part in (self.wanted, self.directions, self.patch):
            layout.addWidget(part)
        self.wanted.changed.connect(self._wanted_changed)
        self.directions.moved.connect(self.draw)
        self.patch.wanted.connect(self.redraw)
        self.patch.side_by_side.connect(self._side_by_side)
        self.lane.drawn.connect(self._show)
        self.lane.warned.connect(self.failed)
        self.lane.failed.connect(self.broke)
        self.use(None)

    def use(self, model: Model | None, first: str = "") -> None:
        """Draw with another model, of its class `first` where none was wanted before."""
        self.model = model
        self.setVisible(model is not None)
        if model is None:
            self.lane.leave()
            return
        self.wanted.show_classes(model.classes.names, first, any_reading(model.arrays))
        prices = model.arrays["numbers/price"]
        self.directions.reset()
        self.directions.show_count(int((prices > _USED).sum()))

    def draw(self) -> None:
        """Ask for pictures as the rows say."""
        if self.model is None:
            return
        rows, moved = self.wanted, self.directions.values
        spread = round(rows.variety.value(), 2)
        wish = Draw(rows.name, rows.many.value(), rows.seed, spread, moved, rows.times)
        self.lane.ask(self.model, wish)

    def close_events(self) -> None:
        """Stop following the selection, and end what draws."""
        self.lane.leave()
        self.patch.close_events()

    def _wanted_changed(self) -> None:
        self.changed.emit()
        self.draw()

    def _show(self, found: Drawn) -> None:
        model = self.model
        if model is None:
            return
        rule = model.normalisation
        limits = (float(rule["low"][0]), float(rule["high"][0]))
        if isinstance(found.event, Draw):
            thing = found.event.kind or "all"
            self.drawn.show(found.pictures, model, thing, _made_by(model, found.event))
        elif isinstance(found.event, Walk):
            self.patch.show_way(found.pictures, limits)
        elif len(found.event.patches) == 1:
            self.patch.show_redrawn(found.pictures[0], limits)
        else:
            side = found.pictures.shape[1]
            before = np.stack([_resized(one, side) for one in found.event.patches])
            both = np.concatenate([before.astype(found.pictures.dtype), found.pictures])
            self.drawn.show(both, model, "side by side", {}, len(before))

    def redraw(self) -> None:
        """Redraw the chosen patch, and draw the way between the two chosen last."""
        chosen = self.patch.chosen
        if self.model is None or chosen is None or not self._fits(chosen.pixels):
            return
        self.lane.ask(self.model, Redraw((chosen.pixels,), (chosen.kind,)))
        if len(self.patch.last) == 2:
            first, last = self.patch.last
            pixels, kinds = (first.pixels, last.pixels), (first.kind, last.kind)
            self.lane.ask(self.model, Walk(pixels, kinds, STEPS))

    def _side_by_side(self) -> None:
        many = self.patch.many()
        if self.model is None or not many or not self._fits(many[0].pixels):
            return
        patches, kinds = tuple(one.pixels for one in many), tuple(one.kind for one in many)
        self.lane.ask(self.model, Redraw(patches, kinds))

    def _fits(self, pixels: Any) -> bool:
        assert self.model is not None  # whoever asks has one
        if pixels.shape[-1] == self.model.channels:
            return True
        self.failed.emit(COLOURS)
        return False


def _made_by(model: Model, event: Draw) -> dict[str, Any]:
    """What made the layer: the command line that draws the same."""
    words: dict[str, Any] = {"class": event.kind, "n": event.n, "seed": event.seed}
    if event.spread != VARIETY:
        words["spread"] = f"{event.spread:g}"
    if event.again != AGAIN:
        words["again"] = event.again
    if any(event.directions):
        words["directions"] = ",".join(f"{one:g}" for one in event.directions)
    told = {key: value for key, value in words.items() if value != ""}
    paths = {"model": model.name, "out": "drawn.tif"}
    said = command("generation", "sample", paths, told)
    return {"capability": "generation", "verb": "sample", "command": said}


def _resized(pixels: Any, side: int) -> Any:
    """A patch with another side, pixel by pixel."""
    at = np.minimum((np.arange(side) + 0.5) * len(pixels) / side, len(pixels) - 1).astype(int)
    return pixels[np.ix_(at, at)]
