"""HDF5 files that lead to others: only to those in their own folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari_simgraph.io.inside import inside


def check_inside(file: Any, path: Path) -> None:
    """Nothing, where all that an open HDF5 file names lies in it or in its folder.

    HDF5 knows links to other files, datasets whose bytes lie in other files, and datasets put
    together from others.

    Raises
    ------
    ValueError
        It names a file elsewhere.
    """
    for name in _named(file):
        inside(path.parent, name, path)


def _named(file: Any) -> Iterator[str]:
    """The names of other files."""
    import h5py

    found: list[str] = []

    def look_at_link(_: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            found.append(link.filename)

    def look_at_node(_: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found.extend(part[0] for part in node.external or ())
            if node.is_virtual:
                found.extend(part.file_name for part in node.virtual_sources())

    file.visititems_links(look_at_link)
    file.visititems(look_at_node)
    yield from (name for name in found if name != ".")
