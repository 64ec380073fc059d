"""The tab Teach of Segment: what is painted, and learning from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from qtpy.QtCore import Signal

from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Job, Progress, say_time
from napari_simgraph.core.model import Model
from napari_simgraph.learn.cost import Shape, of_training
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.jobs import Ending, State, Task, gui_threads
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.learn_row import LearnRow
from napari_simgraph.viewer.views.live_part import LivePart
from napari_simgraph.viewer.views.painting import Painting
from napari_simgraph.viewer.views.parts import (
    ModelCombo,
    Told,
    column,
    model_name,
    row,
    say_device,
)
from napari_simgraph.viewer.views.segment_page import Asked, SegmentPage
from napari_simgraph.viewer.words import say_cost

_SCORES = ("agreement", "baseline")  # of the network, and of grey values alone
_HELD = ("boundary", "threads")  # asked for above the form, or set by the machine


class TeachPage(SegmentPage):
    """Image, labels, classes and settings, and the training that they give.

    `learned` says the name of a new model, `turned` that the settings are others.
    """

    learned = Signal(str)
    turned = Signal()
    dropped = "Cancelled. The earlier model is still in use."

    def __init__(self, session: Session, run_on_all: Callable[[], object]) -> None:
        tip = "The picture to learn from: grey, RGB or a stack."
        super().__init__(session, tip, segmentation.Train, _HELD)
        self._run_on_all = run_on_all
        self.painting = Painting(session)
        self.model = ModelCombo(
            session,
            "segmentation",
            "My labels only",
            "A model to begin with. Your models stand here as soon as they exist.\n"
            "command line: --start",
        )
        layout = column(self)
        layout.addWidget(self.image)
        layout.addWidget(self.noted)
        self.live = LivePart(session, self.image, self.model, self.painting)
        self.way = LearnRow()
        layout.addWidget(self.way)
        layout.addWidget(row("Start from", self.model))
        layout.addWidget(self.painting)
        layout.addWidget(self.form)
        layout.addWidget(self.live)
        self.image.changed.connect(self._image_chosen)
        self.painting.changed.connect(self._renew)
        self.form.changed.connect(self._renew)
        self.model.chosen.connect(self.changed)
        self.model.failed.connect(self.fail)
        self.live.changed.connect(self._live_changed)
        self.live.learned.connect(self.learned)
        self.live.run_on_all = run_on_all
        self.way.changed.connect(self._turn)
        self._turn()
        self._image_chosen()

    @property
    def settings(self) -> Form[Any]:
        """The form of what the main button does."""
        return self.live.form if self.way.live else self.form

    def told(self) -> Told:
        """What the footer shows while nothing runs."""
        return (self._no_image() or self.live.told()) if self.way.live else super().told()

    def come(self, front: bool) -> list[tuple[str, str, bool]]:
        """Come to the front or go from there; the rows of the keys that work there."""
        self.live.come(front)
        return self.live.rows.keys.rows() if front and self.way.live else []

    def start(self) -> None:
        """Begin what the main button says."""
        if self.way.live:
            self.live.start()
        else:
            super().start()

    @property
    def main_text(self) -> str:
        """What the main button says."""
        if self.way.live:
            return self.live.main_text
        layer, sections = self.image.layer, len(self.painting.painted_sections)
        if layer is None or layer.ndim < 3 or not sections:
            return "Learn"
        return f"Learn from {sections} section{'s' if sections != 1 else ''}"

    def say_progress(self, progress: Progress) -> str:
        """The live score beside what is being done."""
        curve = self.task.curves.get("agreement") if self.task else None
        if not curve:
            return progress.text
        score = f"Kept aside: agreement {curve[-1][1]:.2f}"
        plain = self.task.curves.get("baseline") if self.task else None
        if plain:
            score += f", grey values alone {plain[-1][1]:.2f}"
        return f"{score} · {progress.text}" if progress.text else score

    def close_events(self) -> None:
        """Stop following viewer and session."""
        super().close_events()
        for part in (self.live, self.painting, self.model):
            part.close_events()

    def _ask(self) -> Asked:
        layer = self.image.layer
        if layer is None:
            raise ValueError("Choose an image first.")
        config = self._config()
        image, labels = self._session.image(layer), self.painting.labels()
        start = self._session.model(self.model.name) if self.model.name else None
        name = self._unfinished(config) or f"train {datetime.now():%Y-%m-%d %H%M%S}"
        room = self._session.room(name)
        self._session.record_run({"id": name, "settings": config.to_json()})
        self._name = model_name(layer.name, "u-net")
        seconds = 60.0 * config.minutes if not (config.steps or config.epochs) else -1.0

        def make() -> Job[Model]:
            told = {"start": start, "config": config, "room": room}
            return self._session.jobs.apart(segmentation.train, image, labels, **told)

        return Asked(self._title, make, name, seconds)

    def _begun(self, task: Task) -> None:
        task.retry = self._go_on

    @property
    def _title(self) -> str:
        return f"Learn {self.image.layer.name}" if self.image.layer is not None else "Learn"

    def _config(self) -> segmentation.Train:
        self.form.hold(boundary=self.painting.boundary_name, threads=gui_threads())
        config: segmentation.Train = super()._config()
        return config

    def _unfinished(self, config: segmentation.Train) -> str:
        """The room of a run like this that broke off, so that it goes on where it stood.

        Whether image and labels are still the same is for the job to find out.
        """
        workspace = self._session.workspace
        return "" if workspace is None else workspace.unfinished(self._title, config.to_json())

    def _keep(self, result: Any, ending: Ending) -> None:
        model: Model = result
        try:
            name = self._session.add_model(model, self._name)
        except (ValueError, OSError) as error:
            self._last = Told("error", say_error(error))
            return
        took, chips = say_time(ending.seconds), (("Run on all", self._run_on_all),)
        if ending.state is State.STOPPED:
            said = f"Kept what was learned in {took}."
            self._last = Told("stopped", said, ("Go on", self._go_on), chips)
        else:
            said = f"Learned in {took}{_say_score(model)}."
            self._last = Told("done", said, None, chips)
        self.painting.classes.show_agreement(*(_by_class(model, n) for n in _SCORES))
        self.learned.emit(name)

    def _go_on(self) -> None:
        """Go on where it stood; from the newest model, where something was changed meanwhile."""
        if self._last is None:
            self.model.choose(next(iter(self._session.models("segmentation")), ""))
        self.start()

    def _turn(self) -> None:
        """Show what belongs to the way of learning that is chosen."""
        live = self.way.live
        self.live.setVisible(live)
        self.form.setVisible(not live)
        self.painting.show_masks(not live)
        self._renew()
        self.turned.emit()

    def _live_changed(self) -> None:
        self.way.setEnabled(not self.live.busy)
        self.changed.emit()

    def _renew(self, *_: object) -> None:
        self.live.forget()
        self.live.expect()
        super()._renew()

    def _image_chosen(self) -> None:
        layer = self.image.layer
        self.live.leave(layer)
        self.noted.forget()
        self.painting.show_image(layer)
        if layer is not None and layer.ndim <= 3:
            noun = self._session.image(layer)
            self.form.set_pixel_size(noun.spacing[-1], noun.unit)
        self._renew()

    def _missing(self) -> Told | None:
        """What has to be done before one can learn."""
        missing, said = self._unpainted(), self.painting.said
        if said is None:
            return missing
        return Told("stopped", said.sentence, said.button, (), missing is None)

    def _unpainted(self) -> Told | None:
        painting = self.painting
        if painting.overlap.isChecked():
            return _missing_mask(painting)
        if painting.layer is None:
            said = "Make a strokes layer, then paint one short stroke per class."
            return Told("ready", said, ("New strokes layer", painting.new_strokes), (), False)
        if painting.count.too_many:
            said = "These labels hold over 60 values: they look like objects, not classes."
            return Told("error", said, can_start=False)
        return _missing_paint(painting)

    def _ready(self) -> Told:
        config = self._config()
        if self._unfinished(config):
            return Told("ready", "Learning was broken off: it goes on where it stood.")
        how_long = ""
        if config.steps:
            how_long = f"{config.steps:,} steps"
        elif config.epochs:
            how_long = f"{config.epochs:,} passes over the labels"
        cost = of_training(self._shape(config), config.patch, config.batch, 60 * config.minutes)
        where = say_device(self._session.jobs, config.to_json())
        return Told("ready", say_cost(cost, where, how_long))

    def _shape(self, config: segmentation.Train) -> Shape:
        """Of the network that will learn: that of the model to begin with, if there is one."""
        if self.model.name:
            return Shape.of(self._session.model(self.model.name).network["options"])
        channels = self._session.image(self.image.layer).channels * (2 * config.neighbours + 1)
        classes = len(self.painting.classes.table)
        return Shape(channels, classes, config.width, config.depth, config.networks)


def _missing_mask(painting: Painting) -> Told | None:
    try:
        painting.masks.layers()
    except ValueError as error:
        return Told("ready", str(error), can_start=False)
    return None


def _missing_paint(painting: Painting) -> Told | None:
    """What to paint next, as long as there is nothing to tell apart."""
    names = painting.classes.table.names
    if not painting.count.complete:
        return Told("ready", "Counting what is painted …", can_start=False)
    if painting.painted_classes == 0:
        second = f", then press Ctrl+2 and paint {names[1]}" if len(names) > 1 else ""
        return Told("ready", f"Paint a short stroke on {names[0]}{second}.", can_start=False)
    if painting.painted_classes == 1:
        said = "Paint a second class: with one class there is nothing to tell apart."
        return Told("ready", said, ("0 is background", painting.zero.click), (), False)
    return None


def _say_score(model: Model) -> str:
    score, plain = (model.metrics.get(name) for name in _SCORES)
    if score is None:
        return "; too few labels to measure it"
    beside = f", grey values alone {plain:.2f}" if plain is not None else ""
    return f". Kept aside: agreement {score:.2f}{beside}"


def _by_class(model: Model, score: str) -> dict[str, float]:
    """A score of each class, by name."""
    start = f"{score} "
    return {k.removeprefix(start): v for k, v in model.metrics.items() if k.startswith(start)}
