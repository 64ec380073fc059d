"""Areas of interest: few clicks and no labels, beside what a graph must beat.

Everything before the scores is done by our own commands. For VNC (the folder of shared data is
SIMGRAPH_DATA, else ../shared/data; sections 0-9 of stack1 as raw09.tif, all 15 as raw.tif, their
membranes as mem09.tif)::

    S="--spacing 50,4.6,4.6 --unit nm"
    napari-simgraph embedding train --image raw09.tif $S --model emb --minutes 5 --whitening 1
    napari-simgraph segmentation train --image raw09.tif --labels mem09.tif $S --model seg \
        --minutes 5
    napari-simgraph embedding apply --model emb --image raw.tif $S --compare --out all.h5ad
    napari-simgraph interest features --table all.h5ad --model seg --image raw.tif $S \
        --weight 1.4 --out f.h5ad
    napari-simgraph similarity apply --table f.h5ad --out g.h5ad -k 15
    python benchmarks/interest.py vnc --graph g.h5ad

`--scored 11` looks at the section that everything was tuned on. For her2st B4 (the patches nearest
to its 222 spots are clicked and scored; LITE0 as in kather.py)::

    S="--spacing 0.69,0.69 --unit um"
    napari-simgraph embedding train --image B4.jpg $S --patch 128 --steps 100 --model emb
    napari-simgraph embedding apply --model emb --image B4.jpg $S --compare --out all.h5ad
    napari-simgraph interest features --table all.h5ad --out f.h5ad
    napari-simgraph similarity apply --table f.h5ad --out g.h5ad -k 15
    PYTHONPATH=LITE0 python benchmarks/interest.py her2st --graph g.h5ad

How long an answer takes: interest_speed.py.
"""

import argparse
import csv
import json
import os
import re
import time
from functools import partial
from pathlib import Path

import numpy as np
import tifffile
from scipy.spatial import cKDTree

from napari_simgraph import Labels, MemoryRoom, run
from napari_simgraph.analysis.comparing import STATISTICS
from napari_simgraph.analysis.few_clicks import FewClicks, ground, judged_of
from napari_simgraph.analysis.kernel_logistic import logistic
from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.analysis.ranking import auroc, average_precision
from napari_simgraph.analysis.spreading import links
from napari_simgraph.capabilities import interest
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.io.anndata_read import read_graph
from napari_simgraph.io.read import ReadOptions, read

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
LEAST = {"mitochondria": 0.15, "synapses": 0.02}  # share of a patch
TOP, SEEDS = 8, 5  # groups that are shown to the user, seeds of the network without labels
DOUBT = 5  # judged patches of a group that say as much as all others
INTERESTING = {"cancer", "immune"}


def rows_between(text):
    low, _, high = text.partition("-")
    return range(int(low), int(high or low) + 1)


def summary(values):
    low, high = np.percentile(values, [2.5, 97.5])
    return f"{np.mean(values):.3f} [{low:.3f} {high:.3f}]"


def drawn(truth, allowed, count, draws):
    """Clicks: so many of either kind, by chance, among the patches allowed."""
    positive, negative = np.flatnonzero(truth & allowed), np.flatnonzero(~truth & allowed)
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        some = (rng.choice(kind, count, replace=False) for kind in (positive, negative))
        yield judged_of(*some)


class Methods:
    """Scores of all patches from clicks, each way by its name."""

    def __init__(self, graph, more):
        self.graph, self.matrix = graph, links(graph)
        *_, prepared = ground(graph.table.values, self.matrix)
        self.few = FewClicks(prepared)
        self.ways = {
            "ours": lambda judged: self.few.answer(judged).score,
            "logistic regression, same features": lambda judged: plain(graph.table.values, judged),
            "label propagation, same graph": lambda judged: self.few.reach(judged),
        }
        if STATISTICS in graph.table.beside:
            hand = graph.table.beside[STATISTICS]
            self.ways["logistic regression, hand-made"] = lambda judged: plain(hand, judged)
            whole = np.sqrt(hand.shape[1]) * unit(hand)
            self.ways["the same, not held back"] = lambda judged: plain(whole, judged, scale=1)
        self.ways |= more


def plain(values, judged, scale=0):
    """Logistic regression; `scale` takes the features as they are."""
    points = values if scale else unit(values)
    known = points[judged.rows]
    parts, _ = logistic(known @ known.T, judged.like)
    return points @ (parts @ known).astype(np.float32)


def compare(graph, truths, where, draws, more):
    """Ours and all others, `more` of them by name; `where` are clicks allowed, what is scored."""
    methods, (allowed, scored) = Methods(graph, more), where
    for name, truth in truths.items():
        print(f"\n{name}: {truth[scored].sum()} of {scored.sum()} patches")
        for count in (5, 20):
            for way, call in methods.ways.items():
                found = []
                for judged in drawn(truth, allowed, count, draws):
                    seen = scored.copy()
                    seen[judged.rows] = False
                    said = call(judged)[seen]
                    found.append((auroc(said, truth[seen]), average_precision(said, truth[seen])))
                one, other = np.array(found).T
                print(
                    f"{count} + {count}  {way:36s} {summary(one)}  AP {summary(other)}", flush=True
                )


def unlabelled(graph, truths, where, asked):
    """The most precise of the top groups is confirmed, for several seeds; k-means beside it.

    How precise a group is, is looked up where clicks are allowed.
    """
    allowed, scored = where
    kinds = {"groups by network": None}
    if STATISTICS in graph.table.beside:
        kinds["k-means, hand-made"] = graph.table.beside[STATISTICS]
    found = {(kind, name): [] for kind in kinds for name in truths}
    for seed in range(asked.seeds):
        config = interest.Train(steps=asked.steps, minutes=0, seed=seed, threads=1, way="groups")
        model = run(interest.train(graph, config=config, room=MemoryRoom()))
        tables = {}
        for name, truth in truths.items():
            for kind, values in kinds.items():
                key = (kind, seed)
                if values is None:
                    said = confirmed(model, graph, (truth, allowed), tables)
                else:
                    said = by_k_means(values, (truth, allowed), seed)
                one = auroc(said[scored], truth[scored])
                found[kind, name].append((one, average_precision(said[scored], truth[scored])))
                print(seed, key[0], name, np.round(found[kind, name][-1], 3), flush=True)
    for (kind, name), values in found.items():
        one, other = np.array(values).T
        print(f"no labels  {kind:22s} {name:14s} {summary(one)}  AP {summary(other)}")


def most_precise(number, truth, allowed):
    """Of groups 0 to TOP - 1 the one with the greatest share of what is looked for.

    A group of which few patches were judged is held back towards the share in all.
    """
    usual = DOUBT * truth[allowed].mean()
    seen = [truth[allowed & (number == one)] for one in range(TOP)]
    return int(np.argmax([(one.sum() + usual) / (len(one) + DOUBT) for one in seen]))


def confirmed(model, graph, known, tables):
    """Scores when the user confirms the most precise of the top groups."""

    def table(number):
        if number not in tables:
            config = interest.Apply(group=number, threads=1)
            tables[number] = run(interest.apply(model, graph, config=config, room=MemoryRoom()))
        return tables[number]

    return table(most_precise(table(1).columns["group"] - 1, *known) + 1).score


def by_k_means(values, known, seed):
    """The same with the eight largest of 20 clusters of hand-made features: near to its middle."""
    from napari_simgraph.analysis.clusters import k_means

    points = unit(values)
    number = run(k_means(points, 20, seed=seed))
    best = most_precise(number, *known)
    return points @ unit(points[number == best].mean(0)[None])[0]


def vnc(asked):
    graph = read_graph(asked.graph)
    grid = graph.table.grid
    folder, truths = DATA / "groundtruth_vnc", {}
    for name, least in LEAST.items():
        mask = (tifffile.imread(folder / f"stack1-{name}.tif") > 127).astype(np.uint8)
        labels = Labels(mask, classes=ClassTable.of([name]))
        truths[name] = pool(grid, labels)[:, 0] >= least
    allowed = np.isin(grid.z, rows_between(asked.clicks))
    scored = np.isin(grid.z, rows_between(asked.scored))
    compare(graph, truths, (allowed, scored), asked.draws, {})
    if asked.seeds:
        unlabelled(graph, truths, (allowed, scored), asked)


def her2st(asked):
    graph = read_graph(asked.graph)
    grid = graph.table.grid
    truth, spots = spots_on(grid)
    everywhere = np.zeros(len(grid), bool)
    everywhere[spots] = True
    whole = np.zeros(len(grid), bool)
    whole[spots] = truth
    truths, where = {"cancer and immune": whole}, (everywhere, everywhere)
    compare(graph, truths, where, asked.draws, on_spots(grid, spots))
    if asked.seeds:
        unlabelled(graph, truths, where, asked)


def on_spots(grid, spots):
    """Ways from clicks to scores that look at the pictures of the spots alone."""
    from interest_beside import beside_of, regression

    pixels = read(str(DATA / "her2st" / "B4.jpg"), options=ReadOptions()).image.section(0)

    def way(values, judged):
        said = np.zeros(len(grid), np.float32)
        said[spots] = regression(values, judged, spots)
        return said

    found = beside_of(pixels, grid, spots)
    return {f"logistic regression, {name}": partial(way, one) for name, one in found.items()}


def spots_on(grid):
    """Truth and patch of each spot: the patch whose middle is nearest."""
    meaning = json.loads((DATA / "her2st" / "clusters.json").read_text())["B"]
    with (DATA / "her2st" / "B4_spots.csv").open() as file:
        lines = list(csv.DictReader(file))
    truth = [bool(INTERESTING & set(re.split(r"\W+", meaning[one["cluster"]]))) for one in lines]
    places = np.array([[float(one["pixel_y"]), float(one["pixel_x"])] for one in lines])
    down, right = grid.finest(0)
    middles = np.stack([(grid.y + grid.size / 2) * down, (grid.x + grid.size / 2) * right], 1)
    far, rows = cKDTree(middles).query(places)
    print(f"{len(rows)} spots, {np.median(far):.0f} px from the middle of their patch")
    rows, first = np.unique(rows, return_index=True)
    return np.array(truth)[first], rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", choices=("vnc", "her2st"))
    parser.add_argument("--graph", default="")
    parser.add_argument("--clicks", default="0-9")
    parser.add_argument("--scored", default="12-14")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--steps", type=int, default=150)
    asked = parser.parse_args()
    begun = time.process_time()
    {"vnc": vnc, "her2st": her2st}[asked.data](asked)
    print(f"\n{time.process_time() - begun:.0f} s of processor time")


if __name__ == "__main__":
    main()
