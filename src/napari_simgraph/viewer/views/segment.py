"""The dock Segment: teach a model with a few strokes, then run it on all sections."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.layers import Image as ImageLayer
from qtpy.QtWidgets import QFileDialog, QTabBar

from napari_simgraph.core.job import Progress
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.keys import DockKeys
from napari_simgraph.viewer.placing import PLUGIN, open_dock
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import Colors, State
from napari_simgraph.viewer.views.correct import CorrectPage
from napari_simgraph.viewer.views.filling_strokes import StrokeKeys
from napari_simgraph.viewer.views.segment_folder import FolderPage
from napari_simgraph.viewer.views.segment_run import RunPage
from napari_simgraph.viewer.views.segment_teach import TeachPage

TEACH, CORRECT, RUN = 0, 1, 2
SAMPLE = "larva"


class SegmentDock(DockFrame):
    """Tabs Teach, Correct and Run on all over one footer, which shows the tab in front."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self.tabs = _tabs()
        self.teach = TeachPage(self.session, lambda: self.tabs.setCurrentIndex(RUN))
        self.correct = CorrectPage(
            self.session, lambda: self.tabs.setCurrentIndex(RUN), self.teach.painting.labels
        )
        back = partial(self.tabs.setCurrentIndex, TEACH)
        self.run = RunPage(self.session, back, self.teach.painting)
        self.folder = FolderPage(self.session, partial(self._show_folder, False))
        self._on_folder = False
        self.body.addWidget(self.tabs)
        for page in (self.teach, self.correct, self.run, self.folder):
            self.body.addWidget(page)
            page.changed.connect(self.renew)
            self.on_close(page.close_events)
        self.run.folder_wanted.connect(self._ask_folder)
        self.run.correct_wanted.connect(lambda: self.tabs.setCurrentIndex(CORRECT))
        self.teach.learned.connect(self._learned)
        self.correct.learned.connect(self._learned)
        self.teach.turned.connect(self._turn)
        self.teach.image.changed.connect(self._same_image)
        self.tabs.currentChanged.connect(self._turn)
        napari_viewer.layers.events.inserted.connect(self.renew)
        napari_viewer.layers.events.removed.connect(self.renew)
        self.on_close(self._leave)
        self.bound = DockKeys(self, self._pick_class)
        self.on_close(self.bound.close)
        self.stroke_keys = StrokeKeys(
            napari_viewer, lambda said: self.footer.show_status("ready", said)
        )
        self.on_close(self.stroke_keys.close)
        self._turn()

    @property
    def page(self) -> TeachPage | CorrectPage | RunPage | FolderPage:
        """The page in front."""
        if self.tabs.currentIndex() != RUN:
            return self.correct if self.tabs.currentIndex() == CORRECT else self.teach
        return self.folder if self._on_folder else self.run

    def renew(self, event: Any = None) -> None:
        """Tell the footer what is, on the page in front."""
        page = self.page
        there = any(isinstance(layer, ImageLayer) for layer in self.viewer.layers)
        if not (there or page is self.folder):
            self._show_nothing_open()
            return
        self.set_main(page.main_text, page.start)
        if page.task is not None:
            # Held by the task, so that a dock closed meanwhile still takes in what was made.
            page.task.reveal = partial(self._reveal, self.tabs.currentIndex())
            self.follow(page.task, self.session.jobs)
            return
        self.unfollow()
        told = page.told()
        self.show_state(told.state, told.sentence, told.button)
        self.set_next(told.chips)
        self.footer.main.setEnabled(told.can_start)

    def say_progress(self, progress: Progress) -> str:
        """What the page in front says of its job."""
        return self.page.say_progress(progress)

    def show_ending(self, state: State, ending: Ending) -> None:
        """The page says how its job ended."""
        self.renew()

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours, swatches included."""
        super().renew_colors(look)
        if hasattr(self, "teach"):
            self.teach.painting.classes.renew_colors(look)

    def _reveal(self, tab: int) -> None:
        """Come to the front, or open a new dock where this one was closed."""
        open_dock(self.viewer, "Segment").tabs.setCurrentIndex(tab)

    def _turn(self, index: int = 0) -> None:
        for page in (self.teach, self.correct, self.run, self.folder):
            page.setVisible(page is self.page)
        self.correct.come(self.page is self.correct)
        self._show_keys()
        self.page.settings.fold_into(self.settings)
        self.renew()

    def _show_keys(self) -> None:
        """The keys of the page in front, those of the dock below them."""
        more = self.correct.keys.rows() if self.page is self.correct else []
        live = self.teach.come(self.page is self.teach)
        self.keys.set_rows([*more, *live, *self.bound.rows()])

    def _learned(self, name: str) -> None:
        for page in (self.run, self.folder):
            page.model.choose(name)

    def _ask_folder(self) -> None:
        """A folder in the place of the image, once one is chosen."""
        if self.folder.folders.chosen or self.folder.folders.ask():
            self.tabs.setCurrentIndex(RUN)
            self.folder.model.choose(self.run.model.name)
            self._show_folder(True)

    def _show_folder(self, shown: bool) -> None:
        self._on_folder = shown
        self._turn()

    def _same_image(self) -> None:
        """Run on what was taught, until another image is chosen there."""
        if self.teach.image.layer is not None:
            self.run.image.menu.choose(self.teach.image.layer)

    def _pick_class(self, value: int) -> None:
        if self.tabs.currentIndex() == TEACH:
            self.teach.painting.paint(value)

    def _show_nothing_open(self) -> None:
        self.unfollow()
        self.set_main(self.page.main_text)
        self.show_empty(
            "Teach a model with a few strokes.",
            "No image is open yet.",
            (
                ("Open image…", self._open_image),
                ("Try a sample", self._open_sample),
                ("A folder…", self._ask_folder),
            ),
        )

    def _open_image(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open image")
        if path:
            self.viewer.open(path, plugin=PLUGIN)

    def _open_sample(self) -> None:
        self.viewer.open_sample(PLUGIN, SAMPLE)

    def _leave(self) -> None:
        self.viewer.layers.events.inserted.disconnect(self.renew)
        self.viewer.layers.events.removed.disconnect(self.renew)


def _tabs() -> QTabBar:
    """Teach, Correct and Run on all."""
    tabs = QTabBar()
    for name in ("Teach", "Correct", "Run on all"):
        tabs.addTab(name)
    tabs.setTabToolTip(TEACH, "Paint, then let a network learn it.")
    tabs.setTabToolTip(CORRECT, "Merge, split and paint objects, place by place.")
    tabs.setTabToolTip(RUN, "Use a model on a whole stack.")
    tabs.setExpanding(False)
    tabs.setDrawBase(False)
    return tabs
