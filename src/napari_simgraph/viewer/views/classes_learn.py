"""The tab Learn: size, network, rare classes, and how well classes are told apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QWidget

from napari_simgraph.capabilities import classification
from napari_simgraph.core.classified import kept_ids
from napari_simgraph.core.model import Model
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.jobs import Ending, Task, gui_threads
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.classes_confusion import ConfusionTable
from napari_simgraph.viewer.views.classes_figures import FiguresTable
from napari_simgraph.viewer.views.classes_input import ClassesInput
from napari_simgraph.viewer.views.classes_job import Settings
from napari_simgraph.viewer.views.classes_run import ClassesRun, say_figures
from napari_simgraph.viewer.views.parts import ModelCombo, beside, column, faint, row

_HELD = ("threads", "patch", "column", "share")  # set by the machine, or by the table in use
STARTS = "embedding segmentation classification"  # capabilities whose encoders fit
_START_TIP = "A model whose encoder is gone on from, such as one of Similar.\ncommand line: --start"
_TURN_TIP = (
    "Turns between the table of confusions and precision and recall of each class.\n"
    "command line: napari-simgraph info MODEL"
)
_USUAL = 64  # px, where the size of pictures isn't known yet


class LearnPage(QWidget):
    """Settings and the report of the last run; `said` brings sentences for the footer."""

    said = Signal(str, bool)
    changed = Signal()

    def __init__(self, session: Session, source: ClassesInput, run: ClassesRun) -> None:
        super().__init__()
        self._session, self._input, self._run = session, source, run
        self.form: Form[Settings] = Form(Settings, _HELD)
        self.table, self.by_class = ConfusionTable(), FiguresTable()
        self.start = ModelCombo(session, STARTS, "random weights", _START_TIP)
        self.figures, self.sizes = faint(), faint()
        self.task: Task | None = None  # what compares sizes
        self._by_class = False
        tip = "Classes and how sure they are as layers.\nOne pixel a patch."
        self.map_button = flat("Show class map", run.show_map, tip)
        tip = "Learns at half and double size and shows both.\ncommand line: classification sizes"
        self.sizes_button = flat("Compare sizes", self.compare, tip)
        self.turn_button = flat("Figures by class", self._turn, _TURN_TIP)
        layout = column(self)
        layout.addWidget(row("Start from", self.start))
        layout.addWidget(self.form)
        layout.addWidget(beside(self.sizes_button, self.map_button))
        layout.addWidget(self.sizes)
        layout.addWidget(self.figures)
        layout.addWidget(self.table)
        layout.addWidget(self.by_class)
        layout.addWidget(self.turn_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.form.changed.connect(self.changed)
        self.start.failed.connect(lambda said: self.said.emit(said, True))
        run.changed.connect(self.renew)
        source.changed.connect(self.renew)
        self.renew()

    def settings(self) -> Settings:
        """What the form says."""
        self.form.hold(threads=gui_threads())
        return self.form.value()

    def start_model(self) -> Model | None:
        """The model that is begun with; None for random weights.

        Raises
        ------
        ValueError
            Its files are damaged.
        """
        return self._session.model(self.start.name) if self.start.name else None

    def close_events(self) -> None:
        """Stop following the session."""
        self.start.close_events()

    def renew(self, *_: object) -> None:
        """Show the report of the model in use."""
        model = self._run.model
        counts = None if model is None else model.data.get("confusion")
        names = () if model is None else model.classes.names
        self.table.show_counts(names, None if counts is None else np.array(counts, np.int64))
        self.figures.setVisible(model is not None)
        self.turn_button.setVisible(counts is not None)
        if model is not None:
            self.figures.setText(_say(model))
            self.by_class.show_model(model)
        self._show_either(counts is not None)
        there = model is not None and not self._input.of_pictures
        self.map_button.setEnabled(there)

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self.table.renew_colors(look)

    def compare(self) -> None:
        """Learn from pictures of half, the same and double size; a second press cancels it."""
        if self.task is not None:
            self.task.cancel()
            return
        try:
            given, settings = self._input.given(), self.settings()
        except (ValueError, OSError) as error:
            self.said.emit(str(error), True)
            return
        side = settings.size or self.side() or _USUAL
        if settings.device == "auto":
            settings = replace(settings, device=self._session.device)
        sizes = ",".join(str(max(8, round(side * factor))) for factor in (0.5, 1, 2))
        config = classification.Sizes.from_json({**settings.to_json(), "size": 0, "sizes": sizes})
        session, jobs = self._session, self._session.jobs
        room = session.room(f"sizes {datetime.now():%Y-%m-%d %H%M%S}")
        self.task = jobs.submit(
            f"Compare sizes of {self._input.key}",
            lambda: jobs.apart(
                classification.sizes, given.image, given.table, config=config, room=room
            ),
        )
        self.task.ended.connect(self._compared)
        self.sizes_button.setText("Cancel comparing")
        self.changed.emit()

    def side(self) -> int:
        """Side of the patches or pictures in pixels, 0 where there are none."""
        table, images = self._input.table, self._input.images
        if table is not None and len(table):
            return min(int(table.grid.size.max()), 128)
        if images is not None and self._input.of_pictures:
            return min(max(images.images[0].plane), 128)
        return 0

    def _turn(self) -> None:
        self._by_class = not self._by_class
        self._show_either(True)

    def _show_either(self, there: bool) -> None:
        """The table of confusions, or the figures of each class."""
        self.table.setVisible(there and not self._by_class)
        self.by_class.setVisible(there and self._by_class)
        self.turn_button.setText("Confusions" if self._by_class else "Figures by class")

    def _compared(self, ending: Ending) -> None:
        self.task = None
        self.sizes_button.setText("Compare sizes")
        if ending.result is None:
            if ending.error is not None:
                self.said.emit(ending.sentence, True)
            self.changed.emit()
            return
        made = ending.result
        pairs = zip(made["size_px"].tolist(), made["balanced"].tolist(), strict=True)
        told = " · ".join(f"{size} px {value:.2f}" for size, value in pairs if value == value)
        self.sizes.setText(f"Balanced agreement by size: {told}")
        self.sizes.setVisible(True)
        best = int(made["size_px"][int(np.nanargmax(made["balanced"]))])
        self.said.emit(f"Best agreement at {best} px.", False)


def _say(model: Model) -> str:
    """The figures of a model, and what they were measured on."""
    kept = len(kept_ids(model))
    if not kept:
        return say_figures(model)
    error = model.metrics.get("ece")
    honest = f" Chances are off by {error:.2f} on average." if error is not None else ""
    return f"{say_figures(model)} On {kept:,} kept aside.{honest}"
