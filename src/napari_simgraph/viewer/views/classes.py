"""The dock Classes: say what patches and pictures are, let a network learn it, look at its faults.

A second network draws patches of a class; that tab is `drawing.DrawingPage`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from qtpy.QtWidgets import QTabBar, QWidget

from napari_simgraph.core.job import Progress
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import Colors, colors
from napari_simgraph.viewer.theme import State as Shown
from napari_simgraph.viewer.views.classes_input import GROUPS_FILE, NOTHING, ClassesInput
from napari_simgraph.viewer.views.classes_job import cost
from napari_simgraph.viewer.views.classes_keys import ClassesKeys
from napari_simgraph.viewer.views.classes_label import LabelPage
from napari_simgraph.viewer.views.classes_learn import LearnPage
from napari_simgraph.viewer.views.classes_run import ClassesRun
from napari_simgraph.viewer.views.drawing import DrawingPage
from napari_simgraph.viewer.views.parts import Told, Warned, say_device
from napari_simgraph.viewer.words import say_cost

LABEL, LEARN, GENERATE = 0, 1, 2
_MAIN_TIP = (
    "Learns the classes, and finds them in all patches or pictures.\n"
    "key in this dock: Ctrl+Enter; command line: classification train"
)
_ONE = "A second class is needed: label some patches as another one."


class ClassesDock(DockFrame):
    """Tabs Label, Learn and Generate over one footer, which shows the tab in front."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self.session.canvas.attach()
        self.tabs = QTabBar()
        for name, tip in _TABS:
            self.tabs.addTab(name)
            self.tabs.setTabToolTip(self.tabs.count() - 1, tip)
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.input, self.noted = ClassesInput(self.session), Warned()
        self.run = ClassesRun(self.session, self.input, self.noted)
        self.label = LabelPage(self.session, self.input, self.run)
        self.learn = LearnPage(self.session, self.input, self.run)
        self.drawing = DrawingPage(self.session, self.input.given)
        self.run.wrong = ("Wrong ones", self.label.show_wrong)
        for part in (self.tabs, self.input, self.noted, *self.pages):
            self.body.addWidget(part)
        self.set_main("Learn classes", self._start, _MAIN_TIP)
        self.bound = ClassesKeys(self)
        self.keys.set_rows(self.bound.rows())
        self._connect()
        self.renew_colors_of_parts()
        self._turn()

    @property
    def pages(self) -> tuple[QWidget, ...]:
        """The pages of the tabs, in their order."""
        return self.label, self.learn, self.drawing

    @property
    def task(self) -> Any:
        """What runs for the tab in front, None while nothing does."""
        return self.drawing.task if self._draws else self.run.task or self.learn.task

    def renew(self, event: Any = None) -> None:
        """Tell the footer what is."""
        if self._is_empty():
            self._show_nothing()
            return
        if self.task is not None:
            self.follow(self.task, self.session.jobs)
            return
        self.unfollow()
        self.set_main(self.drawing.main_text if self._draws else "Learn classes")
        told = self.drawing.told() if self._draws else self.run.told or self._ready()
        self.show_state(told.state, told.sentence, told.button)
        self.set_next(told.chips)
        self.footer.main.setEnabled(told.can_start)

    def say_progress(self, progress: Progress) -> str:
        """How well it learns; the list of classes follows."""
        if self._draws:
            return self.drawing.say_progress(progress)
        if progress.values:
            self.label.renew()
        return self.run.say_progress(progress)

    def show_ending(self, state: Shown, ending: Ending) -> None:
        """The dock says more than the task does."""
        self.renew()

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours, swatches and tints included."""
        super().renew_colors(look)
        if hasattr(self, "learn"):
            self.label.renew_colors(look)
            self.learn.renew_colors(look)

    def renew_colors_of_parts(self) -> None:
        """The colours of now, for parts that came after the frame."""
        self.renew_colors(colors(self.viewer))

    @property
    def _draws(self) -> bool:
        return bool(self.tabs.currentIndex() == GENERATE)

    def _start(self) -> None:
        if self._draws:
            self.drawing.start()
            return
        try:
            settings, model = self.learn.settings(), self.learn.start_model()
        except ValueError as error:
            self.run.tell(Told("error", say_error(error)))
            return
        self.run.start(settings, model)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._turn)
        self.input.changed.connect(self._changed)
        self.learn.changed.connect(self._changed)
        for part in (self.run, self.drawing):
            part.changed.connect(self.renew)
        self.label.said.connect(lambda said: self._tell("done", said))
        self.learn.said.connect(lambda said, bad: self._tell("error" if bad else "done", said))
        self.learn.table.asked.connect(self.label.show_confused)
        self.drawing.filled.connect(self._fill)
        self.session.canvas.said.connect(self._hint)
        self.session.device_changed.connect(self.renew)
        for event in ("inserted", "removed"):
            getattr(self.viewer.layers.events, event).connect(self.renew)
        self.on_close(self._leave)

    def _turn(self, index: int = 0) -> None:
        for number, page in enumerate(self.pages):
            page.setVisible(number == self.tabs.currentIndex())
        form = self.drawing.settings if self._draws else self.learn.form
        form.fold_into(self.settings)
        self.renew()

    def _changed(self) -> None:
        if self.task is None:
            self.run.told = None
            self.drawing.renew()
        self.renew()

    def _fill(self, drawn: Any) -> None:
        """Learn from these drawn pictures besides, from now on; None for real ones alone."""
        self.run.drawn, self.run.told = drawn, None

    def _tell(self, state: Shown, said: str) -> None:
        if self.task is None:
            undo: Button | None = None
            if state == "done" and self.session.edits.last == said:
                undo = ("Undo", self.session.edits.undo)
            self.run.tell(Told(state, said, undo))
        else:
            self.viewer.status = said

    def _hint(self, said: str) -> None:
        self._tell("ready", said)

    def _is_empty(self) -> bool:
        return self.input.table is None and self.input.images is None and self.task is None

    def _ready(self) -> Told:
        """How many classes and patches there are, and what is missing."""
        words = self.input.classes()
        names, counts = np.unique(words[words != ""], return_counts=True)
        kind = "pictures" if self.input.of_pictures else "patches"
        if not len(names):
            said = "Click a patch, then press 1 to put it into a class."
            return Told("ready", said, can_start=False)
        if len({name.casefold() for name in names.tolist()}) < 2:
            return Told("ready", _ONE, can_start=False)
        try:
            settings = self.learn.settings()
        except ValueError as error:
            return Told("error", say_error(error), can_start=False)
        rare = counts < settings.fewer
        said = f"{len(names)} classes, {int(counts.sum()):,} {kind}."
        if rare.any():
            said += f" '{names[rare][0]}' has only {int(counts[rare][0])}."
        if self.run.drawn is not None:
            said += f" {len(self.run.drawn):,} drawn ones besides."
        if self.input.groups is not None:
            said += f" Kept aside by {GROUPS_FILE}."
        price = cost(int(counts.sum()), self.learn.side() or 64, settings)
        return Told("ready", f"{said} {say_cost(price, self._where(settings))}")

    def _where(self, settings: Any) -> str:
        return say_device(self.session.jobs, settings.to_json())

    def _show_nothing(self) -> None:
        self.unfollow()
        there = any(isinstance(layer, ImageLayer) for layer in self.viewer.layers)
        missing = "First, patches of the image." if there else "No image is open yet."
        self.show_empty(
            NOTHING,
            missing,
            (("Open Similar", self.input.open_similar), ("Open folder…", self._open_folder)),
        )

    def _open_folder(self) -> None:
        self.input.open_folder()

    def _leave(self) -> None:
        self.session.canvas.said.disconnect(self._hint)
        self.session.device_changed.disconnect(self.renew)
        for event in ("inserted", "removed"):
            getattr(self.viewer.layers.events, event).disconnect(self.renew)
        self.label.close_events()
        self.learn.close_events()
        self.drawing.close_events()
        self.input.close_events()
        self.bound.close()
        self.session.canvas.detach()


_TABS = (
    ("Label", "Say what patches or pictures are."),
    ("Learn", "Let a network learn it, and see how well it does."),
    ("Generate", "Let a network draw patches of a class."),
)
