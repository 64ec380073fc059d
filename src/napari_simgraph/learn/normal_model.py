"""Normal model: what knows normal pictures; learned, described, and made ready to look."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.top_share import STEP
from napari_simgraph.core.job import Job, Progress, Signal, Tick
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.calibrating import CELLS, Calibration
from napari_simgraph.learn.described import PARTS, numbers
from napari_simgraph.learn.device import Place, pick
from napari_simgraph.learn.embedding_model import data_of
from napari_simgraph.learn.fit import Fitted, Plan, fit
from napari_simgraph.learn.fusing import Fusing
from napari_simgraph.learn.held import NETWORK, held_network
from napari_simgraph.learn.normal_lesson import Normal, NormalLesson
from napari_simgraph.learn.normal_work import Field, fields, normal_work
from napari_simgraph.learn.normalise import EACH, RULE
from napari_simgraph.learn.oddity import SPEEDS, Oddity, PlacedWindows, Turns, reach_of, turns_of
from napari_simgraph.learn.pixel_model import check_channels, check_kind
from napari_simgraph.learn.predict import Predictor, Tiled
from napari_simgraph.learn.remembering import remember
from napari_simgraph.learn.state import pack, unpack
from napari_simgraph.learn.token_memory import Distance, TokenMemory
from napari_simgraph.learn.windows import Span
from napari_simgraph.nets import build, folded, reach
from napari_simgraph.nets.pretexts import COLORIZATION, NAMES

CAPABILITY = "anomaly"
_FEW = 2  # fields looked at where it was stopped
_EDGE = 1536  # px of a tile; a plane of 2048 px is still one, and nothing is read around it
TOO_SMALL = "The pictures are too small to tell what is normal in them: take larger ones."
EARLIER = (
    "'{}' was trained by an earlier version, which described places otherwise. Train it again."
)
NO_COLOR = (
    "These images are grey: there is no colour to guess. Learn by filling gaps (--pretext mae) "
    "or repainting holes (--pretext inpainting)."
)


class Given(NamedTuple):
    """What `learn` was given."""

    image: Image | ImageSet
    marks: Marks | Labels | LabelsSet | None
    start: Model | None


def learn(given: Given, config: Any, room: Room, aside: Aside) -> Job[Model]:
    """A model of what is normal; see `capabilities.anomaly.train`."""
    channels = each_image(given.image)[0].channels
    names = pretexts_of(config.pretext, channels)
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    normal, aligned = yield from normal_work(given.image, given.marks, config, aside)
    network = network_of(given.start, names, normal, config, place)
    module = yield from aside.wait(partial(_fresh, network, given.start, config.seed))
    lesson = yield from aside.wait(partial(NormalLesson, module, normal, config))
    plan = _plan(config, normal, given)
    fitted = yield from fit(lesson, plan, place, room, aside)
    unpack(module, fitted.arrays)
    arrays = {NETWORK + key: values for key, values in pack(module).items()}
    found, parts = yield from known(module, (normal, aligned), config, (network, place, aside))
    arrays |= found
    yield Progress(1.0, "learned")
    told = {"settings": config.to_json(), "seed": config.seed, "network": network}
    told |= {"data": data_of(normal.work) | {"aligned": aligned, "parts": parts}}
    return Model(CAPABILITY, arrays=arrays, **told, **_described(normal, fitted))


def known(
    module: Any,
    given: tuple[Normal, bool],
    config: Any,
    by: tuple[Mapping[str, Any], Place, Aside],
) -> Generator[Tick, Signal | None, tuple[dict[str, NDArray[Any]], dict[str, list[str]]]]:
    """What a network that has learned tells of normal pictures: arrays of a model, and parts."""
    (normal, aligned), (network, place, aside) = given, by
    arrays: dict[str, NDArray[Any]] = {}
    memories: dict[str, TokenMemory] = {}
    if config.features:
        memories = yield from remember(module, (normal, aligned), config.seed, place, aside)
    for part, memory in memories.items():
        arrays |= memory.arrays(part)
    choosing = partial(fields, normal, aligned, config.seed)  # reads a slide, to tell its glass
    looked = yield from aside.wait(choosing, partial(Progress, 1.0, "looking at what is normal"))
    parts: dict[str, list[str]] = {}
    for speed in SPEEDS:
        turns = turns_of(speed, config.tile, config.repair > 0)
        oddity = _oddity(module, turns, memories, place)
        parts[speed] = oddity.parts
        found = yield from _calibrate(oddity, network, looked, aligned, place, aside)
        arrays |= found.arrays(speed)
    return arrays, parts


def pretexts_of(pretext: str, channels: int) -> list[str]:
    """Which networks learn.

    Raises
    ------
    ValueError
        Colours are to be guessed of grey images.
    """
    colored = channels == 3
    if pretext == COLORIZATION and not colored:
        raise ValueError(NO_COLOR)
    if pretext != "all":
        return [pretext]
    return [name for name in NAMES if colored or name != COLORIZATION]


def network_of(
    start: Model | None, names: list[str], normal: Normal, config: Any, place: Place
) -> dict[str, Any]:
    """Name and options of the network.

    Raises
    ------
    ValueError
        The model to go on from was made for other images or learned by other pretexts.
    """
    channels = normal.work.images[0].channels
    if start is not None:
        check_kind(start, CAPABILITY)
        check_channels(start, channels)
        if list(start.network["options"]["names"]) != names:
            raise ValueError(f"'{start.name}' learned in another way: go on with its pretext.")
        return dict(start.network)
    kind = config.network
    if kind == "auto":
        kind = "conv" if place.device.type == "cpu" else "vit"
    options: dict[str, Any] = {"channels": channels, "names": names, "encoder": kind}
    options |= {"width": config.width, "depth": config.depth}
    if kind == "vit":
        options["window"] = normal.work.patch
    return {"name": "pretexts", "options": options}


def predictor(oddity: Oddity, network: Mapping[str, Any], place: Place, aside: Aside) -> Predictor:
    """What gives the parts of an image, tile by tile."""
    return Predictor(oddity, tiled(oddity, network, place), place, aside)


def tiled(oddity: Oddity, network: Mapping[str, Any], place: Place) -> Tiled:
    """How it does that, at a place."""
    seen = reach_of(reach(network["name"], network["options"]), oddity.turns)
    edge = 512 if place.device.type == "mps" else _EDGE
    return Tiled(seen, average="none", edge=edge, plain=True, mirrors=False)


def oddity_of(
    model: Model, speed: str, expected: bool, place: Place, *, fused: bool = True
) -> Oddity:
    """A model ready to look; with the picture that was expected, if so wanted.

    It gives one score, or all parts of it where they are not to be `fused`.

    Raises
    ------
    ValueError
        An earlier version described places by other numbers.
    """
    known = {part: TokenMemory.of(model.arrays, part) for part in PARTS}
    memories = {part: memory for part, memory in known.items() if memory is not None}
    for part, memory in memories.items():
        if numbers(part, model.channels) not in (0, len(memory.whitening.mean)):
            raise ValueError(EARLIER.format(model.name))
    settings = model.settings
    turns = turns_of(speed, int(settings["tile"]), float(settings["repair"]) > 0)
    oddity = _oddity(held_network(model), turns, memories, place)
    oddity.expected = expected
    if fused:
        calibration = Calibration.of(model.arrays, speed)
        oddity.fused = Fusing(calibration, oddity.parts, place.device)
    return oddity


def _oddity(module: Any, turns: Turns, memories: Mapping[str, TokenMemory], place: Place) -> Oddity:
    distances = {part: Distance(memory, place.device) for part, memory in memories.items()}
    return Oddity(folded(module), turns, distances)


def _fresh(network: Mapping[str, Any], start: Model | None, seed: int) -> Any:
    if start is not None:
        return held_network(start)
    return build(network["name"], seed=seed, **network["options"])


def _plan(config: Any, normal: Normal, given: Given) -> Plan:
    steps = config.steps or config.epochs * max(1, len(normal.rows) // config.batch)
    start = given.start and given.start.fingerprint
    marks = given.marks is not None and len(normal.rows)
    key = f"{config} {start} {marks} {data_of(normal.work)}"
    return Plan(steps, 60 * config.minutes, config.batch, config.rate, key)


def _calibrate(
    oddity: Oddity,
    network: Mapping[str, Any],
    looked: list[Field],
    aligned: bool,
    place: Place,
    aside: Aside,
) -> Generator[Tick, Signal | None, Calibration]:
    """How odd the fields look to a network."""
    maps: list[NDArray[np.float32]] = []
    quiet = Aside()  # who stopped wants a model that can look: it is asked about a few fields
    try:
        looking = predictor(oddity, network, place, quiet)
        for field in looked[:_FEW] if aside.halt.stopped else looked:
            maps.append((yield from _seen(looking, field, len(oddity.parts))))
            if quiet.halt.stopped and len(maps) >= _FEW:
                break
    finally:
        quiet.close()
    aside.halt.stopped |= quiet.halt.stopped
    if not sum(one.size for one in maps):
        raise ValueError(TOO_SMALL)
    return Calibration.fit(maps, oddity.parts, aligned)


def _seen(
    looking: Predictor, field: Field, count: int
) -> Generator[Tick, Signal | None, NDArray[np.float32]]:
    """The parts ``(P, h, w)`` of a field on a coarse grid; where it counts, in one row."""
    plane, halt = field.image.plane, looking.aside.halt
    step = STEP if field.counted is not None else max(1, round(max(plane) / CELLS))
    first = step // 2
    shape = [len(range(first, n, step)) for n in plane]
    coarse = np.zeros((count, *shape), np.float32)

    def write(z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        down, across = ((first - start) % step for start in (rows[0], columns[0]))
        part = values[:, down::step, across::step]
        top, left = (rows[0] + down) // step, (columns[0] + across) // step
        coarse[:, top : top + part.shape[1], left : left + part.shape[2]] = part

    windows = PlacedWindows(field.image, field.statistics)
    say = partial(_saying, "looking at what is normal")
    if not (yield from looking.section(windows, 0, write, say)):
        halt.stopped = False  # this one is finished all the same
        yield from looking.section(windows, 0, write, say)
        halt.stopped = True
    if field.counted is None:
        return coarse
    return coarse[:, field.counted[first::step, first::step], None]


def _saying(text: str, share: float) -> Progress:
    return Progress(text=text)


def _described(normal: Normal, fitted: Fitted) -> dict[str, Any]:
    """The fields of a Model that come from what was learned, and from what."""
    work, image = normal.work, normal.work.images[0]
    rule = dict(RULE)
    if len(work.statistics) == 1 and len(work.images) > 1:
        one = work.statistics[0]
        rule |= {"shift": list(one.shift), "scale": list(one.scale), "type": str(image.dtype)}
    if work.each:
        rule |= {"light": EACH}
    last = {name: values[-1][1] for name, values in fitted.history.items() if name != "loss"}
    return {
        "name": f"{image.name} normal",
        "channels": image.channels,
        "spacing": image.spacing,
        "unit": image.unit,
        "normalisation": rule,
        "metrics": last,
        "history": fitted.history,
        "versions": {name: version(name) for name in ("napari-simgraph", "torch", "numpy")},
        "steps": fitted.steps,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
