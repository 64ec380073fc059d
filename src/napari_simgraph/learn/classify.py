"""Classify: classes learned from pictures or patches, checked beside a plain network, and found."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_simgraph.analysis.class_report import honest_chances, report, temperature
from napari_simgraph.core.classified import KEPT_ASIDE, Classified
from napari_simgraph.core.job import Job, Note, Progress, Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.objects import Columns
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.room import MemoryRoom, Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn import class_model as models
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.class_drawn import drawn_counts, with_drawn
from napari_simgraph.learn.class_lesson import ClassLesson, Drawing, Pupils
from napari_simgraph.learn.class_rows import Labelled, Sources, labelled, readable, whole_grid
from napari_simgraph.learn.device import Place, pick
from napari_simgraph.learn.embedder import features, saying, share_of
from napari_simgraph.learn.embedding_model import tiling_of
from napari_simgraph.learn.fit import Fitted, Plan, fit
from napari_simgraph.learn.held import NETWORK
from napari_simgraph.learn.likeness import Likeness
from napari_simgraph.learn.normalise import RULE
from napari_simgraph.learn.patchwork import Patchwork, lay_out, patchwork, together
from napari_simgraph.learn.phases import Phases
from napari_simgraph.learn.pixel_model import check_channels, check_kind
from napari_simgraph.learn.shown import show
from napari_simgraph.learn.state import pack, unpack
from napari_simgraph.learn.view_settings import Views

_EVEN = 1.5  # times as many of one class as of another: the plain network would be the same
_FEW = 20  # pictures kept aside, below which chances can't be made honest
PLAIN = "plain"  # after the names of figures of the plain network
_SMALLEST = 4  # px; of less nothing is left after two levels
_COMPARED = ("balanced", "accuracy", "ece")  # figures of a size
_LOOKING = Progress(text="looking at what was learned")


@dataclass(frozen=True, eq=False)
class _Run:
    """All that learning is done with."""

    known: Labelled
    work: Patchwork
    pupils: Pupils
    rare: NDArray[np.bool_]
    config: Any
    place: Place
    aside: Aside


def learn(given: Sources, start: Model | None, config: Any, room: Room, aside: Aside) -> Job[Model]:
    """A model of the classes of pictures or patches; see `capabilities.classification.train`."""
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    known = yield from labelled(given, config, aside)
    side = models.side_of(known, config)
    work = yield from patchwork(known.image, known.grid, side, RULE)
    more = drawn_counts(given.drawn, known.classes)
    rare = yield from _too_few(known, more, config, aside)
    network = models.network_of(start, config, known, (work.images[0].channels, side))
    module = yield from aside.wait(partial(models.fresh, network, start, config))
    views, kind = models.views_for(known.image, config, side)
    shown = yield from show(work, known.rows, views.reading, aside)
    learned = known.learn[~rare[known.truth[known.learn]]]
    pupils = Pupils(shown, known.truth.astype(np.int64), learned, known.kept, known.classes.names)
    pupils = with_drawn(pupils, given.drawn, known.classes, side)
    run = _Run(known, work, pupils, rare, config, place, aside)
    phases = Phases(room, 2 if _compares(run) else 1)
    fitted = yield from _fitted(run, module, views, (start, phases))
    plain = yield from _plain(run, network, fitted, phases)
    judge, arrays = yield from _finished(run, module)
    figures, data = yield from _checked(run, judge, arrays)
    yield Progress(1.0, "learned")
    fields = models.told(known, _rule(work), arrays)
    fields |= {"steps": fitted.steps, "history": fitted.history} if fitted else {}
    named = {"network": {**network, "views": kind}, "settings": config.to_json()}
    return Model(
        "classification", seed=config.seed, metrics=figures | plain, data=data, **named, **fields
    )


def compare(given: Sources, config: Any, aside: Aside) -> Job[Columns]:
    """Figures of networks that see pictures of several sizes, a row a size.

    Raises
    ------
    ValueError
        Sizes are no numbers.
    """
    sizes = _numbers(config.sizes)
    rows: list[dict[str, float]] = []
    for number, size in enumerate(sizes):
        one = config.training(size, len(sizes))
        job = learn(given, None, one, MemoryRoom(), aside)
        model: Model = yield from share_of(job, number, len(sizes))
        told = {name: model.metrics.get(name, float("nan")) for name in _COMPARED}
        rows.append({"size_px": size, "steps": model.steps, **told})
        if aside.halt.stopped:
            break
    yield Progress(1.0, "compared")
    return Columns({key: np.array([row[key] for row in rows]) for key in rows[0]}, name="sizes")


def _numbers(text: str) -> list[int]:
    try:
        sizes = [int(word) for word in text.split(",") if word.strip()]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < _SMALLEST:
        raise ValueError(f"Picture sizes are numbers of pixels like 32,64,128, not '{text}'.")
    return sizes


def find(
    model: Model, image: Image | ImageSet, table: EmbeddingTable | None, config: Any, aside: Aside
) -> Job[Classified]:
    """The classes of pictures or patches; see `capabilities.classification.apply`."""
    check_kind(model, "classification")
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    image = yield from readable(image, model.channels, aside)
    check_channels(model, each_image(image)[0].channels)
    aside.halt.hear((yield Progress(text="laying out pictures")))
    whole, note = bool(model.network.get("whole")), ""
    if table is not None:
        grid = table.grid
    elif whole:
        grid = yield from aside.wait(partial(whole_grid, image))
    else:
        tiling, note = tiling_of(model, image, config.stride, "auto")
        grid = yield from aside.wait(partial(lay_out, image, tiling))
    if note:
        aside.halt.hear((yield Note(note)))
    work = yield from patchwork(image, grid, int(model.network["patch"]), model.normalisation)
    turned = config.average == "auto" and model.network.get("views") in ("em", "slide")
    judge = yield from aside.wait(partial(models.judge_of, model, place, turned))
    chances = yield from features(work, np.arange(len(grid)), judge, aside, None)
    yield Progress(1.0, "classes found")
    made = {"model": model.name, "model_fingerprint": model.fingerprint, **config.to_json()}
    made |= {"whole": whole, "likeness": model.data.get("likeness", [])}
    colors = {"class": {one.name: one.color for one in model.classes}}
    named = {"name": f"{image.name} · classes", "made": made, "colors": colors}
    return Classified.of(grid.take(np.arange(len(chances))), chances, model.classes.names, **named)


def _too_few(
    known: Labelled, more: NDArray[np.int64], config: Any, aside: Aside
) -> Job[NDArray[np.bool_]]:
    """Which classes have too few pictures to be learned, drawn ones included; said."""
    counts = known.counts(known.learn) + known.counts(known.kept) + more
    rare: NDArray[np.bool_] = counts < config.fewer
    if (~rare).sum() < 2:
        rare = np.ones_like(rare)
    if rare.any():
        names = ", ".join(f"'{name}'" for name in np.array(known.classes.names)[rare])
        listed = f"{'All classes' if rare.all() else names} {'have' if rare.sum() > 1 else 'has'}"
        said = f"{listed} too few pictures to learn: the nearest likeness is used."
        aside.halt.hear((yield Note(said, warning=True)))
    return rare


def _compares(run: _Run) -> bool:
    """Whether a plain network would be another one, and can be checked."""
    counts = np.bincount(run.pupils.truth[run.pupils.learn])
    counts = counts[counts > 0]
    uneven = len(counts) > 1 and counts.max() > _EVEN * counts.min()
    return bool(run.config.compare and uneven and len(run.known.kept))


def _fitted(
    run: _Run, module: nn.Module, views: Views, more: tuple[Model | None, Phases]
) -> Generator[Tick, Signal | None, Fitted | None]:
    """What was learned, the network filled with it; None where all goes by likeness."""
    start, phases = more
    if not len(run.pupils.learn) or not _asked(run.config):
        return None
    config, pupils = run.config, run.pupils
    truth = pupils.truth[pupils.learn]
    drawing = Drawing(truth, len(pupils.names), config.unequal, config.augment_below)
    lesson = ClassLesson(module, pupils, views, drawing, config.seed)
    seconds = 60 * config.minutes / phases.count
    steps = config.steps or config.epochs * max(1, len(truth) // config.batch)
    plan = Plan(steps, seconds, config.batch, config.rate, f"{start and start.fingerprint}")
    plan = _keyed(plan, run)
    job = fit(lesson, plan, run.place, phases.room(0), run.aside)
    fitted = phases.done(0) or (yield from share_of(job, 0, phases.count))
    phases.finish(0, fitted)
    unpack(module, fitted.arrays)
    return fitted


def _plain(
    run: _Run, network: Mapping[str, Any], fitted: Fitted | None, phases: Phases
) -> Generator[Tick, Signal | None, dict[str, float]]:
    """Figures of the same network that learned by plain cross-entropy from pictures as they are."""
    if phases.count < 2 or fitted is None or run.aside.halt.stopped:
        return {}
    config, pupils = run.config, run.pupils
    module = yield from run.aside.wait(partial(models.fresh, network, None, config))
    drawing = Drawing(pupils.truth[pupils.learn], len(pupils.names), "plain", 0)
    views = models.plain_views(run.work.patch)
    lesson = ClassLesson(module, pupils, views, drawing, config.seed)
    plan = _keyed(Plan(fitted.steps, 0, config.batch, config.rate, PLAIN), run)
    job = fit(lesson, plan, run.place, phases.room(1), run.aside)
    other = yield from share_of(job, 1, phases.count)
    if run.aside.halt.stopped:
        return {}
    unpack(module, other.arrays)
    judge = models.Judge(module, run.place)
    chances = yield from _of_rows(run, run.known.kept, judge)
    return report(chances, run.known.truth[run.known.kept], pupils.names).summary(PLAIN)


def _finished(
    run: _Run, module: nn.Module
) -> Generator[Tick, Signal | None, tuple[models.Judge, dict[str, NDArray[Any]]]]:
    """The network with what stands for rare classes, and both as arrays of a model."""
    judge = models.Judge(module, run.place)
    arrays: dict[str, NDArray[Any]] = {NETWORK + k: v for k, v in pack(module).items()}
    if run.rare.any():
        learn = run.known.learn
        rows = run.known.rows[learn]
        job = features(run.work, rows, judge.features, run.aside, None)
        found = yield from saying(_LOOKING, job)
        there = run.known.truth[learn][: len(found)]
        likeness = Likeness.fit(found, there, run.rare)
        judge.likeness = likeness
        arrays |= likeness.arrays()
    return judge, arrays


def _checked(
    run: _Run, judge: models.Judge, arrays: dict[str, NDArray[Any]]
) -> Generator[Tick, Signal | None, tuple[dict[str, float], dict[str, Any]]]:
    """Figures of what was kept aside and what else a model tells; makes chances honest."""
    known, names = run.known, run.known.classes.names
    data: dict[str, Any] = {**_prints(run), "likeness": np.array(names)[run.rare].tolist()}
    data["counts"] = (known.counts(known.learn) + known.counts(known.kept)).tolist()
    if not len(known.kept):
        return {}, data
    truth = known.truth[known.kept]
    chances = yield from _of_rows(run, known.kept, judge)
    truth = truth[: len(chances)]
    raw = report(chances, truth, names)
    figures = raw.summary() | {"ece raw": raw.ece}
    if len(truth) >= _FEW:
        arrays[models.TEMPERATURE] = np.array([temperature(chances, truth)], np.float32)
        figures["ece"] = report(honest_chances(chances, truth), truth, names).ece
    ids = known.grid.patch_id[known.rows[known.kept]]
    arrays[KEPT_ASIDE] = ids.view(np.int64)  # a type that all who read the file know
    data |= {"confusion": raw.confusion.tolist()}
    return figures, data


def _of_rows(
    run: _Run, positions: Rows, judge: models.Judge
) -> Generator[Tick, Signal | None, NDArray[np.float32]]:
    """Chances of labelled patches, by their positions."""
    rows = run.known.rows[positions]
    return (yield from saying(_LOOKING, features(run.work, rows, judge, run.aside, None)))


def _asked(config: Any) -> bool:
    return bool(config.steps or config.epochs or config.minutes)


def _rule(work: Patchwork) -> dict[str, Any]:
    """How grey values became inputs; of single pictures one rule for all."""
    rule = dict(RULE)
    if together(work.grid):
        one = work.statistics[0]
        rule |= {"shift": list(one.shift), "scale": list(one.scale)}
    return rule


def _prints(run: _Run) -> dict[str, Any]:
    """Fingerprints of the patches and of their classes."""
    ids = run.known.grid.patch_id[run.known.rows]
    digest = hashlib.blake2b(ids.tobytes(), digest_size=8)
    digest.update(run.known.truth.tobytes() + run.known.kept.tobytes())
    return {"patches": len(ids), "print": digest.hexdigest()}


def _keyed(plan: Plan, run: _Run) -> Plan:
    """The plan with a key that tells runs of other settings or classes apart."""
    key = f"{plan.key} {run.config} {run.known.classes.names} {_prints(run)}"
    return replace(plan, key=key)
