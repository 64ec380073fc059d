"""What files with features of other programs hold: numbers a patch, and columns beside them."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.anndata_parts import opened_hdf5
from napari_simgraph.io.arrays import read_array as read_raw_array
from napari_simgraph.io.faults import Told, telling
from napari_simgraph.io.npz import arrays_in

PLACES = ("image", "z", "y", "x", "size")
_NUMBERED = re.compile(r"^(.*?)(\d+)$")  # feature 0, dim_12, 7
_FEATURES = ("features", "embeddings", "embedding", "X", "values")


class Read(NamedTuple):
    """Features ``(N, D)`` and columns ``(N,)`` by name; places are among the columns."""

    values: NDArray[np.float32]
    columns: dict[str, NDArray[Any]]


def read_array(file: Path, key: str) -> Read:
    """Of an ``.npy`` file; arrays of a lattice ``(…, D)`` come in their order."""
    return Read(_rows(read_raw_array(file).levels[0], file), {})


def read_npz(file: Path, key: str) -> Read:
    """Of an ``.npz`` file: one array of features, the others as columns."""
    return _of_arrays(arrays_in(file), key, file)


def read_hdf5(file: Path, key: str) -> Read:
    """Of an ``.h5`` file as CLAM and Trident write them: ``features`` and ``coords``."""
    import h5py

    with telling(file, "features"), opened_hdf5(file) as root:
        arrays = {n: np.asarray(root[n][...]) for n in root if isinstance(root[n], h5py.Dataset)}
        coords = arrays.pop("coords", None)
        side = root["coords"].attrs.get("patch_size_level0") if coords is not None else None
    if coords is not None:
        pairs = coords.reshape(-1, 2)
        arrays |= {"x": pairs[:, 0], "y": pairs[:, 1]}
        if side is not None:
            arrays["size"] = np.full(len(pairs), int(side))
    if "features" in arrays:
        arrays["features"] = arrays["features"].reshape(-1, arrays["features"].shape[-1])
    return _of_arrays(arrays, key, file)


def read_csv(file: Path, key: str) -> Read:
    """Of a CSV file: features are the columns that are numbered, ``f0``, ``f1`` …"""
    columns, numbered = _table(file)
    if not numbered:
        raise Told(f"{file} has no features: their columns are numbered, like f0, f1, f2.")
    values = np.stack([columns.pop(name) for name in numbered], 1)
    return Read(values.astype(np.float32), columns)


def read_places(file: Path) -> dict[str, NDArray[Any]]:
    """The columns of a CSV file with positions."""
    return _table(file)[0]


def read_foreign(root: Any, values_of: Any, key: str, file: Path) -> Read:
    """Of an open AnnData file of another program; `values_of` reads one of its arrays.

    ``obsm["spatial"]`` holds centres (x, y), as squidpy has them; columns y and x go first.
    """
    columns = {name: values_of(root["obs"][name]) for name in root["obs"] if name != "_index"}
    columns.pop("__categories", None)
    maps = root.get("obsm", {})
    spatial = maps.get("spatial")
    if spatial is not None and not {"y", "x"} <= columns.keys():
        centres = np.asarray(spatial[...], np.float64)
        columns |= {"centre_x": centres[:, 0], "centre_y": centres[:, 1]}
    if key and key not in maps:
        raise Told(f"{file} has no '{key}' in obsm: it has {', '.join(maps) or 'nothing'}.")
    named = maps[key] if key else root.get("X")
    if named is None or hasattr(named, "keys"):
        found = [f"{file.name}::{name}" for name in maps if name.startswith("X_")]
        more = f", or name other features: {', '.join(found)}" if found else ""
        raise Told(f"{file} has no full matrix X of features: save one{more}.")
    return Read(_rows(np.asarray(named[...]), file), columns)


def _of_arrays(arrays: Mapping[str, NDArray[Any]], key: str, file: Path) -> Read:
    wide = [name for name, one in arrays.items() if one.ndim > 1 and one.dtype.kind in "fiu"]
    usual = [name for name in _FEATURES if name in wide]
    wanted = key or next(iter(usual or wide), "")
    if wanted not in arrays or (not key and not usual and len(wide) > 1):
        listed = ", ".join(f"{file.name}::{name}" for name in wide) or "none of more than one axis"
        raise Told(f"{file}: say which array holds the features; there are {listed}.")
    values = _rows(arrays[wanted], file)
    flat = {n: one for n, one in arrays.items() if one.shape == (len(values),) and n != wanted}
    return Read(values, flat)


def _rows(values: NDArray[Any], file: Path) -> NDArray[np.float32]:
    if values.ndim < 2 or values.dtype.kind not in "fiu":
        raise Told(f"{file} holds no features: they are numbers with one row a patch.")
    return np.asarray(values.reshape(-1, values.shape[-1]), np.float32)


def _table(file: Path) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Columns of a CSV file by name, and which of them are features."""
    with telling(file, "a table of text"), file.open(newline="", encoding="utf-8-sig") as lines:
        head = lines.readline()
        mark = max(",;\t", key=head.count)
        names = [name.strip() for name in next(csv.reader([head], delimiter=mark))]
        numbered = _numbered(names)
        begin = lines.tell()
        kept = [number for number, name in enumerate(names) if name not in numbered]
        plain = [_picked(row, kept, file) for row in csv.reader(lines, delimiter=mark) if row]
        lines.seek(begin)
        columns = {names[n]: _typed([row[at] for row in plain]) for at, n in enumerate(kept)}
        if numbered and plain:
            chosen = [names.index(name) for name in numbered]
            try:
                values = np.loadtxt(lines, delimiter=mark, usecols=chosen, quotechar='"', ndmin=2)
            except ValueError:
                raise Told(
                    f"{file} has features that are no numbers: mend or take them out."
                ) from None
            columns |= {name: values[:, at] for at, name in enumerate(numbered)}
    if not plain:
        raise Told(f"{file} has no rows: it wants one line a patch below the column names.")
    return columns, numbered


def _picked(row: Sequence[str], wanted: Sequence[int], file: Path) -> list[str]:
    if wanted and len(row) <= wanted[-1]:
        raise Told(f"{file} has a line with too few columns: '{', '.join(row)[:60]}'.")
    return [row[number].strip() for number in wanted]


def _numbered(names: Sequence[str]) -> list[str]:
    """The names that go on counting, of the longest such series."""
    series: dict[str, list[str]] = {}
    for name in names:
        if found := _NUMBERED.match(name):
            series.setdefault(found[1], []).append(name)
    longest = max(series.values(), key=len, default=[])
    return longest if len(longest) > 1 else []


def _typed(words: Sequence[str]) -> NDArray[Any]:
    for kind in (np.int64, np.float64):
        try:
            return np.array([kind(word) for word in words])
        except (ValueError, OverflowError):
            continue
    return np.array(words, np.str_)
