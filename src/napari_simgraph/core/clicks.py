"""Clicks: what a person says of patches while areas of interest are looked for, and the answers.

The protocol is that of `core.live`: the driver takes a reply and sends the next event, or None.
``Progress(done=1)`` means that there is nothing to do until the next event; ``Signal.STOP`` ends
the session, and the Model is what it returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from napari_simgraph.core.job import Tick
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import ScoreTable


@dataclass(frozen=True)
class Click:
    """A patch was judged: `like` what is looked for or not; None takes the judgement back."""

    row: int
    like: bool | None


@dataclass(frozen=True, eq=False)
class Crowd:
    """A group that speaks as a whole.

    Parameters
    ----------
    members
        Their rows; none where no group speaks.
    speakers
        The patches, members and others, that are told as clicks because of it.
    """

    members: Rows
    speakers: Mapping[int, bool]


NOBODY = Crowd(np.zeros(0, np.intp), {})  # no group speaks


@dataclass(frozen=True)
class Clicks:
    """Several at once, for which there is one answer: a rectangle, a group, an undo.

    From here on `crowd` speaks, too; None where that stays as it was.
    """

    each: tuple[Click, ...]
    crowd: Crowd | None = None


@dataclass(frozen=True)
class Why:
    """Why does a patch score as it does? Answered by `Reasons`."""

    row: int


@dataclass(frozen=True)
class Skip:
    """Another patch is to be asked for: one can't say what this one is."""

    row: int


@dataclass(frozen=True, eq=False)
class ClickAnswer:
    """The scores after some clicks.

    Parameters
    ----------
    scores
        Of all patches, with their uncertainty.
    asked
        The row whose answer would teach most.
    clicks
        How many were taken in.
    figures
        AUROC with each click left out in turn, ours and plainer ways; empty for a handful.
    seconds
        From the click to here.
    heard
        How many events were taken in.
    above
        The score above which the fewest clicks are mistaken, each left out in turn.
    """

    scores: ScoreTable
    asked: int
    clicks: int
    figures: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    heard: int = 0
    above: float = 0.5


@dataclass(frozen=True)
class Reasons:
    """What weighs most for a patch, most first: judged rows, and neighbours by kind of link.

    Each pair is a row and its weight; weights of clicks are above 0 where they speak for it.
    """

    row: int
    clicks: tuple[tuple[int, float], ...]
    neighbours: Mapping[str, tuple[tuple[int, float], ...]]


Event: TypeAlias = Click | Clicks | Why | Skip
Reply: TypeAlias = ClickAnswer | Reasons | Tick
