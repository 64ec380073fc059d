"""Phases: several networks learned one after the other in one run, and gone on with in the last."""

from __future__ import annotations

from collections.abc import Mapping

from napari_simgraph.core.room import Checkpoint, Inner, Room
from napari_simgraph.learn.fit import Fitted

_DONE, _PHASE = "done", "phase"  # before the names of arrays, and in what a checkpoint says


class Phases:
    """The Room of a run of `count` phases; a checkpoint holds what earlier phases learned."""

    def __init__(self, room: Room, count: int) -> None:
        self._room, self.count = room, count
        self._fitted: dict[int, Fitted] = {}

    def done(self, phase: int) -> Fitted | None:
        """What a phase learned, where a later one was broken off."""
        kept = self._room.restore()
        if kept is None or int(kept.info.get(_PHASE, 0)) <= phase:
            return None
        begin = f"{_DONE} {phase}/"
        arrays = {k.removeprefix(begin): v for k, v in kept.arrays.items() if k.startswith(begin)}
        told = kept.info[f"{_DONE} {phase}"]
        return Fitted(arrays, **told) if arrays else None

    def finish(self, phase: int, fitted: Fitted) -> None:
        """A phase is over; the checkpoints of later ones hold what it learned."""
        self._fitted[phase] = fitted

    def room(self, phase: int) -> Room:
        """Where a phase keeps its checkpoints."""
        return _Part(self._room, phase, self._fitted)


class _Part(Inner):
    """Where one phase keeps its checkpoints."""

    def __init__(self, room: Room, phase: int, fitted: Mapping[int, Fitted]) -> None:
        super().__init__(room)
        self._phase, self._fitted = phase, fitted

    def checkpoint(self, state: Checkpoint) -> None:
        """See `Room.checkpoint`."""
        arrays, info = dict(state.arrays), dict(state.info) | {_PHASE: self._phase}
        for number, one in self._fitted.items():
            arrays |= {f"{_DONE} {number}/{key}": value for key, value in one.arrays.items()}
            told = {"steps": one.steps, "planned": one.planned, "batch": one.batch}
            info[f"{_DONE} {number}"] = {**told, "history": one.history}
        self._room.checkpoint(Checkpoint(arrays, info))

    def restore(self) -> Checkpoint | None:
        """See `Room.restore`; without what other phases left."""
        kept = self._room.restore()
        if kept is None or int(kept.info.get(_PHASE, 0)) != self._phase:
            return None
        arrays = {k: v for k, v in kept.arrays.items() if not k.startswith(_DONE)}
        return Checkpoint(arrays, kept.info)
