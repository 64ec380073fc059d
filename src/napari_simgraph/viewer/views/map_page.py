"""The page Map: all patches on a plane, linked with canvas and thumbnails both ways."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QShortcut, QVBoxLayout, QWidget

from napari_simgraph.analysis.map2d import pca
from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.capabilities import similarity
from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.similarity_settings import Map2d
from napari_simgraph.viewer.cells import Cells
from napari_simgraph.viewer.chosen_layer import add_chosen
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.label_keys import KEYS, class_of_key
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.map_colors import Coloring, coloring
from napari_simgraph.viewer.map_picture import Places
from napari_simgraph.viewer.marking import MANY
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.map_bar import UMAP, MapBar
from napari_simgraph.viewer.views.map_side import MapSide
from napari_simgraph.viewer.views.map_view import MapView, Name

_NOTHING = "No patches yet: learn what is similar, or open a saved table."
_LOOKED = 1000  # chosen patches of which the groups are looked up
_TINT = (230, 159, 0, 255)  # of chosen cells: the orange of what was found


class MapPage(QWidget):
    """The map of the table in front.

    Attributes
    ----------
    view, side
        The map, and what is told beside it.
    task
        The UMAP that is being made.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.session = session_of(napari_viewer)
        self.thumbs = Thumbs(self.session)
        self.bar, self.view = MapBar(), MapView()
        self.side = MapSide(self.session, self.thumbs)
        self.task: Task | None = None
        self._beside = Latest("simgraph-map", self)
        self._plane: Places | None = None
        self._values: Any = None  # whose PCA that is
        self._numbers = np.zeros(0, np.intp)  # of the colour of each patch
        self._names: dict[int, Name] = {}
        self._cells = Cells(napari_viewer, "chosen cells")
        self._tinted: Rows | None = None  # what they show
        self._arrange()
        self._connect()
        self.renew()

    def renew(self) -> None:
        """Another table, or new columns of it."""
        table = self.session.selection.table
        values = None if table is None else table.values
        if values is not self._values:
            self._values, self._plane = values, None
        self.bar.offer(table)
        self._renew_places()
        self._renew_colors()
        self._renew_chosen()

    def compute(self) -> None:
        """Make the UMAP as a job; a second press cancels it."""
        if self.task is not None:
            self.task.cancel()
            return
        table, session = self.session.selection.table, self.session
        if table is None:
            return
        key, config = session.selection.key, Map2d(method=UMAP)
        room = session.room(f"map {key}")
        self.task = session.jobs.submit(
            f"Lay out the map of {key}",
            lambda: session.jobs.apart(similarity.map2d, table, config=config, room=room),
        )
        self.task.ended.connect(partial(self._computed, key))
        self.bar.umap_button.setText("Cancel")
        self.bar.say("Laying out the map; about 1 min.")

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self.view.renew_colors(look)

    def close_events(self) -> None:
        """Stop following the session."""
        chosen = self.session.selection
        chosen.table_changed.disconnect(self.renew)
        chosen.hovered.disconnect(self._hovered)
        self.session.edits.changed.disconnect(self._edited)
        for signal in (chosen.chosen, chosen.answered, chosen.restricted):
            signal.disconnect(self._renew_chosen)
        self._cells.hide()
        self._beside.close()
        self.side.close_events()
        self.thumbs.close()

    def _arrange(self) -> None:
        beside = QHBoxLayout()
        beside.addWidget(self.view, 1)
        beside.addWidget(self.side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.bar)
        column.addLayout(beside, 1)

    def _connect(self) -> None:
        chosen = self.session.selection
        chosen.table_changed.connect(self.renew)
        chosen.hovered.connect(self._hovered)
        for signal in (chosen.chosen, chosen.answered, chosen.restricted):
            signal.connect(self._renew_chosen)
        self.view.hovered.connect(chosen.hover_over)
        self.view.clicked.connect(self._clicked)
        self.view.encircled.connect(self._encircled)
        self.view.moved.connect(self._count)
        self.bar.laying.connect(lambda _: self._renew_places())
        self.bar.coloring.connect(lambda _: self._renew_colors())
        self.bar.moding.connect(lambda mode: setattr(self.view, "mode", mode))
        self.bar.computing.connect(self.compute)
        self.bar.undoing.connect(self.session.edits.undo)
        self.session.edits.changed.connect(self._edited)
        for number in range(KEYS + 1):
            key = QShortcut(QKeySequence(str(number)), self.view)
            key.setContext(Qt.ShortcutContext.WidgetShortcut)
            key.activated.connect(partial(self._label, number))
        self.side.isolating.connect(self._isolate)
        self.side.layering.connect(self._layer)

    def _renew_places(self) -> None:
        """Bring the layout that is chosen on the plane; a PCA is worked out beside the window."""
        table = self.session.selection.table
        if table is None:
            self.view.show_places(np.zeros((0, 2), np.float32))
            self.bar.say(_NOTHING)
            return
        plane = table.maps.get(self.bar.layout_key, self._plane)
        if plane is not None:
            self._show_places(np.asarray(plane, np.float32))
            return
        self.bar.say("Laying out …")
        self._beside.ask(lambda: pca(unit(table.values)), self._computed_pca)

    def _computed_pca(self, plane: Places) -> None:
        self._plane = plane
        table = self.session.selection.table
        if table is not None and len(table) == len(plane):
            self._show_places(plane)

    def _show_places(self, plane: Places) -> None:
        if plane is not self.view.places:
            self.view.show_places(plane)
        self._renew_colors()
        self._renew_chosen()
        self._count()

    def _renew_colors(self) -> None:
        table = self.session.selection.table
        if table is None or len(table) != len(self.view.places):
            return
        found = coloring(table, self.bar.column)
        self._numbers = found.shades.number
        self._names = _above(found, self.view.places)
        self.view.show_colors(found.shades)
        self._show_names()
        self._count(found)

    def _show_names(self) -> None:
        """Names; where there is no room for all, those of chosen groups go first."""
        rows = self.session.selection.rows[:_LOOKED]
        first = set(self._numbers[rows].tolist()) if len(rows) else set()
        told = sorted(self._names.items(), key=lambda pair: pair[0] not in first)
        self.view.show_names([name for _, name in told])

    def _renew_chosen(self) -> None:
        """Show what is chosen: rings; of a lasso or a group the rest turns grey."""
        chosen, many = self.session.selection, len(self.view.places)
        table = chosen.table
        self.side.show_chosen()
        if table is None or len(table) != many:
            return
        strong = None
        rows = chosen.rows if len(chosen.rows) and not chosen.like else chosen.only
        if rows is not None:
            strong = np.zeros(many, np.bool_)
            strong[rows] = True
        hits = [hit.row for hit in chosen.hits if hit.table == chosen.key and chosen.like]
        rings = {"hit": np.array(hits, np.intp)}
        rings["query" if chosen.like else "chosen"] = chosen.rows
        self.view.show_chosen(strong, rings)
        self._show_names()
        self._tint()

    def _tint(self) -> None:
        """Above 2,000 chosen patches: tinted cells on the canvas, which else draws squares."""
        chosen, ground = self.session.selection, self.session.canvas.ground
        if chosen.rows is self._tinted:
            return  # only the answer is new
        self._tinted = chosen.rows
        if ground is None or not ground.open or chosen.like or len(chosen.rows) <= MANY:
            self._cells.hide()
            return
        tint = np.tile(np.array(_TINT, np.uint8), (len(chosen.rows), 1))
        self._cells.show(ground, chosen.rows, tint)
        self.bar.say(f"{len(chosen.rows):,} chosen: shown as tinted cells in the image.")

    def _clicked(self, row: int) -> None:
        chosen = self.session.selection
        if row >= 0 and chosen.table is not None:
            one = chosen.example(row)
            chosen.ask([one])
            chosen.go(one.place)

    def _encircled(self, rows: NDArray[np.intp], add: bool) -> None:
        chosen = self.session.selection
        if add:
            rows = np.union1d(chosen.rows, rows)
        if not len(rows):
            chosen.clear()
            return
        chosen.choose(rows, "what is chosen on the map")

    def _isolate(self) -> None:
        chosen = self.session.selection
        chosen.restrict(None if chosen.only is not None else chosen.rows)

    def _label(self, number: int) -> None:
        """A number key on the map labels what is chosen."""
        chosen = self.session.selection
        if chosen.table is not None and len(chosen.rows):
            self.session.edits.label(chosen.rows, class_of_key(chosen.table, number))

    def _layer(self) -> None:
        """Make a layer of what is chosen."""
        chosen, ground = self.session.selection, self.session.canvas.ground
        if chosen.table is None or ground is None:
            return
        self.bar.say(add_chosen(self.session, ground, chosen.rows, chosen.said))

    def _edited(self, said: str) -> None:
        self.bar.say(said, undo=bool(self.session.edits.last))

    def _hovered(self, row: int) -> None:
        self.view.show_hover(row)
        self.side.show_row(row)

    def _computed(self, key: str, ending: Ending) -> None:
        self.task = None
        self.bar.umap_button.setText("Compute UMAP")
        made = ending.result
        if made is None:
            self.bar.say(ending.sentence if ending.error is not None else "Cancelled.")
            return
        table = self.session.tables.get(key)
        laid_out = table.replace(maps={**table.maps, UMAP: made.maps[UMAP]})
        self.session.tables.renew(key, laid_out)
        if key == self.session.selection.key:
            self.session.selection.show_table(laid_out, key)
            self.bar.choose_layout(UMAP)

    def _count(self, found: Coloring | None = None) -> None:
        """How many are seen, and how."""
        many, seen = len(self.view.places), self.view.in_view
        how = ", as density: zoom in for points" if self.view.as_density else ""
        ramp = f" · {found.low:.3g} dark to {found.high:.3g} light" if found and found.high else ""
        self.bar.say(f"{seen:,} shown of {many:,}{how}{ramp}")


def _above(found: Coloring, places: Places) -> dict[int, Name]:
    """Where the names of groups stand: above the half of their patches in the middle."""
    names = {}
    for number, name in enumerate(found.names):
        mine = places[found.shades.number == number]
        if len(mine):
            away = np.square(mine - np.median(mine, 0)).sum(1)
            away = np.square(mine - mine[away.argmin()]).sum(1)  # from a patch, not from a gap
            near = mine[away <= np.median(away)]
            names[number] = Name(name, float(np.median(near[:, 0])), float(near[:, 1].max()))
    return names
