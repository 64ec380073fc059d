"""Own embeddings: features of other programs, with positions or as a lattice."""

import json

import numpy as np
import pytest

from napari_simgraph import Image, ImageSet
from napari_simgraph.cli import main
from napari_simgraph.core.patch_pixels import fold
from napari_simgraph.core.patches import grid_over
from napari_simgraph.io.anndata_read import read_table
from napari_simgraph.io.anndata_write import write_anndata
from napari_simgraph.io.own import OwnOptions, is_own, read_own
from napari_simgraph.io.table_text import write_csv
from napari_simgraph.io.write import write
from toy import toy_image, toy_table


def features(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)


def stack(name="stack"):
    return Image(np.zeros((2, 50, 70), np.uint8), name=name)


def test_a_lattice_begins_at_the_first_pixel(tmp_path):
    np.save(tmp_path / "own.npy", features(2 * 4 * 6).reshape(2, 4, 6, 5))
    table = read_own(tmp_path / "own.npy", stack(), OwnOptions(patch=16, stride=10))
    grid = table.grid
    assert len(table) == 48
    assert (grid.z[7], grid.y[7], grid.x[7], grid.size[7]) == (0, 10, 10, 16)
    assert (grid.z[24], grid.y[24], grid.x[24]) == (1, 0, 0)
    cells = fold(grid, table.values)
    assert np.array_equal(np.asarray(cells.levels[0])[1, 1, 1], table.values[24 + 7])
    write_anndata(table, tmp_path / "t.h5ad")
    back = read_table(tmp_path / "t.h5ad")
    assert back.fingerprint == table.fingerprint
    assert back.grid.layouts == grid.layouts
    assert is_own(tmp_path / "own.npy")
    assert not is_own(tmp_path / "t.h5ad")


def test_pictures_are_one_row_each_as_in_our_own_tables(tmp_path):
    pictures = ImageSet(tuple(Image(np.full((28, 28), n, np.uint8)) for n in range(4)))
    np.savez(tmp_path / "own.npz", embeddings=features(4), label=np.arange(4))
    table = read_own(tmp_path / "own.npz", pictures)
    assert np.array_equal(table.patch_id, grid_over(pictures, 28, 14).patch_id)
    assert table.columns["label"].tolist() == [0, 1, 2, 3]


def test_positions_stand_in_a_csv_beside_or_in_the_file(tmp_path):
    images = ImageSet((stack("a.tif"), stack("b.tif")))
    values = features(5)
    lines = ["image;z;y;x;size;kind"]
    lines += [
        f"{'ab'[n % 2]};{n % 2};{8 * n};{16 * n - 4};16;{'gland' * (n % 2)}" for n in range(5)
    ]
    (tmp_path / "own.csv").write_text("\n".join(lines), "utf-8")
    np.save(tmp_path / "own.npy", values)
    table = read_own(tmp_path / "own.npy", images)
    assert table.grid.image.tolist() == [0, 1, 0, 1, 0]
    assert table.grid.y.tolist() == [0, 8, 16, 24, 32]
    assert table.columns["kind"].tolist() == ["", "gland", "", "gland", ""]
    whole = ["f0,f1,y,x"] + [f"{a},{b},{8 * n},4" for n, (a, b) in enumerate(values[:, :2])]
    (tmp_path / "whole.csv").write_text("\n".join(whole), "utf-8")
    table = read_own(tmp_path / "whole.csv", stack(), OwnOptions(patch=8))
    assert np.allclose(table.values, values[:, :2])
    assert table.grid.layouts[0].stride == 8


def test_our_csv_comes_back(tmp_path):
    ours = toy_table().with_column("class", np.where(np.arange(121) % 2, "odd", "even"))
    write_csv(ours, tmp_path / "ours.csv")
    back = read_own(tmp_path / "ours.csv", toy_image())
    assert np.array_equal(back.patch_id, ours.patch_id)
    assert np.allclose(back.values, ours.values)
    assert back.classes().tolist() == ours.classes().tolist()
    assert back.grid.layouts == ours.grid.layouts


def test_files_of_clam_and_of_squidpy(tmp_path):
    import h5py

    with h5py.File(tmp_path / "slide.h5", "w") as file:
        file["features"] = features(3)[None]
        file["coords"] = np.array([[0, 0], [32, 0], [32, 32]])
        file["coords"].attrs["patch_size_level0"] = 32
    table = read_own(tmp_path / "slide.h5", stack())
    assert table.grid.x.tolist() == [0, 32, 32]
    assert table.grid.size.tolist() == [32, 32, 32]
    with h5py.File(tmp_path / "spots.h5ad", "w") as file:
        file["X"] = features(3)
        file["obs/grade"] = np.arange(3)
        file["obsm/spatial"] = np.array([[10.0, 20.0], [30, 20], [50, 20]])
    table = read_own(tmp_path / "spots.h5ad", stack(), OwnOptions(patch=10))
    assert table.grid.y.tolist() == [15, 15, 15]
    assert table.grid.x.tolist() == [5, 25, 45]
    assert table.columns["grade"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda v: v[:-1], {"patch": 16, "stride": 10}, r"47 rows, but .* 2 x 4 x 6 = 48"),
        (lambda v: v, {}, r"CSV with image, z, y, x, size"),
        (lambda v: np.where(np.arange(48)[:, None] == 3, np.nan, v), {"patch": 16}, "row 3"),
        (lambda v: np.where(np.arange(48)[:, None] > 3, 0, v), {"patch": 16}, "44 of 48 .* zeros"),
        (lambda v: v[:, 0], {"patch": 16}, "one row a patch"),
        (lambda v: v, {"positions": "few"}, "48 rows, few.csv 2 lines"),
        (lambda v: v, {"positions": "no_x"}, "no column 'x'"),
        (lambda v: v, {"positions": "other"}, "lie in 'c', which is not among the images"),
        (lambda v: v, {"positions": "outside"}, "outside 'stack' .* another image"),
        (lambda v: v, {"positions": "twice"}, "same position"),
        (lambda v: v, {"positions": "text"}, "no number"),
        (lambda v: v, {"positions": "none"}, "not there"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, change, options, said):
    np.save(tmp_path / "own.npy", change(features(48)))
    many = range(48)
    sheets = {
        "few": ["y,x,size", "0,0,8", "8,8,8"],
        "no_x": ["y,size"] + ["0,8"] * 48,
        "other": ["image,y,x,size"] + [f"c,{n},0,8" for n in many],
        "outside": ["y,x,size"] + [f"{n * 9},0,8" for n in many],
        "twice": ["y,x,size"] + ["0,0,8"] * 48,
        "text": ["y,x,size"] + [f"{n},here,8" for n in many],
    }
    for name, lines in sheets.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines), "utf-8")
    if "positions" in options:
        options = {"positions": str(tmp_path / f"{options['positions']}.csv")}
    with pytest.raises(ValueError, match=said):
        read_own(tmp_path / "own.npy", stack(), OwnOptions(**options))


def test_the_command_line_takes_own_features(tmp_path, capsys):
    table = toy_table()
    np.save(tmp_path / "own.npy", table.values)
    write(toy_image(), tmp_path / "toy.tif")
    words = ["--table", str(tmp_path / "own.npy"), "--progress", "none"]
    where = ["--image", str(tmp_path / "toy.tif"), "--patch", "16", "--stride", "8"]
    graph = str(tmp_path / "g.h5ad")
    assert main(["similarity", "apply", *words, *where, "--out", graph, "-k", "3"]) == 0
    assert main(["similarity", "find", *words, *where, "--rows", "7", "-k", "2"]) == 0
    assert len(json.loads(capsys.readouterr().out)["neighbours"]) == 2
    assert main(["similarity", "find", "--table", graph, "--rows", "7", "-k", "2"]) == 0
    lines = [
        f"{y},{x},16,{'left' if x < 40 else 'right'}"
        for y, x in zip(table.grid.y, table.grid.x, strict=True)
    ]
    (tmp_path / "classes.csv").write_text("\n".join(["y,x,size,class", *lines]), "utf-8")
    asked = ["--prediction", words[1], *where[:2], "--positions", str(tmp_path / "classes.csv")]
    capsys.readouterr()
    assert main(["embedding", "score", *asked]) == 0
    assert 0.5 < json.loads(capsys.readouterr().out)["accuracy"] <= 1
    assert main(["similarity", "apply", *words, "--out", graph]) == 2
    assert "--image PATH" in capsys.readouterr().err
