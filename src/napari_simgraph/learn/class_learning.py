"""How classes are learned: all layers step by step, or the last one alone from what they see."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_simgraph.analysis.class_head import Known, last_layer
from napari_simgraph.core.job import Clock, Progress, Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.room import Room
from napari_simgraph.learn import class_model as models
from napari_simgraph.learn.class_lesson import ClassLesson, Drawing
from napari_simgraph.learn.class_run import PLAIN, Run, plain_figures
from napari_simgraph.learn.embedder import share_of
from napari_simgraph.learn.fit import Fitted, Plan, fit
from napari_simgraph.learn.phases import Phases
from napari_simgraph.learn.state import unpack
from napari_simgraph.learn.view_settings import Views

_PIXELS = 2**20  # of pictures looked at between two ticks: a second on a slow core
_MOST = 2000  # pictures for the last layer; more tell it little, and take minutes


class Begun(NamedTuple):
    """A network as it begins: its description, itself, the model it began with, and its room."""

    network: Mapping[str, Any]
    module: nn.Module
    start: Model | None
    room: Room


class Taught(NamedTuple):
    """What learning came to: steps and curves, None where there were none; figures of `plain`."""

    fitted: Fitted | None
    plain: dict[str, float]


def learn_all(run: Run, begun: Begun, views: Views) -> Generator[Tick, Signal | None, Taught]:
    """All layers learn, step by step; the network is filled with what they learned."""
    phases = Phases(begun.room, 2 if run.compares else 1)
    fitted = yield from _fitted(run, begun, views, phases)
    return Taught(fitted, (yield from _plain(run, begun, fitted, phases)))


def learn_last(run: Run, begun: Begun) -> Generator[Tick, Signal | None, Taught]:
    """The last layer learns from what the others see, which stay as they are."""
    some = _some(run)
    if not len(some):
        return Taught(None, {})
    seen = yield from _seen(run, begun.module, some)
    known = _known(run, some[: len(seen)])
    plain: dict[str, float] = {}
    if run.compares and not run.aside.halt.stopped:
        yield from _teach(run, begun.module, (seen, known), balanced=False)
        plain = yield from plain_figures(run, models.Judge(begun.module, run.place))
    yield from _teach(run, begun.module, (seen, known), balanced=run.config.unequal != "plain")
    return Taught(None, plain)


def _fitted(
    run: Run, begun: Begun, views: Views, phases: Phases
) -> Generator[Tick, Signal | None, Fitted | None]:
    """What was learned, the network filled with it; None where all goes by likeness."""
    config, pupils = run.config, run.pupils
    if not len(pupils.learn) or not (config.steps or config.epochs or config.minutes):
        return None
    truth = pupils.truth[pupils.learn]
    drawing = Drawing(truth, len(pupils.names), config.unequal, config.augment_below)
    lesson = ClassLesson(begun.module, pupils, views, drawing, config.seed)
    seconds = 60 * config.minutes / phases.count
    steps = config.steps or config.epochs * max(1, len(truth) // config.batch)
    key = f"{begun.start and begun.start.fingerprint}"
    plan = _keyed(Plan(steps, seconds, config.batch, config.rate, key), run)
    job = fit(lesson, plan, run.place, phases.room(0), run.aside)
    fitted = phases.done(0) or (yield from share_of(job, 0, phases.count))
    phases.finish(0, fitted)
    unpack(begun.module, fitted.arrays)
    return fitted


def _plain(
    run: Run, begun: Begun, fitted: Fitted | None, phases: Phases
) -> Generator[Tick, Signal | None, dict[str, float]]:
    """Figures of the same network that learned by plain cross-entropy from pictures as they are."""
    if phases.count < 2 or fitted is None or run.aside.halt.stopped:
        return {}
    config, pupils = run.config, run.pupils
    module = yield from run.aside.wait(partial(models.fresh, begun.network, None, config))
    drawing = Drawing(pupils.truth[pupils.learn], len(pupils.names), "plain", 0)
    views = models.plain_views(run.work.patch)
    lesson = ClassLesson(module, pupils, views, drawing, config.seed)
    plan = _keyed(Plan(fitted.steps, 0, config.batch, config.rate, PLAIN), run)
    job = fit(lesson, plan, run.place, phases.room(1), run.aside)
    other = yield from share_of(job, 1, phases.count)
    if run.aside.halt.stopped:
        return {}
    unpack(module, other.arrays)
    return (yield from plain_figures(run, models.Judge(module, run.place)))


def _keyed(plan: Plan, run: Run) -> Plan:
    """The plan with a key that tells runs of other settings or classes apart."""
    key = f"{plan.key} {run.config} {run.known.classes.names} {run.prints()}"
    return replace(plan, key=key)


def _some(run: Run) -> Rows:
    """Positions to learn the last layer from: all, or as many of each class where there are most.

    The rarest are seen to first, so that what they lack goes to the others.
    """
    learn, truth = run.pupils.learn, run.pupils.truth[run.pupils.learn]
    if len(learn) <= _MOST:
        return learn
    rng, chosen, left = np.random.default_rng(run.config.seed), [], _MOST
    kinds = np.argsort(np.bincount(truth, minlength=len(run.pupils.names)), kind="stable")
    for number, kind in enumerate(kinds):
        there = rng.permutation(learn[truth == kind])[: left // (len(kinds) - number)]
        chosen.append(there)
        left -= len(there)
    return np.sort(np.concatenate(chosen))


def _seen(
    run: Run, module: nn.Module, positions: Rows
) -> Generator[Tick, Signal | None, NDArray[np.float32]]:
    """What stands before the last layer ``(N, F)``, of pictures as they are."""
    judge, side = models.Judge(module, run.place), run.work.patch
    step, clock, parts = max(1, _PIXELS // side**2), Clock(), []
    for start in range(0, len(positions), step):
        some, done = positions[start : start + step], start / len(positions)
        look = partial(_look, run, judge, some)
        say = partial(Progress, done, f"picture {start} of {len(positions)}", clock.left(done))
        parts.append((yield from run.aside.wait(look, say)))
        if run.aside.halt.stopped:
            break
    return np.concatenate(parts)


def _look(run: Run, judge: models.Judge, positions: Rows) -> NDArray[np.float32]:
    return judge.features(run.pupils.shown.take(positions))


def _known(run: Run, positions: Rows) -> Known:
    """What these pictures are; drawn ones stand behind the real ones, in groups of their own."""
    groups, truth = run.known.groups, run.pupils.truth
    drawn = np.arange(len(truth) - len(groups)) + groups.max(initial=0) + 1
    return Known(
        truth[positions], np.concatenate([groups, drawn])[positions], len(run.pupils.names)
    )


def _teach(
    run: Run, module: Any, given: tuple[NDArray[np.float32], Known], balanced: bool
) -> Generator[Tick, Signal | None, None]:
    """Put the last layer in that tells best what was seen."""
    call = partial(last_layer, *given, balanced, run.config.seed)
    layer = yield from run.aside.wait(call, partial(Progress, text="learning the last layer"))
    norm, head = module.inner[0], module.head
    with torch.no_grad():
        norm.running_mean.copy_(torch.from_numpy(layer.shift))
        norm.running_var.copy_(torch.from_numpy(layer.scale**2 - norm.eps).clamp(min=0))
        head.weight.copy_(torch.from_numpy(layer.weights))
        head.bias.copy_(torch.from_numpy(layer.offset))
