"""Hands of the Areas dock: areas and asked patches that one goes to, and why they score so."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_simgraph.analysis.areas import Area
from napari_simgraph.core.clicks import Reasons
from napari_simgraph.viewer.areas.drawing import Drawing
from napari_simgraph.viewer.areas.looking import Looking
from napari_simgraph.viewer.selection import Hit
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.areas_found import FoundRows
from napari_simgraph.viewer.views.bottom import show_page

_EXEMPLARS = 12  # patches of an area among the thumbnails
_NONE, _SOON = -1, -2  # no asked patch was gone to; the next one is, as soon as it is known


class Hands(QObject):
    """What a person does with areas and single patches; `listed` says that reasons are there.

    Parameters
    ----------
    session, looking, drawing
        Whose selection, what is found, and where it is drawn.
    found
        The rows below all tabs.
    """

    listed = Signal()

    def __init__(
        self, session: Session, looking: Looking, drawing: Drawing, found: FoundRows
    ) -> None:
        super().__init__()
        self._session, self._looking, self._drawing, self._found = session, looking, drawing, found
        self._visited = _NONE
        found.asking.connect(self.ask_why)
        found.going.connect(self.go_to)
        found.table.chosen.connect(self.show_area)
        looking.scored.connect(self._follow)
        looking.reasoned.connect(self._reasoned)
        looking.said.connect(self._outdated)
        session.selection.chosen.connect(self._patch_chosen)
        self._patch_chosen()

    def answer(self, like: bool) -> None:
        """Say of the asked patch what it is, and go to the next one."""
        row = self._looking.asked
        if row >= 0:
            self._visited = _SOON
            self._looking.judge(np.array([row]), like)

    def ask_next(self) -> None:
        """Go to the asked patch; at it already, ask for another one."""
        row = self._looking.asked
        if row >= 0 and row == self._visited:
            self._visited = _SOON
            self._looking.skip(row)
        else:
            self.go_asked()

    def go_asked(self) -> None:
        """Show the patch that is asked for."""
        self._visited = self._looking.asked
        if self._visited >= 0:
            self.go_to(self._visited)
            self._session.selection.hover_over(self._visited)

    def go_to(self, row: int) -> None:
        """Show a patch."""
        if self._looking.table is not None:
            chosen = self._session.selection
            chosen.go(chosen.example(row).place)

    def show_area(self, area: Area) -> None:
        """Go to an area: the image, its outline, and its patches among the thumbnails."""
        looking, scores = self._looking, self._looking.scores
        if looking.table is None or scores is None:
            return
        self._drawing.choose(area.number)
        order = np.argsort(-np.nan_to_num(scores.score[area.rows]), kind="stable")
        rows = area.rows[order][:_EXEMPLARS].tolist()
        self.go_to(area.exemplar)
        hits = [Hit(looking.key, row, float(scores.score[row])) for row in rows]
        title = f"Area {area.number}: its patches of highest score"
        show_page(self._session.viewer, "Thumbnails").show_hits(title, hits)

    def ask_why(self) -> None:
        """Ask why the chosen patch scores as it does."""
        rows = self._session.selection.rows
        if len(rows) == 1:
            self._looking.why(int(rows[0]))

    def close(self) -> None:
        """Stop following."""
        self._session.selection.chosen.disconnect(self._patch_chosen)

    def _follow(self) -> None:
        if self._visited == _SOON:
            self.go_asked()

    def _patch_chosen(self) -> None:
        rows, found = self._session.selection.rows, self._found
        found.reasons.forget()
        found.why.setEnabled(len(rows) == 1 and self._looking.graph is not None)
        if len(rows) == 1:
            found.table.choose_patch(int(rows[0]))
            self._drawing.choose(found.table.area.number if found.table.area is not None else 0)

    def _outdated(self) -> None:
        """What weighed belongs to an answer of before: what is like the choice stands there."""
        if self._found.reasons.rows:
            self._found.reasons.forget()
            self._session.search.renew()

    def _reasoned(self, why: Reasons) -> None:
        """List what weighs, and mark it in the image."""
        looking, chosen = self._looking, self._session.selection
        if looking.table is None:
            return
        self._found.reasons.show_reasons(looking.table, why, looking.spoken)
        self.listed.emit()
        pairs = [pair for near in why.neighbours.values() for pair in near]
        weights = dict([*why.clicks, *pairs])
        hits = [Hit(looking.key, row, weight) for row, weight in weights.items()]
        chosen.answer(hits)
        show_page(self._session.viewer, "Thumbnails").show_hits("What weighs most here", hits)
