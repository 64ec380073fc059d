"""The list of neurons that tell A from B: how well, how far apart, and whether it holds."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QSizePolicy, QTreeWidget, QTreeWidgetItem

from napari_simgraph.viewer.signatures.book import Book

HOLDS = 0.05  # share of false discoveries below which a neuron counts
_TITLES = ("Neuron", "A from B", "Effect", "Holds")
_ROOM = (62, 48, 62)  # px of the figures
_SHOWN = 4  # rows that are seen; more scroll
_MOST = 200  # rows: who looks further writes them with signature compare


class NeuronList(QTreeWidget):
    """Neurons, the most telling first; a click looks at one. Hidden until something is compared."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self._book = book
        self.setAccessibleName("Neurons that tell A from B")
        self.setHeaderLabels(_TITLES)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(0)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, room in enumerate(_ROOM, 1):
            self.setColumnWidth(column, room)
        line = self.fontMetrics().lineSpacing() + 6
        self.setFixedHeight(_SHOWN * line + header.sizeHint().height() + 4)
        told = (
            "Layer and number of the neuron; a click looks at it.",
            "How well it alone tells A from B (AUROC): 0.5 chance, 1 always.",
            "Difference of the means in spreads (Cohen's d); above 0: more in A.",
            "Whether under one in twenty down to here is chance: the share (Benjamini-Hochberg).",
        )
        for column, text in enumerate(told):
            self.headerItem().setToolTip(column, f"{text}\ncommand line: signature compare")
        self.setToolTip("Neurons, the most telling first.\ncommand line: signature compare")
        self.itemSelectionChanged.connect(self._looked_at)
        self.renew()

    def renew(self) -> None:
        """Show what was compared last."""
        compared = self._book.compared
        self.blockSignals(True)
        self.clear()
        if compared is not None:
            self.addTopLevelItems([self._item(row) for row in range(self._count)])
        self.blockSignals(False)
        self.setVisible(compared is not None)

    @property
    def _count(self) -> int:
        compared = self._book.compared
        return 0 if compared is None else min(len(compared.neurons), _MOST)

    def _item(self, row: int) -> QTreeWidgetItem:
        assert self._book.compared is not None  # there is a row
        found = self._book.compared.neurons
        auroc, q = float(found["auroc"][row]), float(found["q"][row])
        words = (
            f"{found['layer'][row]} · {found['neuron'][row]}",
            f"{max(auroc, 1 - auroc):.2f}",
            f"{float(found['effect'][row]):+.1f}",
            f"{'yes' if q < HOLDS else 'no'} {say_share(q)}",
        )
        item = QTreeWidgetItem(list(words))
        for column in range(1, len(words)):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
        item.setToolTip(0, f"{words[0]}, by its {found['by'][row]}")
        return item

    def _looked_at(self) -> None:
        compared = self._book.compared
        rows = [self.indexOfTopLevelItem(item) for item in self.selectedItems()]
        if compared is not None and rows:
            found = compared.neurons
            self._book.look(str(found["layer"][rows[0]]), int(found["neuron"][rows[0]]))


def say_share(share: float) -> str:
    """A small share in few letters."""
    return f"{share:.2f}" if share >= 0.01 else "<.01"
