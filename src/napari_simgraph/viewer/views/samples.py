"""The dock Samples: public data, its licence, and a button that loads it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSizePolicy

from napari_simgraph.core.job import say_time
from napari_simgraph.io.fetch import say_bytes
from napari_simgraph.io.fetch_sets import PublicSet, data_home, public_sets
from napari_simgraph.io.fetch_stacks import fetch_set
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.jobs import State as JobState
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.public_data import public_layers
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import State
from napari_simgraph.viewer.views.parts import copy_report, row
from napari_simgraph.viewer.views.workspace_rows import short_path
from napari_simgraph.viewer.views.workspace_tree import show_folder


class SamplesDock(DockFrame):
    """One public set at a time: what it is, under which licence, how large, and where it goes."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self._sets = public_sets()
        self._tasks: dict[str, Task] = {}
        self.menu = combo("Data that others made public.\ncommand line: fetch NAME", "Data")
        for name, one in self._sets.items():
            self.menu.addItem(one.title, name)
        self._lines = {key: _text() for key in ("what", "licence", "cite", "from", "to")}
        self.body.addWidget(row("Data", self.menu))
        titles = {"what": "It is", "licence": "Licence", "cite": "Cite", "from": "From", "to": "To"}
        for key, label in self._lines.items():
            line = row(titles[key], label)
            line.layout().setAlignment(line.layout().itemAt(0).widget(), Qt.AlignmentFlag.AlignTop)
            self.body.addWidget(line)
        self.menu.currentIndexChanged.connect(self.renew)
        self.renew()

    @property
    def chosen(self) -> PublicSet:
        """The set in the menu."""
        return self._sets[self.menu.currentData()]

    @property
    def folder(self) -> Path:
        """Where it goes."""
        return data_home() / self.chosen.name

    def choose(self, name: str) -> None:
        """Show a set."""
        self.menu.setCurrentIndex(self.menu.findData(name))

    def renew(self, *_: object) -> None:
        """Tell of the set in the menu, and whether it is here."""
        chosen = self.chosen
        self._tell(chosen)
        task = self._tasks.get(chosen.name)
        if task is not None:
            self.follow(task, self.session.jobs)
            return
        self.unfollow()
        if chosen.is_here(self.folder):
            self.set_main("Open", self.open)
            show = ("Show folder", partial(show_folder, str(self.folder)))
            self.show_state("ready", "It is on this computer.", show)
            return
        size = say_bytes(chosen.size)
        self.set_main(
            f"Load {size}", self.load, "Loads it under the licence above.\nkey: Ctrl+Enter"
        )
        self.show_state("ready", f"{len(chosen.originals)} files, {size}, under the licence above.")

    def load(self) -> None:
        """Load the set in the menu; it is opened once it is here."""
        chosen, folder = self.chosen, self.folder
        task = self.session.jobs.submit(f"Load {chosen.name}", partial(fetch_set, chosen, folder))
        task.reveal = partial(self._reveal, chosen.name)
        task.ended.connect(partial(self._loaded, chosen.name, folder))
        self._tasks[chosen.name] = task
        self.renew()

    def open(self) -> None:
        """Its images as layers, with what is known of them hidden behind the eye."""
        self._open(self.chosen, self.folder, "")

    def show_ending(self, state: State, ending: Ending) -> None:
        """`_loaded` says how it ended."""

    def _tell(self, chosen: PublicSet) -> None:
        source = f"github.com/{chosen.told['repository']}"
        said = {
            "what": chosen.told["what"],
            "licence": chosen.told["licence"],
            "cite": "\n".join(chosen.told["cite"]),
            "from": source,
            "to": short_path(self.folder),
        }
        for key, text in said.items():
            self._lines[key].setText(str(text))
        self._lines["to"].setToolTip(str(self.folder))

    def _loaded(self, name: str, folder: Path, ending: Ending) -> None:
        self._tasks.pop(name, None)
        chosen, shown = self._sets[name], self.chosen.name == name
        if ending.result:
            self._open(chosen, folder, f"Loaded in {say_time(ending.seconds)}. ")
        if not shown or ending.result:
            return
        self.renew()
        if ending.state is JobState.FAILED:
            self.show_state("error", ending.sentence, copy_report(ending))
        else:
            self.show_state(
                "stopped", "Stopped; what came is kept. Loading again goes on from there."
            )

    def _open(self, chosen: PublicSet, folder: Path, said: str) -> None:
        try:
            layers = public_layers(chosen, folder)
        except (ValueError, OSError) as error:
            self.show_state("error", say_error(error))
            return
        for data in layers:
            self.viewer.add_layer(Layer.create(*data))
        self.renew()
        count = f"{len(layers)} layer{'s' if len(layers) != 1 else ''}"
        self.show_state("done", f"{said}Opened {count} of {chosen.name}.")

    def _reveal(self, name: str) -> None:
        open_dock(self.viewer, "Samples").choose(name)


def _text() -> QLabel:
    """A text that may be long, and can be copied."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label
