"""Jobs that wait: in their order, which dragging changes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from qtpy.QtCore import QMimeData, QPoint, Qt
from qtpy.QtGui import QDrag
from qtpy.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.jobs import JobRunner, State, Task
from napari_simgraph.viewer.views.job_rows import Short
from napari_simgraph.viewer.words import say_about

_KIND = "application/x-simgraph-job"


class WaitingRows(QWidget):
    """The queue; a row that is dropped between others waits there from then on."""

    def __init__(self, jobs: JobRunner) -> None:
        super().__init__()
        self._jobs = jobs
        self._tasks: list[Task] = []
        self._rows: list[WaitingRow] = []
        self._mark = QWidget(self)  # a line where a dragged row would go
        self._mark.setObjectName("mark")
        self._mark.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.setAcceptDrops(True)

    def show_tasks(self, tasks: Sequence[Task]) -> None:
        """List these tasks."""
        while item := self._column.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()
        self._tasks = list(tasks)
        self._rows = [WaitingRow(place, task, self._jobs) for place, task in enumerate(tasks, 1)]
        for row in self._rows:
            self._column.addWidget(row)
        self._column.activate()  # a drop that comes at once finds each row in its place

    def move_to(self, task_id: str, place: int) -> None:
        """Let a task wait at a place of the queue, from 0; those after it move back."""
        moved = [task for task in self._tasks if task.id == task_id]
        before = [task for task in self._tasks[:place] if task.id != task_id]
        after = [task for task in self._tasks[place:] if task.id != task_id]
        for task in reversed(before + moved + after):
            if task.state is State.WAITING:
                self._jobs.first(task)

    def dragEnterEvent(self, event: Any) -> None:
        """Take only what was dragged from here."""
        if event.mimeData().hasFormat(_KIND) and event.source() in self._rows:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: Any) -> None:
        """Show where the row would go."""
        place = self._place(event.position().toPoint())
        edge = self._rows[place].y() - 3 if place < len(self._rows) else self.height() - 2
        self._mark.setStyleSheet(f"background: {self.palette().text().color().name()};")
        self._mark.setGeometry(0, max(0, edge), self.width(), 2)
        self._mark.show()
        self._mark.raise_()
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: Any) -> None:
        """Take the line away."""
        self._mark.hide()

    def dropEvent(self, event: Any) -> None:
        """Put the task where it was dropped."""
        self._mark.hide()
        name = bytes(event.mimeData().data(_KIND).data()).decode()
        self.move_to(name, self._place(event.position().toPoint()))
        event.acceptProposedAction()

    def _place(self, at: QPoint) -> int:
        return sum(at.y() > row.geometry().center().y() for row in self._rows)


class WaitingRow(QWidget):
    """A job that waits: its place, its title and how long it may take."""

    def __init__(self, place: int, task: Task, jobs: JobRunner) -> None:
        super().__init__()
        self._task, self._pressed = task, QPoint()
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(f"{task.title}\nDrag it to another place in the queue.")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(QLabel(f"{place}"))
        row.addWidget(Short(task.title), 1)
        if task.estimate >= 0:
            row.addWidget(QLabel(say_about(task.estimate)))
        first, drop = partial(jobs.first, task), partial(jobs.drop, task)
        ahead = flat(
            "First", first, f"Moves '{task.title}' to the head of the queue.\nNext to run."
        )
        ahead.setEnabled(place > 1)
        row.addWidget(ahead)
        row.addWidget(flat("×", drop, f"Takes '{task.title}' off the list.\nIt has not begun."))

    def mousePressEvent(self, event: Any) -> None:
        """A drag may begin here."""
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: Any) -> None:
        """A drag begins once the mouse has gone some way."""
        way = (event.position().toPoint() - self._pressed).manhattanLength()
        if way >= QApplication.startDragDistance():
            drag, data = QDrag(self), QMimeData()
            data.setData(_KIND, self._task.id.encode())
            drag.setMimeData(data)
            drag.setPixmap(self.grab())
            drag.exec(Qt.DropAction.MoveAction)
