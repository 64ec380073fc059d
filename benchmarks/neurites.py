"""From membranes to neurites on ISBI 2012: does agglomeration beat a threshold?

    python benchmarks/neurites.py --steps 800 --threads 1 --keep neurites
    python benchmarks/neurites.py --models models --keep neurites_of_models

Trains one model a fold (0, 1, 2: sections 0-5, 6-11, 12-17) on all other sections, and compares on
the held-out ones: the probability cut at one half, at the best threshold, at the threshold that is
best on the other folds; and the objects of the hierarchy, likewise, without and with what the
sections above and below (of the same fold) show. Scores after thinning, as ISBI 2012 has them. Fold
3 is left alone: nothing was ever chosen on it. Probabilities are kept in a folder and used again.

With `--models` those that `isbi2012.py --fold all --keep` left in a folder are used, of all four
folds; the threshold of each is the best of the three others.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from isbi2012 import FOLD, data

from napari_simgraph import MemoryRoom, run
from napari_simgraph.analysis.across import informed
from napari_simgraph.analysis.agglomeration import hierarchy
from napari_simgraph.analysis.choosing import choose_threshold
from napari_simgraph.analysis.instance_scores import object_scores, table_of
from napari_simgraph.analysis.metrics import stack_scores, v_rand_info
from napari_simgraph.analysis.parting import THRESHOLD
from napari_simgraph.capabilities import segmentation
from napari_simgraph.io.models import load_model

FOLDS = (0, 1, 2)
STEPS = np.round(np.arange(0.05, 1.0, 0.05), 2)


def cells(image, labels, fold, asked):
    """How sure each pixel of the held-out sections is inside a cell."""
    path = Path(asked.keep) / f"f{fold}.npy"
    if path.is_file():
        return np.load(path)
    held = list(range(fold * FOLD, (fold + 1) * FOLD))
    if asked.models:
        model = load_model(Path(asked.models) / f"fold{held[0]}")
    else:
        config = segmentation.Train(
            minutes=0, steps=asked.steps, threads=asked.threads, holdout=f"{held[0]}-{held[-1]}"
        )
        model = run(segmentation.train(image, labels, config=config, room=MemoryRoom()))
    how = segmentation.Apply(output="probability", boundaries="raw", threads=asked.threads)
    some = image.replace(data=image.read()[held])
    made = run(segmentation.apply(model, some, config=how, room=MemoryRoom()))
    found = made.probability.read()[..., 1]
    path.parent.mkdir(exist_ok=True)
    np.save(path, found)
    return found


def helped(trees, weight):
    """The hierarchies of neighbouring sections, each merged with what those beside it show."""
    return [
        informed(tree, trees[max(0, z - 1) : z] + trees[z + 1 : z + 2], weight)
        for z, tree in enumerate(trees)
    ]


def cut_scores(trees, truths, threshold):
    """V_Rand and V_Info of the objects at a threshold, and their errors, means over sections."""
    rows = []
    for tree, truth in zip(trees, truths, strict=True):
        one = v_rand_info((tree.contours() <= threshold).astype(np.float32), truth, (0.5,))
        rows.append((one.rand[0], one.info[0], one.precision[0], one.recall[0]))
    names = ("v_rand", "v_info", "precision", "recall")
    return dict(zip(names, np.round(np.mean(rows, 0), 4).tolist(), strict=True))


def errors(trees, truths, threshold):
    from skimage.measure import label

    rows = [
        object_scores(table_of(tree.cut(threshold), label(truth, connectivity=1)))
        for tree, truth in zip(trees, truths, strict=True)
    ]
    means = {name: float(np.mean([getattr(r, name) for r in rows])) for name in ("split", "merge")}
    counts = ("true", "found", "merged_objects", "split_objects")
    return means | {name: sum(getattr(r, name) for r in rows) for name in counts}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--keep", default="neurites", help="folder of the probabilities")
    parser.add_argument("--models", default="", help="folder of models to use")
    asked = parser.parse_args()
    image, labels = data()
    folds = (*FOLDS, 3) if asked.models else FOLDS
    truth = labels.read() == 2
    truths = {f: truth[f * FOLD : (f + 1) * FOLD] for f in folds}
    maps = {f: cells(image, labels, f, asked) for f in folds}
    begun = time.perf_counter()
    alone = {f: [hierarchy(1 - section) for section in maps[f]] for f in folds}
    seconds = (time.perf_counter() - begun) / (len(folds) * FOLD)
    weight = segmentation.Train().boundary_weight
    ways = {"objects": alone, "and sections beside": {f: helped(alone[f], weight) for f in folds}}
    plain = {f: stack_scores(maps[f], truths[f], STEPS) for f in folds}
    half = int(np.argmin(abs(STEPS - 0.5)))
    rows = []
    for fold in folds:
        others = [f for f in folds if f != fold]
        known = int(np.argmax(np.mean([plain[f].rand for f in others], 0)))
        own = plain[fold]
        for what, at in (("one half", half), ("from other folds", known), ("best", own.best())):
            row = {"what": f"threshold, {what}", "at": float(STEPS[at])}
            rows.append(row | {"v_rand": own.rand[at], "v_info": own.info[at], "fold": fold})
        for way, trees in ways.items():
            chosen = choose_threshold(
                [tree for f in others for tree in trees[f]],
                [one for f in others for one in truths[f]],
            )["parting_threshold"]
            best = choose_threshold(trees[fold], list(truths[fold]))["parting_threshold"]
            usual = (("usual", THRESHOLD), ("from other folds", chosen), ("chosen on itself", best))
            for what, at in usual:
                row = {"what": f"{way}, {what}", "at": at, "fold": fold}
                rows.append(row | cut_scores(trees[fold], truths[fold], at))
            wrong = errors(trees[fold], truths[fold], chosen)
            print(json.dumps({"fold": fold, "what": way, "at": chosen} | wrong))
    for what in dict.fromkeys(row["what"] for row in rows):
        some = [row for row in rows if row["what"] == what]
        figures = {k: round(float(np.mean([r[k] for r in some])), 4) for k in ("v_rand", "v_info")}
        each = [[r["at"], round(float(r["v_rand"]), 4), round(float(r["v_info"]), 4)] for r in some]
        print(json.dumps({"what": what} | figures | {"folds": each}))
    print(json.dumps({"seconds_per_section": round(seconds, 3)}))


if __name__ == "__main__":
    main()
