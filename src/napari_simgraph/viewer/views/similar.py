"""The dock Similar: learn without labels what is alike, then click a place to find more of it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from napari.layers import Image as ImageLayer
from qtpy.QtWidgets import QFileDialog

from napari_simgraph.core.job import Progress, say_time
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import each_image
from napari_simgraph.viewer.drawn import DrawnSearch
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.jobs import Ending, State, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.picking import NOTHING
from napari_simgraph.viewer.placing import PLUGIN, open_dock
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.session import session_of
from napari_simgraph.viewer.theme import State as Shown
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.bottom import front_page, show_page
from napari_simgraph.viewer.views.groups import GroupRows
from napari_simgraph.viewer.views.parts import Warned, copy_report, model_name, say_device
from napari_simgraph.viewer.views.similar_input import SimilarInput
from napari_simgraph.viewer.views.similar_job import (
    Given,
    Learned,
    Settings,
    cost,
    count,
    learn,
)
from napari_simgraph.viewer.views.similar_keys import SimilarKeys
from napari_simgraph.viewer.views.similar_say import say_health, say_hits
from napari_simgraph.viewer.views.similar_search import SearchRows
from napari_simgraph.viewer.views.similar_whole import WholeRows
from napari_simgraph.viewer.words import say_cost

CLICK = "Click any place in the image."
_MAIN_TIP = (
    "Learns without labels which patches look alike.\n"
    "key in this dock: Ctrl+Enter; command line: embedding train"
)
_COLLAPSED = "same answer for all patches"  # of the sentence of `learn.siamese`


class SimilarDock(DockFrame):
    """Image in, patches and their links out; a click shows what is like the place."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self.task: Task | None = None
        self._told: tuple[Shown, str, Button | None] | None = None
        self.thumbs = Thumbs(self.session)
        self.input = SimilarInput(self.session)
        self.noted = Warned()
        self.search = SearchRows(self.session, self.thumbs)
        self.session.canvas.attach()
        self.whole = WholeRows(self.session)
        self.groups = GroupRows(self.session, self.thumbs)
        for part in (self.input, self.noted, self.search, self.whole, self.groups):
            self.body.addWidget(part)
        self.input.form.fold_into(self.settings)
        self.set_main("Learn what is similar", self.start, _MAIN_TIP)
        self.drawn = DrawnSearch(self.session, self._hint)
        self.bound = SimilarKeys(self.session, self.run_main)
        self.keys.set_rows(self.bound.rows())
        self._connect()
        self._show_newest()
        self.renew()

    def start(self) -> None:
        """Learn what is chosen above."""
        try:
            given, settings = self.input.asked()
        except (ValueError, OSError) as error:
            self._tell("error", say_error(error))
            return
        layers = self.input.layers()
        ids = [identify(layer, "i") for layer in layers]
        jobs, name = self.session.jobs, f"similar {datetime.now():%Y-%m-%d %H%M%S}"
        self.session.ensure_workspace(layers[0].name)
        room = self.session.room(name)
        self._told = None
        title = f"Learn what is similar in {layers[0].name}"
        self.task = jobs.submit(title, lambda: learn(jobs, given, settings, room))
        self.task.estimate = cost(given, settings).seconds
        self.task.reveal = partial(open_dock, self.viewer, "Similar")
        self.task.ended.connect(lambda ending: self._ended(ending, given, settings, ids))
        self.noted.follow(self.task)
        self.session.keep_run(self.task, name)
        self.renew()

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
        state, sentence, made = self._told or self._ready()
        self.show_state(state, sentence, made)
        wrong = self._told is None and state == "error"
        self.footer.main.setEnabled(self._fits() and not wrong)

    def say_progress(self, progress: Progress) -> str:
        """How well it learns, beside what it is doing."""
        curve = self.task.curves.get("retrieval") if self.task is not None else None
        if not curve:
            return progress.text
        now, before = curve[-1][1], curve[max(0, len(curve) - 4)][1]
        rising = ", rising" if now > before + 0.01 else ""
        said = f"Views of one patch find each other: {100 * now:.0f} %{rising}."
        return f"{said} {progress.text}".strip()

    def show_ending(self, state: Shown, ending: Ending) -> None:
        """The dock says more than the task does."""
        self.renew()

    def _connect(self) -> None:
        chosen = self.session.selection
        self.input.changed.connect(self._changed)
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

    def _ended(self, ending: Ending, given: Given, settings: Settings, ids: list[str]) -> None:
        self.task = None
        if ending.result is None:
            self._failed(ending)
            return
        learned: Learned = ending.result
        name = given.use.name if given.use is not None else self._keep_model(learned.model)
        table = learned.graph.table
        if len(table) < 2:
            self._tell("error", "All patches are background. Keep it, or choose another image.")
            return
        key = f"{given.image.name}, {settings.patch} px"
        self.session.tables.add(key, learned.graph, {"layers": ids, "model": name})
        self.session.selection.show_table(table, key)
        took, many = say_time(ending.seconds), f"{len(table):,} patches"
        if ending.state is State.STOPPED:
            self._tell("stopped", f"Kept what was learned in {took}: {many}. {CLICK}")
        else:
            self._tell("done", f"{many} in {took}{say_health(learned.model)}. {CLICK}")

    def _keep_model(self, model: Model) -> str:
        layer = self.input.layer
        name = model_name(layer.name if layer is not None else model.name, "similar")
        return self.session.add_model(model, name)

    def _failed(self, ending: Ending) -> None:
        if ending.error is None:
            self._tell("stopped", "Cancelled. The earlier patches are still in use.")
        elif _COLLAPSED in ending.sentence:
            said = "It is learning nothing: all patches look alike. "
            said += f"Stopped at {say_time(ending.seconds)}."
            self._tell("error", said, ("Use larger patches", self._larger))
        else:
            self._tell("error", ending.sentence, copy_report(ending))

    def _larger(self) -> None:
        """Double the patch and learn again."""
        control = self.input.form.control("patch")
        control.set(2 * int(control.get()))
        self.start()

    def _changed(self) -> None:
        self._told = None
        self.renew()

    def _tell(self, state: Shown, sentence: str, made: Button | None = None) -> None:
        self._told = (state, sentence, made)
        self.renew()

    def _hint(self, said: str) -> None:
        if self.task is not None:
            self.viewer.status = said
        else:
            self._tell("ready", said, ("Include it", self._include) if said == NOTHING else None)

    def _include(self) -> None:
        """Keep the background and learn again."""
        self.input.form.control("background").set("keep")
        self.start()

    def _table_shown(self) -> None:
        if self.session.selection.table is not None and self.session.canvas.ground is not None:
            self._told = self._misplaced() or ("ready", CLICK, None)
        self.renew()

    def _misplaced(self) -> tuple[Shown, str, Button | None] | None:
        """Where the images of the table are not open."""
        table, ground = self.session.selection.table, self.session.canvas.ground
        if table is None or ground is None or ground.open:
            return None
        source, layer = table.grid.sources[0], self.input.layer
        beside = f", not {layer.name}" if layer is not None else ""
        said = f"This table was made from {source.name}{beside}."
        return "error", said, (f"Open {source.name}", partial(self._open_source, source))

    def _open_source(self, source: Any) -> None:
        if self.session.canvas.open_source(source) is not None:
            self._told = None
            self._table_shown()

    def _answered(self) -> None:
        chosen = self.session.selection
        if not chosen.hits or chosen.table is None:
            return
        if front_page(self.viewer) != "Map":  # whoever looks at the map goes on looking at it
            show_page(self.viewer, "Thumbnails")
        if self.task is None:
            self._tell("done", say_hits(self.session.selection))

    def _show_newest(self) -> None:
        """After a workspace was opened: its newest table."""
        keys = self.session.tables.keys()
        if self.session.selection.table is None and keys:
            self.search.choose(keys[-1])

    def _fits(self) -> bool:
        layer = self.input.layer
        return layer is not None and layer.ndim <= 3

    def _ready(self) -> tuple[Shown, str, Button | None]:
        layer = self.input.layer
        if layer is None:
            return "ready", "Choose an image.", None
        if layer.ndim > 3:
            return "error", f"This layer has {layer.ndim} axes. Choose above which to use.", None
        try:
            given, settings = self.input.asked()
        except (ValueError, OSError) as error:
            return "error", say_error(error), None
        many = count(each_image(given.image), settings)
        where = say_device(self.session.jobs, settings.to_json())
        said = say_cost(cost(given, settings), where)
        return "ready", f"{many:,} patches. {said}", None

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
        self.search.close_events()
        self.whole.close_events()
        self.groups.close_events()
        self.drawn.close()
        self.bound.close()
        self.input.close_events()
        self.thumbs.close()
        self.session.canvas.detach()
