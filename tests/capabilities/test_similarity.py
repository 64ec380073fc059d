"""Embedding and similarity on the toy tissue and on digits."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from napari_simgraph import Image, ImageSet, MemoryRoom, run
from napari_simgraph.capabilities import embedding, similarity
from napari_simgraph.cli import main
from napari_simgraph.core.job import Note, Progress
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.io.write_table import write_table
from toy import toy_graph, toy_image, toy_labels, toy_table

DATA = Path(os.environ.get("SIMGRAPH_DATA", Path(__file__).parents[3] / "shared" / "data"))
FAST = {"threads": 1, "device": "cpu", "minutes": 0.0}


@pytest.fixture(scope="module")
def model():
    """Learned from the toy tissue in 40 steps, and what it said."""
    said = []
    config = embedding.Train(patch=16, steps=40, batch=24, **FAST)
    made = run(embedding.train(toy_image(), config=config, room=MemoryRoom()), said.append)
    return made, [tick.text for tick in said if isinstance(tick, Note)]


def embedded(model, image, **settings):
    config = embedding.Apply(threads=1, device="cpu", **settings)
    return run(embedding.apply(model, image, config=config, room=MemoryRoom()))


def graph_of(table, **settings):
    return run(similarity.apply(table, config=similarity.Apply(**settings), room=MemoryRoom()))


def found(table, image=None, model=None, **settings):
    config = similarity.Find(**settings)
    return run(similarity.find(table, image, model, config=config, room=MemoryRoom()))


def texture(table):
    """Of each patch 0 stripes, 1 grain or 2 disc, and whether it is nearly all of it."""
    share = pool(table.grid, toy_labels())
    return share.argmax(1), share.max(1) > 0.9


def agreement(table):
    """How often neighbours of a patch of one texture have the same texture."""
    kind, pure = texture(table)
    edges = graph_of(table, k=3).edges["similarity"]
    rows = np.flatnonzero(pure & (kind < 2))
    return np.mean([(kind[edges.row(int(row))[0]] == kind[row]).mean() for row in rows])


def test_patches_of_one_texture_lie_together(model):
    table = embedded(model[0], toy_image())
    assert np.allclose(np.linalg.norm(table.values, axis=1), 1, atol=1e-5)
    learned = agreement(table)
    assert learned > 0.8
    assert learned > agreement(embedded(model[0], toy_image(), features="untrained"))


def test_training_says_what_should_not_matter_and_watches_its_health(model):
    made, said = model
    assert any("16 px (64 nm)" in sentence and "turns" in sentence for sentence in said)
    assert {"rank", "spread", "retrieval"} <= set(made.metrics)
    assert made.metrics["rank"] > 3


def test_an_embedding_goes_on_and_takes_the_way_down_of_a_segmentation(model):
    from napari_simgraph.capabilities import segmentation

    settings = segmentation.Train(steps=1, patch=32, batch=1, holdout="none", width=8, **FAST)
    unet = run(segmentation.train(toy_image(), toy_labels(), config=settings, room=MemoryRoom()))
    config = embedding.Train(patch=16, batch=8, **FAST)
    begun = run(embedding.train(toy_image(), start=unet, config=config, room=MemoryRoom()))
    key = "down.0.first.weight"
    assert np.array_equal(begun.arrays[f"network/encoder.{key}"], unet.arrays[key])
    on = run(embedding.train(toy_image(), start=model[0], config=config, room=MemoryRoom()))
    name = "network/encoder.down.0.first.weight"
    assert np.array_equal(on.arrays[name], model[0].arrays[name])


def test_a_collapse_stops_the_run_with_a_clear_sentence(monkeypatch):
    """A loss that asks for one answer gets it, and is not left to go on to the end."""
    from napari_simgraph.learn import siamese

    monkeypatch.setitem(siamese.LOSSES, "vicreg", lambda a, b: ((a - 1) ** 2 + (b - 1) ** 2).mean())
    small = {"width": 4, "depth": 2, "batch": 16, "rate": 0.01}
    config = embedding.Train(patch=16, steps=120, loss="vicreg", **small, **FAST)
    seen = []
    with pytest.raises(ValueError, match="same answer for all patches"):
        run(embedding.train(toy_image(), config=config, room=MemoryRoom()), seen.append)
    done = [tick for tick in seen if isinstance(tick, Progress) and tick.values]
    assert "loss" in done[-1].values
    assert 0.1 < done[-1].done < 1
    spreads = [tick.values["spread"] for tick in done if "spread" in tick.values]
    assert spreads[0] > 0.3 > spreads[-1]


def test_small_pictures_are_one_patch_each_and_share_their_statistics():
    rng = np.random.default_rng(0)
    bars = []
    for number in range(40):
        picture = np.zeros((12, 12), np.uint8)
        at = 2 + rng.integers(0, 6)
        picture[
            (slice(at, at + 3), slice(1, 11)) if number % 2 else (slice(1, 11), slice(at, at + 3))
        ] = 200
        bars.append(Image(picture, name=f"bar{number}"))
    pictures = ImageSet(tuple(bars), ("down", "across") * 20)
    config = embedding.Train(steps=30, batch=16, **FAST)
    made = run(embedding.train(pictures, config=config, room=MemoryRoom()))
    assert made.network["patch"] == 12
    assert "shift" in made.normalisation
    table = embedded(made, pictures)
    assert len(table) == 40
    scores = embedding.score(table)
    assert scores["accuracy"] > 0.75
    table = embedded(made, pictures, compare=True)
    assert set(table.beside) == {"untrained", "pixels", "statistics"}
    assert table.beside["pixels"].shape == (40, 144)
    told = embedding.score(table)
    assert told["accuracy"] == scores["accuracy"]
    assert {f"{key}_untrained" for key in scores} <= set(told)
    assert embedding.score(table.take(np.arange(20)))["accuracy_pixels"] <= 1


def test_finding_by_patches_boxes_and_counterexamples():
    table = toy_table()
    kind, pure = texture(table)
    stripes, grain = (int(np.flatnonzero(pure & (kind == k))[0]) for k in (0, 1))
    answer = found(table, rows=str(stripes), not_rows=str(grain), k=5)
    assert (kind[answer.columns["row"]] == 0).all()
    assert (np.diff(answer.score) <= 0).all()
    grid = table.grid
    assert not grid.overlapping(np.full(5, stripes), answer.columns["row"]).any()
    box = f"toy,0,{grid.y[stripes]},{grid.x[stripes]},16"
    same = found(table, box=box, not_rows=str(grain), k=5)
    assert same.fingerprint == answer.fingerprint
    between = found(table, box="0,0,3,5,20", k=3)
    assert len(between) == 3


def test_a_box_is_looked_at_by_the_model(model):
    table = embedded(model[0], toy_image())
    row = 7
    box = f"0,0,{table.grid.y[row]},{table.grid.x[row]},16"
    answer = found(table, toy_image(), model[0], box=box, k=1, apart=False)
    other = found(table, rows=str(row), k=1, apart=False)
    assert answer.columns["row"][0] == row or np.allclose(answer.score, 1, atol=1e-2)
    assert other.columns["row"][0] != row


def test_bad_questions_are_told():
    table = toy_table()
    for settings, said in (
        ({}, "Nothing was asked for"),
        ({"box": "toy,0,0"}, "IMAGE,Z,Y,X,SIZE"),
        ({"box": "other,0,0,0,8"}, "no image 'other'"),
        ({"box": "0,0,900,900,8"}, "no patch"),
        ({"rows": "99999"}, "There is no patch 99999"),
    ):
        with pytest.raises(ValueError, match=said):
            found(table, **settings)
    leiden = similarity.Cluster(method="leiden")
    with pytest.raises(ValueError, match="need a graph"):
        run(similarity.cluster(table, config=leiden, room=MemoryRoom()))
    with pytest.raises(ValueError, match="One patch alone"):
        graph_of(table.take([0]))


def test_the_number_of_groups_is_suggested():
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(7, 16)) * 3
    values = (middles[rng.integers(0, 7, 121)] + rng.normal(size=(121, 16))).astype(np.float32)
    table = toy_table().replace(values=values)
    made = run(similarity.cluster(table, config=similarity.Cluster(), room=MemoryRoom()))
    assert made.columns["cluster"].max() + 1 == 7


def test_clusters_and_maps_stand_beside_the_rows():
    graph = toy_graph()
    for method in ("kmeans", "leiden"):
        config = similarity.Cluster(method=method, number=4)
        made = run(similarity.cluster(graph, config=config, room=MemoryRoom()))
        assert made.table.columns["cluster"].min() == 0
        assert set(made.edges) == set(graph.edges)
    made = run(similarity.map2d(graph.table, config=similarity.Map2d(), room=MemoryRoom()))
    assert made.maps["pca"].shape == (len(graph), 2)


def test_a_graph_is_scored_and_a_card_that_is_not_there_is_told():
    table = toy_table()
    kind, pure = texture(table)
    words = np.where(pure, np.array(["stripes", "grain", "disc", "odd"])[kind.clip(0, 3)], "")
    graph = graph_of(table.with_column("class", words))
    told = similarity.score(graph)
    assert told["within_section"] == 1
    assert told["same_class"] > told["same_class_chance"]
    assert {"accuracy", "map", "rank"} <= set(told)
    assert "same_class" not in similarity.score(graph.table)
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="no device 'cuda'"):
            graph_of(table, device="cuda")


@pytest.mark.long  # numba compiles for half a minute
def test_umap_keeps_groups_apart():
    pytest.importorskip("umap", reason="UMAP (extra map) is not installed")
    table = toy_table()
    config = similarity.Map2d(method="umap", neighbours=5)
    made = run(similarity.map2d(table, config=config, room=MemoryRoom()))
    kind, pure = texture(table)
    plane = made.maps["umap"]
    middles = [plane[pure & (kind == k)].mean(0) for k in (0, 1)]
    near = np.linalg.norm(plane[:, None] - middles, axis=2).argmin(1)
    pure &= kind < 2
    assert (near[pure] == kind[pure]).mean() > 0.8


def test_the_command_line_answers_on_the_screen(tmp_path, capsys):
    write_table(toy_table(), tmp_path / "t.h5ad")
    words = ["similarity", "find", "--table", str(tmp_path / "t.h5ad"), "--box", "toy,0,8,8,16"]
    assert main([*words, "-k", "3", "--progress", "none"]) == 0
    answer = json.loads(capsys.readouterr().out)["neighbours"]
    assert len(answer) == 3
    assert {"image", "z", "y", "x", "size", "similarity", "patch_id"} <= set(answer[0])
    out = ["--out", str(tmp_path / "n.csv")]
    assert main([*words, "-k", "3", "--progress", "none", *out]) == 0
    assert len((tmp_path / "n.csv").read_text().splitlines()) == 4
    bad = ["similarity", "apply", "--table", str(tmp_path / "t.h5ad"), "--out", "g.txt"]
    assert main([*bad, "--progress", "none"]) == 2
    assert "a table is written as" in capsys.readouterr().err


@pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason="MNIST is not in the data folder")
def test_mnist_pictures_are_patches():
    from napari_simgraph.io.read import ReadOptions, read

    images = read(f"{DATA / 'mnist' / 'mnist.npz'}::x_test", options=ReadOptions(axes="NYX")).image
    some = ImageSet(tuple(images.images[n] for n in range(300)))
    config = embedding.Train(patch=28, batch=8, **FAST)
    made = run(embedding.train(some, config=config, room=MemoryRoom()))
    table = embedded(made, some)
    assert len(table) == 300
    assert len(np.unique(table.patch_id)) == 300
