"""simgraph.json: what we write beside pixels whose format has no place for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_simgraph.core.geometry import clean_unit
from napari_simgraph.io.own_info import check_info
from napari_simgraph.io.plain_json import read_json
from napari_simgraph.io.raw import Raw

SIDECAR = "simgraph.json"
INFO_KEY = "simgraph"


def info_path(file: Path) -> Path:
    """Where the description of a single file stands: ``NAME.simgraph.json`` beside it."""
    return file.with_name(f"{file.name}.{SIDECAR}")


def read_info(path: Path) -> dict[str, Any]:
    """The description; empty where there is none.

    Raises
    ------
    ValueError
        It is damaged.
    """
    if not path.is_file():
        return {}
    try:
        found = read_json(path)
    except (OSError, ValueError):
        found = None
    return check_info(found, str(path))


def said_in(info: Mapping[str, Any], raw: Raw) -> Raw:
    """The pixels with what we wrote beside them; as they are where it doesn't fit.

    Raises
    ------
    ValueError
        It is damaged.
    """
    check_info(info, raw.source)
    order, space = str(info.get("order", "")), str(info.get("axes", "")).removesuffix("C")
    if not order or len(order) != len(raw.shape):
        return raw
    return replace(
        raw,
        axes=order,
        name=str(info.get("name") or raw.name),
        spacing=dict(zip(space, info.get("spacing", ()), strict=False)),
        origin=dict(zip(space, info.get("origin", ()), strict=False)),
        unit=clean_unit(info.get("unit")),
        info=info,
    )
