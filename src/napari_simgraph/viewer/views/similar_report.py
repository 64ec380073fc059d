"""The report of the Similar dock: an embedding beside its network untrained and raw pixels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.settings import Computing
from napari_simgraph.viewer.fold import Fold
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.ground import Ground, noun_of
from napari_simgraph.viewer.jobs import Ending, Task, gui_threads
from napari_simgraph.viewer.report_job import K, Sample, compare, sample_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.parts import column

_WAYS = (
    ("", "learned"),
    ("_untrained", "untrained network"),
    ("_pixels", "raw pixels"),
    ("_statistics", "{} statistics"),
)
# Figures by the name of `analysis.retrieval.report`: what stands above them, and what they mean.
_HEALTH = (
    ("rank", "in use", "How many directions of the points are in use (effective rank)."),
    ("spread", "spread", "How far the points part: 0 all alike, 1 everywhere."),
    ("hubness", "hubs", "Whether few patches are near to all: 0 none, above 3 many (skewness)."),
)
_CLASSES = (
    ("accuracy", f"vote of {K}", f"How often the {K} nearest vote for the right class (k-NN)."),
    (f"precision_at_{K}", f"same of {K}", f"Share of the {K} nearest of the class (precision)."),
    ("map", "same first", "Whether all of the class come first (mean average precision)."),
)
_WHY = "Compares what was learned with what needs no learning."
_CLOSED = "Open the images of these patches: raw pixels are compared, too."
_NO_CLASSES = "Label some patches, and it also says how well classes are found."


class ReportFold(QWidget):
    """A fold with one table of figures; they are measured when asked for."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.task: Task | None = None
        tip = "How good the patches are found, beside plainer ways.\ncommand line: embedding score"
        self.fold = Fold("Report", tip)
        self.said = QLabel(_WHY)
        self.said.setWordWrap(True)
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._figures, self._page = QWidget(), QGridLayout()
        self._figures.setLayout(self._page)
        self._page.setContentsMargins(0, 0, 0, 0)
        self._page.setHorizontalSpacing(6)
        self._page.setVerticalSpacing(2)
        for at, share in enumerate((5, 3, 3, 3)):
            self._page.setColumnStretch(at, share)
        self.measure_button = flat("Measure", self.measure, "Measures all of these ways.")
        for part in (self.said, self._figures):
            self.fold.add(part)
        self.fold.layout.addWidget(self.measure_button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = column(self)
        layout.addWidget(self.fold.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.fold.content)
        session.selection.table_changed.connect(self._renew)
        self._grid: Any = None  # of the patches that were measured
        self._renew()

    def measure(self) -> None:
        """Measure the patches in front as a job; a second press cancels it."""
        if self.task is not None:
            self.task.cancel()
            return
        session, key = self._session, self._session.selection.key
        table, ground = session.selection.table, session.canvas.ground
        if table is None or ground is None:
            return
        some = sample_of(table)
        images = _images(ground, some)
        if images is None:
            self.said.setText(_CLOSED)
            return
        name = str(session.tables.about(key).get("model", ""))
        model = session.model(name) if name in session.models("embedding") else None
        jobs, room = session.jobs, session.room("report")
        config = Computing(device=session.device, threads=gui_threads())
        work = partial(jobs.apart, compare, some.table, model, images, config=config, room=room)
        self.task = jobs.submit(f"Compare with plainer ways: {key}", work)
        self.task.ended.connect(partial(self._ended, table, some.table))
        self.measure_button.setText("Cancel")
        self.said.setText("Measuring …")

    def close_events(self) -> None:
        """Stop following the session."""
        self._session.selection.table_changed.disconnect(self._renew)

    def show_figures(self, figures: Mapping[str, float], colour: bool) -> None:
        """One row for each way, health above classes; what can't be known is a dash."""
        while item := self._page.takeAt(0):
            item.widget().hide()  # it may be a while before Qt deletes it
            item.widget().deleteLater()
        line = 0
        for part in (_HEALTH, _CLASSES):
            if part[0][0] not in figures:
                continue
            for at, (_, said, tip) in enumerate(part, 1):
                self._put(line, at, said, tip)
            for end, way in _WAYS:
                line += 1
                self._put(line, 0, way.format("colour" if colour else "grey"), "")
                for at, (name, said, tip) in enumerate(part, 1):
                    self._put(line, at, _say(figures.get(f"{name}{end}")), f"{said}: {tip}")
            line += 1
        self._figures.setVisible(line > 0)

    def _put(self, line: int, at: int, text: str, tip: str) -> None:
        label = QLabel(text)
        label.setToolTip(tip)
        label.setWordWrap(True)  # at 300 px a name takes two lines
        side = Qt.AlignmentFlag.AlignRight if at else Qt.AlignmentFlag.AlignLeft
        label.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self._page.addWidget(label, line, at)

    def _ended(self, table: EmbeddingTable, some: EmbeddingTable, ending: Ending) -> None:
        self.task = None
        self.measure_button.setText("Measure again")
        if ending.result is None:
            cancelled = ending.error is None
            self.said.setText("Cancelled. Nothing was measured." if cancelled else ending.sentence)
            return
        self._grid = table.grid
        self.show_figures(ending.result, _is_colour(self._session))
        self.said.setText(_say_sample(table, some))

    def _renew(self) -> None:
        """Figures of other patches are taken away."""
        table = self._session.selection.table
        self.setEnabled(table is not None)
        if table is None or table.grid is not self._grid:
            self.show_figures({}, False)
            self.said.setText(_WHY)
            self.measure_button.setText("Measure")


def _images(ground: Ground, some: Sample) -> ImageSet | None:
    """The images of a sample in their order; None where one is not open."""
    if ground.sheet is not None:
        sheet = noun_of(ground.layers[0])
        return ImageSet([each_image(sheet)[i] for i in some.images.tolist()])
    layers = [ground.layer(number) for number in some.images.tolist()]
    nouns = [noun_of(layer) for layer in layers if layer is not None]
    found = [noun for noun in nouns if isinstance(noun, Image)]
    return ImageSet(found) if len(found) == len(some.images) else None


def _is_colour(session: Session) -> bool:
    ground = session.canvas.ground
    return ground is not None and any(getattr(layer, "rgb", False) for layer in ground.open)


def _say(figure: float | None) -> str:
    if figure is None:
        return "–"
    return f"{figure:.2f}" if abs(figure) < 10 else f"{figure:.1f}"


def _say_sample(table: EmbeddingTable, some: EmbeddingTable) -> str:
    """What the figures were measured on."""
    classed = int((some.classes() != "").sum())
    of = f"Measured on {len(some):,} of {len(table):,} patches"
    if not classed:
        return f"{of}. {_NO_CLASSES}"
    return f"{of}, {classed:,} with a class. Patches that overlap are no neighbours."
