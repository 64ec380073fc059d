"""SignatureTable: rows, columns of layers, and the way to disk and back."""

import numpy as np
import pytest
import zarr

from napari_simgraph.core.signatures import CHUNK, LARGEST, Layer, SignatureTable, halved, layers_of
from napari_simgraph.core.tables import join
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.io.anndata_write import write_anndata
from toy import toy_signatures, toy_table


def test_columns_of_layers_lie_one_after_the_other():
    blocks = [Layer("a", "Block", (5, 8, 8), 5), Layer("b", "ReLU", (7,), 7, ("value",))]
    first, second = layers_of(blocks)
    assert (first.columns, second.columns) == (slice(0, 15), slice(15, 22))
    assert first.of("max") == slice(5, 10)
    assert second.of("max") == second.of() == slice(15, 22)
    table = toy_signatures()
    with pytest.raises(ValueError, match=r"no layer 'conv9' in the table; there are down.0, head"):
        table.layer("conv9")
    with pytest.raises(ValueError, match="columns of their layers"):
        table.replace(layers=table.layers[:1])
    with pytest.raises(ValueError, match="3 signatures but 121 patches"):
        table.replace(values=table.values[:3])


def test_the_answer_is_left_out_where_there_is_more():
    table = toy_signatures().replace(made={"answer": "head"})
    assert [one.name for one in table.inner] == ["down.0"]
    head = table.layer("head")
    alone = SignatureTable(
        table.grid, table.values[:, head.columns], layers_of([head]), made={"answer": "head"}
    )
    assert alone.inner == alone.layers


def test_half_precision_cuts_what_is_too_large():
    found = halved(np.array([1e9, -1e9, np.nan, np.inf, 0.5]))
    assert found.tolist() == [LARGEST, -LARGEST, 0, LARGEST, 0.5]


def test_some_rows_are_the_same_rows():
    table = toy_signatures()
    rows = np.array([40, 3, 77])
    some = table.take(rows)
    assert np.array_equal(some.values, table.values[rows])
    assert np.array_equal(some.classes(), table.classes()[rows])
    assert join(some, toy_table()).right.tolist() == rows.tolist()  # joined by patch_id
    mask = np.isin(np.arange(len(table)), rows)
    assert table.take(mask).fingerprint == table.take(np.sort(rows)).fingerprint
    assert table.with_column("x", np.zeros(len(table))).fingerprint != table.fingerprint


@pytest.mark.parametrize("suffix", [".zarr", ".h5ad"])
def test_it_comes_back_from_disk(tmp_path, suffix):
    table = toy_signatures()
    about = {**table.about, "cluster": np.random.default_rng(0).random((57, 3), np.float32)}
    table = table.replace(about=about, made={"model": "m", "answer": "head"})
    write_anndata(table, tmp_path / f"s{suffix}")
    found = read_noun(tmp_path / f"s{suffix}")
    assert isinstance(found, SignatureTable)
    assert found.fingerprint == table.fingerprint
    assert found.layers == table.layers
    assert [one.name for one in found.inner] == ["down.0"]
    assert found.about.keys() == table.about.keys()
    assert np.array_equal(found.about["cluster"], about["cluster"])
    if suffix == ".zarr":  # read when asked for, in half precision and chunks
        assert isinstance(found.values, zarr.Array)
        assert found.values.dtype == np.float16
        assert found.values.chunks == (121, 57)


def test_rows_of_many_chunks_are_gathered(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.random((2 * CHUNK[0] + 9, 3)).astype(np.float16)
    stored = zarr.create_array(tmp_path / "v.zarr", data=values, chunks=CHUNK)
    toy = toy_signatures()
    rows = rng.integers(0, len(values), 500)
    layer = Layer("one", "ReLU", (3,), 3, ("value",))
    grid = toy.grid.take(np.zeros(len(values), np.intp))
    table = SignatureTable(grid, stored, (layer,))
    found = table.read(slice(1, 3), rows)
    assert np.array_equal(found, values[rows, 1:3].astype(np.float32))
