"""Weights of other programs: a file that is read without running anything, and its network."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QLineEdit, QWidget

from napari_simgraph.capabilities import signature
from napari_simgraph.core.model import BUILDER, Model
from napari_simgraph.core.room import MemoryRoom
from napari_simgraph.io.models import load_weights
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.parts import column, row

ASK = "Say which network the weights belong to: resnet18, or one of ours."
WEIGHTS = "Weights…"
_EXAMPLES = "resnet18, or unet:in_channels=1,out_channels=2"
_KINDS = "Weights (*.safetensors)"


class WeightsRow(QWidget):
    """A file of weights becomes a model once the name of its network is typed.

    `made` brings the name of the model, `told` a state and a sentence.
    """

    made = Signal(str)
    told = Signal(str, str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._weights: Model | None = None
        tip = "Weights of another program in a .safetensors file: nothing in it can run."
        self.open = flat(WEIGHTS, self.load, f"{tip}\ncommand line: --model")
        self.network = QLineEdit()
        self.network.setPlaceholderText(_EXAMPLES)
        self.network.setAccessibleName("Network of the weights")
        self.network.setToolTip(
            f"A network of torchvision, or one of ours with its options: {_EXAMPLES}.\n"
            "key: Enter; command line: --builder"
        )
        self.network.setMinimumWidth(0)
        self._asking = row("Its network", self.network)
        self._asking.hide()
        column(self).addWidget(self._asking)
        self.network.returnPressed.connect(self._named)

    def load(self, file: str = "") -> None:
        """Ask for a file, then for the name of its network."""
        path = file or QFileDialog.getOpenFileName(self, "Weights", filter=_KINDS)[0]
        if not path:
            return
        try:
            self._weights = load_weights(path)
        except (ValueError, OSError) as error:
            self.told.emit("error", str(error))
            return
        self._asking.show()
        self.network.setFocus()
        self.told.emit("ready", ASK)

    @property
    def asking(self) -> bool:
        """Whether the name of a network is asked for."""
        return not self._asking.isHidden()

    def _named(self) -> None:
        """Try whether the weights fit this network."""
        weights, builder = self._weights, self.network.text().strip()
        if weights is None or not builder:
            self.told.emit("ready", ASK)
            return
        model = weights.replace(network={**weights.network, BUILDER: builder})
        how: dict[str, Any] = {"config": signature.Layers(), "room": MemoryRoom()}
        make = partial(self._session.jobs.apart, signature.layers, model, None, **how)
        task = self._session.jobs.submit(f"Look into {model.name}", make, lane="now")
        task.ended.connect(partial(self._tried, model))
        self.told.emit("ready", "Looking into the network …")

    def _tried(self, model: Model, ending: Ending) -> None:
        """Put the weights among the models, where they fit."""
        if ending.result is None:
            if ending.error is not None:
                self.told.emit("error", ending.sentence)
            return
        name = f"{model.name} ({str(model.network[BUILDER]).partition(':')[0]})"
        self._asking.hide()
        self.made.emit(self._session.add_model(model, name))
