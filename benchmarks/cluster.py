"""What handing blocks to Dask workers costs: processor time a block, beside one process.

    python benchmarks/cluster.py
    python benchmarks/cluster.py --workers 1 2 4 --sections 8 --width 32

Probabilities of VNC sections (1024 x 1024, tiles of 512 px) by a network with random weights, since
only time counts: here, and by workers of this machine with one thread each. All have done as much
before, so libraries are loaded; sending and loading the network is in. Processor time is that of
this process (with the scheduler) and of all workers together, so it stays true beside other work.
"""

import argparse
import json
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import tifffile
from distributed import LocalCluster

from napari_simgraph import ClassTable, Image, MemoryRoom, Model, run
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Progress
from napari_simgraph.learn.state import pack
from napari_simgraph.nets import build
from napari_simgraph.scale.cluster import on_cluster

HERE = Path(__file__).resolve().parent
RULE = {"rule": "clipped mean and spread", "low": 0.5, "high": 99.5, "blocks": 4, "edge": 64}
HOW = {"output": "probability", "boundaries": "raw", "average": "none", "scale": "off"}


def sections(count):
    folder = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
    stack = tifffile.imread(folder / "groundtruth_vnc" / "stack1-raw.tif", key=range(count))
    return Image(stack.reshape(count, *stack.shape[-2:]), name="VNC")


def network(width):
    options = {"in_channels": 1, "out_channels": 2, "width": width, "depth": 4, "residual": False}
    arrays = pack(build("unet", seed=0, **options))
    told = {"classes": ClassTable.of(["membrane", "cell"]), "channels": 1, "normalisation": RULE}
    return Model("segmentation", arrays, {"name": "unet", "options": options}, **told)


def used():
    """Processor seconds so far of this process and of those that it began."""
    here = psutil.Process()
    every = [one.cpu_times() for one in (here, *here.children(recursive=True))]
    return sum(one.user + one.system for one in every)


def timed(make):
    """What a job gives, its processor seconds, seconds by the clock, and its number of blocks."""
    said = [""]

    def hear(tick):
        if isinstance(tick, Progress) and tick.text.endswith(" blocks"):
            said.append(tick.text)

    begun, clock = used(), time.perf_counter()
    made = run(make(), hear)
    seconds = used() - begun, time.perf_counter() - clock
    blocks = int(said[-1].split()[-2]) if said[-1] else 0
    return np.asarray(made.probability.levels[0]), *seconds, blocks


def by_workers(count, model, image, other):
    cluster = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    with tempfile.TemporaryDirectory() as folder:

        def job(one):
            told = {"config": segmentation.Apply(**HOW), "room": MemoryRoom()}
            address, blocks = cluster.scheduler_address, Path(folder, "blocks")
            return on_cluster(address, segmentation.apply, model, one, blocks=blocks, **told)

        timed(lambda: job(other))
        found = timed(lambda: job(image))
    with suppress(TimeoutError):  # a busy machine takes long to end them
        cluster.close()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--sections", type=int, default=4)
    parser.add_argument("--width", type=int, default=16)
    asked = parser.parse_args()
    model, image = network(asked.width), sections(asked.sections)
    other = Image(image.read()[:, ::-1].copy(), name="other")
    config = segmentation.Apply(**HOW, device="cpu", threads=1)

    def alone(one):
        return segmentation.apply(model, one, config=config, room=MemoryRoom())

    timed(lambda: alone(other))
    here, cpu, clock, _ = timed(lambda: alone(image))
    print(json.dumps({"workers": 0, "cpu_s": round(cpu, 2), "seconds": round(clock, 2)}))
    for count in asked.workers:
        made, more, clock, blocks = by_workers(count, model, image, other)
        row = {"workers": count, "blocks": blocks, "cpu_s": round(more, 2)}
        row |= {"blocks_a_cpu_s": round(blocks / more, 2), "here": round(blocks / cpu, 2)}
        row |= {"overhead_ms_a_block": round(1000 * (more - cpu) / blocks)}
        row |= {"equal_to_the_bit": bool(np.array_equal(made, here))}
        print(json.dumps(row | {"seconds": round(clock, 2)}), flush=True)


if __name__ == "__main__":
    main()
