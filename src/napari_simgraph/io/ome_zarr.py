"""OME-Zarr 0.4 and 0.5 and plain Zarr arrays, read chunk by chunk."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_simgraph.core.geometry import PIXEL, clean_unit
from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.keys import KeyNeeded
from napari_simgraph.io.raw import Raw
from napari_simgraph.io.zarr_arrays import ZarrChunks

NAMESPACE = "napari-simgraph"
WHOLE = "whole"  # in our description: axes and shape of what was written with all its chunks


def read_zarr(path: Path, key: str = "") -> Raw:
    """The image in an OME-Zarr with all its levels, or a plain Zarr array.

    Parameters
    ----------
    path
        The folder.
    key
        A group or an array inside.

    Raises
    ------
    ValueError
        The folder is broken, or holds several arrays and no key says which.
    """
    import zarr

    check_file(path)
    with telling(path, "Zarr"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # files of others in the folder are no concern of ours
        node = zarr.open(path, mode="r")
        node = node[key] if key else node
        if isinstance(node, zarr.Array):
            return _plain(node, path, key)
        attributes = _attributes(node)
        if "bioformats2raw.layout" in attributes and "0" in node:
            node = node["0"]
            attributes = _attributes(node)
        if "multiscales" in attributes:
            return _multiscale(node, attributes, path, key)
        return _only_array(node, path, key)


def _attributes(node: Any) -> dict[str, Any]:
    """What the group says; 0.5 puts it under "ome", 0.4 did not."""
    found = dict(node.attrs)
    return {**found, **found.get("ome", {})}


def _plain(array: Any, path: Path, key: str) -> Raw:
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    axes = "".join(str(n)[:1].upper() for n in names) if names else ""
    known = set(axes) <= set("TZYXC") and len(set(axes)) == len(axes) == len(array.shape)
    name = key.rpartition("/")[2] or path.stem
    return Raw(
        (ZarrChunks(array, path),), axes if known else "", name=name, source=_source(path, key)
    )


def _only_array(node: Any, path: Path, key: str) -> Raw:
    """The one array in a group and its groups."""
    import zarr

    members = dict(node.members(max_depth=None))
    found = [name for name, member in members.items() if isinstance(member, zarr.Array)]
    pictures = sorted(name for name in found if len(members[name].shape) > 1)
    if len(pictures) == 1:
        return _plain(node[pictures[0]], path, f"{key}/{pictures[0]}".strip("/"))
    if not pictures:
        raise Told(f"{path} holds no array that could be a picture.")
    raise KeyNeeded(path, [f"{key}/{name}".strip("/") for name in pictures])


def _multiscale(node: Any, attributes: Mapping[str, Any], path: Path, key: str) -> Raw:
    told = attributes["multiscales"][0]
    axes = [a if isinstance(a, dict) else {"name": a} for a in told.get("axes", ())]
    letters = "".join(str(a["name"])[:1].upper() for a in axes)
    sets = told["datasets"]
    info = dict(node.attrs).get(NAMESPACE, {})
    whole = info.get(WHOLE)
    arrays = tuple(ZarrChunks(node[entry["path"]], path, bool(whole)) for entry in sets)
    if whole and whole != {"axes": letters, "shape": list(arrays[0].shape)}:
        raise Told(f"{path} is broken: its pixels are not those that were written.")
    units = [str(a["unit"]) for a in axes if a.get("type") == "space" and a.get("unit")]
    unit = clean_unit(units[-1]) if units and len(set(units)) == 1 else PIXEL
    scale = _transform("scale", told, sets[0], letters)
    name = (
        info.get("name") or told.get("name") or path.name.removesuffix(".zarr").removesuffix(".ome")
    )
    return Raw(
        arrays,
        letters,
        scale if unit != PIXEL or info else {},
        _transform("translation", told, sets[0], letters),
        unit,
        name=str(name),
        source=_source(path, key),
        info=info,
        channels=_channel_names(attributes),
        labels=_labels(node, key),
    )


def _labels(node: Any, key: str) -> tuple[str, ...]:
    """The keys of the labels that lie in an image group."""
    if "labels" not in node or not hasattr(node["labels"], "group_keys"):
        return ()
    group = node["labels"]
    named = [str(name) for name in _attributes(group).get("labels", ())]
    found = [name for name in named or sorted(group.group_keys()) if name in group]
    return tuple(f"{key}/labels/{name}".strip("/") for name in found)


def _channel_names(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    channels = (attributes.get("omero") or {}).get("channels", ())
    return tuple(str(channel.get("label", i)) for i, channel in enumerate(channels))


def _transform(
    kind: str, told: Mapping[str, Any], entry: Mapping[str, Any], letters: str
) -> dict[str, float]:
    """Scale or translation of the finest level by letter: its own, then that of all levels."""
    whole = np.ones(len(letters)) if kind == "scale" else np.zeros(len(letters))
    for part in (entry, told):
        for step in part.get("coordinateTransformations", ()):
            values = step.get(step.get("type")) if step.get("type") != "identity" else None
            if values is None:
                continue
            if step["type"] == "scale":
                whole = whole * np.array(values, float)
            elif kind == "translation":
                whole = whole + np.array(values, float)
    return {a: float(v) for a, v in zip(letters, _floats(whole), strict=True) if a in "ZYX"}


def _floats(values: Any) -> Sequence[float]:
    return [float(v) for v in values]


def _source(path: Path, key: str) -> str:
    return f"{path}::{key}" if key else str(path)
