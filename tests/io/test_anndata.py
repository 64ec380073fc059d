"""Tables and graphs on disk: read back as they were, and by the programs of others."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from napari_simgraph.core.graph import SimilarityGraph, edges_of
from napari_simgraph.core.groups import groups, rename
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable, PatchTable, ScoreTable
from napari_simgraph.io.anndata_read import is_table, read_graph, read_noun, read_table
from napari_simgraph.io.anndata_write import write_anndata
from napari_simgraph.io.table_text import write_csv, write_graphml


@pytest.fixture
def graph():
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 255, (2, 24, 40), np.uint8)
    images = ImageSet(
        (
            Image(stack, spacing=(50, 4, 4), unit="nm", name="stück", origin=(0, 8, 8)),
            Image(stack[0], name="flat & <thin>"),
        ),
        ("a", ""),
    )
    grid = grid_over(images, 8, 8).take(np.arange(15, 45))
    values = rng.normal(size=(len(grid), 6)).astype(np.float32)
    n = len(grid)
    table = EmbeddingTable(
        grid,
        values,
        columns={"cluster": np.arange(n) % 3, "word": np.array(["x", "y"])[np.arange(n) % 2]},
        maps={"pca": values[:, :2]},
        beside={"pixels": values[:, :5]},
        made={"model": "m", "steps": 3},
    )
    ring = np.arange(n), (np.arange(n) + 1) % n
    both = np.concatenate(ring), np.concatenate(ring[::-1])
    edges = edges_of(*both, np.tile(np.linspace(0.1, 1, n, dtype=np.float32), 2), n)
    return SimilarityGraph(table, {"similarity": edges, "spatial": edges}, made={"k": 2})


@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_a_graph_comes_back_as_it_was(graph, tmp_path, suffix):
    target = tmp_path / f"g{suffix}"
    assert write_anndata(graph, target, {"verb": "test"}) == [target]
    found = read_graph(target)
    assert found.fingerprint == graph.fingerprint
    assert found.table.grid.sources == graph.table.grid.sources
    assert found.table.grid.layouts == graph.table.grid.layouts
    assert np.array_equal(found.table.classes(), graph.table.classes())
    assert found.made == {"k": 2, "verb": "test"}
    assert is_table(target)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_scores_and_bare_tables_come_back(graph, tmp_path, suffix):
    grid = graph.table.grid
    score = np.linspace(0, 1, len(grid), dtype=np.float32)
    for table in (ScoreTable(grid, score, score / 2), ScoreTable(grid, score), PatchTable(grid)):
        write_anndata(table, tmp_path / f"t{suffix}")
        found = read_noun(tmp_path / f"t{suffix}")
        assert type(found) is type(table)
        assert found.fingerprint == table.fingerprint


def test_what_is_no_table_is_told(graph, tmp_path):
    import h5py

    with pytest.raises(ValueError, match="tables end in"):
        read_table(__file__)
    with h5py.File(tmp_path / "other.h5ad", "w") as file:
        file.create_group("uns")
    with pytest.raises(ValueError, match="no patches of ours"):
        read_table(tmp_path / "other.h5ad")
    (tmp_path / "broken.h5ad").write_bytes(b"not HDF5")
    with pytest.raises(ValueError, match=r"broken\.h5ad"):
        read_table(tmp_path / "broken.h5ad")
    write_anndata(graph.table, tmp_path / "t.h5ad")
    with pytest.raises(ValueError, match="without edges"):
        read_graph(tmp_path / "t.h5ad")


# Its own deprecations on import; the test is about our files.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_anndata_opens_and_writes_our_files(graph, tmp_path, suffix):
    anndata = pytest.importorskip("anndata", reason="anndata (extra dev) is not installed")
    write_anndata(graph, tmp_path / f"g{suffix}")
    read, write = ("read_h5ad", "write_h5ad") if suffix == ".h5ad" else ("read_zarr", "write_zarr")
    opened = getattr(anndata, read)(tmp_path / f"g{suffix}")
    assert opened.shape == (30, 6)
    assert np.array_equal(opened.X, graph.table.values)
    assert opened.obs["image"].iloc[0] == "stück"
    assert opened.obs["patch_id"].to_numpy().tolist() == graph.table.patch_id.tolist()
    assert np.allclose(opened.obsm["spatial"], graph.table.grid.centres()[:, ::-1])
    assert opened.obsp["similarity"].nnz == len(graph.edges["similarity"].ends)
    opened.obs["leiden"] = (np.arange(30) % 4).astype(str)
    getattr(opened, write)(tmp_path / f"back{suffix}")
    back = read_graph(tmp_path / f"back{suffix}")
    assert back.table.columns["leiden"].tolist() == (np.arange(30) % 4).astype(str).tolist()
    assert np.array_equal(back.table.patch_id, graph.table.patch_id)


@pytest.mark.filterwarnings("ignore")  # of scanpy and numba themselves
def test_scanpy_clusters_our_graph(graph, tmp_path):
    scanpy = pytest.importorskip("scanpy", reason="scanpy (extra dev) is not installed")
    pytest.importorskip("igraph", reason="igraph (extra dev) is not installed")
    write_anndata(graph, tmp_path / "g.h5ad")
    opened = scanpy.read_h5ad(tmp_path / "g.h5ad")
    scanpy.tl.leiden(opened, obsp="similarity", flavor="igraph", n_iterations=2, directed=False)
    assert 2 <= opened.obs["leiden"].nunique() < 30


def test_squidpy_finds_what_it_looks_for(graph, tmp_path):
    anndata = pytest.importorskip("anndata", reason="anndata (extra dev) is not installed")
    named = graph.replace(table=rename(graph.table, "group 1", "stroma"))
    write_anndata(named, tmp_path / "g.h5ad")
    opened = anndata.read_h5ad(tmp_path / "g.h5ad")
    # squidpy itself wants older packages than napari brings; these are the names it looks for
    assert opened.obsm["spatial"].shape == (30, 3)
    joined = opened.obsp["spatial_connectivities"]
    assert joined.shape == (30, 30)
    assert (joined != joined.T).nnz == 0
    assert opened.obs["cluster"].dtype == "category"
    colors = dict(
        zip(opened.obs["cluster"].cat.categories, opened.uns["cluster_colors"], strict=True)
    )
    assert colors == {one.name: one.color for one in groups(named.table)}


def test_csv_has_a_line_a_patch(graph, tmp_path):
    write_csv(graph, tmp_path / "t.csv")
    head, *lines = (tmp_path / "t.csv").read_text("utf-8").splitlines()
    names = head.split(",")
    assert len(lines) == 30
    assert int(lines[3].split(",")[0]) == graph.table.patch_id[3]
    assert float(lines[3].split(",")[names.index("feature 5")]) == graph.table.values[3, 5]


def test_graphml_has_each_pair_once(graph, tmp_path):
    write_graphml(graph, tmp_path / "g.graphml")
    space = "{http://graphml.graphdrawing.org/xmlns}"
    root = ElementTree.parse(tmp_path / "g.graphml").getroot()
    drawn = root.find(f"{space}graph")
    assert len(drawn.findall(f"{space}node")) == 30
    assert len(drawn.findall(f"{space}edge")) == 2 * 30
    assert root.find(f".//{space}node[@id='29']/{space}data[@key='n1']").text == "flat & <thin>"
