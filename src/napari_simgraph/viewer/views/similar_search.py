"""What is asked for: examples, what they are unlike, and what counts as an answer."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Signal
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QToolButton, QWidget

from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.selection import Example
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.parts import column, row

_ICON = 26  # px: seven examples in a row of the dock
_SHOWN = 7


class SearchRows(QWidget):
    """Which table is searched, the examples, and the rules; chip where only some rows count.

    `failed` brings a sentence where a table can't be read.
    """

    failed = Signal(str)

    def __init__(self, session: Session, thumbs: Thumbs) -> None:
        super().__init__()
        self._session, self._thumbs = session, thumbs
        self._keys: list[str] = []
        self.tables = combo("The patches that are searched.\ncommand line: --table", "Patches")
        self.like, self.unlike = _Pictures("like"), _Pictures("not like")
        self.clear = flat("Clear", session.selection.clear, "Forgets the examples.")
        self.apart = QCheckBox("at most one per place")
        self.apart.setToolTip(
            "Leaves out patches that overlap a better one.\ncommand line: --apart"
        )
        self.apart.setChecked(session.search.rules.apart)
        self.elsewhere = QCheckBox("only other sections")
        self.elsewhere.setToolTip("Leaves out the sections of the examples.")
        self.only = flat("", lambda: session.selection.restrict(None), "Counts all patches again.")
        layout = column(self)
        layout.addWidget(row("Patches", self.tables))
        layout.addWidget(self._examples())
        layout.addWidget(self.apart)
        layout.addWidget(self.elsewhere)
        layout.addWidget(self.only)
        self._connect()
        self.renew()

    def choose(self, key: str) -> None:
        """Bring a table to the front."""
        try:
            self._session.selection.show_table(self._session.tables.get(key), key)
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))

    def renew(self, *_: object) -> None:
        """Show what is chosen and asked."""
        chosen = self._session.selection
        self._keys = self._session.tables.keys()[::-1]
        self.tables.blockSignals(True)
        self.tables.clear()
        self.tables.addItems(self._keys)
        self.tables.setCurrentIndex(
            self._keys.index(chosen.key) if chosen.key in self._keys else -1
        )
        self.tables.blockSignals(False)
        self.setEnabled(bool(self._keys))
        self._renew_examples()
        many = 0 if chosen.only is None else len(chosen.only)
        self.only.setVisible(chosen.only is not None)
        self.only.setText(f"Only {many:,} patches ×")
        table = chosen.table
        deep = table is not None and any(one.sections > 1 for one in table.grid.sources)
        self.elsewhere.setVisible(deep)

    def close_events(self) -> None:
        """Stop following the session."""
        chosen = self._session.selection
        for signal in (chosen.table_changed, chosen.restricted, self._session.tables.changed):
            signal.disconnect(self.renew)
        chosen.chosen.disconnect(self._renew_examples)
        self._thumbs.came.disconnect(self._renew_examples)

    def _connect(self) -> None:
        chosen, search = self._session.selection, self._session.search
        for signal in (chosen.table_changed, chosen.restricted, self._session.tables.changed):
            signal.connect(self.renew)
        chosen.chosen.connect(self._renew_examples)
        self._thumbs.came.connect(self._renew_examples)
        self.tables.activated.connect(lambda i: self.choose(self._keys[i]))
        self.apart.toggled.connect(lambda on: search.change(apart=on))
        self.elsewhere.toggled.connect(lambda on: search.change(elsewhere=on))
        self.like.taken.connect(lambda i: self._take(i, False))
        self.unlike.taken.connect(lambda i: self._take(i, True))

    def _examples(self) -> QWidget:
        line = QWidget()
        across = QHBoxLayout(line)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(4)
        for text, part in (("Like", self.like), ("Not like", self.unlike)):
            across.addWidget(QLabel(text))
            across.addWidget(part)
        across.addStretch(1)
        across.addWidget(self.clear)
        return line

    def _renew_examples(self) -> None:
        chosen = self._session.selection
        for side, part in ((chosen.like, self.like), (chosen.unlike, self.unlike)):
            part.show_pictures([self._picture(one) for one in side])
        self.clear.setEnabled(bool(chosen.like) or len(chosen.rows) > 0)

    def _picture(self, one: Example) -> QPixmap | None:
        return self._thumbs.picture(self._session.selection.key, one.row) if one.row >= 0 else None

    def _take(self, number: int, unlike: bool) -> None:
        """A click on an example removes it."""
        chosen = self._session.selection
        like, other = list(chosen.like), list(chosen.unlike)
        del (other if unlike else like)[number]
        if like:
            chosen.ask(like, other)
        else:
            chosen.clear()


class _Pictures(QWidget):
    """Small pictures in a row; `taken` says which was clicked."""

    taken = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self._buttons: list[QToolButton] = []
        self._more = QLabel("–")
        self._row.addWidget(self._more)

    def show_pictures(self, pictures: Sequence[QPixmap | None]) -> None:
        """Show these; those that are not read yet are empty."""
        count = min(len(pictures), _SHOWN)
        while len(self._buttons) < count:
            self._buttons.append(self._button(len(self._buttons)))
        for number, button in enumerate(self._buttons):
            button.setVisible(number < count)
            if number < count:
                picture = pictures[number]
                button.setIcon(QIcon(picture) if picture is not None else QIcon())
        rest = len(pictures) - count
        self._more.setVisible(not count or rest > 0)
        self._more.setText(f"+{rest}" if count else "–")

    def _button(self, number: int) -> QToolButton:
        made = QToolButton()
        made.setIconSize(QSize(_ICON, _ICON))
        made.setToolTip("A click removes this example.")
        made.setAccessibleName(f"{self._name} example {number + 1}")
        made.clicked.connect(lambda: self.taken.emit(number))
        self._row.insertWidget(number, made)
        return made
