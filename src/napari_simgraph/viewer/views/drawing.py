"""The page Generate: learn to draw patches of a class, draw them live, redraw, walk, fill up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSizePolicy

from napari_simgraph.capabilities import generation
from napari_simgraph.core.job import Job, Progress, say_time
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.learn.cost import Cost
from napari_simgraph.learn.draw_health import DULL, is_dull, say_error_of
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.jobs import Ending, State, Task, gui_threads
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.drawing_fill import Given, counts_of, filling
from napari_simgraph.viewer.views.drawing_live import LiveDrawing
from napari_simgraph.viewer.views.drawing_sizes import SizesTable, best_row, run_name, search_of
from napari_simgraph.viewer.views.job_page import Asked, JobPage
from napari_simgraph.viewer.views.parts import (
    ModelCombo,
    Told,
    column,
    copy_report,
    model_name,
    row,
    say_device,
)
from napari_simgraph.viewer.words import say_cost

HELD = ("threads",)  # set by the machine
_PROCESS = 600e6  # bytes of a process with torch
_ACTIVE = 1500  # bytes that a pixel of a batch takes while learning
_DISK = 4e6  # bytes of a usual model
NO_MODEL = "Learn to draw first, or choose a model that can."


class DrawingPage(JobPage):
    """A page of the Classes dock.

    `filled` brings an ImageSet of drawn patches of one class, for learning classes only.

    Parameters
    ----------
    session
        Whose models and jobs these are.
    given
        What to learn from now; raises ValueError with a sentence where there is nothing.
    """

    dropped = "Cancelled. The earlier model is still in use."
    filled = Signal(object)

    def __init__(self, session: Session, given: Callable[[], Given]) -> None:
        super().__init__(session, generation.Train, HELD)
        self._given = given
        self._wish, self._known = "learn", dict[str, int]()
        self._used: tuple[Any, ...] = ()
        self.extra: ImageSet | None = None  # what was drawn to fill up a class
        tip = "The model that draws. Yours stand here as soon as they exist.\ncommand line: --model"
        self.model = ModelCombo(session, "generation", "", tip)
        self.live, self.sizes = LiveDrawing(session), SizesTable(session)
        tip = "Learns with several inner sizes and keeps the table of errors.\ncommand line: search"
        self.try_sizes = flat("Try sizes", partial(self.begin, "sizes"), tip)
        tip = (
            "Drawn patches for learning classes only; the report says whether they helped.\n"
            "command line: classification fill --drawn"
        )
        self.fill = flat("Fill up", partial(self.begin, "fill"), tip)
        self.fill.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # long names
        self._lay()
        self._connect()
        self._model_chosen()

    @property
    def main_text(self) -> str:
        """What the main button says."""
        return "Learn to draw"

    def begin(self, wish: str) -> None:
        """Begin to ``learn``, to try ``sizes``, or to ``fill`` up a class."""
        if self.task is None:
            self._wish = wish
            self.start()
            self._wish = "learn"

    def say_progress(self, progress: Progress) -> str:
        """The step, and how well patches kept aside are redrawn."""
        curve = self.task.curves.get("error", []) if self.task is not None else []
        return f"{progress.text} · error {curve[-1][1]:.4f}" if curve else progress.text

    def close_events(self) -> None:
        """Stop following viewer and session, and end what draws."""
        super().close_events()
        self.model.close_events()
        self.live.close_events()

    def _lay(self) -> None:
        layout = column(self)
        self.model_row = row("Draw with", self.model)
        for part in (self.noted, self.model_row, self.live):
            layout.addWidget(part)
        layout.addWidget(row("Sizes", self.try_sizes))
        layout.addWidget(self.sizes)
        layout.addWidget(row("Rare classes", self.fill))
        layout.addWidget(self.form)

    def _connect(self) -> None:
        self.model.chosen.connect(self._model_chosen)
        self.model.failed.connect(self.fail)
        self.live.changed.connect(self._renew_fill)
        self.live.failed.connect(self.fail)
        self.live.broke.connect(self._broke)
        self.sizes.taken.connect(self._take_size)
        self.form.changed.connect(self._renew)

    def _model(self) -> Model | None:
        """The model in front; None where there is none, and said if it is damaged."""
        if not self.model.name:
            return None
        try:
            return self._session.model(self.model.name)
        except (ValueError, OSError) as error:
            self.fail(say_error(error))
            return None

    def _model_chosen(self) -> None:
        counts = self._counts()
        largest = max(counts, key=lambda name: counts[name], default="")
        self.model_row.setVisible(bool(self._session.models("generation")))
        self.live.use(self._model(), largest)
        self._renew()

    def _broke(self, ending: Ending) -> None:
        self._tell(Told("error", ending.sentence, copy_report(ending)))

    def _tell(self, told: Told) -> None:
        self._last = told
        self.changed.emit()

    def _take_size(self, latent: int, width: int) -> None:
        self.form.control("latent").set(latent)
        self.form.control("width").set(width)
        self._tell(Told("ready", f"Next: {latent} numbers, width {width}."))

    def _counts(self) -> dict[str, int]:
        """How many patches of each class there are; none where there is nothing to learn from."""
        try:
            return counts_of(self._given())
        except (ValueError, OSError):
            return {}

    def _filling(self) -> tuple[str, int]:
        """The class that is filled up, and by how many."""
        return filling(self.live.model, self._counts(), self.live.wanted.name)

    def _renew_fill(self) -> None:
        name, count = self._filling()
        self.fill.setEnabled(bool(name))
        self.fill.setText(f"Fill up '{name}' by {count}" if name else "Fill up")

    def renew(self) -> None:
        """What is learned from may be another: if its classes are, begin afresh."""
        counts = self._counts()
        if counts != self._known:
            self._known = counts
            self._renew()
        else:
            self._renew_fill()

    def _renew(self, *_: object) -> None:
        self._renew_fill()
        super()._renew()

    def _missing(self) -> Told | None:
        try:
            self._given()
        except (ValueError, OSError) as error:
            return Told("ready", say_error(error), can_start=False)
        return None

    def _ready(self) -> Told:
        config = self._config()
        where = say_device(self._session.jobs, config.to_json())
        memory = _PROCESS + config.batch * config.patch**2 * _ACTIVE
        said = say_cost(Cost(_seconds(config), memory, _DISK), where)
        alike = "" if self._counts() else "No classes: all patches are drawn alike. "
        return Told("ready", alike + said)

    def _ask(self) -> Asked:
        self.form.hold(threads=gui_threads())
        return {"sizes": self._ask_sizes, "fill": self._ask_fill}.get(self._wish, self._ask_learn)()

    def _ask_learn(self) -> Asked:
        given, config = self._given(), self._config()
        name = f"draw {datetime.now():%Y-%m-%d %H%M%S}"
        room, jobs = self._session.room(name), self._session.jobs
        self._used = ("learn", given.image.name)

        def make() -> Job[Any]:
            return jobs.apart(generation.train, given.image, given.table, config=config, room=room)

        return Asked(self.main_text, make, name, _seconds(config))

    def _ask_sizes(self) -> Asked:
        given, config = self._given(), search_of(self._config())
        name = run_name()
        room, jobs = self._session.room(name), self._session.jobs
        self._used = ("sizes", name)

        def make() -> Job[Any]:
            return jobs.apart(generation.search, given.image, given.table, config=config, room=room)

        return Asked("Try sizes", make, name, _seconds(config) * len(config.pairs()))

    def _ask_fill(self) -> Asked:
        model, (kind, count) = self.live.model, self._filling()
        if model is None or not kind:
            raise ValueError(NO_MODEL)
        # as varied as the class is: learning needs more than what is usual
        config = generation.Sample(class_=kind, n=count, spread=1.0, device=self._session.device)
        name = f"fill up {datetime.now():%Y-%m-%d %H%M%S}"
        room, jobs = self._session.room(name), self._session.jobs
        self._used = ("fill", kind)

        def make() -> Job[Any]:
            return jobs.apart(generation.sample, model, config=config, room=room)

        return Asked(f"Fill up '{kind}'", make, name, 5.0)

    def _keep(self, result: Any, ending: Ending) -> None:
        wish, about = self._used
        took = say_time(ending.seconds)
        if wish == "sizes":
            self.sizes.show_sizes(result, about)
            best = best_row(result)
            size = f"{result['latent'][best]} numbers, width {result['width'][best]}"
            said = f"Tried {len(result)} sizes in {took}. Least error: {size}."
            take = partial(self._take_size, int(result["latent"][best]), int(result["width"][best]))
            self._last = Told("done", said, ("Take it", take))
        elif wish == "fill":
            self.extra = result
            said = f"{len(result)} drawn patches of '{about}' are there for learning classes."
            self._last = Told("done", said, ("Take out", self._take_out))
            self.filled.emit(result)
        else:
            self._learned(result, about, ending)

    def _learned(self, model: Model, image: str, ending: Ending) -> None:
        name = self._session.add_model(model, model_name(image, "drawing"))
        self.model.choose(name)
        figures, state = model.metrics, "done" if ending.state is State.DONE else "stopped"
        if is_dull(figures, int(model.network["options"]["latent"])):
            self._last = Told("error", DULL, ("Slower warm-up", self._learn_slower))
        elif "error" in figures:
            self._last = Told(state, say_error_of(figures))  # type: ignore[arg-type]
        else:
            self._last = Told(state, f"Learned in {say_time(ending.seconds)}.")  # type: ignore[arg-type]
        self.live.draw()
        self.live.redraw()

    def _learn_slower(self) -> None:
        warm = self.form.control("warm_up")
        warm.set(min(1.0, float(warm.get()) + 0.3))
        self.start()

    def _take_out(self) -> None:
        self.extra = None
        self.filled.emit(None)
        self._tell(Told("ready", "The drawn patches are taken out again."))

    def _begun(self, task: Task) -> None:
        self.live.lane.leave()  # it holds a core, and long jobs wait while it draws


def _seconds(config: Any) -> float:
    """How long one training takes; below 0 where steps or passes say it."""
    return -1.0 if config.steps or config.epochs else 60.0 * config.minutes
