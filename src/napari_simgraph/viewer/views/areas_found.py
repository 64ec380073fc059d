"""Below all tabs of Areas: what is shown, the threshold, the table, reasons, report and export."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)
from superqt import QLabeledDoubleSlider

from napari_simgraph.core.clicks import Reasons
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.areas.heat import INTEREST, UNSURE
from napari_simgraph.viewer.controls import combo, stepped
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.areas_say import report_rows
from napari_simgraph.viewer.views.areas_table import AreaTable
from napari_simgraph.viewer.views.parts import column
from napari_simgraph.viewer.views.thumbs_model import say_position

POINTS, NOTHING = "points", "nothing"
SHOWN = (
    (INTEREST, "interest"),
    (UNSURE, "how unsure"),
    (POINTS, "as points"),
    (NOTHING, "nothing"),
)
OUTLINES = "GeoJSON that QuPath reads (*.geojson)"
LABELS = "Labels (*.ome.tif *.tif *.ome.zarr *.npy)"
_SOON_MS = 50  # a slider that is dragged tells of every step
_KINDS = {"similarity": "alike", "spatial": "side by side"}


class FoundRows(QWidget):
    """What came out, and what to do with it.

    `shown` brings what is to lie over the image, `above` the threshold, `asking` wants to know
    why, `going` brings the row of a patch, `exporting` a path and whether labels are meant.
    """

    shown = Signal(str)
    above = Signal(float)
    asking = Signal()
    going = Signal(int)
    exporting = Signal(str, bool)

    def __init__(self, thumbs: Thumbs) -> None:
        super().__init__()
        self.show_menu = combo("Interest, or how unsure the answer is.")
        self.show_menu.setAccessibleName("Show")
        self.show_menu.addItems([words for _, words in SHOWN])
        self.slider = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0.0, 1.0)
        self.slider.setDecimals(2)
        self.slider.setSingleStep(0.01)
        self.slider.setToolTip("Only changes the outlines, at once.\ncommand line: --above")
        self.slider.setAccessibleName("Outline above")
        stepped(self.slider)
        self.count = QLabel()
        self.table = AreaTable(thumbs)
        self.reasons, self.report = _Reasons(), _Report()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(lambda: self.above.emit(self.slider.value()))
        self.show_menu.setMinimumContentsLength(6)
        layout = column(self)
        layout.addWidget(beside(QLabel("Show"), self.show_menu, QLabel("above"), self.slider))
        layout.addWidget(self._buttons())
        layout.addWidget(self.table)
        layout.addWidget(self.reasons)
        layout.addWidget(self.report)
        self.show_menu.activated.connect(lambda at: self.shown.emit(SHOWN[at][0]))
        self.slider.valueChanged.connect(lambda _: self._soon.start())
        self.reasons.going.connect(self.going)

    def show_above(self, above: float) -> None:
        """Show a threshold that was not set here, unless another is just being set."""
        if self._soon.isActive():
            return
        self.slider.blockSignals(True)
        self.slider.setValue(above)
        self.slider.blockSignals(False)

    def say_count(self, areas: int, down: int) -> None:
        """How many areas there are."""
        self.count.setText(f"Areas {areas - down:,}")
        self.count.setToolTip(f"{down} turned down, at the end." if down else "")
        self.table.setVisible(areas > 0)
        self.export.setEnabled(areas > down)

    def _buttons(self) -> QWidget:
        tip = "The clicks and neighbours that weigh most for the chosen patch."
        self.why = flat("Why here?", self.asking.emit, tip)
        self.export = QPushButton("Export")
        self.export.setFlat(True)
        self.export.setAccessibleName("Export")
        self.export.setToolTip("Writes the areas that are ticked.\ncommand line: interest regions")
        self.choices = QMenu(self.export)
        for text, labels in (("Outlines for QuPath…", False), ("Labels…", True)):
            self.choices.addAction(text, partial(self.ask_path, labels))
        self.export.setMenu(self.choices)
        tip = "How good the scores are, beside what is plainer."
        self.report_button = flat("Report", lambda: None, tip)
        self.report_button.setCheckable(True)
        self.report_button.toggled.connect(self.report.open)
        return beside(self.count, self.why, self.report_button, self.export)

    def ask_path(self, labels: bool) -> None:
        """Ask where to, and tell it."""
        name, kinds = ("areas.ome.tif", LABELS) if labels else ("areas.geojson", OUTLINES)
        path, _ = QFileDialog.getSaveFileName(self, "Export areas", name, kinds)
        if path:
            whole = path if Path(path).suffix else f"{path}{Path(name).suffix}"
            self.exporting.emit(whole, labels)


def beside(*widgets: QWidget) -> QWidget:
    """Widgets in one row; sliders take what room there is, else the first one does."""
    line = QWidget()
    across = QHBoxLayout(line)
    across.setContentsMargins(0, 0, 0, 0)
    across.setSpacing(4)
    wide = [one for one in widgets if isinstance(one, QLabeledDoubleSlider)] or [widgets[0]]
    for widget in widgets:
        across.addWidget(widget, int(widget in wide))
    return line


class _Reasons(QTreeWidget):
    """What weighs most for a patch: `rows`; `going` brings the one that was clicked."""

    going = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[int] = []
        self.setHeaderLabels(["Why here", "Where", "Weight"])
        self.setRootIsDecorated(False)
        self.setAccessibleName("Reasons")
        self.setToolTip("What weighs most, most first. Click goes there.")
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.itemClicked.connect(self._clicked)
        self.hide()

    def forget(self) -> None:
        """Show nothing."""
        self.rows = []
        self.hide()

    def show_reasons(self, table: EmbeddingTable, found: Reasons, like: Mapping[int, bool]) -> None:
        """Show the clicks that weigh most, then the neighbours by kind of link."""
        self.clear()
        self.rows = []
        for number, weight in found.clicks:
            said = "click: " + ("interesting" if like.get(number, weight > 0) else "not")
            self._add(said, table, number, f"{weight:+.2f}")
        for kind, pairs in found.neighbours.items():
            for number, weight in pairs:
                self._add(_KINDS.get(kind, kind), table, number, f"{weight:.2f}")
        line = self.fontMetrics().lineSpacing() + 4
        self.setFixedHeight((min(len(self.rows), 6) + 1) * line + 10)
        self.setVisible(bool(self.rows))

    def _add(self, said: str, table: EmbeddingTable, number: int, weight: str) -> None:
        self.rows.append(number)
        self.addTopLevelItem(QTreeWidgetItem([said, say_position(table, number), weight]))

    def _clicked(self, item: QTreeWidgetItem, at: int) -> None:
        self.going.emit(self.rows[self.indexOfTopLevelItem(item)])


class _Report(QWidget):
    """Figures of these scores and of plainer ways, one a row."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(0, 1)
        self.how = QLabel()
        self.how.setWordWrap(True)
        self.how.setObjectName("faint")
        self._grid.addWidget(self.how, 0, 0, 1, 2)
        self.cells: list[tuple[QLabel, QLabel]] = []
        for at, (words, _) in enumerate(report_rows({}), 1):
            pair = QLabel(words), QLabel("–")
            for number, label in enumerate(pair):
                self._grid.addWidget(label, at, number)
            self.cells.append(pair)
        self.open(False)

    def open(self, shown: bool) -> None:
        """Show it or not."""
        self.setVisible(shown)

    def show_figures(self, figures: Mapping[str, float], how: str) -> None:
        """Show figures, and how they were measured."""
        self.how.setText(how)
        for (words, value), (text, number) in zip(report_rows(figures), self.cells, strict=True):
            text.setText(words[:1].upper() + words[1:])
            number.setText(value)
