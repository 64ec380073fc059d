"""The early answer of the Similar dock: a table to click in while the network still learns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from napari_simgraph.core.early import LAYOUTS, PATCHES, POINTS, early_table
from napari_simgraph.core.job import Region, Tick
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.viewer.jobs import Task
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.session import Session

AFTER_S = 20.0  # of learning: the network tells most things apart by then
TRY, LISTED = "Early answer: click a place to try it.", "Early answer: choose it under Patches."


class EarlyAnswer:
    """Puts what a training job writes on its way among the tables of a session.

    In front where no patches of these images are, since what is there is better.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._beside = Latest("simgraph-early")
        self.key = ""  # of the table while there is one
        self._grid: PatchGrid | None = None  # of the answer before
        self._leave: Callable[[], object] = lambda: None  # a task goes on where a dock is closed

    @property
    def said(self) -> str:
        """What one can do with it; "" while there is nothing."""
        if not self.key:
            return ""
        return TRY if self._session.selection.key == self.key else LISTED

    @property
    def table(self) -> EmbeddingTable | None:
        """The patches so far, with what was written into them."""
        return self._session.tables.get(self.key) if self.key else None

    def follow(
        self, task: Task, room: FolderRoom, images: Image | ImageSet, name: str, ids: list[str]
    ) -> None:
        """Show what this task writes into its room, under a name."""
        make = partial(self._read, room, images)
        take = partial(self._take, f"{name} · early", ids)
        hear = partial(self._ticked, make=make, take=take)
        task.ticked.connect(hear)
        self._leave = partial(task.ticked.disconnect, hear)

    def end(self) -> None:
        """The table is not needed any more."""
        self._beside.drop()
        key, self.key, self._grid = self.key, "", None
        if key:
            if self._session.selection.key == key:
                self._session.selection.show_table(None)
            self._session.tables.drop(key)

    def close(self) -> None:
        """End the thread, and hear of the task no more."""
        leave, self._leave = self._leave, lambda: None
        leave()
        self.end()
        self._beside.close()

    def _ticked(self, tick: Tick, make: Any, take: Any) -> None:
        if isinstance(tick, Region) and tick.array == POINTS:
            self._beside.ask(make, take)

    def _read(self, room: FolderRoom, images: Image | ImageSet) -> EmbeddingTable | None:
        """The table; None where the job has ended meanwhile and taken its arrays along."""
        parts = [room.look(name) for name in (LAYOUTS, PATCHES, POINTS)]
        if any(part is None for part in parts):
            return None
        try:
            layouts, patches, points = (part[...] for part in parts if part is not None)
            return early_table(images, layouts, patches, points, self._grid)
        except (ValueError, OSError):
            return None

    def _take(self, key: str, ids: list[str], table: EmbeddingTable | None) -> None:
        if table is None:
            return
        session, first = self._session, not self.key
        ground = session.canvas.ground
        free = ground is None or not ground.open
        if not first:  # the same patches: their pictures and labels stay
            known = session.tables.get(key)
            table = table.replace(grid=known.grid, columns=known.columns, colors=known.colors)
        self.key, self._grid = key, table.grid
        session.tables.lend(key, table, {"layers": ids})
        if session.selection.key == key or (first and free):
            session.selection.show_table(table, key)
