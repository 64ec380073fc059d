"""A workspace as layers again: pictures from where they lie, strokes, results, view."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.step_records import replay
from napari_simgraph.core.job import Job, Progress, Signal, run
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.faults import BROKEN
from napari_simgraph.io.kept import kept
from napari_simgraph.io.painted import open_painted
from napari_simgraph.io.read import split_key
from napari_simgraph.io.sources import find_source, source_state
from napari_simgraph.io.step_log import records
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.layers import make_layers, to_layer_data
from napari_simgraph.viewer.readers import layers_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.sheets import follow_sheets
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.state import put, set_look, set_place, set_view
from napari_simgraph.viewer.views.corrector import show_locks

_MEMORY_BYTES = 2**28  # results up to here are read at once, larger ones as they are looked at


class Brought(NamedTuple):
    """A workspace that was read: its layers from below, and what is to be asked.

    `missing` are records of layers whose picture is gone, `changed` questions by id of those whose
    picture is another than it was.
    """

    workspace: Workspace
    layers: list[Layer]
    missing: list[dict[str, Any]]
    changed: dict[str, str]


def reading(folder: Path, look_only: bool = False) -> Job[Brought | None]:
    """A workspace as layers that no viewer has yet; None, and let go of, where it was stopped.

    For a thread of its own: pictures and results are read here.

    Raises
    ------
    ValueError
        Another window has it, or there is no workspace in the folder.
    """
    if not (Path(folder) / "workspace.json").exists() and not (Path(folder) / "models").exists():
        raise ValueError(f"There is no workspace in '{Path(folder).name}'. Choose its own folder.")
    workspace = Workspace(folder, look_only=look_only)
    brought = None
    try:
        brought = yield from _read(workspace)
    finally:
        if brought is None:
            workspace.close()
    return brought


def _read(workspace: Workspace) -> Job[Brought | None]:
    every = workspace.state.get("layers", [])
    brought = Brought(workspace, [], [], {})
    parts: dict[str, list[Layer]] = {}  # of results that are several layers, read once
    for number, told in enumerate(every):
        name = _name(told)
        if (yield Progress(number / len(every), f"reading {name}")) is Signal.STOP:
            return None
        try:
            layer = _layer(workspace, told, parts)
            brought.layers.append(layer)
            if said := _say_changed(workspace, told, layer):
                brought.changed[told["id"]] = said
                workspace.notes.append(said)
        except BROKEN as error:
            if _name(told) and "id" in told:
                brought.missing.append(told)
            workspace.notes.append(_say(workspace, told, error))
    yield Progress(1.0)
    return brought


def bring(session: Session, brought: Brought) -> list[str]:
    """Put what was read into the viewer; sentences on what could not be brought back."""
    workspace = brought.workspace
    if session.workspace is not None:
        session.flush()
        session.forget_layers()
    follow_sheets(session.viewer)
    session.use_workspace(workspace)
    session.keeper.missing, session.keeper.changed = brought.missing, brought.changed
    for layer in brought.layers:
        session.viewer.layers.append(layer)
    set_view(session.viewer, workspace.state.get("view", {}))
    return workspace.notes


def open_workspace(session: Session, folder: Path, *, look_only: bool = False) -> list[str]:
    """Read a workspace and bring it into the viewer at once, for scripts; see `bring`.

    Raises
    ------
    ValueError
        See `reading`.
    """
    session.flush()
    brought = run(reading(folder, look_only))
    assert brought is not None
    return bring(session, brought)


def find_again(session: Session, told: dict[str, Any], path: Path) -> Layer:
    """The layer of a picture that was not where it was, read from where it is now.

    Where it is another picture than before, `Keeper.changed` lists it from now on.

    Raises
    ------
    ValueError
        The file can't be read.
    """
    workspace, keeper = session.workspace or session.ensure_workspace(), session.keeper
    image = keeper.images.get(told["id"], {}) | {"path": str(path), "relative": ""}
    layer = _image(workspace, told, image)
    keeper.images[told["id"]] = image
    keeper.missing = [m for m in keeper.missing if m["id"] != told["id"]]
    session.viewer.layers.insert(0, layer)
    if said := _say_changed(workspace, told, layer, image):
        keeper.changed[told["id"]] = said
    else:
        keeper.keep_image(layer)
    return layer


def go_on_without(session: Session, told: dict[str, Any]) -> None:
    """Forget a picture that is gone; what was made of it stays."""
    keeper = session.keeper
    keeper.missing = [one for one in keeper.missing if one["id"] != told["id"]]
    keeper.save_state()


def accept(session: Session, key: str, keep: bool = True) -> None:
    """Take a picture that has changed as it is now, or close its layer; results stay."""
    keeper = session.keeper
    keeper.changed.pop(key, None)
    for layer in [one for one in session.viewer.layers if about(one).get("id") == key]:
        if keep:
            keeper.keep_image(layer)
        else:
            session.viewer.layers.remove(layer)
    keeper.save_state()


def show_result(session: Session, key: str) -> list[Layer]:
    """The layers of a result that is kept but was taken out of the viewer.

    Raises
    ------
    ValueError
        It is gone or damaged.
    """
    workspace = session.workspace or session.ensure_workspace()
    noun, info = workspace.result(key)
    sources = [layer for layer in session.viewer.layers if about(layer).get("id") == info["image"]]
    layers = make_layers(_in_memory(noun), key.partition(" ")[2], next(iter(sources), None))
    for layer in layers:
        layer.metadata["simgraph"] = {**info, "thing": about(layer)["thing"]}
        session.viewer.layers.append(layer)
    session.results_changed.emit()
    return layers


def _in_memory(noun: Image | Labels) -> Image | Labels:
    small = noun.levels[0].nbytes <= _MEMORY_BYTES
    return noun.replace(data=np.asarray(noun.levels[0])) if small else noun


def _layer(workspace: Workspace, told: dict[str, Any], parts: dict[str, list[Layer]]) -> Layer:
    if told["kind"] == "painted":
        layer = LabelsLayer(open_painted(workspace.place("painted", told["id"])))
    elif told["kind"] == "result":
        layer = _result(workspace, told["about"], parts)
    else:
        layer = _image(workspace, told, workspace.state.get("images", {}).get(told["id"], {}))
    found = {name: value for name, value in about(layer).items() if name == "source"}
    layer.metadata["simgraph"] = dict(told["about"]) | found  # where it lies now
    set_place(layer, told["place"])
    set_look(layer, told["look"])
    return layer


def _result(workspace: Workspace, known: dict[str, Any], parts: dict[str, list[Layer]]) -> Layer:
    key = str(known["result"])
    thing = key.partition(" ")[2]
    if key not in parts:
        parts[key] = make_layers(_in_memory(workspace.result(key)[0]), thing)
        _correct(workspace, known, parts[key])
    for layer in parts[key]:
        if about(layer)["thing"] == known["thing"]:
            return layer
    raise ValueError(f"The result '{thing}' has no layer '{known['thing']}' any more.")


def _correct(workspace: Workspace, known: dict[str, Any], layers: list[Layer]) -> None:
    """Play back what a person corrected in a result."""
    path, kept = workspace.corrections(str(known["result"])), known.get("kept", ())
    told = records(path)
    if (told or kept) and len(layers) == 1:
        base = layers[0].data
        objects = Corrected(base, int(np.asarray(base).max()), kept)
        replay(objects, told)
        layers[0].data = objects
        layers[0].editable = False
        show_locks(layers[0], objects)


def _image(workspace: Workspace, told: dict[str, Any], image: dict[str, Any]) -> Layer:
    if "copy" in image:
        noun = kept(workspace.place(image["copy"]))
        noun = noun.replace(data=np.asarray(noun.levels[0]))
        return Layer.create(*to_layer_data(noun)[0])
    place = find_source(image, workspace.folder)
    if not place:
        raise FileNotFoundError(split_key(image.get("path", ""))[0].name)
    layer = Layer.create(*layers_of(place)[0][int(told["about"].get("index", 0))])
    set_place(layer, told["place"])
    set_look(layer, told["look"])
    layer.metadata["simgraph"] = dict(told["about"]) | {"source": place}
    put(layer, "name", told["look"].get("name", layer.name))
    return layer


def _say_changed(
    workspace: Workspace, told: dict[str, Any], layer: Layer, image: Mapping[str, Any] | None = None
) -> str:
    """What is to be asked about a picture that is another than it was; "" for all others."""
    if told["kind"] != "image":
        return ""
    image = image or workspace.state.get("images", {}).get(told["id"], {})
    name = split_key(image.get("path", ""))[0].name
    shape = list(image.get("shape", []))
    if "copy" not in image and shape and shape != list(layer.level_shapes[0][: layer.ndim]):
        return f"{name} has another size now; results may not fit."
    if source_state(image, workspace.folder) == "changed":
        return f"{name} has changed since; results may not fit."
    return ""


def _say(workspace: Workspace, told: dict[str, Any], error: Exception) -> str:
    """What is missing, in one sentence."""
    if isinstance(error, FileNotFoundError):
        return f"{str(error) or _name(told) or 'A picture'} is not where it was."
    if isinstance(error, ValueError) and str(error).endswith("."):  # others' are no sentences
        return str(error)
    return f"'{_name(told) or 'A layer'}' is damaged in the workspace and was left out."


def _name(told: Any) -> str:
    """What a layer was called; "" where it isn't told."""
    look = told.get("look") if isinstance(told, dict) else None
    return str(look.get("name", "")) if isinstance(look, dict) else ""
