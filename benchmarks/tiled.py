"""Tiled prediction: as exact as the whole image at once, and what the tiles cost.

    python benchmarks/tiled.py --model membranes

Takes a model that `segmentation train` made, and a mosaic of four VNC sections (2048 x 2048). In
every round each way runs once: the whole image at once, our tiles, the bare network on the same
inputs (halo included, made before), the bare network on tiles without a halo, and MONAI's
sliding_window_inference at its default overlap (`pip install monai`; left out where it is absent).
"""

import argparse
import json
import os
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import tifffile
import torch

from napari_simgraph import Image, run
from napari_simgraph.core.job import Progress
from napari_simgraph.io.models import load_model
from napari_simgraph.learn.allocation import keep_freed_blocks
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.normalise import RULE, measure
from napari_simgraph.learn.predict import Predictor, Tiled, tiles
from napari_simgraph.learn.state import unpack
from napari_simgraph.learn.windows import Windows
from napari_simgraph.nets import build, folded, reach

HERE = Path(__file__).resolve().parent
WHOLE = 10**6  # px; one tile


def mosaic(size):
    folder = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
    stack = tifffile.imread(folder / "groundtruth_vnc" / "stack1-raw.tif")
    return np.block([[stack[0], stack[1]], [stack[2], stack[3]]])[:size, :size]


class Ways:
    """The same network, run in different ways on one picture."""

    def __init__(self, model, pixels, asked):
        name, options = model.network["name"], model.network["options"]
        network = build(name, **options)
        unpack(network, model.arrays)
        self.network = folded(network)
        self.place = pick("cpu", asked.threads, asked.precision)
        self.reach, self.exclusive, self.edge = reach(name, options), model.exclusive, asked.edge
        self.windows = Windows(Image(pixels), run(measure(Image(pixels), RULE)))
        self.plane = pixels.shape
        cut = list(tiles(self.plane, self.edge, self.reach))
        self.inputs = [self.read(t.read_rows, t.read_columns) for t in cut]
        self.inner = [self.read(t.rows, t.columns) for t in cut]
        self.aside = Aside()  # a job has one thread and one result for all its sections
        self.out = np.ones((self.network.head.out_channels, *self.plane), np.float32)
        self.all = self.read((0, self.plane[0]), (0, self.plane[1]))

    def read(self, rows, columns):
        pixels = torch.from_numpy(self.windows.read(0, rows, columns))[None]
        return pixels.contiguous(memory_format=torch.channels_last)

    @property
    def share(self):
        """Pixels read for a pixel written."""
        return sum(x.numel() for x in self.inputs) / sum(x.numel() for x in self.inner)

    def painted(self, edge):
        out = self.out

        def write(z, rows, columns, values):
            out[:, slice(*rows), slice(*columns)] = values

        how = Tiled(self.reach, self.exclusive, "none", edge)
        predictor = Predictor(self.network, how, self.place, self.aside)
        run(predictor.section(self.windows, 0, write, Progress))
        return out.copy() if edge == WHOLE else out

    def whole(self):
        return self.painted(WHOLE)

    def tiled(self):
        return self.painted(self.edge)

    def bare(self):
        with torch.no_grad(), self.place.computing():
            for one in self.inputs:
                self.network(one)

    def without_halo(self):
        with torch.no_grad(), self.place.computing():
            for one in self.inner:
                self.network(one)

    def monai(self):
        from monai.inferers import sliding_window_inference

        with torch.no_grad(), self.place.computing():
            scores = sliding_window_inference(self.all, (self.edge, self.edge), 1, self.network)
        return scores[0].float().softmax(0).numpy()


def ratio(seconds, name):
    """Median of the rounds."""
    return round(float(np.median(np.array(seconds["tiled"]) / np.array(seconds[name]))), 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--edge", type=int, default=512)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="full")
    asked = parser.parse_args()
    keep_freed_blocks()  # as the command line does
    ways = Ways(load_model(asked.model), mosaic(asked.size), asked)
    names = ["whole", "tiled", "bare", "without_halo"]
    if find_spec("monai"):
        names.append("monai")
    else:
        print("MONAI is not installed: it is left out (pip install monai).")
    whole = ways.whole()
    print(
        json.dumps({"halo": ways.share, "tiled - whole": float(np.abs(ways.tiled() - whole).max())})
    )
    if "monai" in names:  # it pads with zeros at once, we mirror 16 px first: borders are left out
        inside = (slice(None), *[slice(128, -128)] * 2)
        apart = np.abs(ways.monai() - whole)[inside]
        row = {"largest": float(apart.max()), "share above 0.01": float((apart > 0.01).mean())}
        print(json.dumps({"monai - whole": row}))
    seconds, busy = ({name: [] for name in names} for _ in range(2))
    for _ in range(asked.rounds):
        for name in names:
            begun, used = time.perf_counter(), time.process_time()
            getattr(ways, name)()
            seconds[name].append(time.perf_counter() - begun)
            busy[name].append(time.process_time() - used)
    for name in names:
        row = {"way": name, "median s": round(float(np.median(seconds[name])), 2)}
        row |= {"processor s": round(float(np.median(busy[name])), 2)}
        row |= {"tiled / this": ratio(seconds, name), "in processor time": ratio(busy, name)}
        print(json.dumps(row), flush=True)
    ways.aside.close()


if __name__ == "__main__":
    main()
