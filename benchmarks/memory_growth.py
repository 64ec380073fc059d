"""Peak memory of every capability on a picture and on one ten times as large.

    python benchmarks/memory_growth.py
    python benchmarks/memory_growth.py --megapixels 50 --threads 2 --only anomaly
    python benchmarks/memory_growth.py --grow sections --sections 10

Pictures are Zarr on disk whose chunks are one file under many names, so that they take neither time
nor space; classes are painted all over them. Training and applying each run by the command line in
a process of its own, with networks as small as can be, since only memory counts. Printed is by how
much the peak of the memory in use lies above what is in use once all libraries are loaded, in MB,
for both sizes; `growth` is what the larger one takes more. Tables have a row a patch: what they
take is told in bytes a patch. Of each open file up to 128 MB of decoded chunks are kept, and of the
patches that are learned from up to 1 GB; here 8 MB of each (`--cache`), since that would hide all
else.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import zarr

from napari_simgraph.core.marks import Mark, Marks
from napari_simgraph.io.geojson import write_geojson

CHUNK = 512  # px
PATCH = 64  # px: rows of tables are so many pixels apart
# Loads what a run loads, then runs the command line; peaks are bytes on macOS, else kilobytes.
CHILD = """
import resource, sys
import sklearn.linear_model, skimage.segmentation, torch, zarr
import napari_simgraph.learn.predict, napari_simgraph.learn.signature_model
from napari_simgraph.cli import main
from napari_simgraph.io.lazy import PlaneCache
sys.modules["napari_simgraph.cli.main"].keep_freed_blocks = lambda: False
from napari_simgraph.learn import shown
shown._MOST_BYTES = int(sys.argv[1]) * 2**20
PlaneCache.__init__.__defaults__ = (shown._MOST_BYTES,)
def peak():
    told = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return told * (1 if sys.platform == "darwin" else 1024)
torch.set_num_threads(1)
torch.nn.functional.conv2d(torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 3, 3))
before = peak()
code = main(sys.argv[2:])
print(peak() - before)
sys.exit(code)
"""
SHORT = ["--minutes", "0", "--steps", "2", "--device", "cpu", "--progress", "none"]
USED = ["--device", "cpu", "--progress", "none"]
NET = ["--width", "4", "--depth", "2"]
# What is freed goes back to the system at once (glibc), else peaks tell of holes between blocks.
FRESH = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_ARENA_MAX": "1"}
TABLES = ("similarity", "interest")  # they look at rows, not at pixels
# What is run first, on the smaller picture and without being measured.
NEEDS = {
    "segmentation:apply": "segmentation:train",
    "signature:apply": "segmentation:train",
    "embedding:apply": "embedding:train",
    "anomaly:apply": "anomaly:train",
    "classification:apply": "classification:train",
    "generation:reconstruct": "generation:train",
}


def picture(path, shape, values):
    """A Zarr of this shape that repeats one chunk."""
    chunks = (*(1,) * (len(shape) - 2), CHUNK, CHUNK)
    array = zarr.create_array(path, shape=shape, chunks=chunks, dtype=np.uint8, fill_value=0)
    array[tuple(slice(0, n) for n in chunks)] = values.reshape(chunks)
    first = Path(path, "c", *(["0"] * len(shape)))
    for at in product(*(range(n // c) for n, c in zip(shape, chunks, strict=True))):
        other = Path(path, "c", *map(str, at))
        other.parent.mkdir(parents=True, exist_ok=True)
        if not other.exists():
            os.link(first, other)


def pictures(folder, shape):
    """A grey picture with structure of several sizes, and classes painted on it."""
    y, x = np.mgrid[:CHUNK, :CHUNK]
    rng = np.random.default_rng(0)
    waves = 30 * np.sin(x / 5) + 30 * np.sin(y / 23) + 20 * rng.normal(size=x.shape)
    painted = (y // 128 + x // 128) % 2 + 1
    grey = 128 + waves + 30 * (painted == 2)
    picture(folder / "image.zarr", shape, np.clip(grey, 1, 255).astype(np.uint8))
    picture(folder / "labels.zarr", shape, painted.astype(np.uint8))


def commands(folder, models):
    """What is measured: name, words, and whether it is a training."""
    image = ["--image", str(folder / "image.zarr")]
    labels = ["--labels", str(folder / "labels.zarr"), "--classes", "dark,bright"]
    painted = ["--marks", labels[1], *labels[2:]]
    tables = {name: str(folder / f"{name}.h5ad") for name in ("embedding", "graph", "scores")}
    marks, stride = str(models / "marks.geojson"), ["--stride", str(PATCH)]

    def model(name):
        return ["--model", str(models / name)]

    def trained(name, *words):
        return name, "train", [*words, *model(name), *SHORT]

    def used(name, verb, *words, out="out"):
        return name, verb, [*words, *USED, "--out", str(folder / out)]

    wall, patch = ["--boundary", "none"], ["--patch", str(PATCH)]
    raw = ["--average", "none", "--boundaries", "raw", "--output", "both", "--scale", "off"]
    yield trained("segmentation", *image, *labels, *NET, *wall, "--patch", "32")
    yield used("segmentation", "apply", *model("segmentation"), *image, *raw, out="both.ome.zarr")
    yield "objects", "find", [*labels, "--out", str(folder / "objects.ome.zarr")]
    yield "objects", "measure", [*labels, *image, "--out", str(folder / "objects.csv")]
    yield trained("embedding", *image, *NET, *patch, "--dimensions", "8")
    points = ["--out", tables["embedding"]]
    yield "embedding", "apply", [*model("embedding"), *image, *stride, *USED, *points]
    table = ["--table", tables["embedding"]]
    yield "similarity", "apply", [*table, "-k", "5", "--out", tables["graph"]]
    graph = ["--graph", tables["graph"]]
    yield trained("interest", *graph, "--marks", marks, "--way", "clicks")
    score = ["--out", tables["scores"]]
    yield "interest", "apply", [*model("interest"), *graph, *USED, *score]
    odd = ["--width", "16", "--tile", "8", "--features", "false"]
    yield trained("anomaly", *image, *patch, *odd, "--batch", "2")
    fast = ["--speed", "fast", "--scale", "off"]
    yield used("anomaly", "apply", *model("anomaly"), *image, *fast, out="odd.ome.zarr")
    few = ["--size", "32", "--batch", "4", "--share", "0.1"]
    yield trained("classification", *image, *painted, *NET, *patch, *few)
    yield used(
        "classification", "apply", *model("classification"), *image, *stride, out="classes.h5ad"
    )
    yield trained("generation", *image, *patch, "--width", "4", "--latent", "2", "--batch", "4")
    yield used("generation", "reconstruct", *model("generation"), *image, out="redrawn.ome.zarr")
    yield used(
        *("signature", "apply", *model("segmentation"), *image, *labels, *patch, *stride),
        out="signatures.zarr",
    )


def measured(words, asked):
    """Bytes above what was in use before, and the processor's seconds."""
    begun = os.times()
    threads = ["--threads", str(asked.threads)] if "--device" in words else []
    environment = os.environ | FRESH | {"OMP_NUM_THREADS": threads[-1] if threads else "1"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(asked.cache), *words, *threads],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stderr[-2000:]}")
    ended = os.times()
    used = ended.children_user + ended.children_system
    used -= begun.children_user + begun.children_system
    return int(done.stdout.split()[-1]), used


def shapes_of(asked):
    """Of the smaller and of the larger picture, in whole chunks."""
    side = max(1, round(np.sqrt(asked.megapixels * 1e6) / CHUNK)) * CHUNK
    if asked.grow == "sections":
        return (asked.sections, side, side), (asked.sections * asked.times, side, side)
    return (side, side), tuple(round(side * np.sqrt(asked.times) / CHUNK) * CHUNK for _ in "yx")


def needing(wanted):
    """The names of those among `NEEDS` that were asked for."""
    return [name for name in NEEDS if wanted & {name, name.partition(":")[0]}]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=10)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--grow", choices=("plane", "sections"), default="plane")
    parser.add_argument("--sections", type=int, default=1, help="Of the smaller stack.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=int, default=8, help="MB of chunks and patches kept.")
    parser.add_argument("--only", default="", help="As in segmentation,anomaly:apply.")
    asked = parser.parse_args()
    wanted = {name for name in asked.only.split(",") if name}
    shapes = shapes_of(asked)
    with tempfile.TemporaryDirectory() as name:
        models, folders = Path(name, "models"), [Path(name, size) for size in ("small", "large")]
        for folder, shape in zip(folders, shapes, strict=True):
            folder.mkdir()
            pictures(folder, shape)
        models.mkdir()
        clicks = [((40.0, 40.0), "query+"), ((40.0, 200.0), "query-"), ((200.0, 60.0), "query-")]
        told = [Mark("point", (np.array([at]),), role=role) for at, role in clicks]
        write_geojson(Marks(tuple(told)), models / "marks.geojson")
        pixels = [float(np.prod(shape)) for shape in shapes]
        print(json.dumps({"shapes": shapes, "MB": [round(n / 1e6, 1) for n in pixels]}))
        for both in zip(*(commands(folder, models) for folder in folders), strict=True):
            capability, verb, first = both[0]
            full = f"{capability}:{verb}"
            if wanted and not wanted & {capability, full}:
                if full in {NEEDS.get(one) for one in needing(wanted)}:
                    measured([capability, verb, *first], asked)
                continue
            begun = time.perf_counter()
            found = [measured([one, verb, *words], asked) for one, _, words in both]
            peaks = [bytes_ / 1e6 for bytes_, _ in found]
            row = {"capability": capability, "verb": verb, "MB": [round(n) for n in peaks]}
            row |= {"growth": round(peaks[1] - peaks[0]), "cpu_s": [round(s) for _, s in found]}
            if capability in TABLES or verb == "apply":
                patches = (pixels[1] - pixels[0]) / PATCH**2
                row["bytes_a_patch"] = round(1e6 * (peaks[1] - peaks[0]) / patches)
            print(json.dumps(row | {"seconds": round(time.perf_counter() - begun)}), flush=True)


if __name__ == "__main__":
    main()
