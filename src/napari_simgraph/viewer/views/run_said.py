"""What Run on all says when it has ended, and what one may want next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from napari_simgraph.core.job import say_time
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.jobs import Ending, State
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.replacing import Made
from napari_simgraph.viewer.views.parts import say_made


class Came(NamedTuple):
    """How far a run came: sections made, sections there, whether the rest was emptied."""

    made: int
    there: int
    emptied: bool


def say_kept(made: list[Made], ending: Ending, came: Came) -> str:
    """What was made, and what became of the sections that it did not come to."""
    took, done = say_time(ending.seconds), ending.state is State.DONE
    if done and came.made == came.there:
        return say_made(made, took)
    if came.there == 1:  # a flat image, stopped on the way
        return f"Kept what was made in {took}."
    of = f"{came.made} of {came.there} sections"
    said = f"Made {of} in {took}." if done else f"Kept what was made in {took}: {of}."
    if came.emptied:
        return f"{said} The others are empty: the earlier classes were different."
    if any(each.replaced for each in made):
        return f"{said} The rest is as it was."
    return said


def next_steps(viewer: Any, correct: Callable[[], object] | None) -> tuple[Button, ...]:
    """The two chips: what most people do with a segmented stack."""
    first = ("Correct", correct) if correct else ("Count", lambda: open_dock(viewer, "Objects"))
    return first, ("Find similar", lambda: open_dock(viewer, "Similar"))
