"""Fit: the only training loop. It knows no capability, only a `Lesson`."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_simgraph.core.job import Clock, Note, Progress, Signal, Tick
from napari_simgraph.core.room import Checkpoint, Room
from napari_simgraph.core.shortage import is_out_of_memory
from napari_simgraph.learn.aside import Aside, ReadAhead
from napari_simgraph.learn.device import Place, free_cache
from napari_simgraph.learn.lesson import Lesson, Scheduled
from napari_simgraph.learn.state import Average, pack, unpack
from napari_simgraph.learn.team import Team

_UNTIMED = 8  # steps in which libraries choose kernels and files are read for the first time
_TIMED = 5  # steps at least, and …
_TIMED_SHARE = 0.03  # … this share of the time there is: steadies the mean, costs little
_TIMED_AT_MOST = 0.2  # share of a very short time
_LOOKS = 20  # checks on what was kept aside during a run: enough for a curve
_POINTS = 200  # of the loss curve
_CHECKPOINT_SECONDS = 30.0  # a crash loses at most a minute; saving takes well under a second
_RESERVE = 0.97  # share of the time for steps; the rest is for checks and the end
SHORT = "Memory was short: it goes on in smaller steps."
REFUSED = "The disk takes nothing: it learns on, but could not be gone on with after a crash."
UNSEEN = "Memory was short: how good it is was not looked at this time."
LITTLE = "Too little memory even for one patch. Use a smaller network or patch, or close programs."

Ticks = Generator[Tick, Signal | None, Any]


@dataclass(frozen=True)
class Plan:
    """How long and how to learn.

    Parameters
    ----------
    steps
        Steps to take; 0 to take what fits into `seconds`.
    seconds
        Wall time; the first steps are timed, then the number of steps is fixed.
    batch
        Crops per step.
    rate
        Highest learning rate.
    key
        What makes the run; a checkpoint with another key is not gone on with.
    """

    steps: int = 0
    seconds: float = 0.0
    batch: int = 4
    rate: float = 3e-3
    key: str = ""


@dataclass(frozen=True)
class Fitted:
    """Averaged weights with the steps taken, the batch size at the end and the curves."""

    arrays: Mapping[str, NDArray[Any]]
    steps: int
    planned: int
    batch: int
    history: Mapping[str, list[list[float]]]


@dataclass
class _State:
    """Where the run stands; all of it is in a checkpoint."""

    step: int = 0
    total: int = 0
    batch: int = 1
    history: dict[str, list[list[float]]] = field(default_factory=dict)
    saved: float = field(default_factory=time.monotonic)

    def told(self) -> dict[str, Any]:
        history = {name: [list(point) for point in points] for name, points in self.history.items()}
        return {"step": self.step, "total": self.total, "batch": self.batch, "history": history}


class Fit:
    """One training run; `run` is the job."""

    def __init__(self, lesson: Lesson, plan: Plan, place: Place, room: Room, aside: Aside) -> None:
        self.lesson, self.plan, self.place = lesson, plan, place
        self.room, self.aside = room, aside
        self.network = lesson.network.to(place.device)
        self.average, self.team = Average(self.network), Team(lesson, place)
        self.state = _State(batch=plan.batch, total=plan.steps)
        self.reader: ReadAhead[Any] = ReadAhead(self._read)
        self.clock, self._told = Clock(), set[str]()

    def run(self) -> Generator[Tick, Signal | None, Fitted]:
        """Learn; closed or stopped at any tick."""
        try:
            if not self._resume():
                yield from self._decide()
                yield from self._keep()
            if isinstance(self.lesson, Scheduled):
                self.lesson.planned(self.state.total)
            while self.state.step < self.state.total and not self.aside.halt.stopped:
                yield from self._step()
        finally:
            self.reader.close()
            self.team.close()
        yield from self._keep()
        state = self.state
        return Fitted(self.average.arrays(), state.step, state.total, state.batch, state.history)

    def _read(self, number: int) -> Any:
        return self.team.batches(number, self.state.batch)

    def _decide(self) -> Ticks:
        """Fix the number of steps from the time that the first ones take; learn nothing yet."""
        if self.plan.steps:
            return
        before = pack(self.network)
        spent: list[float] = []
        enough = self.plan.seconds * _TIMED_SHARE
        while len(spent) < _UNTIMED + _TIMED or sum(spent[_UNTIMED:]) < enough:
            took = yield from self._try(lambda: self._timed(len(spent)), "getting ready")
            if took is None:
                spent.clear()
                continue
            spent.append(took)
            if len(spent) == 1:
                yield from self._look()
            if self.aside.halt.stopped or sum(spent) > _TIMED_AT_MOST * self.plan.seconds:
                break
        unpack(self.network, before)
        self.team.begin()
        each = float(np.mean(spent[_UNTIMED:] or spent))
        rest = self.plan.seconds * _RESERVE - sum(spent)
        self.state.total = max(1, int(rest / each))

    def _timed(self, number: int) -> float:
        begun = time.monotonic()
        self._learn(number, rate=0.0)
        return time.monotonic() - begun

    def _step(self) -> Ticks:
        state = self.state
        loss = yield from self._try(lambda: self._learn(state.step, self._rate()), self._text())
        if loss is None:  # memory was short: the same step again with a smaller batch
            return
        state.step += 1
        values: dict[str, float] = {}
        if state.step % max(1, state.total // _POINTS) == 0 or state.step == state.total:
            values["loss"] = loss
        if state.step % max(1, state.total // _LOOKS) == 0:
            values |= yield from self._look()
        for name, value in values.items():
            state.history.setdefault(name, []).append([state.step, round(value, 5)])
        if time.monotonic() - state.saved > _CHECKPOINT_SECONDS:
            yield from self._keep()
        done = state.step / state.total
        left = self.clock.left(done)
        self.aside.halt.hear((yield Progress(done, self._text(), left, values)))

    def _try(self, call: Any, text: str) -> Generator[Tick, Signal | None, Any]:
        """What `call` returns; None when memory was short and the batch was halved."""
        try:
            return (yield from self.aside.wait(call, lambda: replace(self._tick(), text=text)))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if self.state.batch == 1:
                raise MemoryError(LITTLE) from error
            traceback.clear_frames(error.__traceback__)  # they hold what the step had computed
        self.network.zero_grad(set_to_none=True)
        free_cache(self.place.device)
        self.state.batch //= 2
        self.reader.forget()
        self.aside.halt.hear((yield Note(SHORT, warning=True)))
        return None

    def _look(self) -> Generator[Tick, Signal | None, Mapping[str, float]]:
        """Figures on what was kept aside; none where memory is too short for them."""
        try:
            return (yield from self.aside.wait(self._check, self._tick))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            traceback.clear_frames(error.__traceback__)
        free_cache(self.place.device)
        yield from self._tell(UNSEEN)
        return {}

    def _learn(self, number: int, rate: float) -> float:
        """One step; its loss."""
        loss = self.team.learn(self.reader.take(number), number, rate)
        if rate:
            with self.place.computing():
                self.average.update(self.network, number)
        return loss

    def _check(self) -> Mapping[str, float]:
        self.average.network.eval()
        with self.place.computing(), torch.no_grad():
            return self.lesson.check(self.average.network)

    def _rate(self) -> float:
        """One cycle: up over a tenth of the steps, then down to zero along a cosine."""
        step, total = self.state.step, self.state.total
        warm = max(1, round(0.1 * total))
        if step < warm:
            return self.plan.rate * (step + 1) / warm
        return self.plan.rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))

    def _text(self) -> str:
        return f"step {self.state.step} of {self.state.total}"

    def _tick(self) -> Progress:
        return Progress(self.state.step / max(1, self.state.total), self._text())

    def _keep(self) -> Ticks:
        """A checkpoint; where the disk takes none, that is said once, and it learns on."""
        try:
            self._save()
        except OSError:
            self.state.saved = time.monotonic()
            yield from self._tell(REFUSED)

    def _tell(self, sentence: str) -> Ticks:
        """A warning, once."""
        if sentence not in self._told:
            self._told.add(sentence)
            self.aside.halt.hear((yield Note(sentence, warning=True)))

    def _save(self) -> None:
        arrays = {f"network/{k}": v for k, v in pack(self.network).items()}
        arrays |= {f"average/{k}": v for k, v in self.average.arrays().items()}
        arrays |= {f"optimiser/{k}": v for k, v in self.team.arrays().items()}
        self.room.checkpoint(Checkpoint(arrays, self.state.told() | {"key": self.plan.key}))
        self.state.saved = time.monotonic()

    def _resume(self) -> bool:
        """Go on where a checkpoint of this very run stood; False where there is none."""
        kept = self.room.restore()
        if kept is None or kept.info.get("key") != self.plan.key or "step" not in kept.info:
            return False
        parts: dict[str, dict[str, NDArray[Any]]] = {}
        for name, values in kept.arrays.items():
            part, _, key = name.partition("/")
            parts.setdefault(part, {})[key] = values
        unpack(self.network, parts["network"])
        unpack(self.average.network, parts["average"])
        self.team.restore(parts.get("optimiser", {}))  # none before the first step
        info = kept.info
        history = {name: [list(p) for p in points] for name, points in info["history"].items()}
        self.state = _State(info["step"], info["total"], info["batch"], history)
        return True


def fit(
    lesson: Lesson, plan: Plan, place: Place, room: Room, aside: Aside
) -> Generator[Tick, Signal | None, Fitted]:
    """Averaged weights of a network that learned a lesson as long as planned."""
    return Fit(lesson, plan, place, room, aside).run()
