"""Keeps what happens in a viewer in the workspace: strokes, layers and view, without being asked.

The GUI thread only notes what changed; a thread of its own writes, and another one what takes long
and nobody waits for, so that a stroke is on the disk soon whatever else is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from qtpy.QtCore import QCoreApplication, QObject, QTimer

from napari_simgraph.core.raster import Image
from napari_simgraph.io.kept import describe, keep
from napari_simgraph.io.painted import PaintedPixels
from napari_simgraph.io.read import split_key
from napari_simgraph.io.sources import note_source
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.records import (
    Strokes,
    identify,
    is_kept,
    is_painted,
    opened_by_us,
    record,
    stroke_boxes,
)
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.state import view_of
from napari_simgraph.viewer.writer import Writer

# From the first change on, however many follow: no more than a second is lost where it is killed.
_STROKE_MS = 300  # strokes that follow one another are written together
_STATE_MS = 700
_IDLE_MS = 2000  # undo tells of no place: all blocks are compared once it is quiet
_AGAIN_MS = 2000  # until what a full disk refused is tried again
_COPY_BYTES = 2**30  # pictures that lie in no file are copied up to here
_TAKEN = "Another window took this workspace over: nothing is saved here."
_WATCHED = ("name", "visible", "opacity", "blending", "colormap", "contrast_limits", "scale")


class Keeper(QObject):
    """Writes the layers of a viewer into a workspace while one works.

    Parameters
    ----------
    viewer, begin, tell
        Whose layers, what begins a workspace, and who is told why nothing can be saved.

    Attributes
    ----------
    workspace
        Where to; nothing is kept while it is None.
    saved
        When it last wrote, on the monotonic clock; 0 before.
    missing, changed
        Records of layers whose file is gone: kept, so that they can be found later. And what is
        to be asked, by id, of those whose file holds something else than it did.
    """

    def __init__(
        self, viewer: Any, begin: Callable[[], object], tell: Callable[[str, bool], object]
    ) -> None:
        super().__init__()
        self.workspace: Workspace | None = None
        self.saved = 0.0
        self.missing: list[dict[str, Any]] = []
        self.changed: dict[str, str] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self._viewer, self._begin, self._tell = viewer, begin, tell
        self._writer, self._slow = Writer("simgraph-save"), Writer("simgraph-save-later")
        self._told = self._unbegun = ""
        self._stores: dict[str, PaintedPixels] = {}
        self._dirty: dict[str, Strokes] = {}
        self._stroke, self._state = self._timer(_STROKE_MS), self._timer(_STATE_MS)
        self._idle = self._timer(_IDLE_MS)
        self._stroke.timeout.connect(self.save_strokes)
        self._state.timeout.connect(self.save_state)
        self._idle.timeout.connect(self.save_all_strokes)
        self._looking = QTimer(self)
        self._looking.setInterval(_AGAIN_MS)
        self._looking.timeout.connect(self._look)
        self._watch_viewer()
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.flush)

    @property
    def writes(self) -> bool:
        """Whether there is a workspace that may be written."""
        return self.workspace is not None and self.workspace.is_mine

    @property
    def problem(self) -> str:
        """What keeps it from writing, as a sentence; empty while all is well."""
        if self.workspace is not None and self.workspace.was_taken:
            return _TAKEN
        return self._unbegun or self._writer.problem or self._slow.problem

    def change_to(self, workspace: Workspace | None) -> None:
        """Write everything into this workspace from now on."""
        self.workspace, self.images, self.missing, self.changed = workspace, {}, [], {}
        self._stores, self._dirty, self._unbegun = {}, {}, ""
        if workspace is not None:
            self.images = dict(workspace.state.get("images", {}))
        if self.writes:
            self._idle.start()
            self._state.start()
            self._looking.start()

    def do(self, work: Callable[..., object], *values: Any) -> None:
        """Write by this in the writing thread, after what was asked before."""
        self._writer.write(work, *values)

    def now(self, work: Callable[..., object], *values: Any) -> None:
        """Write by this at once, see `Writer.now`."""
        self._writer.now(work, *values)

    def later(self, work: Callable[..., object], *values: Any) -> None:
        """The same for what takes long: tables, pictures. Strokes don't wait for it."""
        self._slow.write(work, *values)

    def ask(self, work: Callable[..., Any], *values: Any) -> Future[Any]:
        """What this gives that writes nothing into the workspace: it reads, or copies it."""
        return self._slow.ask(work, *values)

    def written(self) -> Future[None]:
        """Over as soon as all that was asked before is written, or was refused by the disk."""
        return self._writer.again()

    def flush(self) -> None:
        """Write all that changed; when it returns it is on disk."""
        self.save_all_strokes()
        self.save_state()
        self._slow.again().result()
        self._writer.again().result()

    def save_soon(self, *_: object) -> None:
        """Write layers and view in a moment."""
        if self.writes and not self._state.isActive():
            self._state.start()

    def save_strokes(self) -> None:
        """Write the blocks that were painted on since the last time."""
        dirty, self._dirty = self._dirty, {}
        for strokes in dirty.values():
            if self.writes:
                self.do(self._write_strokes, self.workspace, strokes)

    def save_all_strokes(self) -> None:
        """Compare all painted layers with what is on disk and write what differs."""
        self._idle.stop()
        self.save_strokes()
        for layer in self._viewer.layers:
            if self.writes and is_painted(layer):
                self._write_all_of(layer)

    def save_state(self) -> None:
        """Write which layers there are, how they look and where one is."""
        self._state.stop()
        if not self.writes:
            return
        self.save_strokes()  # what the state tells of is there before it
        state = self.snapshot()
        assert self.workspace is not None
        # A window that closes takes its layers out first: what was there is to come back.
        if state["layers"] or not self.workspace.state.get("layers"):
            self.do(self._write_state, self.workspace, state)

    def snapshot(self) -> dict[str, Any]:
        """Layers from below, images and view, as plain JSON."""
        kept_layers = [layer for layer in self._viewer.layers if is_kept(layer)]
        layers = [record(layer) for layer in kept_layers]
        for layer, told in zip(kept_layers, layers, strict=True):
            assert self.workspace is not None
            about(layer)["workspace"] = str(self.workspace.folder)
            if told["kind"] == "image" and told["id"] not in self.images:
                self.keep_image(layer)
            if told["kind"] == "painted" and told["id"] not in self._stores:
                self._write_all_of(layer)
        return {"layers": layers + self.missing, "view": view_of(self._viewer)}

    def watch(self, layer: Layer) -> None:
        """Note when a layer changes."""
        for name in _WATCHED:
            if hasattr(layer.events, name):
                getattr(layer.events, name).connect(self.save_soon)
        if isinstance(layer, LabelsLayer):
            layer.events.paint.connect(self._painted)
            layer.events.set_data.connect(self._perhaps_painted)

    def _watch_viewer(self) -> None:
        for layer in self._viewer.layers:
            self.watch(layer)
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self.save_soon)
        for name in ("center", "zoom", "angles"):
            getattr(self._viewer.scene.camera.events, name).connect(self.save_soon)
        for name in ("point", "ndisplay", "order"):
            getattr(self._viewer.dims.events, name).connect(self.save_soon)

    def _painted(self, event: Any) -> None:
        layer = event.source
        if not is_painted(layer):
            return
        if (self.workspace is None or self.workspace.look_only) and not self._begun():
            return
        key, boxes = identify(layer, "p"), stroke_boxes(event.value, layer.data.ndim)
        before = self._dirty.get(key)
        if before is not None:
            all_known = boxes is not None and before.boxes is not None
            boxes = before.boxes + boxes if all_known else None  # type: ignore[operator]
        count = 1 + (before.count if before is not None else 0)
        self._dirty[key] = Strokes(key, layer.name, layer.data, boxes, count)
        if not self._stroke.isActive():
            self._stroke.start()
        self.save_soon()

    def _begun(self) -> bool:
        """Whether there is a workspace now; the next stroke tries again."""
        try:
            self._begin()
        except (ValueError, OSError) as error:
            self._unbegun = say_error(error)
            self._looking.start()
            return False
        return True

    def _perhaps_painted(self, event: Any) -> None:
        if about(event.source).get("id", "") in self._stores:
            self._idle.start()

    def _write_all_of(self, layer: Layer) -> None:
        every = Strokes(identify(layer, "p"), layer.name, layer.data, None, 0)
        self.do(self._write_strokes, self.workspace, every)

    def _write_strokes(self, workspace: Workspace, strokes: Strokes) -> None:
        key, pixels = strokes.id, strokes.pixels
        store = self._stores.get(key)
        if store is None or store.shape != pixels.shape or store.dtype != pixels.dtype:
            path = workspace.place("painted", key)
            store = self._stores[key] = PaintedPixels(path, pixels.shape, pixels.dtype)
        if store.write(pixels, strokes.boxes):
            workspace.log("strokes", layer=strokes.layer, id=key, count=strokes.count)
        self.saved = time.monotonic()

    def _write_state(self, workspace: Workspace, state: dict[str, Any]) -> None:
        workspace.save(state | {"images": dict(self.images)})
        self.saved = time.monotonic()

    def keep_image(self, layer: Layer) -> None:
        """Note where the picture of a layer lies and what it is like, or copy it."""
        if not self.writes:
            return
        key = identify(layer, "i")
        try:
            noun = image_of(layer)
        except ValueError:  # four axes and more: its file is kept in mind all the same
            self.images[key] = {"path": str(layer.source.path or "")}
            return
        self.images[key] = {"path": noun.source}
        self.later(self._describe_image, self.workspace, key, noun, opened_by_us(layer))

    def _describe_image(self, workspace: Workspace, key: str, noun: Image, ours: bool) -> None:
        told = describe(noun) | {"fingerprint": noun.fingerprint, "shape": list(noun.shape)}
        if noun.source and ours and split_key(noun.source)[0].exists():
            told |= note_source(noun.source, workspace.folder)
        elif noun.levels[0].nbytes <= _COPY_BYTES:
            keep(noun, workspace.place("images", key))
            told |= {"copy": f"images/{key}"}
        self.images[key] = told
        self.do(lambda: workspace.save(workspace.state | {"images": dict(self.images)}))

    def _look(self) -> None:
        """Try again what was refused, and tell once of what keeps it from writing."""
        for writer in (self._writer, self._slow):
            if writer.behind:
                writer.again()
        before, self._told = self._told, self.problem
        if self.problem not in ("", before):
            self._tell(self.problem, True)

    def _timer(self, milliseconds: int) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        return timer
