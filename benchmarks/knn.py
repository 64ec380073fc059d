"""Ten nearest neighbours of each of 50 000 x 128 points, beside FAISS and usearch in one run.

    pip install faiss-cpu usearch      # only for this; what is missing is left out
    python benchmarks/knn.py

Points are the pictures of MNIST in their first 128 principal components. Prints a line each: wall
and processor seconds, and the share of the true neighbours that was found.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from napari_simgraph import run
from napari_simgraph.analysis.index import PROBES, approximate, build_index
from napari_simgraph.analysis.neighbours import exact, unit

DATA = Path(os.environ.get("SIMGRAPH_DATA", Path(__file__).parents[2] / "shared" / "data"))
K, CHECKED = 10, 5000


def points(count):
    """Unit vectors of 128 numbers, their components half whitened as those of an embedding."""
    pictures = np.load(DATA / "mnist" / "mnist.npz")["x_train"][:count]
    flat = pictures.reshape(len(pictures), -1).astype(np.float32) / 255
    flat -= flat.mean(0)
    vectors = np.linalg.eigh(flat.T @ flat)[1][:, ::-1][:, :128]
    turned = flat @ vectors
    return unit(turned / np.sqrt(turned.std(0)))


def measured(name, search, truth=None):
    """What a search finds, with its time told."""
    wall, cpu = time.perf_counter(), time.process_time()
    rows = search()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    told = f"{name:34s} wall {wall:6.2f} s   processor {cpu:6.2f} s"
    if truth is not None:
        pairs = zip(rows[:CHECKED].tolist(), truth[:CHECKED].tolist(), strict=True)
        told += f"   recall {np.mean([len(set(a) & set(b)) for a, b in pairs]) / K:.4f}"
    print(told, flush=True)
    return rows


def ours(data, probes):
    return run(approximate(run(build_index(data)), K, probes)).rows


def faiss_lists(data, probes):
    import faiss

    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(128), 128, 4 * round(len(data) ** 0.5), faiss.METRIC_INNER_PRODUCT
    )
    index.train(data[:: max(1, len(data) // 36_000)])
    index.add(data)
    index.nprobe = probes
    return index.search(data, K + 1)[1]


def faiss_flat(data):
    import faiss

    index = faiss.IndexFlatIP(128)
    index.add(data)
    return index.search(data, K + 1)[1]


def usearch_graph(data):
    from usearch.index import Index

    index = Index(ndim=128, metric="ip", connectivity=16, expansion_add=64, expansion_search=64)
    index.add(np.arange(len(data)), data)
    return index.search(data, K + 1).keys.astype(np.int64)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    data = points(parser.parse_args().count)
    truth = measured("exact", lambda: run(exact(data, K)).rows)
    for probes in (16, PROBES, 32):
        search = lambda probes=probes: ours(data, probes)  # noqa: E731
        measured(f"approximate, {probes} lists", search, truth)
    if find_spec("faiss"):
        measured("FAISS IndexFlatIP", lambda: faiss_flat(data), truth)
        for probes in (8, 32):
            search = lambda probes=probes: faiss_lists(data, probes)  # noqa: E731
            measured(f"FAISS IVF, {probes} lists", search, truth)
    if find_spec("usearch"):
        measured("usearch, M 16, ef 64", lambda: usearch_graph(data), truth)


if __name__ == "__main__":
    main()
