"""The tab Run on all of Segment: a model paints its classes into a whole stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from napari.layers import Layer
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QWidget
from superqt import QLabeledRangeSlider

from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Job, Progress, Region, Tick, say_time
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.jobs import Ending, State, Task, gui_threads
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.provenance import command
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.growing import Preview, WatchedRoom
from napari_simgraph.viewer.views.made_row import MadeRow
from napari_simgraph.viewer.views.parts import (
    ImageRow,
    ModelCombo,
    Told,
    column,
    copy_report,
    row,
    say_channels,
    say_device,
    say_made,
)
from napari_simgraph.viewer.words import say_about

_HELD = ("output", "sections", "threads")  # asked for above the form, or set by the machine
_REFRESH_S = 0.5  # of the preview while parts come in; each costs a slice of the layer
_THINGS = ("classes", "sure")


class RunPage(QWidget):
    """Model, image, sections and what to make, and the result that they give.

    `changed` says that the footer has to be told anew.
    """

    changed = Signal()

    def __init__(self, session: Session, teach: Callable[[], object]) -> None:
        super().__init__()
        self._session, self._teach = session, teach
        self.task: Task | None = None
        self._last: Told | None = None
        self._speed = 0.0  # pixels a second of the last run, for the estimate
        self.model = ModelCombo(
            session,
            "segmentation",
            "",
            "The model to use. Yours stand here as soon as they exist.\ncommand line: --model",
        )
        self.image = ImageRow(session.viewer, "The picture to segment: grey, RGB or a stack.")
        self.form = Form(segmentation.Apply, held=_HELD)
        self._make_sections()
        self._make_outputs()
        self.made = MadeRow(session, self._results)
        layout = column(self)
        for part in (self.image, row("Use model", self.model), self.sections_row):
            layout.addWidget(part)
        layout.addWidget(self.make_row)
        layout.addWidget(self.form)
        layout.addWidget(self.made)
        self._connect()
        self._image_chosen()

    @property
    def main_text(self) -> str:
        """What the main button says."""
        layer = self.image.layer
        if layer is None or layer.ndim < 3:
            return "Segment"
        count = self._section_count
        return f"Segment {count} section{'s' if count != 1 else ''}"

    def told(self) -> Told:
        """What the footer shows while nothing runs."""
        return self._last or self._missing() or Told("ready", self._estimate())

    def start(self) -> None:
        """Segment the chosen sections with the chosen model."""
        try:
            make = self._job()
        except (ValueError, OSError) as error:
            self.fail(say_error(error))
            return
        self._last, self._refreshed = None, 0.0
        task = self._session.jobs.submit(self.main_text, make)
        task.estimate = self._seconds()
        task.ticked.connect(self._ticked)
        task.ended.connect(self._ended)
        self._session.keep_run(task, self._run)
        self.task = task
        self.changed.emit()

    def say_progress(self, progress: Progress) -> str:
        """Where it is."""
        return progress.text

    def fail(self, said: str) -> None:
        """Show what went wrong."""
        self._last = Told("error", said)
        self.changed.emit()

    def close_events(self) -> None:
        """Stop following viewer and session."""
        for part in (self.image, self.model, self.made):
            part.close_events()

    def _make_sections(self) -> None:
        self.sections = QLabeledRangeSlider(Qt.Orientation.Horizontal)
        self.sections.setToolTip(
            "From section to section, both included.\nNumbers are those of napari's slider."
        )
        self.sections.setAccessibleName("Sections")
        self.sections_row = row("Sections", self.sections)

    def _make_outputs(self) -> None:
        self.classes, self.sure = QCheckBox("classes"), QCheckBox("how sure")
        self.classes.setChecked(True)
        self.classes.setToolTip("A layer with a colour per class.\ncommand line: --output classes")
        self.sure.setToolTip("One layer a class, from 0 to 1.\ncommand line: --output probability")
        self.make_row = row("Make", self.classes, self.sure)
        self.make_row.layout().addStretch(1)

    def _connect(self) -> None:
        self.image.changed.connect(self._image_chosen)
        self.model.chosen.connect(self._renew)
        self.model.failed.connect(self.fail)
        self.form.changed.connect(self._renew)
        for box in (self.classes, self.sure):
            box.toggled.connect(self._renew)
        self.sections.valueChanged.connect(self._renew)

    def _job(self) -> Callable[[], Job[Any]]:
        layer = self.image.layer
        if layer is None:
            raise ValueError("Choose an image first.")
        model = self._session.model(self.model.name)
        image = self._session.image(layer)
        self.form.hold(output=self._output(), sections=self._range(), threads=gui_threads())
        config = self.form.value()
        self._run = f"segment {datetime.now():%Y-%m-%d %H%M%S}"
        self._room = WatchedRoom(self._session.room(self._run))
        room = self._room
        self._source, self._noun, self._used = layer, image, (model, config)
        self._done_sections = self._section_count
        self._preview = Preview(self._session.viewer, layer, image, model.classes)
        return lambda: segmentation.apply(model, image, config=config, room=room)

    def _range(self) -> str:
        """The chosen sections as ``0-9``; "" for all."""
        first, last = (int(value) for value in self.sections.value())
        whole = (first, last) == (self.sections.minimum(), self.sections.maximum())
        return "" if whole or self.sections_row.isHidden() else f"{first}-{last}"

    @property
    def _section_count(self) -> int:
        first, last = self.sections.value()
        return 1 if self.sections_row.isHidden() else int(last) - int(first) + 1

    def _output(self) -> str:
        both = self.classes.isChecked() and self.sure.isChecked()
        return "both" if both else "probability" if self.sure.isChecked() else "classes"

    def _ticked(self, tick: Tick) -> None:
        if isinstance(tick, Region) and time.monotonic() - self._refreshed > _REFRESH_S:
            self._refreshed = time.monotonic()
            if tick.array in self._room.arrays:
                self._preview.show(self._room.arrays[tick.array])

    def _ended(self, ending: Ending) -> None:
        self.task = None
        self._preview.close()
        if ending.result is not None:
            self._keep(ending)
        elif ending.state is State.CANCELLED:
            self._last = Told("stopped", "Cancelled. Nothing was changed.")
        else:
            self._last = Told("error", ending.sentence, copy_report(ending))
        self.changed.emit()

    def _keep(self, ending: Ending) -> None:
        layers = self._session.viewer.layers
        active = layers.selection.active
        made = {
            thing: self._session.add_result(noun, self._source, thing, self._info(thing))
            for noun, thing in zip(ending.result or (), _THINGS, strict=True)
            if noun is not None
        }
        if active is not None and active in layers:
            layers.selection.active = active  # whoever paints goes on painting
        done, took = ending.state is State.DONE, say_time(ending.seconds)
        if done:
            pixels = self._done_sections * np.prod(self._noun.plane)
            self._speed = float(pixels) / max(ending.seconds, 0.1)
        said = say_made(list(made.values()), took) if done else f"Kept what was made in {took}."
        partial = not done or bool(self._used[1].sections)
        if partial and any(each.replaced for each in made.values()):
            said += " The other sections are empty now."
        undo = ("Undo", lambda: self._undo(list(made)))
        self._last = Told("done" if done else "stopped", said, undo)
        self.made.renew()

    def _info(self, thing: str) -> dict[str, Any]:
        model, config = self._used
        paths = {"model": str(model.name), "image": self._noun.source, "out": f"{thing}.tif"}
        score = model.metrics.get("agreement")
        return {
            "capability": "segmentation",
            "verb": "apply",
            "model": model.name,
            "network": "U-Net",
            "settings": config.to_json(),
            "figures": {"agreement": score} if score is not None else {},
            "sections": self._done_sections,
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
        self.sections_row.setVisible(deep)
        if deep:
            last = self._session.image(layer).sections - 1
            if (self.sections.minimum(), self.sections.maximum()) != (0, last):
                self.sections.setRange(0, last)
                self.sections.setValue((0, last))
        self.made.renew()
        self._renew()

    def _renew(self, *_: object) -> None:
        self._last = None
        self.changed.emit()

    def _missing(self) -> Told | None:
        """What has to be done before one can segment."""
        layer = self.image.layer
        if layer is None:
            return Told("ready", "Choose an image.", can_start=False)
        if layer.ndim > 3:
            said = f"This layer has {layer.ndim} axes. Choose above which to use."
            return Told("error", said, can_start=False)
        if not self.model.name:
            said = "There is no model yet: teach one, or load one from a folder."
            return Told("ready", said, ("Teach", self._teach), (), False)
        if not (self.classes.isChecked() or self.sure.isChecked()):
            return Told("ready", "Tick what to make: classes, how sure, or both.", can_start=False)
        return self._misfit(layer)

    def _misfit(self, layer: Layer) -> Told | None:
        """Where the model does not fit the image."""
        try:
            model, image = self._session.model(self.model.name), self._session.image(layer)
        except (ValueError, OSError) as error:
            return Told("error", say_error(error), can_start=False)
        if model.channels == image.channels:
            return None
        said = f"This model wants {say_channels(model.channels)}, "
        said += f"the image has {say_channels(image.channels)}."
        return Told("error", said, ("Learn a new one", self._teach), (), False)

    def _seconds(self) -> float:
        layer = self.image.layer
        if not self._speed or layer is None:
            return -1.0
        plane = np.prod(self._session.image(layer).plane)
        return float(self._section_count * plane) / self._speed

    def _estimate(self) -> str:
        seconds = self._seconds()
        where = say_device(self._session.jobs, self.form.value().to_json())
        return f"{say_about(seconds).capitalize()} on {where}." if seconds > 0 else f"On {where}."

    def _results(self) -> list[Layer]:
        layer = self.image.layer
        if layer is None:
            return []
        return [made for thing in _THINGS for made in self._session.result_layers(layer, thing)]
