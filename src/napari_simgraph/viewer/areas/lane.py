"""The lane of clicks: what is said of patches to the model, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_simgraph.capabilities import interest
from napari_simgraph.core.clicks import (
    NOBODY,
    Click,
    ClickAnswer,
    Clicks,
    Crowd,
    Reasons,
    Skip,
    Why,
)
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Note
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.session import Session


class ClickLane(QObject):
    """One live session of clicks on a graph; it begins with the first of them.

    `answered` brings a ClickAnswer, `reasoned` Reasons, `warned` a sentence, `ended` the Ending
    with the Model.

    Parameters
    ----------
    session
        Whose jobs these are.
    """

    answered = Signal(object)
    reasoned = Signal(object)
    warned = Signal(str)
    ended = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._graph: SimilarityGraph | None = None
        self._told: dict[int, bool] = {}
        self._crowd = NOBODY
        self._sent = self._heard_of = 0  # events, and how many of them were answered
        self.task: Task | None = None

    @property
    def listens(self) -> bool:
        """Whether a session is on, or about to be."""
        return self.task is not None

    @property
    def waits(self) -> bool:
        """Whether an answer to what was said last is to come."""
        both = len(set(self._told.values())) == 2
        return self.listens and both and self._heard_of < self._sent

    def tell(
        self,
        graph: SimilarityGraph,
        wanted: Mapping[int, bool],
        config: interest.Train,
        crowd: Crowd = NOBODY,
    ) -> None:
        """Say what is known of patches now, and of a group; only what is new goes over."""
        if self.task is not None and graph.edges is not self._graph_edges:
            self.leave()
        if self.task is None:
            if not wanted:
                return
            self._begin(graph, config)
        assert self.task is not None
        gone = [row for row in self._told if row not in wanted]
        new = [(row, like) for row, like in wanted.items() if self._told.get(row) is not like]
        other = not np.array_equal(crowd.members, self._crowd.members)
        if gone or new or other:
            each = (*(Click(row, None) for row in gone), *(Click(*one) for one in new))
            self._send(Clicks(each, crowd if other else None))
        self._told, self._crowd = dict(wanted), crowd

    def why(self, row: int) -> None:
        """Ask why a patch scores as it does."""
        if self.task is not None:
            self.task.send(Why(row))

    def skip(self, row: int) -> None:
        """Ask for another patch to judge."""
        self._send(Skip(row))

    def stop(self) -> None:
        """End it; `ended` brings the model."""
        if self.task is not None:
            self.task.stop()

    def leave(self) -> None:
        """End it and drop what it knows."""
        task, self.task, self._crowd = self.task, None, NOBODY
        self._told, self._sent, self._heard_of = {}, 0, 0
        if task is not None:
            task.cancel()

    @property
    def _graph_edges(self) -> object:
        return None if self._graph is None else self._graph.edges

    def _send(self, event: Clicks | Skip) -> None:
        if self.task is not None:
            self._sent += 1
            self.task.send(event)

    def _begin(self, graph: SimilarityGraph, config: interest.Train) -> None:
        jobs, room = self._session.jobs, self._session.room("clicks")
        self._graph, self._told, self._sent, self._heard_of = graph, {}, 0, 0
        self._crowd = NOBODY
        title = f"Learn from clicks in {self._session.selection.key or graph.table.name}"
        self.task = task = jobs.submit(
            title, lambda: jobs.live(interest.live, graph, config=config, room=room), lane="live"
        )
        task.ticked.connect(self._of(task, self._heard))
        task.ended.connect(self._of(task, self._ended))

    def _of(self, task: Task, take: Callable[[Any], object]) -> Callable[[Any], object]:
        """The same, unless the session was left meanwhile."""
        return lambda what: take(what) if self.task is task else None

    def _heard(self, tick: Any) -> None:
        if isinstance(tick, ClickAnswer):
            self._heard_of = tick.heard
            self.answered.emit(tick)
        elif isinstance(tick, Reasons):
            self.reasoned.emit(tick)
        elif isinstance(tick, Note) and tick.warning:  # others say what is missing: seen here too
            self.warned.emit(tick.text)

    def _ended(self, ending: Ending) -> None:
        self.task, self._told, self._sent, self._heard_of = None, {}, 0, 0
        self._crowd = NOBODY
        self.ended.emit(ending)
