"""All patches at once: coloured by a column, joined by links, held to some of them."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.map_colors import NOTHING, choices
from napari_simgraph.viewer.patch_layers import CHOSEN, NONE, SECTION
from napari_simgraph.viewer.row_filter import rows_where, values_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.bottom import PAGES
from napari_simgraph.viewer.views.parts import column, row

_LINKS = ((CHOSEN, "of chosen"), (SECTION, "in this section"), (NONE, "none"))


class WholeRows(QWidget):
    """Colour, links, and the patches that count; `mapping` asks for the page Map."""

    mapping = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._columns: list[str] = []
        self.colors = combo("Colour patches by group, score, class or any column.", "Colour")
        tip = "Lines: of the chosen, the strongest 200,000 in this section, none."
        self.links = combo(tip, "Links")
        self.links.addItems([text for _, text in _LINKS])
        tip = "Search and map use only these patches. The rest stays grey."
        self.where, self.value = combo(tip, "Only where"), combo(tip, "Value")
        self.map = flat("Show map", self.mapping.emit, "All patches on a plane, alike ones close.")
        self.said = QLabel()
        self.said.setObjectName("faint")
        self.said.setWordWrap(True)
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = column(self)
        layout.addWidget(row("Colour", self.colors))
        layout.addWidget(row("Links", self.links, *([self.map] if "Map" in PAGES else [])))
        layout.addWidget(row("Only where", self._pair()))
        layout.addWidget(self.said)
        session.selection.table_changed.connect(self.renew)
        self.colors.activated.connect(self._color)
        self.links.activated.connect(self._link)
        self.where.activated.connect(self._column_chosen)
        self.value.activated.connect(self._hold)
        self.renew()

    def renew(self) -> None:
        """List the columns of the table in front."""
        table = self._session.selection.table
        self.setEnabled(table is not None)
        listed = [(NOTHING, NOTHING)] if table is None else choices(table)
        before = self.colors.currentText(), self.where.currentText()
        self._columns = [key for key, _ in listed]
        words = [text for _, text in listed]
        for menu, none, text in zip(
            (self.colors, self.where), (NOTHING, "all"), before, strict=True
        ):
            menu.blockSignals(True)
            menu.clear()
            menu.addItems([none, *words[1:]])
            menu.setCurrentIndex(max(0, menu.findText(text)))
            menu.blockSignals(False)
        self._column_listed()
        self._say()

    def close_events(self) -> None:
        """Stop following the session."""
        self._session.selection.table_changed.disconnect(self.renew)

    def _pair(self) -> QWidget:
        pair = QWidget()
        across = QHBoxLayout(pair)
        across.setContentsMargins(0, 0, 0, 0)
        across.addWidget(self.where, 1)
        across.addWidget(self.value, 1)
        return pair

    def _color(self, index: int) -> None:
        patches = self._session.canvas.patches
        if patches is not None:
            patches.show(color=self._columns[index])
        self._say()

    def _link(self, index: int) -> None:
        kind, canvas = _LINKS[index][0], self._session.canvas
        if canvas.patches is not None and canvas.overlay is not None:
            canvas.overlay.show_links(kind == CHOSEN)
            canvas.patches.show(links=kind)
        self._say()

    def _column_chosen(self, index: int) -> None:
        self._column_listed()
        if index == 0:
            self._session.selection.restrict(None)
        else:
            self._hold()

    def _column_listed(self) -> None:
        table, index = self._session.selection.table, max(0, self.where.currentIndex())
        values = values_of(table, self._columns[index]) if table is not None and index else []
        before = self.value.currentText()
        self.value.clear()
        self.value.addItems(values)
        self.value.setCurrentIndex(max(0, self.value.findText(before)))
        self.value.setVisible(bool(values))

    def _hold(self, _: int = 0) -> None:
        table = self._session.selection.table
        if table is not None and self.value.currentText():
            key = self._columns[self.where.currentIndex()]
            rows = rows_where(table, key, self.value.currentText())
            self._session.selection.restrict(rows)
        self._say()

    def _say(self) -> None:
        patches = self._session.canvas.patches
        said = "" if patches is None else patches.said
        self.said.setText(said)
        self.said.setVisible(bool(said))
