"""EM without labels: patches that hold a mitochondrion or a synapse find others of their kind.

    python benchmarks/vnc_retrieval.py --steps 300 --answers 12 13 14

Learned without labels from sections 0-9. Queries are patches of 64 px (every 32 px) of sections
0-9 of which at least 15 % is mitochondrion, or 2 % synapse; answers are all patches of other
sections: mean average precision. Also how well a logistic regression on the points tells such
patches from others, from 20 + 20 examples (mean of 8 draws) and from all of 0-9 (AUROC).
Beside the learned points: statistics of grey values, raw pixels and the untrained network.
"""

from __future__ import annotations

import argparse
import json

import embedding_runs as runs  # first: sets the threads
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from napari_simgraph import Image
from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.analysis.retrieval import average_precision
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.io.read import ReadOptions, read

FOLDER = runs.DATA / "groundtruth_vnc"
LEAST = {"mitochondria": 0.15, "synapses": 0.02}
SIZE = {"spacing": (45.0, 4.6, 4.6), "unit": "nm"}
EXAMPLES, DRAWS = 20, 8
SOME = 1500  # queries at most, spread over all: average precision is a mean anyway


def stack(part, sections):
    """Some sections of a part of stack 1."""
    pixels = read(FOLDER / f"stack1-{part}.tif", options=ReadOptions()).image.read()
    return pixels[sections]


def holds(table, part, sections):
    """For each patch whether it holds enough of a class."""
    share = pool(table.grid, Image((stack(part, sections) > 0).astype(np.float32)))[:, 0]
    return share >= LEAST[part]


def retrieval(known, sought, points, others):
    """Mean average precision of the queries among the answers."""
    rows = np.flatnonzero(known)
    rows = rows[np.linspace(0, len(rows) - 1, min(SOME, len(rows))).astype(int)]
    similarity = unit(points[rows]) @ unit(others).T
    return average_precision(sought[np.argsort(-similarity, axis=1, kind="stable")]).mean()


def probe(known, sought, points, others):
    """AUROC of a logistic regression from few examples and from all."""
    here, there = ((part - points.mean(0)) / points.std() for part in (points, others))
    few = []
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        rows = [rng.choice(np.flatnonzero(side), EXAMPLES, False) for side in (known, ~known)]
        few.append(auroc(here, there, known, sought, np.concatenate(rows), 0.1))
    every = auroc(here, there, known, sought, np.arange(0, len(known), 3), 0.01)
    return {"few_clicks": np.mean(few), "linear": every}


def auroc(here, there, known, sought, rows, strength):
    model = LogisticRegression(C=strength, max_iter=200).fit(here[rows], known[rows])
    return roc_auc_score(sought, model.decision_function(there))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--loss", default="ntxent")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--answers", type=int, nargs="+", default=[12, 13, 14])
    asked = parser.parse_args()
    first = list(range(10))
    images = [Image(stack("raw", part), name="vnc", **SIZE) for part in (first, asked.answers)]
    settings = {name: getattr(asked, name) for name in ("steps", "batch", "loss", "seed")}
    model, told = runs.learned(images[0], patch=64, **settings)
    print(json.dumps(told), flush=True)
    tables = [runs.embedded(model, one, stride=32, background="keep") for one in images]
    points = [runs.kinds(table) for table in tables]
    for part in LEAST:
        known, sought = (
            holds(table, part, sections)
            for table, sections in zip(tables, (first, asked.answers), strict=True)
        )
        for name in points[0]:
            two = (points[0][name], points[1][name])
            figures = {"map": retrieval(known, sought, *two), **probe(known, sought, *two)}
            figures |= {"chance": sought.mean()}
            print(json.dumps({"part": part, "features": name, **runs.rounded(figures)}), flush=True)


if __name__ == "__main__":
    main()
