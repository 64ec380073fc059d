"""Groups without labels on eight kinds of tissue: what the ranking of groups was chosen on.

100 pictures (kather2016_100 in the folder of shared data, SIMGRAPH_DATA, else ../shared/data) side
by side, those of a kind together, and the embedding of a slide (interest.py says how it is made)::

    python benchmarks/interest_kinds.py --make kinds.tif
    S="--spacing 0.69,0.69 --unit um"
    napari-simgraph embedding apply --model emb --image kinds.tif $S --compare --stride 48 \
        --out all.h5ad
    napari-simgraph interest features --table all.h5ad --out f.h5ad
    napari-simgraph similarity apply --table f.h5ad --out g.h5ad -k 15
    python benchmarks/interest_kinds.py --graph g.h5ad --seeds 2

The user confirms on every other picture, like the squares of a chess board; scored on the others.
"""

import argparse

import numpy as np
import tifffile
from interest import DATA, unlabelled
from PIL import Image as Picture

from napari_simgraph import Labels
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.io.anndata_read import read_graph

FOLDER = DATA / "kather2016_100"
SIDE, ROWS = 224, 10  # px of a picture; pictures of a column
MARGIN = 16  # px at the edge of a picture that belong to no kind
WITHIN = 0.9  # of a patch that must lie within one kind to count


def pictures():
    """Kind, file and corner of each picture; columns go down and up in turn."""
    kinds = sorted(one.name for one in FOLDER.iterdir())
    kinds = [kinds[n] for n in np.random.default_rng(0).permutation(len(kinds))]
    files = [(kind, one) for kind in kinds for one in sorted((FOLDER / kind).iterdir())]
    for number, (kind, one) in enumerate(files):
        column, row = divmod(number, ROWS)
        yield kind, one, ((row if column % 2 == 0 else ROWS - 1 - row) * SIDE, column * SIDE)


def make(path):
    every = list(pictures())
    whole = np.zeros((ROWS * SIDE, -(-len(every) // ROWS) * SIDE, 3), np.uint8)
    for _, one, (top, left) in every:
        whole[top : top + SIDE, left : left + SIDE] = Picture.open(one).convert("RGB")
    tifffile.imwrite(path, whole, photometric="rgb")


def truths_on(grid):
    """By kind, which patches lie in it; and which lie in any."""
    every = list(pictures())
    kinds = sorted({kind for kind, *_ in every})
    values = np.zeros(grid.sources[0].shape[-2:], np.uint8)
    for kind, _, (top, left) in every:
        inner = (
            slice(top + MARGIN, top + SIDE - MARGIN),
            slice(left + MARGIN, left + SIDE - MARGIN),
        )
        values[inner] = kinds.index(kind) + 1
    shares = pool(grid, Labels(values, classes=ClassTable.of(kinds)))
    return {kind: shares[:, n] > WITHIN for n, kind in enumerate(kinds)}, shares.sum(1) > WITHIN


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--make", default="")
    parser.add_argument("--graph", default="")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=150)
    asked = parser.parse_args()
    if asked.make:
        make(asked.make)
    if asked.graph:
        graph = read_graph(asked.graph)
        truths, there = truths_on(graph.table.grid)
        even = (graph.table.grid.y + graph.table.grid.x) // SIDE % 2 == 0
        for half in (even, ~even):
            unlabelled(graph, truths, (there & half, there & ~half), asked)


if __name__ == "__main__":
    main()
