"""Classification on toy pictures: stripes, grain and discs can be told apart by eye."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from napari_simgraph import Image, ImageSet, MemoryRoom, run
from napari_simgraph.capabilities import classification, embedding
from napari_simgraph.cli import main
from napari_simgraph.core.classified import kept_ids
from napari_simgraph.core.job import Note, Progress
from napari_simgraph.core.marks import Mark, Marks
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.io.picture_tables import read_chances, with_groups
from napari_simgraph.io.write import write
from napari_simgraph.io.write_table import write_table
from napari_simgraph.learn.class_rows import whole_grid
from toy import toy_image, toy_labels, toy_table

QUICK = {"steps": 40, "minutes": 0, "threads": 1, "device": "cpu", "width": 8, "depth": 3}
QUICK |= {"batch": 16, "compare": False}


def picture(kind, rng, side=24):
    """Stripes, grain or a bright disc, somewhere else each time; uint8."""
    y, x = np.mgrid[:side, :side]
    if kind == "stripes":
        values = 110 + 50 * np.sin((x + y + rng.integers(8)) * 2 * np.pi / 8)
    elif kind == "grain":
        values = 110 + 50 * (rng.random((side // 2, side // 2)).repeat(2, 0).repeat(2, 1) * 2 - 1)
    else:
        cy, cx = rng.integers(8, 16, 2)
        values = np.where((y - cy) ** 2 + (x - cx) ** 2 < 30, 230, 60)
    return np.clip(values + rng.normal(0, 8, (side, side)), 0, 255).astype(np.uint8)


def pictures(seed=0, **counts):
    rng = np.random.default_rng(seed)
    named = [(kind, n) for kind, count in counts.items() for n in range(count)]
    images = tuple(Image(picture(kind, rng), name=f"{kind}{n}") for kind, n in named)
    return ImageSet(images, tuple(kind for kind, _ in named), name="toys")


def learn(image, *given, said=None, start=None, **settings):
    config = classification.Train(**QUICK | settings)
    job = classification.train(image, *given, start=start, config=config, room=MemoryRoom())
    return run(job, None if said is None else lambda tick: said.append(tick))


def use(model, image, *given, said=None, **settings):
    config = classification.Apply(threads=1, device="cpu", **settings)
    job = classification.apply(model, image, *given, config=config, room=MemoryRoom())
    return run(job, None if said is None else lambda tick: said.append(tick))


def notes(said):
    return " ".join(tick.text for tick in said if isinstance(tick, Note))


@pytest.fixture(scope="module")
def learned():
    return learn(pictures(stripes=24, grain=24, disc=24))


def test_unseen_pictures_get_their_class(learned):
    unseen = pictures(seed=9, stripes=10, grain=10, disc=10)
    found = use(learned, unseen)
    assert found.names == ("disc", "grain", "stripes")
    np.testing.assert_allclose(found.chances.sum(1), 1, atol=1e-5)
    figures = classification.score(found, unseen)
    assert figures["balanced"] > 0.9
    assert learned.metrics["balanced"] > 0.8
    assert np.sum(learned.data["confusion"]) == len(kept_ids(learned)) > 5


def test_pictures_of_any_size_are_whole(learned):
    rng = np.random.default_rng(3)
    wide = np.concatenate([picture("stripes", rng), picture("stripes", rng)], 1)
    mixed = ImageSet((Image(wide, name="wide"), Image(picture("grain", rng), name="small")))
    found = use(learned, mixed)
    assert len(found) == 2
    assert found.columns["class"][1] == "grain"


def test_a_rare_class_counts_as_much_as_a_common_one():
    unequal = pictures(stripes=60, grain=12, disc=60)
    said = []
    model = learn(unequal, said=said, compare=True, steps=30)
    assert "balanced plain" in model.metrics
    assert model.metrics["recall grain"] >= model.metrics["recall grain plain"]
    done = [tick.done for tick in said if isinstance(tick, Progress) and tick.done >= 0]
    assert done == sorted(done)


@pytest.mark.parametrize("unequal", ["adjust", "plain"])
def test_other_ways_for_unequal_classes_learn_too(unequal):
    model = learn(pictures(stripes=30, disc=10), unequal=unequal, augment_below=20)
    assert use(model, pictures(seed=5, stripes=4, disc=4)).columns["class"].tolist() == [
        *["stripes"] * 4,
        *["disc"] * 4,
    ]


def test_a_class_of_few_pictures_goes_by_likeness_and_says_so():
    said = []
    model = learn(pictures(stripes=24, disc=24, grain=3), said=said)
    assert "'grain' has too few pictures to learn" in notes(said)
    assert model.data["likeness"] == ["grain"]
    found = use(model, pictures(seed=7, stripes=5, disc=5, grain=5))
    right = found.columns["class"] == np.repeat(["stripes", "disc", "grain"], 5)
    assert right.mean() > 0.8
    assert right[10:].sum() >= 3


def test_few_pictures_of_all_classes_go_by_likeness():
    said = []
    model = learn(pictures(stripes=1, disc=4), said=said)
    assert "All classes have too few pictures" in notes(said)
    assert "'stripes' has too few pictures to check on." in notes(said)
    assert model.steps == 0
    found = use(model, pictures(seed=2, stripes=4, disc=4)).columns["class"]
    assert (found == np.repeat(["stripes", "disc"], 4)).mean() > 0.7


def test_a_dense_network_has_as_many_hidden_neurons_as_asked_for():
    model = learn(pictures(stripes=16, disc=16), network="dense", hidden=32)
    assert model.network["name"] == "dense"
    assert model.arrays["network/inner.weight"].shape == (32, 24 * 24)
    assert use(model, pictures(seed=4, disc=2)).columns["class"].tolist() == ["disc"] * 2


def test_pictures_are_seen_at_the_size_that_was_chosen():
    model = learn(pictures(stripes=12, disc=12), size=12)
    assert model.network["patch"] == 12
    config = classification.Sizes(**QUICK | {"sizes": "8,24", "steps": 20})
    made = run(
        classification.sizes(pictures(stripes=12, disc=12), config=config, room=MemoryRoom())
    )
    assert made["size_px"].tolist() == [8, 24]
    assert (made["balanced"] > 0.4).all()
    wrong = classification.Sizes(**QUICK | {"sizes": "small"})
    job = classification.sizes(pictures(stripes=3, disc=3), config=wrong, room=MemoryRoom())
    with pytest.raises(ValueError, match="Picture sizes are numbers"):
        run(job)


def test_it_begins_with_the_encoder_of_an_embedding():
    config = embedding.Train(steps=4, minutes=0, patch=24, width=8, depth=2, batch=16, threads=1)
    toys = pictures(stripes=12, disc=12)
    start = run(embedding.train(toys, config=config, room=MemoryRoom()))
    model = learn(toys, start=start, steps=1, rate=1e-6)
    assert model.network["options"]["depth"] == 2
    name = "network/encoder.down.0.first.weight"
    np.testing.assert_allclose(model.arrays[name], start.arrays[name], atol=1e-4)
    colours = ImageSet(
        tuple(Image(np.zeros((24, 24, 3), np.uint8), axes="YXC") for _ in range(2)), ("a", "b")
    )
    with pytest.raises(ValueError, match="grey pictures"):
        learn(colours, start=start)


def test_the_last_layer_learns_from_what_a_model_sees():
    config = embedding.Train(steps=20, minutes=0, patch=24, width=8, depth=2, batch=16, threads=1)
    toys = pictures(stripes=16, disc=16, grain=6)
    start = run(embedding.train(toys, config=config, room=MemoryRoom()))
    model = learn(toys, start=start, layers="last", compare=True, fewer=0)
    kept = [key for key in model.arrays if key.startswith("network/encoder.")]
    assert len(kept) > 10
    for key in kept:
        np.testing.assert_array_equal(model.arrays[key], start.arrays[key])
    assert model.network["options"]["hidden"] == model.steps == 0
    assert {"balanced", "balanced plain"} <= model.metrics.keys()
    unseen = pictures(seed=8, stripes=8, disc=8, grain=8)
    found = use(model, unseen).columns["class"]
    assert (found == np.array(unseen.image_classes)).mean() > 0.8
    rare = learn(pictures(stripes=16, disc=16, grain=2), start=start, layers="last", fewer=4)
    assert rare.data["likeness"] == ["grain"]
    with pytest.raises(ValueError, match="learns from what others know"):
        learn(toys, layers="last")


def test_pictures_of_other_bits_than_those_learned_from_are_warned_of(learned):
    same, said = pictures(seed=6, disc=2), []
    use(learned, same, said=said)
    assert "bits" not in notes(said)
    deep = tuple(Image(one.read().astype(np.uint16) * 257, name=one.name) for one in same)
    use(learned, ImageSet(deep), said=said)
    assert "These pictures have 16 bits, those of the model 8 bits: its answers may" in notes(said)


def middle_of(table):
    """What lies in the middle of each patch, as the drawing says."""
    names = np.array(["", "stripes", "grain", "disc"])
    return names[toy_labels().read()[table.grid.y + 8, table.grid.x + 8]]


def test_patches_of_a_table_have_their_column_as_classes():
    table = toy_table()
    table = table.with_column("class", np.where(table.grid.y < 60, middle_of(table), ""))
    model = learn(toy_image(), table, steps=60)
    found = use(model, toy_image(), table)
    unseen = table.grid.y >= 60
    truth = middle_of(table)
    plain = unseen & np.isin(truth, ["stripes", "grain"])
    assert (found.columns["class"][plain] == truth[plain]).mean() > 0.8
    clusters = table.with_column("cluster", (table.values[:, 0] > 0).astype(int))
    assert learn(toy_image(), clusters, column="cluster", steps=2).classes.names == (
        *("group 1", "group 2"),
    )


def test_patches_from_painted_regions_and_from_marks():
    model = learn(toy_image(), None, toy_labels(), patch=8, steps=30)
    assert set(model.classes.names) == {"stripes", "grain", "disc"}
    assert model.network["whole"] is False
    assert len(use(model, toy_image(), stride=8)) == 144
    boxes = [("left", 0), ("right", 60)]
    marks = [
        Mark("box", (np.array([(0, x), (0, x + 36), (95, x + 36), (95, x)]),), name=name)
        for name, x in boxes
    ]
    model = learn(toy_image(), None, Marks(tuple(marks)), patch=16, steps=20)
    assert model.classes.names == ("left", "right")


def test_pictures_of_one_specimen_stay_on_one_side():
    toys = pictures(stripes=20, disc=20)
    groups = tuple(f"specimen {n // 5}" for n in range(40))
    model = learn(replace(toys, image_groups=groups), steps=2)
    aside = np.isin(whole_grid(toys).patch_id, kept_ids(model))
    for group in set(groups):
        inside = aside[[one == group for one in groups]]
        assert inside.all() or not inside.any()
    assert aside.any()


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (pictures(stripes=4), "second class is needed"),
        (ImageSet(pictures(stripes=2).images), "Nothing has a class"),
    ],
)
def test_what_is_missing_is_said(image, sentence):
    with pytest.raises(ValueError, match=sentence):
        learn(image)


def test_a_table_of_other_images_is_refused():
    table = toy_table().with_column("class", np.array(["a", "b"])[np.arange(121) % 2])
    other = Image(np.ones((96, 96), np.uint8), name="other")
    with pytest.raises(ValueError, match="table was made from toy"):
        learn(other, table)


@pytest.fixture
def folder(tmp_path):
    """Folders 'Disc', 'disc' and 'stripes', a colour picture, a broken file, a class of one."""
    made = tmp_path / "toys"
    several = pictures(stripes=12, disc=12, grain=1)
    for number, (one, kind) in enumerate(zip(several, several.image_classes, strict=True)):
        name = "Disc" if kind == "disc" and number % 2 else kind
        (made / name).mkdir(parents=True, exist_ok=True)
        write(one, made / name / f"{one.name}.tif")
    write(Image(np.zeros((24, 24, 3), np.uint8), axes="YXC"), made / "disc" / "red.tif")
    deep = np.full((24, 24), 40_000, np.uint16)
    write(Image(deep), made / "stripes" / "deep.tif")
    (made / "stripes" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (made / "stripes" / "notes.txt").write_text("no picture")
    return made


def test_the_command_line_names_what_is_odd_and_goes_on(folder, tmp_path, capsys):
    out = tmp_path / "p.csv"
    quick = ["--steps", "20", "--minutes", "0", "--width", "8", "--depth", "2", "--threads", "1"]
    words = ["classification", "train", "--image", str(folder), "--model", str(tmp_path / "m")]
    assert main([*words, *quick, "--batch", "16"]) == 0
    told = capsys.readouterr().err
    odd = ("red", "broken.png", "not of 8 bits as most are: deep.tif")
    for said in (*odd, "differ in case were joined", "'grain' has too few"):
        assert said in told, said
    assert load_model(tmp_path / "m").classes.names == ("Disc", "grain", "stripes")
    model = str(tmp_path / "m")
    assert (
        main(
            ["classification", "apply", "--model", model, "--image", str(folder), "--out", str(out)]
        )
        == 0
    )
    with out.open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["image", "class", "Disc", "grain", "stripes"]
    assert len(rows) == 1 + 25
    assert sum(float(value) for value in rows[1][2:]) == pytest.approx(1, abs=1e-4)
    assert "disc/disc0.tif" in {row[0] for row in rows}
    capsys.readouterr()
    asked = ["classification", "score", "--prediction", str(out), "--truth", str(folder)]
    assert main(asked) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["pictures"] == 25
    assert 0 <= figures["balanced"] <= 1


def test_groups_from_a_file(folder, tmp_path, capsys):
    groups = tmp_path / "groups.csv"
    listed = sorted(path for path in folder.rglob("*.tif") if path.stem != "red")
    lines = [f"{path.relative_to(folder)},{n // 4}" for n, path in enumerate(listed)]
    groups.write_text("image,tile\n" + "\n".join(lines) + "\n")
    words = ["classification", "train", "--image", str(folder), "--model", str(tmp_path / "m")]
    quick = ["--steps", "2", "--minutes", "0", "--width", "4", "--depth", "2"]
    assert main([*words, *quick, "--groups", str(groups)]) == 0
    assert "groups of pictures; each stays on one side" in capsys.readouterr().err
    groups.write_text("image,tile\nelsewhere.png,1\n")
    assert main([*words, *quick, "--groups", str(groups)]) == 2
    assert "names none of these pictures" in capsys.readouterr().err


def test_groups_are_found_by_path_by_file_and_by_stem(tmp_path):
    made = [
        Image(np.full((4, 4), n, np.uint8), name=f"p{n}", source=f"/d/k/p{n}.png") for n in range(4)
    ]
    table = tmp_path / "g.csv"
    table.write_text("k/p0.png,a\np1.png,b\np2,a\n")
    images, told = with_groups(ImageSet(tuple(made)), table)
    assert images.image_groups == ("a", "b", "a", "alone 3")
    assert "1 pictures have no group" in " ".join(told)


def test_tables_of_classes_are_read_back(learned, tmp_path):
    found = use(learned, pictures(seed=3, stripes=3, disc=3))
    write_table(found, tmp_path / "p.h5ad")
    again = read_chances(tmp_path / "p.h5ad")
    np.testing.assert_allclose(again.chances, found.chances)
    assert again.names == found.names
    assert not isinstance(read_noun(tmp_path / "p.h5ad"), EmbeddingTable)
    write_table(found, tmp_path / "p.csv")
    np.testing.assert_allclose(read_chances(tmp_path / "p.csv").chances, found.chances, atol=1e-5)


def test_a_model_that_was_saved_says_the_same(learned, tmp_path):
    toys = pictures(seed=11, stripes=3, disc=3)
    save_model(learned, tmp_path / "m")
    again = use(load_model(tmp_path / "m"), toys)
    np.testing.assert_allclose(again.chances, use(learned, toys).chances, atol=1e-6)
