"""Rows that several docks have: an image with its facts, a model menu, what is ready or missing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_simgraph.core.job import Note, Tick
from napari_simgraph.viewer.controls import RowLabel, combo
from napari_simgraph.viewer.facts import FactsLine
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.jobs import Ending, JobRunner, Task
from napari_simgraph.viewer.layer_combo import LayerCombo
from napari_simgraph.viewer.replacing import Made
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import is_made
from napari_simgraph.viewer.theme import WARNING, State


@dataclass(frozen=True)
class Told:
    """What the footer shows: a state, a sentence, a button, chips, and whether one can start."""

    state: State
    sentence: str
    button: Button | None = None
    chips: tuple[Button, ...] = ()
    can_start: bool = True


def row(text: str, *widgets: QWidget) -> QWidget:
    """A label and what it names, in one row."""
    line = QWidget()
    across = QHBoxLayout(line)
    across.setContentsMargins(0, 0, 0, 0)
    across.setSpacing(4)
    label = RowLabel(text)
    label.setToolTip(widgets[0].toolTip())
    label.setBuddy(widgets[0])
    across.addWidget(label)
    for number, widget in enumerate(widgets):
        across.addWidget(widget, 1 if number == 0 else 0)
    return line


def column(page: QWidget) -> QVBoxLayout:
    """The layout of a page of a dock."""
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    return layout


def beside(*widgets: QWidget) -> QWidget:
    """Widgets side by side, each as wide as it has to be."""
    line = QWidget()
    across = QHBoxLayout(line)
    across.setContentsMargins(0, 0, 0, 0)
    across.setSpacing(4)
    for widget in widgets:
        across.addWidget(widget)
    across.addStretch(1)
    return line


def faint() -> QLabel:
    """A line in grey that wraps; hidden until there is something to say."""
    label = QLabel()
    label.setObjectName("faint")
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.hide()
    return label


def refuse_image(layer: Layer) -> str:
    """Why an Image layer is not offered as input, or ""."""
    return "a result of ours" if is_made(layer) else ""


class ImageRow(QWidget):
    """An image menu with the facts line below it."""

    changed = Signal()

    def __init__(self, viewer: Any, tooltip: str) -> None:
        super().__init__()
        self.menu = LayerCombo(viewer, ImageLayer, refuse_image)
        self.menu.setToolTip(f"{tooltip}\ncommand line: --image")
        self.menu.setAccessibleName("Image")
        self.facts = FactsLine(viewer)
        layout = column(self)
        layout.addWidget(row("Image", self.menu))
        layout.addWidget(self.facts)
        self.menu.chosen.connect(self._renew)
        self.facts.changed.connect(self._followed)
        self.facts.show_layer(self.layer)

    @property
    def layer(self) -> Layer | None:
        """The chosen image layer."""
        return self.menu.layer

    def close_events(self) -> None:
        """Stop following the viewer."""
        self.menu.close_events()
        self.facts.close_events()

    def _followed(self) -> None:
        """A size was set, or the part of a 4-D layer that was chosen is the active layer now."""
        layer = self.layer
        if layer is not None and layer.ndim > 3:
            self.menu.choose_active()
        self._renew()

    def _renew(self) -> None:
        self.facts.show_layer(self.layer)
        self.changed.emit()


class Warned(QLabel):
    """What a job warned of, below the image that it is about; hidden while there is nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setStyleSheet(f"border-left: 3px solid {WARNING}; padding-left: 4px;")
        self.forget()

    def follow(self, task: Task) -> None:
        """Show the warnings of this task from now on."""
        self.forget()
        task.ticked.connect(self._ticked)

    def forget(self) -> None:
        """Show nothing."""
        self.setText("")
        self.hide()

    def warn(self, said: str) -> None:
        """Show one more sentence."""
        if said not in self.text():
            self.setText(f"{self.text()} {said}".strip())
            self.setToolTip(self.text())
            self.show()

    def _ticked(self, tick: Tick) -> None:
        if isinstance(tick, Note) and tick.warning:
            self.warn(tick.text)


class ModelCombo(QWidget):
    """Models of a capability, newest first, with "Load from folder…" below a line.

    Parameters
    ----------
    session
        Whose models are listed; the menu refreshes as soon as one is saved.
    capability
        Only models of this one, or of these (``a b``); all for "".
    none
        A first entry that means no model; "" where there has to be one.
    """

    chosen = Signal()
    failed = Signal(str)

    def __init__(self, session: Session, capability: str, none: str, tooltip: str) -> None:
        super().__init__()
        self._session, self._fitting, self._none = session, capability.split(), none
        self._names: list[str] = []
        self._before = ""
        self.menu: QComboBox = combo(tooltip, "Model")
        self.setToolTip(tooltip)
        column(self).addWidget(self.menu)
        session.models_changed.connect(self.renew)
        self.menu.currentIndexChanged.connect(self._changed)
        self.renew()

    def close_events(self) -> None:
        """Stop following the session."""
        self._session.models_changed.disconnect(self.renew)

    @property
    def name(self) -> str:
        """The name of the chosen model, or ""."""
        index = self.menu.currentIndex()
        return self._names[index] if 0 <= index < len(self._names) else ""

    def choose(self, name: str) -> None:
        """Choose a model by its name."""
        if name in self._names:
            self.menu.setCurrentIndex(self._names.index(name))

    def renew(self) -> None:
        """List the session's models again, and keep the choice while its model is there."""
        before = self.name
        self._names = [*([""] if self._none else []), *self._session.models(*self._fitting)]
        self.menu.blockSignals(True)
        self.menu.clear()
        self.menu.addItems([say_model(name) or self._none for name in self._names])
        if self._names:
            self.menu.insertSeparator(self.menu.count())
        self.menu.addItem("Load from folder…")
        found = self._names.index(before) if before in self._names else 0
        self.menu.setCurrentIndex(found if self._names else -1)
        self.menu.blockSignals(False)
        self._before = self.name
        self.chosen.emit()

    def load(self, folder: str = "") -> None:
        """Ask for a model's folder and choose what is in it."""
        path = folder or QFileDialog.getExistingDirectory(self, "Folder of a model")
        self.choose(self._before)
        if not path:
            return
        try:
            self.choose(self._session.load_model_folder(path))
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))

    def _changed(self, index: int) -> None:
        if index >= len(self._names):
            self.menu.setCurrentIndex(self._names.index(self._before) if self._names else -1)
            if index == self.menu.count() - 1:
                self.load()
            return
        self._before = self.name
        self.menu.setToolTip(f"{self.name}\n{self.toolTip()}" if self.name else self.toolTip())
        self.chosen.emit()


def model_name(image: str, network: str) -> str:
    """A name for a new model: what it learned from, and when."""
    now = datetime.now()
    return f"{image} {network}, {now.day} {now:%b %H:%M}"


def say_model(name: str) -> str:
    """A model's name for menus; the date of today reads "today"."""
    now = datetime.now()
    return name.replace(f", {now.day} {now:%b} ", ", today ")


def say_device(jobs: JobRunner, settings: Mapping[str, Any]) -> str:
    """Where the next job runs, as far as it is known without loading torch: ``CPU (2 cores)``."""
    wanted = str(settings.get("device", "auto"))
    named = [task.device.name for task in jobs.tasks if task.device is not None]
    if wanted in ("auto", "cpu") and (wanted == "cpu" or not _may_have_gpu()):
        cores = os.cpu_count() or 1
        return f"CPU ({cores} core{'s' if cores != 1 else ''})"
    if wanted == "auto":
        return named[-1] if named else "the GPU, if torch can use it"
    return wanted


def copy_report(ending: Ending) -> Button | None:
    """A button that copies the traceback, where something unexpected happened."""
    if type(ending.error) is ValueError or not ending.trace:
        return None
    return "Copy report", lambda: QApplication.clipboard().setText(ending.trace)


def say_made(made: Sequence[Made], took: str) -> str:
    """What was made, and what had to be hidden for it: ``Made 2 layers in 2 min 41 s.``"""
    layers = sum(len(each.layers) for each in made)
    said = f"Made {layers} layer{'s' if layers != 1 else ''} in {took}."
    if any(each.replaced for each in made):
        said = f"Replaced the earlier result in {took}."
    hidden = [name for each in made for name in each.hidden]
    return f"{said} '{hidden[0]}' is hidden: two overlays at most." if hidden else said


def say_channels(count: int) -> str:
    """``grey`` or ``3 colours``."""
    return "grey" if count == 1 else f"{count} colours"


def _may_have_gpu() -> bool:
    return sys.platform == "darwin" or shutil.which("nvidia-smi") is not None
