"""Peak memory of `segmentation apply` on a small and on a large Zarr volume.

    python benchmarks/memory.py --sections 4 40
    python benchmarks/memory.py --sections 4 40 --every 8    # an eighth of the time
    python benchmarks/memory.py --sections 10 100 --edge 1024

Writes volumes of 10240 x 10240 x N bytes (EM sections set side by side; 40 sections are 4 GB) to a
temporary folder, runs the command line on each in a process of its own, with a tiny network and
without averaging, and prints the peak of its memory in use. It needs about three times the larger
volume on disk.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
import zarr
from scipy import ndimage

from napari_simgraph import ClassTable, Image, Labels, MemoryRoom, run
from napari_simgraph.capabilities import segmentation
from napari_simgraph.io.models import save_model

HERE = Path(__file__).resolve().parent
EDGE, CHUNK = 10240, 512  # px
SPACING = "50,4.6,4.6"
# Runs the command line, then tells the peak: in bytes on macOS, in kilobytes elsewhere.
CHILD = """
import resource, sys
from napari_simgraph.cli import main
code = main(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak * (1 if sys.platform == "darwin" else 1024))
sys.exit(code)
"""


def sections():
    folder = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
    return tifffile.imread(folder / "groundtruth_vnc" / "stack1-raw.tif")


def tiny(folder):
    """A small model that finds dark lines: enough for its boundaries to be closed as in use."""
    pixels = sections()[0, :512, :512]
    dark = ndimage.gaussian_filter(pixels.astype(np.float32), 1.5) < np.percentile(pixels, 25)
    table = ClassTable.of(["membrane", "cell"])
    labels = Labels(np.where(dark, 1, 2).astype(np.uint8), classes=table)
    config = segmentation.Train(
        minutes=0, steps=100, width=4, depth=2, patch=64, holdout="none", scale="off", threads=1
    )
    model = run(segmentation.train(Image(pixels), labels, config=config, room=MemoryRoom()))
    save_model(model.replace(spacing=(4.6, 4.6), unit="nm"), folder)


def volume(path, count, edge):
    real = sections()
    array = zarr.create_array(
        path, shape=(count, edge, edge), chunks=(1, CHUNK, CHUNK), dtype=np.uint8
    )
    repeat = edge // real.shape[-1]
    for z in range(count):
        array[z] = np.tile(real[z % len(real)], (repeat, repeat))


def peak(model, path, count, asked):
    out = path.with_name("classes.ome.zarr")
    words = f"segmentation apply --average none --progress none --threads {asked.threads}".split()
    words += ["--spacing", asked.spacing, "--unit", "nm", "--output", asked.output]
    words += ["--boundaries", asked.boundaries]
    words += ["--model", str(model), "--image", str(path), "--out", str(out)]
    words += ["--sections", ",".join(str(z) for z in range(0, count, asked.every))]
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return int(done.stdout.split()[-1]), time.perf_counter() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sections", type=int, nargs="+", default=[4, 40])
    parser.add_argument("--edge", type=int, default=EDGE, help="Side of a section in pixels.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="Every so many sections is done.")
    parser.add_argument("--output", default="classes")
    parser.add_argument("--boundaries", default="closed", help="raw: as the network gives them.")
    parser.add_argument("--spacing", default=SPACING, help="Another one: it is resampled.")
    asked = parser.parse_args()
    peaks = []
    for count in asked.sections:
        with tempfile.TemporaryDirectory() as folder:
            tiny(Path(folder) / "model")
            volume(Path(folder) / "volume.zarr", count, asked.edge)
            most, seconds = peak(Path(folder) / "model", Path(folder) / "volume.zarr", count, asked)
        peaks.append(most)
        row = {"GB": round(count * asked.edge**2 / 1e9, 2), "peak MB": round(most / 1e6)}
        print(json.dumps(row | {"seconds": round(seconds)}), flush=True)
    print(json.dumps({"more MB": round((peaks[-1] - peaks[0]) / 1e6)}))


if __name__ == "__main__":
    main()
