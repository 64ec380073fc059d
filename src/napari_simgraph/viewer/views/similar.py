"""The dock Similar: learn without labels what is alike, then click a place to find more of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.layers import Image as ImageLayer
from qtpy.QtWidgets import QFileDialog

from napari_simgraph.core.job import Progress
from napari_simgraph.core.raster import each_image
from napari_simgraph.viewer.drawn import DrawnSearch
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.picking import NOTHING
from napari_simgraph.viewer.placing import PLUGIN
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import State as Shown
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.bottom import front_page, show_page
from napari_simgraph.viewer.views.groups import GroupRows
from napari_simgraph.viewer.views.parts import Told, Warned, say_device
from napari_simgraph.viewer.views.similar_input import SimilarInput
from napari_simgraph.viewer.views.similar_job import cost, count
from napari_simgraph.viewer.views.similar_keys import SimilarKeys
from napari_simgraph.viewer.views.similar_report import ReportFold
from napari_simgraph.viewer.views.similar_run import SimilarRun
from napari_simgraph.viewer.views.similar_say import CLICK, say_hits
from napari_simgraph.viewer.views.similar_search import SearchRows
from napari_simgraph.viewer.views.similar_whole import WholeRows
from napari_simgraph.viewer.words import say_cost

_MAIN_TIP = (
    "Learns without labels which patches look alike.\n"
    "key in this dock: Ctrl+Enter; command line: embedding train"
)


class SimilarDock(DockFrame):
    """Image in, patches and their links out; a click shows what is like the place."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self.thumbs = Thumbs(self.session)
        self.input, self.noted = SimilarInput(self.session), Warned()
        self.run = SimilarRun(self.session, self.input, self.noted)
        self.search = SearchRows(self.session, self.thumbs)
        self.session.canvas.attach()
        self.whole = WholeRows(self.session)
        self.groups = GroupRows(self.session, self.thumbs)
        self.report = ReportFold(self.session)
        parts = (self.input, self.noted, self.search, self.whole, self.groups, self.report)
        for part in parts:
            self.body.addWidget(part)
        self.input.form.fold_into(self.settings)
        self.set_main("Learn what is similar", self.run.start, _MAIN_TIP)
        self.drawn = DrawnSearch(self.session, self._hint)
        self.bound = SimilarKeys(self.session, self.run_main)
        self.keys.set_rows(self.bound.rows())
        self._connect()
        self._show_newest()
        self.renew()

    @property
    def task(self) -> Task | None:
        """What runs, None while nothing does."""
        return self.run.task

    def renew(self, event: Any = None) -> None:
        """Tell the footer what is."""
        there = any(isinstance(layer, ImageLayer) for layer in self.viewer.layers)
        if not there and self.session.selection.table is None and self.task is None:
            self._show_nothing_open()
            return
        if self.task is not None:
            self.follow(self.task, self.session.jobs)
            return
        self.unfollow()
        self.set_main("Embed with this model" if self.input.model.name else "Learn what is similar")
        told = self.run.told or self._ready()
        self.show_state(told.state, told.sentence, told.button)
        self.set_next(told.chips)
        wrong = self.run.told is None and told.state == "error"
        self.footer.main.setEnabled(self._fits() and not wrong)

    def say_progress(self, progress: Progress) -> str:
        """How well it learns, beside what one can do or what it is doing."""
        return self.run.say_progress(progress)

    def show_ending(self, state: Shown, ending: Ending) -> None:
        """The dock says more than the task does."""
        self.renew()

    def _connect(self) -> None:
        chosen = self.session.selection
        self.input.changed.connect(self._changed)
        self.run.changed.connect(self.renew)
        self.groups.said.connect(lambda said, bad: self._tell("error" if bad else "done", said))
        self.whole.mapping.connect(lambda: show_page(self.viewer, "Map"))
        self.input.table_opened.connect(self.search.choose)
        self.input.failed.connect(lambda said: self._tell("error", said))
        self.search.failed.connect(lambda said: self._tell("error", said))
        chosen.table_changed.connect(self._table_shown)
        chosen.answered.connect(self._answered)
        self.session.canvas.said.connect(self._hint)
        self.session.workspace_changed.connect(self._show_newest)
        self.session.device_changed.connect(self.renew)
        for event in ("inserted", "removed"):
            getattr(self.viewer.layers.events, event).connect(self.renew)
        self.on_close(self._leave)

    def _changed(self) -> None:
        self.run.tell(None)

    def _tell(self, state: Shown, sentence: str, made: Button | None = None) -> None:
        self.run.tell(Told(state, sentence, made, self.run.chips))

    def _hint(self, said: str) -> None:
        if self.task is not None:
            self.viewer.status = said
        else:
            self._tell("ready", said, ("Include it", self._include) if said == NOTHING else None)

    def _include(self) -> None:
        """Keep the background and learn again."""
        self.input.form.control("background").set("keep")
        self.run.start()

    def _table_shown(self) -> None:
        if self.session.selection.table is not None and self.session.canvas.ground is not None:
            self.run.tell(self._misplaced() or Told("ready", CLICK, None, self.run.chips))
        else:
            self.renew()

    def _misplaced(self) -> Told | None:
        """Where the images of the table are not open."""
        table, ground = self.session.selection.table, self.session.canvas.ground
        if table is None or ground is None or ground.open:
            return None
        source, layer = table.grid.sources[0], self.input.layer
        beside = f", not {layer.name}" if layer is not None else ""
        said = f"This table was made from {source.name}{beside}."
        return Told("error", said, (f"Open {source.name}", partial(self._open_source, source)))

    def _open_source(self, source: Any) -> None:
        if self.session.canvas.open_source(source) is not None:
            self._table_shown()

    def _answered(self) -> None:
        chosen = self.session.selection
        if not chosen.hits or chosen.table is None:
            return
        if front_page(self.viewer) != "Map":  # whoever looks at the map goes on looking at it
            show_page(self.viewer, "Thumbnails")
        if self.task is None:
            self.run.tell(Told("done", say_hits(chosen), None, self.run.chips))
        else:
            self.viewer.status = f"Among {len(chosen.table):,} patches: {say_hits(chosen)}"

    def _show_newest(self) -> None:
        """After a workspace was opened: its newest table."""
        keys = self.session.tables.keys()
        if self.session.selection.table is None and keys:
            self.search.choose(keys[-1])

    def _fits(self) -> bool:
        layer = self.input.layer
        return layer is not None and layer.ndim <= 3

    def _ready(self) -> Told:
        layer = self.input.layer
        if layer is None:
            return Told("ready", "Choose an image.")
        if layer.ndim > 3:
            return Told("error", f"This layer has {layer.ndim} axes. Choose above which to use.")
        try:
            given, settings = self.input.asked()
        except (ValueError, OSError) as error:
            return Told("error", say_error(error))
        if self.run.goes_on(given, settings):
            return Told("ready", "Learning was broken off: it goes on where it stood.")
        many = count(each_image(given.image), settings)
        where = say_device(self.session.jobs, settings.to_json())
        return Told("ready", f"{many:,} patches. {say_cost(cost(given, settings), where)}")

    def _show_nothing_open(self) -> None:
        self.unfollow()
        self.show_empty(
            "Find every place that looks like one you click.",
            "No image is open yet.",
            (
                ("Open image…", self._open_image),
                ("Open saved table…", lambda: self.input.open_table()),
            ),
        )

    def _open_image(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open image")
        if path:
            self.viewer.open(path, plugin=PLUGIN)

    def _leave(self) -> None:
        chosen = self.session.selection
        chosen.table_changed.disconnect(self._table_shown)
        chosen.answered.disconnect(self._answered)
        self.session.canvas.said.disconnect(self._hint)
        self.session.workspace_changed.disconnect(self._show_newest)
        self.session.device_changed.disconnect(self.renew)
        for event in ("inserted", "removed"):
            getattr(self.viewer.layers.events, event).disconnect(self.renew)
        for part in (self.search, self.whole, self.groups, self.report, self.input):
            part.close_events()
        for each in (self.run, self.drawn, self.bound, self.thumbs):
            each.close()
        self.session.canvas.detach()
