"""Learning from corrections: what they say about classes, added to what was painted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from qtpy.QtCore import QObject, Signal

from napari_simgraph.analysis.blocks import Pace
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.taught import Meaning, taught
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Job, say_time
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.viewer.jobs import Ending, Task, gui_threads
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.correct_find import picture_of
from napari_simgraph.viewer.views.parts import model_name

Strokes = Callable[[], Labels | None]


class Learning(QObject):
    """Learns as a job; `learned` brings a model's name and a sentence, `failed` an ending.

    Parameters
    ----------
    session
        Whose models they are.
    strokes
        Gives what was painted for the same model, or None.
    """

    learned = Signal(str, str)
    failed = Signal(object)

    def __init__(self, session: Session, strokes: Strokes) -> None:
        super().__init__()
        self._session, self._strokes = session, strokes
        self.task: Task | None = None

    def missing(self, layer: LabelsLayer) -> str:
        """Why one can't learn from the corrections of a layer, or ""."""
        objects = layer.data
        if not (isinstance(objects, Corrected) and objects.steps):
            return "Correct something first: a model learns from what you changed."
        try:
            model = self._model(layer)
        except ValueError as error:
            return str(error)
        if not model.boundary:
            return "This model has no class that bounds objects: objects teach it nothing."
        if picture_of(self._session.viewer, layer) is None:
            return "Open the picture that these objects lie on."
        return ""

    def start(self, layer: LabelsLayer, settings: segmentation.Train) -> None:
        """Learn from the corrections of a layer and from what was painted.

        Raises
        ------
        ValueError
            Something is missing.
        """
        said = self.missing(layer)
        source = picture_of(self._session.viewer, layer)
        if said or source is None:
            raise ValueError(said)
        model, image = self._model(layer), self._session.image(source)
        config = replace(settings, boundary=model.boundary, threads=gui_threads())
        if config.device == "auto":
            config = replace(config, device=self._session.device)
        noun, painted = self._session.result(source, "objects"), self._painted(image, model)
        kinds = noun.object_classes if isinstance(noun, Labels) else np.zeros(1, np.uint8)
        meaning = meaning_of(model, kinds)
        name = f"train {datetime.now():%Y-%m-%d %H%M%S}"
        room, jobs, objects = self._session.room(name), self._session.jobs, layer.data

        def make() -> Job[Model]:
            labels = yield from _labels(objects, meaning, image, painted)
            labels = labels.replace(classes=model.classes)
            told: dict[str, Any] = {"start": model, "config": config, "room": room}
            return (yield from jobs.apart(segmentation.train, image, labels, **told))

        self._before, self._name = model, model_name(source.name, "corrected")
        self._many = len(objects.steps)
        self.task = jobs.submit(f"Learn from corrections of {source.name}", make)
        self.task.estimate = 60.0 * config.minutes
        self.task.ended.connect(self._ended)
        self._session.keep_run(self.task, name)

    def _model(self, layer: LabelsLayer) -> Model:
        """The model that made the objects, or else the newest."""
        names = self._session.models("segmentation")
        named = str(about(layer).get("model", ""))
        if not names:
            raise ValueError("There is no model yet: teach one, then learn from corrections.")
        return self._session.model(named if named in names else names[0])

    def _painted(self, image: Image, model: Model) -> Labels | None:
        """What was painted, where it is about this picture and these classes."""
        try:
            labels = self._strokes()
        except ValueError:
            return None
        if labels is None or labels.shape != image.shape or not labels.exclusive:
            return None
        return labels if labels.classes.names == model.classes.names else None

    def _ended(self, ending: Ending) -> None:
        self.task = None
        if ending.result is None:
            self.failed.emit(ending)
            return
        model: Model = ending.result
        name = self._session.add_model(model, self._name)
        what = f"{self._many} correction{'s' if self._many != 1 else ''}"
        said = f"Learned from {what} in {say_time(ending.seconds)}."
        scores = [one.metrics.get("agreement") for one in (self._before, model)]
        if None not in scores:
            said += f" Agreement {scores[0]:.2f} → {scores[1]:.2f} on what was kept aside."
        self.learned.emit(name, said)


def meaning_of(model: Model, kinds: Any) -> Meaning:
    """What the objects of a model mean as classes."""
    wall = model.classes.find(model.boundary).value
    others = [row.value for row in model.classes if row.value != wall]
    inside = others[0] if len(others) == 1 else 0
    return Meaning(wall, inside, np.asarray(kinds, np.uint8))


def _labels(
    objects: Corrected, meaning: Meaning, image: Image, painted: Labels | None
) -> Job[Labels]:
    """What was painted, and where it says nothing what the corrections say."""
    out = np.zeros(image.shape, np.uint8) if painted is None else np.array(painted.read(), np.uint8)
    yield from taught(objects, meaning, out, Pace(2 * len(objects.steps)))
    if not out.any():
        raise ValueError("These corrections say nothing about classes: split or merge some.")
    space: dict[str, Any] = {"spacing": image.spacing, "unit": image.unit, "origin": image.origin}
    return Labels(out, **space)
