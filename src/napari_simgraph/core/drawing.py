"""Drawing: what a person asks of a model that draws while they move sliders, and its answers.

The protocol is that of `core.live`: the driver takes a reply and sends the next event, or None.
``Progress(done=1)`` means that there is nothing to do until the next event; ``Signal.STOP`` ends
the session. Of several `Draw` that wait together only the last is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from napari_simgraph.core.job import Tick

# How far from the usual is drawn unless somebody asks otherwise: as far as it may go where nine
# drawings in ten are of the class that was asked for (docs/benchmarks.md).
VARIETY = 0.7
AGAIN = 8  # times that what looks like another class is drawn anew: then next to nothing is left


@dataclass(frozen=True)
class Draw:
    """Draw patches of a class.

    Parameters
    ----------
    kind
        Name of the class; "" for all in turn.
    n, seed, spread
        How many, which ones, and how far from the usual one; 1 is as far as patches lie.
    directions
        From -3 to 3 for the first directions, most telling first; missing ones are 0.
    again
        How often, at most, what looks like another class is drawn anew.
    """

    kind: str = ""
    n: int = 16
    seed: int = 0
    spread: float = VARIETY
    directions: tuple[float, ...] = ()
    again: int = AGAIN


@dataclass(frozen=True, eq=False)
class Redraw:
    """Draw patches again: pixels ``(S, S, C)`` each, and their classes ("" for the likeliest)."""

    patches: tuple[NDArray[Any], ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Walk:
    """Draw what lies between two patches, both ends included; as for `Redraw`."""

    patches: tuple[NDArray[Any], NDArray[Any]]
    kinds: tuple[str, str]
    n: int = 8


@dataclass(frozen=True, eq=False)
class Drawn:
    """What was drawn.

    Parameters
    ----------
    pictures
        ``(n, P, P, C)`` in the type of the images that were learned from.
    kinds
        The class of each, "" where the model knows none.
    event
        What they are the answer to.
    seconds
        From the event to here.
    """

    pictures: NDArray[Any]
    kinds: tuple[str, ...]
    event: Event
    seconds: float = 0.0


Event: TypeAlias = Draw | Redraw | Walk
Reply: TypeAlias = Drawn | Tick
