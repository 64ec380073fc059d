"""Pictures that a workspace knows by where they lie: whether they are there and as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from napari_simgraph.io.prints import State, print_of, state_of
from napari_simgraph.io.read import split_key

_NOTED = ("bytes", "changed", "hash")


class Source(NamedTuple):
    """A picture of a workspace: its id and name, where it was, and how it stands there now."""

    id: str
    name: str
    path: str
    state: State


def note_source(source: str, workspace: Path) -> dict[str, Any]:
    """What a workspace keeps of a picture's file: its place, also as seen from there, and print.

    Parameters
    ----------
    source
        ``PATH`` or ``PATH::KEY``.
    workspace
        The folder of the workspace.
    """
    file, _ = split_key(source)
    return {"path": source, "relative": _relative(file, workspace), **print_of(file)}


def find_source(image: Mapping[str, Any], workspace: Path) -> str:
    """Where the picture is now, ``PATH`` or ``PATH::KEY``; "" where it is gone.

    A folder that was moved with workspace and pictures in it is no reason to ask.
    """
    told = str(image.get("path", ""))
    if not told:
        return ""
    file, key = split_key(told)
    beside = Path(os.path.normpath(workspace / str(image.get("relative") or file)))
    found = next((one for one in (file, beside) if one.exists()), None)
    return "" if found is None else str(found) + (f"::{key}" if key else "")


def source_state(image: Mapping[str, Any], workspace: Path) -> State:
    """Whether a picture is where it was and holds what it did; copies are always the same."""
    if "copy" in image:
        return "same"
    place = find_source(image, workspace)
    told = {name: image[name] for name in _NOTED if name in image}
    return state_of(split_key(place)[0], told) if place else "gone"


def sources(state: Mapping[str, Any], workspace: Path) -> list[Source]:
    """The pictures in a workspace's state, each with how it stands."""
    found, images = [], dict(state.get("images", {}))
    for layer in state.get("layers", []):
        image = images.get(layer.get("id")) if layer.get("kind") == "image" else None
        if isinstance(image, Mapping):
            path = str(image.get("path", ""))
            name = str(layer.get("look", {}).get("name", "")) or Path(path).name
            found.append(Source(layer["id"], name, path, source_state(image, workspace)))
    return found


def _relative(file: Path, workspace: Path) -> str:
    try:
        return Path(os.path.relpath(file.absolute(), workspace)).as_posix()
    except ValueError:  # another drive
        return ""
