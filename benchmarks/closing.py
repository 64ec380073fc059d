"""Processor time of closing boundaries in a stack, a block and section.

    python benchmarks/closing.py

Dark lines of EM sections stand for what a network finds. `apart` finds the fragments of a section
for itself and again for the sections above and below, as long as none are kept.
"""

import json
import os
import time
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage

from napari_simgraph import Image, MemoryRoom, run
from napari_simgraph.core.job import Progress
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.closing import Boundary, Closing, Onward
from napari_simgraph.learn.painting import Sections

HERE = Path(__file__).resolve().parent
EDGE, COUNT = 1280, 6  # px of a block with its halo; sections
WALL = Boundary(channel=0, classes=2, weight=5.0, exclusive=True)


def lines(section):
    """How dark a pixel is against its quartile, as a probability (2, Y, X)."""
    smooth = ndimage.gaussian_filter(np.tile(section, (2, 2))[:EDGE, :EDGE].astype(float), 1.5)
    away = (smooth - np.percentile(smooth, 25)) / (0.25 * smooth.std())
    wall = (1 / (1 + np.exp(away))).astype(np.float32)
    return np.stack([wall, 1 - wall])


def seconds(stack, kept):
    raw = Sections(Image(np.zeros((COUNT, EDGE, EDGE), np.uint8)), 2, MemoryRoom())
    if not kept:
        raw.note = lambda *told: None
    aside, plane = Aside(), (0, EDGE)
    closing = Closing(WALL, Onward(lambda *told: None), raw)
    begun = time.process_time()
    for z in range(COUNT + 1):
        if z < COUNT:
            raw.write(z, plane, plane, stack[z])
        if z:
            run(closing.finish(z - 1, aside, Progress))
    aside.close()
    return round((time.process_time() - begun) / COUNT, 2)


def main():
    folder = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
    real = tifffile.imread(folder / "groundtruth_vnc" / "stack1-raw.tif")[:COUNT]
    stack = [lines(section) for section in real]
    print(json.dumps({"apart": seconds(stack, False), "kept": seconds(stack, True)}))


if __name__ == "__main__":
    main()
