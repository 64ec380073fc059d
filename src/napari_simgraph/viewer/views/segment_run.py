"""The tab Run on all of Segment: a model paints its classes into a whole stack."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal, TypeAlias

from napari.layers import Layer
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QWidget
from superqt import QLabeledRangeSlider

from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Job, Region, Tick
from napari_simgraph.core.live import FILTERS
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Box, Image, Labels
from napari_simgraph.learn.cost import Cost, Shape, learning_speed, of_painting
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.jobs import Ending, State, Task, gui_threads
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.provenance import command
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.filling import filled, fits, sections_in
from napari_simgraph.viewer.views.folder_choice import left
from napari_simgraph.viewer.views.growing import Preview, things_of
from napari_simgraph.viewer.views.keep_row import KeepRow
from napari_simgraph.viewer.views.made_row import MadeRow
from napari_simgraph.viewer.views.make_row import MakeRow
from napari_simgraph.viewer.views.painting import Painting
from napari_simgraph.viewer.views.parts import (
    ModelCombo,
    Told,
    column,
    row,
    say_channels,
    say_device,
)
from napari_simgraph.viewer.views.run_said import Came, next_steps, say_kept
from napari_simgraph.viewer.views.segment_page import Asked, SegmentPage
from napari_simgraph.viewer.words import say_cost

_HELD = ("output", "sections", "threads")  # asked for above the form, or set by the machine
_MEMBRANE = "membrane"  # other boundaries, as of glands, part things that are rarely counted
_THINGS = {"classes": "classes", "probability": "sure", "instances": "objects"}  # as layers say it
_NETWORKS = {"unet": "U-Net", "filters": FILTERS}

Earlier: TypeAlias = dict[str, Image | Labels | None]  # by the names of the job's arrays


class RunPage(SegmentPage):
    """Model, image, sections and what to make, and the result that they give."""

    dropped = "Cancelled. Nothing was changed."
    folder_wanted = Signal()
    correct_wanted = Signal()

    def __init__(self, session: Session, teach: Callable[[], object], painting: Painting) -> None:
        tip = "The picture to segment: grey, RGB or a stack."
        super().__init__(session, tip, segmentation.Apply, _HELD)
        self._teach = teach
        self._speed = 0.0  # multiplications a second of the last run
        self.model = ModelCombo(
            session,
            "segmentation",
            "",
            "The model to use. Yours stand here as soon as they exist.\ncommand line: --model",
        )
        self._make_controls()
        self.made = MadeRow(session, self._results)
        layout = column(self)
        model_row = row("Use model", self.model)
        for part in (self.image, self.noted, model_row, self.sections_row):
            layout.addWidget(part)
        self.keep = KeepRow(session, painting, self.image, self.model)
        layout.addWidget(self.make_row)
        layout.addWidget(self.keep)
        layout.addWidget(self.form)
        layout.addWidget(self.made)
        tip = "Every image of a folder, one after the other.\ncommand line: --image FOLDER"
        self.folder = flat("Run on a folder…", self.folder_wanted.emit, tip)
        layout.addWidget(left(self.folder))
        self._connect()
        self._model_chosen()
        self._image_chosen()

    @property
    def main_text(self) -> str:
        """What the main button says."""
        layer = self.image.layer
        if layer is None or layer.ndim < 3:
            return "Segment"
        count = self._section_count
        return f"Segment {count} section{'s' if count != 1 else ''}"

    def close_events(self) -> None:
        """Stop following viewer and session."""
        super().close_events()
        for part in (self.model, self.made):
            part.close_events()

    def _make_controls(self) -> None:
        self.sections = QLabeledRangeSlider(Qt.Orientation.Horizontal)
        tip = "From section to section, both included, as napari's slider counts them."
        self.sections.setToolTip(f"{tip}\ncommand line: --sections")
        for part in (self.sections, *self.sections.findChildren(QWidget)):
            part.setAccessibleName("Sections")
        self.sections_row = row("Sections", self.sections)
        self.make_row = MakeRow()
        self.sure, self.objects = self.make_row.sure, self.make_row.objects

    def _connect(self) -> None:
        self.image.changed.connect(self._image_chosen)
        self.model.chosen.connect(self._model_chosen)
        self.model.failed.connect(self.fail)
        self.form.changed.connect(self._renew)
        self.make_row.changed.connect(self._renew)
        self.sections.valueChanged.connect(self._renew)

    def _ask(self) -> Asked:
        layer = self.image.layer
        if layer is None:
            raise ValueError("Choose an image first.")
        model = self._session.model(self.model.name)
        image = self._session.image(layer)
        self.form.hold(output=self.make_row.word, sections=self._range(), threads=gui_threads())
        config: segmentation.Apply = self._config()
        name = f"segment {datetime.now():%Y-%m-%d %H%M%S}"
        room = self._room = self._session.room(name)
        keep = self.keep.labels(model)
        self._source, self._noun, self._used = layer, image, (model, config)
        self._painted = keep.name if keep is not None else ""
        self._earlier = self._to_keep(layer, image, model)
        things = things_of(model, self.make_row.kinds)
        self._preview = Preview(self._session.viewer, layer, image, room, things)
        earlier = {name: noun for name, noun in self._earlier.items() if noun is not None}

        def make() -> Job[Any]:
            told = {"config": config, "room": room}
            job = self._session.jobs.apart(segmentation.apply, model, image, keep, **told)
            return filled(job, earlier, config.objects == "stack") if earlier else job

        self._work = self._cost(1.0).seconds
        return Asked(self.main_text, make, name, self._cost().seconds)

    def _begun(self, task: Task) -> None:
        self._boxes = list[Box]()
        task.ticked.connect(self._ticked)

    def _to_keep(self, layer: Layer, image: Image, model: Model) -> Earlier:
        """The results that will be replaced; None for one of other classes."""
        found: Earlier = {}
        for name in self.make_row.kinds:
            noun = self._session.result(layer, _THINGS[name])
            if noun is not None:
                fit = fits(noun, image, model.classes.names, model.exclusive)
                found[name] = noun if fit else None
        return found

    def _range(self) -> str:
        """The chosen sections as ``0-9``; "" for all."""
        first, last = (int(value) for value in self.sections.value())
        whole = (first, last) == (self.sections.minimum(), self.sections.maximum())
        return "" if whole or self.sections_row.isHidden() else f"{first}-{last}"

    @property
    def _section_count(self) -> int:
        first, last = self.sections.value()
        return 1 if self.sections_row.isHidden() else int(last) - int(first) + 1

    def _ticked(self, tick: Tick) -> None:
        if isinstance(tick, Region):
            self._boxes.append(tick.box)
        self._preview.heard(tick)

    def _ended(self, ending: Ending) -> None:
        self._preview.close()
        super()._ended(ending)

    def _keep(self, result: Any, ending: Ending) -> None:
        layers = self._session.viewer.layers
        active = layers.selection.active
        self._count = len(sections_in(self._boxes, self._noun))
        made = {
            thing: self._session.add_result(noun, self._source, thing, self._info(thing))
            for name, thing in _THINGS.items()
            if (noun := getattr(result, name, None)) is not None
        }
        if active is not None and active in layers:
            layers.selection.active = active  # whoever paints goes on painting
        if ending.state is State.DONE:
            self._speed = self._work / max(ending.seconds, 0.1)
        came = Came(self._count, self._noun.sections, None in self._earlier.values())
        said = say_kept(list(made.values()), ending, came)
        undo = ("Undo", lambda: self._undo(list(made)))
        state: Literal["done", "stopped"] = "done" if ending.state is State.DONE else "stopped"
        correct = self.correct_wanted.emit if "objects" in made else None
        self._last = Told(state, said, undo, next_steps(self._session.viewer, correct))
        self.made.renew()

    def _info(self, thing: str) -> dict[str, Any]:
        model, config = self._used
        paths = {"model": str(model.name), "image": self._noun.source}
        paths |= {"keep": f"{self._painted}.tif"} if self._painted else {}
        paths["out"] = f"{thing}.tif"
        scores = {"agreement": "agreement", "baseline": "grey values alone"}
        figures = {said: model.metrics[k] for k, said in scores.items() if k in model.metrics}
        return {
            "capability": "segmentation",
            "verb": "apply",
            "model": model.name,
            "network": _NETWORKS.get(model.network["name"], model.network["name"]),
            "settings": config.to_json(),
            "figures": figures,
            "sections": self._count,
            "command": command("segmentation", "apply", paths, config),
        }

    def _undo(self, things: list[str]) -> None:
        for thing in things:
            self._session.undo_result(self._source, thing)
        self._last = Told("ready", "Undone: the layers are as they were before.")
        self.changed.emit()

    def _image_chosen(self) -> None:
        layer = self.image.layer
        deep = layer is not None and layer.ndim == 3
        self.noted.forget()
        self.sections_row.setVisible(deep)
        if deep:
            last = self._session.image(layer).sections - 1
            if (self.sections.minimum(), self.sections.maximum()) != (0, last):
                self.sections.setRange(0, last)
                self.sections.setValue((0, last))
        self.made.renew()
        self._renew()

    def _model_chosen(self) -> None:
        """Cells inside a membrane are what is wanted of a model that has learned one."""
        with suppress(ValueError, OSError):  # said by `_misfit`
            model = self._session.model(self.model.name)
            self.make_row.suggest_objects(model.boundary.casefold() == _MEMBRANE)
        self._renew()

    def _missing(self) -> Told | None:
        """What has to be done before one can segment."""
        if not self.model.name:
            said = "There is no model yet: teach one, or load one from a folder."
            return Told("ready", said, ("Teach", self._teach), (), False)
        if not self.make_row.kinds:
            said = "Tick what to make: classes, how sure or objects."
            return Told("ready", said, can_start=False)
        return self._misfit()

    def _misfit(self) -> Told | None:
        """Where the model does not fit the image."""
        try:
            model = self._session.model(self.model.name)
            image = self._session.image(self.image.layer)
        except (ValueError, OSError) as error:
            return Told("error", say_error(error), can_start=False)
        if model.channels == image.channels:
            return None
        said = f"This model wants {say_channels(model.channels)}, "
        said += f"the image has {say_channels(image.channels)}."
        return Told("error", said, ("Learn a new one", self._teach), (), False)

    def _cost(self, speed: float = 0.0) -> Cost:
        """What the chosen run takes at a speed; by default as fast as the last one was."""
        model, image = self._session.model(self.model.name), self._session.image(self.image.layer)
        self.form.hold(output=self.make_row.word)
        config = self.form.value().to_json()
        shape = Shape.of(model.network["options"])
        return of_painting(
            shape, image, self._section_count, config, speed or self._speed or learning_speed(model)
        )

    def _ready(self) -> Told:
        where = say_device(self._session.jobs, self._config().to_json())
        return Told("ready", say_cost(self._cost(), where))

    def _results(self) -> list[Layer]:
        layer = self.image.layer
        if layer is None:
            return []
        return [
            made for thing in _THINGS.values() for made in self._session.result_layers(layer, thing)
        ]
