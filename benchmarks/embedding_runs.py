"""What the benchmarks of embeddings have in common: learning, and tables beside baselines."""

from __future__ import annotations

import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from napari_simgraph import MemoryRoom, run
from napari_simgraph.capabilities import embedding

DATA = Path(os.environ.get("SIMGRAPH_DATA", Path(__file__).parents[2] / "shared" / "data"))
CPU = {"threads": 1, "device": "cpu"}


def learned(images, **settings):
    """A model, and what learning took: processor seconds and what tells its health."""
    config = embedding.Train(minutes=0, **CPU, **settings)
    begun = time.process_time()
    model = run(embedding.train(images, config=config, room=MemoryRoom()))
    told = {**settings, "cpu_seconds": round(time.process_time() - begun, 1)}
    return model, told | {"health": rounded(model.metrics)}


def embedded(model, images, **settings):
    """The table of all patches, with plain features and the untrained network beside it."""
    config = embedding.Apply(**{**CPU, "compare": True, **settings})
    return run(embedding.apply(model, images, config=config, room=MemoryRoom()))


def kinds(table):
    """Points of each kind of feature by name."""
    return {"learned": table.values, **table.beside}


def rounded(figures):
    """The same to four digits."""
    return {name: round(float(value), 4) for name, value in figures.items()}


def bootstrap(ours, theirs, draws=10_000):
    """Mean difference of paired figures and its 95 % interval, from resampled pairs."""
    off = np.asarray(ours, float) - np.asarray(theirs, float)
    rng = np.random.default_rng(0)
    means = off[rng.integers(0, len(off), (draws, len(off)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return rounded({"difference": off.mean(), "low": low, "high": high})
