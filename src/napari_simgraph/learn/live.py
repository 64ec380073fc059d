"""Live: the generator behind a live verb; all its state lives here and in what it calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from scipy import ndimage

from napari_simgraph.core.job import Note, Progress
from napari_simgraph.core.live import (
    MARKED,
    NETWORK,
    Answer,
    ClassChange,
    Event,
    Field,
    History,
    Place,
    Region,
    Reply,
    Scores,
    Seek,
    Strokes,
)
from napari_simgraph.learn.aside import Aside, Inbox
from napari_simgraph.learn.live_keeper import Keeper
from napari_simgraph.learn.minds import URGENT, Minds
from napari_simgraph.learn.truth_tile import Key, Span

CHECK = 100  # steps after which the network is judged and its answer renewed: a few seconds
_LOOK = 256  # px of the squares in which unsure places are looked for
_LOOKS = 8  # squares for one question: a second or two
_SPOT = 15  # px: a place is unsure where its surroundings are, not one pixel
_SEEN = 64  # px around a place that was looked at
OFF_IMAGE = "The image is not in view: move it into the middle."
WAITING = "Waiting for your next stroke."
LEARNING = "Learning your last stroke …"
LOOKING = "Looking at what is on screen …"

Ticks: TypeAlias = Generator[Any, Any, Any]  # Reply, Event | Signal | None


@dataclass
class Live:
    """One session.

    Parameters
    ----------
    minds
        What learns and answers.
    aside, inbox
        Where it computes, and what is sent.
    rest
        Steps of the network after which it waits for the next stroke.
    keeper
        Keeps where it stands, so that going on need not learn all again.
    """

    minds: Minds
    aside: Aside
    inbox: Inbox
    rest: int
    keeper: Keeper
    events: int = 0
    view: Field | None = None
    before: Scores = field(default_factory=Scores)
    _changed: int = 0  # steps at the last change of the truth
    _told: str = ""

    def run(self, history: History) -> Ticks:
        """Go through what was, then answer until STOP."""
        yield from self._replay(history)
        while not self.inbox.stopped:
            if self.inbox.waiting:
                taken = [self.inbox.waiting.popleft() for _ in range(len(self.inbox.waiting))]
                yield from self._take([one for one, _ in taken], taken[0][1])
            elif self._may_learn():
                yield from self._learn_on()
            elif key := self._unseen():
                yield from self._wait(partial(self.minds.bank.prepare, key), LOOKING)
            else:
                yield from self._say(Progress(1.0, WAITING))
        yield from self._take_last()

    def _take_last(self) -> Ticks:
        """Learn what came just before STOP: nobody waits for an answer to it."""
        events = [event for event, _ in self.inbox.waiting]
        self._hear(events)
        if any(isinstance(one, MARKED) for one in events) and not self.minds.missing():
            yield from self._learn_anew(events)
            yield from self._weigh(None, 0.0)

    def _unseen(self) -> Key | None:
        """A tile on screen to look at while nothing can be learned: so first answers come soon."""
        if self.view is None or not self.minds.missing():
            return None
        box = self.view.within(self.minds.truth.plane)
        inside = box is not None and 0 <= self.view.z < self.minds.truth.sections
        return self.minds.bank.lacking(self.view.z, *box) if box and inside else None

    def _replay(self, history: History) -> Ticks:
        """The same events at the same steps, without answers in between."""
        skipped = yield from self._go_on(history)
        if not skipped and history.marks and history.marks[0][0] == 0:  # it began with labels
            yield from self._learn_anew([])
            yield from self._weigh(None, 0.0)
        for steps, group in history.groups():
            events, skipped = group[skipped:], max(0, skipped - len(group))
            if not events:
                continue
            yield from self._catch_up(steps)
            self._hear(events)
            if not self.minds.missing():
                yield from self._learn_anew(events)
                yield from self._weigh(None, 0.0)
            if self.inbox.stopped:
                return
        yield from self._catch_up(history.steps)
        views = [one for one in history.events if isinstance(one, Field)][-1:]
        if views:
            yield from self._take(views, time.monotonic())

    def _go_on(self, history: History) -> Generator[Any, Any, int]:
        """Begin where it was kept last; how many events that saves."""
        marked = [one for one in history.events if isinstance(one, MARKED)]
        state, events = self.keeper.restore(marked)
        if state is None:
            return 0
        self._hear(events)
        yield from self._wait(partial(self.minds.go_on, state), LEARNING)
        self._changed = int(state.info["changed"])
        return len(events)

    def _catch_up(self, steps: int) -> Ticks:
        while self.minds.pupil and self.minds.steps < steps and not self.inbox.stopped:
            yield from self._step()

    def _take(self, events: Sequence[Event], since: float) -> Ticks:
        """Take in events that came together, and answer them."""
        errors = self._hear(events)
        for sentence in errors:
            yield from self._say(Note(sentence, warning=True))
        truth = any(isinstance(one, MARKED) for one in events)
        missing = self.minds.missing()
        if missing:
            if missing != self._told or truth:
                self._told = missing
                yield from self._say(Note(missing))
            return
        self._told = ""
        at = self.minds.steps
        learns = truth or self.minds.pupil is None
        if learns:
            yield from self._learn_anew(events)
        answer = yield from self._answer(since, at if truth else self.minds.steps)
        if learns:
            yield from self._weigh(answer, since)
        for one in events:
            if isinstance(one, Seek):
                yield from self._seek(one)

    def _hear(self, events: Sequence[Event]) -> list[str]:
        """Take events in; sentences on those that can't be."""
        errors = []
        for event in events:
            if isinstance(event, Field):
                self.view = event
            try:
                if isinstance(event, Strokes | Region):
                    self.minds.truth.mark(event)
                elif isinstance(event, ClassChange):
                    self.minds.truth.change(event)
            except ValueError as error:
                errors.append(str(error))
            if isinstance(event, MARKED):
                self.events += 1
                self.keeper.hear(event)
        return errors

    def _weigh(self, answer: Answer | None, since: float) -> Ticks:
        """Judge what was learned; what was answered again with the new scores, or by the better."""
        yield from self._wait(self.minds.weigh, LEARNING)
        if answer is None:
            return
        if self.minds.by == answer.by:
            yield from self._say(replace(answer, scores=self.minds.scores))
        else:
            yield from self._answer(since, answer.steps)

    def _learn_anew(self, events: Sequence[Event]) -> Ticks:
        """Filters from all strokes, or the network a few steps on the newest: who answers."""
        self.before = self.minds.scores
        self._changed = self.minds.steps
        yield from self._wait(self.minds.take_in, LEARNING)
        if self.minds.by == NETWORK and any(isinstance(one, Strokes) for one in events):
            for _ in range(URGENT):
                yield from self._wait(partial(self.minds.learn, True), LEARNING)

    def _may_learn(self) -> bool:
        minds = self.minds
        ready = minds.pupil is not None and minds.has_strokes() and self.view is not None
        return ready and minds.steps - self._changed < self.rest

    def _learn_on(self) -> Ticks:
        """One step in the background; the answer anew where the network was judged."""
        by = self.minds.by
        begun = time.monotonic()
        if (yield from self._step()) and NETWORK in (by, self.minds.by):
            yield from self._answer(begun, self.minds.steps)

    def _step(self) -> Generator[Any, Any, bool]:
        """One step; whether the network was judged after it."""
        loss = yield from self._wait(self.minds.learn, self._text())
        values = {"loss": loss}
        due = self.minds.steps % CHECK == 0
        if due:
            yield from self._wait(self.minds.judge_network, self._text())
            self._keep()
            scores = self.minds.scores
            told = {"agreement": scores.network, "baseline": scores.baseline}
            values |= {name: value for name, value in told.items() if value is not None}
        done = (self.minds.steps - self._changed) / max(1, self.rest)
        yield from self._say(Progress(min(done, 0.99), self._text(), values=values))
        return due

    def _keep(self) -> None:
        """Keep where it stands, just after the network was judged: so it will be judged alike."""
        if self.minds.pupil and self.keeper.due():
            told = {"by": self.minds.by, "changed": self._changed}
            self.keeper.keep(self.minds.pupil.state(), told)

    def _text(self) -> str:
        return f"The U-Net learns on, step {self.minds.steps}"

    def _answer(self, since: float, steps: int) -> Generator[Any, Any, Answer | None]:
        """Answer the field on screen, if there is one; what was said."""
        if self.view is None:
            return None
        box = self.view.within(self.minds.truth.plane)
        if box is None or not 0 <= self.view.z < self.minds.truth.sections:
            yield from self._say(Note(OFF_IMAGE))
            return None
        answer: Answer = yield from self._wait(
            partial(self.minds.answer, self.view.z, *box), "Answering …"
        )
        told: dict[str, Any] = {"before": self.before, "events": self.events, "steps": steps}
        said = replace(answer, seconds=time.monotonic() - since, **told)
        yield from self._say(said)
        return said

    def _seek(self, seek: Seek) -> Ticks:
        """The least sure place of some squares near what is on screen that was not seen yet."""
        truth = self.minds.truth
        z = self.view.z if self.view else 0
        rng = np.random.default_rng([self.events, len(seek.seen)])
        best = Place(z, 0, 0, -1)
        for number in range(_LOOKS):
            near = (z + (number + 1) // 2 * (-1) ** number) % truth.sections
            corner = [int(rng.integers(0, max(1, n - _LOOK + 1))) for n in truth.plane]
            spans = [(a, min(a + _LOOK, n)) for a, n in zip(corner, truth.plane, strict=True)]
            look = partial(self._least_sure, near, spans[0], spans[1], seek.seen)
            found = yield from self._wait(look, "Looking for unsure places …")
            best = max(best, found, key=lambda place: place.unsure)
        yield from self._say(best)

    def _least_sure(
        self, z: int, rows: Span, columns: Span, seen: Sequence[tuple[int, int, int]]
    ) -> Place:
        """The least sure place of a box."""
        answer = self.minds.answer(z, rows, columns)
        spots = ndimage.uniform_filter(answer.unsure.astype(np.float32), _SPOT)
        y, x = np.ogrid[rows[0] : rows[1], columns[0] : columns[1]]
        for section, row, column in seen:
            if section == z:
                spots[(y - row) ** 2 + (x - column) ** 2 < _SEEN**2] = -1
        at = np.unravel_index(int(spots.argmax()), spots.shape)
        return Place(z, rows[0] + int(at[0]), columns[0] + int(at[1]), int(spots[at]))

    def _wait(self, call: Callable[[], Any], text: str) -> Ticks:
        """What `call` returns, computed aside."""
        return (yield from self.aside.wait(call, partial(Progress, 0.0, text)))

    def _say(self, reply: Reply) -> Ticks:
        self.inbox.hear((yield reply))
