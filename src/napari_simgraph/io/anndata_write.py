"""Tables and graphs as AnnData: ``.h5ad`` and ``.zarr`` that scanpy and squidpy open.

Written by its specification (on-disk format 0.1.0 of the anndata project): the package itself
would force an older pandas upon the napari that it is installed beside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import NONE_COLOR
from napari_simgraph.core.graph import SPATIAL, Edges, SimilarityGraph
from napari_simgraph.core.job import plain
from napari_simgraph.core.patches import COLUMNS, PatchGrid, Source
from napari_simgraph.core.signatures import CHUNK, SignatureTable
from napari_simgraph.core.tables import EmbeddingTable, PatchTable, ScoreTable
from napari_simgraph.io.hdf5_writing import created_hdf5
from napari_simgraph.io.safe import fresh

FORMAT = 1  # of what stands in uns["simgraph"]
KEY = "simgraph"
JOINED = "_connectivities"  # squidpy looks for what lies side by side under this name
BESIDE = "beside_"  # before the names of what an embedding is compared with
SUFFIXES = (".h5ad", ".zarr")


def write_anndata(
    noun: PatchTable | SimilarityGraph, target: Path, info: Mapping[str, Any] | None = None
) -> list[Path]:
    """The file written: X, obs, obsm, obsp per kind of edge, and where it comes from in uns.

    `info` says what made it, beside what the noun itself says.
    """
    table = noun.table if isinstance(noun, SimilarityGraph) else noun
    with fresh(target) as temporary, _opened(temporary) as root:
        _mark(root, "anndata", "0.1.0")
        if isinstance(table, EmbeddingTable):
            _array(root, "X", table.values)
        _frame(root, "obs", table.patch_id.astype(np.str_), table_columns(table))
        if isinstance(table, SignatureTable):
            _signatures(root, table)
        else:
            width = table.values.shape[1] if isinstance(table, EmbeddingTable) else 0
            _frame(root, "var", np.array([f"feature {i}" for i in range(width)], np.str_), {})
        _mapping(root, "obsm", {"spatial": _spatial(table.grid), **_maps(table)})
        edges = noun.edges if isinstance(noun, SimilarityGraph) else {}
        pairs = _mapping(root, "obsp", {})
        for kind, one in edges.items():
            _sparse(pairs, kind if kind != SPATIAL else SPATIAL + JOINED, one)
        wide = {} if not isinstance(table, SignatureTable) else _of_columns(table, 2)
        for name, parts in {"layers": {}, "varm": wide, "varp": {}}.items():
            _mapping(root, name, parts)
        made = plain({**noun.made, **(info or {})})
        told = {"format": FORMAT, "noun": type(noun).__name__, "name": noun.name, "made": made}
        if isinstance(table, SignatureTable):
            told["layers"] = plain([one._asdict() for one in table.layers])
        uns = _mapping(_mapping(root, "uns", _colors(table)), KEY, {"info": json.dumps(told)})
        _mapping(uns, "sources", _sources(table.grid.sources))
        _mapping(uns, "layouts", _layouts(table.grid))
    return [target]


def _signatures(root: Any, table: SignatureTable) -> None:
    """X in half precision, chunk by chunk, and what its columns are."""
    chunks = tuple(min(n, size) for n, size in zip(CHUNK, table.values.shape, strict=True))
    how = {"shape": table.values.shape, "dtype": np.float16, "chunks": chunks}
    in_hdf5 = type(root).__module__.startswith("h5py")
    written = root.create_dataset("X", **how) if in_hdf5 else root.create_array("X", **how)
    _mark(written, "array", "0.2.0")
    for rows in table.blocks():
        written[rows] = table.values[rows]
    parts = [(one, which) for one in table.layers for which in one.statistics]
    columns = {
        "layer": np.concatenate([np.full(one.neurons, one.name) for one, _ in parts]),
        "neuron": np.concatenate([np.arange(one.neurons) for one, _ in parts]),
        "statistic": np.concatenate([np.full(one.neurons, which) for one, which in parts]),
    }
    names = [f"{one.name} {n} {which}" for one, which in parts for n in range(one.neurons)]
    _frame(root, "var", np.array(names, np.str_), columns | _of_columns(table, 1))


def _of_columns(table: SignatureTable, axes: int) -> dict[str, NDArray[np.float32]]:
    """What is known of the columns: single numbers, or several each."""
    return {name: values for name, values in table.about.items() if values.ndim == axes}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if path.suffix.casefold() == ".h5ad":
        with created_hdf5(path) as (root, _):
            yield root
        return
    import zarr

    yield zarr.open_group(path, mode="w", zarr_format=2)


def table_columns(table: PatchTable) -> dict[str, NDArray[Any]]:
    """What stands in obs, by name."""
    grid = table.grid
    names = np.array([one.name for one in grid.sources], np.str_)
    columns: dict[str, NDArray[Any]] = {"patch_id": table.patch_id, "image": names[grid.image]}
    columns |= {name: getattr(grid, name) for name in COLUMNS[1:]}
    columns["image_number"] = grid.image
    classes = table.classes()
    if (classes != "").any():
        columns["class"] = classes
    if isinstance(table, ScoreTable):
        columns["score"] = table.score
        if table.uncertainty is not None:
            columns["uncertainty"] = table.uncertainty
    return {**columns, **table.columns}


def _colors(table: PatchTable) -> dict[str, NDArray[np.str_]]:
    """Colours of words as scanpy draws them: ``class_colors``, in the order of the categories."""
    columns, found = table_columns(table), {}
    for name, shades in table.colors.items():
        if name in columns and columns[name].dtype.kind == "U":
            words = np.unique(columns[name]).tolist()
            found[f"{name}_colors"] = np.array([shades.get(w, NONE_COLOR) for w in words], np.str_)
    return found


def _spatial(grid: PatchGrid) -> NDArray[np.float64]:
    """Centres as x, y (and z of stacks), as squidpy has them."""
    centres = grid.centres()
    return centres[:, ::-1] if any(one.sections > 1 for one in grid.sources) else centres[:, :0:-1]


def _maps(table: PatchTable) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {f"X_{name}": values for name, values in table.maps.items()}
    beside = table.beside if isinstance(table, EmbeddingTable) else {}
    return {**found, **{BESIDE + name: values for name, values in beside.items()}}


def _sources(sources: tuple[Source, ...]) -> dict[str, NDArray[Any]]:
    texts = ("name", "fingerprint", "unit", "image_class", "path")
    found: dict[str, NDArray[Any]] = {
        name: np.array([getattr(one, name) for one in sources], np.str_) for name in texts
    }
    found["axes"] = np.array([len(one.shape) for one in sources], np.int64)
    for name in ("shape", "spacing", "origin"):
        kind = np.int64 if name == "shape" else np.float64
        found[name] = np.array([_three(getattr(one, name)) for one in sources], kind)
    return found


def _three(values: tuple[float, ...]) -> tuple[float, ...]:
    return (1.0,) * (3 - len(values)) + values


def _layouts(grid: PatchGrid) -> dict[str, NDArray[Any]]:
    if not grid.layouts:
        return {}
    rows = [(one.level, *one.plane, one.size, one.stride) for one in grid.layouts]
    if any(one.corner for one in grid.layouts):
        firsts = [one.first for one in grid.layouts]
        rows = [(*row, *first) for row, first in zip(rows, firsts, strict=True)]  # type: ignore[misc]
    return {"rows": np.array(rows, np.int64)}


def _mark(group: Any, kind: str, version: str) -> None:
    group.attrs["encoding-type"], group.attrs["encoding-version"] = kind, version


def _mapping(parent: Any, name: str, values: Mapping[str, Any]) -> Any:
    group = parent.create_group(name)
    _mark(group, "dict", "0.1.0")
    for key, value in values.items():
        _array(group, key, value)
    return group


def _frame(parent: Any, name: str, index: NDArray[np.str_], columns: Mapping[str, Any]) -> None:
    group = parent.create_group(name)
    _mark(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    _order(group, list(columns))
    _array(group, "_index", index)
    for key, values in columns.items():
        if values.dtype.kind == "U":
            _categorical(group, key, values)
        else:
            _array(group, key, values)


def _order(group: Any, names: list[str]) -> None:
    """The order of the columns; HDF5 wants a typed array where there are none."""
    if hasattr(group, "create_dataset") and type(group).__module__.startswith("h5py"):
        import h5py

        group.attrs.create("column-order", np.array(names, object), dtype=h5py.string_dtype())
    else:
        group.attrs["column-order"] = names


def _categorical(parent: Any, name: str, values: NDArray[np.str_]) -> None:
    group = parent.create_group(name)
    _mark(group, "categorical", "0.2.0")
    group.attrs["ordered"] = False
    words, codes = np.unique(values, return_inverse=True)
    _array(group, "categories", words)
    _array(group, "codes", codes.ravel().astype(np.int32))


def _sparse(parent: Any, name: str, edges: Edges) -> None:
    group = parent.create_group(name)
    _mark(group, "csr_matrix", "0.1.0")
    nodes = len(edges.starts) - 1
    group.attrs["shape"] = [nodes, nodes]
    _array(group, "data", edges.weights)
    # scipy wants both of one type
    kind = np.int32 if len(edges.ends) < 2**31 else np.int64
    _array(group, "indices", edges.ends.astype(kind))
    _array(group, "indptr", edges.starts.astype(kind))


def _array(parent: Any, name: str, values: Any) -> None:
    in_hdf5 = type(parent).__module__.startswith("h5py")
    array = np.asarray(values)
    if array.dtype.kind == "U":
        kind = "string-array" if array.ndim else "string"
        written = _text_hdf5(parent, name, array) if in_hdf5 else _text_zarr(parent, name, array)
        _mark(written, kind, "0.2.0")
        return
    if in_hdf5:
        large = {"compression": "lzf"} if array.nbytes > 2**20 else {}
        written = parent.create_dataset(name, data=array, **large)
    else:
        written = parent.create_array(name, data=np.ascontiguousarray(array))
    _mark(written, "array", "0.2.0")


def _text_hdf5(parent: Any, name: str, array: NDArray[np.str_]) -> Any:
    import h5py

    return parent.create_dataset(name, data=array.astype(object), dtype=h5py.string_dtype())


def _text_zarr(parent: Any, name: str, array: NDArray[np.str_]) -> Any:
    written = parent.create_array(name, shape=array.shape, dtype=str)
    written[...] = array.astype(np.dtypes.StringDType())
    return written
