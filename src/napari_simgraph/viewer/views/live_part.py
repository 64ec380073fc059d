"""Live learning on the tab Teach: its rows, its button, and what the status line says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QWidget

from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Job
from napari_simgraph.core.live import History
from napari_simgraph.core.model import Model
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.jobs import Ending, State, gui_threads
from napari_simgraph.viewer.live.teaching import Teaching, has_journal, room_name
from napari_simgraph.viewer.live.words import LEARNING, say_answer, say_first, say_why
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import is_made
from napari_simgraph.viewer.views.live_begin import begin_with, wrong_shape
from napari_simgraph.viewer.views.live_rows import LiveRows
from napari_simgraph.viewer.views.painting import Painting
from napari_simgraph.viewer.views.parts import (
    ImageRow,
    ModelCombo,
    Told,
    column,
    copy_report,
    model_name,
)

_HELD = ("boundary", "threads")  # asked for in another row, or set by the machine
_READY_MS = 300  # after the page came: once it is drawn
_SLOW_S = 1.0  # an answer that takes longer is waited for, and the status line says so


class LivePart(QWidget):
    """What Teach shows and does while one learns live.

    `changed` says that the footer has to be told anew, `learned` the name of a new model.
    """

    changed = Signal()
    learned = Signal(str)

    def __init__(
        self, session: Session, image: ImageRow, model: ModelCombo, painting: Painting
    ) -> None:
        super().__init__()
        self._session, self._image, self._model, self._painting = session, image, model, painting
        self.teaching: Teaching | None = None
        self._last: Told | None = None
        self._why = self._front = False
        self._said = ""
        self._kept: dict[str, str] = {}  # names of models by the room of their session
        self.form: Form[Any] = Form(segmentation.Live, _HELD)
        self.rows = LiveRows(session, painting)
        column(self).addWidget(self.rows)
        self._clock = QTimer(self)
        self._clock.setInterval(250)
        self._clock.timeout.connect(self._perhaps_slow)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_READY_MS)
        self._soon.timeout.connect(self._get_ready)
        self.run_on_all: Callable[[], object] = lambda: None
        session.viewer.layers.selection.events.active.connect(self._active_changed)
        painting.joining.connect(self._join)
        painting.layers.chosen.connect(self._layers_changed)

    @property
    def busy(self) -> bool:
        """Whether a session is under way, paused or not."""
        return self.teaching is not None

    @property
    def main_text(self) -> str:
        """What the main button says."""
        if self.teaching is None:
            return "Start live learning"
        return "Go on with live learning" if self.teaching.lane.paused else "Pause live learning"

    def start(self) -> None:
        """What the main button says: start, pause or go on."""
        teaching = self.teaching
        if teaching is None:
            try:
                self._begin()
            except (ValueError, OSError) as error:
                self._last = Told("error", say_error(error))
        elif teaching.lane.paused:
            teaching.lane.task.resume()
        else:
            teaching.lane.task.pause()
        self.changed.emit()

    def come(self, front: bool) -> None:
        """Come to the front or go from there: keys belong to the page in front."""
        self._front = front
        if front and self.isVisibleTo(self.parentWidget()):
            self.rows.keys.bind(self._painting.painted_layers)
        else:
            self.rows.regions.leave()
            self.rows.keys.free()

    def showEvent(self, event: Any) -> None:
        """Somebody looks at the page."""
        super().showEvent(event)
        self.expect()

    def expect(self) -> None:
        """Load torch beside the window where somebody may begin: it takes longer than a stroke."""
        self._soon.start()

    def keep(self) -> None:
        """End the session and keep its model."""
        if self.teaching is not None:
            self.teaching.stop()

    def told(self) -> Told:
        """What the footer shows."""
        teaching, said = self.teaching, self._painting.said
        if teaching is None:
            return self._last or self._ready()
        chips: tuple[Button, ...] = ()
        if teaching.answer is not None:
            chips = (("Keep this model", self.keep), ("Run on all", self._run_on_all))
        if teaching.lane.over:
            return Told("running", "Keeping what was learned …", can_start=False)
        if teaching.lane.paused:
            return Told("stopped", "Paused; memory is kept, and so are your strokes.", None, chips)
        if said is not None:
            return Told("stopped", said.sentence, said.button, chips)
        return self._answering(teaching, chips)

    def leave(self, image: Layer | None) -> None:
        """End a session on another image than this one, and keep it."""
        if self.teaching is not None and self.teaching.image != image:
            self.keep()

    def forget(self) -> None:
        """Say no longer how the last session ended."""
        self._last = None

    def close_events(self) -> None:
        """Stop following the viewer; a session that runs ends and is kept."""
        self.keep()
        self._clock.stop()
        self._soon.stop()
        self.rows.keys.free()
        self._session.viewer.layers.selection.events.active.disconnect(self._active_changed)

    def _begin(self) -> None:
        image, painting = self._image.layer, self._painting
        if image is None:
            raise ValueError("Choose an image first.")
        if painting.zero.isChecked() or painting.overlap.isChecked() or painting.numbering.ranked:
            raise ValueError("Full masks are learned once: choose it above, or make new strokes.")
        layer = painting.layer
        if layer is None or not layer.editable or is_made(layer):
            painting.new_strokes()
        noun = self._session.image(image)
        teaching = Teaching(self._session, painting, image)
        known = self._session.models("segmentation")
        name = begin_with(teaching, self._model.name, self._kept.get(teaching.room, ""), known)
        start = self._session.model(name) if name else None
        if start is not None and not teaching.told.history.events and not painting.count.pixels:
            painting.classes.show_table(start.classes)
        self.form.hold(boundary=painting.boundary_name, threads=gui_threads())
        config = self.form.value()
        if config.device == "auto":
            config = replace(config, device=self._session.device)
        room = self._session.room(room_name(image))

        def make(history: History) -> Callable[[], Job[Model]]:
            told = {"start": start, "config": config, "room": room}
            return lambda: self._session.jobs.live(segmentation.live, noun, None, history, **told)

        self._last, self._why = None, False
        self.teaching = teaching
        teaching.changed.connect(self._news)
        teaching.ended.connect(self._ended)
        settings = config.to_json() | {"start": name}
        teaching.begin(f"Live learning on {image.name}", start, settings, make)
        teaching.lane.task.reveal = lambda: open_dock(self._session.viewer, "Segment")
        self.rows.follow(teaching)
        painting.paint(max(1, painting.classes.value))
        self._clock.start()
        self._news()

    def _get_ready(self) -> None:
        if self.isVisible() and not self.busy and self._image.layer is not None:
            self._session.jobs.warm(segmentation.get_ready)

    def _ready(self) -> Told:
        wrong = wrong_shape(self._session.viewer, self._image.layer)
        if wrong:
            return Told("error", wrong, can_start=False)
        image = self._image.layer
        if image is not None and has_journal(self._session, image):
            return Told("ready", "It goes on where it stood, with all your strokes.")
        return Told("ready", "Start, then paint one short stroke per class.")

    def _answering(self, teaching: Teaching, chips: tuple[Any, ...]) -> Told:
        classes, lane = self._painting.classes, teaching.lane
        first = say_first(classes.table.names, teaching.tally.counts(), classes.numbers)
        if first:
            return Told("running", first, None, chips)
        if lane.waiting_since and time.monotonic() - lane.waiting_since > _SLOW_S:
            said = LEARNING if lane.heard else "Getting ready; you can paint on meanwhile …"
            return Told("running", said, None, chips)
        if teaching.place_said:
            return Told("running", teaching.place_said, None, chips)
        if teaching.answer is None:
            return Told("running", teaching.note or LEARNING, None, chips)
        if self._why:
            return Told("running", say_why(teaching.answer), ("Back", self._turn_why), chips)
        return Told("running", say_answer(teaching.answer), ("Why?", self._turn_why), chips)

    def _perhaps_slow(self) -> None:
        """An answer is waited for longer than one thinks: then the status line says so."""
        sentence = self.told().sentence
        if sentence != self._said:
            self._said = sentence
            self.changed.emit()

    def _turn_why(self) -> None:
        self._why = not self._why
        self.changed.emit()

    def _run_on_all(self) -> None:
        self.keep()
        self.run_on_all()

    def _news(self) -> None:
        teaching = self.teaching
        if teaching is None:
            return
        classes = self._painting.classes
        classes.show_strokes(teaching.tally.counts())
        if teaching.answer is not None:
            names = dict(zip(classes.numbers, classes.table.names, strict=True))
            scores = teaching.answer.scores.classes
            classes.show_agreement({names[v]: s for v, s in scores.items() if v in names})
        self.changed.emit()

    def _join(self, value: int, into: int) -> None:
        if self.teaching is not None:
            self.teaching.join(value, into)

    def _layers_changed(self) -> None:
        self.come(self._front)
        if self.teaching is not None:
            self.teaching.follow_layers()

    def _active_changed(self, event: Any = None) -> None:
        if self.teaching is None:
            self.changed.emit()

    def _ended(self, ending: Ending) -> None:
        teaching, self.teaching = self.teaching, None
        self._clock.stop()
        self.rows.follow(None)
        self._painting.classes.show_strokes(None)
        if teaching is not None:
            teaching.overlay.close()
        if ending.result is not None and teaching is not None:
            self._keep(ending.result, teaching)
        elif ending.state is State.FAILED and teaching is not None and teaching.answer is None:
            self._last = Told("error", ending.sentence, copy_report(ending))
        elif ending.state is State.FAILED:
            button = copy_report(ending) or ("Go on", self.start)
            self._last = Told("error", ending.sentence, button)
        else:
            self._last = Told("stopped", "Ended. Your strokes are kept.", ("Go on", self.start))
        self.changed.emit()

    def _keep(self, model: Model, teaching: Teaching) -> None:
        try:
            name = self._session.add_model(model, model_name(teaching.image.name, "live"))
        except (ValueError, OSError) as error:
            self._last = Told("error", say_error(error))
            return
        # Only a U-Net goes on; quick filters are learned anew from all strokes, in a moment.
        self._kept[teaching.room] = name if model.network["name"] == "unet" else ""
        said = f"Kept as '{name}'."
        self._last = Told("done", said, ("Go on", self.start), (("Run on all", self.run_on_all),))
        self.learned.emit(name)
