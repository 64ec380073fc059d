"""No verb reads a picture whole or holds a result of its size: pictures may be larger than memory.

Each verb that looks at pixels runs on a picture that is made where it is looked at and notes how
much of it was asked for at once. `benchmarks/memory_growth.py` measures what this can't see.
"""

import numpy as np
import pytest

from napari_simgraph import ClassTable, Image, Labels, run
from napari_simgraph.capabilities import (
    anomaly,
    classification,
    embedding,
    generation,
    interest,
    objects,
    segmentation,
    signature,
)
from napari_simgraph.core.verbs import config_type
from napari_simgraph.io.folder_room import FolderRoom
from watched_image import Watched

PLANE = (320, 3072)
PATCHES = 5 * 48  # of 64 px, side by side
MOST = (
    320 * 2048 + 2**16
)  # bytes at once: a tile with what is seen around it; three quarters of all
LARGE = 2**18  # bytes from which a Room keeps arrays on disk
QUICK = {"minutes": 0.0, "steps": 2, "batch": 2, "threads": 1, "device": "cpu"}
NETWORK = {"width": 4, "depth": 2}


class Squares(Watched):
    """Classes 1 and 2 in squares of 64 pixels."""

    def values(self, grids):
        return (grids[0] // 64 + grids[1] // 64) % 2 + 1


class Given:
    """A picture with classes painted on it, and a Room."""

    def __init__(self, folder):
        self.pixels, self.painted = Watched(PLANE), Squares(PLANE)
        self.image = Image(self.pixels, name="large")
        self.labels = Labels(self.painted, classes=ClassTable.of(["dark", "bright"]))
        self.folder, self.rooms = folder, 0

    def room(self):
        self.rooms += 1
        return FolderRoom(self.folder / str(self.rooms), large=LARGE)

    def run(self, verb, *nouns, **settings):
        """What a verb gives, with those of the settings that it has."""
        kind = config_type(verb)
        known = {item.name for item in kind.settings()}
        config = kind(**{name: value for name, value in settings.items() if name in known})
        return run(verb(*nouns, config=config, room=self.room()))


@pytest.fixture
def given(tmp_path):
    return Given(tmp_path)


def segmented(given):
    settings = QUICK | NETWORK | {"patch": 32, "boundary": "none"}
    model = given.run(segmentation.train, given.image, given.labels, **settings)
    how = QUICK | {"average": "none", "output": "both"}
    made = given.run(segmentation.apply, model, given.image, **how)
    return [made.classes, made.probability]


def unnamed_classes(given):
    bare = given.labels.replace(classes=ClassTable(()))
    given.run(segmentation.train, given.image, bare, **QUICK, **NETWORK, patch=32)
    return []


def counted(given):
    found = given.run(objects.find, given.labels)
    table = given.run(objects.measure, found, given.image)
    assert len(table) == PATCHES
    given.run(objects.fractions, given.labels)
    return [found]


def embedded(given):
    model = given.run(embedding.train, given.image, **QUICK, **NETWORK, patch=64, dimensions=8)
    table = given.run(embedding.apply, model, given.image, **QUICK, stride=64)
    assert table.values.shape == (PATCHES, 8)
    return []


def found_odd(given):
    settings = QUICK | {"patch": 64, "width": 16, "tile": 8, "features": False}
    model = given.run(anomaly.train, given.image, **settings)
    found = given.run(anomaly.apply, model, given.image, **QUICK, speed="fast", expected=True)
    assert found.hidden is None  # a fast look hides nothing
    return [found.map, found.expected]


def classified(given):
    settings = QUICK | NETWORK | {"patch": 64, "size": 32, "fewer": 2}
    nouns = (given.image, None, given.labels)
    model = given.run(classification.train, *nouns, **settings, share=0.4)
    table = given.run(classification.apply, model, given.image, **QUICK, stride=64)
    assert len(table) == PATCHES
    return []


def redrawn(given):
    settings = QUICK | {"width": 4, "latent": 2, "patch": 64}
    model = given.run(generation.train, given.image, **settings)
    return [given.run(generation.reconstruct, model, given.image, **QUICK)]


def looked_into(given):
    settings = QUICK | NETWORK | {"patch": 32, "boundary": "none"}
    model = given.run(segmentation.train, given.image, given.labels, **settings)
    nouns = (model, given.image, given.labels)
    table = given.run(signature.apply, *nouns, **QUICK, patch=64, stride=64)
    assert len(table) == PATCHES
    seen = given.run(interest.features, table_of(given), None, model, given.image, **QUICK)
    assert len(seen) == PATCHES
    return []


def table_of(given):
    model = given.run(embedding.train, given.image, **QUICK, **NETWORK, patch=64, dimensions=8)
    return given.run(embedding.apply, model, given.image, **QUICK, stride=64)


WORK = [segmented, unnamed_classes, counted, embedded, found_odd, classified, redrawn, looked_into]


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
def test_nothing_is_read_whole_or_held(work, given):
    results = work(given)
    assert given.pixels.most + given.painted.most > 0
    assert given.pixels.most <= MOST
    assert given.painted.most <= MOST
    for one in results:
        assert not isinstance(one.levels[0], np.ndarray)
