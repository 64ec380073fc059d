"""Classify: classes learned from pictures or patches, checked beside a plain network, and found."""

from __future__ import annotations

from collections.abc import Generator
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
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.room import MemoryRoom, Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn import class_model as models
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.bits import KIND, kind_of_numbers, other_bits
from napari_simgraph.learn.class_drawn import drawn_counts, with_drawn
from napari_simgraph.learn.class_learning import Begun, learn_all, learn_last
from napari_simgraph.learn.class_lesson import Pupils
from napari_simgraph.learn.class_rows import Labelled, Sources, labelled, readable, whole_grid
from napari_simgraph.learn.class_run import LOOKING, Run, of_rows
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.embedder import features, saying, share_of
from napari_simgraph.learn.embedding_model import tiling_of
from napari_simgraph.learn.held import NETWORK
from napari_simgraph.learn.likeness import Likeness
from napari_simgraph.learn.normalise import RULE
from napari_simgraph.learn.patchwork import Patchwork, lay_out, patchwork, together
from napari_simgraph.learn.pixel_model import check_channels, check_kind
from napari_simgraph.learn.shown import show
from napari_simgraph.learn.state import pack

_FEW = 20  # pictures kept aside, below which chances can't be made honest
_SMALLEST = 4  # px; of less nothing is left after two levels
_COMPARED = ("balanced", "accuracy", "ece")  # figures of a size


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
    last = config.layers == models.LAST
    views, kind = models.views_for(known.image, config, side)
    if last:  # it learns from pictures as they are, and says the same of each at one look
        views, kind = models.plain_views(side), "none"
    shown = yield from show(work, known.rows, views.reading, aside)
    learned = known.learn[~rare[known.truth[known.learn]]]
    pupils = Pupils(shown, known.truth.astype(np.int64), learned, known.kept, known.classes.names)
    pupils = with_drawn(pupils, given.drawn, known.classes, side)
    run = Run(known, work, pupils, rare, config, place, aside)
    begun = Begun(network, module, start, room)
    fitted, plain = yield from learn_last(run, begun) if last else learn_all(run, begun, views)
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
    for warning in other_bits(model, image):
        aside.halt.hear((yield warning))
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


def _finished(
    run: Run, module: nn.Module
) -> Generator[Tick, Signal | None, tuple[models.Judge, dict[str, NDArray[Any]]]]:
    """The network with what stands for rare classes, and both as arrays of a model."""
    judge = models.Judge(module, run.place)
    arrays: dict[str, NDArray[Any]] = {NETWORK + k: v for k, v in pack(module).items()}
    if run.rare.any():
        learn = run.known.learn
        rows = run.known.rows[learn]
        job = features(run.work, rows, judge.features, run.aside, None)
        found = yield from saying(LOOKING, job)
        there = run.known.truth[learn][: len(found)]
        likeness = Likeness.fit(found, there, run.rare)
        judge.likeness = likeness
        arrays |= likeness.arrays()
    return judge, arrays


def _checked(
    run: Run, judge: models.Judge, arrays: dict[str, NDArray[Any]]
) -> Generator[Tick, Signal | None, tuple[dict[str, float], dict[str, Any]]]:
    """Figures of what was kept aside and what else a model tells; makes chances honest."""
    known, names = run.known, run.known.classes.names
    data: dict[str, Any] = {**run.prints(), "likeness": np.array(names)[run.rare].tolist()}
    data["counts"] = (known.counts(known.learn) + known.counts(known.kept)).tolist()
    if not len(known.kept):
        return {}, data
    truth = known.truth[known.kept]
    chances = yield from of_rows(run, known.kept, judge)
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


def _rule(work: Patchwork) -> dict[str, Any]:
    """How grey values became inputs; of single pictures one rule for all."""
    rule = dict(RULE)
    if together(work.grid):
        one = work.statistics[0]
        rule |= {"shift": list(one.shift), "scale": list(one.scale)}
        rule[KIND] = kind_of_numbers(work.images[0])
    return rule
