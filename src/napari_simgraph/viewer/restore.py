"""A workspace as layers again: pictures from where they lie, strokes, results, view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.step_records import replay
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.journal import records
from napari_simgraph.io.kept import kept
from napari_simgraph.io.painted import open_painted
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.layers import make_layers, to_layer_data
from napari_simgraph.viewer.readers import read_path
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.state import put, set_look, set_place, set_view
from napari_simgraph.viewer.views.corrector import show_locks

_MEMORY_BYTES = 2**28  # results up to here are read at once, larger ones as they are looked at


def open_workspace(session: Session, folder: Path, *, look_only: bool = False) -> list[str]:
    """Sentences on what could not be brought back; all else of the workspace is in the viewer.

    Raises
    ------
    ValueError
        Another window has it, or there is no workspace in the folder.
    """
    if not (Path(folder) / "workspace.json").exists() and not (Path(folder) / "models").exists():
        raise ValueError(f"There is no workspace in '{Path(folder).name}'. Choose its own folder.")
    workspace = Workspace(folder, look_only=look_only)
    if session.workspace is not None:
        session.flush()
        session.forget_layers()
    layers: list[Layer] = []
    missing: list[dict[str, Any]] = []
    parts: dict[str, list[Layer]] = {}  # of results that are several layers, read once
    for told in workspace.state.get("layers", []):
        try:
            layers.append(_layer(workspace, told, parts))
        except (ValueError, OSError, KeyError, TypeError, IndexError) as error:
            missing.append(told)
            workspace.notes.append(_say(workspace, told, error))
    session.use_workspace(workspace)
    session.keeper.missing = missing
    for layer in layers:
        session.viewer.layers.append(layer)
    set_view(session.viewer, workspace.state.get("view", {}))
    return workspace.notes


def find_again(session: Session, told: dict[str, Any], path: Path) -> Layer:
    """The layer of a picture that was not where it was, read from where it is now.

    Raises
    ------
    ValueError
        The file can't be read or holds a picture of another size.
    """
    workspace = session.workspace or session.ensure_workspace()
    images = session.keeper.images
    images[told["id"]] = images.get(told["id"], {}) | {"path": str(path)}
    layer = _image(workspace, told, images[told["id"]])
    session.keeper.missing = [m for m in session.keeper.missing if m["id"] != told["id"]]
    session.viewer.layers.insert(0, layer)
    return layer


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
        layer = LabelsLayer(open_painted(workspace.folder / "painted" / told["id"]))
    elif told["kind"] == "result":
        layer = _result(workspace, told["about"], parts)
    else:
        layer = _image(workspace, told, workspace.state.get("images", {}).get(told["id"], {}))
    layer.metadata["simgraph"] = dict(told["about"])
    set_place(layer, told["place"])
    set_look(layer, told["look"])
    return layer


def _result(workspace: Workspace, known: dict[str, Any], parts: dict[str, list[Layer]]) -> Layer:
    key = str(known["result"])
    thing = key.partition(" ")[2]
    if key not in parts:
        parts[key] = make_layers(_in_memory(workspace.result(key)[0]), thing)
        _correct(workspace, key, parts[key])
    for layer in parts[key]:
        if about(layer)["thing"] == known["thing"]:
            return layer
    raise ValueError(f"The result '{thing}' has no layer '{known['thing']}' any more.")


def _correct(workspace: Workspace, key: str, layers: list[Layer]) -> None:
    """Play back what a person corrected in a result."""
    path = workspace.corrections(key)
    told = records(path) if path is not None else []
    if told and len(layers) == 1:
        base = layers[0].data
        objects = Corrected(base, int(np.asarray(base).max()))
        replay(objects, told)
        layers[0].data = objects
        layers[0].editable = False
        show_locks(layers[0], objects)


def _image(workspace: Workspace, told: dict[str, Any], image: dict[str, Any]) -> Layer:
    if "copy" in image:
        noun = kept(workspace.folder / image["copy"])
        noun = noun.replace(data=np.asarray(noun.levels[0]))
        return Layer.create(*to_layer_data(noun)[0])
    path = Path(image.get("path", ""))
    if not image.get("path") or not path.exists():
        raise FileNotFoundError(path.name)
    data = read_path(str(path))[int(told["about"].get("index", 0))]
    layer = Layer.create(*data)
    shape = list(image.get("shape", []))
    if shape and shape != list(layer.level_shapes[0][: layer.ndim]):
        workspace.notes.append(f"{path.name} has another size now; results may not fit.")
    set_place(layer, told["place"])
    set_look(layer, told["look"])
    layer.metadata["simgraph"] = dict(told["about"]) | {"source": str(path)}
    put(layer, "name", told["look"].get("name", layer.name))
    return layer


def _say(workspace: Workspace, told: dict[str, Any], error: Exception) -> str:
    """What is missing, in one sentence."""
    if isinstance(error, FileNotFoundError):
        name = str(error) or str(told.get("look", {}).get("name", "A picture"))
        return f"{name} is not where it was."
    if isinstance(error, ValueError):
        return str(error)
    name = told.get("look", {}).get("name", "A layer") if isinstance(told, dict) else "A layer"
    return f"'{name}' is damaged in the workspace and was left out."
