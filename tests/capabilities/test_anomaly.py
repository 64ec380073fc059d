"""Anomaly: what the toy tissue's odd patch, mixed pictures and slides must give."""

import numpy as np
import pytest

from napari_simgraph import Image, ImageSet, MemoryRoom, run
from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.capabilities import anomaly
from napari_simgraph.core.job import Note
from napari_simgraph.core.marks import Mark, Marks
from napari_simgraph.core.patches import grid_over
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.normal_work import fields, normal_work, touched, views
from toy import drawn, toy_image


def learned(image, marks=None, hear=None, **changes):
    usual = {"steps": 30, "minutes": 0, "device": "cpu", "threads": 1, "patch": 32, "width": 16}
    config = anomaly.Train(**usual | {"tile": 8, "batch": 4} | changes)
    return run(anomaly.train(image, marks, config=config, room=MemoryRoom()), hear)


def looked(model, image, marks=None, **changes):
    how = anomaly.Apply(device="cpu", threads=1, **changes)
    return run(anomaly.apply(model, image, marks, config=how, room=MemoryRoom()))


def around(letter):
    y, x = np.nonzero(drawn() == letter)
    corners = [(y.min(), x.min()), (y.min(), x.max()), (y.max(), x.max()), (y.max(), x.min())]
    return Mark("polygon", (np.array(corners, float),), name="odd")


def colored(seed, odd=False):
    """Blue above, yellow below; an odd one is blue in a square below."""
    rng = np.random.default_rng(seed)
    pixels = np.full((64, 64, 3), (60, 90, 200))
    pixels[32:] = (190, 180, 60)
    if odd:
        pixels[40:56, 20:36] = (60, 90, 200)
    return Image(np.clip(pixels + rng.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8), "YXC")


def test_the_odd_patch_of_the_toy_tissue_stands_out():
    image = toy_image()
    model = learned(image, Marks((around("X"),)), steps=150, batch=8)
    found = looked(model, image)
    score, letters = found.map.read(), drawn()
    texture = letters != "O"  # discs are rare, too: four places in all
    assert score.shape == image.shape
    assert score.dtype == np.float32
    assert found.map.spacing == image.spacing
    assert auroc(score[texture], (letters == "X")[texture]) > 0.8
    assert set(found.image_scores) == {"toy"}
    assert len(found.scores) == 36  # patches of 16 px
    assert found.expected is None


def test_marked_places_are_not_learned_from():
    grid = grid_over(toy_image(), 32, 16)
    rows = touched(around("X"), grid)
    odd = drawn() == "X"
    for row in set(range(len(grid))) - set(rows.tolist()):
        y, x, size = (int(getattr(grid, name)[row]) for name in ("y", "x", "size"))
        assert not odd[max(0, y) : y + size, max(0, x) : x + size].any()
    with pytest.raises(ValueError, match="Nothing normal is left"):
        learned(toy_image(), Marks((Mark("box", (np.array([[0, 0], [95, 95.0]]),), name="odd"),)))


def test_few_coloured_pictures_of_several_sizes():
    normal = [colored(seed) for seed in range(9)]
    normal += [Image(one.read()[:, :48], "YXC", name="narrow") for one in normal[:3]]
    notes = []
    hear = lambda tick: notes.append(tick.text) if isinstance(tick, Note) else None  # noqa: E731
    model = learned(ImageSet(tuple(normal)), hear=hear, pretext="all", steps=25)
    assert "Only 12 normal images: scores will be rough." in notes
    assert list(model.network["options"]["names"]) == ["mae", "inpainting", "colorization"]
    found = looked(model, ImageSet((colored(50), colored(51, odd=True))), expected=True)
    tidy, odd = found.map
    assert odd.read()[44:52, 24:32].mean() > np.quantile(tidy.read(), 0.95)
    assert found.expected.images[0].read().shape == (64, 64, 3)
    assert found.expected.images[0].dtype == np.uint8
    hidden = found.hidden.images[0].read() != colored(50).read()
    assert hidden.any(-1).mean() == pytest.approx(0.25, abs=0.02)  # one turn of four
    quick = looked(model, colored(51, odd=True), speed="fast", expected=True)
    assert quick.map.shape == quick.expected.shape[:2] == (64, 64)
    assert quick.hidden is None


def test_few_aligned_pictures_are_also_seen_in_their_mirror():
    rng = np.random.default_rng(0)
    picture = np.zeros((64, 64))
    picture[:24, 16:48] = 200  # above the middle: only left and right are alike
    noise = rng.normal(0, 5, (8, 64, 64))
    pictures = ImageSet(tuple(Image((picture + one).astype(np.float32)) for one in noise))
    for flips, turns in (("auto", (0, 6)), ("off", (0,)), ("on", tuple(range(8)))):
        config, aside = anomaly.Train(patch=32, flips=flips), Aside()
        normal, aligned = run(normal_work(pictures, None, config, aside))
        aside.close()
        assert aligned
        assert normal.turns == turns
        seen = [image.section(0)[..., 0] for image, _ in views(normal, normal.rows, 200, rng)]
        learned = np.unique(normal.work.grid.image[normal.rows])
        assert len(seen) == len(turns) * len(learned)
        mirrored = pictures.images[learned[0]].section(0)[:, ::-1, 0]
        assert any(np.array_equal(one, mirrored) for one in seen) == (6 in turns)


def test_a_model_that_described_places_by_other_numbers_says_so():
    model = learned(ImageSet(tuple(colored(n) for n in range(6))))
    assert looked(model, colored(7)).map is not None
    older = {key.replace(" fine", ""): values for key, values in model.arrays.items()}
    for name in ("texture/whitening/mean", "texture/whitening/basis"):
        older[name] = older[name][:9]
    with pytest.raises(ValueError, match="'old bottles' was trained by an earlier version"):
        looked(model.replace(arrays=older, name="old bottles"), colored(7))


def test_background_of_a_slide_has_no_score():
    rng = np.random.default_rng(0)
    slide = np.full((192, 192, 3), 250, np.uint8)
    slide[64:, :128] = rng.integers(60, 160, (128, 128, 3))
    image = Image(slide, "YXC", (0.5, 0.5), "um")
    model = learned(image, steps=4, features=False)
    score = looked(model, image, speed="fast").map.read()
    assert not score[:30].any()
    assert score[100:180, 10:100].all()
    assert looked(model, image, speed="fast", background="keep").map.read()[:30].all()


def test_specks_on_the_glass_between_tissue_are_no_anomalies_nor_tell_what_is_normal():
    rng = np.random.default_rng(0)
    pixels = rng.integers(60, 160, (768, 768, 3), np.uint8)
    pixels[:, 200:328] = 250  # between two parts of tissue
    pixels[300:304, 260:264] = 235
    image = Image(pixels, "YXC", (0.5, 0.5), "um")
    score = looked(learned(image, steps=4, features=False), image, speed="fast").map.read()
    assert not score[:, 224:304].any()
    assert score[100:600, 20:190].all()
    aside = Aside()
    normal, aligned = run(normal_work(image, None, anomaly.Train(patch=32), aside))
    aside.close()
    seen = [one.image.section(0)[one.counted] for one in fields(normal, aligned, 0)]
    beside = 2 * 24 / 768  # glass that lies so near to tissue counts as such
    assert 0 < (np.concatenate(seen).min(-1) > 200).mean() < 1.5 * beside


def test_a_bright_smooth_spot_in_photographs_is_searched():
    rng = np.random.default_rng(0)
    pixels = rng.integers(60, 160, (4, 192, 192, 3), np.uint8)
    odd = pixels[0].copy()
    odd[60:124, 60:124] = 250  # as white as glass
    model = learned(ImageSet(tuple(Image(one, "YXC") for one in pixels)), steps=4, features=False)
    for image in (ImageSet((Image(odd, "YXC"), Image(pixels[1], "YXC"))), Image(odd, "YXC")):
        found = looked(model, image, speed="fast").map
        found = found.images[0] if isinstance(found, ImageSet) else found
        assert found.read()[60:124, 60:124].all()


def test_where_there_are_no_numbers_nothing_is_odd():
    stack = np.stack([toy_image().read()] * 3).astype(np.float32)
    stack[1, 20:50, 30:70] = np.nan
    image = Image(stack, name="stack")
    found = looked(learned(image, steps=4), image, speed="fast")
    score, none = found.map.read(), np.isnan(stack)
    assert not score[none].any()
    assert score[~none].all()


def test_what_is_no_number_does_not_tell_how_odd_normal_places_are():
    stack = np.stack([toy_image().read()] * 5).astype(np.float32)
    stack[2, 20:50, 30:70] = np.nan
    config = anomaly.Train(device="cpu", threads=1, patch=32)
    normal, aligned = run(normal_work(Image(stack), None, config, Aside()))
    (field,) = fields(normal, aligned, 0)  # of the section that is kept aside
    assert field.counted.any()
    assert not field.counted[4:66, 14:86].any()


def test_what_is_left_out_is_not_searched():
    stack = np.stack([toy_image().read()] * 3)
    stack[1, 40:56, 8:24] = 255
    image = Image(stack, name="stack")
    around_it = np.array([[36, 4], [36, 28], [60, 28], [60, 4.0]])
    marks = Marks((Mark("polygon", (around_it,), z=1, role="exclude"),))
    model = learned(image, marks, steps=4, features=False)
    whole = looked(model, image, speed="fast")
    found = looked(model, image, marks, speed="fast")
    score, before = found.map.read(), whole.map.read()
    assert before[1, 40:56, 8:24].all()
    assert not score[1, 40:56, 8:24].any()
    assert np.array_equal(score[[0, 2]], before[[0, 2]])
    assert np.array_equal(score[1, :, 32:], before[1, :, 32:])
    of_others = Marks((Mark("polygon", (around_it,), z=1, image="other", role="exclude"),))
    assert looked(model, image, of_others, speed="fast").map.read()[1, 40:56, 8:24].all()


def test_a_region_that_is_normal_is_all_that_is_learned_from():
    square = np.array([[0, 0], [0, 60], [60, 60], [60, 0.0]])
    notes = []
    hear = lambda tick: notes.append(tick.text) if isinstance(tick, Note) else None  # noqa: E731
    marks = Marks((Mark("polygon", (square,), role="normal"),))
    learned(toy_image(), marks, hear, steps=2, features=False)
    learned(toy_image(), None, hear, steps=2, features=False)
    few, many = (
        int(one.split(" squares")[0].rsplit(" ", 1)[1]) if "Learns" in one else int(one.split()[1])
        for one in notes
        if "squares" in one
    )
    assert 0 < few < many


def test_a_stack_is_searched_section_by_section():
    stack = np.stack([toy_image().read()] * 5)
    stack[3, 40:56, 8:24] = 255
    model = learned(Image(stack[:3]), steps=60)
    found = looked(model, Image(stack, name="stack"), speed="fast")
    highest = [found.map.section(z).max() for z in range(5)]
    assert int(np.argmax(highest)) == 3
    assert found.scores.grid.z.max() == 4


@pytest.mark.parametrize(("light", "alike"), [("auto", True), ("together", False)])
def test_a_darker_section_is_as_normal_where_each_has_its_own_light(light, alike):
    section = toy_image().read().astype(np.float32)
    dim = (60 + 0.5 * section).astype(np.float32)
    model = learned(Image(np.stack([section] * 3)), steps=4, light=light)
    found = looked(model, Image(np.stack([section, dim])), speed="fast", expected=True)
    bright, dark = found.map.read()
    assert np.allclose(bright, dark, atol=0.02) == alike
    for whole, pixels in zip(found.expected.read(), (section, dim), strict=True):
        assert abs(whole.mean() - pixels.mean()) < 10
