"""MNIST or Fashion-MNIST without labels: 10-NN on the test set, beside plain features.

    python benchmarks/mnist_embedding.py --steps 400 --seeds 0 1 2
    python benchmarks/mnist_embedding.py --set fashion --steps 560 --views things --dimensions 256

One CPU thread. Prints a line of JSON per seed; `cpu_seconds` is processor time of the training.
`--held-out` scores the last training pictures instead of the test set: for choosing settings.
`--keep` writes the table of the training pictures, for benchmarks/knn.py.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import embedding_runs as runs  # first: sets the threads
import numpy as np

from napari_simgraph import ImageSet
from napari_simgraph.analysis.retrieval import report
from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.io.write_table import write_table

SETS = {"mnist": "mnist.npz", "fashion": "fashion_mnist_20k.npz"}


def pictures(file, part):
    """The pictures of a part of the file, each with its class."""
    images = read(f"{file}::x_{part}", options=ReadOptions(axes="NYX")).image
    truth = tuple(str(digit) for digit in np.load(file)[f"y_{part}"])
    return ImageSet(images.images, truth, name=part)


def parts(file, held_out):
    """Those to learn from and to be the answers, and the queries."""
    train = pictures(file, "train")
    if not held_out:
        return train, pictures(file, "test")
    cut = len(train.images) - held_out
    halves = (slice(0, cut), slice(cut, None))
    return tuple(
        ImageSet(tuple(train.images[one]), train.image_classes[one], name="part") for one in halves
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="mnist", choices=SETS)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--loss", default="ntxent")
    parser.add_argument("--views", default="auto")
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--held-out", type=int, default=0)
    parser.add_argument("--keep", default="")
    asked = parser.parse_args()
    train, test = parts(runs.DATA / "mnist" / SETS[asked.set], asked.held_out)
    unlabelled = ImageSet(train.images, name="train")
    same = {"steps": asked.steps, "batch": asked.batch, "loss": asked.loss, "patch": 28}
    same |= {"views": asked.views, "dimensions": asked.dimensions}
    for seed in asked.seeds:
        settings = {**same, "strength": asked.strength, "seed": seed}
        model, told = runs.learned(unlabelled, background="keep", **settings)
        print(json.dumps(told), flush=True)
        tables = [runs.embedded(model, one, background="keep") for one in (train, test)]
        if asked.keep:
            write_table(tables[0].replace(beside={}), Path(asked.keep))
        print(json.dumps(told | runs.rounded(report(tables[1], tables[0], 10))), flush=True)


if __name__ == "__main__":
    main()
