"""The recipe in a result's file: how it was made, read whatever the format is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_simgraph.core.recipe import KEY, Recipe
from napari_simgraph.io.anndata_read import is_table, made_of
from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.geojson import is_marks
from napari_simgraph.io.models import DESCRIPTION, is_model
from napari_simgraph.io.read import read, split_key
from napari_simgraph.io.safe import fresh
from napari_simgraph.io.sidecar import info_path, read_info

BARE = (".csv", ".graphml")  # formats that have no place for it: it stands beside them


def read_recipe(path: str | Path) -> Recipe:
    """How a result was made.

    Raises
    ------
    ValueError
        It is not there, can't be read, or doesn't say.
    """
    file, _ = split_key(path)
    check_file(file)
    told = _told(file, str(path)).get(KEY)
    if not told:
        raise Told(f"{file} doesn't say what made it: it can't be made again by itself.")
    try:
        return Recipe.from_json(told)
    except ValueError as error:
        raise Told(f"{file}: {error}") from None


def has_recipe(path: Path) -> bool:
    """Whether a file says how it was made."""
    try:
        read_recipe(path)
    except (ValueError, OSError):
        return False
    return True


def write_beside(path: Path, info: Mapping[str, Any]) -> None:
    """Keep what made a file beside it, where the file has no place for it."""
    with fresh(info_path(path)) as temporary:
        temporary.write_text(json.dumps({"made": dict(info)}), encoding="utf-8")


def _told(file: Path, path: str) -> Mapping[str, Any]:
    """What a result says of how it was made."""
    if is_model(file):
        with telling(file, "model"):
            told = json.loads((file / DESCRIPTION).read_text(encoding="utf-8"))
            return {KEY: told.get("origin")}
    if file.suffix.casefold() in BARE:
        return _mapping(read_info(info_path(file)).get("made"))
    if is_marks(file):
        with telling(file, "GeoJSON"):
            return _mapping(json.loads(file.read_text("utf-8-sig")).get("simgraph", {}).get("made"))
    if is_table(file):
        return _mapping(made_of(file))
    return _mapping(read(path).info.get("made"))


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}
