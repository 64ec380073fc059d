"""What the pages of docks have in common that ask for one job at a time by a form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_simgraph.core.config import Config
from napari_simgraph.core.job import Job, Progress
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.jobs import Ending, State, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.parts import Told, Warned, copy_report


class Asked(NamedTuple):
    """What a click on the main button asks for.

    `make` gives the job, `room` is the name of its storage, `seconds` how long it may take
    (below 0 where that is not known).
    """

    title: str
    make: Callable[[], Job[Any]]
    room: str
    seconds: float


class JobPage(QWidget):
    """A page of a dock; what it asks for and what it does with it say the pages themselves.

    `changed` says that the footer has to be told anew.

    Parameters
    ----------
    session
        Whose images, models and jobs these are.
    config
        The settings of the form, and the names of those that the page asks for in its own way.
    """

    changed = Signal()
    dropped = "Cancelled."

    def __init__(self, session: Session, config: type[Config], held: Sequence[str] = ()) -> None:
        super().__init__()
        self._session = session
        self.task: Task | None = None
        self._last: Told | None = None
        self.noted = Warned()
        self.form: Form[Any] = Form(config, held)
        session.device_changed.connect(self._renew)

    @property
    def main_text(self) -> str:
        """What the main button says."""
        raise NotImplementedError

    @property
    def settings(self) -> Form[Any]:
        """The form of what the main button does."""
        return self.form

    def told(self) -> Told:
        """What the footer shows while nothing runs."""
        return self._last or self._missing() or self._ready()

    def start(self) -> None:
        """Begin what the main button says, with what is chosen and painted now."""
        try:
            asked = self._ask()
        except (ValueError, OSError) as error:
            self.fail(say_error(error))
            return
        self._last = None
        task = self.task = self._session.jobs.submit(asked.title, asked.make)
        task.estimate = asked.seconds
        task.ended.connect(self._ended)
        self.noted.follow(task)
        self._session.keep_run(task, asked.room)
        self._begun(task)
        self.changed.emit()

    def say_progress(self, progress: Progress) -> str:
        """The sentence beside the bar."""
        return progress.text

    def fail(self, sentence: str) -> None:
        """Show what went wrong."""
        self._last = Told("error", sentence)
        self.changed.emit()

    def close_events(self) -> None:
        """Stop following viewer and session."""
        self._session.device_changed.disconnect(self._renew)

    def _config(self) -> Any:
        """The settings of the form, run where the Jobs dock says if they don't say it."""
        config = self.form.value()
        auto = config.device == "auto"
        return replace(config, device=self._session.device) if auto else config

    def _ask(self) -> Asked:
        """What to begin.

        Raises
        ------
        ValueError
            Something of it does not fit.
        """
        raise NotImplementedError

    def _begun(self, task: Task) -> None:
        """Follow the task that has just been asked for."""

    def _keep(self, result: Any, ending: Ending) -> None:
        """Take in what a job made, and say so."""
        raise NotImplementedError

    def _missing(self) -> Told | None:
        """What has to be done before one can begin."""
        raise NotImplementedError

    def _ready(self) -> Told:
        """How long it takes, and where."""
        raise NotImplementedError

    def _ended(self, ending: Ending) -> None:
        self.task = None
        if ending.result is not None:
            self._keep(ending.result, ending)
        elif ending.state is State.CANCELLED:
            self._last = Told("stopped", self.dropped)
        else:
            self._last = Told("error", ending.sentence, copy_report(ending))
        self.changed.emit()

    def _renew(self, *_: object) -> None:
        self._last = None
        self.changed.emit()
