"""What OME says of its planes and files is looked at before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from xml.etree import ElementTree

from napari_simgraph.io.faults import Told
from napari_simgraph.io.inside import inside

# More than any microscope wrote; tifffile makes a list with an entry for each plane.
_MOST_PLANES = 2**22


def check_ome(xml: str, path: Path) -> None:
    """Nothing, where OME names files of its own folder, and planes that a file can have.

    Raises
    ------
    ValueError
        It names a file elsewhere, or more planes than any file has.
    """
    for node in ElementTree.fromstring(xml).iter():
        if "FileName" in node.attrib:
            inside(path.parent, node.attrib["FileName"], path)
        if max(_planes(node.attrib), default=0) > _MOST_PLANES:
            raise Told(f"{path} speaks of more planes than any file holds: it is broken.")


def _planes(told: Mapping[str, str]) -> Iterator[float]:
    """The numbers of planes that an element speaks of."""
    yield prod(_number(told.get(f"Size{axis}", "1")) for axis in "TCZ")
    for name in ("PlaneCount", "NumPlanes", "IFD"):
        yield _number(told.get(name, "0"))
    begin, end, step = (_number(told.get(name, "1")) for name in ("Start", "End", "Step"))
    yield abs(end - begin) / (abs(step) or 1 / _MOST_PLANES)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
