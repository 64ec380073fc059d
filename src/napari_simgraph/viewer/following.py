"""A task shown in the footer of the dock that started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from napari_simgraph.core.job import Note, Progress, Tick, say_time
from napari_simgraph.viewer.jobs import State
from napari_simgraph.viewer.theme import State as Shown
from napari_simgraph.viewer.words import say_about

if TYPE_CHECKING:
    from napari_simgraph.viewer.footer import Button
    from napari_simgraph.viewer.frame import DockFrame
    from napari_simgraph.viewer.jobs import Ending, JobRunner, Task

# How a task's end looks; what was made and what to do next says the dock that asked for it.
_ENDS: dict[State, Shown] = {
    State.DONE: "done",
    State.STOPPED: "stopped",
    State.CANCELLED: "stopped",
    State.FAILED: "error",
}


class Follower(QObject):
    """Connects one task at a time to a frame's bar, buttons and status line.

    A QObject of the frame, so that Qt cuts its connections when a closed window takes the frame.
    """

    def __init__(self, frame: DockFrame) -> None:
        super().__init__(frame)
        self._frame = frame
        self._task: Task | None = None
        self._jobs: JobRunner | None = None
        self._note, self._left = "", -1.0
        self._clock = QTimer(frame)  # while it waits: what is before it goes on
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._changed)
        footer = frame.footer
        footer.pause.clicked.connect(self._pause_or_go_on)
        footer.stop.clicked.connect(lambda: self._task and self._task.stop())
        footer.cancel.clicked.connect(lambda: self._task and self._task.cancel())

    @property
    def busy(self) -> bool:
        """Whether the task is not over."""
        return self._task is not None

    def follow(self, task: Task, jobs: JobRunner | None = None) -> None:
        """Take this task in the place of the one before."""
        self.leave()
        self._task, self._jobs, self._note = task, jobs, task.notes[-1] if task.notes else ""
        self._left = -1.0
        if jobs is not None:
            jobs.changed.connect(self._changed)
        task.ticked.connect(self._ticked)
        task.changed.connect(self._changed)
        task.ended.connect(self._ended)
        self._changed()

    def leave(self) -> None:
        """Show no task any more; it goes on."""
        self._clock.stop()
        task, self._task = self._task, None
        if task is not None:
            task.ticked.disconnect(self._ticked)
            task.changed.disconnect(self._changed)
            task.ended.disconnect(self._ended)
            if self._jobs is not None:
                self._jobs.changed.disconnect(self._changed)

    def _pause_or_go_on(self) -> None:
        if self._task is not None:
            held = self._task.state is State.PAUSED
            self._task.resume() if held else self._task.pause()

    def _ticked(self, tick: Tick) -> None:
        if isinstance(tick, Note):
            self._note = tick.text
            self._say()
        elif isinstance(tick, Progress):
            self._show_bar(tick)
            self._say()

    def _changed(self) -> None:
        if self._task is None or self._task.state.over:
            return
        self._clock.stop()
        state, footer = self._task.state, self._frame.footer
        self._show_bar(self._task.progress)
        self._say()
        footer.pause.setText("Go on" if state is State.PAUSED else "Pause")
        footer.pause.setToolTip("Goes on." if state is State.PAUSED else "Holds; memory is kept.")
        footer.pause.setEnabled(state in (State.RUNNING, State.PAUSED))
        footer.stop.setEnabled(state in (State.RUNNING, State.PAUSED))

    def _say(self) -> None:
        task = self._task
        if task is None:
            return
        if task.state is State.WAITING:
            self._clock.start()
            self._frame.show_state("queued", *self._say_queue())
        elif task.state is State.PAUSED:
            self._frame.show_state("stopped", "Paused; memory is kept.")
        elif task.state is State.STOPPING:
            self._frame.show_state("running", "Ending at the next step …")
        else:
            plain, said = task.progress.text, self._frame.say_progress(task.progress)
            note = self._note if said == plain else ""  # a dock that says more needs the room
            told = " · ".join(filter(None, (said or task.title, note)))
            self._frame.show_state("running", told)

    def _say_queue(self) -> tuple[str, Button | None]:
        task, jobs = self._task, self._jobs
        if task is None or jobs is None:
            return "Waiting for the jobs before it.", None
        before = [t for t in jobs.tasks if not t.state.over and not t.live]
        before = before[: before.index(task)] if task in before else before
        if not before:
            return "Starting …", None
        seconds = sum(max(0.0, _seconds_left(t)) for t in before)
        about = f", {say_about(seconds)}" if seconds else ""
        front = ("Move to front", lambda: jobs.first(task)) if len(before) > 1 else None
        return f"Waiting for {before[0].title}{about}.", front

    def _show_bar(self, progress: Progress) -> None:
        bar = self._frame.footer.bar
        known = progress.done >= 0 and self._task is not None
        bar.setRange(0, 1000 if known else 0)  # 0 to 0: it moves, and promises nothing
        bar.setValue(round(1000 * progress.done) if known else -1)
        if progress.seconds_left >= 0 or not known:  # not every tick knows it: the last one stays
            self._left = progress.seconds_left
        left = f" · {say_time(self._left)} left" if self._left >= 0 else ""
        bar.setFormat(f"{100 * progress.done:.0f} %{left}" if known else "")

    def _ended(self, ending: Ending) -> None:
        self.leave()
        self._frame.show_ending(_ENDS[ending.state], ending)


def _seconds_left(task: Task) -> float:
    """What a task still needs: by its progress, else by the estimate when it was asked for."""
    return task.progress.seconds_left if task.progress.seconds_left >= 0 else task.estimate
