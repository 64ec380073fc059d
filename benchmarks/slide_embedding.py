"""Embedding a slide: how much longer than the bare network takes on the same patches.

    python benchmarks/slide_embedding.py --rounds 5

The whole of `embedding apply` (laying out, finding tissue, reading, normalising, network,
whitening) and the network alone on the same patches, which lie in memory ready for it, in turns.
Medians of processor time and of the clock; one CPU thread.
"""

from __future__ import annotations

import argparse
import time

import embedding_runs as runs  # first: sets the threads
import numpy as np
import torch

from napari_simgraph import run
from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.embedder import Deep
from napari_simgraph.learn.held import held_network
from napari_simgraph.learn.patchwork import patchwork

SLIDE = "slides/CMU-1-Small-Region.svs"
AT_ONCE = 512  # patches of 64 px: as many as `embedding apply` takes


def spent(call):
    """What a call returns, its processor seconds and those of the clock."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    return found, (time.process_time() - cpu, time.perf_counter() - wall)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slide", default=str(runs.DATA / SLIDE))
    parser.add_argument("--patch", type=int, default=64)
    parser.add_argument("--stride", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    slide = read(asked.slide, options=ReadOptions()).image
    model, _ = runs.learned(slide, steps=1, batch=8, patch=asked.patch)
    embed = lambda: runs.embedded(model, slide, stride=asked.stride, compare=False)  # noqa: E731
    table = embed()
    work = run(patchwork(slide, table.grid, asked.patch, model.normalisation))
    inputs = work.patches(np.arange(len(table)))
    deep = Deep(held_network(model), pick("cpu", 1))
    torch.set_num_threads(1)

    def bare():
        for start in range(0, len(inputs), AT_ONCE):
            deep(inputs[start : start + AT_ONCE])

    times = np.array([(spent(embed)[1], spent(bare)[1]) for _ in range(asked.rounds)])
    whole, alone = np.median(times, axis=0)
    print(f"{len(table)} patches of {asked.patch} px every {asked.stride} px")
    for number, clock in enumerate(("processor", "wall")):
        share = whole[number] / alone[number]
        told = f"whole {whole[number]:6.2f} s   network {alone[number]:6.2f} s"
        print(f"{clock:10s} {told}   {share:.3f} times")


if __name__ == "__main__":
    main()
