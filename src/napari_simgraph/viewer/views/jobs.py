"""The Jobs dock: what runs, what waits, what ended today."""

from __future__ import annotations

from typing import Any

import psutil
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_simgraph.core.job import Device
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.jobs import Task
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import Colors, colors
from napari_simgraph.viewer.views.job_rows import EndedRow, RunningCard, Short
from napari_simgraph.viewer.views.waiting_rows import WaitingRows
from napari_simgraph.viewer.views.where_row import WhereRow

_TURN_MS = 100  # ten updates a second look fluent
_CURVES_EVERY = 10  # turns: a plot costs 5 to 10 ms that the training waits for
_DEVICE_EVERY = 20  # turns
_ENDED_ROWS = 50  # a day of jobs; more only slow the list


class JobsDock(DockFrame):
    """All jobs of a viewer, with their curves and buttons; it changes nothing by itself."""

    def __init__(self, napari_viewer: Any) -> None:
        self._cards: dict[str, RunningCard] = {}
        self._rows: dict[str, EndedRow] = {}
        self._look = colors(napari_viewer)
        super().__init__(napari_viewer)
        self.footer.hide()  # each job has its own buttons
        self.session = session_of(napari_viewer)
        self._jobs = self.session.jobs
        self._turns = 0
        self._device = Short()
        self.where = WhereRow(self.session, self)
        self.change = self.where.choice
        self._empty = QLabel("No jobs. What takes long appears here.")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(0, 40, 0, 0)
        self._running, self._ended = QVBoxLayout(), QVBoxLayout()
        self._waiting = WaitingRows(self._jobs)
        self._waiting_title, self._ended_title = _title("Waiting"), _title("Today")
        self._fill_body()
        self._timer = QTimer(self)
        self._timer.setInterval(_TURN_MS)
        self._timer.timeout.connect(self._turn)
        self._late = QTimer(self)  # many changes in a row make one new list
        self._late.setSingleShot(True)
        self._late.setInterval(_TURN_MS)
        self._late.timeout.connect(self.renew)
        self._jobs.changed.connect(self._late.start)
        self.on_close(self._leave)
        self.renew()

    def renew(self) -> None:
        """Make the three lists anew from the runner's tasks."""
        tasks = self._jobs.tasks
        running = [task for task in tasks if task.begun]
        waiting = [task for task in tasks if not task.begun and not task.state.over]
        ended = [task for task in tasks if task.state.over][::-1][:_ENDED_ROWS]
        self._show_running(running)
        self._waiting.show_tasks(waiting)
        self._show_ended(ended)
        self._waiting_title.setVisible(bool(waiting))
        self._ended_title.setVisible(bool(ended))
        self._empty.setVisible(not tasks)
        self._show_device()

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours, plots included."""
        super().renew_colors(look)
        self._look = look
        for card in self._cards.values():
            card.renew_colors(look)
        for row in self._rows.values():
            row.renew_colors(look)

    def showEvent(self, event: Any) -> None:
        """Look at the jobs only while somebody looks at the dock."""
        super().showEvent(event)
        self._timer.start()
        self.renew()

    def hideEvent(self, event: Any) -> None:
        """Rest."""
        super().hideEvent(event)
        self._timer.stop()

    def _fill_body(self) -> None:
        across = QHBoxLayout()
        across.addWidget(self._device, 1)
        across.addWidget(self.change)
        self.body.addLayout(across)
        self.body.addWidget(self.where)
        self.body.addWidget(self._empty)
        self.body.addLayout(self._running)
        self.body.addWidget(self._waiting_title)
        self.body.addWidget(self._waiting)
        self.body.addWidget(self._ended_title)
        self.body.addLayout(self._ended)
        for part in (self._running, self._ended):
            part.setSpacing(4)

    def _turn(self) -> None:
        self._turns += 1
        for card in self._cards.values():
            card.renew()
            if self._turns % _CURVES_EVERY == 0:
                card.renew_curves()
        if self._turns % _DEVICE_EVERY == 0:
            self._show_device()

    def _show_running(self, tasks: list[Task]) -> None:
        wanted = {task.id for task in tasks}
        for gone in [known for known in self._cards if known not in wanted]:
            _remove(self._cards.pop(gone))
        for task in tasks:
            if task.id not in self._cards:
                card = self._cards[task.id] = RunningCard(task, self._look)
                card.renew_curves()
                self._running.addWidget(card)
            self._cards[task.id].renew()

    def _show_ended(self, tasks: list[Task]) -> None:
        wanted = {task.id for task in tasks}
        for gone in [known for known in self._rows if known not in wanted]:
            _remove(self._rows.pop(gone))
        for task in reversed(tasks):  # the newest comes on top
            if task.id not in self._rows:
                self._rows[task.id] = EndedRow(task, self._look)
                self._ended.insertWidget(0, self._rows[task.id])

    def _show_device(self) -> None:
        told = [card.task.device for card in self._cards.values() if card.task.device]
        self._device.say(say_device(told[0] if told else None))

    def _leave(self) -> None:
        self._timer.stop()
        self._late.stop()
        self._jobs.changed.disconnect(self._late.start)


def say_device(device: Device | None) -> str:
    """Where jobs run and how full it is: ``CPU, 2 cores · 3.1 of 24 GB``."""
    name = device.name if device else f"CPU, {psutil.cpu_count()} cores"
    used, total = (device.memory_used, device.memory_total) if device else (0, 0)
    if not total:
        memory = psutil.virtual_memory()
        used, total = memory.total - memory.available, memory.total
    return f"{name} · {used / 1e9:.1f} of {total / 1e9:.0f} GB"


def _title(text: str) -> QLabel:
    made = QLabel(text)
    font = made.font()
    font.setBold(True)
    made.setFont(font)
    return made


def _remove(widget: QWidget) -> None:
    widget.hide()
    widget.deleteLater()
