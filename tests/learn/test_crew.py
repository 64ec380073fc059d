"""What a crew computes, in any order, is what a job computes alone: to the bit."""

import pickle

import cloudpickle
import numpy as np
import pytest

from napari_simgraph import Image, ImageSet, MemoryRoom, run
from napari_simgraph.capabilities import anomaly, embedding, segmentation, signature
from napari_simgraph.core.job import Device, Signal
from napari_simgraph.learn import embedder
from napari_simgraph.learn.crew import CrewError, Manned
from napari_simgraph.learn.device import pick
from toy import toy_image, toy_labels

CPU = {"device": "cpu", "threads": 1}
SHORT = CPU | {"steps": 2, "minutes": 0.0}


class Backwards:
    """A crew in this process that does the last block first, with what was sent to it."""

    place = pick("cpu", 1)
    device = Device("a crew")

    def __init__(self):
        self.loaded, self.keys, self.made, self.asked = [], [], {}, []

    def gather(self, config):
        return True

    def begin(self, work, blocks):
        self.keys.append(work.key)
        there = pickle.loads(cloudpickle.dumps(work))
        do = there.ready(self.place, self._keep)
        self.made = {block: do(block) for block in reversed(blocks)}

    def wait(self, block, seconds):
        return True

    def read(self, block):
        self.asked.append(block)
        return self.made[block]

    def said(self):
        return "all blocks"

    def _keep(self, key, make):
        self.loaded.append(key)
        return make()


class Absent(Backwards):
    """Nobody ever finishes anything."""

    def begin(self, work, blocks):
        pass

    def wait(self, block, seconds):
        return False


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch):
    """So few patches are read together that there are several blocks of them."""
    monkeypatch.setattr(embedder, "_PIXELS", 2**16)


@pytest.fixture(scope="module")
def image():
    """The toy tissue beside itself, so that it is several tiles wide, in two sections."""
    wide = np.tile(toy_image().read(), (2, 9))
    return Image(np.stack([wide, wide[::-1]]), spacing=(40, 4, 4), unit="nm", name="wide")


@pytest.fixture(scope="module")
def models():
    """Briefly trained ones, by capability."""
    tissue = toy_image()
    learn = segmentation.Train(**SHORT, width=4, depth=2, patch=32)
    small = {"patch": 32, "width": 16, "tile": 8, "batch": 4}
    asked = {
        "segmentation": segmentation.train(tissue, toy_labels(), config=learn, room=MemoryRoom()),
        "embedding": embedding.train(
            tissue, config=embedding.Train(**SHORT, patch=24, batch=16), room=MemoryRoom()
        ),
        "anomaly": anomaly.train(tissue, config=anomaly.Train(**SHORT, **small), room=MemoryRoom()),
    }
    made = {name: run(job) for name, job in asked.items()}
    return made | {"signature": made["segmentation"]}


def applied(name, models, image, room, **also):
    settings = {
        "segmentation": {"output": "probability", "average": "none"},
        "embedding": {"compare": True},
        "anomaly": {"expected": True},
        "signature": {"patch": 32},
    }
    module = {one.__name__.rpartition(".")[2]: one for one in MODULES}[name]
    config = module.Apply(**CPU, **settings[name] | also)
    return module.apply(models[name], image, config=config, room=room)


MODULES = (segmentation, embedding, anomaly, signature)
EACH = pytest.mark.parametrize("name", [one.__name__.rpartition(".")[2] for one in MODULES])


def numbers(name, made):
    """All that was found, as arrays."""
    if name == "segmentation":
        return [np.asarray(made.probability.levels[0])]
    if name == "anomaly":
        maps = made.map.images if isinstance(made.map, ImageSet) else [made.map]
        return [*(np.asarray(one.levels[0]) for one in maps), made.scores.score]
    if name == "embedding":
        return [made.values, *made.beside.values()]
    return [np.asarray(made.values), *made.about.values(), made.columns["sure"]]


def same(name, made, other):
    pairs = zip(numbers(name, made), numbers(name, other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@EACH
def test_the_same_to_the_bit_as_alone(name, models, image):
    crew, ticks = Backwards(), []
    alone = run(applied(name, models, image, MemoryRoom()))
    made = run(applied(name, models, image, Manned(MemoryRoom(), crew)), ticks.append)
    assert same(name, made, alone)
    assert len(crew.asked) > len(crew.keys), "one block alone tells nothing of their order"
    assert Device("a crew") in ticks


@EACH
def test_other_images_and_models_have_other_blocks(name, models, image):
    crew = Backwards()
    other = image.replace(data=image.read()[::-1].copy())
    for shown in (image, image.replace(name="another name"), other):
        run(applied(name, models, shown, Manned(MemoryRoom(), crew)))
    count = len(crew.keys) // 3
    first, renamed, changed = (crew.keys[at : at + count] for at in (0, count, 2 * count))
    assert first == renamed
    assert not set(first) & set(changed)


def test_a_set_of_images_is_handed_out_at_once(models, image):
    several = ImageSet((image.replace(name="a"), toy_image().replace(name="b")), name="both")
    crew = Backwards()
    alone = run(applied("anomaly", models, several, MemoryRoom()))
    made = run(applied("anomaly", models, several, Manned(MemoryRoom(), crew)))
    assert same("anomaly", made, alone)
    assert len(crew.keys) == len(crew.loaded) == 1


@EACH
def test_a_crew_that_gives_nothing_can_be_stopped(name, models, image):
    job = applied(name, models, image, Manned(MemoryRoom(), Absent()))
    if name in ("segmentation", "anomaly"):  # a map may be empty
        assert run(job, lambda tick: Signal.STOP) is not None
        return
    with pytest.raises(CrewError, match="stopped before the first"):
        run(job, lambda tick: Signal.STOP)
