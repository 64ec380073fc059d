"""Places to check: how many of the first twenty are mistakes, on sections 0-17 of ISBI 2012.

``python benchmarks/suspects.py`` with the boundary probability of a blurred picture (no network);
with ``--steps 300`` that of a U-Net that learned sections 0-5 for so long, on sections 6-17. Prints
one line of JSON: for both kinds of mistake the precision among the first 20, and beside it the
share of mistakes among all borders that could have been listed, which is what chance gives.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from scipy import ndimage

from napari_simgraph import ClassTable, Image, Labels, MemoryRoom, run
from napari_simgraph.analysis.agglomeration import hierarchy
from napari_simgraph.analysis.blocks import Pace, Volume
from napari_simgraph.analysis.suspects import suspects
from napari_simgraph.capabilities import segmentation

SECTIONS, TAUGHT, FIRST = 18, 6, 20
SMALLEST = 64  # px: smaller overlaps are ragged outlines
BLUR, CUT = 1.5, 0.5  # px; how sure a wall has to be


def blurred(raw: Any) -> Any:
    """Darkness as a boundary probability."""
    smooth = ndimage.gaussian_filter(raw.astype(np.float32), (0, BLUR, BLUR))
    low, high = np.percentile(smooth, (2, 70))
    return np.clip((high - smooth) / (high - low), 0, 1)


def cells(probability: Any) -> Any:
    """Objects of each section by agglomeration."""
    made = np.zeros(probability.shape, np.int64)
    for z, plane in enumerate(probability):
        tree = hierarchy(plane, SMALLEST)
        made[z] = np.where(tree.contours() > CUT, 0, tree.cut(CUT) + 10_000 * z)
    return made


def learned(raw: Any, labels: Any, steps: int) -> tuple[Any, Any]:
    """Boundary probability and objects of a U-Net that learned the first sections."""
    classes = ClassTable.of(["membrane", "cell"])
    space = {"spacing": (50.0, 4.0, 4.0), "unit": "nm"}
    truth = Labels(np.where(labels > 127, 2, 1).astype(np.uint8)[:TAUGHT], classes=classes, **space)
    told = {"threads": 1, "device": "cpu"}
    config = segmentation.Train(steps=steps, minutes=0, holdout=str(TAUGHT - 1), **told)
    image = Image(raw[:TAUGHT], **space)
    model = run(segmentation.train(image, truth, config=config, room=MemoryRoom()))
    config = segmentation.Apply(output="all", average="flips", **told)
    made = run(segmentation.apply(model, Image(raw, **space), config=config, room=MemoryRoom()))
    return np.asarray(made.probability.read())[..., 0], np.asarray(made.instances.read())


def is_wrong(row: dict[str, Any], objects: Any, truth: Any) -> bool:
    """Whether a place is a mistake: one object over two cells, or two objects over one."""
    z = row["section"]
    mine = [objects[z] == n for n in (row["object"], row["other"]) if n]
    counts = [np.bincount(truth[z][mask], minlength=2)[1:] for mask in mine]
    if len(mine) == 1:
        second = np.sort(counts[0])[-2:][0] if len(counts[0]) > 1 else 0
        return bool(second >= SMALLEST)
    return bool(counts[0].argmax() == counts[1].argmax() and min(c.max() for c in counts) > 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=0, help="train a U-Net instead of blurring")
    asked = parser.parse_args()
    folder = Path(os.environ.get("SIMGRAPH_DATA", "../shared/data")) / "isbi2012"
    raw = tifffile.imread(folder / "train-volume.tif")[:SECTIONS]
    labels = tifffile.imread(folder / "train-labels.tif")[:SECTIONS]
    truth = np.stack([ndimage.label(plane > 127)[0] for plane in labels])
    probability = blurred(raw)
    if asked.steps:
        probability, objects = (a[TAUGHT:] for a in learned(raw, labels, asked.steps))
        raw, truth = raw[TAUGHT:], truth[TAUGHT:]
    else:
        objects = cells(probability)
    table = run(
        suspects(
            Volume(objects, 3), lambda z: probability[z].astype(np.float32), 10**6, Pace(len(raw))
        )
    )
    rows = [{key: values[i] for key, values in table.columns.items()} for i in range(len(table))]
    told = {"boundary": f"{asked.steps} steps" if asked.steps else "blurred", "sections": len(raw)}
    wrong = np.array([is_wrong(row, objects, truth) for row in rows])
    merged = table["other"] == 0
    for name, mask in (("merged", merged), ("split", ~merged), ("all", merged | True)):
        found = wrong[mask]
        told[f"{name}_first_{FIRST}"] = float(found[:FIRST].mean().round(3))
        told[f"{name}_first_80"] = float(found[:80].mean().round(3))
        told[f"{name}_by_chance"] = float(found.mean().round(3))
        told[f"{name}_borders"] = len(found)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
