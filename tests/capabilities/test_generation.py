"""Drawing patches of a class: discs are round, bars are straight, and what went wrong is told."""

import csv

import numpy as np
import pytest
import tifffile

from napari_simgraph import Image, ImageSet, MemoryRoom, run
from napari_simgraph.capabilities import classification, generation
from napari_simgraph.cli import main
from napari_simgraph.core.drawing import Draw, Drawn, Redraw, Walk
from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.io.read import read
from napari_simgraph.io.write import write
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.drawer import Drawer
from toy import toy_image, toy_labels

SIDE = 16
FAST = {"threads": 1, "device": "cpu"}
QUICK = {"minutes": 0.0, "steps": 150, "batch": 32, "rate": 0.01, **FAST}
SMALL = {"width": 8, "latent": 4}


def picture(kind, rng):
    """A disc anywhere, or bars of any phase, 30 dark and 200 or more bright."""
    y, x = np.mgrid[:SIDE, :SIDE]
    if kind == "disc":
        at = rng.uniform(6, 10, 2)
        inside = np.hypot(y - at[0], x - at[1]) < 4
    else:
        inside = (x + rng.integers(0, 8)) % 8 < 4
    pixels = np.where(inside, rng.integers(200, 250), 30) + rng.normal(0, 4, (SIDE, SIDE))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def pictures(discs=90, bars=90, seed=0):
    rng = np.random.default_rng(seed)
    kinds = ["disc"] * discs + ["bars"] * bars
    images = tuple(Image(picture(k, rng), name=f"{k}_{i}") for i, k in enumerate(kinds))
    return ImageSet(images, tuple(kinds), name="shapes")


def is_disc(pixels):
    """A disc lies within a dark border; bars go through it."""
    border = np.concatenate([pixels[:2].ravel(), pixels[-2:].ravel()]).mean()
    return border < 0.6 * pixels[4:-4, 4:-4].mean()


def learned(image=None, **settings):
    said = []
    config = generation.Train(**QUICK | SMALL | settings)
    model = run(
        generation.train(image or pictures(), config=config, room=MemoryRoom()), said.append
    )
    return model, [tick for tick in said if isinstance(tick, Note)]


@pytest.fixture(scope="module")
def model():
    return learned()[0]


def drawn(model, **settings):
    config = generation.Sample(**FAST | settings)
    return run(generation.sample(model, config=config, room=MemoryRoom()))


def walked(model, image, **settings):
    config = generation.Walk(**FAST | settings)
    return run(generation.walk(model, image, config=config, room=MemoryRoom()))


def arrays(images):
    return np.stack([one.read() for one in images])


def test_what_is_drawn_is_of_the_class_that_was_asked_for(model):
    for kind in ("disc", "bars"):
        made = drawn(model, class_=kind, n=30)
        assert made.image_classes == (kind,) * 30
        assert np.mean([is_disc(one) == (kind == "disc") for one in arrays(made)]) >= 0.9
    assert arrays(made).dtype == np.uint8
    assert arrays(made).max() > 150


def test_it_sees_which_class_a_picture_has(model):
    drawer, new = Drawer(model, pick("cpu", 1)), pictures(20, 20, seed=4)
    light = np.concatenate([drawer.light_in(one[..., None]) for one in arrays(new)])
    found = drawer.names(drawer.looks_like(light))
    assert np.mean([a == b for a, b in zip(found, new.image_classes, strict=True)]) > 0.9
    plain, _ = learned(toy_image(), patch=16, steps=2)
    assert Drawer(plain, pick("cpu", 1)).reading is None


def test_without_a_class_all_take_turns(model):
    assert drawn(model, n=4).image_classes == ("bars", "disc", "bars", "disc")


def test_another_seed_draws_others(model):
    first, again, other = (arrays(drawn(model, n=4, seed=seed)) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_the_first_direction_changes_most(model):
    still = arrays(drawn(model, class_="disc", n=8)).astype(float)
    change = []
    for at in (0, 3):
        words = ",".join(["0"] * at + ["2.5"])
        moved = arrays(drawn(model, class_="disc", n=8, directions=words)).astype(float)
        change.append(np.abs(moved - still).mean())
    assert change[0] > change[1]
    assert change[0] > 5


def test_it_tells_how_well_it_redraws_beside_pca():
    model, said = learned()
    figures = model.metrics
    assert figures["error"] < 0.05
    assert {"error_pca", "elbo", "price", "in_use"} <= figures.keys()
    assert any("PCA of the same size" in note.text for note in said)
    assert not any(note.warning for note in said)
    assert "loss" in model.history


def test_numbers_that_say_nothing_are_told():
    _, said = learned(price=100.0, warm_up=0.0, steps=60)
    assert [note.text for note in said if note.warning] == [
        "The directions do nothing: the drawing ignores them. Learn again with a slower warm-up."
    ]


def test_redrawn_pictures_look_like_the_first_ones(model):
    new = pictures(6, 6, seed=5)
    unnamed = ImageSet(new.images, name="unnamed")
    config = generation.Reconstruct(**FAST)
    made = run(generation.reconstruct(model, unnamed, config=config, room=MemoryRoom()))
    before, after = arrays(new).astype(float), arrays(made).astype(float)
    assert after.shape == before.shape
    assert np.abs(after - before).mean() < 0.6 * np.abs(before - before.mean(0)).mean()
    assert [is_disc(one) for one in after] == [True] * 6 + [False] * 6  # it found the class itself


def test_pictures_of_other_bits_than_those_learned_from_are_warned_of(model):
    deep = tuple(Image(one.read().astype(np.uint16) * 257) for one in pictures(1, 1))
    said, config = [], generation.Reconstruct(**FAST)
    job = generation.reconstruct(model, ImageSet(deep), config=config, room=MemoryRoom())
    run(job, said.append)
    warned = [one.text for one in said if isinstance(one, Note) and one.warning]
    assert warned == [
        "These pictures have 16 bits, those of the model 8 bits: its answers may mean nothing."
    ]


def test_the_way_between_two_begins_and_ends_with_them(model):
    two = pictures(1, 1, seed=7)
    way = arrays(walked(model, two, n=5, rows="0,1"))
    again = generation.Reconstruct(**FAST)
    ends = arrays(run(generation.reconstruct(model, two, config=again, room=MemoryRoom())))
    assert np.abs(way[[0, -1]].astype(int) - ends).max() <= 1
    steps = np.abs(np.diff(way.astype(float), axis=0)).mean((1, 2))
    assert steps.max() < np.abs(way[0].astype(float) - way[-1]).mean()


def test_patches_of_an_image_are_drawn_without_and_with_painted_classes():
    plain, said = learned(toy_image(), patch=16, steps=30)
    assert "No patch has a class" in said[0].text
    with pytest.raises(ValueError, match="knows no classes"):
        drawn(plain, class_="disc")
    made = drawn(plain, n=2)
    assert made.image_classes == ()
    assert made.images[0].spacing == (4, 4)
    config = generation.Train(**QUICK | SMALL | {"patch": 8, "steps": 30})
    job = generation.train(toy_image(), None, toy_labels(), config=config, room=MemoryRoom())
    assert run(job).classes.names == ("disc", "grain", "stripes")


def test_a_whole_image_is_redrawn_in_its_own_size():
    model, _ = learned(toy_image(), patch=24, steps=30)
    config = generation.Reconstruct(**FAST)
    made = run(generation.reconstruct(model, toy_image(), config=config, room=MemoryRoom()))
    assert made.shape == (96, 96)
    assert made.spacing == (4, 4)
    assert made.origin == toy_image().origin
    assert made.read()[:, -1].std() > 0  # up to the border


def test_sizes_are_tried_and_their_errors_kept():
    config = generation.Search(latents="1,4", widths="8", **QUICK | {"steps": 60, "keep": 0.3})
    table = run(generation.search(pictures(), config=config, room=MemoryRoom()))
    assert table["latent"].tolist() == [1, 4]
    assert table["error"][1] < table["error"][0]
    assert (table["loss"] > 0).all()


class Live:
    """A live session: events in, what came out up to the next rest."""

    def __init__(self, model):
        self.job = generation.live(model, config=generation.Live(**FAST), room=MemoryRoom())
        self.ask()

    def ask(self, *events):
        waiting, replies = list(events), []
        reply = next(self.job) if not events else self.job.send(waiting.pop(0))
        while waiting or not (isinstance(reply, Progress) and reply.done >= 1):
            replies.append(reply)
            reply = self.job.send(waiting.pop(0) if waiting else None)
        return [one for one in replies if not isinstance(one, Progress)]

    def stop(self):
        try:
            self.job.send(Signal.STOP)
            while True:
                next(self.job)
        except StopIteration as end:
            return end.value


def test_sliders_are_answered_live(model):
    live = Live(model)
    (reply,) = live.ask(Draw("disc", n=6, directions=(1.0,)))
    assert isinstance(reply, Drawn)
    assert reply.pictures.shape == (6, SIDE, SIDE, 1)
    assert reply.kinds == ("disc",) * 6
    same = drawn(model, class_="disc", n=6, directions="1.0")
    assert np.abs(arrays(same).astype(int) - reply.pictures[..., 0]).max() <= 1
    several = live.ask(*(Draw("disc", n=2, directions=(far,)) for far in (0.1, 0.2, 0.3, 0.4)))
    assert several[-1].event.directions == (0.4,)
    two = tuple(one.read()[..., None] for one in pictures(1, 1).images)
    (redrawn,) = live.ask(Redraw(two, ("", "")))
    assert redrawn.kinds == ("disc", "bars")
    (way,) = live.ask(Walk(two, ("", ""), 5))
    assert np.abs(way.pictures[[0, -1]].astype(int) - redrawn.pictures).max() <= 1
    (note,) = live.ask(Draw("cloud"))
    assert "There is no class 'cloud'" in note.text
    assert live.stop() is model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("shapes")
    write(pictures(40, 40), made / "shapes")
    return made


def test_the_command_line_draws_a_class(folder, capfd):
    model, tif = folder / "m", folder / "x.tif"
    words = ["generation", "train", "--image", str(folder / "shapes"), "--model", str(model)]
    quick = {"steps": 60, "batch": 16, "width": 4, "latent": 3} | FAST
    words += [f"--{name}={value}" for name, value in quick.items()]
    assert main(words) == 0, capfd.readouterr().err
    assert load_model(model).classes.names == ("bars", "disc")
    draw = ["generation", "sample", "--model", str(model), "--class", "disc"]
    assert main([*draw, "-n", "12", "--out", str(tif)]) == 0, capfd.readouterr().err
    assert tifffile.imread(tif).shape == (12, SIDE, SIDE)
    opened = read(tif).image
    assert len(opened) == 12
    assert main([*draw, "-n", "3", "--out", str(folder / "more")]) == 0
    assert read(folder / "more").image.image_classes == ("disc",) * 3
    again = ["generation", "reconstruct", "--model", str(model), "--image", str(tif)]
    assert main([*again, "--out", str(folder / "y.tif")]) == 0, capfd.readouterr().err
    assert tifffile.imread(folder / "y.tif").shape == (12, SIDE, SIDE)
    way = ["generation", "walk", "--model", str(model), "--image", str(tif), "--rows", "0,5"]
    assert main([*way, "-n", "4", "--out", str(folder / "z.tif")]) == 0, capfd.readouterr().err
    assert tifffile.imread(folder / "z.tif").shape == (4, SIDE, SIDE)
    assert main([*draw[:-1], "cloud", "--out", str(tif)]) == 2
    assert "There is no class 'cloud'" in capfd.readouterr().err


def test_the_command_line_keeps_the_table_of_sizes(folder):
    words = ["generation", "search", "--image", str(folder / "shapes"), "--latents=1,2"]
    words += ["--widths=4", "--steps=10", "--minutes=0", "--out", str(folder / "sizes.csv")]
    assert main(words) == 0
    rows = list(csv.DictReader((folder / "sizes.csv").read_text().splitlines()))
    assert [row["latent"] for row in rows] == ["1", "2"]
    assert float(rows[0]["error"]) > 0


def test_what_can_not_be_drawn_is_told_in_one_sentence(model, tmp_path):
    with pytest.raises(ValueError, match=r"only 2 patches to learn from.*\.$"):
        learned(pictures(1, 1))
    with pytest.raises(ValueError, match=r"Say which two patches"):
        walked(model, pictures(2, 2), rows="0")
    with pytest.raises(ValueError, match=r"There is no patch 9"):
        walked(model, pictures(2, 2), rows="0,9")
    with pytest.raises(ValueError, match="numbers like"):
        drawn(model, directions="left")
    with pytest.raises(ValueError, match="whole numbers like"):
        generation.search(pictures(), config=generation.Search(latents="few"), room=MemoryRoom())
    kept = load_model(save_model(model, tmp_path / "kept"))
    assert (arrays(drawn(kept, n=2)) == arrays(drawn(model, n=2))).all()


def test_learning_goes_on_from_a_model(model):
    config = generation.Train(**QUICK | SMALL | {"steps": 5})
    more = run(generation.train(pictures(), start=model, config=config, room=MemoryRoom()))
    assert more.metrics["error"] < 2 * model.metrics["error"]
    other = ImageSet(pictures().images, ("a", "b") * 90, name="others")
    with pytest.raises(ValueError, match="draws other classes"):
        run(generation.train(other, start=model, config=config, room=MemoryRoom()))


def test_a_rare_class_is_filled_up_and_whether_that_helped_is_told(model, folder, capfd):
    rare, more = pictures(60, 8, seed=3), drawn(model, class_="bars", n=20)
    said = []
    quick = {"minutes": 0.0, "steps": 30, "batch": 16, "width": 4, "depth": 2, **FAST}
    config = classification.Train(**quick, holdout=0.3)
    job = classification.fill(rare, more, config=config, room=MemoryRoom())
    filled = run(job, said.append)
    assert filled.data["drawn"] == 20
    assert sum(np.sum(filled.data["confusion"], axis=1)) == round(0.3 * 60) + round(0.3 * 8)
    assert {"balanced", "balanced undrawn"} <= filled.metrics.keys()
    told = [note.text for note in said if isinstance(note, Note)]
    assert any(text.startswith("20 drawn pictures ") and "without them" in text for text in told)
    assert not any("too few pictures to learn" in text for text in told[-2:])
    odd = ImageSet(more.images, ("clouds",) * 20, name="drawn")
    with pytest.raises(ValueError, match="There is no class 'clouds'"):
        run(classification.fill(rare, odd, config=config, room=MemoryRoom()))
    write(more, folder / "bars drawn")
    words = ["classification", "fill", "--image", str(folder / "shapes"), "--threads=1"]
    words += ["--drawn", str(folder / "bars drawn"), "--model", str(folder / "c"), "--steps=5"]
    assert main([*words, "--width=4", "--depth=2"]) == 0, capfd.readouterr().err
    assert load_model(folder / "c").data["drawn"] == 20
