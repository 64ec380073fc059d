"""What is marked on the images of the table in hand: regions drawn as normal, marks of a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.analysis.marked import lying_on
from napari_simgraph.core.marks import Mark, Marks
from napari_simgraph.io.geojson import LIKE, read_geojson, write_geojson
from napari_simgraph.viewer.areas.mark_shapes import NORMAL_COLOR, MarkShapes
from napari_simgraph.viewer.areas.scored import told_path
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.region_pen import RegionPen
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about

NORMAL = "normal"
_SUFFIX = ".geojson"
_SOON_MS = 500  # napari tells several times of one shape


class MarkBook(QObject):
    """Marks of the table in front; `changed` says that there are others.

    Attributes
    ----------
    read
        The marks of a file; None where none was opened.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.pen = RegionPen(session.viewer, {NORMAL: NORMAL_COLOR})
        self.shapes = MarkShapes(session.viewer)
        self.read: Marks | None = None
        self._key, self._workspace = "", session.workspace
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self.keep)
        # The ground learns of an image when all have heard that it came.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.renew)
        self.pen.changed.connect(self._drawn)
        session.viewer.layers.events.inserted.connect(self._came)

    @property
    def normal(self) -> list[Mark]:
        """What was drawn as normal, by image."""
        ground = self._ground
        if ground is None:
            return []
        found = []
        for number, layer in enumerate(ground.layers):
            for one in self.pen.marks(layer, NORMAL, "normal"):
                found.append(_on_image(one, ground, number))
        return found

    @property
    def marks(self) -> Marks:
        """All of it."""
        read = self.read or Marks()
        return read.replace(rows=(*read.rows, *self.normal))

    @property
    def classes(self) -> list[str]:
        """The classes that the file names, most marks first; clicks are called as in QuPath."""
        rows = self.read.rows if self.read is not None else ()
        names = Counter(one.name for one in rows if one.role == "class")
        clicked = any(one.role == "query+" for one in rows)
        return [*([LIKE] if clicked else []), *(name for name, _ in names.most_common())]

    def open(self, path: str) -> str:
        """Take the marks of a GeoJSON file; what to say of it.

        Raises
        ------
        ValueError
            It holds no marks of a person on these images.
        """
        ground = self._ground
        if ground is None:
            raise ValueError("Choose patches first: marks lie on their image.")
        every = read_geojson(path)
        found = lying_on(every, ground.grid)
        self._take(found, drawn=True)
        self.changed.emit()
        self._soon.start()
        name, left = Path(path).name, len(every) - len(found)
        said = f"{len(found)} mark{'' if len(found) == 1 else 's'} of {name}"
        return f"{said}; {left} left out: a model's, or elsewhere." if left else f"{said}."

    def draw(self) -> None:
        """Begin to draw a region that is normal, on the active image if it has patches.

        Raises
        ------
        ValueError
            No image of these patches is open.
        """
        ground = self._ground
        if ground is None or not ground.open:
            raise ValueError("Open the image of these patches first: regions are drawn on it.")
        active = self._session.viewer.layers.selection.active
        self.pen.begin(active if active in ground.open else ground.open[0], NORMAL)

    def show_table(self, key: str) -> None:
        """Another table is in front, or another workspace: its marks, as they were kept."""
        workspace, ground = self._session.workspace, self._ground
        path = None if workspace is None or not key else told_path(workspace.folder, key, _SUFFIX)
        known = path is not None and path.exists()
        if key == self._key and (workspace is self._workspace or not known):
            self._workspace = workspace
            return
        if self._soon.isActive() and workspace is self._workspace:
            self.keep()
        self._soon.stop()
        self._key, self._workspace, self.read = key, workspace, None
        if known and ground is not None and workspace is not None and path is not None:
            try:
                self._take(read_geojson(path))
            except ValueError:
                workspace.notes.append(f"'areas/{path.name}' is damaged.")
        self.renew()

    def renew(self) -> None:
        """Draw the marks of the file again; the image may have been opened."""
        if self.read is not None and self._ground is not None:
            self._take(self.read)
        else:
            self.shapes.hide()
        self.changed.emit()

    def keep(self) -> None:
        """Write all marks into the workspace."""
        self._soon.stop()
        marks = self.marks
        if not self._key or not (len(marks) or self._session.workspace is not None):
            return
        folder = self._session.ensure_workspace().folder
        path = told_path(folder, self._key, _SUFFIX)
        self._session.keeper.do(_write, marks, path)

    def close(self) -> None:
        """Write what is not written yet, and take the marks of the file out of sight."""
        if self._soon.isActive():
            self.keep()
        self._later.stop()
        self._session.viewer.layers.events.inserted.disconnect(self._came)
        self.shapes.hide()
        self.pen.close()

    @property
    def _ground(self) -> Ground | None:
        ground: Ground | None = self._session.canvas.ground
        return ground

    def _came(self, event: Any) -> None:
        """The image of the patches may have been opened."""
        if isinstance(event.value, ImageLayer) and not about(event.value).get("fleeting"):
            self._later.start()

    def _drawn(self) -> None:
        self.changed.emit()
        self._soon.start()

    def _take(self, marks: Marks, drawn: bool = False) -> None:
        """Plain normal regions can be changed by hand; all else is as the file has it.

        `drawn` puts them beside those that are there already.
        """
        ground = self._ground
        assert ground is not None  # asked for with a table in front
        plain = [one for one in marks if _is_plain(one) and _layer_of(one, ground) is not None]
        rest = marks.where(lambda one: all(one is not other for other in plain))
        self.read = rest if len(rest) else None
        for layer in ground.open:
            mine = [one for one in plain if _layer_of(one, ground) == layer]
            if mine and (drawn or self.pen.layer(layer, NORMAL) is None):
                self.pen.put(layer, NORMAL, [_outline(one, ground) for one in mine])
        self.shapes.show(ground, self.read)


def _write(marks: Marks, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(marks):
        write_geojson(marks, path)
    else:
        path.unlink(missing_ok=True)


def _is_plain(one: Mark) -> bool:
    return one.role == "normal" and one.kind in ("box", "polygon") and len(one.parts) == 1


def _number(one: Mark, ground: Ground) -> int:
    return ground.grid.find_source(one.image) if one.image else 0


def _layer_of(one: Mark, ground: Ground) -> Layer | None:
    return ground.layer(_number(one, ground))


def _outline(one: Mark, ground: Ground) -> Any:
    """In pixels of the layer that shows its image, the section first."""
    places = [ground.data(_number(one, ground), one.z, *place) for place in one.parts[0]]
    found = np.asarray(places)
    return found if found.shape[1] == 3 else np.column_stack([np.zeros(len(found)), found])


def _on_image(one: Mark, ground: Ground, number: int) -> Mark:
    """A region drawn over a layer, in pixels of the image that lies below its middle."""
    outline = one.parts[0]
    if ground.sheet is not None:
        spot = ground.sheet.find(*outline.mean(0))
        number = 0 if spot is None else spot.image
        outline = outline - np.array(ground.sheet.place(number, 0, 0))
    return replace(one, parts=(outline,), image=ground.grid.sources[number].fingerprint)
