"""Files from strangers run no code, lead nowhere else and take no more memory than they fill."""

import ast
import base64
import gzip
import json
import pickle
import shutil
import struct
import tracemalloc
import zipfile
import zlib
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numcodecs
import numpy as np
import psutil
import pytest
import tifffile
import zarr

import napari_simgraph
from napari_simgraph import Image, Labels, Model
from napari_simgraph.cli.parser import build_parser
from napari_simgraph.cli.progress import Driver
from napari_simgraph.cli.rerun import run_rerun
from napari_simgraph.core.recipe import KEY, Recipe
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.io.describe import describe
from napari_simgraph.io.geojson import read_geojson
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.live_journal import LiveJournal
from napari_simgraph.io.models import load_model, load_weights, save_model
from napari_simgraph.io.own import OwnOptions, read_own
from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.io.write import write
from napari_simgraph.io.write_table import write_table
from napari_simgraph.io.zarr_arrays import check_array
from napari_simgraph.nets import build, reach
from toy import toy_image, toy_labels, toy_table

SOURCE = Path(napari_simgraph.__file__).parent
# What runs what it is given. Our own processes speak with each other in pickles, through pipes.
RUNS = {"eval", "exec", "compile", "__import__", "system", "popen", "Unpickler", "Pickler"}
PIPES = {"scale/parcel.py", "scale/wire.py", "analysis/spawned.py"}
PACKED = ("joblib", "shelve", "marshal", "dill", "yaml", "numexpr")


def dotted(node):
    """``np.load`` of what is called so."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return getattr(node, "id", "")


def calls():
    """Every call in the source: file, name and keywords."""
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield name, dotted(node.func), {key.arg: key.value for key in node.keywords}


def test_nothing_in_the_source_runs_what_a_file_says():
    known = list(calls())
    runs = {(name, called) for name, called, _ in known if called.rpartition(".")[2] in RUNS}
    harmless = {"eval", "exec", "compile"}  # methods: of networks, of Qt, of regular expressions
    runs = {(n, c) for n, c in runs if not ("." in c and c.rpartition(".")[2] in harmless)}
    runs |= {(n, c) for n, c, _ in known if c.startswith(("pickle.", "cloudpickle."))}
    runs |= {(name, called) for name, called, _ in known if called.startswith(PACKED)}
    assert {name for name, _ in runs} <= PIPES, runs
    for name, called, keys in known:
        if called.endswith(("np.load", "format.read_array")):
            assert keys["allow_pickle"].value is False, name
        if called == "torch.load":
            assert keys["weights_only"].value is True, name
        assert "shell" not in keys, name


class Evil:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.fixture
def mark(tmp_path):
    """What is there once code of a file has run."""
    place = tmp_path / "ran"
    yield place
    assert not place.exists(), "the file ran code"


def test_the_mark_is_left_by_what_is_unpickled(tmp_path):
    pickle.loads(pickle.dumps(Evil(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def evil_array(mark):
    return np.array([[Evil(mark)] * 9] * 9, object)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "b.npz"])
def test_arrays_of_objects_are_refused(tmp_path, mark, name):
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, evil_array(mark))
    else:
        save = np.savez if name == "a.npz" else np.savez_compressed
        save(path, features=evil_array(mark))
    for reading in (read, read_labels, lambda p: read_own(p, toy_image(), OwnOptions(patch=16))):
        with pytest.raises(ValueError, match=r"\.$"):
            reading(path)


def test_objects_beside_pictures_are_refused_too(tmp_path, mark):
    classes = np.array([Evil(mark)] * 4, object)
    np.savez(tmp_path / "a.npz", x_train=np.zeros((4, 9, 9), np.uint8), y_train=classes)
    image = read(f"{tmp_path / 'a.npz'}::x_train").image
    assert not getattr(image, "image_classes", ())


def test_a_pickle_is_no_model(tmp_path, mark):
    for name in ("weights.safetensors", "model.pt", "model.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(Evil(mark)))
    with pytest.raises(ValueError, match="no weights"):
        load_weights(tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match="no model"):
        load_model(tmp_path)
    folder = save_model(small_model(), tmp_path / "m")
    shutil.copyfile(tmp_path / "model.pkl", folder / "weights.safetensors")
    (folder / "model.py").write_text(f"open({str(mark)!r}, 'w')")
    with pytest.raises(ValueError, match="broken"):
        load_model(folder)


def small_model(**changes):
    network = {"name": "unet", "options": {"in_channels": 1, "out_channels": 2, "width": 4}}
    weights = {"a": np.arange(12, dtype=np.float32)}
    return Model("segmentation", weights, network | changes)


def evil_zarr(path, mark, shape=(9, 9)):
    """Zarr of format 2 whose codec is pickle, which zarr ran up to its version 3.0."""
    path.mkdir(parents=True)
    told = {"zarr_format": 2, "shape": shape, "chunks": shape, "dtype": "|u1", "order": "C"}
    told |= {"fill_value": 0, "compressor": None, "filters": [{"id": "pickle", "protocol": 5}]}
    (path / ".zarray").write_text(json.dumps(told))
    (path / "0.0").write_bytes(pickle.dumps(Evil(mark)))
    return path


def test_zarr_that_is_packed_by_code_is_refused(tmp_path, mark):
    with pytest.raises(ValueError, match=r"a\.zarr"):
        read(evil_zarr(tmp_path / "a.zarr", mark))
    write_table(toy_table(), tmp_path / "t.zarr")
    shutil.rmtree(tmp_path / "t.zarr" / "obs" / "x")
    evil_zarr(tmp_path / "t.zarr" / "obs" / "x", mark)
    with pytest.raises(ValueError, match=r"t\.zarr"):
        read_noun(tmp_path / "t.zarr")


@pytest.mark.parametrize(
    "codec", [numcodecs.Pickle(), numcodecs.JSON(), numcodecs.Categorize("a", "O")]
)
@pytest.mark.parametrize("place", ["filters", "compressor"])
def test_codecs_of_objects_are_refused(codec, place):
    plain = {"zarr_format": 2, "filters": None, "compressor": numcodecs.Zlib()}
    told = plain | {place: (codec,) if place == "filters" else codec}
    array = SimpleNamespace(metadata=SimpleNamespace(**told), chunks=(9,), dtype="u1")
    with pytest.raises(ValueError, match="could run code"):
        check_array(array, Path("a.zarr"))


def test_zarr_by_other_codecs_is_read(tmp_path):
    pixels = np.arange(81, dtype="u2").reshape(9, 9)
    filters = [numcodecs.Delta("u2"), numcodecs.Shuffle(2), numcodecs.CRC32()]
    for number, codec in enumerate((numcodecs.Blosc(), numcodecs.Zlib(), numcodecs.LZ4())):
        path = tmp_path / f"{number}.zarr"
        array = zarr.create_array(
            path, data=pixels, zarr_format=2, filters=filters, compressors=codec
        )
        assert array.shape == (9, 9)
        np.testing.assert_array_equal(read(path).image.read(), pixels)


# --- names of files


def test_slices_lie_in_their_folder(tmp_path):
    write(Image(np.full((2, 9, 9), 7, np.uint8)), tmp_path / "secret")
    write(Image(np.zeros((2, 9, 9), np.uint8)), tmp_path / "s")
    other = sorted((tmp_path / "secret").glob("*.png"))[0]
    told = tmp_path / "s" / "simgraph.json"
    info = json.loads(told.read_text())
    (tmp_path / "s" / "link.png").symlink_to(other)
    (tmp_path / "s" / "circle.png").symlink_to(tmp_path / "s" / "circle.png")
    for name in (f"../secret/{other.name}", str(other), "link.png", "circle.png", "a\0b"):
        told.write_text(json.dumps(info | {"files": [name, info["files"][0]]}))
        with pytest.raises(ValueError, match="elsewhere"):
            read(tmp_path / "s")


def test_parts_of_a_zarr_lie_in_it(tmp_path):
    write(toy_image(), tmp_path / "a.ome.zarr")
    write(toy_image(), tmp_path / "b.ome.zarr")
    told = tmp_path / "a.ome.zarr" / "zarr.json"
    text = told.read_text()
    for name in ("../b.ome.zarr/0", str(tmp_path / "b.ome.zarr" / "0")):
        told.write_text(text.replace('"path": "0"', f'"path": "{name}"'))
        with pytest.raises(ValueError, match=r"a\.ome\.zarr"):
            read(tmp_path / "a.ome.zarr").image.read()


def test_ome_names_files_of_its_own_folder(tmp_path):
    pixels = np.zeros((2, 16, 16), np.uint8)
    (tmp_path / "s").mkdir()
    tifffile.imwrite(tmp_path / "other.tif", pixels)
    tifffile.imwrite(tmp_path / "s" / "a.ome.tif", pixels, metadata={"axes": "ZYX"})
    whole = tifffile.tiffcomment(tmp_path / "s" / "a.ome.tif")
    uuid = '<UUID FileName="../other.tif">urn:uuid:1</UUID></TiffData>'
    changed = whole.replace("/></Pixels>", f">{uuid}</Pixels>")
    assert changed != whole
    tifffile.imwrite(tmp_path / "s" / "b.ome.tif", pixels, description=changed.encode())
    with pytest.raises(ValueError, match=r"^b\.ome\.tif names a file that lies elsewhere"):
        read(tmp_path / "s" / "b.ome.tif")


def test_hdf5_leads_to_no_file_elsewhere(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["raw"] = np.zeros((9, 9), np.uint8)
    shutil.copyfile(tmp_path / "other.h5", folder / "beside.h5")
    for number, name in enumerate((tmp_path / "other.h5", "../other.h5")):
        with h5py.File(folder / f"link{number}.h5", "w") as file:
            file["raw"] = h5py.ExternalLink(str(name), "/raw")
        with h5py.File(folder / f"raw{number}.h5", "w") as file:
            file.create_dataset("raw", (9, 9), np.uint8, external=[(str(name), 0, 81)])
        for kind in ("link", "raw"):
            with pytest.raises(ValueError, match=rf"^{kind}{number}\.h5 names .* lies elsewhere"):
                read(folder / f"{kind}{number}.h5")
    for name, fine in (("beside.h5", True), ("../other.h5", False)):
        layout = h5py.VirtualLayout((9, 9), np.uint8)
        layout[...] = h5py.VirtualSource(name, "raw", (9, 9))
        with h5py.File(folder / "v.h5", "w") as file:
            file.create_virtual_dataset("raw", layout)
        if fine:
            assert read(folder / "v.h5").image.shape == (9, 9)
        else:
            with pytest.raises(ValueError, match="elsewhere"):
                read(folder / "v.h5")


def test_a_table_leads_to_no_file_elsewhere(tmp_path):
    (tmp_path / "s").mkdir()
    write_table(toy_table(), tmp_path / "other.h5ad")
    write_table(toy_table(), tmp_path / "s" / "t.h5ad")
    with h5py.File(tmp_path / "s" / "t.h5ad", "a") as file:
        del file["X"]
        file["X"] = h5py.ExternalLink(str(tmp_path / "other.h5ad"), "/X")
    with pytest.raises(ValueError, match="elsewhere"):
        read_noun(tmp_path / "s" / "t.h5ad")


# --- memory


@pytest.fixture
def little(monkeypatch):
    """A machine with a gigabyte, and a look at how much of it is taken."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**30))
    tracemalloc.start()
    yield
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**28, f"{most / 1e6:.0f} MB were taken"


PETA, GIGA = 10**15, 5 * 10**9


def whole(path, **options):
    image = read(path, options=ReadOptions(**options)).image
    return image.images[0].read() if hasattr(image, "images") else image.read()


def npy_head(shape):
    told = {"descr": "|u1", "fortran_order": False, "shape": shape}
    text = repr(told).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize("size", [PETA, GIGA, 2**63, -3])
def test_npy_and_npz_may_claim_anything(tmp_path, little, size):
    (tmp_path / "a.npy").write_bytes(npy_head((1, size)) + bytes(99))
    for name, way in (("a.npz", zipfile.ZIP_DEFLATED), ("b.npz", zipfile.ZIP_STORED)):
        with zipfile.ZipFile(tmp_path / name, "w", way) as archive:
            archive.writestr("image.npy", npy_head((1, size)) + bytes(99))
            archive.writestr("simgraph.npy", npy_head((size,)) + bytes(9))
    for name in ("a.npy", "a.npz", "b.npz"):
        with pytest.raises(ValueError, match=name):
            whole(tmp_path / name)


def bomb(path, count):
    """A zip file of so many zeros, a thousandth as large."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("image.npy", "w", force_zip64=True) as file,
    ):
        file.write(npy_head((count // 1000, 1000)))
        for _ in range(count // 10**6):
            file.write(bytes(10**6))


@pytest.mark.long
def test_a_zip_bomb_is_not_unpacked(tmp_path, little):
    bomb(tmp_path / "a.npz", 2 * 10**9)
    assert (tmp_path / "a.npz").stat().st_size < 10**7
    with pytest.raises(ValueError, match="memory"):
        whole(tmp_path / "a.npz")


def test_idx_may_claim_anything(tmp_path, little):
    for shape in ((2**31, 2**31, 4), (5, 10**5, 10**5), (2**32 - 1,) * 3):
        head = bytes([0, 0, 8, 3]) + struct.pack(">3I", *shape)
        (tmp_path / "a-idx3-ubyte").write_bytes(head + bytes(999))
        (tmp_path / "a-idx3-ubyte.gz").write_bytes(gzip.compress(head + bytes(999)))
        for name in ("a-idx3-ubyte", "a-idx3-ubyte.gz"):
            with pytest.raises(ValueError, match=name):
                whole(tmp_path / name)


def zipped_zeros(count, head=b"", form=15):
    """So many zeros in a hundredth of the bytes; `form` 31 is gzip."""
    packed = zlib.compressobj(1, zlib.DEFLATED, form)
    parts = [packed.compress(head), *(packed.compress(bytes(10**7)) for _ in range(count // 10**7))]
    return b"".join([*parts, packed.flush()])


def test_no_more_is_unpacked_than_the_head_says(tmp_path, little):
    head = bytes([0, 0, 8, 3]) + struct.pack(">3I", 1, 9, 9)
    (tmp_path / "a-idx3-ubyte.gz").write_bytes(zipped_zeros(3 * 10**8, head, form=31))
    with pytest.raises(ValueError, match="more than its head"):
        whole(tmp_path / "a-idx3-ubyte.gz")


def test_mrc_may_claim_anything(tmp_path, little):
    for sizes in ((2**31 - 1,) * 3, (10**5, 10**5, 1), (2**30, 2**30, 16)):
        head = bytearray(1024)
        struct.pack_into("<4i", head, 0, *sizes, 0)
        (tmp_path / "a.mrc").write_bytes(bytes(head) + bytes(99))
        with pytest.raises(ValueError, match=r"a\.mrc"):
            whole(tmp_path / "a.mrc")


@pytest.mark.parametrize("place", ["shape", "chunk_shape"])
def test_zarr_may_claim_anything(tmp_path, little, place):
    array = zarr.create_array(tmp_path / "a.zarr", shape=(9, 9), chunks=(9, 9), dtype="u1")
    array[...] = 1
    told = tmp_path / "a.zarr" / "zarr.json"
    info = json.loads(told.read_text())
    info["shape"] = [10**8, 10**7]
    if place == "chunk_shape":
        info["chunk_grid"]["configuration"]["chunk_shape"] = [10**8, 10**7]
    told.write_text(json.dumps(info))
    if place == "shape":  # an array that is empty but for a corner: only what is asked for is read
        assert read(tmp_path / "a.zarr").image.read(np.s_[:20, :20]).sum() == 81
        return
    with pytest.raises(ValueError, match="memory"):
        read(tmp_path / "a.zarr")


def test_hdf5_may_claim_anything(tmp_path, little):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("raw", (10**8, 10**7), np.uint8, chunks=(2**15, 2**16))
    with pytest.raises(ValueError, match="memory"):
        read(tmp_path / "a.h5")


@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_tables_may_claim_anything(tmp_path, little, suffix):
    path = tmp_path / f"t{suffix}"
    write_table(toy_table(), path)
    if suffix == ".h5ad":
        with h5py.File(path, "a") as file:
            del file["X"]
            file.create_dataset("X", (10**9, 10**6), np.float32, chunks=(1000, 1000))
    else:
        told = path / "X" / ".zarray"
        told.write_text(json.dumps(json.loads(told.read_text()) | {"shape": [10**9, 10**6]}))
    with pytest.raises(ValueError, match="memory"):
        read_noun(path)


def png(width, height, colour=0):
    def chunk(kind, content):
        summed = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", summed)

    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(99))), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_pictures_may_claim_anything(tmp_path, little):
    for size in ((2**31 - 1, 2**31 - 1), (10**5, 10**5)):
        (tmp_path / "a.png").write_bytes(png(*size))
        with pytest.raises(ValueError, match="memory"):
            whole(tmp_path / "a.png")


@pytest.mark.parametrize("words", [{}, {"tile": (16, 16)}])
def test_tiff_may_claim_anything(tmp_path, little, words):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((16, 16), np.uint8), compression="zlib", **words)
    with tifffile.TiffFile(path, mode="r+") as tif:
        for tag in ("ImageWidth", "ImageLength", "RowsPerStrip", "TileWidth", "TileLength"):
            if tag in tif.pages[0].tags:
                tif.pages[0].tags[tag].overwrite(2**16 - 16)
    with pytest.raises(ValueError, match=r"a\.tif"):
        whole(path)


def test_ome_may_claim_anything(tmp_path, little):
    pixels = np.zeros((2, 16, 16), np.uint8)
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, metadata={"axes": "ZYX"})
    xml = tifffile.tiffcomment(tmp_path / "a.ome.tif")
    laughs = '<!DOCTYPE OME [<!ENTITY a0 "ha">'
    laughs += "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(12)) + "]>"
    changed = [
        xml.replace('SizeZ="2"', f'SizeZ="{10**12}"'),
        xml.replace('PlaneCount="2"', f'PlaneCount="{10**12}"'),
        xml.replace("?>", f"?>{laughs}", 1).replace("</OME>", "<a>&a12;</a></OME>"),
    ]
    for one in changed:
        assert one != xml
        tifffile.imwrite(tmp_path / "b.ome.tif", pixels, description=one.encode())
        with pytest.raises(ValueError, match=r"b\.ome\.tif"):
            whole(tmp_path / "b.ome.tif")


def test_weights_may_claim_anything(tmp_path, little):
    for length, end in ((2**60, 0), (60, GIGA), (60, PETA)):
        told = {"a": {"dtype": "F32", "shape": [max(1, end // 4)], "data_offsets": [0, end]}}
        head = json.dumps(told).encode().ljust(length if length < 99 else 60)
        size = struct.pack("<Q", length if length > 99 else len(head))
        (tmp_path / "w.safetensors").write_bytes(size + head + bytes(99))
        with pytest.raises(ValueError, match="no weights"):
            load_weights(tmp_path / "w.safetensors")


DEEP = "[" * 200_000


def test_json_may_claim_anything(tmp_path, little):
    folder = save_model(small_model(), tmp_path / "m")
    (folder / "model.json").write_text(DEEP)
    with pytest.raises(ValueError, match="can't be read"):
        load_model(folder)
    (tmp_path / "m.geojson").write_text(DEEP)
    with pytest.raises(ValueError, match="GeoJSON"):
        read_geojson(tmp_path / "m.geojson")
    labels = Labels(np.ones((9, 9), np.uint16), meaning="objects", object_classes=[0, 0])
    write(labels, tmp_path / "l.npy")
    told = tmp_path / "l.npy.simgraph.json"
    info = json.loads(told.read_text())
    for text in (DEEP, json.dumps(info | {"object_classes": [[0, PETA]]})):
        told.write_text(text)
        with pytest.raises(ValueError, match="damaged"):
            read_labels(tmp_path / "l.npy")


def test_a_journal_may_claim_anything(tmp_path, little):
    packed = zipped_zeros(3 * 10**8)
    line = {"is": "Strokes", "z": 0, "top": 0, "left": 0}
    values = {"type": "|u1", "shape": [9, 9], "zlib": base64.b64encode(packed).decode()}
    (tmp_path / "j.jsonl").write_text(json.dumps(line | {"arrays": {"values": values}}))
    assert LiveJournal(tmp_path / "j.jsonl").read().history.events == ()


NETWORKS = [
    {"width": 10**9},
    {"depth": 40},
    {"depth": 10**9},
    {"in_channels": -1},
    {"in_channels": 2**60},
    {"width": "16"},
    {"width": None},
    {"code": "print()"},
    {"width": 2**14, "depth": 6},
]


@pytest.mark.parametrize("options", NETWORKS, ids=str)
def test_a_network_may_claim_anything(options):
    with pytest.raises(ValueError, match="options we don't know"):
        build("unet", **{"in_channels": 1, "out_channels": 2, "width": 4, **options})
    if "depth" in options and options["depth"] > 12:
        with pytest.raises(ValueError, match="options we don't know"):
            reach("unet", options)


@pytest.mark.parametrize(
    "changes",
    [{"network": []}, {"network": {"name": 3}}, {"network": {"patch": 10**9}}, {"spacing": [0]},
     {"metrics": 5}, {"metrics": {"agreement": None}}, {"name": ["m"]}, {"channels": "1"},
     {"classes": [{"value": 1}]}],
    ids=str,
)  # fmt: skip
def test_a_description_of_another_kind_is_told(tmp_path, changes):
    folder = save_model(small_model(), tmp_path / "m")
    told = folder / "model.json"
    told.write_text(json.dumps(json.loads(told.read_text()) | changes))
    for reading in (load_model, describe):
        with pytest.raises(ValueError, match=r"damaged"):
            reading(folder)


def test_weights_that_changed_are_told(tmp_path):
    folder = save_model(small_model(), tmp_path / "m")
    weights = folder / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-3] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match=r"weights.safetensors can't be read"):
        load_model(folder)


def test_a_part_of_our_zarr_that_is_lost_is_told(tmp_path):
    write(toy_image(), tmp_path / "a.ome.zarr")
    assert read(tmp_path / "a.ome.zarr").image.read().any()
    (tmp_path / "a.ome.zarr" / "0" / "c" / "0" / "0").unlink()
    with pytest.raises(ValueError, match="lacks a part"):
        read(tmp_path / "a.ome.zarr").image.read()


# --- workspaces and results


@pytest.fixture
def workspace(tmp_path):
    """A workspace of somebody else, let go of."""
    made = Workspace(tmp_path / "theirs")
    made.keep_result("i1 classes", toy_labels(), {"seed": 1})
    made.save({"layers": [], "images": {}})
    made.close()
    return made.folder


@pytest.mark.parametrize("looking", [True, False])
@pytest.mark.parametrize(
    "place", ["painted", "runs/a", "results/i1 classes/2", "models/m/model.json"]
)
def test_a_workspace_with_a_link_that_leads_out_does_not_open(tmp_path, workspace, place, looking):
    precious = tmp_path / "precious"
    precious.mkdir()
    (workspace / place).parent.mkdir(parents=True, exist_ok=True)
    (workspace / place).symlink_to(precious)
    with pytest.raises(ValueError, match=r"is a link to elsewhere: put the files there\."):
        Workspace(workspace, look_only=looking)
    assert not (workspace / "lock").exists()
    (workspace / place).unlink()
    (workspace / "inner").symlink_to(workspace / "results")
    Workspace(workspace, look_only=looking).close()


def test_parts_of_a_workspace_lie_in_it(tmp_path, workspace):
    ours = Workspace(workspace)
    for name in ("../../precious", str(tmp_path / "precious"), "a/../../../p", "a\0b"):
        with pytest.raises(ValueError, match="elsewhere"):
            ours.place("painted", name)
    assert ours.model_folder("../../precious").parent == workspace / "models"
    assert ours.run_folder("..").parent == workspace / "runs"
    ours.close()


def test_versions_of_a_result_lead_nowhere_else(tmp_path, workspace):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("!")
    told = workspace / "results" / "i1 classes" / "versions.json"
    strange = [{"number": "../../../precious", "info": {}}, {"number": 1, "info": []}, 5, None]
    told.write_text(json.dumps([*json.loads(told.read_text()), *strange]))
    ours = Workspace(workspace)
    for _ in range(4):
        ours.keep_result("i1 classes", toy_labels(), {})
    ours.drop_newest("i1 classes")
    assert ours.result("i1 classes")[0].shape == (96, 96)
    assert (tmp_path / "precious" / "thesis.txt").exists()
    ours.close()


def test_a_rerun_writes_where_we_say_and_asks_no_stranger(tmp_path, capsys):
    write(toy_image(), tmp_path / "a.tif")
    strange = {
        "out": str(tmp_path / "precious"),
        "cluster": "tcp://stranger:8786",
        "progress": "json",
    }
    recipe = Recipe("segmentation", "apply", {"image": str(tmp_path / "a.tif")}, strange)
    write(toy_labels(), tmp_path / "p.tif", info={KEY: recipe.to_json()})
    asked, said = Namespace(result=str(tmp_path / "p.tif"), places=[], out="", progress="none"), []
    assert run_rerun(asked, lambda words: said.append(words) or 2, Driver("none")) == 2
    words = [*said[0], "--model", "m"]
    found = build_parser(words).parse_args(words)
    assert (found.cluster, found.progress) == ("", "none")
    assert Path(found.out).name == "again"
    assert Path(found.out).parent != tmp_path
    assert capsys.readouterr().out == ""
