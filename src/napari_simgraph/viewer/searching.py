"""The search that answers a choice: which patches are like what was clicked, lassoed or drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_simgraph.analysis.lookup import Best, Lookup
from napari_simgraph.analysis.neighbours import Points, unit
from napari_simgraph.analysis.query import Box, rows_in, wanted
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.selection import Example, Hit, Selection
from napari_simgraph.viewer.tables import Tables

IMAGE, TABLE, SAVED = "image", "table", "saved"
_AT_ONCE = 2**23  # numbers in a table that are compared in less than 10 ms, so without a thread


@dataclass(frozen=True)
class Rules:
    """What counts as an answer.

    Parameters
    ----------
    k
        How many.
    where
        In the image of the example, in all images of the table, or also in the other tables of
        the same model.
    apart
        Leave out patches that overlap a better one.
    elsewhere
        Only in other sections than those of the examples.
    """

    k: int = 12
    where: str = TABLE
    apart: bool = True
    elsewhere: bool = False


@dataclass(frozen=True)
class _Question:
    """All that an answer depends on, taken down when it was asked."""

    key: str
    table: EmbeddingTable
    rules: Rules
    like: tuple[Example, ...]
    unlike: tuple[Example, ...]
    rows: Rows
    only: Rows | None
    others: tuple[str, ...]


class Search:
    """Listens to a selection and answers it; one for each Session.

    Attributes
    ----------
    rules
        What counts as an answer; set them with `change`.
    """

    changed = Signal()  # the rules

    def __init__(self, selection: Selection, tables: Tables) -> None:
        self.rules = Rules()
        self._selection, self._tables = selection, tables
        self._lookups: dict[str, Lookup] = {}
        self._beside = Latest("simgraph-search")
        selection.chosen.connect(self.renew)
        selection.restricted.connect(self.renew)
        tables.changed.connect(self._forget)

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._beside.busy

    def change(self, **rules: Any) -> None:
        """Set some rules; what was asked is answered anew."""
        self.rules = replace(self.rules, **rules)
        self.changed.emit()
        self.renew()

    def others(self) -> list[str]:
        """Keys of the other tables that were made by the same model."""
        table = self._selection.table
        made = "" if table is None else table.made.get("model_fingerprint", "")
        if not made:
            return []
        known = self._tables.keys()
        same = [key for key in known if self._tables.about(key).get("fingerprint") == made]
        return [key for key in same if key != self._selection.key]

    def renew(self) -> None:
        """Answer what is chosen now."""
        chosen = self._selection
        if chosen.table is None or not (chosen.like or len(chosen.rows)):
            self._beside.drop()
            if chosen.hits:
                chosen.answer(())
            return
        others = tuple(self.others()) if self.rules.where == SAVED else ()
        question = _Question(
            chosen.key,
            chosen.table,
            self.rules,
            chosen.like,
            chosen.unlike,
            chosen.rows,
            chosen.only,
            others,
        )
        if chosen.table.values.size <= _AT_ONCE and not others:
            self._beside.drop()
            chosen.answer(self._answer(question))
        else:
            self._beside.ask(lambda: self._answer(question), chosen.answer)

    def close(self) -> None:
        """End the thread."""
        self._beside.close()

    def _answer(self, asked: _Question) -> list[Hit]:
        """The hits; in a thread where tables are large."""
        point, k, apart = _point(asked), asked.rules.k, asked.rules.apart
        front = self._lookup(asked.key, asked.table)
        found = front.best(point, k, among=_among(asked), taken=_taken(asked), apart=apart)
        hits = _hits(asked.key, found)
        for key in asked.others:
            try:
                lookup = self._lookup(key, self._tables.get(key))
            except (ValueError, OSError):  # its file is gone: the other tables answer
                continue
            if lookup.table.values.shape[1] == len(point):
                hits += _hits(key, lookup.best(point, k, apart=apart))
        return sorted(hits, key=lambda hit: -hit.score)[:k]

    def _lookup(self, key: str, table: EmbeddingTable) -> Lookup:
        known = self._lookups.get(key)
        if known is None or known.table.values is not table.values:
            known = self._lookups[key] = Lookup(table)
        return known

    def _forget(self, key: str) -> None:
        self._lookups = {k: v for k, v in self._lookups.items() if k not in (key, "")}


def _hits(key: str, found: Best) -> list[Hit]:
    pairs = zip(found.rows.tolist(), found.scores.tolist(), strict=True)
    return [Hit(key, row, score) for row, score in pairs]


def _taken(asked: _Question) -> Rows:
    """The rows of the examples themselves, or that lie where they were drawn."""
    taken = []
    for one in (*asked.like, *asked.unlike):
        if one.row >= 0:
            taken.append(np.array([one.row]))
            continue
        place, grid = one.place, asked.table.grid
        image = [n for n, source in enumerate(grid.sources) if source.fingerprint == place.image]
        if image:
            corner = (round(place.y - place.size / 2), round(place.x - place.size / 2))
            box = Box(image[0], place.z, *corner, max(1, round(place.size)))
            taken.append(rows_in(grid, box)[0])
    return np.concatenate(taken) if taken else np.zeros(0, np.intp)


def _point(asked: _Question) -> Points:
    """The point that is looked for: that of the examples, or the middle of what is chosen."""
    if asked.like:
        like, unlike = ([one.point for one in side] for side in (asked.like, asked.unlike))
        return wanted(like, unlike)
    middle: Points = unit(unit(asked.table.values[asked.rows]).mean(0)[None])[0]
    return middle


def _among(asked: _Question) -> NDArray[np.bool_] | None:
    """The rows of the table in front that may be answers; None for all."""
    grid, parts = asked.table.grid, []
    if asked.only is not None or not asked.like:
        kept = asked.only if asked.like else asked.rows
        mask = np.zeros(len(grid), np.bool_)
        mask[kept] = True
        parts.append(mask)
    numbers = {one.fingerprint: number for number, one in enumerate(grid.sources)}
    places = [one.place for one in asked.like]
    if asked.rules.where == IMAGE and places:
        here = [numbers[p.image] for p in places if p.image in numbers]
        parts.append(np.isin(grid.image, here))
    if asked.rules.elsewhere:
        for p in places:
            same = (grid.image == numbers.get(p.image, -1)) & (grid.z == p.z)
            parts.append(~same)
    return np.logical_and.reduce(parts) if parts else None
