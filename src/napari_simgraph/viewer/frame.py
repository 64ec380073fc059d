"""The frame of every dock: what scrolls, what is folded, what is pinned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from napari_simgraph.viewer.context import hold_context
from napari_simgraph.viewer.fold import KeysFold, SettingsFold
from napari_simgraph.viewer.following import Follower
from napari_simgraph.viewer.footer import Button, Footer, button
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import docked, open_dock, place
from napari_simgraph.viewer.theme import Colors, State, ThemeWatch, style_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from napari_simgraph.core.job import Progress
    from napari_simgraph.viewer.jobs import Ending, JobRunner, Task
    from napari_simgraph.viewer.session import Session


class DockFrame(QWidget):
    """A dock: input, what, settings, button, result, in this order everywhere.

    Parameters
    ----------
    napari_viewer
        The viewer that the dock belongs to.

    Attributes
    ----------
    session
        What the docks of the viewer share; set by each dock that has work to keep.
    body
        The layout that scrolls: input and what to learn or look at.
    settings, keys
        Folded sections below it; shown once something is in them.
    footer
        Pinned: main button or progress, status, chips.
    """

    session: Session

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.footer, self.settings, self.keys = Footer(), SettingsFold(), KeysFold()
        self._main: Callable[[], object] = lambda: None
        self._closing: list[Callable[[], object]] = []
        self._placed = self._had_parent = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._scroll_area(), 1)
        column.addWidget(self.footer)
        self.footer.main.clicked.connect(self.run_main)
        self.footer.bar.clicked.connect(lambda: open_dock(self.viewer, "Jobs"))
        self._follower = Follower(self)
        self._theme = ThemeWatch(napari_viewer, self.renew_colors)
        self.on_close(self._theme.close)

    def set_main(
        self, text: str, callback: Callable[[], object] | None = None, tooltip: str = ""
    ) -> None:
        """Say what the main button does; without a callback only its text changes."""
        self._main = callback or self._main
        self.footer.main.setText(text)
        self.footer.main.setAccessibleName(text)
        self.footer.main.setToolTip(tooltip or f"{text}.\nkey: Ctrl+Enter")

    def run_main(self) -> None:
        """What a click on the main button does; nothing while it runs or can't."""
        if self.footer.main.isEnabled() and not self.footer.running:
            try:
                self._main()
            except (ValueError, OSError) as error:  # as where its room is on a full disk
                self.show_state("error", say_error(error))

    def show_state(self, state: State, sentence: str, button: Button | None = None) -> None:
        """Show a state with its sentence and at most one button."""
        self._card.hide()
        self.controls.setEnabled(True)
        self.footer.main.setEnabled(True)
        self.footer.show_running(self.busy)
        self.footer.show_status(state, sentence, button)

    def say_progress(self, progress: Progress) -> str:
        """The sentence beside the bar while a task runs; docks put their scores here."""
        return progress.text

    def show_empty(self, what_for: str, missing: str, buttons: Sequence[Button]) -> None:
        """Controls dimmed; what the dock is for, what is missing, and what mends it."""
        self.set_next(())
        self.show_state("empty", missing)
        self._what_for.setText(what_for)
        self._missing.setText(missing)
        self._missing.setVisible(bool(missing))
        _fill(self._buttons, [_card_button(*item, missing or what_for) for item in buttons])
        self.controls.setEnabled(False)
        self.footer.main.setEnabled(False)
        self._card.show()

    def set_next(self, chips: Sequence[Button]) -> None:
        """Up to two chips of what to do next; shown only after something was made."""
        self.footer.set_next(chips)

    def follow(self, task: Task, jobs: JobRunner | None = None) -> None:
        """Show a task in the footer, from its place in the queue to how it ended.

        With `jobs` it says what it waits for, and can move it to the front.
        """
        self.set_next(())
        self._follower.follow(task, jobs)

    def unfollow(self) -> None:
        """Show no task any more; it goes on."""
        self._follower.leave()

    def show_ending(self, state: State, ending: Ending) -> None:
        """How the followed task ended; docks that made something say more here."""
        self.show_state(state, ending.sentence)

    @property
    def busy(self) -> bool:
        """Whether a task of this dock runs or waits."""
        return self._follower.busy

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours; docks with their own colours add theirs."""
        self.setStyleSheet(style_sheet(look))

    def on_close(self, callback: Callable[[], object]) -> None:
        """Call this once when the dock is closed: disconnect and unbind here."""
        self._closing.append(callback)

    def event(self, event: Any) -> bool:
        """Find our place when first shown, let go of the viewer when the dock is closed."""
        done = bool(super().event(event))
        kind = event.type()
        if kind == QEvent.Type.Show and not self._placed and docked(self):
            self._placed = True
            # Later: while napari is still adding it, Qt would take our order back.
            QTimer.singleShot(0, self._place)
        elif kind == QEvent.Type.ParentChange and self.parent() is not None:
            if not self._had_parent and hasattr(self, "session"):
                self._ask_to_go_on()
            self._had_parent = True
        elif kind == QEvent.Type.Close or (kind == QEvent.Type.ParentChange and self._had_parent):
            self._close()  # napari takes a dock's widget out when the dock is closed
        return done

    def go_on(self, folder: Path) -> None:
        """Open the workspace that was offered; how it goes is seen in napari's activity."""
        from napari_simgraph.viewer.offer_row import Opening

        Opening(self, self.session).open(folder)

    def _ask_to_go_on(self) -> None:
        """The last workspace is offered in every dock until it is answered."""
        from napari_simgraph.viewer.offer_row import OfferRow  # opening it needs the readers

        row = OfferRow(self.session, self.go_on)
        self._top.addWidget(row)
        self.on_close(row.leave)

    def _place(self) -> None:
        place(self)
        self.on_close(hold_context(self.viewer, self))

    def _close(self) -> None:
        closing, self._closing = self._closing, []
        for callback in closing:
            callback()

    def _scroll_area(self) -> QScrollArea:
        self.controls = QWidget()
        self.body = QVBoxLayout()
        self.body.setSpacing(4)
        titles = QHBoxLayout()
        titles.addWidget(self.settings.button)
        titles.addWidget(self.keys.button)
        titles.addStretch(1)
        column = QVBoxLayout(self.controls)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self.body)
        column.addLayout(titles)
        column.addWidget(self.settings.content)
        column.addWidget(self.keys.content)
        inside = QWidget()
        outer = QVBoxLayout(inside)
        outer.setContentsMargins(8, 6, 8, 4)
        self._top = QVBoxLayout()
        outer.addLayout(self._top)
        outer.addWidget(self._empty_card())
        outer.addWidget(self.controls)
        outer.addStretch(1)
        area = _Area()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.inside = inside
        return area

    def _empty_card(self) -> QWidget:
        self._card, self._buttons = QWidget(), QHBoxLayout()
        self._buttons.setSpacing(6)
        self._what_for, self._missing = QLabel(), QLabel()
        column = QVBoxLayout(self._card)
        for label in (self._what_for, self._missing):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        column.addLayout(self._buttons)
        self._card.hide()
        return self._card


class _Area(QScrollArea):
    """A scroll area never narrower than what is in it: nothing is cut, and no bar below."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Ask for more room when what is in it grows, as it does with larger letters."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def minimumSizeHint(self) -> QSize:
        """300 px, or more where letters are large."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(max(300, self.widget().minimumSizeHint().width() + bar), 60)


def _card_button(text: str, callback: Callable[[], object], why: str) -> QWidget:
    made = button(text, callback, f"{text}\n{why}")
    made.setMinimumHeight(28)
    return made


def _fill(row: QHBoxLayout, widgets: Sequence[QWidget]) -> None:
    """Put widgets in the middle of a row in the place of those before."""
    while item := row.takeAt(0):
        if item.widget() is not None:
            item.widget().deleteLater()
    row.addStretch(1)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
