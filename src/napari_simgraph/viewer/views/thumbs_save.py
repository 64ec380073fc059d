"""Hits as files: a picture of each patch, and a table of where they lie."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.safe import fresh
from napari_simgraph.viewer.selection import Hit, place_of_row

COLUMNS = ("rank", "similarity", "image", "z", "y_px", "x_px", "side_px", "class", "picture")
Read = Callable[[], NDArray[np.uint8] | None]


def save_hits(hits: Sequence[tuple[Hit, EmbeddingTable, Read]], folder: Path) -> int:
    """How many pictures were written, beside ``hits.csv``; for use in a thread.

    Parameters
    ----------
    hits
        Best first, each with its table and with what reads its pixels.
    folder
        Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, many = [], 0
    for rank, (hit, table, read) in enumerate(hits, 1):
        pixels, name = read(), f"{rank:03d}.png"
        if pixels is not None:
            Picture.fromarray(pixels).save(folder / name)
            many += 1
        place = place_of_row(table, hit.row)
        image = table.grid.sources[int(table.grid.image[hit.row])].name
        where = (place.z, round(place.y, 1), round(place.x, 1), round(place.size, 1))
        rest = str(table.classes()[hit.row]), name if pixels is not None else ""
        rows.append((rank, f"{hit.score:.4f}", image, *where, *rest))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    with fresh(folder / "hits.csv") as file:
        file.write_text(text.getvalue(), encoding="utf-8", newline="")
    return many
