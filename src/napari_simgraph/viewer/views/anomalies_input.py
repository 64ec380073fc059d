"""What Anomalies learns from and where it looks: image, what is normal, marks, pretext, model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QWidget,
)

from napari_simgraph.capabilities import anomaly
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.io.industrial import normal_part
from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.fold import SettingsFold
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.ground import noun_of
from napari_simgraph.viewer.jobs import gui_threads
from napari_simgraph.viewer.placing import PLUGIN
from napari_simgraph.viewer.region_pen import RegionPen
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.parts import ImageRow, ModelCombo, column, row

ODD, NORMAL, OUT = "odd", "known normal", "left out"
_COLORS = {ODD: "#56B4E9", NORMAL: "#009E73", OUT: "#E0E0E0"}  # grey: seen on sections
_PRETEXTS = {
    "mae": "filling gaps",
    "inpainting": "repainting holes",
    "colorization": "colouring from grey",
    "all": "all of them",
}
_TIPS = (
    "Hides parts and learns to redraw them; cuts holes and repaints them;",
    "takes the colour away and puts it back.",
)
_PENS = (
    (ODD, "odd (R)", "Not learned from, still searched. Draw around it.\nkey: R"),
    (NORMAL, "normal", "Once there is one, nothing else is learned from.\nDraw around it"),
    (OUT, "left out", "Neither learned from nor searched.\nDraw around it"),
)
NO_COLOR = "This image has no colour to guess."
_HELD = ("pretext", "threads")
_HELD_LOOKING = ("expected", "threads", "device")


class AnomaliesInput(QWidget):
    """Rows above the fold; `changed` says that something is different, `failed` what is wrong."""

    changed = Signal()
    failed = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.folder, self.unread = Path(), ""
        self._normal: Image | ImageSet | None = None
        self.image = ImageRow(session.viewer, "Image, stack or sheet to search.")
        self.here, self.there = QRadioButton("this, without my marks"), QRadioButton("a folder")
        self._either = QButtonGroup(self)  # they stand in rows of their own
        for button in (self.here, self.there):
            self._either.addButton(button)
        self.where = QLabel()
        self.pretext = combo(" ".join(_TIPS) + "\ncommand line: --pretext", "Learn by")
        self.pretext.addItems(list(_PRETEXTS.values()))
        tip = "Learn anew, or look with a model that knows what is normal.\ncommand line: --model"
        self.model = ModelCombo(session, "anomaly", "Learn anew", tip)
        self.form: Form[anomaly.Train] = Form(anomaly.Train, _HELD)
        self.looking: Form[anomaly.Apply] = Form(anomaly.Apply, _HELD_LOOKING)
        self._fold: SettingsFold | None = None
        self.pen = RegionPen(session.viewer, _COLORS)
        self._lay()
        self.here.setChecked(True)
        self.pen.changed.connect(self.changed)
        self.image.changed.connect(self._renew)
        self.here.toggled.connect(self._renew)
        both = (self.form.changed, self.looking.changed)
        for made in (self.model.chosen, *both, self.pretext.activated):
            made.connect(self._renew)
        self.model.failed.connect(self.failed)
        self._renew()

    @property
    def layer(self) -> Layer | None:
        """The image to search."""
        return self.image.layer

    def searched(self) -> Image | ImageSet:
        """What is searched.

        Raises
        ------
        ValueError
            No image is chosen, or it has too many axes.
        """
        if self.layer is None:
            raise ValueError("Choose an image first.")
        return noun_of(self.layer)

    def normal(self) -> tuple[Image | ImageSet, Marks | None]:
        """What is learned from, and what of it is not normal.

        Raises
        ------
        ValueError
            No image is chosen, or no folder.
        """
        if self.there.isChecked():
            if self._normal is None:
                raise ValueError("Choose the folder of normal images.")
            return self._normal, None
        noun = self.searched()
        return noun, self.marks() if isinstance(noun, Image) else None

    def marks(self) -> Marks | None:
        """What was marked on the image; None where nothing was."""
        if self.layer is None:
            return None
        rows = [
            *self.pen.marks(self.layer, ODD, "class", "odd"),
            *self.pen.marks(self.layer, NORMAL, "normal"),
            *self.pen.marks(self.layer, OUT, "exclude"),
        ]
        return Marks(tuple(rows)) if rows else None

    def settings(self) -> anomaly.Train:
        """How to learn."""
        self.form.hold(pretext=list(_PRETEXTS)[self.pretext.currentIndex()], threads=gui_threads())
        value = self.form.value()
        return replace(value, device=self._session.device) if value.device == "auto" else value

    def how_to_look(self) -> anomaly.Apply:
        """How to look."""
        self.looking.hold(expected=True, threads=gui_threads(), device=self._session.device)
        return self.looking.value()

    def fold_into(self, fold: SettingsFold) -> None:
        """Show what is seldom changed in a dock's fold: of learning, or of looking."""
        self._fold = fold
        self._renew()

    def drawn(self, kind: str) -> Layer | None:
        """The layer of regions of a kind over the image, None where none was drawn."""
        return self.pen.layer(self.layer, kind)

    def mark(self, kind: str) -> None:
        """Begin to draw a region of a kind."""
        if self.layer is not None:
            self.pen.begin(self.layer, kind)

    def choose_folder(self, path: str = "") -> None:
        """Take a folder of normal images; asks for it."""
        found = path or QFileDialog.getExistingDirectory(self, "Folder of normal images")
        if not found:
            return
        self.folder = normal_part(found)
        try:
            opened = read(self.folder, options=ReadOptions("N"))
        except ValueError as error:
            self._normal = None
            self.failed.emit(str(error))
            return
        self._normal = opened.image
        left_out = [note for note in opened.notes if note.startswith("Left out:")]
        self.unread = " ".join(left_out)
        self.there.setChecked(True)
        count = len(each_image(opened.image))
        self.where.setText(f"{count} image{'' if count == 1 else 's'}")
        self.where.setToolTip(str(self.folder))
        self._renew()

    def open_folder(self) -> None:
        """Open a folder of images as a contact sheet."""
        found = QFileDialog.getExistingDirectory(self, "Folder of images")
        if found:
            self._session.viewer.open(found, plugin=PLUGIN)

    def close_events(self) -> None:
        """Stop following the viewer."""
        self.image.close_events()
        self.model.close_events()
        self.pen.close()

    def _lay(self) -> None:
        for button, tip in (
            (self.here, "What is marked below is not learned from."),
            (self.there, "Nothing odd in it; train/good is found by itself."),
        ):
            button.setToolTip(f"{tip}\ncommand line: --image")
        tip = "The folder of normal images.\ncommand line: --image"
        choose = flat("Choose…", lambda: self.choose_folder(), tip)
        self.pens = [self._pen(*told) for told in _PENS]
        layout = column(self)
        layout.addWidget(self.image)
        normal = row("Normal is", self.here), row("", self.there, self.where, choose)
        self.learning = [*normal, row("Learn by", self.pretext)]
        for line in normal:
            layout.addWidget(line)
        pens = row("Mark as", *self.pens)
        across = pens.layout()
        assert isinstance(across, QHBoxLayout)
        for number, _ in enumerate(self.pens):  # one as wide as the other
            across.setStretch(1 + number, 1)
        layout.addWidget(pens)
        layout.addWidget(self.learning[-1])
        layout.addWidget(row("Model", self.model))
        layout.addWidget(self.form)
        layout.addWidget(self.looking)

    def _pen(self, kind: str, text: str, tip: str) -> QPushButton:
        """The button that begins a region of a kind."""
        made = flat(text, lambda: self.mark(kind), f"{tip}; command line: --marks")
        made.setAccessibleName(f"Mark as {kind}")
        return made

    def _renew(self, *_: Any) -> None:
        grey = self._is_grey()
        for at, name in enumerate(_PRETEXTS):
            item = self.pretext.model().item(at)
            off = name == "colorization" and grey
            item.setEnabled(not off)
            item.setToolTip(NO_COLOR if off else " ".join(_TIPS))
        if grey and self.pretext.currentIndex() == list(_PRETEXTS).index("colorization"):
            self.pretext.setCurrentIndex(0)
        using = bool(self.model.name)
        for line in (*self.learning, self.form):  # what was found has their room
            line.setVisible(not using)
        self.looking.setVisible(using)
        if self._fold is not None:
            (self.looking if using else self.form).fold_into(self._fold)
        noun = noun_or_none(self.layer)
        if noun is not None:
            first = each_image(noun)[0]
            self.form.set_pixel_size(first.spacing[-1], first.unit)
        single = isinstance(noun, Image)
        learning = self.here.isChecked() and not using
        for told, button in zip(_PENS, self.pens, strict=True):
            button.setEnabled(single and (learning or told[0] == OUT))
        self.changed.emit()

    def _is_grey(self) -> bool:
        noun = self._normal if self.there.isChecked() else noun_or_none(self.layer)
        return noun is None or each_image(noun)[0].channels != 3


def noun_or_none(layer: Layer | None) -> Image | ImageSet | None:
    """What a layer shows; None where it can't be used as it is."""
    if layer is None or layer.ndim > 3:
        return None
    try:
        return noun_of(layer)
    except ValueError:
        return None
