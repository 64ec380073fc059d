"""Live: what a person does while a model learns beside them, and what it answers.

The protocol of a live verb::

    live(image, labels=None, history=None, *, start=None, config=Live(), room)
        -> Generator[Reply, Event | Signal | None, Model]

* The driver takes a reply and sends the next event, or None where there is none. Events may be
  sent at any reply, also while an answer is computed: they wait in a queue of the verb's own.
  ``Signal.STOP`` ends it: the Model is what it returns. `close()` drops everything.
* Replies are `Answer` and `Place`, and the `Progress`, `Note` and `Device` of every job, one at
  least every half second. ``Progress(done=1)`` means: nothing to do until the next event, so the
  driver may wait for one; with any other Progress it is learning in the background (`text` says
  what) and wants None meanwhile.
* Answers come for the `Field` that was sent last; without one there are none. One comes after
  every `Field`, `Strokes`, `Region` and `ClassChange` (several that wait together get one), and
  further ones while the network learns on. Before anything can be learned (one class only, no
  strokes) a `Note` says what to do, and no answer comes.
* Values of classes never change during a session: that of a removed or merged class is not used
  again, others keep theirs. So painted pixels need not be rewritten.
* Truth is what the events say, nothing else. Outside strokes and complete regions all is unknown.
* The same events at the same steps give the same answers. Whoever keeps the events (`MARKED`
  kinds, in order) and the pair ``(answer.events, answer.steps)`` of the answers may give them back
  as `History`: the verb goes through them at once and ends with one answer for the last field.

All of them are JSON and arrays: `core/live_parts.py` takes them apart and puts them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Device, Note, Progress

Span: TypeAlias = tuple[int, int]  # first pixel and the one after the last

UNCHANGED = 255  # in the values of Strokes: this pixel was not painted over
MOST_VALUES = 250  # of classes in a session; the values above mean something else
MOST = 1024  # px a side of what is answered: a screen; the middle of larger fields
FILTERS, NETWORK = "quick filters", "U-Net"  # who answers, in the words of the dock


@dataclass(frozen=True, eq=False)
class Strokes:
    """What one stroke left: the new values of the pixels that it changed.

    Parameters
    ----------
    z, top, left
        Section (0 where there is one only), and where the box begins in image pixels.
    values
        Classes ``(Y, X)`` uint8: 0 is erased, `UNCHANGED` was not painted over.
    """

    z: int
    top: int
    left: int
    values: NDArray[np.uint8]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _plane(self.values, np.uint8))


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a section in which everything counts, or nothing.

    Parameters
    ----------
    z, top, left
        Section, and where the box begins in image pixels.
    mask
        Which pixels ``(Y, X)`` of the box belong to it; of a polygon not all do.
    kind
        ``complete``: everything counts, unpainted pixels are of class `rest`. ``exclude``: nothing
        in it counts, whatever is painted there. ``open``: neither any more.
    rest
        The class of unpainted pixels; 0 for the class that is called background, rest …, or else
        for the only one that is not painted in it.
    """

    z: int
    top: int
    left: int
    mask: NDArray[np.bool_]
    kind: Literal["complete", "exclude", "open"] = "complete"
    rest: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", _plane(self.mask, np.bool_))


@dataclass(frozen=True)
class Field:
    """What is on screen: a box of a section in image pixels; answers are for this.

    It may reach beyond the image. Of a large one the middle is answered (`Answer` says where).
    """

    z: int
    top: int
    left: int
    bottom: int
    right: int

    def within(self, plane: tuple[int, int]) -> tuple[Span, Span] | None:
        """Rows and columns of its middle that lie in the image; None where it is outside."""
        edges = zip((self.top, self.left), (self.bottom, self.right), plane, strict=True)
        spans = []
        for low, high, n in edges:
            start, stop = max(low, 0), min(high, n)
            if stop - start > MOST:
                start = (start + stop - MOST) // 2
                stop = start + MOST
            spans.append((start, stop))
        inside = all(start < stop for start, stop in spans)
        return (spans[0], spans[1]) if inside else None


@dataclass(frozen=True)
class ClassChange:
    """The list of classes changed.

    Parameters
    ----------
    kind
        ``add`` (value, name, color), ``rename`` (value, name, color), ``merge`` (value is taken
        into the class `into`), ``remove`` (its strokes become unknown).
    value
        The class that changes.
    name, color
        How it is called now, and its colour as ``#RRGGBB``; "" leaves it as it is.
    into
        For ``merge``.
    """

    kind: Literal["add", "rename", "merge", "remove"]
    value: int
    name: str = ""
    color: str = ""
    into: int = 0


@dataclass(frozen=True)
class Seek:
    """Where to look next? Answered by a `Place`.

    Parameters
    ----------
    seen
        Places ``(z, y, x)`` that were looked at already; their surroundings are left out.
    """

    seen: tuple[tuple[int, int, int], ...] = ()


Event: TypeAlias = Strokes | Region | Field | ClassChange | Seek
MARKED = (Strokes, Region, ClassChange)  # what is truth: counted in `Answer.events`


@dataclass(frozen=True)
class Scores:
    """How well the strokes and regions that were kept aside are found; None while unknown.

    Every fifth is kept aside: no model learns from it before it was judged on it.

    Parameters
    ----------
    filters, network
        Dice of all pixels kept aside, mean of the classes, from 0 to 1: of the quick filters and
        of the U-Net.
    baseline
        The same of grey values alone.
    classes
        Dice of who answers, by class value.
    kept
        How many strokes and regions were kept aside.
    """

    filters: float | None = None
    network: float | None = None
    baseline: float | None = None
    classes: Mapping[int, float] = field(default_factory=dict)
    kept: int = 0


@dataclass(frozen=True, eq=False)
class Answer:
    """The prediction of a field.

    Parameters
    ----------
    z, top, left
        Section, and where the box begins in image pixels.
    classes
        The likeliest class ``(Y, X)`` uint8, as values.
    chances
        Probability ``(K, Y, X)`` uint8 from 0 to 255 of the classes in `values`.
    unsure
        How unsure it is ``(Y, X)`` uint8: 0 certain, 255 all classes alike.
    values
        The class value of each plane of `chances`.
    by
        Who answers: `FILTERS` or `NETWORK`.
    scores, before
        Now, and at the last answer before the latest stroke, region or change of classes.
    strokes
        Strokes and regions learned from, those kept aside included.
    events, steps
        `MARKED` events taken in so far, and learning steps of the network: of the first answer to
        events those at which they were taken in. `History` keeps both.
    seconds
        From the event to this answer.
    """

    z: int
    top: int
    left: int
    classes: NDArray[np.uint8]
    chances: NDArray[np.uint8]
    unsure: NDArray[np.uint8]
    values: tuple[int, ...]
    by: str
    scores: Scores = Scores()
    before: Scores = Scores()
    strokes: int = 0
    events: int = 0
    steps: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Place:
    """The least sure place that was not looked at yet, and how unsure it is, from 0 to 255.

    `unsure` is below 0 where nothing is left to look at.
    """

    z: int
    y: int
    x: int
    unsure: int


Reply: TypeAlias = Answer | Place | Progress | Note | Device


@dataclass(frozen=True)
class History:
    """A session so far, for going on with it.

    Parameters
    ----------
    events
        All that were sent, in order; fields need not be among them, but for the last.
    marks
        ``(answer.events, answer.steps)`` of the answers that were given, in order.
    """

    events: tuple[Event, ...] = ()
    marks: tuple[tuple[int, int], ...] = ()

    def groups(self) -> list[tuple[int, list[Event]]]:
        """The `MARKED` events that were taken in together, with the steps learned before them.

        Those that no answer came for, since the window was gone, come last.
        """
        found: dict[tuple[int, int], list[Event]] = {}
        marked = [one for one in self.events if isinstance(one, MARKED)]
        for number, event in enumerate(marked, 1):
            last = (len(marked), self.steps)
            due = next((mark for mark in self.marks if mark[0] >= number), last)
            found.setdefault((due[0], due[1]), []).append(event)
        return [(steps, events) for (_, steps), events in found.items()]

    @property
    def steps(self) -> int:
        """Steps that were learned in all."""
        return max((steps for _, steps in self.marks), default=0)


def _plane(values: Any, dtype: Any) -> NDArray[Any]:
    plane = np.asarray(values, dtype)
    if plane.ndim != 2 or 0 in plane.shape:
        raise ValueError(f"A stroke or region is a plane of pixels, not of shape {plane.shape}.")
    return plane
