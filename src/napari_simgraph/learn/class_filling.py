"""Classes filled up with drawn pictures, and what the network would be without them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from napari_simgraph.core.job import Job, Note
from napari_simgraph.core.model import Model
from napari_simgraph.core.room import MemoryRoom, Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.class_rows import Sources
from napari_simgraph.learn.classify import learn
from napari_simgraph.learn.embedder import share_of

UNDRAWN = "undrawn"  # after the names of figures of the network without drawn pictures
_TOLD = ("balanced", "accuracy")


def fill(given: Sources, start: Model | None, config: Any, room: Room, aside: Aside) -> Job[Model]:
    """A model that learned from drawn pictures, too, and figures of one that did not.

    Each takes half of the time; the same patches are kept aside in both, none of them drawn.
    """
    assert given.drawn is not None  # the verb asks for them
    half = replace(config, minutes=config.minutes / 2, compare=False)
    job = learn(given._replace(drawn=None), start, half, MemoryRoom(), aside)
    without = yield from share_of(job, 0, 2)
    half = replace(half, steps=without.steps, minutes=0.0, epochs=0) if config.minutes else half
    model: Model = yield from share_of(learn(given, start, half, room, aside), 1, 2)
    figures = {
        f"{name} {UNDRAWN}": without.metrics[name] for name in _TOLD if name in without.metrics
    }
    model = model.replace(
        metrics={**model.metrics, **figures}, data={**model.data, "drawn": len(given.drawn)}
    )
    aside.halt.hear((yield Note(say_help(model))))
    return model


def say_help(model: Model) -> str:
    """Whether drawn pictures helped: balanced agreement with and without them."""
    found, before = (model.metrics.get(name) for name in ("balanced", f"balanced {UNDRAWN}"))
    count = model.data.get("drawn", 0)
    if found is None or before is None:
        return f"Learned from {count} drawn pictures, too; nothing was kept aside to measure it."
    said = f"{count} drawn pictures {'helped' if found > before else 'did not help'}: "
    return f"{said}balanced agreement {found:.2f}, without them {before:.2f}."
