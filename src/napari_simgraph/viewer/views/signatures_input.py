"""What the Signatures dock looks at: a network, patches of a picture, layers, and how many groups.

The patches are those of the table in front where it lies on the picture, so that what is recorded
is joined to them; else they are laid out anew.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QRadioButton, QWidget

from napari_simgraph.capabilities import signature
from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import Layout
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.room import MemoryRoom
from napari_simgraph.core.signatures import LayerTable
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.ground import noun_of
from napari_simgraph.viewer.jobs import Ending, gui_threads
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.parts import ImageRow, ModelCombo, column, row
from napari_simgraph.viewer.views.signatures_layers import LayerList
from napari_simgraph.viewer.views.signatures_weights import WeightsRow

CHOSEN, CLASSES, ALL = 0, 1, 2
_MOST_GROUPS = 20
_TABLE = " Their inner values are recorded.\ncommand line: --table"
_HELD = ("threads", "builder", "layers", "background")


class SignaturesInput(QWidget):
    """Network, picture, patches, layers and groups; the rest of the settings for the fold.

    `changed` says that something was chosen here, `renewed` that there are other patches to look
    at, `failed` brings a sentence.
    """

    changed = Signal()
    renewed = Signal()
    failed = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        tip = "Any model you made, or one from a folder (safe formats only).\ncommand line: --model"
        self.model = ModelCombo(session, "", "", tip)
        self.image = ImageRow(session.viewer, "The picture that the network looks at.")
        self.layers, self.groups = LayerList(), combo()
        self.form: Form[signature.Apply] = Form(signature.Apply, _HELD)
        self._known: dict[str, LayerTable] = {}
        self._asked = ""
        tip = "Kinds of reaction. 'Suggest' tries 2 to 20 and says so if no number is stable."
        self.groups.setToolTip(f"{tip}\ncommand line: cluster --number")
        self.groups.setAccessibleName("Groups")
        self.groups.addItems(["suggest", *map(str, range(2, _MOST_GROUPS + 1))])
        self.weights = WeightsRow(session)
        layout = column(self)
        layout.addWidget(row("Network", self.model, self.weights.open))
        layout.addWidget(self.weights)
        layout.addWidget(self.image)
        layout.addLayout(self._look_at())
        layout.addWidget(self.layers)
        layout.addWidget(row("Groups", self.groups))
        self._connect()
        self.renew()

    @property
    def table(self) -> EmbeddingTable | None:
        """The patches of the table in front, where they lie on the picture."""
        front, ground = self._session.selection.table, self._session.canvas.ground
        layer = self.image.layer
        if front is None or ground is None or layer is None:
            return None
        return front if any(one == layer for one in ground.open) else None

    def patches(self) -> EmbeddingTable | None:
        """Those that are looked at; None for all that the network can be shown.

        Raises
        ------
        ValueError
            None is chosen, or none has a class.
        """
        front = self.table
        which = self._look.checkedId()
        if front is None or which == ALL:
            return front
        rows = self._session.selection.rows
        if which == CLASSES:
            rows = np.flatnonzero(front.classes() != "")
            if not len(rows):
                raise ValueError("No patch has a class: label some, or look at all.")
        if not len(rows):
            raise ValueError("No patch is chosen: click some, or look at all.")
        return front.take(np.sort(rows))

    def noun(self) -> Image | ImageSet:
        """What the picture shows.

        Raises
        ------
        ValueError
            There is none, or it has too many axes.
        """
        if self.image.layer is None:
            raise ValueError("Choose the picture that the network looks at.")
        return noun_of(self.image.layer)

    def chosen_model(self) -> Model:
        """The network.

        Raises
        ------
        ValueError
            There is none.
        """
        if not self.model.name:
            raise ValueError("Choose a network first.")
        return self._session.model(self.model.name)

    def asked(self) -> signature.Apply:
        """How to record.

        Raises
        ------
        ValueError
            No layer is ticked.
        """
        if not self.layers.rows:
            raise ValueError("Tick a layer to record.")
        self.form.hold(threads=gui_threads(), layers=self.layers.names)
        made = self.form.value()
        return replace(made, device=self._session.device) if made.device == "auto" else made

    def cluster(self) -> signature.Cluster:
        """How to group."""
        said = str(self.groups.currentText())
        return signature.Cluster(number=int(said) if said.isdigit() else 0)

    def count(self) -> int:
        """How many patches there are to look at, about."""
        try:
            known = self.patches()
            if known is not None:
                return len(known)
            return _count(self.noun(), self.side, int(self.form.control("stride").get()))
        except (ValueError, OSError):
            return 0

    @property
    def side(self) -> int:
        """The side of a patch."""
        known = self._known.get(self._asked)
        wanted = int(self.form.control("patch").get())
        return wanted or (int(known.summary["patch"]) if known is not None else 64)

    def renew(self, *_: object) -> None:
        """Show what there is to look at."""
        front, chosen = self.table, len(self._session.selection.rows)
        classes = 0 if front is None else int((front.classes() != "").sum())
        for number, many in (
            (CHOSEN, chosen if front is not None else 0),
            (CLASSES, classes),
            (ALL, 1),
        ):
            self._look.button(number).setEnabled(bool(many))
        self._look.button(CHOSEN).setToolTip(f"The {chosen:,} chosen patches.{_TABLE}")
        self._look.button(CLASSES).setToolTip(f"The {classes:,} patches with a class.{_TABLE}")
        if not self._look.checkedButton().isEnabled():
            self._look.button(ALL).setChecked(True)
        self.layers.show_patches(self.count())
        self.renewed.emit()

    def close_events(self) -> None:
        """Stop following the session."""
        chosen = self._session.selection
        chosen.table_changed.disconnect(self.renew)
        chosen.chosen.disconnect(self.renew)
        self.model.close_events()
        self.image.close_events()

    def _look_at(self) -> QHBoxLayout:
        self._look = QButtonGroup(self)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(QLabel("Look at"))
        for number, text in ((CHOSEN, "chosen"), (CLASSES, "classes"), (ALL, "all")):
            button = QRadioButton(text)
            button.setToolTip(f"All patches.{_TABLE}")
            self._look.addButton(button, number)
            line.addWidget(button)
        line.addStretch(1)
        self._look.button(ALL).setChecked(True)
        self._look.idClicked.connect(self._chosen)
        return line

    def _connect(self) -> None:
        chosen = self._session.selection
        chosen.table_changed.connect(self.renew)
        chosen.chosen.connect(self.renew)
        self.model.chosen.connect(self._model_chosen)
        self.model.failed.connect(self.failed)
        self.weights.made.connect(self.model.choose)
        self.image.changed.connect(self._chosen)
        self.layers.ticked.connect(self.changed)
        self.form.changed.connect(self._chosen)
        self._model_chosen()

    def _chosen(self, *_: object) -> None:
        self.renew()
        self.changed.emit()

    def _model_chosen(self) -> None:
        """Ask the network for its layers, unless they are known."""
        self._asked = self.model.name
        self.layers.show_layers(self._known.get(self._asked))
        if not self._asked or self._asked in self._known:
            self._chosen()
            return
        jobs, name = self._session.jobs, self._asked
        try:
            model = self._session.model(name)
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        how: dict[str, Any] = {"config": signature.Layers(), "room": MemoryRoom()}
        make = partial(jobs.apart, signature.layers, model, None, **how)
        task = jobs.submit(f"Look into {name}", make, lane="now")
        task.ended.connect(partial(self._listed, name))

    def _listed(self, name: str, ending: Ending) -> None:
        if ending.result is None:
            if ending.error is not None and name == self._asked:
                self.failed.emit(ending.sentence)
            return
        self._known[name] = ending.result
        if name == self._asked:
            self.layers.show_layers(ending.result)
            self.renew()


def _count(noun: Image | ImageSet, side: int, stride: int) -> int:
    """How many patches of this side there are, background included."""
    total = 0
    for one in each_image(noun):
        patch = min(side, max(one.plane))
        down, across = Layout(0, one.plane, patch, stride or max(1, patch // 2)).counts
        total += one.sections * down * across
    return total
