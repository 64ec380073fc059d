"""The tab Suggest: groups found without labels, best first; one press shows one as areas."""

from __future__ import annotations

from functools import partial

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QWidget

from napari_simgraph.analysis.areas import find_areas
from napari_simgraph.analysis.clusters import exemplars
from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.viewer.areas.opinion import RARE
from napari_simgraph.viewer.areas.scored import Groups
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.areas_say import UNTESTED
from napari_simgraph.viewer.views.groups_list import PICTURE, PICTURES, strip_of
from napari_simgraph.viewer.views.parts import column

MOST = 8  # groups: those behind are ground and chance finds
_ROWS = 4  # seen at once; more scroll
_SAMPLE = 20_000  # patches among which typical ones are looked for
_RAREST = 0.02  # of all patches, that are shown as the rare ones
_NAME, _PICTURES, _BUTTON = range(3)


class Card:
    """A group as it is offered: its number (or `RARE`), its words, and typical rows."""

    def __init__(self, number: int, text: str, rows: list[int]) -> None:
        self.number, self.text, self.rows = number, text, rows


class SuggestPage(QWidget):
    """Groups by rank, each with typical pictures and a button.

    `confirmed` brings the number of the group that is of interest, `picked` rows and name of one
    that is looked at.
    """

    confirmed = Signal(int)
    picked = Signal(object, str)

    def __init__(self, thumbs: Thumbs) -> None:
        super().__init__()
        self._thumbs = thumbs
        self._key = ""
        self._groups: Groups | None = None
        self._chosen = 0
        self.cards: list[Card] = []
        self._beside = Latest("simgraph-suggest", self)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setObjectName("faint")
        self.list = QTreeWidget()
        self._dress()
        layout = column(self)
        layout.addWidget(self.told)
        layout.addWidget(self.list)
        self.list.itemSelectionChanged.connect(self._looked_at)
        thumbs.came.connect(self._renew_pictures)
        self._show([])

    def show_groups(self, key: str, table: EmbeddingTable | None, groups: Groups | None) -> None:
        """Offer these groups; None for none."""
        if groups is self._groups and key == self._key:
            return
        self._key, self._groups = key, groups
        if table is None or groups is None:
            self._beside.drop()
            self._show([])
        else:
            self._beside.ask(partial(cards_of, table, groups), self._show)

    def say_cost(self, cost: str) -> None:
        """Tell how long it takes."""
        self.told.setText(f"Finds kinds of patches by itself; you say which matters. {cost}")

    def choose(self, number: int) -> None:
        """Show which group was confirmed; 0 for none."""
        self._chosen = number
        for at, card in enumerate(self.cards):
            button = self.list.itemWidget(self.list.topLevelItem(at), _BUTTON)
            button.setChecked(card.number == number)
            button.setText("Shown" if card.number == number else "This")

    def rows_of(self, number: int) -> Rows:
        """The patches of a group."""
        assert self._groups is not None  # there are cards
        if number != RARE:
            return np.flatnonzero(self._groups.number == number)
        assert self._groups.rare is not None
        return np.sort(
            np.argsort(-self._groups.rare, kind="stable")[: len(self._groups.rare) // 50]
        )

    def close_events(self) -> None:
        """Stop following."""
        self._thumbs.came.disconnect(self._renew_pictures)
        self._beside.close()

    def _show(self, cards: list[Card]) -> None:
        self.cards = cards
        self.list.clear()
        for card in cards:
            item = QTreeWidgetItem([card.text, "", ""])
            tip = UNTESTED if card.number == RARE else "Click shows its patches."
            item.setToolTip(_NAME, tip)
            item.setSizeHint(_PICTURES, QSize(0, PICTURE + 6))
            self.list.addTopLevelItem(item)
            self.list.setItemWidget(item, _BUTTON, self._button(card))
        self.list.setVisible(bool(cards))
        self.told.setVisible(not cards)
        self.list.setFixedHeight(min(max(2, len(cards)), _ROWS) * (PICTURE + 6) + 6)
        self.choose(self._chosen)
        self._renew_pictures()

    def _button(self, card: Card) -> QWidget:
        made = flat(
            "This",
            lambda: self.confirmed.emit(0 if self._chosen == card.number else card.number),
            f"Shows {card.text} as the area of interest. Undo takes it back.\n"
            "command line: --group",
        )
        made.setCheckable(True)
        return made

    def _looked_at(self) -> None:
        for item in self.list.selectedItems():
            card = self.cards[self.list.indexOfTopLevelItem(item)]
            self.picked.emit(self.rows_of(card.number), card.text.partition(" ·")[0])

    def _renew_pictures(self) -> None:
        for at, card in enumerate(self.cards):
            found = [self._thumbs.picture(self._key, number) for number in card.rows]
            item = self.list.topLevelItem(at)
            item.setData(_PICTURES, Qt.ItemDataRole.DecorationRole, strip_of(found))

    def _dress(self) -> None:
        made = self.list
        made.setHeaderHidden(True)
        made.setColumnCount(3)
        made.setRootIsDecorated(False)
        made.setAccessibleName("Suggested groups")
        made.setToolTip(
            "Kinds of patches: compact ones that lie together first, each unlike those before."
        )
        made.setIconSize(QSize(PICTURES * (PICTURE + 2), PICTURE))
        header = made.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_PICTURES, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(_BUTTON, QHeaderView.ResizeMode.Fixed)
        made.setColumnWidth(_PICTURES, PICTURES * (PICTURE + 2) + 6)
        made.setColumnWidth(_BUTTON, 62)


def cards_of(table: EmbeddingTable, groups: Groups) -> list[Card]:
    """What is offered, in its order; last what is rare and together."""
    rng = np.random.default_rng(0)
    some = np.arange(len(table))
    if len(table) > _SAMPLE:
        some = np.sort(rng.permutation(some)[:_SAMPLE])
    typical = exemplars(unit(table.values[some]), groups.number[some], PICTURES)
    made = []
    for number in range(1, min(MOST, int(groups.number.max())) + 1):
        mine = groups.number == number
        if mine.any():
            score = ScoreTable(table.grid, mine.astype(np.float32))
            places = len(find_areas(score, 0.5))
            rows = some[typical.get(number, [])].tolist()
            made.append(Card(number, _say(number, float(mine.mean()), places), rows))
    if groups.rare is not None:
        rarest = np.argsort(-groups.rare, kind="stable")
        apart = _apart(table, rarest[: 20 * PICTURES])
        made.append(Card(RARE, "rare and together, untested", apart))
    return made


def _say(number: int, share: float, places: int) -> str:
    percent = f"{100 * share:.0f}" if share >= 0.01 else f"{100 * share:.1f}"
    return f"group {number} · {percent} %, {places} place{'' if places == 1 else 's'}"


def _apart(table: EmbeddingTable, rows: Rows) -> list[int]:
    """The first rows that don't overlap."""
    chosen: list[int] = []
    for row in rows.tolist():
        taken = np.array(chosen, np.intp)
        if not table.grid.overlapping(np.full(len(taken), row), taken, 1).any():
            chosen.append(row)
    return chosen[:PICTURES]
