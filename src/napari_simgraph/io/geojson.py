"""Marks as GeoJSON, written and read as QuPath does.

Its coordinates are pixels of the finest level, x first, measured from the corner of the first
pixel; the section stands in ``geometry.plane``.

References
----------
.. [1] Butler et al., The GeoJSON format, RFC 7946, 2016.
.. [2] QuPath documentation, Exporting annotations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import default_colors
from napari_simgraph.core.marks import KINDS, MODEL, PERSON, ROLES, Mark, Marks
from napari_simgraph.core.recipe import KEY as RECIPE
from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.plain_json import read_json
from napari_simgraph.io.safe import fresh, refused

SUFFIXES = (".geojson", ".json")
LIKE, UNLIKE = "interesting", "not interesting"  # what clicks are called in other programs
_NAMES = {"query+": LIKE, "query-": UNLIKE, "exclude": "Ignore*", "normal": "normal"}
_ROLES = {name.casefold(): role for role, name in _NAMES.items()}
_CORNER = 0.5  # from the middle of a pixel to its corner
_GEOMETRY = {"point": "MultiPoint", "stroke": "LineString", "box": "Polygon", "polygon": "Polygon"}
_KINDS = {"Point": "point", "LineString": "stroke", "Polygon": "polygon"}


def is_marks(path: str | Path) -> bool:
    """Whether a path holds marks, by its suffix."""
    return Path(path).suffix.casefold() in SUFFIXES


def check_marks(target: Path) -> None:
    """Nothing, where marks can be written to a path.

    Raises
    ------
    ValueError
        Its suffix is none of ours.
    """
    if not is_marks(target):
        raise Told(f"{target}: marks and areas are written as .geojson.")


def write_geojson(marks: Marks, target: Path, info: Mapping[str, Any] | None = None) -> list[Path]:
    """The file written: one feature a mark.

    `info` says what made them, beside what the marks themselves say.
    """
    check_marks(target)
    names = list(dict.fromkeys(_class(one) for one in marks))
    colors = dict(zip(names, default_colors(names), strict=True))
    features = [_feature(one, colors[_class(one)]) for one in marks]
    told = {"type": "FeatureCollection", "features": features}
    made = {**marks.made, **(info or {})}
    try:
        with fresh(target) as temporary:
            text = json.dumps(told | {"simgraph": {"name": marks.name, "made": made}}, default=str)
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Told(f"{target} can't be written: {refused(error)}.") from error
    return [target]


def read_geojson(path: str | Path) -> Marks:
    """The marks in a file of ours or of another program.

    Raises
    ------
    ValueError
        The file holds no GeoJSON, or shapes that we don't know.
    """
    file = Path(path).expanduser()
    check_file(file)
    with telling(file, "GeoJSON"):
        told = read_json(file)
        if isinstance(told, Mapping) and told.get("type") == "Feature":
            told = [told]
        features = told.get("features", []) if isinstance(told, Mapping) else told
        rows = tuple(mark for feature in features for mark in _marks(feature, file))
        own = dict(told.get("simgraph", {})) if isinstance(told, Mapping) else {}
        made = {name: it for name, it in dict(own.get("made", {})).items() if name != RECIPE}
    if not rows:
        raise Told(f"{file} holds no marks.")
    return Marks(rows, str(own.get("name", file.stem)), made)


def _class(one: Mark) -> str:
    return _NAMES.get(one.role, one.name) or one.name


def _feature(one: Mark, color: str) -> dict[str, Any]:
    named = {"name": one.name} if one.role != "class" and one.name else {}
    known = {"kind": one.kind, "role": one.role, "by": one.by, "time": one.time, "image": one.image}
    properties: dict[str, Any] = {
        "objectType": "annotation",
        **named,
        # QuPath shows what is listed here; a model's areas stay apart from a person's by it
        "metadata": {key: value for key, value in known.items() if value},
        "measurements": {key: float(value) for key, value in one.measurements.items()},
    }
    if _class(one):
        rgb = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
        properties["classification"] = {"name": _class(one), "color": rgb}
    geometry = {
        "type": _GEOMETRY[one.kind],
        "coordinates": _coordinates(one),
        "plane": {"c": -1, "z": one.z, "t": 0},
    }
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _coordinates(one: Mark) -> list[Any]:
    parts = [(part[:, ::-1] + _CORNER).tolist() for part in one.parts]
    if one.kind in ("point", "stroke"):
        lines: list[Any] = parts[0]
        return lines
    return [ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in parts]


def _marks(feature: Mapping[str, Any], file: Path) -> Iterator[Mark]:
    geometry, said = feature["geometry"], feature.get("properties") or {}
    metadata = said.get("metadata") or {}
    z = int((geometry.get("plane") or {}).get("z", 0))
    shape = geometry["type"]
    name, role = _meaning(said, metadata)
    by = MODEL if metadata.get("by") == MODEL else PERSON
    common = {
        "z": z,
        "image": str(metadata.get("image", "")),
        "role": role,
        "name": name,
        "by": by,
        "time": str(metadata.get("time", "")),
        "measurements": _measurements(said),
    }
    single = shape.removeprefix("Multi")
    if single not in _KINDS:
        raise Told(f"{file} holds a shape that we don't know ({shape}): make it a polygon.")
    several = geometry["coordinates"] if shape.startswith("Multi") else [geometry["coordinates"]]
    if single == "Point":
        several = [several]
    for one in several:
        kind = metadata.get("kind") if metadata.get("kind") in KINDS else _KINDS[single]
        parts = [_part(ring) for ring in (one if single == "Polygon" else [one])]
        yield Mark(kind, tuple(parts), **common)  # type: ignore[arg-type]


def _part(places: Any) -> NDArray[np.float64]:
    found = np.asarray(places, np.float64)[:, :2][:, ::-1] - _CORNER
    closed = len(found) > 2 and (found[0] == found[-1]).all()
    return found[:-1] if closed else found


def _meaning(said: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Class (or name) and role."""
    listed = said.get("classification") or {}
    listed = listed if isinstance(listed, Mapping) else {"name": listed}
    # newer versions of QuPath give a derived class as several names
    of_class = str(listed.get("name") or ": ".join(listed.get("names", [])))
    role = metadata.get("role")
    if role not in ROLES:
        role = "exclude" if of_class.endswith("*") else _ROLES.get(of_class.casefold(), "class")
    return (of_class if role == "class" else str(said.get("name", ""))), role


def _measurements(said: Mapping[str, Any]) -> dict[str, float]:
    """Figures by name; older versions of QuPath list them as pairs."""
    found = said.get("measurements") or {}
    if not isinstance(found, Mapping):
        found = {one["name"]: one["value"] for one in found}
    return {str(key): float(value) for key, value in found.items() if value is not None}
