"""AnnData files as tables and graphs: ours, and those that came back from scanpy."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.graph import Edges, SimilarityGraph, edges_of
from napari_simgraph.core.patches import COLUMNS, Layout, PatchGrid, Source
from napari_simgraph.core.recipe import KEY as RECIPE
from napari_simgraph.core.signatures import Layer, SignatureTable
from napari_simgraph.core.tables import EmbeddingTable, PatchTable, ScoreTable
from napari_simgraph.io.anndata_parts import check_places, opened, whole_numbers
from napari_simgraph.io.anndata_write import BESIDE, FORMAT, JOINED, KEY, SUFFIXES
from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.plain_json import parsed

_OWN = ("patch_id", "image", "image_number", *COLUMNS[1:], "_index")


def is_table(path: str | Path) -> bool:
    """Whether a path holds a table or a graph by its name and, for Zarr, by its content."""
    file = Path(path)
    if file.suffix.casefold() == ".zarr":
        return (file / "obs").is_dir() and (file / "uns").is_dir()
    return file.suffix.casefold() == ".h5ad"


def read_table(path: str | Path) -> PatchTable:
    """The table in a file; of a graph its table.

    Raises
    ------
    ValueError
        The file holds no table of patches.
    """
    found = read_noun(path)
    return found.table if isinstance(found, SimilarityGraph) else found


def read_graph(path: str | Path) -> SimilarityGraph:
    """The graph in a file.

    Raises
    ------
    ValueError
        The file holds no edges.
    """
    found = read_noun(path)
    if not isinstance(found, SimilarityGraph):
        raise Told(f"{path} holds a table without edges: make the graph with similarity apply.")
    return found


def read_noun(path: str | Path) -> PatchTable | SimilarityGraph:
    """The table or graph in an ``.h5ad`` or ``.zarr`` file.

    Raises
    ------
    ValueError
        The file holds no table of patches.
    """
    file = Path(path).expanduser()
    check_file(file)
    if file.suffix.casefold() not in SUFFIXES:
        raise Told(f"{file} is no table: tables end in {' or '.join(SUFFIXES)}.")
    with telling(file, "table"), opened(file) as root:
        if KEY not in root.get("uns", {}):
            raise Told(f"{file} holds no patches of ours: it doesn't say which images they are of.")
        return _noun(root, file)


def made_of(path: str | Path) -> dict[str, Any]:
    """What a table or graph says of how it was made, with the recipe, which is of the file alone.

    Raises
    ------
    ValueError
        The file holds no table of patches.
    """
    file = Path(path).expanduser()
    with telling(file, "table"), opened(file) as root:
        if KEY not in root.get("uns", {}):
            return {}
        return dict(parsed(str(values_of(root["uns"][KEY]["info"]))).get("made", {}))


def _noun(root: Any, file: Path) -> PatchTable | SimilarityGraph:
    own = root["uns"][KEY]
    told = parsed(str(values_of(own["info"])))
    if int(told.get("format", 0)) > FORMAT:
        raise Told(f"{file} was made by a newer version: update napari-simgraph.")
    obs = {name: values_of(root["obs"][name]) for name in root["obs"] if name != "_index"}
    grid = _grid(obs, own)
    columns = {name: values for name, values in obs.items() if name not in _OWN}
    known = [one.image_class for one in grid.sources]
    if any(known) and "class" in columns:
        of_image = np.array(known)[grid.image]
        if np.array_equal(columns["class"], of_image):  # it only repeats what the images say
            columns.pop("class")
    maps = _named(root["obsm"], "X_")
    made = {name: value for name, value in told.get("made", {}).items() if name != RECIPE}
    common: dict[str, Any] = {"maps": maps, "name": str(told.get("name", file.stem)), "made": made}
    common["colors"] = _colors(root)
    if "layers" in told:
        return _signatures(root, grid, told["layers"], {**common, "columns": columns})
    table = _table(root, grid, columns, common)
    pairs = root.get("obsp", {})
    edges = {name.removesuffix(JOINED): _edges(pairs[name]) for name in pairs}
    if edges and isinstance(table, EmbeddingTable):
        return SimilarityGraph(table, edges, name=common["name"], made=common["made"])
    return table


def _signatures(
    root: Any, grid: PatchGrid, layers: list[dict[str, Any]], common: Mapping[str, Any]
) -> SignatureTable:
    """Signatures; those in Zarr are read when they are asked for."""
    values = root["X"] if not type(root).__module__.startswith("h5py") else root["X"][...]
    parts = [
        Layer(**one | {"shape": tuple(one["shape"]), "statistics": tuple(one["statistics"])})
        for one in layers
    ]
    own = ("layer", "neuron", "statistic", "_index")
    about = {k: np.asarray(root["var"][k][...]) for k in root["var"] if k not in own}
    about |= {k: np.asarray(root["varm"][k][...]) for k in root["varm"]}
    return SignatureTable(grid, values, tuple(parts), about=about, **common)


def _colors(root: Any) -> dict[str, dict[str, str]]:
    """Colours of the words in columns, also those that scanpy chose."""
    found = {}
    for key in root["uns"]:
        name = key.removesuffix("_colors")
        column = root["obs"].get(name) if key.endswith("_colors") else None
        if column is not None and hasattr(column, "keys") and "categories" in column:
            words, shades = values_of(column["categories"]), values_of(root["uns"][key])
            pairs = zip(words.tolist(), shades.tolist(), strict=False)
            found[name] = {w: c.upper()[:7] for w, c in pairs if w and c.startswith("#")}
    return found


def _table(
    root: Any, grid: PatchGrid, columns: dict[str, Any], common: Mapping[str, Any]
) -> PatchTable:
    if "X" in root:
        values = root["X"]
        if hasattr(values, "keys"):
            raise Told("The features are stored as a sparse matrix: save them as a full one.")
        beside = _named(root["obsm"], BESIDE)
        check_memory(prod(values.shape) * np.dtype(values.dtype).itemsize, "The table")
        points = np.asarray(values[...], np.float32)
        return EmbeddingTable(grid, points, beside=beside, columns=columns, **common)
    if "score" in columns:
        score = columns.pop("score").astype(np.float32)
        unsure = columns.pop("uncertainty", None)
        return ScoreTable(grid, score, unsure, columns=columns, **common)
    return PatchTable(grid, columns=columns, **common)


def _named(obsm: Any, prefix: str) -> dict[str, NDArray[np.float32]]:
    """Arrays whose names begin with a prefix, by the rest of their names."""
    names = [name for name in obsm if name.startswith(prefix)]
    return {name.removeprefix(prefix): np.asarray(obsm[name][...], np.float32) for name in names}


def _grid(obs: Mapping[str, NDArray[Any]], own: Any) -> PatchGrid:
    parts = {name: values_of(own["sources"][name]) for name in own["sources"]}
    sources = []
    for number, axes in enumerate(parts["axes"]):
        shape, spacing, origin = (
            tuple(parts[name][number, 3 - int(axes) :].tolist())
            for name in ("shape", "spacing", "origin")
        )
        name, fingerprint, unit, image_class, path = (
            str(parts[name][number])
            for name in ("name", "fingerprint", "unit", "image_class", "path")
        )
        sources.append(Source(name, fingerprint, shape, spacing, origin, unit, image_class, path))
    layouts: tuple[Layout, ...] = ()
    if "rows" in own["layouts"]:
        rows = own["layouts"]["rows"][...].tolist()
        layouts = tuple(
            Layout(r[0], (r[1], r[2]), r[3], r[4], (r[5], r[6]) if len(r) > 5 else None)
            for r in rows
        )
    check_places(tuple(sources), layouts)
    columns = {name: whole_numbers(obs[name]) for name in COLUMNS[2:]}
    columns["level"] = whole_numbers(obs["level"], 0, 255)
    columns["image"] = whole_numbers(obs["image_number"], 0)
    return PatchGrid(tuple(sources), layouts=layouts, **columns)


def values_of(item: Any) -> NDArray[Any]:
    """An array, or the words of a categorical column."""
    if hasattr(item, "keys"):
        if "codes" not in item:
            return np.asarray(item["values"][...])  # a column that may lack values
        words, codes = values_of(item["categories"]), np.asarray(item["codes"][...])
        if words.dtype.kind == "U":
            words = np.append(words, "")  # code -1: no value
        chosen: NDArray[Any] = words[whole_numbers(codes, -1)]
        return chosen
    values = item[...] if item.shape else item[()]
    kind = getattr(np.asarray(values).dtype, "kind", "O")
    if kind in "OST":
        texts = np.asarray(values, object)
        flat = [t.decode() if isinstance(t, bytes) else str(t) for t in texts.ravel()]
        return np.array(flat, np.str_).reshape(texts.shape)
    return np.asarray(values)


def _edges(group: Any) -> Edges:
    starts = np.asarray(group["indptr"][...], np.int64)
    ends = np.asarray(group["indices"][...], np.intp)
    weights = np.asarray(group["data"][...], np.float32)
    nodes = len(starts) - 1
    counted = starts[0] == 0 and starts[-1] == len(ends) == len(weights)
    if not counted or (np.diff(starts) < 0).any() or ((ends < 0) | (ends >= nodes)).any():
        raise ValueError("These are no edges.")
    begins = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    there = weights > 0  # other programs store distances, of which some are zero
    return edges_of(begins[there], ends[there], weights[there], len(starts) - 1)
