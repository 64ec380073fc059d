"""The dock Areas: places worth a look, from no labels, a few clicks or painted classes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QScrollArea

from napari_simgraph.core.job import Progress
from napari_simgraph.core.patches import Rows
from napari_simgraph.viewer.areas.drawing import Drawing
from napari_simgraph.viewer.areas.looking import Looking
from napari_simgraph.viewer.areas.marked import MarkBook
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.front_keys import Front, FrontKeys
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.placing import open_dock, parent_of
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import State as Shown
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.areas_clicks import ClicksPage
from napari_simgraph.viewer.views.areas_export import export
from napari_simgraph.viewer.views.areas_found import FoundRows
from napari_simgraph.viewer.views.areas_hands import Hands
from napari_simgraph.viewer.views.areas_input import AreasInput
from napari_simgraph.viewer.views.areas_keys import OF_IMAGES, key_rows
from napari_simgraph.viewer.views.areas_marks import MarksPage
from napari_simgraph.viewer.views.areas_runs import Runs
from napari_simgraph.viewer.views.areas_say import how_measured, state_of
from napari_simgraph.viewer.views.areas_suggest import SuggestPage
from napari_simgraph.viewer.views.areas_tabs import CLICKS, REGIONS, SUGGEST, tab_bar
from napari_simgraph.viewer.views.parts import Warned

_WHAT_FOR = "Point out areas of interest, from no labels or a few clicks. First, the patches."
_TIP = "key in this dock: Ctrl+Enter; command line: interest train"


class AreasDock(DockFrame):
    """Patches and links in; a score of each, and outlined areas out."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self.session.canvas.attach()
        self.thumbs, self.looking = Thumbs(self.session), Looking(self.session, self)
        self.drawing = Drawing(self.session, self.looking)
        self.tabs = tab_bar()
        self._make_parts()
        self.hands = Hands(self.session, self.looking, self.drawing, self.found)
        self.runs = Runs(self.session, self.looking, (self.input, self.marks, self.noted))
        self._told: tuple[Shown, str, Button | None] | None = None
        self._writing = Latest("simgraph-areas-export", self)
        self.bound, self.front = FrontKeys(self.session, self._acts(), OF_IMAGES), Front(self)
        self._connect()
        self._come(True)
        self.keys.set_rows(key_rows(self.bound))
        self._scored()
        self._outlined()
        self._table_changed()

    @property
    def task(self) -> Any:
        """The job of this dock that runs or waits."""
        return self.runs.task

    def renew(self, event: Any = None) -> None:
        """Tell the footer what is."""
        self.runs.tab = tab = self.tabs.currentIndex()
        self.suggest.setVisible(tab == SUGGEST)
        self.clicks.setVisible(tab == CLICKS)
        self.marks.setVisible(tab == REGIONS)
        if self.looking.table is None:
            self._show_nothing()
            return
        if self.runs.task is not None:
            self.follow(self.runs.task, self.session.jobs)
            return
        self.unfollow()
        text, ready = self.runs.main
        self.set_main(text, self.runs.start, f"{text}.\n{_TIP}")
        state, sentence, made = self._told or state_of(self.session, self.looking)
        self.show_state(state, sentence, made or self._undo_button())
        self.footer.main.setEnabled(ready)

    def tell(self, state: Shown, sentence: str, made: Button | None = None) -> None:
        """Say something until the next thing happens."""
        self._told = (state, sentence, made)
        self.renew()

    def say_progress(self, progress: Progress) -> str:
        """What it is doing."""
        table = self.looking.table
        if progress.text not in ("", "learning") or table is None:
            return progress.text
        return f"Learning the neighbourhood of {len(table):,} patches …"

    def show_ending(self, state: Shown, ending: Ending) -> None:
        """The dock says more than the task does."""
        self.renew()

    def judge(self, rows: Rows, like: bool) -> None:
        """Patches are interesting or not."""
        if self.looking.graph is None:
            self.tell("error", "Make the links first: the button above does.")
            return
        self.tabs.setCurrentIndex(CLICKS)
        self.looking.judge(rows, like)

    def write(self, path: str, labels: bool) -> None:
        """Write the areas that are ticked."""
        looking = self.looking
        if looking.table is None:
            return
        areas = looking.areas[: len(looking.areas) - looking.down]
        info = {"capability": "interest", "above": looking.above, "table": looking.key}
        work = partial(export, areas, looking.table.grid, Path(path), labels, info)
        self._writing.ask(work, lambda told: self.tell("error" if told[1] else "done", told[0]))

    def _make_parts(self) -> None:
        self.input, self.noted = AreasInput(self.session), Warned()
        self.suggest, self.clicks = SuggestPage(self.thumbs), ClicksPage(self.thumbs)
        self.marks = MarksPage(self.session, MarkBook(self.session))
        self.found = FoundRows(self.thumbs)
        pages = (self.suggest, self.clicks, self.marks)
        for part in (self.input, self.noted, self.tabs, *pages, self.found):
            self.body.addWidget(part)
        self.settings.add(self.input.more)
        self.input.form.fold_into(self.settings)

    def _acts(self) -> dict[str, Callable[[], object]]:
        """What the keys do."""
        return {
            "Y": partial(self.hands.answer, True),
            "U": partial(self.hands.answer, False),
            "N": self.hands.ask_next,
            "R": self._mark_normal,
            "Control-Z": self.looking.opinions.undo,
            "Control-Enter": self.run_main,
        }

    def _connect(self) -> None:
        looking, chosen = self.looking, self.session.selection
        self.tabs.currentChanged.connect(self._changed)
        self.input.chosen.connect(self._choose)
        for signal in (self.input.changed, self.input.form.changed, self.marks.changed):
            signal.connect(self._changed)
        self.input.failed.connect(lambda said: self.tell("error", said))
        self.runs.told.connect(self.tell)
        self.marks.told.connect(self.tell)
        self.runs.changed.connect(self._changed)
        self.suggest.confirmed.connect(looking.confirm)
        self.suggest.picked.connect(lambda rows, said: chosen.choose(rows, said))
        self.hands.listed.connect(self._show_reasons)
        self.clicks.judged.connect(self.hands.answer)
        self.clicks.another.connect(self.hands.ask_next)
        self.clicks.going.connect(self.hands.go_asked)
        self.clicks.cleared.connect(looking.clear)
        self.found.shown.connect(self.drawing.show)
        self.found.above.connect(looking.set_above)
        self.found.exporting.connect(self.write)
        self.found.table.areas.ticked.connect(looking.turn_down)
        looking.scored.connect(self._scored)
        looking.outlined.connect(self._outlined)
        looking.said.connect(self._changed)
        looking.warned.connect(self.noted.warn)
        looking.ended.connect(self.runs.keep_model)
        chosen.table_changed.connect(self._table_changed)
        self.session.tables.changed.connect(self._table_changed)
        self.session.workspace_changed.connect(self._table_changed)
        self.session.device_changed.connect(self.renew)
        self.session.canvas.said.connect(self._hint)
        self.front.came.connect(self._come)
        self.on_close(self._leave)

    def _place(self) -> None:
        super()._place()
        self.front.watch()

    def _come(self, front: bool) -> None:
        """In front: keys are ours, and Shift and Ctrl judge."""
        picker = self.session.canvas.picker
        if front:
            self.bound.bind()
        else:
            self.bound.free()
        if picker is not None:
            picker.judge = self.judge if front else None

    def _mark_normal(self) -> None:
        self.tabs.setCurrentIndex(REGIONS)
        self.marks.draw()

    def _hint(self, said: str) -> None:
        """Why a click chose nothing."""
        if self.runs.task is None and self.looking.table is not None:
            self.tell("ready", said)

    def _changed(self, *_: object) -> None:
        self._told = None
        self._show_opinion()
        self.renew()

    def _choose(self, key: str) -> None:
        """Bring a table to the front; all docks look at it then."""
        try:
            self.session.selection.show_table(self.session.tables.get(key), key)
        except (ValueError, OSError) as error:
            self.tell("error", str(error))

    def _table_changed(self, *_: object) -> None:
        """Look at the table in front, else at the newest one."""
        chosen, keys = self.session.selection, self.session.tables.keys()
        if not chosen.key and keys:
            self._choose(keys[-1])  # that comes back here
            return
        known = chosen.key if chosen.key in keys else ""
        try:
            self.looking.choose(known)
        except (ValueError, OSError) as error:
            self.tell("error", str(error))
            return
        self.marks.book.show_table(known)
        self.input.renew()
        self.input.show_table(known, self.looking.table, self.looking.graph)
        self._show_opinion()
        self.renew()

    def _show_opinion(self) -> None:
        looking = self.looking
        opinion = looking.opinions.now
        self.looking.config = self.input.settings.train()
        for page in (self.suggest, self.marks):
            page.say_cost(self.runs.cost)
        self.suggest.show_groups(looking.key, looking.table, looking.groups)
        self.suggest.choose(opinion.group)
        self.clicks.show_opinion(opinion)

    def _scored(self) -> None:
        looking = self.looking
        self.clicks.show_asked(looking.key, looking.table, looking.asked)
        self.found.show_above(looking.above)
        self.found.report.show_figures(looking.figures, how_measured(looking))
        self._changed()

    def _outlined(self) -> None:
        looking = self.looking
        self.found.say_count(len(looking.areas), looking.down)
        self.found.table.show_areas(looking.key, looking.table, looking.areas, looking.down)

    def _show_reasons(self) -> None:
        """Scroll to what weighs, once it has its place."""
        area = parent_of(self.inside, QScrollArea)
        reasons = self.found.reasons
        QTimer.singleShot(0, lambda: area.ensureWidgetVisible(reasons, 0, reasons.height()))

    def _undo_button(self) -> Button | None:
        last = self.looking.opinions.last
        return (f"Undo: {last}", self.looking.opinions.undo) if last else None

    def _show_nothing(self) -> None:
        self.unfollow()
        self.set_main("Suggest areas")
        similar = ("Open Similar", lambda: open_dock(self.viewer, "Similar"))
        self.show_empty(_WHAT_FOR, "", (similar,))

    def _leave(self) -> None:
        self._come(False)
        chosen = self.session.selection
        chosen.table_changed.disconnect(self._table_changed)
        self.session.tables.changed.disconnect(self._table_changed)
        self.session.workspace_changed.disconnect(self._table_changed)
        self.session.device_changed.disconnect(self.renew)
        self.session.canvas.said.disconnect(self._hint)
        self._writing.close()
        self.hands.close()
        for part in (self.input, self.suggest, self.clicks, self.marks):
            part.close_events()
        self.drawing.close()
        self.looking.close()  # last: it writes what is not written yet
        self.thumbs.close()
        self.session.canvas.detach()
