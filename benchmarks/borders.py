"""How much of what is missed on ISBI 2012 lies in the borders that are decided wrongly.

    python benchmarks/borders.py --fold 0 --steps 1600

Trains on three folds and closes the boundaries of the fourth in three ways: as the program does;
with each border between two fragments decided as the truth has it, which is the most that a better
decision could bring; and by trees that learned from the borders of the training sections. They see
the probability along a border, its length, sizes, depths and textures of both sides, and how far
both lie over the same objects of the sections above and below. Prints each as a row of JSON.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from isbi2012 import FOLD, cells, data, say
from scipy import ndimage
from skimage.measure import label
from sklearn.ensemble import ExtraTreesClassifier

from napari_simgraph import MemoryRoom, run
from napari_simgraph.analysis.across import evidence, likeness
from napari_simgraph.analysis.agglomeration import hierarchy, log_odds, touching
from napari_simgraph.analysis.closing import closed_tree
from napari_simgraph.analysis.metrics import stack_scores
from napari_simgraph.capabilities import segmentation
from napari_simgraph.io.models import load_model

QUANTILES = (0, 0.1, 0.25, 0.5, 0.75, 0.9)  # of the log odds along a border
FINE = ((0, 2), (1, 6), (2, 8))  # px: textures are what one blur leaves and the next takes
PURE, LEAST = 0.7, 20  # fragments that are learned from: share in one true cell, px
SURE = 6.0  # log odds of a border that is known
BOUNDED = 1e-3  # odds of trees stay finite
TREES = {"n_estimators": 200, "min_samples_leaf": 5, "max_features": 0.4, "random_state": 0}


class Section:
    """Fragments of a section, and what is known of the borders between them."""

    def __init__(self, boundary, grey, truth):
        self.boundary, self.grey = boundary, grey
        self.tree = hierarchy(boundary)
        found = self.tree.fragments
        true = label(truth, connectivity=1)
        count = np.zeros((found.max() + 1, true.max() + 1))
        np.add.at(count, (found.ravel(), true.ravel()), 1)
        count = count[:, 1:]  # membranes belong to no cell
        cell, size = count.argmax(1), count.sum(1)
        share = count.max(1) / np.maximum(1, size)
        one, other = self.tree.borders[:2]
        self.parted = cell[one] != cell[other]
        self.tells = np.minimum(share[one], share[other]) > PURE
        self.tells &= np.minimum(size[one], size[other]) > LEAST

    def pair(self, values):
        """A value of both sides, the lower one first, and how far they are apart."""
        one, other = (values[side] for side in self.tree.borders[:2])
        return [np.minimum(one, other), np.maximum(one, other), abs(one - other)]

    def inside(self, picture):
        """Mean of a picture in each fragment, where it is no boundary."""
        found, weight = self.tree.fragments.ravel(), (1 - self.boundary).ravel() ** 2
        total = np.bincount(found, weight * picture.ravel())
        return total / (np.bincount(found, weight) + 1e-6)

    def features(self, beside, even):
        """``(borders, F)``; `beside` are objects of the sections above and below."""
        tree, found = self.tree, self.tree.fragments
        odds, borders = log_odds(self.boundary), tree.borders
        span = int(found.max()) + 1
        known = borders.one * span + borders.other
        at, values = [], []
        for before, after, apart, keys in touching(found):
            at.append(np.searchsorted(known, keys))
            values.append(np.maximum(odds[before][apart], odds[after][apart]))
        at, values = np.concatenate(at), np.concatenate(values)
        order = np.lexsort((values, at))
        start, length = np.searchsorted(at[order], np.arange(len(known))), borders.length
        columns = [borders.total / length - even, np.log(length)]
        columns += [values[order][start + (length * q).astype(int)] for q in QUANTILES]
        depth = ndimage.distance_transform_edt(self.boundary < 0.3)
        columns += self.pair(ndimage.maximum(depth, found, np.arange(span)))
        columns += self.pair(np.log1p(np.bincount(found.ravel())))
        columns += self.pair(self.inside(self.grey)) + self.pair(self.inside(self.boundary))
        for fine, coarse in FINE:
            blurred = [ndimage.gaussian_filter(self.grey, sigma) for sigma in (fine, coarse)]
            columns += self.pair(np.sqrt(self.inside((blurred[0] - blurred[1]) ** 2)))
        columns += [np.mean([likeness(tree, one) for one in beside], 0)]
        return np.stack([*columns, evidence(tree, beside, even)], 1)

    def closed(self, more, weight):
        """How sure each pixel is inside a cell, if each border had so many log odds."""
        borders = self.tree.borders
        odds = more + np.log(weight) - borders.total / borders.length
        return 1 - closed_tree(self.tree.with_odds(odds), self.boundary, weight, ())


def beside(sections, z, known):
    """The sections above and below, of the same part."""
    return [sections[near] for near in (z - 1, z + 1) if near in known]


def compared(sections, held, truth, weight):
    """The figures of the three ways."""
    even, half = np.log(weight), weight / (1 + weight)
    rest = [z for z in range(len(sections)) if z not in held]
    cut = [one.tree.cut(half) for one in sections]
    seen = {
        z: sections[z].features(beside(cut, z, part), even) for part in (held, rest) for z in part
    }
    tells = {z: sections[z].tells for z in rest}
    trees = ExtraTreesClassifier(**TREES).fit(
        np.concatenate([seen[z][tells[z]] for z in rest]),
        np.concatenate([sections[z].parted[tells[z]] for z in rest]),
    )
    made = {"as the program does": [], "borders as in the truth": [], "learned": []}
    for z in held:
        one = sections[z]
        near = [other.tree for other in beside(sections, z, held)]
        made["as the program does"].append(1 - closed_tree(one.tree, one.boundary, weight, near))
        right = np.where(one.parted, SURE, -SURE)
        made["borders as in the truth"].append(one.closed(right, weight))
        chance = np.clip(trees.predict_proba(seen[z])[:, 1], BOUNDED, 1 - BOUNDED)
        made["learned"].append(one.closed(np.log(chance / (1 - chance)), weight))
    return {name: stack_scores(maps, truth[held]).summary() for name, maps in made.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fold", type=int, default=0, choices=range(4))
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--model", type=Path, help="one that learned from the other folds")
    ask = parser.parse_args()
    image, labels = data()
    held = list(range(ask.fold * FOLD, (ask.fold + 1) * FOLD))
    if ask.model:
        model = load_model(ask.model)
    else:
        how = {"holdout": f"{held[0]}-{held[-1]}", "steps": ask.steps, "minutes": 0, "threads": 1}
        config = segmentation.Train(**how)
        model = run(segmentation.train(image, labels, config=config, room=MemoryRoom()), say)
    how = segmentation.Apply(output="probability", boundaries="raw", threads=1)
    boundary = 1 - cells(model, image, list(range(image.sections)), how)
    grey = image.read().reshape(boundary.shape).astype(np.float32) / 255
    truth = labels.read() == 2
    sections = [Section(*one) for one in zip(boundary, grey, truth, strict=True)]
    weight = float(model.settings["boundary_weight"])
    for name, row in compared(sections, held, truth, weight).items():
        told = {key: round(value, 4) for key, value in row.items()}
        print(json.dumps({"fold": ask.fold, "way": name} | told), flush=True)


if __name__ == "__main__":
    main()
