"""Hits as ranked pictures, with similarity and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from napari_simgraph.core.geometry import say_length
from napari_simgraph.core.groups import CLASSES
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.selection import Hit, Place, place_of_row
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.thumbs import SIZE, Thumbs
from napari_simgraph.viewer.views.ranked import RankedModel, icon_of

_GREY = "#777777"  # a tile until its picture comes
_BAR, _CORNER = 4, 16  # px: of the class's colour, and of the corner for slides that are not open


class Shown(NamedTuple):
    """A hit as it is shown."""

    hit: Hit
    place: Place
    text: str
    told: str
    color: str
    open: bool


class ThumbModel(RankedModel):
    """Hits of a selection, best first."""

    def __init__(self, session: Session, thumbs: Thumbs) -> None:
        super().__init__(self._icon)
        self._session, self._thumbs = session, thumbs
        thumbs.came.connect(self.renew_pictures)

    def show(self, hits: Sequence[Hit]) -> None:
        """Show these in their order."""
        self.put([self._shown(rank, hit) for rank, hit in enumerate(hits, 1)])

    def _shown(self, rank: int, hit: Hit) -> Shown:
        table = self._session.tables.get(hit.table)
        number = int(table.grid.image[hit.row])
        source, place = table.grid.sources[number], place_of_row(table, hit.row)
        name = str(table.classes()[hit.row]) if _labelled(table) else ""
        several = len(table.grid.sources) > 1 or hit.table != self._session.selection.key
        where = source.name if several else f"z {place.z}" if source.sections > 1 else ""
        where = where or say_position(table, hit.row)
        lies = say_position(table, hit.row)
        told = [source.name if lies == source.name else f"{source.name}, {lies}"]
        told.append(f"similarity {hit.score:.2f}")
        told += [f"class {name}"] if name else []
        color = table.colors.get(CLASSES, {}).get(name, _GREY) if name else ""
        text = f"{rank}  {hit.score:.2f}\n{where}"
        opened = self._thumbs.is_open(hit.table, number)
        if not opened:
            told.append("not open: a click opens it")
        return Shown(hit, place, text, "\n".join(told), color, opened)

    def _icon(self, item: Shown) -> QIcon:
        picture = self._thumbs.picture(item.hit.table, item.hit.row)
        tile = QPixmap(SIZE, SIZE + _BAR)
        tile.fill(Qt.GlobalColor.transparent)
        painter = QPainter(tile)
        if picture is None:
            painter.fillRect(0, 0, SIZE, SIZE, QColor(_GREY))
        else:
            painter.drawPixmap(0, 0, picture)
        if item.color:
            painter.fillRect(0, SIZE, SIZE, _BAR, QColor(item.color))
        if not item.open:
            _folder(painter)
        painter.end()
        return icon_of(tile)


def say_position(table: EmbeddingTable, row: int) -> str:
    """Where a patch lies: ``z 12, 2.1 x 3.4 µm``; the name of a picture that is one patch."""
    source = table.grid.sources[int(table.grid.image[row])]
    place = place_of_row(table, row)
    if place.size >= max(source.shape[-2:]):
        return source.name
    down, right = source.spacing[-2] * (place.y + 0.5), source.spacing[-1] * (place.x + 0.5)
    size = f"{say_length(down, source.unit)} x {say_length(right, source.unit)}"
    if source.unit == "pixel":
        size = f"{down:.0f} x {right:.0f} px"
    return f"z {place.z}, {size}" if source.sections > 1 else size


def _labelled(table: EmbeddingTable) -> bool:
    return CLASSES in table.columns or any(one.image_class for one in table.grid.sources)


def _folder(painter: QPainter) -> None:
    """The corner of a slide that is not open: a folder on white."""
    left, top = SIZE - _CORNER, 0
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(left, top, _CORNER, _CORNER, QColor("#FFFFFF"))
    painter.setPen(QPen(QColor("#000000"), 1.4))
    points = [(2, 13), (2, 4), (6, 4), (8, 6), (14, 6), (14, 13)]
    painter.drawPolygon(QPolygonF([QPointF(left + x, top + y) for x, y in points]))
    painter.drawLine(QRectF(left + 2, top + 8, 12, 5).topLeft(), QPointF(left + 14, top + 8))
