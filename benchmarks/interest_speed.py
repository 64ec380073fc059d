"""Areas of interest on a made-up graph: how long an answer takes, and how much memory.

    python benchmarks/interest_speed.py --nodes 1000000 --steps 150

Patches of 64 features, 10 links to alike ones each and those side by side. Answers from the third
click to the fortieth, then GraphSAGE from these clicks (`--steps 0`: not). Seconds of the processor
and of the clock; one thread.
"""

import argparse
import os
import resource
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from napari_simgraph import Image, MemoryRoom, run
from napari_simgraph.analysis.beside import beside
from napari_simgraph.analysis.few_clicks import FewClicks, ground, judged_of
from napari_simgraph.analysis.spreading import links
from napari_simgraph.capabilities import interest
from napari_simgraph.core.graph import SimilarityGraph, edges_of
from napari_simgraph.core.marks import Marks, click
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.tables import EmbeddingTable

LINKS, FEATURES, CLICKS = 10, 64, 40


def made_up(nodes, rng):
    """A square of about so many patches."""
    side = int(np.sqrt(nodes)) * 8
    grid = grid_over(Image(np.zeros((side, side), bool)), 8, 8)
    count = len(grid)
    begins = np.repeat(np.arange(count), LINKS)
    ends = rng.integers(0, count, len(begins))
    weights = rng.uniform(0.5, 1, len(begins)).astype(np.float32)
    edges = edges_of(begins, ends, weights, count)
    table = EmbeddingTable(grid, rng.normal(size=(count, FEATURES)).astype(np.float32))
    return SimilarityGraph(table, {"similarity": edges, "spatial": beside(grid)})


def both():
    """Seconds of the processor and of the clock."""
    return np.array([time.process_time(), time.perf_counter()])


def answers(graph, rows):
    """Seconds of each answer, as more and more rows are clicked."""
    begun = both()
    matrix = links(graph)
    *_, prepared = ground(graph.table.values, matrix)
    cpu, wall = both() - begun
    print(f"{len(graph)} patches, {matrix.nnz} links")
    print(f"ready after {cpu:.1f} s ({wall:.1f} s by the clock)")
    few, spent = FewClicks(prepared), []
    for number in range(2, len(rows) + 1):
        begun = both()
        few.answer(judged_of(rows[:number:2], rows[1:number:2]))
        spent.append(both() - begun)
    return np.array(spent[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=150)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    graph = made_up(asked.nodes, rng)
    rows = rng.choice(len(graph), CLICKS, replace=False)
    times = 1000 * answers(graph, rows)
    for name, one in zip(("of processor time", "by the clock"), times.T, strict=True):
        said = f"p50 {np.median(one):.0f} ms, p95 {np.percentile(one, 95):.0f} ms"
        print(f"an answer: {said} {name}", flush=True)
    if asked.steps:
        config = interest.Train(steps=asked.steps, minutes=0, threads=1, way="sage")
        grid, like = graph.table.grid, set(rows[::2].tolist())
        marks = [click(grid.y[row] + 4, grid.x[row] + 4, like=int(row) in like) for row in rows]
        begun = both()
        run(interest.train(graph, Marks(tuple(marks)), config=config, room=MemoryRoom()))
        cpu, wall = both() - begun
        print(f"GraphSAGE, {asked.steps} steps: {cpu:.0f} s ({wall:.0f} s by the clock)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"at most {peak:.1f} GB of memory")


if __name__ == "__main__":
    main()
