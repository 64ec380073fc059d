"""The tab My clicks: how many there are, and the patch whose answer would teach most."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.areas.opinion import Opinion
from napari_simgraph.viewer.footer import button, flat
from napari_simgraph.viewer.thumbs import SIZE, Thumbs
from napari_simgraph.viewer.views.parts import column
from napari_simgraph.viewer.views.thumbs_model import say_position

_HOW = "Shift+click what is interesting, Ctrl+click what is not."


class ClicksPage(QWidget):
    """Counts, and the patch that is asked for with its picture.

    `judged` brings True or False for it, `another` asks for the next one, `going` wants to see
    it, `cleared` that all clicks be forgotten.
    """

    judged = Signal(bool)
    another = Signal()
    going = Signal()
    cleared = Signal()

    def __init__(self, thumbs: Thumbs) -> None:
        super().__init__()
        self._thumbs = thumbs
        self._asked: tuple[str, int] = ("", -1)
        self.counts = QLabel()
        self.clear = flat("Clear", self.cleared.emit, "Forgets all clicks. Undo brings them back.")
        self.picture, self.where = QLabel(), QLabel()
        self.picture.setFixedSize(QSize(SIZE, SIZE))
        self.picture.setAccessibleName("The patch that is asked for")
        self.where.setObjectName("faint")
        self.yes = button("Yes  Y", lambda: self.judged.emit(True), "It is interesting.\nkey: Y")
        self.no = button("No  U", lambda: self.judged.emit(False), "It is not.\nkey: U")
        tip = "Goes to the patch that is asked for; again: asks for another one.\nkey: N"
        self.next = button("Another  N", self.another.emit, tip)
        self.show_at = flat("Go there", self.going.emit, "Shows it in the image.")
        self._lay()
        thumbs.came.connect(self._renew_picture)
        self.show_asked("", None, -1)

    def show_opinion(self, opinion: Opinion) -> None:
        """How many clicks of each kind there are."""
        many = f"Interesting {opinion.like}    Not {opinion.unlike}"
        self.counts.setText(many if opinion.clicks else _HOW)
        self.clear.setEnabled(opinion != Opinion())

    def show_asked(self, key: str, table: EmbeddingTable | None, row: int) -> None:
        """Ask for a patch; -1 for none."""
        self._asked = (key, row)
        there = table is not None and row >= 0
        for widget in (self.picture, self.where, self.yes, self.no, self.next, self.show_at):
            widget.setVisible(there)
        if table is not None and there:
            self.where.setText(f"Asked next: {say_position(table, row)}")
            self._renew_picture()

    def close_events(self) -> None:
        """Stop following."""
        self._thumbs.came.disconnect(self._renew_picture)

    def _renew_picture(self) -> None:
        key, row = self._asked
        picture = self._thumbs.picture(key, row) if row >= 0 else None
        if picture is not None:
            self.picture.setPixmap(picture)
        else:
            self.picture.clear()

    def _lay(self) -> None:
        head, answers = QHBoxLayout(), QHBoxLayout()
        self.counts.setWordWrap(True)
        self.where.setWordWrap(True)
        head.addWidget(self.counts, 1)
        head.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignTop)
        for made in (self.yes, self.no):
            made.setMinimumWidth(0)
            answers.addWidget(made, 1)
        asked = QWidget()
        right = column(asked)
        right.addWidget(self.where)
        right.addLayout(answers)
        last = QHBoxLayout()
        self.next.setMinimumWidth(0)
        last.addWidget(self.next, 1)
        last.addWidget(self.show_at, 1)
        right.addLayout(last)
        line = QHBoxLayout()
        line.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(asked, 1)
        layout = column(self)
        layout.addLayout(head)
        layout.addLayout(line)
