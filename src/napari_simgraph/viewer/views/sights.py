"""Places that are no patches of a table, as ranked pictures: a click goes there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QListView

from napari_simgraph.viewer.thumbs import SIZE
from napari_simgraph.viewer.views.ranked import RankedModel, dress, icon_of


class Sight(NamedTuple):
    """A place as it is shown: two lines below its picture, a tooltip, and how one goes there."""

    text: str
    told: str
    picture: Callable[[int], QPixmap | None]  # of so many px
    go: Callable[[], object]


class SightList(QListView):
    """Pictures of places under a title; the title is "" while there is nothing to show."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.sights = RankedModel(lambda sight: icon_of(sight.picture(SIZE)))
        dress(self, "Places")
        self.setModel(self.sights)
        self.clicked.connect(lambda index: self.go(index.row()))

    def show_sights(self, title: str, sights: Sequence[Sight]) -> None:
        """Show these under a title, with their rank."""
        self.title = title
        ranked = [one._replace(text=f"{rank}  {one.text}") for rank, one in enumerate(sights, 1)]
        self.sights.put(ranked)

    def choose(self, row: int) -> None:
        """Light up a place that was chosen elsewhere."""
        if 0 <= row < len(self.sights.items):
            self.setCurrentIndex(self.sights.index(row))

    def walk(self, by: int) -> None:
        """Go to the next or last place."""
        if self.sights.items:
            now = self.currentIndex().row()
            self.go(min(max(now + by, 0), len(self.sights.items) - 1) if now >= 0 else 0)

    def go(self, row: int) -> None:
        """Go to a place."""
        self.choose(row)
        self.sights.items[row].go()
