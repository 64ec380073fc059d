"""The parts of the Jobs dock: a running job, one that waits, one that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices, QGuiApplication
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_simgraph.core.job import say_time
from napari_simgraph.scale.cluster import DASHBOARD
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.jobs import State, Task
from napari_simgraph.viewer.log import log_file
from napari_simgraph.viewer.theme import Colors, state_pixmap

if TYPE_CHECKING:
    from napari_simgraph.viewer.views.curves import Curves

_ICONS = {State.DONE: "done", State.FAILED: "error"}
_REPORT_HEIGHT = 120


class Short(QLabel):
    """A line of text that takes the room there is and is cut with … where it is longer."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.say(text)

    def say(self, text: str) -> None:
        """Show this text; all of it is in the tooltip."""
        self._text = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._cut()

    def resizeEvent(self, event: object) -> None:
        """Cut again at the new width."""
        self._cut()

    def _cut(self) -> None:
        end = Qt.TextElideMode.ElideRight
        self.setText(self.fontMetrics().elidedText(self._text, end, max(0, self.width() - 2)))


class RunningCard(QWidget):
    """A job at work: what it does, how far it is, its curves and three buttons."""

    def __init__(self, task: Task, look: Colors) -> None:
        super().__init__()
        self.task, self._look = task, look
        self._curves: Curves | None = None
        self._title, self._doing, self._note = Short(task.title), QLabel(), Short()
        self._note.setObjectName("faint")
        tip = "What each of them does, on a page in the browser.\nThe dashboard of Dask."
        self.page, self.link = "", flat("See the workers", self._open_page, tip)
        self.bar = QProgressBar()
        self.bar.setToolTip("How far it is, and the time left.\nKnown after the first steps.")
        self.bar.setAccessibleName(task.title)
        self._make_buttons()
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._doing)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 4)
        self._column.setSpacing(4)
        self._column.addLayout(head)
        for widget in (self.bar, self._note, self.link):
            self._column.addWidget(widget)
        self._column.setAlignment(self.link, Qt.AlignmentFlag.AlignLeft)
        self._column.addLayout(self._buttons)
        self.renew()

    def renew(self) -> None:
        """Show how the task stands now; called at most ten times a second."""
        progress, state = self.task.progress, self.task.state
        ending = state is State.STOPPING
        known = progress.done >= 0
        self._doing.setText("ending at the next step" if ending else progress.text)
        self.bar.setRange(0, 1000 if known else 0)  # 0 to 0: it moves, and promises nothing
        self.bar.setValue(round(1000 * progress.done) if known else -1)
        self.bar.setFormat(_how_far(self.task))
        notes = [note for note in self.task.notes if not note.startswith(DASHBOARD)]
        self._note.say(notes[-1] if notes else "")
        self._note.setVisible(bool(notes))
        pages = [note for note in self.task.notes if note.startswith(DASHBOARD)]
        self.page = pages[-1].removeprefix(DASHBOARD) if pages else ""
        self.link.setVisible(bool(pages))
        self.pause.setText("Go on" if state is State.PAUSED else "Pause")
        self.pause.setAccessibleName(self.pause.text())
        self.pause.setEnabled(not ending)
        self.stop.setEnabled(not ending)

    def _open_page(self) -> None:
        QDesktopServices.openUrl(QUrl(self.page))

    def renew_curves(self) -> None:
        """Draw the curves, where there are any; slower than the rest, so called less often."""
        if not self.task.curves:
            return
        if self._curves is None:
            from napari_simgraph.viewer.views.curves import Curves

            self._curves = Curves(self._look)
            self._column.insertWidget(2, self._curves)
        self._curves.show_curves(self.task.curves)

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self._look = look
        if self._curves is not None:
            self._curves.renew_colors(look)
            self._curves.show_curves(self.task.curves)

    def _make_buttons(self) -> None:
        self.pause, self.stop = QPushButton("Pause"), QPushButton("Stop and keep")
        self.cancel = QPushButton("Cancel")
        self.pause.setToolTip("Holds; memory is kept.\nClick again to go on.")
        self.stop.setToolTip("Ends now and keeps what was made.\nIt can go on later.")
        self.cancel.setToolTip("Ends now and drops it.\nThe earlier model stays.")
        self.pause.clicked.connect(self._pause_or_go_on)
        self.stop.clicked.connect(lambda: self.task.stop())
        self.cancel.clicked.connect(lambda: self.task.cancel())
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(4)
        for widget, share in ((self.pause, 2), (self.stop, 3), (self.cancel, 2)):
            widget.setAccessibleName(widget.text())
            # Qt asks for so much air beside the text that three don't fit into 300 px.
            widget.setMinimumWidth(widget.fontMetrics().horizontalAdvance(widget.text()) + 14)
            self._buttons.addWidget(widget, share)

    def _pause_or_go_on(self) -> None:
        held = self.task.state is State.PAUSED
        self.task.resume() if held else self.task.pause()


class EndedRow(QWidget):
    """A job that ended today: how, how long it took, and what can be done about it."""

    def __init__(self, task: Task, look: Colors) -> None:
        super().__init__()
        self.task, self._look = task, look
        self._report: QWidget | None = None
        self._curves: Curves | None = None
        assert task.ending is not None
        icon = QLabel()
        kind = _ICONS.get(task.state, "stopped")
        icon.setPixmap(state_pixmap(kind))
        icon.setAccessibleName(task.state.value)
        grid = QGridLayout()
        grid.setVerticalSpacing(0)
        grid.setHorizontalSpacing(4)
        cells = [icon, Short(task.title), QLabel(_figures(task)), *self._actions()]
        for column, widget in enumerate(cells):
            grid.addWidget(widget, 0, column)
        grid.setColumnStretch(1, 1)
        if task.state is not State.DONE:  # the tick and the time say it already
            grid.addWidget(_sentence(task.ending.sentence), 1, 1, 1, len(cells) - 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 2)
        self._column.addLayout(grid)

    def show_report(self) -> None:
        """Unfold what the job said and how it failed, or fold it again."""
        if self._report is None:
            self._report = self._make_report()
            self._column.addWidget(self._report)
            return
        self._report.setVisible(self._report.isHidden())

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self._look = look
        if self._curves is not None:
            self._curves.renew_colors(look)
            self._curves.show_curves(self.task.curves)

    def _actions(self) -> list[QWidget]:
        task, buttons = self.task, []
        if task.retry and task.state is not State.DONE:
            tip = "Goes on from the last minute.\nIts settings stay as they were."
            buttons.append(flat("Go on", task.retry, tip))
        if task.reveal and task.state in (State.DONE, State.STOPPED):
            tip = "Shows what was made.\nRaises its dock and layer."
            buttons.append(flat("Show", task.reveal, tip))
        else:
            tip = "Unfolds what it said.\nAgain to fold it."
            buttons.append(flat("Show", self.show_report, tip))
        return buttons

    def _make_report(self) -> QWidget:
        made, text = QWidget(), QPlainTextEdit(say_report(self.task))
        column = QVBoxLayout(made)
        column.setContentsMargins(18, 0, 0, 0)
        if self.task.curves:
            from napari_simgraph.viewer.views.curves import Curves

            self._curves = Curves(self._look)
            self._curves.show_curves(self.task.curves)
            column.addWidget(self._curves)
        text.setReadOnly(True)
        text.setFixedHeight(_REPORT_HEIGHT)
        text.setMinimumWidth(100)
        text.setAccessibleName("Report")
        column.addWidget(text)
        tip = f"Copies this text, to send to somebody who can help.\nMore is in {log_file()}"
        copy = flat("Copy report", lambda: _copy(say_report(self.task)), tip)
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        return made


def say_report(task: Task) -> str:
    """All that a job told, as text."""
    parts = [task.title, f"{task.ending.sentence}" if task.ending else task.state.value]
    parts.append(f"{say_time(task.seconds)} at work, {task.progress.text}".rstrip(", "))
    parts += [task.device.name] if task.device else []
    parts += task.notes
    parts += [task.ending.trace] if task.ending and task.ending.trace else []
    return "\n".join(parts)


def _sentence(text: str) -> QLabel:
    """A faint sentence that wraps at whatever width there is."""
    made = QLabel(text)
    made.setObjectName("faint")
    made.setWordWrap(True)
    policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    made.setSizePolicy(policy)
    return made


def _how_far(task: Task) -> str:
    if task.state is State.PAUSED:
        return "paused"
    if task.progress.done < 0:
        return ""
    left = task.progress.seconds_left
    return f"{100 * task.progress.done:.0f} %" + (f" · {say_time(left)} left" if left >= 0 else "")


def _figures(task: Task) -> str:
    """Time, and the last agreement beside its baseline: ``4 min  0.81 (0.55)``."""
    scores = [task.curves.get(name) for name in ("agreement", "baseline")]
    said = [f"{points[-1][1]:.2f}" for points in scores if points]
    if len(said) == 2:  # the network's, and in brackets that of grey values alone
        said[1] = f"({said[1]})"
    return "  ".join([say_time(task.seconds), " ".join(said)]).rstrip()


def _copy(text: str) -> None:
    clipboard = QGuiApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
