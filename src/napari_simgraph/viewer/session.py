"""One Session per viewer: nouns by layer, models by name, jobs, and the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from psygnal import Signal

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.models import load_model
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer import replacing
from napari_simgraph.viewer.activity import Activity
from napari_simgraph.viewer.canvas import Canvas
from napari_simgraph.viewer.held_keys import HeldKeys
from napari_simgraph.viewer.jobs import Ending, JobRunner, Task
from napari_simgraph.viewer.keeper import Keeper
from napari_simgraph.viewer.layers import image_of, labels_of, make_layer, to_layer_data
from napari_simgraph.viewer.notify import notify
from napari_simgraph.viewer.offer import Offer
from napari_simgraph.viewer.patch_edits import PatchEdits
from napari_simgraph.viewer.records import identify, is_kept, now
from napari_simgraph.viewer.replacing import Made, as_corrected, forget_if_copy
from napari_simgraph.viewer.searching import Search
from napari_simgraph.viewer.selection import Selection
from napari_simgraph.viewer.shelf import Shelf
from napari_simgraph.viewer.signatures.book import Book
from napari_simgraph.viewer.stacking import about, hide_oldest, insert_index
from napari_simgraph.viewer.tables import Tables


class Session:
    """What the docks of one viewer share; use in the GUI thread.

    Attributes
    ----------
    viewer, keys
        The viewer as the docks got it, and who of them has which of its keys.
    jobs
        The runner of all jobs of this viewer.
    keeper, offer
        Writes layers and strokes into the workspace; the one to go on with, until it is answered.
    device
        Where jobs run whose own settings say ``auto``; counts from the next one.
    selection, tables, search, edits, canvas, signatures
        What is chosen, tables of patches, what is like it, what people write, how it is drawn,
        what networks see.
    """

    device_changed = Signal()
    models_changed = Signal()
    results_changed = Signal()
    workspace_changed = Signal()

    def __init__(self, viewer: Any) -> None:
        self.viewer, self.keys = viewer, HeldKeys(viewer)
        self.jobs = JobRunner(notify=partial(notify, self))
        self.activity, self.device = Activity(self.jobs), "auto"
        self.keeper = Keeper(viewer, self.ensure_workspace, partial(notify, self))
        self.offer = Offer()
        self._shelf, self.selection = Shelf(), Selection()
        self.tables = Tables(self.ensure_workspace, self.keeper.later)
        self.search = Search(self.selection, self.tables)
        self.edits = PatchEdits(self.selection, self.tables)
        self.canvas = Canvas(viewer, self.selection, self.tables)
        self.signatures = Book(self.selection)
        self._before: dict[str, list[tuple[Image | Labels, dict[str, Any]]]] = {}
        for layer in list(viewer.layers):
            forget_if_copy(viewer, layer)
        self._go_on_in_workspace()
        viewer.layers.events.inserted.connect(self._layer_inserted)
        viewer.layers.events.removed.connect(self._layer_removed)

    @property
    def workspace(self) -> Workspace | None:
        """The folder that keeps the session, once one has begun."""
        return self.keeper.workspace

    def ensure_workspace(self, image: str = "") -> Workspace:
        """The workspace; begun in Documents/simgraph, named after the image, where none is.

        One that is only looked at is another window's: what is made goes into a new one.
        """
        if self.keeper.workspace is None or self.keeper.workspace.look_only:
            names = [layer.name for layer in self.viewer.layers if isinstance(layer, ImageLayer)]
            self.use_workspace(Workspace.begin(image or next(iter(names), "image")))
        assert self.keeper.workspace is not None
        return self.keeper.workspace

    def use_workspace(self, workspace: Workspace) -> None:
        """Keep everything from now on in this workspace; the one before is written and let go."""
        before = self.keeper.workspace
        if before is not None:
            self.keeper.flush()
            before.close()
        self.keeper.change_to(workspace)
        self._shelf.add_folders(workspace)
        self.tables.adopt(workspace)
        self.signatures.adopt(workspace.folder)
        self.offer.answer()
        self.workspace_changed.emit()
        self.models_changed.emit()

    def forget_layers(self) -> None:
        """Take the layers that the workspace keeps out of the viewer."""
        for layer in [layer for layer in self.viewer.layers if is_kept(layer)]:
            self.viewer.layers.remove(layer)

    def flush(self) -> None:
        """Write all that is not on disk yet; for the moment before a dock closes."""
        if self.keeper.writes:
            self.keeper.flush()

    def models(self, *capabilities: str) -> list[str]:
        """Names of the models, newest first; of some capabilities alone where some are given."""
        return self._shelf.names(*capabilities)

    def model(self, name: str) -> Model:
        """A model by its name.

        Raises
        ------
        ValueError
            There is none of this name, or its files are damaged.
        """
        return self._shelf.get(name)

    def add_model(self, model: Model, name: str) -> str:
        """The name under which the model is in menus now; it is on disk, or waits for room."""
        workspace = self.ensure_workspace()
        unique = self._shelf.put(model, name, workspace, self.keeper.now)
        self.keeper.now(partial(workspace.log, "model", name=unique))
        self.models_changed.emit()
        return unique

    def load_model_folder(self, path: str) -> str:
        """The name under which the model of a folder is in menus now.

        Raises
        ------
        ValueError
            The folder holds no model of ours, or a damaged one.
        """
        model = load_model(Path(path))
        return self.add_model(model, model.name or Path(path).name)

    def image(self, layer: Layer) -> Image:
        """What an Image layer shows, see `layers.image_of`."""
        identify(layer, "i")
        return image_of(layer)

    def labels(self, layer: Layer, classes: ClassTable, zero_is_background: bool = False) -> Labels:
        """A copy of what is painted in a layer, see `layers.labels_of`."""
        return labels_of(layer, classes, zero_is_background)

    def room(self, name: str) -> FolderRoom:
        """Storage for a run in the workspace; the same name finds the same checkpoint."""
        return FolderRoom(self.ensure_workspace().run_folder(name), mapped=True)

    def record_run(self, run: Mapping[str, Any]) -> None:
        """Keep what a run was; ``id`` is the name of its room, ``state`` how it stands."""
        workspace = self.ensure_workspace()
        values = {"time": now()} | dict(run)
        self.keeper.now(workspace.record_run, str(run["id"]), values)
        told = {k: values[k] for k in ("id", "title", "state") if k in values}
        self.keeper.now(partial(workspace.log, "run", **told))
        self.workspace_changed.emit()

    def keep_run(self, task: Task, room: str) -> None:
        """Keep what a task is and how it ends beside the room that it works in."""
        told = {"id": room, "title": task.title}
        self.record_run(told | {"state": "running"})

        def ended(ending: Ending) -> None:
            if ending.left:  # the window closes: still running, as after a crash
                return
            words = {"state": ending.state.value, "sentence": ending.sentence}
            self.record_run(told | words | {"seconds": ending.seconds})

        task.ended.connect(ended)

    def add_result(
        self, noun: Image | Labels, source_layer: Layer, thing: str, info: Mapping[str, Any]
    ) -> Made:
        """Show a result, in the place of the one that the same question gave before.

        Parameters
        ----------
        noun
            What came out.
        source_layer
            The image that it was made from.
        thing
            What it is: ``classes``, ``sure``, ``objects``, ``not sure``.
        info
            What made it: ``capability``, ``model``, ``settings``, ``command``, ``figures`` …
        """
        image = identify(source_layer, "i")
        key = f"{image} {thing}"
        told = dict(info) | {"result": key, "image": image, "time": now()}
        workspace = self.ensure_workspace(source_layer.name)
        self.keeper.now(partial(workspace.log, "result", key=key, name=thing))
        self.keeper.do(workspace.keep_result, key, noun, told)
        before = self._before.setdefault(key, [])
        layers = self.result_layers(source_layer, thing)
        before[-1:] = [(as_corrected(one, layers), made) for one, made in before[-1:]]
        before.append((noun, told))
        del self._before[key][:-2]  # what undo needs; older versions are on disk
        return self._show(noun, source_layer, thing, told)

    def undo_result(self, source_layer: Layer, thing: str) -> bool:
        """Whether the result before came back; where there was none the layers are gone."""
        key = f"{identify(source_layer, 'i')} {thing}"
        self.keeper.do(self.ensure_workspace().drop_newest, key)
        known = self._before.pop(key, [])[:-1] or self._kept_before(key)
        if not known:
            for layer in self.result_layers(source_layer, thing):
                self.viewer.layers.remove(layer)
            self.results_changed.emit()
            return False
        self._before[key] = known
        self._show(known[-1][0], source_layer, thing, known[-1][1])
        return True

    def result_layers(self, source_layer: Layer, thing: str) -> list[Layer]:
        """The layers that show a result now, from below; none once the user deleted them."""
        key = f"{identify(source_layer, 'i')} {thing}"
        return [layer for layer in self.viewer.layers if about(layer).get("result") == key]

    def result(self, source_layer: Layer, thing: str) -> Image | Labels | None:
        """What the layers of a result show; None once the user deleted them."""
        key = f"{identify(source_layer, 'i')} {thing}"
        known = self._before.get(key) or self._kept_before(key)
        layers = self.result_layers(source_layer, thing)
        return as_corrected(known[-1][0], layers) if known and layers else None

    def _kept_before(self, key: str) -> list[tuple[Image | Labels, dict[str, Any]]]:
        workspace = self.ensure_workspace()
        self.keeper.written().result()
        return [workspace.result(key)] if workspace.versions(key) else []

    def _show(self, noun: Image | Labels, source: Layer, thing: str, told: dict[str, Any]) -> Made:
        old = self.result_layers(source, thing)
        shown: list[Layer] = []
        fresh: list[Layer] = []
        for data in to_layer_data(noun, thing, source):
            part = data[1]["metadata"]["simgraph"]["thing"]
            same = [layer for layer in old if about(layer)["thing"] == part]
            if same and replacing.replace_data(same[0], data):
                layer = same[0]
                old.remove(layer)
                layer.metadata["simgraph"] = {**told, "thing": part}
            else:
                layer = make_layer(data)
                layer.metadata["simgraph"] = {**told, "thing": part}
                # of one map per class the first is shown: more would bury each other
                layer.visible = not (fresh and isinstance(noun, Image))
                place = insert_index(list(self.viewer.layers), layer, source)
                self.viewer.layers.insert(place, layer)
                fresh.append(layer)
            shown.append(layer)
        replacing.leave_old(self.viewer, noun, old)
        hidden = hide_oldest(self.viewer.layers, fresh) if fresh else []
        self.keeper.save_soon()
        self.results_changed.emit()
        return Made(shown, hidden, len(shown) > len(fresh))

    def _go_on_in_workspace(self) -> None:
        """Where all docks were closed and one is opened again, its layers say where they go."""
        folders = {about(layer).get("workspace", "") for layer in self.viewer.layers} - {""}
        if len(folders) == 1:
            with suppress(ValueError):
                self.use_workspace(Workspace(Path(folders.pop()), take_over=True))

    def _layer_inserted(self, event: Any) -> None:
        forget_if_copy(self.viewer, event.value)
        self.keeper.watch(event.value)

    def _layer_removed(self, event: Any) -> None:
        if "result" in about(event.value):
            self.results_changed.emit()
