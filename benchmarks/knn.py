"""Ten nearest neighbours of each of 50 000 x 128 points, beside FAISS and usearch in one run.

    pip install faiss-cpu usearch      # only for this; what is missing is left out
    python benchmarks/knn.py           # learns from MNIST for a minute, for real points
    python benchmarks/mnist_embedding.py --keep train.h5ad && python benchmarks/knn.py \
        --table train.h5ad

Points are learned embeddings of the training pictures of MNIST. Prints a line each: wall and
processor seconds, and the share of the true neighbours that was found. `--rounds` repeats all in
turns and tells medians.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from importlib.util import find_spec

import embedding_runs as runs
import numpy as np
from mnist_embedding import SETS, pictures
from threadpoolctl import threadpool_limits

from napari_simgraph import ImageSet, run
from napari_simgraph.analysis.index import PROBES, approximate, build_index
from napari_simgraph.analysis.neighbours import exact, unit
from napari_simgraph.io.anndata_read import read_table

K, CHECKED = 10, 5000
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def points(table, count):
    """Unit vectors: of a table, else learned in 100 steps."""
    if table:
        return unit(read_table(table).values[:count])
    train = pictures(runs.DATA / "mnist" / SETS["mnist"], "train").images[:count]
    images = ImageSet(tuple(train), name="train")
    told = {"steps": 100, "batch": 256, "patch": 28, "background": "keep"}
    model, _ = runs.learned(images, **told)
    return unit(runs.embedded(model, images, background="keep", compare=False).values)


def measured(search):
    """What a search finds, its wall and its processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    with threadpool_limits(THREADS):  # of BLAS and of FAISS, for all the same
        rows = search()
    return rows, time.perf_counter() - wall, time.process_time() - cpu


def recall(rows, truth):
    """Share of the true neighbours among those found (FAISS finds the row itself, too)."""
    pairs = zip(rows[:CHECKED].tolist(), truth[:CHECKED].tolist(), strict=True)
    return np.mean([len(set(a) & set(b)) for a, b in pairs]) / K


def ours(data, probes):
    return run(approximate(run(build_index(data)), K, probes)).rows


def faiss_lists(data, probes):
    import faiss

    lists = 4 * round(len(data) ** 0.5)
    width = data.shape[1]
    flat = faiss.IndexFlatIP(width)
    index = faiss.IndexIVFFlat(flat, width, lists, faiss.METRIC_INNER_PRODUCT)
    index.train(data[:: max(1, len(data) // 36_000)])
    index.add(data)
    index.nprobe = probes
    return index.search(data, K + 1)[1]


def faiss_flat(data):
    import faiss

    index = faiss.IndexFlatIP(data.shape[1])
    index.add(data)
    return index.search(data, K + 1)[1]


def usearch_graph(data):
    from usearch.index import Index

    width = data.shape[1]
    index = Index(ndim=width, metric="ip", connectivity=16, expansion_add=64, expansion_search=64)
    index.add(np.arange(len(data)), data, threads=THREADS)
    return index.search(data, K + 1, threads=THREADS).keys.astype(np.int64)


def searches(data):
    """All ways to search by name, ours first."""
    found = {"exact": lambda: run(exact(data, K)).rows}
    for probes in (16, PROBES, 32):
        found[f"approximate, {probes} lists"] = lambda probes=probes: ours(data, probes)
    if find_spec("faiss"):
        found["FAISS IndexFlatIP"] = lambda: faiss_flat(data)
        for probes in (8, 16, 32):
            found[f"FAISS IVF, {probes} lists"] = lambda probes=probes: faiss_lists(data, probes)
    if find_spec("usearch"):
        found["usearch, M 16, ef 64"] = lambda: usearch_graph(data)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--table", default="")
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    data = points(asked.table, asked.count)
    print(f"{data.shape[0]} x {data.shape[1]} points, {THREADS} threads", flush=True)
    times, found = defaultdict(list), {}
    for _ in range(asked.rounds):
        for name, search in searches(data).items():
            found[name], *spent = measured(search)
            times[name].append(spent)
    for name, spent in times.items():
        wall, cpu = np.median(spent, axis=0)
        shared = recall(found[name], found["exact"])
        print(f"{name:34s} wall {wall:6.2f} s   processor {cpu:6.2f} s   recall {shared:.4f}")


if __name__ == "__main__":
    main()
