"""Ten nearest neighbours of each of a million x 128 points on two cores: time, memory, recall.

    python benchmarks/mnist_embedding.py --keep train.h5ad
    python benchmarks/knn_million.py --table train.h5ad

The points are those of the table and, since no set of the data folder has a million pictures,
points between each and its neighbours: a row and one of its ten neighbours, mixed by chance, so
that the points lie where real ones lie and as densely as in a set that large. Peak memory is that
of a process of its own, points included; recall is told of 500 rows, found by comparing with all.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time

import numpy as np

from napari_simgraph import run
from napari_simgraph.analysis.index import PROBES, approximate, build_index
from napari_simgraph.analysis.neighbours import as_edges, exact, nearest, unit
from napari_simgraph.io.anndata_read import read_table

K, CHECKED = 10, 500


def many(table, count):
    """Unit vectors ``(count, D)`` from those of a table."""
    known = unit(read_table(table).values)
    found = run(exact(known, K)).rows
    rng = np.random.default_rng(0)
    points = np.empty((count, known.shape[1]), np.float32)
    for start in range(0, count, len(known)):
        part = points[start : start + len(known)]
        rows = np.arange(len(part))
        other = found[rows, rng.integers(0, K, len(part))]
        share = rng.uniform(0, 0.5, (len(part), 1)).astype(np.float32)
        part[:] = unit(known[rows] * (1 - share) + known[other] * share)
    return points


def search(asked):
    """In a process of its own: neighbours and edges, told with time, memory and recall."""
    file, probes = asked
    points = np.load(file)
    wall, cpu = time.perf_counter(), time.process_time()
    found = run(approximate(run(build_index(points)), K, probes))
    searched = time.perf_counter() - wall, time.process_time() - cpu
    edges = as_edges(found)
    told = {"search": searched, "edges": len(edges.ends)}
    told["with_edges"] = time.perf_counter() - wall, time.process_time() - cpu
    told["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows = np.random.default_rng(1).choice(len(points), CHECKED, replace=False)
    truth = nearest(points, points[rows], K + 1).rows
    pairs = zip(found.rows[rows].tolist(), truth.tolist(), strict=True)
    told["recall"] = np.mean([len(set(a) & set(b)) for a, b in pairs]) / K
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", required=True)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--probes", type=int, default=PROBES)
    parser.add_argument("--points", default="points.npy", help="A file for them; is overwritten.")
    asked = parser.parse_args()
    np.save(asked.points, many(asked.table, asked.count))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        told = pool.apply(search, ((asked.points, asked.probes),))
    print(f"{asked.count} points, {asked.probes} lists, {told['edges']} edges")
    for name in ("search", "with_edges"):
        wall, cpu = told[name]
        print(f"{name:12s} wall {wall / 60:5.2f} min   processor {cpu / 60:5.2f} min")
    print(f"peak memory {told['peak_gb']:.2f} GB   recall {told['recall']:.4f}")


if __name__ == "__main__":
    main()
