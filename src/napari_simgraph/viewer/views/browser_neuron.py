"""Pane 4 of the Browser: one neuron: what it is strongest for, around its middle, and any."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter

from napari_simgraph.analysis.neurons import (
    Shown,
    beside,
    dead,
    exemplars,
    selectivity,
    twins,
    values_of,
)
from napari_simgraph.analysis.signature_points import Floats
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.signatures import Layer, SignatureTable
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.selection import Hit
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.bottom import bottom_of
from napari_simgraph.viewer.views.browser_parts import Pane, elided

_ROWS = ("most", "mid", "any")
_LABEL, _GAP = 32, 2  # px
_MOST_SIDE = 44  # px of a picture
_COUNT = 12


class Told(NamedTuple):
    """What is known of a neuron; its twins are looked for once it is shown."""

    layer: str
    neuron: int
    shown: Shown
    classes: dict[str, float]
    dead: int
    twins: list[int] | None = None


class NeuronPane(Pane):
    """Three rows of pictures, and what the neuron tells; read beside the window."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.signatures, "Neuron")
        self._session, self.thumbs = session, Thumbs(session)
        self._beside = Latest("simgraph-neuron", self)
        self.told: Told | None = None
        self._asked: tuple[SignatureTable, str, int] | None = None
        self._known: tuple[SignatureTable, str, Floats] | None = None  # what tells twins
        self.thumbs.came.connect(self.update)

    def renew(self, *_: object) -> None:
        """Look at the neuron in hand, unless it is looked at already."""
        book = self.book
        table, layer = book.table, book.layer_in_hand
        if table is None or layer is None or not 0 <= book.neuron < layer.neurons:
            self.told = self._asked = None
            self._beside.drop()
            self.update()
            return
        now = (table, layer.name, book.neuron)
        if self._asked is not None and self._asked[0] is table and self._asked[1:] == now[1:]:
            self.update()
            return
        self._asked = now
        self._beside.ask(lambda: told_of(table, layer, now[2]), self._take)

    def missing(self) -> str:
        """See `Pane`."""
        said = super().missing()
        if said:
            return said
        if self.book.neuron < 0:
            return "Click a cell of the groups: its neuron is shown here."
        return "" if self.told is not None else "Looking …"

    def paint(self, painter: QPainter, look: Colors) -> None:
        """See `Pane`."""
        told = self.told
        assert told is not None  # else it says what is missing
        side = self._side
        for at, (name, rows) in enumerate(zip(_ROWS, told.shown, strict=True)):
            top = at * (side + _GAP)
            painter.setPen(QColor(look.faint))
            box = QRectF(0, top, _LABEL, side)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
            for place, row in enumerate(self._in_front(rows)[: self._across].tolist()):
                target = QRectF(_LABEL + place * (side + _GAP), top, side, side)
                picture = self.thumbs.picture(self._session.selection.key, row)
                if picture is None:
                    painter.fillRect(target, QColor(look.foreground))
                else:
                    painter.drawPixmap(target, picture, QRectF(picture.rect()))
        painter.setPen(QColor(look.text))
        top = 3 * (side + _GAP)
        for line, said in enumerate(self.lines()):
            tall = painter.fontMetrics().height()
            box = QRectF(0, top + line * tall, self.width(), tall)
            painter.drawText(
                box, Qt.AlignmentFlag.AlignVCenter, elided(painter, said, self.width())
            )

    def lines(self) -> list[str]:
        """What it tells: A from B, classes, twins, and how many neurons are dead."""
        told, compared = self.told, self.book.compared
        if told is None:
            return []
        found = []
        if compared is not None:
            table = compared.neurons
            mine = (table["layer"] == told.layer) & (table["neuron"] == told.neuron)
            if mine.any():
                auroc = float(table["auroc"][mine][0])
                more = compared.a if auroc >= 0.5 else compared.b
                found.append(f"tells A from B {max(auroc, 1 - auroc):.2f}, more in {more}")
        if told.classes:
            name, value = next(iter(told.classes.items()))
            found.append(f"sees {name} ({value:.2f})")
        said = "…" if told.twins is None else ", ".join(map(str, told.twins[:5])) or "none"
        found.append(f"twins: {said}; dead in the layer: {told.dead}")
        return found

    def mousePressEvent(self, event: Any) -> None:
        """Go to the patch of a picture."""
        row = self.row_at(event.position().x(), event.position().y())
        chosen = self._session.selection
        if row >= 0 and chosen.table is not None:
            one = chosen.example(row)
            chosen.ask([one])
            chosen.go(one.place)

    def mouseMoveEvent(self, event: Any) -> None:
        """Light up the patch of a picture."""
        row = self.row_at(event.position().x(), event.position().y())
        self._session.selection.hover_over(row)

    def leaveEvent(self, event: Any) -> None:
        """No picture is under the pointer any more."""
        self._session.selection.hover_over(-1)

    def row_at(self, x: float, y: float) -> int:
        """The row of the table in front whose picture is at a place, -1 for none."""
        if self.told is None or x < _LABEL:
            return -1
        at, place = int(y // (self._side + _GAP)), int((x - _LABEL) // (self._side + _GAP))
        if not 0 <= at < len(_ROWS):
            return -1
        rows = self._in_front(self.told.shown[at])[: self._across]
        return int(rows[place]) if 0 <= place < len(rows) else -1

    def close(self) -> bool:
        """Read no more."""
        self._beside.close()
        self.thumbs.close()
        return bool(super().close())

    @property
    def _side(self) -> float:
        below = 3 * (self.fontMetrics().height() - 2)
        return float(max(14, min(_MOST_SIDE, (self.height() - below) / 3 - _GAP)))

    @property
    def _across(self) -> int:
        return max(1, int((self.width() - _LABEL) // (self._side + _GAP)))

    def _in_front(self, rows: Rows) -> Rows:
        return self.book.rows_in_front(rows)

    def _take(self, told: Told) -> None:
        """Show it, its patches on the canvas, and as pictures in the page Thumbnails."""
        self.told = told
        rows, key = self._in_front(told.shown.top), self._session.selection.key
        self.book.choose(told.shown.top, f"neuron {told.neuron} of {told.layer}")
        hits = [Hit(key, int(row), 1.0 - n / max(1, len(rows))) for n, row in enumerate(rows)]
        page = bottom_of(self._session.viewer).page("Thumbnails")
        page.show_hits(f"Neuron {told.neuron} of {told.layer}: strongest first", hits)
        self.update()
        self._ask_twins(told)

    def _ask_twins(self, told: Told) -> None:
        """Look for neurons that say the same; the layer is read once."""
        table, layer, known = self.book.table, self.book.layer_in_hand, self._known
        if table is None or layer is None or layer.name != told.layer:
            return
        if known is None or known[0] is not table or known[1] != layer.name:
            known = None

        def work() -> tuple[Floats, list[int]]:
            values = beside(table, layer) if known is None else known[2]
            return values, twins(values, told.neuron).tolist()

        def take(found: tuple[Floats, list[int]]) -> None:
            self._known = (table, layer.name, found[0])
            self.told = told._replace(twins=found[1])
            self.update()

        self._beside.ask(work, take)


def told_of(table: SignatureTable, layer: Layer, neuron: int) -> Told:
    """What is shown of a neuron at once; reads one column of the signatures."""
    values = values_of(table, layer, neuron)
    shown, classes = exemplars(values, _COUNT), selectivity(values, table.classes())
    gone = dead(table, layer) if "spread" in table.about else np.zeros(0)
    return Told(layer.name, neuron, shown, classes, len(gone))
