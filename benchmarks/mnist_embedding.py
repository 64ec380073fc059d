"""MNIST without labels: 10-NN on the test set, beside raw pixels and an untrained network.

    python benchmarks/mnist_embedding.py --steps 400 --seed 0

One CPU thread. Prints one JSON object; `cpu_seconds` is processor time of the training.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from napari_simgraph import ImageSet, MemoryRoom, run
from napari_simgraph.analysis.retrieval import agreement
from napari_simgraph.capabilities import embedding
from napari_simgraph.io.read import ReadOptions, read

DATA = Path(os.environ.get("SIMGRAPH_DATA", Path(__file__).parents[2] / "shared" / "data"))


def digits(file, part):
    """The pictures of a part of the file, each with its digit as class."""
    images = read(f"{file}::x_{part}", options=ReadOptions(axes="NYX")).image
    truth = tuple(str(digit) for digit in np.load(file)[f"y_{part}"])
    return ImageSet(images.images, truth, name=part)


def scores(model, images, features):
    """Agreement of the test pictures with their neighbours among the training pictures."""
    config = embedding.Apply(features=features, threads=1, device="cpu", background="keep")
    tables = [run(embedding.apply(model, one, config=config, room=MemoryRoom())) for one in images]
    found = agreement(tables[1], tables[0], 10)
    return {name: round(value, 4) for name, value in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", default=str(DATA / "mnist" / "mnist.npz"))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--loss", default="ntxent")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--baselines", default="pixels,untrained")
    asked = parser.parse_args()
    train, test = digits(asked.file, "train"), digits(asked.file, "test")
    unlabelled = ImageSet(train.images, name="train")
    settings = {"steps": asked.steps, "batch": asked.batch, "loss": asked.loss, "seed": asked.seed}
    config = embedding.Train(minutes=0, patch=28, threads=1, device="cpu", **settings)
    begun = time.process_time()
    model = run(embedding.train(unlabelled, config=config, room=MemoryRoom()))
    told = {**settings, "cpu_seconds": round(time.process_time() - begun, 1)}
    told["health"] = {name: round(value, 4) for name, value in model.metrics.items()}
    print(json.dumps(told), flush=True)
    for features in ["learned", *filter(None, asked.baselines.split(","))]:
        told[features] = scores(model, (train, test), features)
        print(json.dumps({features: told[features]}), flush=True)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
