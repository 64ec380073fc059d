"""Small real files of every kind that we read, and of every kind that we write."""

import gzip
import os
import struct
from pathlib import Path
from typing import NamedTuple

import h5py
import imagecodecs
import mrcfile
import numpy as np
import tifffile
import zarr
from PIL import Image as Pillow

from napari_simgraph import ClassTable, Image, Labels, Model
from napari_simgraph.core.classified import Classified
from napari_simgraph.core.live import ClassChange, Region, Strokes
from napari_simgraph.core.marks import Mark, Marks, click
from napari_simgraph.core.room import Checkpoint
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.geojson import write_geojson
from napari_simgraph.io.live_journal import LiveJournal
from napari_simgraph.io.models import save_model
from napari_simgraph.io.painted import PaintedPixels
from napari_simgraph.io.run_table import Row, RunTable
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.io.write import write
from napari_simgraph.io.write_table import write_table
from toy import toy_graph, toy_image, toy_labels, toy_scores, toy_signatures, toy_table

_BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("SIMGRAPH_DATA", _BESIDE))
_LARGEST = 200_000  # bytes of a real file: it is copied for each case
RNG = np.random.default_rng(0)
CLASSES = ClassTable.of(["membrane", "cell"])


class Real(NamedTuple):
    """A whole file or folder, and how it is read.

    `summed`: its pixels stand under checksums, so that a damaged one is told or read as it was.
    """

    reader: str
    path: Path
    summed: bool = False


def grey(*shape, dtype=np.uint8):
    return RNG.integers(1, 250, shape).astype(dtype)


def make_all(folder: Path) -> dict[str, Real]:
    """All of them by name, in a folder."""
    folder.mkdir(exist_ok=True)
    made = {}
    for make in (_ours, _tiffs, _pictures, _numbers, _zarrs, _tables, _models, _workspaces, _real):
        made |= make(folder)
    return made


def _ours(folder):
    image = Image(grey(3, 40, 30), spacing=(50, 4, 4), unit="nm", name="ours")
    labels = Labels(grey(3, 40, 30) % 3, classes=CLASSES, name="labels")
    made = {}
    for suffix in (".tif", ".ome.tif", ".ome.zarr", ".npy", ".npz", ".h5"):
        path = folder / f"ours{suffix}"
        write(image, path, info={"model": "larva"})
        made[path.name] = Real("image", path, suffix == ".ome.zarr")
    write(image, folder / "slices")
    write(labels, folder / "labels.zarr")
    write(labels, folder / "labels.tif")
    made["slices"] = Real("image", folder / "slices")
    made["labels.zarr"] = Real("labels", folder / "labels.zarr", True)
    made["labels.tif"] = Real("labels", folder / "labels.tif")
    return made


def _tiffs(folder):
    pixels, plain = grey(4, 40, 30), {"photometric": "minisblack"}
    packed = {"compression": "zlib", "rowsperstrip": 8, **plain}
    tifffile.imwrite(folder / "packed.tif", pixels, **packed)
    tifffile.imwrite(folder / "lzw.tif", pixels[0], compression="lzw", predictor=2)
    tifffile.imwrite(folder / "big.tif", pixels.astype(">u2"), bigtiff=True, byteorder=">", **plain)
    tifffile.imwrite(folder / "colour.tif", grey(64, 48, 3), photometric="rgb", compression="jpeg")
    metadata = {"axes": "TZYX", "PhysicalSizeX": 0.4, "PhysicalSizeXUnit": "nm"}
    tifffile.imwrite(
        folder / "film.ome.tif", pixels.reshape(2, 2, 40, 30), metadata=metadata, **plain
    )
    tifffile.imwrite(folder / "imagej.tif", pixels, imagej=True, metadata={"unit": "nm"}, **plain)
    with tifffile.TiffWriter(folder / "pyramid.tif") as tif:
        tiles = {"tile": (16, 16), "compression": "zlib", "photometric": "rgb"}
        slide = grey(64, 48, 3)
        tif.write(slide, subifds=1, **tiles)
        tif.write(slide[::2, ::2], subfiletype=1, **tiles)
    return {path.name: Real("image", path) for path in folder.glob("*.tif") if _foreign(path)}


def _foreign(path):
    return not path.name.startswith(("ours", "labels"))


def _pictures(folder):
    (folder / "grey.png").write_bytes(imagecodecs.png_encode(grey(40, 30)))
    (folder / "deep.png").write_bytes(imagecodecs.png_encode(grey(40, 30, 3, dtype=np.uint16)))
    Pillow.fromarray(grey(40, 30) % 5).convert("P").save(folder / "palette.png")
    (folder / "photo.jpg").write_bytes(imagecodecs.jpeg8_encode(grey(64, 48, 3), level=80))
    made = {path.name: Real("image", path, True) for path in folder.glob("*.png")}
    made |= {path.name: Real("image", path) for path in folder.glob("*.jpg")}
    return made | {"palette.png": Real("labels", folder / "palette.png")}


def _numbers(folder):
    pixels = grey(6, 20, 30)
    np.save(folder / "floats.npy", np.asfortranarray(pixels.astype(">f4")))
    np.savez_compressed(folder / "several.npz", x_train=pixels, y_train=np.arange(6))
    np.savez(folder / "plain.npz", image=pixels)
    with mrcfile.new(folder / "tomogram.mrc") as file:
        file.set_data(pixels.astype(np.int16))
        file.voxel_size = 13.1
    with h5py.File(folder / "packed.h5", "w") as file:
        file.create_dataset("a/raw", data=pixels, chunks=(2, 10, 10), compression="gzip")
    with h5py.File(folder / "flat.h5", "w") as file:
        file.create_dataset("volumes/raw", data=pixels).attrs["resolution"] = (40.0, 4.0, 4.0)
    head = bytes([0, 0, 8, 3]) + struct.pack(">3I", *pixels.shape)
    (folder / "few-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
    (folder / "few-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 6) + bytes(6))
    packed = gzip.compress(head + pixels.tobytes(), mtime=0)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(packed)
    names = {"floats.npy": False, "several.npz": True, "plain.npz": False, "tomogram.mrc": False}
    names |= {"packed.h5": False, "flat.h5": False, "few-images-idx3-ubyte": False}
    names |= {"train-images-idx3-ubyte.gz": True}
    return {name: Real("image", folder / name, summed) for name, summed in names.items()}


def _zarrs(folder):
    group = zarr.open_group(folder / "old.zarr", mode="w", zarr_format=2)
    group.create_array("0", data=grey(4, 20, 30), chunks=(2, 10, 10))
    group.create_array("1", data=grey(4, 10, 15), chunks=(2, 10, 10))
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    sets = [
        {
            "path": str(level),
            "coordinateTransformations": [{"type": "scale", "scale": [50, 4 * step, 4 * step]}],
        }
        for level, step in enumerate((1, 2))
    ]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": sets}]
    array = zarr.create_array(
        folder / "array.zarr", shape=(20, 30), chunks=(10, 10), shards=(20, 20), dtype="u2"
    )
    array[...] = grey(20, 30)
    return {name: Real("image", folder / name) for name in ("old.zarr", "array.zarr")}


def _tables(folder):
    nouns = {"table": toy_table(), "graph": toy_graph(), "scores": toy_scores()}
    nouns["signatures"] = toy_signatures()
    made = {}
    for name, noun in nouns.items():
        few = noun if name == "graph" else noun.take(np.arange(20))
        for suffix in (".h5ad", ".zarr"):
            path = folder / f"{name}{suffix}"
            write_table(few, path)
            made[path.name] = Real("table", path)
    chances = np.full((20, 2), 0.5, np.float32)
    found = Classified.of(toy_table().grid.take(np.arange(20)), chances, ["a", "b"])
    write_table(found, folder / "chances.csv")
    ring = np.array([[1.0, 2.0], [1.0, 8.0], [6.0, 8.0]])
    marks = Marks((click(3, 4), Mark("polygon", (ring,), name="tumour")))
    write_geojson(marks, folder / "marks.geojson")
    made["chances.csv"] = Real("chances", folder / "chances.csv")
    made["marks.geojson"] = Real("marks", folder / "marks.geojson")
    return made | _features(folder)


def _features(folder):
    """Features of other programs over the toy image."""
    values = RNG.random((36, 4)).astype(np.float32)
    rows = ["image,z,y,x,size,f0,f1"]
    rows += [f"toy,0,{y},{x},16,{y / 7:.3f},{x / 3 + 1:.3f}" for y in range(4) for x in range(4)]
    (folder / "rows.csv").write_text("\n".join(rows))
    np.save(folder / "lattice.npy", values)
    np.savez_compressed(folder / "features.npz", features=values)
    with h5py.File(folder / "clam.h5", "w") as file:
        file["features"] = values[:4]
        file["coords"] = np.arange(8).reshape(4, 2)
        file["coords"].attrs["patch_size_level0"] = 16
    names = ("rows.csv", "lattice.npy", "features.npz", "clam.h5")
    return {name: Real("own", folder / name) for name in names}


def small_model():
    weights = {"a.weight": RNG.random((4, 3), np.float32), "b": np.arange(5)}
    network = {"name": "unet", "options": {"in_channels": 1, "out_channels": 2}, "patch": 32}
    told = {"classes": CLASSES, "spacing": (50, 4, 4), "unit": "nm", "metrics": {"agreement": 0.8}}
    return Model("segmentation", weights, network, name="larva", **told)


def _models(folder):
    save_model(small_model(), folder / "model", preview=np.zeros((8, 8, 3), np.uint8))
    room = FolderRoom(folder / "room")
    room.array("sum", (3, 4), np.float32)[...] = 1
    for step in (1, 2):
        room.checkpoint(Checkpoint({"a": np.full(7, step)}, {"step": step}))
    return {
        "model": Real("model", folder / "model"),
        "room": Real("room", folder / "room"),
    }


def _workspaces(folder):
    workspace = Workspace(folder / "workspace")
    workspace.keep_result("i1 classes", toy_labels(), {"seed": 1})
    workspace.keep_result("i1 chances", toy_image(), {"seed": 1})
    workspace.record_run("a", {"title": "Learn", "state": "running", "settings": {"steps": 3}})
    for count in (1, 2, 3):
        workspace.log("strokes", layer="s", count=count)
    pixels = grey(30, 40)
    PaintedPixels(workspace.folder / "painted" / "p1", (30, 40), np.uint8).write(pixels)
    save_model(small_model(), workspace.model_folder("larva"))
    layers = [{"id": "p1", "kind": "painted", "about": {}, "place": {}, "look": {"name": "s"}}]
    workspace.save({"layers": layers, "images": {"i1": {"path": "a.tif", "shape": [3, 4]}}})
    workspace.save({"layers": layers, "images": {"i1": {"path": "a.tif", "shape": [3, 4]}}})
    workspace.close()
    journal = LiveJournal(folder / "live.jsonl")
    journal.begin({"seed": 3}, anew=True)
    journal.add(ClassChange("add", 1, "membrane", "#F0E442"))
    journal.add(Strokes(3, 10, -2, grey(9, 9) % 3))
    journal.add(Region(3, 0, 0, np.ones((4, 5), bool), rest=2))
    journal.mark(3, 40)
    table = RunTable(folder / "run", ["a.png", "b.png"])
    for name in table.files:
        table.add(Row(name, "done", ("a.tif",), figures={"fraction_cell": 0.5}))
    table.write()
    return {
        "workspace": Real("workspace", folder / "workspace"),
        "live.jsonl": Real("journal", folder / "live.jsonl"),
        "run": Real("run", folder / "run"),
    }


def _real(folder):
    """One small file of each kind in each data set, where there are any."""
    made = {}
    for file in sorted(DATA.rglob("*")) if DATA.is_dir() else ():
        suffix = file.suffix.casefold()
        key = f"{file.relative_to(DATA).parts[0]}{suffix}"
        known = suffix in (".tif", ".png", ".jpg") and key not in made
        if known and file.stat().st_size < _LARGEST:
            path = folder / f"real-{key}"
            path.write_bytes(file.read_bytes())
            made[key] = Real("image", path, suffix == ".png")
    return made
