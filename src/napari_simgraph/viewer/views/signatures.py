"""The dock Signatures: what a network does on the way to its answer, and which of it matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.layers import Image as ImageLayer
from qtpy.QtWidgets import QCheckBox

from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.front_keys import Front, FrontKeys
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import State as Shown
from napari_simgraph.viewer.views.parts import row
from napari_simgraph.viewer.views.signatures_input import SignaturesInput
from napari_simgraph.viewer.views.signatures_neurons import NeuronList
from napari_simgraph.viewer.views.signatures_run import SignaturesRun
from napari_simgraph.viewer.views.signatures_say import EMPTY, NO_IMAGE, say_ready
from napari_simgraph.viewer.views.signatures_sides import SidesRows
from napari_simgraph.viewer.views.signatures_weights import WEIGHTS

_MAIN = "Record what the network sees"
_TIP = f"{_MAIN}.\nkey in this dock: Ctrl+Enter; command line: signature apply"
_KEYS = (("Click", "the path of this patch"), ("Shift+click", "and of this one"))


class SignaturesDock(DockFrame):
    """A network and patches in, signatures out; the Browser below the picture shows them."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self.session.canvas.attach()
        self.book = self.session.signatures
        self.input, self.sides = SignaturesInput(self.session), SidesRows(self.session)
        self.neurons = NeuronList(self.book)
        self.run = SignaturesRun(self.session, self.input, self.sides)
        self._told: tuple[Shown, str, Button | None] | None = None
        self._shown = self.book.key  # whose patches the tick is about
        self.unlike = QCheckBox("Show what is unlike the training")
        self.unlike.setToolTip(
            "A layer from 0 to 100: share of training patches that were less unusual.\n"
            "command line: signature unlike"
        )
        self.reference = combo(
            "Signatures of the training images.\ncommand line: --reference", "Training"
        )
        self._training = row("Training", self.reference)
        for part in (self.input, self.sides, self.neurons, self.unlike, self._training):
            self.body.addWidget(part)
        self.input.form.fold_into(self.settings)
        self.set_main(_MAIN, self.run.record, _TIP)
        self.bound = FrontKeys(self.session, {"Control-Enter": self.run_main})
        self.front = Front(self)
        self._connect()
        self._come(True)
        shown = [(key, does, True) for key, does in _KEYS]
        self.keys.set_rows([*shown, ("Ctrl+Enter", "record", self.bound.holds("Control-Enter"))])
        self._table_shown()

    def renew(self, *_: object) -> None:
        """Tell the footer what is."""
        here = self.session.models() or self.input.weights.asking
        if not here and self.book.table is None:
            self._show_nothing()
            return
        if self.run.task is not None:
            self.follow(self.run.task, self.session.jobs)
            return
        self.unfollow()
        state, sentence, made = self._told or self._ready()
        self.show_state(state, sentence, made)
        there = self.input.image.layer is not None and bool(self.input.layers.rows)
        self.footer.main.setEnabled(there and bool(self.input.model.name))

    def tell(self, state: Shown, sentence: str, made: Button | None = None) -> None:
        """Say something until the next thing happens."""
        self._told = (state, sentence, made)
        self.renew()

    def show_ending(self, state: Shown, ending: Ending) -> None:
        """The dock says more than the task does."""
        self.renew()

    def _ready(self) -> tuple[Shown, str, Button | None]:
        if not any(isinstance(layer, ImageLayer) for layer in self.viewer.layers):
            return "ready", NO_IMAGE, None
        if not self.input.model.name:
            return "ready", "Choose a network first.", None
        if not self.input.layers.count():
            return "ready", "Looking into the network …", None
        layers = self.input.layers
        told = say_ready(self.input.count(), len(layers.rows), layers.columns, self.input.side)
        return "ready", told, None

    def _show_nothing(self) -> None:
        self.unfollow()
        missing = "No model is here yet."
        self.show_empty(
            EMPTY,
            missing,
            (
                ("Open Segment", lambda: open_dock(self.viewer, "Segment")),
                ("Open Classes", lambda: open_dock(self.viewer, "Classes")),
            ),
        )
        state, sentence, _ = self._told or ("empty", missing, None)
        self.footer.show_status(state, sentence, (WEIGHTS, self.input.weights.load))

    def _connect(self) -> None:
        self.input.changed.connect(self._changed)
        self.input.renewed.connect(self.renew)
        self.input.failed.connect(lambda said: self.tell("error", said))
        self.input.weights.told.connect(self.tell)
        self.input.weights.made.connect(lambda _: self._changed())
        self.run.told.connect(self.tell)
        self.run.changed.connect(self.renew)
        self.sides.comparing.connect(self.run.compare)
        self.sides.switching.connect(self.run.switch_off)
        self.unlike.toggled.connect(self._unlike)
        self.reference.activated.connect(lambda _: self._unlike(self.unlike.isChecked()))
        self.front.came.connect(self._come)
        for signal, call in self._heard():
            signal.connect(call)
        self.on_close(self._leave)

    def _heard(self) -> list[tuple[Any, Callable[..., object]]]:
        """Signals of the session, and who hears them."""
        events = self.viewer.layers.events
        return [
            (self.book.changed, self._book_changed),
            (self.book.changed, self.neurons.renew),
            (self.book.answered, self.neurons.renew),
            (self.session.selection.table_changed, self._table_shown),
            (self.session.models_changed, self.renew),
            (events.inserted, self.renew),
            (events.removed, self.renew),
        ]

    def _changed(self) -> None:
        self._told = None
        self.renew()

    def _book_changed(self) -> None:
        if self.book.key != self._shown:
            self.unlike.setChecked(False)  # it speaks of other patches
        self.sides.renew()
        keys = self.book.keys()
        before = self.reference.currentText()
        self.reference.clear()
        self.reference.addItems(keys)
        self.reference.setCurrentIndex(keys.index(before) if before in keys else -1)
        self._training.setVisible(len(keys) > 1)
        self.unlike.setVisible(len(keys) > 1)
        self.renew()

    def _table_shown(self) -> None:
        """The signatures of the table in front come with it."""
        key = self.session.selection.key
        if key in self.book and key != self.book.key:
            try:
                self.book.take(key, self.book.get(key))
            except (ValueError, OSError) as error:
                self.tell("error", str(error))
        self._book_changed()

    def _unlike(self, on: bool) -> None:
        if not on:
            self.run.hide_unlike()
        elif self.reference.currentIndex() < 0:
            self.tell("ready", "Choose the signatures of the training images.")
        else:
            self._shown = self.book.key
            self.run.show_unlike(self.reference.currentText())

    def _come(self, front: bool) -> None:
        if front:
            self.bound.bind()
        else:
            self.bound.free()

    def _place(self) -> None:
        super()._place()
        self.front.watch()

    def _leave(self) -> None:
        self.bound.free()
        for signal, call in self._heard():
            signal.disconnect(call)
        self.input.close_events()
        self.session.canvas.detach()
