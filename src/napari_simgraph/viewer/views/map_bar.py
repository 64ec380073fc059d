"""The line above the map: layout, colour, what a drag does, and how much is seen."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from napari_simgraph.core.groups import GROUPS
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.map_colors import NOTHING, choices
from napari_simgraph.viewer.views.map_view import BOX, LASSO, MOVE

PCA, UMAP = "pca", "umap"
_SAID = {PCA: "PCA", UMAP: "UMAP"}
_MODES = (
    (LASSO, "Lasso", "Drag around points to choose them; with Shift they join those chosen."),
    (BOX, "Box", "Drag a rectangle to choose the points in it; with Shift they join."),
    (MOVE, "Move", "Drag moves the map; the wheel zooms, a double-click shows all."),
)


class MapBar(QWidget):
    """Menus and buttons of the map.

    `laying`, `coloring`, `moding`, `computing` and `undoing` say that a person chose something.
    """

    laying = Signal(str)
    coloring = Signal(str)
    moding = Signal(str)
    computing = Signal()
    undoing = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._layouts: list[str] = [PCA]
        self._columns: list[str] = [NOTHING]
        self.layouts = combo("PCA at once; UMAP as a job.\ncommand line: --method", "Layout")
        tip = "Keeps neighbours together; takes about a minute.\ncommand line: --method umap"
        self.umap_button = flat("Compute UMAP", self.computing.emit, tip)
        self.columns = combo("Colour points by group, class, score or any column.", "Colour")
        self.said = QLabel()
        self.said.setObjectName("faint")
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.undo_button = flat("Undo", self.undoing.emit, "Takes back the last label or name.")
        self.undo_button.hide()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for widget in (QLabel("Layout"), self.layouts, self.umap_button, QLabel("Colour")):
            line.addWidget(widget)
        line.addWidget(self.columns)
        self.modes = QButtonGroup(self)
        for mode, text, tip in _MODES:
            line.addWidget(self._mode_button(mode, text, tip))
        line.addWidget(self.said, 1)
        line.addWidget(self.undo_button)
        self.layouts.activated.connect(lambda _: self.laying.emit(self.layout_key))
        self.columns.activated.connect(lambda _: self.coloring.emit(self.column))

    @property
    def layout_key(self) -> str:
        """The layout that is chosen: ``pca`` or ``umap``."""
        return self._layouts[max(0, int(self.layouts.currentIndex()))]

    @property
    def column(self) -> str:
        """What is coloured by; see `map_colors.choices`."""
        return self._columns[max(0, int(self.columns.currentIndex()))]

    def offer(self, table: EmbeddingTable | None) -> None:
        """Offer what a table has; what was chosen stays where it is there."""
        there = table is not None and UMAP in table.maps
        self._layouts = _refill(
            self.layouts,
            [(key, _SAID[key]) for key in ([PCA, UMAP] if there else [PCA])],
            self.layout_key,
        )
        found = [(NOTHING, NOTHING)] if table is None else choices(table)
        known = [key for key, _ in found]
        # what was just made is what one wants to see: groups and classes come first
        new = GROUPS in known and GROUPS not in self._columns
        bare = new or self.column == NOTHING
        wanted = known[min(1, len(known) - 1)] if bare else self.column
        self._columns = _refill(self.columns, found, wanted)
        for widget in (self.layouts, self.umap_button, self.columns):
            widget.setEnabled(table is not None)

    def choose_layout(self, key: str) -> None:
        """Show one of the layouts there are."""
        self.layouts.setCurrentIndex(self._layouts.index(key))
        self.laying.emit(key)

    def choose_column(self, key: str) -> None:
        """Colour by a column."""
        self.columns.setCurrentIndex(self._columns.index(key))
        self.coloring.emit(key)

    def say(self, sentence: str, undo: bool = False) -> None:
        """One sentence at the end of the line, with the button that takes back what it says."""
        self.undo_button.setVisible(undo)
        self.said.setText(sentence)
        fits = self.said.fontMetrics().horizontalAdvance(sentence) <= self.said.width()
        side = Qt.AlignmentFlag.AlignRight if fits else Qt.AlignmentFlag.AlignLeft
        self.said.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)  # the beginning is seen
        self.said.setToolTip(sentence)

    def _mode_button(self, mode: str, text: str, tip: str) -> QPushButton:
        made = flat(text, lambda: self.moding.emit(mode), tip)
        made.setCheckable(True)
        made.setChecked(mode == LASSO)
        self.modes.addButton(made)
        return made


def _refill(box: QComboBox, pairs: Sequence[tuple[str, str]], wanted: str) -> list[str]:
    """Other entries in a menu; the keys in their order."""
    keys = [key for key, _ in pairs]
    box.clear()
    box.addItems([text for _, text in pairs])
    box.setCurrentIndex(keys.index(wanted) if wanted in keys else 0)
    return keys
