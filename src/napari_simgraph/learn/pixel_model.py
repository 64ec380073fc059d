"""Pixel model: a model that gives each pixel its class, described, checked and used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

from torch import nn

from napari_simgraph.core.job import Clock, Job, Progress
from napari_simgraph.core.model import FROM_FILE, Model
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.augment import Augment
from napari_simgraph.learn.closing import Closing, Onward, boundary_of, together
from napari_simgraph.learn.crew import Crew
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.fit import Fitted, Plan
from napari_simgraph.learn.grain import NOISE, known_noise
from napari_simgraph.learn.normalise import RULE, measure
from napari_simgraph.learn.painting import Canvas, Sections
from napari_simgraph.learn.pairs import Material
from napari_simgraph.learn.pixel_size import PixelSize, view
from napari_simgraph.learn.predict import SIZES, Predictor, Tiled
from napari_simgraph.learn.settings import Learning, Varying
from napari_simgraph.learn.shared_tiles import TileWork, handed_out, margins_of
from napari_simgraph.learn.state import unpack
from napari_simgraph.learn.windows import Windows
from napari_simgraph.nets import build, folded, reach
from napari_simgraph.nets.magnified import Magnified, reach_at


class PixelModel:
    """A model ready to paint: its network built and filled; at a pixel `size`, if one is given.

    Raises
    ------
    ValueError
        The weights don't fit the network.
    """

    def __init__(
        self, model: Model, average: str, place: Place, aside: Aside, size: PixelSize | None = None
    ) -> None:
        name, options = model.network["name"], model.network["options"]
        turned = "none" if name == "filters" else average  # filters give the same turned round
        looks = reach(name, options)
        how = Tiled(reach_at(looks) if turned == SIZES else looks, model.exclusive, turned)
        self.model, self.aside, self.size = model, aside, size
        self.predictor = Predictor(network_of(model, turned), how, place, aside)

    def share(
        self, crew: Crew, canvases: Sequence[Canvas], sections: Sequence[Sequence[int]], raw: bool
    ) -> Job[None]:
        """Let a crew compute the tiles of some sections of each canvas from now on.

        `raw` says that boundaries are left as they are.
        """
        images = [canvas.image for canvas in canvases]
        closes = not raw and boundary_of(self.model)
        margins = [0 for _ in images] if closes else margins_of(images, self.size)
        average = self.predictor.how.average
        about = f"{self.model.fingerprint} {dict(self.model.normalisation)} {average == SIZES}"
        make = partial(network_on, self.model, average)
        seen = partial(windows_of, self.model, self.size)
        how = self.predictor.how
        work = TileWork(about, make, seen, images, self.size, margins, how)
        self.predictor = yield from handed_out(crew, work, sections, self.aside)

    def paint(
        self, canvas: Canvas, sections: Sequence[int], part: tuple[int, int], room: Room | None
    ) -> Job[None]:
        """Fill sections of a canvas; `part` is its number and how many there are, for progress.

        The boundaries are closed where there is a `room` to keep a section in meanwhile.
        """
        halt, clock = self.aside.halt, Clock()
        seen = view(canvas.image, self.size)
        image, watch = seen.image, canvas.watch
        windows = yield from windows_of(self.model, self.size, canvas.image)
        predictor = self.predictor.of(part[0])
        back = seen.onto(canvas.image, canvas.write)
        onward = Onward(back, back.margin) if back else Onward(canvas.write)
        boundary, closing = boundary_of(self.model), None
        if room and boundary:
            raw = watch.raw if watch else Sections(image, boundary.classes, room)
            closing, onward = Closing(boundary, onward, raw), Onward(raw.write)
        elif watch:
            onward = together([onward, Onward(watch.write)], image.plane)
        write, margin = onward

        def say(z: int, number: int, share: float) -> Progress:
            done = (part[0] + (number + share) / len(sections)) / part[1]
            said = f"z {z} of {image.sections}" if image.sections > 1 else image.name
            return Progress(done, said, clock.left(done))

        waiting: int | None = None  # the section before, until the one below it is there too
        for number, z in enumerate([*sections, None]):
            if z is not None:
                tick = partial(say, z, number)
                if not (yield from predictor.section(windows, z, write, tick, margin)):
                    return
            ready, waiting = (waiting, z) if closing else (z, None)
            if ready is None:
                continue
            if closing and not (yield from closing.finish(ready, self.aside, partial(tick, 1.0))):
                return
            if watch and not (yield from watch.finish(ready, self.aside, partial(tick, 1.0))):
                return
            for region in canvas.regions(ready):
                halt.hear((yield region))


def network_of(model: Model, average: str) -> nn.Module:
    """The network of a model with its weights, its normalisations taken into its convolutions.

    At both sizes, where `average` says so.

    Raises
    ------
    ValueError
        The weights don't fit the network.
    """
    network = build(model.network["name"], **model.network["options"])
    unpack(network, model.arrays)
    return Magnified(folded(network)) if average == SIZES else folded(network)


def network_on(model: Model, average: str, place: Place) -> nn.Module:
    """The same wherever it is to compute."""
    return network_of(model, average)


def windows_of(model: Model, size: PixelSize | None, image: Image) -> Job[Windows]:
    """An image as the network of a model sees it, at a pixel size."""
    seen = view(image, size).image
    statistics = yield from measure(seen, dict(model.normalisation))
    near = neighbours(model.network, seen.channels)
    return Windows(seen, statistics, near, known_noise(model.normalisation))


def describe(material: Material, fitted: Fitted) -> dict[str, Any]:
    """The fields of a Model that come from what was learned, and from what."""
    image, truth = material.windows[0].image, material.labels[0]
    return {
        "arrays": fitted.arrays,
        "name": f"{image.name} model",
        "classes": truth.classes,
        "boundary": material.boundary,
        "exclusive": truth.exclusive,
        "channels": image.channels,
        "spacing": image.spacing,
        "unit": image.unit,
        "normalisation": RULE | {NOISE: material.windows[0].noise},
        "history": fitted.history,
        "versions": {name: version(name) for name in ("napari-simgraph", "torch", "numpy")},
        "steps": fitted.steps,
        "data": material.data() | {"planned_steps": fitted.planned, "last_batch": fitted.batch},
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def fresh_network(network: Mapping[str, Any], seed: int, start: Model | None) -> nn.Module:
    """A network with seeded weights, or with those of the model to go on from."""
    module = build(network["name"], seed=seed, **network["options"])
    if start:
        unpack(module, start.arrays)
    return module


def check_kind(model: Model, capability: str) -> None:
    """Nothing, where a model was made for this.

    Raises
    ------
    ValueError
        Another capability made it.
    """
    if model.capability != capability:
        raise ValueError(f"'{model.name}' is no model for {capability}. Choose another.")


def check_start(model: Model, channels: int, truth: Labels) -> None:
    """Nothing, where learning can go on from a model.

    Raises
    ------
    ValueError
        It has other classes or channels.
    """
    if model.classes.names != truth.classes.names or model.exclusive != truth.exclusive:
        raise ValueError(
            f"'{model.name}' knows the classes {', '.join(model.classes.names)}, the labels have "
            f"{', '.join(truth.classes.names)}. Choose a model with the same classes."
        )
    check_channels(model, channels)


def check_channels(model: Model, channels: int) -> None:
    """Nothing, where images have the channels that the model learned.

    Raises
    ------
    ValueError
        They have others.
    """
    if model.channels == channels:
        return
    words = {1: "grey pictures", 3: "3 colours"}
    wants = words.get(model.channels, f"{model.channels} channels")
    has = {1: "is grey", 3: "has 3 colours"}.get(channels, f"has {channels} channels")
    if model.capability == FROM_FILE:
        raise ValueError(f"This network wants {wants}, the image {has}: choose another image.")
    raise ValueError(f"This model wants {wants}, the image {has}. Learn a new one.")


def neighbours(network: Mapping[str, Any], channels: int) -> int:
    """How many sections on either side the network looks at."""
    return int(network["options"]["in_channels"]) // channels // 2


def variation(
    config: Varying, patch: int, network: Mapping[str, Any], material: Material
) -> Augment:
    """What is varied, in patches no larger than the images and a multiple of the stride."""
    stride = reach(network["name"], network["options"]).stride
    largest = max(max(one.image.plane) for one in material.windows)
    fitting = -(-min(patch, largest) // stride) * stride
    asked = {item.name: getattr(config, item.name) for item in Varying.settings()}
    return Augment(fitting, 2 * material.windows[0].neighbours + 1, **asked)


def plan_for(config: Learning, material: Material, key: str) -> Plan:
    """How long to learn; `key` tells runs of other settings apart."""
    pixels = sum(sum(one.counts) for one in material.found)
    passes = config.epochs * max(1, round(pixels / (config.batch * config.patch**2)))
    steps = config.steps or passes
    return Plan(steps, 60 * config.minutes, config.batch, key=f"{key} {material.data()}")
