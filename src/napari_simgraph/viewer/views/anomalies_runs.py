"""What the big button of Anomalies does, and what it found: layers, places, columns of patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

import numpy as np
from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from napari_simgraph.analysis.odd_places import OddPlace, names_apart
from napari_simgraph.capabilities import anomaly
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import say_time
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, each_image
from napari_simgraph.core.sheet import SheetLayout
from napari_simgraph.io.sheet import contact_sheet
from napari_simgraph.learn.calibrating import Calibration
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.provenance import command
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.sheets import sheet_of
from napari_simgraph.viewer.views.anomalies_found import EXPECTED, HIDDEN, MAP
from napari_simgraph.viewer.views.anomalies_input import AnomaliesInput
from napari_simgraph.viewer.views.anomalies_job import (
    Seen,
    above,
    learn,
)
from napari_simgraph.viewer.views.anomalies_join import Joined
from napari_simgraph.viewer.views.growing import Preview, Thing
from napari_simgraph.viewer.views.parts import Warned, copy_report, model_name
from napari_simgraph.viewer.words import cancelled

LABELS = "anomalies"
_GREY, _COLOR = "#FF00FF", "#000000"  # seen on grey sections, and on stained slides


@dataclass(frozen=True, eq=False)
class Looked:
    """What was found in the image of a layer."""

    layer: Layer
    image: Image | ImageSet
    found: anomaly.Found
    model: Model
    how: anomaly.Apply

    @property
    def maps(self) -> Sequence[Image]:
        """The map of each image."""
        return each_image(self.found.map)

    @cached_property
    def names(self) -> list[str]:
        """What each image is called."""
        return names_apart(self.image)

    @cached_property
    def known(self) -> Calibration:
        """How odd normal places looked."""
        return Calibration.of(self.model.arrays, self.how.speed)

    @property
    def layout(self) -> SheetLayout | None:
        """Where images lie on a contact sheet."""
        sheet = sheet_of(self.layer)
        return None if sheet is None else sheet.layout


class Runs(QObject):
    """Submits jobs and takes in what they give.

    `told` brings a state, a sentence and perhaps a button, `changed` says that a task began,
    `looked` that there is a new result, `seen` brings what lies above the threshold.
    """

    told = Signal(str, str, object)
    changed = Signal()
    looked = Signal()
    seen = Signal(object, float)

    def __init__(self, session: Session, given: AnomaliesInput, noted: Warned) -> None:
        super().__init__()
        self._session, self._input, self._noted = session, given, noted
        self.task: Task | None = None
        self.result: Looked | None = None
        self._preview: Preview | None = None
        self._joined = Joined(session)
        self._thread = Latest("simgraph-anomalies", self)

    @property
    def main(self) -> str:
        """The words of the big button."""
        return "Look for anomalies" if self._input.model.name else "Learn what is normal"

    def start(self) -> None:
        """Do what the button says."""
        try:
            if self._input.model.name:
                self._look(self._session.model(self._input.model.name))
            else:
                self._learn()
        except (ValueError, OSError) as error:
            self.told.emit("error", say_error(error), None)

    def limit(self, rate: float) -> float:
        """The score above which a share of normal places lies."""
        return 1.0 if self.result is None else self.result.known.threshold(rate)

    def rate(self, limit: float) -> float:
        """The share of normal places that lie above a score."""
        return 1.0 if self.result is None else self.result.known.rate(limit)

    def mark(self, limit: float) -> None:
        """Find what lies above a threshold, and show it as labels."""
        if self.result is not None:
            result = self.result
            work = partial(above, result.image, result.found.map, limit)
            self._thread.ask(work, lambda seen: self._show_labels(result, seen, limit))

    def show(self, kind: str) -> None:
        """Show the map, or the picture that was expected, or the hidden parts."""
        if self.result is None:
            return
        for one in (MAP, EXPECTED, HIDDEN):
            for layer in self._session.result_layers(self.result.layer, one):
                layer.visible = one == kind

    def forget(self) -> bool:
        """Let go of what was found in an image that was closed; whether there was any."""
        if self.result is None or self.result.layer in self._session.viewer.layers:
            return False
        self._drop()
        return True

    def undo(self) -> None:
        """Take back what was found last."""
        if self.result is not None and self.result.layer in self._session.viewer.layers:
            for kind in (LABELS, MAP, HIDDEN, EXPECTED):
                self._session.undo_result(self.result.layer, kind)
        self._drop()
        self.told.emit("ready", "Taken back.", None)

    def close(self) -> None:
        """End the thread."""
        self._joined.close()
        self._thread.close()

    def _drop(self) -> None:
        self.result = None
        self._joined.forget()
        self.looked.emit()

    def _learn(self) -> None:
        image, marks = self._input.normal()
        how, session = self._input.settings(), self._session
        room = session.room(f"normal {datetime.now():%Y-%m-%d %H%M%S}")
        title = f"Learn what is normal in {image.name}"
        make = partial(learn, session.jobs, image, marks, how, room)
        self._submit(title, make, lambda model, ending: self._learned(model, ending, image.name))

    def _look(self, model: Model) -> None:
        layer, session = self._input.layer, self._session
        image, how = self._input.searched(), self._input.how_to_look()
        marks = self._input.marks() if isinstance(image, Image) else None
        room = session.room(f"anomalies {datetime.now():%Y-%m-%d %H%M%S}")
        nouns = (model, image, marks)
        make = partial(session.jobs.apart, anomaly.apply, *nouns, config=how, room=room)
        title = f"Look for anomalies in {image.name}"
        of = (layer, image, model, how)
        self._submit(title, make, lambda found, end: self._found(found, end, of))
        if self.task is not None and isinstance(image, Image):
            grows = {"map": Thing(MAP)}
            self._preview = Preview(session.viewer, layer, image, room, grows)
            self.task.ticked.connect(self._preview.heard)

    def _submit(self, title: str, make: Any, take: Any) -> None:
        self.task = self._session.jobs.submit(title, make)
        self.task.reveal = partial(open_dock, self._session.viewer, "Anomalies")

        def ended(ending: Ending) -> None:
            self.task = None
            if self._preview is not None:
                self._preview.close()
            if ending.result is not None:
                take(ending.result, ending)
            elif ending.error is None:
                self.told.emit("stopped", cancelled(self.result), None)
            else:
                self.told.emit("error", ending.sentence, copy_report(ending))

        self.task.ended.connect(ended)
        self._noted.follow(self.task)
        self.changed.emit()

    def _learned(self, model: Model, ending: Ending, name: str) -> None:
        made = self._session.add_model(model, model_name(name, "normal"))
        self._input.model.choose(made)
        took = say_time(ending.seconds)
        self.told.emit("done", f"Knows what is normal, learned in {took}. Now look.", None)

    def _found(self, found: anomaly.Found, ending: Ending, of: tuple[Any, ...]) -> None:
        layer, image, model, how = of
        if layer not in self._session.viewer.layers:
            self.told.emit("stopped", f"{image.name} was closed meanwhile.", None)
            return
        self.result = result = Looked(layer, image, found, model, how)
        parts = ((EXPECTED, found.expected), (HIDDEN, found.hidden), (MAP, found.map))
        for kind, noun in parts:
            if noun is not None:
                self._session.add_result(_as_sheet(noun), layer, kind, self._told_of(result))
                self._as_source(kind, layer)
        self.show(MAP)
        self._joined.join(image, found.map)
        self.looked.emit()

    def _as_source(self, kind: str, source: Layer) -> None:
        """Pictures of the same kind are shown with the same contrast."""
        for layer in self._session.result_layers(source, kind):
            if kind != MAP and not getattr(layer, "rgb", False):
                layer.contrast_limits = source.contrast_limits
                layer.colormap = source.colormap

    def _show_labels(self, result: Looked, seen: Seen, limit: float) -> None:
        layer = result.layer
        if layer not in self._session.viewer.layers:
            return
        first = result.maps[0]
        color = _COLOR if each_image(result.image)[0].channels == 3 else _GREY
        classes = ClassTable.of(["anomaly"], [color])
        pairs = zip(result.maps, seen.masks, strict=True)
        masks = tuple(Image(mask, one.axes, one.spacing, one.unit) for one, mask in pairs)
        if isinstance(result.image, ImageSet):
            names = [replace(m, name=o.name) for m, o in zip(masks, result.maps, strict=True)]
            kinds = result.image.image_classes
            whole = _as_sheet(ImageSet(tuple(names), kinds, result.image.name))
        else:
            whole = masks[0]
        single = isinstance(result.image, Image)
        labels = Labels(
            list(whole.levels),
            whole.axes,
            whole.spacing,
            whole.unit,
            first.origin if single else whole.origin,
            classes=classes,
        )
        told = self._told_of(result) | {"figures": {"threshold": limit}}
        for made in self._session.add_result(labels, layer, LABELS, told).layers:
            made.contour = 2
            made.opacity = 1.0
        self.seen.emit(seen, limit)

    def _told_of(self, result: Looked) -> dict[str, Any]:
        paths = {"model": result.model.name, "image": each_image(result.image)[0].source}
        paths["out"] = f"{result.layer.name} anomalies"
        own = {"threads", "device"}  # of this machine
        told = {name: v for name, v in result.how.changed().items() if name not in own}
        return {
            "capability": "anomaly",
            "model": result.model.name,
            "network": "/".join(result.model.network["options"]["names"]),
            "command": command("anomaly", "apply", paths, told),
            "sections": sum(one.sections for one in result.maps),
        }


def place_on(result: Looked, place: OddPlace) -> np.ndarray[Any, Any]:
    """Middle of a place in the data of the layer."""
    y, x = place.middle
    if result.layout is not None:
        y, x = result.layout.place(place.image, y, x)
    return np.array([place.z, y, x][-result.layer.ndim :], float)


def _as_sheet(noun: Image | ImageSet) -> Image:
    return noun if isinstance(noun, Image) else contact_sheet(noun)[0]
