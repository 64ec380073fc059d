"""Makes the sample data beside it: ``python sample_data/make.py``. Same pixels each time."""

from __future__ import annotations

from pathlib import Path

import larva
import numpy as np
import tifffile
from digits import digits
from strokes import scribbles
from tissue import slide

HERE = Path(__file__).parent
LARVA_SHAPE, LARVA_VOXEL = (16, 320, 320), (50.0, 4.0, 4.0)  # nm
TISSUE_PIXEL = 0.5  # um
SCRIBBLED = (2, 6, 10, 14)


def write_stack(path: Path, stack: np.ndarray) -> None:
    """A (Z, Y, X) stack as an ImageJ TIFF that tells its voxel size."""
    depth, height, width = LARVA_VOXEL
    tifffile.imwrite(
        path,
        stack,
        imagej=True,
        compression="zlib",
        predictor=stack.max() > 10,  # pays for grey values, costs for classes
        resolution=(1 / width, 1 / height),
        metadata={"axes": "ZYX", "spacing": depth, "unit": "nm"},
    )


def write_plane(path: Path, plane: np.ndarray) -> None:
    """A (Y, X) or (Y, X, 3) plane as an OME-TIFF that tells its pixel size."""
    size = {"PhysicalSizeX": TISSUE_PIXEL, "PhysicalSizeY": TISSUE_PIXEL}
    units = {"PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
    rgb = plane.ndim == 3
    tifffile.imwrite(
        path,
        plane,
        ome=True,
        photometric="rgb" if rgb else "minisblack",
        compression="zlib",
        predictor=rgb,
        rowsperstrip=128,
        metadata={
            "axes": "YXS" if rgb else "YX",
            "UUID": f"urn:uuid:00000000-0000-4000-8000-{len(path.name):012d}",
            **size,
            **units,
        },
    )


def main() -> None:
    """Write all files."""
    made = larva.plan(LARVA_SHAPE)
    sections = [larva.section(made, z) for z in range(LARVA_SHAPE[0])]
    stack, truth = (np.stack(part) for part in zip(*sections, strict=True))
    write_stack(HERE / "larva.tif", stack)
    write_stack(HERE / "larva_labels.tif", truth)
    write_stack(HERE / "larva_scribbles.tif", scribbles(truth, SCRIBBLED))
    picture, regions = slide()
    write_plane(HERE / "tissue.ome.tif", picture)
    write_plane(HERE / "tissue_labels.ome.tif", regions)
    x, y = digits()
    np.savez_compressed(HERE / "digits.npz", x=x, y=y)
    for path in sorted(HERE.iterdir()):
        if path.suffix in (".tif", ".npz"):
            print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
