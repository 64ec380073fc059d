"""Classes: MNIST, MNIST with unequal classes, and magnetic tiles in four folds by tile.

    python benchmarks/classification.py mnist --steps 1250 --set batch=128
    python benchmarks/classification.py longtail --steps 500 --set batch=128
    python benchmarks/classification.py step --steps 500 --set batch=128
    python benchmarks/classification.py tiles --ways known known_plain lite --set size=352
    python benchmarks/classification.py tiles --steps 200 --ways ours plain --set size=128 batch=32

Of MNIST `longtail` leaves class k a share of 100 ** (-k / 9), `step` cuts five classes to a
hundredth, which five by the seed (Buda, Maki, Mazurowski, A systematic study of the class imbalance
problem, 2018, section 3.3). One CPU thread; `cpu_seconds` is processor time of training and
testing. A line of JSON for each network: `ours` as it learns by default, `plain` the same network
by plain cross-entropy from pictures as they are; `known` the last layer alone on what our own
EfficientNet-Lite0 sees with weights of ImageNet, `known_plain` the same by plain cross-entropy. See
`peers_classification.py` for `usual`, the CNN of PyTorch's MNIST example by plain cross-entropy,
and `lite`, a frozen EfficientNet-Lite0 with a balanced logistic head. Of the tiles all pictures are
judged once, each by networks that saw no other picture of its tile. `--held-out N` judges the last
training pictures of MNIST instead of the test set: for choosing settings; `--inner` does the same
within the first fold of the tiles.
"""

from __future__ import annotations

import argparse
import json
import time

import embedding_runs as runs  # first: sets the threads
import numpy as np
import peers_classification as peers
from sklearn.model_selection import StratifiedGroupKFold

from napari_simgraph import ImageSet, MemoryRoom, run
from napari_simgraph.analysis.class_report import report
from napari_simgraph.capabilities import classification
from napari_simgraph.io.picture_tables import with_groups
from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.learn.class_rows import taken

FOLDS = 4
USUAL = {"ours": {}, "plain": {"unequal": "plain", "views": "none"}}
KNOWN = {"network": "efficientnet-lite0", "weights": "imagenet", "layers": "last"}
WAYS = USUAL | {"known": KNOWN, "known_plain": KNOWN | {"unequal": "plain"}}
PEERS = {"usual": peers.usual, "lite": peers.lite}


def digits(part):
    """The pictures of a part of MNIST with their classes."""
    images = read(f"{runs.DATA / 'mnist' / 'mnist.npz'}::x_{part}").image
    return np.array(images.image_classes), images


def some(images, classes, numbers):
    """The set of some of the pictures."""
    chosen = tuple(images.images[int(n)] for n in numbers)
    return ImageSet(chosen, tuple(str(classes[n]) for n in numbers), name="part")


def shares(what, names, seed, factor):
    """The share that each class keeps."""
    if what == "longtail":
        return factor ** (-np.arange(len(names)) / (len(names) - 1))
    few = np.random.default_rng(seed).permutation(len(names))[: len(names) // 2]
    return np.where(np.isin(np.arange(len(names)), few), 1 / factor, 1.0)


def cut(what, classes, seed, asked):
    """Numbers of the pictures that are left."""
    rng, names = np.random.default_rng(seed), np.unique(classes)
    kept = [
        rng.permutation(np.flatnonzero(classes == name))[: round(asked.largest * share)]
        for name, share in zip(names, shares(what, names, seed, asked.factor), strict=True)
    ]
    return np.sort(np.concatenate(kept))


def judged(way, train, test, settings):
    """Chances of the test pictures, their true classes, the names, and processor time."""
    if way in PEERS:
        return PEERS[way](train, test, settings)
    begun, settings = time.process_time(), settings | WAYS[way]
    config = classification.Train(threads=1, device="cpu", minutes=0, compare=False, **settings)
    model = run(classification.train(train, config=config, room=MemoryRoom()))
    learned = time.process_time() - begun
    config = classification.Apply(threads=1, device="cpu")
    found = run(classification.apply(model, test, config=config, room=MemoryRoom()))
    names = [name.casefold() for name in found.names]
    truth = np.array([names.index(one.casefold()) for one in test.image_classes])
    return found.chances, truth, found.names, learned, time.process_time() - begun


def tell(what, way, chances, truth, names, seconds, settings):
    figures = report(chances, truth, names).summary()
    told = {"what": what, "way": way, **settings}
    told |= {"train_cpu_s": round(seconds[0]), "cpu_seconds": round(seconds[1])}
    print(json.dumps(told | {k: round(v, 4) for k, v in figures.items()}), flush=True)


def mnist(asked, settings):
    classes, train = digits("train")
    if asked.held_out:
        middle = len(classes) - asked.held_out
        parts = (
            some(train, classes, range(middle)),
            some(train, classes, range(middle, middle + asked.held_out)),
        )
    else:
        names, test = digits("test")
        parts = some(train, classes, range(len(classes))), some(test, names, range(len(names)))
    unequal = asked.what != "mnist"
    known = np.array(parts[0].image_classes)
    for seed in asked.seeds:
        # the long tail is that of earlier figures: the same pictures for all seeds
        chosen = cut(asked.what, known, seed * (asked.what == "step"), asked) if unequal else None
        train = parts[0] if chosen is None else some(parts[0], known, chosen)
        for way in asked.ways if unequal else ["ours"]:
            how = {"holdout": 0.0, **settings, "seed": seed}
            chances, truth, names, *seconds = judged(way, train, parts[1], how)
            tell(asked.what, way, chances, truth, names, seconds, how)


def tiles(asked, settings):
    folder = runs.DATA / "magnetic_tile"
    images, _ = with_groups(
        read(folder, options=ReadOptions(axes="N")).image, folder / "groups.csv"
    )
    classes, groups = np.array(images.image_classes), np.array(images.image_groups)
    if asked.inner:
        first = next(iter(folds(classes, groups)))[0]
        images, classes, groups = taken(images, first), classes[first], groups[first]
    for way in asked.ways:
        chances = truth = names = None
        seconds = np.zeros(2)
        how = {"holdout": 0.0, **settings}
        for train, test in folds(classes, groups):
            parts = taken(images, train), taken(images, test)
            one, true, names, *spent = judged(way, *parts, how)
            seconds += spent
            if chances is None:
                chances, truth = np.zeros((len(classes), len(names))), np.zeros(len(classes), int)
            chances[test], truth[test] = one, true
        tell("tiles", way, chances, truth, names, seconds, how)


def folds(classes, groups):
    """Four parts, classes spread evenly, each tile in one of them."""
    parted = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return parted.split(np.zeros(len(classes)), classes, groups)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("mnist", "longtail", "step", "tiles"))
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--ways", nargs="+", default=list(USUAL), choices=[*WAYS, *PEERS])
    parser.add_argument("--largest", type=int, default=5000, help="pictures of the largest class")
    parser.add_argument("--factor", type=float, default=100, help="times fewer of the smallest")
    parser.add_argument("--held-out", type=int, default=0)
    parser.add_argument("--inner", action="store_true")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="more settings")
    asked = parser.parse_args()
    settings = {"steps": asked.steps, **dict(pair.split("=") for pair in asked.set)}
    tiles(asked, settings) if asked.what == "tiles" else mnist(asked, settings)


if __name__ == "__main__":
    main()
