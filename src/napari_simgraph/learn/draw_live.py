"""Drawing live: an answer to each move of a slider, a redrawn patch, the way between two."""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import partial
from typing import Any

import numpy as np

from napari_simgraph.core.drawing import Draw, Drawn, Event, Redraw, Reply, Walk
from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.core.model import Model
from napari_simgraph.core.patch_classes import NONE
from napari_simgraph.learn.aside import Aside, Inbox
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.draw_check import Chance, Remembered
from napari_simgraph.learn.draw_use import between, halfway
from napari_simgraph.learn.drawer import Drawer

_READY = Progress(1.0, "ready")
Replies = Generator[Reply, Event | Signal | None, Any]


class Session:
    """Events to one model and what it draws; `run` is the live verb.

    Parameters
    ----------
    model
        From `generation.train`.
    config
        Settings of `generation.live`.
    aside
        The thread beside it; its halt is an `Inbox`.
    """

    def __init__(self, model: Model, config: Any, aside: Aside) -> None:
        self.model, self.aside = model, aside
        self.place = pick(config.device, config.threads, config.precision)
        assert isinstance(aside.halt, Inbox)  # the capability made it so
        self.inbox = aside.halt

    def run(self) -> Replies:
        """Answers until STOP; then the model."""
        self.inbox.hear((yield self.place.tick()))
        drawer = yield from self._wait(partial(Drawer, self.model, self.place))
        sketches = Remembered(drawer)
        yield from self._wait(partial(_warm, sketches))
        while not self.inbox.stopped:
            if not self.inbox.waiting:
                self.inbox.hear((yield _READY))
                continue
            event, came = self.inbox.waiting.popleft()
            newest = self.inbox.waiting[0][0] if self.inbox.waiting else None
            if isinstance(event, Draw) and isinstance(newest, Draw):
                continue  # the slider has moved on
            try:
                pictures, kinds = yield from self._wait(partial(answer, sketches, event))
            except ValueError as sentence:  # say a class that it does not know
                self.inbox.hear((yield Note(str(sentence), warning=True)))
                continue
            spent = time.monotonic() - came
            self.inbox.hear((yield Drawn(pictures, kinds, event, spent)))
        return self.model

    def _wait(self, call: Any) -> Any:
        return (yield from self.aside.wait(call, partial(Progress, text="drawing")))


def answer(sketches: Remembered, event: Event) -> tuple[Any, tuple[str, ...]]:
    """Pixels ``(n, P, P, C)`` for an event, and their classes.

    Raises
    ------
    ValueError
        The model knows no such class.
    """
    drawer = sketches.drawer
    if isinstance(event, Draw):
        kinds = drawer.kinds(event.kind, event.n)
        numbers = sketches.numbers(kinds, Chance(event.seed, event.spread, event.again))
        numbers, weights = drawer.moved(numbers, event.directions), drawer.weights(kinds)
    else:
        light = np.concatenate([drawer.light_in(one) for one in event.patches])
        kinds = drawer.likeliest(light, _known(drawer, event))
        numbers, weights = drawer.seen(light, drawer.weights(kinds)), drawer.weights(kinds)
    if isinstance(event, Walk):
        numbers, weights = between(drawer, light, kinds, event.n)
        kinds = halfway(kinds, event.n)
    drawn = drawer.drawn(numbers, weights)
    return drawer.light.back(drawn), drawer.names(kinds)


def _known(drawer: Drawer, event: Redraw | Walk) -> Any:
    """Numbers of the classes that an event names; `NONE` for those the model does not know."""
    places = {row.name.casefold(): row.value - 1 for row in drawer.model.classes}
    return np.array([places.get(one.casefold(), NONE) for one in event.kinds], np.intp)


def _warm(sketches: Remembered) -> None:
    """Kernels are chosen at the first call, which therefore takes long: no one waits for it now."""
    answer(sketches, Draw())
