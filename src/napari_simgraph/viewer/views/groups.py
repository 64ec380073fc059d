"""Groups in the Similar dock: found by k-means or in the links, named, joined, made classes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QSpinBox, QWidget

from napari_simgraph.analysis.clusters import exemplars
from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.capabilities import similarity
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.groups import GROUPS, groups, names_of
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.write_table import write_table
from napari_simgraph.learn.similarity_settings import Cluster
from napari_simgraph.viewer.controls import LEAST_WIDTH, calm, combo
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.label_keys import PatchKeys
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.theme import Colors, ThemeWatch
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.groups_list import PICTURES, GroupList
from napari_simgraph.viewer.views.parts import beside, column, row

_METHODS = (("kmeans", "k-means"), ("leiden", "Leiden, by links"))
_FILES = "Tables (*.h5ad *.zarr *.csv *.graphml)"
_TIP = "Sorts the patches into groups; each shows three typical pictures.\ncommand line: "


class GroupRows(QWidget):
    """How to find groups, and the list of them.

    `said` brings a sentence for the footer of the dock, and whether it is a fault.
    """

    said = Signal(str, bool)

    def __init__(self, session: Session, thumbs: Thumbs) -> None:
        super().__init__()
        self._session, self._thumbs = session, thumbs
        self.task: Task | None = None
        self._typical: dict[str, list[int]] = {}
        self._of: tuple[Any, Any] = (None, None)  # points and groups that those are of
        self._beside = Latest("simgraph-groups", self)
        self._writing = Latest("simgraph-table", self)
        self.list = GroupList()
        self._make_controls()
        self._connect()
        self._theme = ThemeWatch(session.viewer, self.renew_colors)
        self._keys = PatchKeys(session)
        self.renew()

    def find(self) -> None:
        """Find groups as a job; a second press cancels it."""
        if self.task is not None:
            self.task.cancel()
            return
        session, key = self._session, self._session.selection.key
        noun = session.tables.noun(key)
        method = _METHODS[self.method.currentIndex()][0]
        if method == "leiden" and not isinstance(noun, SimilarityGraph):
            self.said.emit("These patches have no links: take k-means.", True)
            return
        config = Cluster(method=method, number=self.number.value())
        room = session.room(f"groups {key}")
        self.task = session.jobs.submit(
            f"Find groups in {key}",
            lambda: session.jobs.apart(similarity.cluster, noun, config=config, room=room),
        )
        self.task.ended.connect(lambda ending: self._found(key, ending))
        self.find_button.setText("Cancel")

    def save(self, path: str = "") -> None:
        """Write the table in front, with its links, into a file; asks where to."""
        session, key = self._session, self._session.selection.key
        found = path or QFileDialog.getSaveFileName(self, "Save table", f"{key}.h5ad", _FILES)[0]
        if found:
            noun = session.tables.noun(key)
            self._writing.ask(
                partial(_write, noun, Path(found)), lambda told: self.said.emit(*told)
            )

    def renew(self, *_: object) -> None:
        """Show the groups of the table in front."""
        table = self._session.selection.table
        there = table is not None and GROUPS in table.columns
        self.setEnabled(table is not None)
        self.list.setVisible(there)
        self.acts.setVisible(there)
        if there and table is not None:
            self.list.show_rows(groups(table))
            self._renew_typical(table)
        self._renew_acts()

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self.list.renew_colors(look)
        self._renew_pictures()

    def close_events(self) -> None:
        """Stop following the session."""
        self._session.selection.table_changed.disconnect(self.renew)
        self._session.edits.changed.disconnect(self._edited)
        self._thumbs.came.disconnect(self._renew_pictures)
        self._theme.close()
        self._keys.close()
        self._beside.close()
        self._writing.close()

    def _make_controls(self) -> None:
        self.method = combo(f"{_TIP}--method", "Find groups by")
        self.method.addItems([text for _, text in _METHODS])
        self.number = QSpinBox()
        self.number.setRange(0, 200)
        self.number.setSpecialValueText("auto")
        self.number.setMinimumWidth(LEAST_WIDTH)
        self.number.setToolTip(
            "How many groups; 0 looks how many there are.\ncommand line: --number"
        )
        self.number.setAccessibleName("Number of groups")
        calm(self.number)
        self.find_button = flat("Find groups", self.find, f"{_TIP}similarity cluster")
        self.join_button = flat("Join", self._join, "Makes the chosen groups one.")
        tip = "Writes the patches of the chosen groups into a class."
        self.class_button = flat("Make a class", self._to_class, tip)
        self.undo_button = flat("Undo", self._session.edits.undo, "Takes the last step back.")
        self.acts = beside(self.join_button, self.class_button, self.undo_button)
        layout = column(self)
        tip = "Writes table and links: AnnData, CSV or GraphML.\ncommand line: --out"
        self.save_button = flat("Save table…", lambda: self.save(), tip)
        layout.addWidget(row("Groups by", self.method, self.number))
        layout.addWidget(beside(self.find_button, self.save_button))
        layout.addWidget(self.list)
        layout.addWidget(self.acts)

    def _connect(self) -> None:
        self._session.selection.table_changed.connect(self.renew)
        self._session.edits.changed.connect(self._edited)
        self._thumbs.came.connect(self._renew_pictures)
        edits = self._session.edits
        self.list.picked.connect(self._picked)
        self.list.renamed.connect(edits.rename)
        self.list.recolored.connect(edits.recolor)
        self.list.joining.connect(edits.merge)
        self.list.classing.connect(lambda names: edits.to_class(names))
        self.method.currentIndexChanged.connect(lambda i: self.number.setEnabled(i == 0))

    def _found(self, key: str, ending: Ending) -> None:
        self.task = None
        self.find_button.setText("Find groups")
        made = ending.result
        if made is None:
            if ending.error is not None:
                self.said.emit(ending.sentence, True)
            return
        table = made.table if isinstance(made, SimilarityGraph) else made
        if key == self._session.selection.key:
            self._session.edits.regroup(table.columns[GROUPS])

    def _edited(self, said: str) -> None:
        self.said.emit(said, False)
        self._renew_acts()

    def _renew_acts(self) -> None:
        many = len(self.list.names)
        self.join_button.setEnabled(many > 1)
        self.class_button.setEnabled(many > 0)
        last = self._session.edits.last
        self.undo_button.setEnabled(bool(last))
        self.undo_button.setToolTip(f"Takes back: {last}" if last else "Nothing to take back.")

    def _picked(self, names: list[str]) -> None:
        """Choose the patches of groups; canvas, map and thumbnails follow."""
        self._renew_acts()
        table = self._session.selection.table
        if table is not None and names:
            rows = np.flatnonzero(np.isin(names_of(table), names))
            self._session.selection.choose(rows, " and ".join(names))

    def _join(self) -> None:
        self._session.edits.merge(self.list.names)

    def _to_class(self) -> None:
        self._session.edits.to_class(self.list.names)

    def _renew_typical(self, table: EmbeddingTable) -> None:
        """Look for the typical patches of each group, beside the window."""
        if self._of == (id(table.values), id(table.columns[GROUPS])):
            self._renew_pictures()
            return
        self._of = id(table.values), id(table.columns[GROUPS])
        self._typical = {}
        self._beside.ask(lambda: _typical(table), self._take_typical)

    def _take_typical(self, found: dict[str, list[int]]) -> None:
        self._typical = found
        self._renew_pictures()

    def _renew_pictures(self) -> None:
        key = self._session.selection.key
        found = {
            name: [self._thumbs.picture(key, number) for number in rows]
            for name, rows in self._typical.items()
        }
        self.list.show_pictures(found)


def _write(noun: EmbeddingTable | SimilarityGraph, path: Path) -> tuple[str, bool]:
    """What was written, or what was wrong and that it was."""
    try:
        write_table(noun, path)
    except (ValueError, OSError) as error:
        return str(error), True
    return f"Wrote {path.name}.", False


def _typical(table: EmbeddingTable) -> dict[str, list[int]]:
    words, which = np.unique(names_of(table), return_inverse=True)
    numbers: NDArray[np.intp] = which.ravel()
    found = exemplars(unit(table.values), numbers, PICTURES)
    return {str(words[number]): rows for number, rows in found.items()}
