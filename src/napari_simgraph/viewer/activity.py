"""Progress of our jobs in napari's own activity dock, for whoever looks there."""

from __future__ import annotations

from napari.utils.progress import progress
from qtpy.QtCore import QObject, QTimer

from napari_simgraph.core.job import Progress, Tick
from napari_simgraph.viewer.jobs import JobRunner
from napari_simgraph.viewer.task import Task

_FULL = 1000  # of a bar: finer than its pixels


class Activity(QObject):
    """A bar of napari for each task that runs; made and moved in the GUI thread only."""

    def __init__(self, jobs: JobRunner) -> None:
        super().__init__(jobs)
        self._jobs = jobs
        self._bars: dict[str, Bar] = {}
        # Later: napari lets events in while it makes a bar, and whoever has just asked for a task
        # has not connected its slots yet.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._renew)
        jobs.changed.connect(self._later.start)

    def _renew(self) -> None:
        for task in self._jobs.tasks:
            if task.begun and not task.live and task.id not in self._bars:
                self._bars[task.id] = Bar(self, task)
            elif task.state.over and task.id in self._bars:
                self._bars.pop(task.id).close()


class Bar(QObject):
    """The bar of one task."""

    def __init__(self, parent: QObject, task: Task) -> None:
        super().__init__(parent)
        # gui: nothing on the terminal
        self._bar = progress(total=_FULL, desc=task.title, gui=True)
        self._shown = 0
        task.ticked.connect(self._ticked)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()
        self.deleteLater()

    def _ticked(self, tick: Tick) -> None:
        if not isinstance(tick, Progress) or tick.done < 0:
            return
        now = min(_FULL, round(_FULL * tick.done))
        if now > self._shown:  # a bar at its end would count as over
            self._bar.update(now - self._shown)
            self._shown = now
