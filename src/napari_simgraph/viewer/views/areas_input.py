"""What the Areas dock looks at: a table with its links, the tab in front, and the settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget

from napari_simgraph.capabilities import interest
from napari_simgraph.core.config import setting
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.similarity_settings import Apply as Join
from napari_simgraph.viewer.areas.job import Described
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.ground import find_layers, noun_of
from napari_simgraph.viewer.jobs import gui_threads
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.areas_say import say_table
from napari_simgraph.viewer.views.parts import ModelCombo, column, row

_HELD = ("threads", "wanted", "share")  # asked for in other ways, or set by the machine
_AS_IT_IS = "nothing else"


@dataclass(frozen=True)
class Settings(interest.Train):
    """All that the dock asks for; the verbs take their own part of it."""

    minutes: float = setting(
        2.0, "How long a network learns.", 0, 10_000, 1, label="Learn for", unit="min"
    )
    way: str = setting(
        "auto",
        "What learns from many marks: sage averages what lies around, gat weighs it; auto: sage.",
        choices=("auto", "sage", "gat"),
        label="Many marks by",
    )
    k: int = setting(10, "Links to patches that are alike.", 1, 1000, 1, label="Links, alike")

    def train(self) -> interest.Train:
        """The settings of `interest.train` and `live`."""
        return interest.Train.from_json(self.to_json())

    def apply(self) -> interest.Apply:
        """The settings of `interest.apply`."""
        return interest.Apply.from_json(self.to_json())

    def join(self) -> Join:
        """The settings of `similarity.apply`."""
        return Join(k=self.k, seed=self.seed)


class AreasInput(QWidget):
    """Menus of tables and models, and the settings for the fold of the dock.

    `chosen` brings the key of the table that was chosen, `changed` says that something else is
    different.
    """

    chosen = Signal(str)
    changed = Signal()
    failed = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._keys: list[str] = []
        tip = "The patches and links to look at. Make them in Similar.\ncommand line: --graph"
        self.tables = combo(tip, "Patches")
        self.facts = QLabel()
        self.facts.setObjectName("faint")
        self.facts.setWordWrap(True)
        self.facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        tip = "Score with what was learned before, here or elsewhere.\ncommand line: --model"
        self.model = ModelCombo(session, "interest", "Learn here", tip)
        tip = "What a segmentation sees in each patch helps to tell them apart.\n"
        tip += "command line: interest features --model"
        self.seen = ModelCombo(session, "segmentation", _AS_IT_IS, tip)
        self.form: Form[Settings] = Form(Settings, _HELD)
        layout = column(self)
        layout.addWidget(row("Patches", self.tables))
        layout.addWidget(self.facts)
        self.more = QWidget()
        folded = column(self.more)
        folded.addWidget(row("Model", self.model))
        folded.addWidget(row("Links also by", self.seen))
        self.tables.activated.connect(lambda index: self.chosen.emit(self._keys[index]))
        for menu in (self.model, self.seen):
            menu.chosen.connect(self.changed)
            menu.failed.connect(self.failed)
        session.tables.changed.connect(self.renew)
        session.selection.table_changed.connect(self.renew)

    @property
    def settings(self) -> Settings:
        """The settings, for this machine."""
        self.form.hold(threads=gui_threads())
        made = self.form.value()
        return replace(made, device=self._session.device) if made.device == "auto" else made

    def renew(self, *_: object) -> None:
        """List the tables again."""
        self._keys = self._session.tables.keys()[::-1]
        self.tables.clear()
        self.tables.addItems(self._keys)

    def show_table(self, key: str, table: EmbeddingTable | None, graph: object) -> None:
        """Show what is in hand."""
        self.tables.setCurrentIndex(self._keys.index(key) if key in self._keys else -1)
        self.tables.setEnabled(bool(self._keys))
        known = graph if isinstance(graph, SimilarityGraph) else None
        self.facts.setText("" if table is None else say_table(table, known))
        self.facts.setVisible(table is not None)

    def described(self, key: str) -> Described:
        """What links are made from.

        Raises
        ------
        ValueError
            A model is to look at images that are not open.
        """
        session = self._session
        table, about = session.tables.get(key), session.tables.about(key)
        image = _images(session, key, table)
        maker = str(about.get("model", ""))
        plain = None
        if image is not None and maker in session.models("embedding"):
            plain = session.model(maker)
        seen = session.model(self.seen.name) if self.seen.name else None
        if seen is not None and image is None:
            raise ValueError("Open the image of these patches first: the model looks at it.")
        return Described(table, image, plain, seen)

    def close_events(self) -> None:
        """Stop following the session."""
        self.model.close_events()
        self.seen.close_events()
        self._session.tables.changed.disconnect(self.renew)
        self._session.selection.table_changed.disconnect(self.renew)


def _images(session: Session, key: str, table: EmbeddingTable) -> Image | ImageSet | None:
    """The images of a table as they are open; None where one of them is not."""
    layers = find_layers(session.viewer, table.grid, session.tables.about(key))
    nouns = [noun_of(layer) for layer in layers if layer is not None]
    images = [image for noun in nouns for image in each_image(noun)]
    if len(images) != len(table.grid.sources):
        return None
    return images[0] if len(images) == 1 else ImageSet(images, name=table.name)
