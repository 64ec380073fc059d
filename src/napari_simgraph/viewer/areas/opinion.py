"""What a person said of patches: clicks, a confirmed group, areas turned down; no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_simgraph.analysis.coherence import speak_for
from napari_simgraph.core.patches import Rows

RARE = -1  # in the place of a group: what is rare and together
_KEPT_STEPS = 100  # as many as napari keeps of strokes
_SPEAK = 5  # patches of an area that was turned down that say so: more weigh down the clicks


@dataclass(frozen=True)
class Opinion:
    """All that was said of the patches of one table.

    Parameters
    ----------
    clicks
        By row: whether it is interesting.
    group
        The confirmed group by its rank from 1; 0 for none, `RARE`.
    rejected
        The rows of each area that was turned down.
    """

    clicks: Mapping[int, bool] = field(default_factory=dict)
    group: int = 0
    rejected: tuple[tuple[int, ...], ...] = ()

    @property
    def like(self) -> int:
        """How many patches were clicked as interesting."""
        return sum(self.clicks.values())

    @property
    def unlike(self) -> int:
        """How many were clicked as not interesting."""
        return len(self.clicks) - self.like

    def click(self, rows: Iterable[int], like: bool | None) -> Opinion:
        """Patches judged; None takes that back. It ends looking at what is rare."""
        clicks = dict(self.clicks)
        for row in rows:
            clicks.pop(int(row), None)
            if like is not None:
                clicks[int(row)] = like
        return replace(self, clicks=clicks, group=0 if self.group == RARE else self.group)

    def confirm(self, group: int) -> Opinion:
        """A group as the area of interest; 0 for none."""
        return replace(self, group=group)

    def turn_down(self, rows: Rows, down: bool) -> Opinion:
        """An area turned down, or taken in again."""
        area = tuple(np.sort(rows).tolist())
        others = tuple(one for one in self.rejected if one != area)
        return replace(self, rejected=(*others, area) if down else others)

    def spoken(self, groups: NDArray[np.int32] | None = None, seed: int = 0) -> dict[int, bool]:
        """What all of it says of single patches, as if they had been clicked.

        Parameters
        ----------
        groups
            The group of each patch by rank from 1, where groups were found.
        seed
            Of the choice of patches that speak for a group.
        """
        said: dict[int, bool] = {}
        if self.group > 0 and groups is not None:
            judged = speak_for(groups - 1, self.group - 1, seed)
            said |= dict(zip(judged.rows.tolist(), judged.like.tolist(), strict=True))
        for area in self.rejected:
            at = np.unique(np.linspace(0, len(area) - 1, _SPEAK).round().astype(int))
            said |= {area[number]: False for number in at.tolist()}
        return said | dict(self.clicks)

    def to_json(self, ids: NDArray[np.uint64]) -> dict[str, Any]:
        """Plain values; patches by their ids, which hold in any order of rows."""
        return {
            "clicks": [[str(ids[row]), like] for row, like in self.clicks.items()],
            "group": self.group,
            "rejected": [[str(ids[row]) for row in area] for area in self.rejected],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any], ids: NDArray[np.uint64]) -> Opinion:
        """What `to_json` told of, as far as those patches are still there."""
        rows = {str(one): row for row, one in enumerate(ids.tolist())}
        clicks = {rows[one]: bool(like) for one, like in told.get("clicks", ()) if one in rows}
        areas = [
            tuple(rows[one] for one in area if one in rows) for area in told.get("rejected", ())
        ]
        return cls(clicks, int(told.get("group", 0)), tuple(area for area in areas if area))


class Opinions:
    """The opinion now, and all steps that led to it."""

    changed = Signal(str)  # what was done

    def __init__(self) -> None:
        self.now = Opinion()
        self._steps: list[tuple[str, Opinion]] = []

    @property
    def last(self) -> str:
        """What undo would take back; "" where there is nothing."""
        return self._steps[-1][0] if self._steps else ""

    def say(self, opinion: Opinion, said: str) -> None:
        """Another opinion, and what made it."""
        if opinion != self.now:
            self._steps = [*self._steps, (said, self.now)][-_KEPT_STEPS:]
            self.now = opinion
            self.changed.emit(said)

    def undo(self) -> str:
        """Take the last step back; what that was, "" where there is none."""
        if not self._steps:
            return ""
        said, self.now = self._steps.pop()
        self.changed.emit(f"Undone: {said}")
        return said

    def restart(self, opinion: Opinion) -> None:
        """Another table: nothing to take back."""
        self.now, self._steps = opinion, []
