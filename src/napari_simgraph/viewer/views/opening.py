"""A file of a folder and its results as layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.layers import Layer

from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.read import read
from napari_simgraph.io.run_table import Row
from napari_simgraph.viewer.placing import PLUGIN
from napari_simgraph.viewer.provenance import command
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about


def open_row(session: Session, row: Row, source: Path, target: Path) -> list[Layer]:
    """The layers of a file, opened if it is not open yet, and of its results on it.

    Raises
    ------
    ValueError
        The file or a result can't be read any more.
    """
    path = source / row.file
    layers = _open_already(session, path) or session.viewer.open(str(path), plugin=PLUGIN)
    if len(layers) == 1:  # of a set it would not be known which result lies on which
        for name in row.results:
            noun, thing, made = _result(target / name)
            paths = {"model": row.model, "image": str(path), "out": str(target / name)}
            info = {"capability": "segmentation", "verb": "apply", "model": row.model}
            info["command"] = command("segmentation", "apply", paths, made)
            session.add_result(noun, layers[0], thing, info)
    session.viewer.layers.selection.active = layers[0]
    return list(layers)


def _open_already(session: Session, path: Path) -> list[Layer]:
    wanted = str(path.absolute())
    return [layer for layer in session.viewer.layers if about(layer).get("source") == wanted]


def _result(path: Path) -> tuple[Image | Labels, str, dict[str, Any]]:
    """What lies in the file, what it is called among the layers, and the settings it has."""
    opened = read(path)
    told = dict(opened.info.get("made", {}))
    made = {name: value for name, value in told.items() if name not in ("verb", "inputs")}
    if opened.info.get("noun") == "Labels":
        labels = read_labels(path).labels
        assert isinstance(labels, Labels)
        return labels, "objects" if labels.meaning == "objects" else "classes", made
    assert isinstance(opened.image, Image)
    return opened.image, "sure", made
