"""How fast objects are found and measured, and that memory does not grow with the volume.

``python benchmarks/objects.py [--sections 40 200]``: balls of two classes in sections of
1024 x 1024, as Zarr, measured by the command line in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import zarr

EDGE, STEP = 1024, 32  # a ball of half a step in each cube of STEP x STEP x 8 sections
RUN = """
import resource, sys
from napari_simgraph.cli import main
code = main(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def volume(folder: Path, sections: int) -> Path:
    """A Zarr array of classes 1 and 2 with as many balls as fit."""
    path = folder / f"balls{sections}.zarr"
    shape, chunks = (sections, EDGE, EDGE), (8, 512, 512)
    array = zarr.create_array(path, shape=shape, chunks=chunks, dtype=np.uint8, fill_value=0)
    z, y, x = np.indices((8, STEP, STEP))
    ball = (((z - 3.5) / 3) ** 2 + ((y - 15.5) / 12) ** 2 + ((x - 15.5) / 12) ** 2) <= 1
    plane = np.tile(ball, (1, EDGE // STEP, EDGE // STEP)).astype(np.uint8)
    plane[:, :, EDGE // 2 :] *= 2
    for start in range(0, sections, 8):
        array[start : start + 8] = plane[: sections - start]
    return path


def measure(path: Path, *more: str) -> dict[str, float]:
    """Seconds, peak memory in MB and objects of one run of the command line."""
    out = path.with_suffix(".csv")
    words = ["objects", "measure", "--labels", str(path), "--out", str(out), "--progress", "none"]
    words += ["--spacing", "50,4,4", "--unit", "nm", *more]
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=True
    )
    code, peak = done.stdout.split()
    assert code == "0", done.stderr
    rows = len(out.read_text(encoding="utf-8").splitlines()) - 1
    seconds = time.monotonic() - start
    return {"seconds": round(seconds, 1), "peak_mb": round(int(peak) / 1e6), "objects": rows}


def main() -> None:
    """Print one JSON line a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sections", type=int, nargs="+", default=[40, 200])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for sections in asked.sections:
            path = volume(Path(folder), sections)
            for more in ((), ("--fill-holes",)):
                told = {"voxels": sections * EDGE**2, "options": " ".join(more)}
                print(json.dumps(told | measure(path, *more)), flush=True)


if __name__ == "__main__":
    main()
