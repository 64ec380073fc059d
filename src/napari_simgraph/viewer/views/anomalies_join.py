"""How odd each patch is, as a column of the tables of patches of the image that was searched."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer

from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.anomalies_job import COLUMN, scored


class Joined(QObject):
    """Gives the column to the tables that there are, and to those that come later.

    Parameters
    ----------
    session
        Whose tables.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._of: tuple[Any, Any] | None = None
        self._came: set[str] = set()
        self._soon = QTimer(self)  # whoever brings a table shows it next, without the column
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._join_new)
        session.tables.changed.connect(self._heard)

    def join(self, image: Image | ImageSet, found: Image | ImageSet) -> None:
        """Give the scores of a map to the tables of an image."""
        self._of = image, found
        self._join(self._session.tables.keys())

    def forget(self) -> None:
        """Tables that come get no scores any more."""
        self._of = None

    def close(self) -> None:
        """Stop following the session."""
        self._soon.stop()
        self._session.tables.changed.disconnect(self._heard)

    def _heard(self, key: str) -> None:
        if self._of is not None:
            self._came.add(key)
            self._soon.start(0)

    def _join_new(self) -> None:
        tables, keys = self._session.tables, sorted(self._came)
        self._came.clear()
        here = [key for key in keys if key in tables]
        self._join([key for key in here if COLUMN not in tables.get(key).columns])

    def _join(self, keys: list[str]) -> None:
        if self._of is None:
            return
        tables, chosen = self._session.tables, self._session.selection
        known = {key: tables.get(key) for key in keys}
        for key, table in scored(known, *self._of).items():
            tables.renew(key, table)
            if key == chosen.key:
                chosen.show_table(table, key)
