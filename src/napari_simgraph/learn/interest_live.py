"""Interest live: an answer at each click, from what is known already of the patches judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, TypeVar

import numpy as np

from napari_simgraph.analysis import click_model
from napari_simgraph.analysis.comparing import compare
from napari_simgraph.analysis.few_clicks import FewClicks, check, judged_of
from napari_simgraph.analysis.marked import said
from napari_simgraph.analysis.spreading import links
from napari_simgraph.core.clicks import (
    NOBODY,
    Click,
    ClickAnswer,
    Clicks,
    Event,
    Reasons,
    Reply,
    Skip,
    Why,
)
from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.aside import Aside, Inbox
from napari_simgraph.learn.interest_given import Given, few_of
from napari_simgraph.learn.interest_results import model_of, table_of, tell_alone

R = TypeVar("R")
Replies = Generator[Reply, Event | Signal | None, R]
_TOLD = 5  # clicks and neighbours of each kind that are named as reasons
_READY = Progress(1.0, "ready")


class Session:
    """Clicks on one graph and their answers; `run` is the live verb."""

    def __init__(self, given: Given, config: Any, aside: Aside) -> None:
        self.given, self.config, self.aside = given, config, aside
        assert isinstance(aside.halt, Inbox)  # it holds what was sent before
        self.inbox = aside.halt
        self.state: dict[int, bool] = {}
        self.skipped: set[int] = set()
        self.heard = 0  # events other than questions why
        self.few: FewClicks
        self.crowd, self.followed = NOBODY, NOBODY

    def run(self) -> Replies[Model]:
        """Answers until STOP; then the model."""
        graph = self.given.graph
        known = said(self.given.marks, graph.table.grid, self.config.wanted, self.config.share)
        self.matrix = yield from self._wait(partial(links, graph, self.config.shares))
        self.few = yield from self._through(few_of(graph, self.matrix, self.aside))
        start = self.given.start
        judged = judged_of(known.like, known.unlike)
        if start is not None and click_model.IDS in start.arrays:
            judged = click_model.clicks_in(start.arrays, graph.table.grid, known)
        self.state = dict(zip(judged.rows.tolist(), judged.like.tolist(), strict=True))
        yield from self._through(tell_alone(self.matrix))
        yield from self._answer(time.monotonic())
        while not self.aside.halt.stopped:
            if not self.inbox.waiting:
                self._hear((yield _READY))
                continue
            yield from self._take(*self.inbox.waiting.popleft())
        judged = self._judged()
        check(judged)
        arrays = click_model.arrays_of(self.few, judged, graph.table.grid)
        network = {"name": "clicks", "options": {}}
        return model_of(graph, "clicks", network, self.config, {"arrays": arrays}, known)

    def _take(self, event: Event, begun: float) -> Replies[None]:
        if isinstance(event, Why):
            self._check(event.row)
            self._hear((yield self._why(event.row)))
            return
        self._note(event)
        waiting = self.inbox.waiting
        while waiting and isinstance(waiting[0][0], Click | Clicks):  # of those one answer
            self._note(waiting.popleft()[0])
        yield from self._answer(begun)

    def _note(self, event: Any) -> None:
        self.heard += 1
        if isinstance(event, Skip):
            self._check(event.row)
            self.skipped.add(event.row)
            return
        if isinstance(event, Clicks) and event.crowd is not None:
            self.crowd = event.crowd
        for one in event.each if isinstance(event, Clicks) else (event,):
            self._check(one.row)
            if one.like is None:
                self.state.pop(one.row, None)
            else:
                self.state[one.row] = one.like

    def _check(self, row: int) -> None:
        count = len(self.given.graph)
        if not 0 <= row < count:
            raise ValueError(f"There is no patch {row}: they go from 0 to {count - 1}.")

    def _answer(self, begun: float) -> Replies[None]:
        judged = self._judged()
        try:
            check(judged)
        except ValueError as sentence:  # not an error here: the first clicks are of one kind
            self._hear((yield Note(str(sentence))))
            return
        if self.crowd is not self.followed:
            self.followed = self.crowd
            follow = partial(self.few.follow, self.crowd.members, self.crowd.speakers)
            yield from self._wait(follow)
        scored = yield from self._wait(partial(self.few.answer, judged))
        graph = self.given.graph
        table = table_of(graph, scored, self.matrix, {}, {"clicks": len(judged.rows)})
        asked = self.few.ask(scored, judged, self._seen())
        figures, above = {}, 0.5  # where a group speaks nobody judged what they would tell
        if not len(self.crowd.members):
            figures = compare(self.few, judged, graph.table)
            above = self.few.threshold(judged)
        told = (len(judged.rows), figures, time.monotonic() - begun, self.heard, above)
        self._hear((yield ClickAnswer(table, asked, *told)))

    def _why(self, row: int) -> Reasons:
        judged = self._judged()
        clicks = self.few.weigh(row, judged)[:_TOLD] if judged.both else []
        return Reasons(row, tuple(clicks), self.given.graph.strongest(row, _TOLD))

    def _seen(self) -> Rows:
        """Patches that are not to be asked for: those skipped, and what they overlap."""
        grid = self.given.graph.table.grid
        out = np.zeros(len(grid), np.bool_)
        every = np.arange(len(grid))
        for row in self.skipped:
            out |= grid.overlapping(np.full(len(grid), row), every)
        return np.flatnonzero(out)

    def _judged(self) -> Any:
        like = sorted(row for row, yes in self.state.items() if yes)
        unlike = sorted(row for row, yes in self.state.items() if not yes)
        return judged_of(like, unlike)

    def _hear(self, sent: Event | Signal | None) -> None:
        self.inbox.hear(sent)

    def _wait(self, call: Callable[[], R]) -> Replies[R]:
        tick = partial(Progress, text="answering")
        return (yield from self._through(self.aside.wait(call, tick)))

    def _through(self, job: Generator[Any, Any, R]) -> Replies[R]:
        """What a job returns; what is sent at its ticks waits in the inbox."""
        try:
            while True:
                self._hear((yield next(job)))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            job.close()
