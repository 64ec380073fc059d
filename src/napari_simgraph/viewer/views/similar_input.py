"""What Similar learns from: an image, a contact sheet, or all open images; and how patches lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QWidget

from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.io.own import OwnOptions, is_own
from napari_simgraph.learn.view_settings import AUTO, kind_of
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.ground import noun_of
from napari_simgraph.viewer.jobs import gui_threads
from napari_simgraph.viewer.placing import PLUGIN
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.sheets import sheet_of
from napari_simgraph.viewer.stacking import is_made
from napari_simgraph.viewer.views.ignore_row import IgnoreRow
from napari_simgraph.viewer.views.own_tables import OwnTables
from napari_simgraph.viewer.views.parts import ImageRow, ModelCombo, column, refuse_image, row
from napari_simgraph.viewer.views.similar_job import (
    EM_PATCH,
    FEWEST,
    SLIDE_PATCH,
    Given,
    Settings,
    count,
)

_HELD = ("threads", "early", "ignore")  # set by the machine and the dock, or asked for in boxes
_TABLES = "Tables (*.h5ad *.zarr *.npy *.npz *.csv *.h5)"


class SimilarInput(QWidget):
    """Image menu, more sources, model to begin with, and the settings.

    `changed` says that something of it is different, `table_opened` brings the key of a table.
    """

    changed = Signal()
    table_opened = Signal(str)
    failed = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._patch, self._stride = EM_PATCH, 0  # that we set; others were set by the person
        self._kind = "em"
        self.image = ImageRow(session.viewer, "The picture to learn from: image, stack or sheet.")
        self.all_open = QCheckBox("")
        self.all_open.setToolTip("Learn from all open images of this kind.\ncommand line: --image")
        self.model = ModelCombo(
            session,
            "embedding",
            "Learn anew",
            "Learn anew, or use a model: then nothing is learned.\ncommand line: --model",
        )
        self.form: Form[Settings] = Form(Settings, _HELD)
        self.ignore = IgnoreRow()
        layout = column(self)
        layout.addWidget(self.image)
        layout.addWidget(self.all_open)
        layout.addWidget(self._more())
        layout.addWidget(row("Model", self.model))
        layout.addWidget(self.form)
        layout.addWidget(self.ignore)
        self._own = OwnTables(session, self.table_opened.emit, self.failed.emit)
        self.image.changed.connect(self._image_chosen)
        self.all_open.toggled.connect(self._renew)
        self.form.changed.connect(self._form_changed)
        self.ignore.changed.connect(self._renew)
        self.model.chosen.connect(self._renew)
        self.model.failed.connect(self.failed)
        self._form_changed()
        for event in ("inserted", "removed"):
            getattr(session.viewer.layers.events, event).connect(self._renew)
        self._image_chosen()

    @property
    def layer(self) -> Layer | None:
        """The chosen image layer."""
        return self.image.layer

    def layers(self) -> list[Layer]:
        """The layers to learn from."""
        layer = self.layer
        if layer is None:
            return []
        return [layer, *self._others()] if self.all_open.isChecked() else [layer]

    def noun(self) -> Image | ImageSet:
        """What they show.

        Raises
        ------
        ValueError
            No image is chosen, or it has too many axes.
        """
        layers = self.layers()
        if not layers:
            raise ValueError("Choose an image first.")
        nouns = [noun_of(layer) for layer in layers]
        if len(nouns) == 1:
            return nouns[0]
        images = [image for noun in nouns for image in each_image(noun)]
        return ImageSet(images, name=f"{images[0].name} and {len(images) - 1} more")

    def asked(self) -> tuple[Given, Settings]:
        """What to learn from, and how.

        Raises
        ------
        ValueError
            No image is chosen, it has too many axes, or there are too few patches.
        """
        name = self.model.name
        use = self._session.model(name) if name else None
        given = Given(self.noun(), use=use)
        self.form.hold(threads=gui_threads(), ignore=self.ignore.word)
        settings = self.form.value()
        if use is not None:
            settings = replace(settings, patch=int(use.network["patch"]))
        if settings.device == "auto":
            settings = replace(settings, device=self._session.device)
        many = count(each_image(given.image), settings)
        if many < FEWEST:
            raise ValueError(f"Too few patches to compare ({many}). Use smaller patches.")
        return given, settings

    def open_folder(self, path: str = "") -> None:
        """Open a folder of images as a contact sheet."""
        found = path or QFileDialog.getExistingDirectory(self, "Folder of images")
        if found:
            self._session.viewer.open(found, plugin=PLUGIN)

    def open_table(self, path: str = "") -> None:
        """Open a saved table."""
        found = path or QFileDialog.getOpenFileName(self, "Saved table", filter=_TABLES)[0]
        if not found:
            return
        try:
            if is_own(found):
                self._own.open(found, self.noun(), self._own_options(), self._ids())
            else:
                self.table_opened.emit(self._session.tables.open(Path(found)))
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))

    def close_events(self) -> None:
        """Stop following the viewer."""
        self._own.close()
        self.image.close_events()
        self.model.close_events()
        for event in ("inserted", "removed"):
            getattr(self._session.viewer.layers.events, event).disconnect(self._renew)

    def _own_options(self) -> OwnOptions:
        """How patches of another program lie, where their file doesn't say: as set above."""
        settings = self.form.value()
        return OwnOptions(patch=settings.patch, stride=settings.stride)

    def _ids(self) -> list[str]:
        return [identify(layer, "i") for layer in self.layers()]

    def _more(self) -> QWidget:
        line = QWidget()
        across = QHBoxLayout(line)
        across.setContentsMargins(0, 0, 0, 0)
        tip = "A folder of images, as one contact sheet.\ncommand line: --image"
        across.addWidget(flat("Open folder…", lambda: self.open_folder(), tip))
        tip = "A table made before, here or by another program.\ncommand line: --table"
        across.addWidget(flat("Open saved table…", lambda: self.open_table(), tip))
        across.addStretch(1)
        return line

    def _others(self) -> list[Layer]:
        """Other open images with as many colours."""
        layer = self.layer
        if layer is None or sheet_of(layer) is not None:
            return []
        images = [one for one in self._session.viewer.layers if isinstance(one, ImageLayer)]
        usable = [one for one in images if not refuse_image(one) and one.ndim <= 3]
        alike = [one for one in usable if one.rgb == layer.rgb and sheet_of(one) is None]
        return [one for one in alike if one != layer]

    def _image_chosen(self) -> None:
        layer = self.layer
        if layer is not None and layer.ndim <= 3:
            noun = noun_of(layer)
            first = each_image(noun)[0]
            self.form.set_pixel_size(first.spacing[-1], first.unit)
            self._fit_patch(first)
            self._kind = kind_of(noun)
            self._suggest()
        self._renew()

    def _suggest(self) -> None:
        """Tick what should not matter in images of this kind."""
        said = str(self.form.control("views").get())
        self.ignore.suggest(self._kind if said == AUTO else said)

    def _fit_patch(self, image: Image) -> None:
        """A usual patch for this kind of image, unless the person set one."""
        control = self.form.control("patch")
        if control.get() == self._patch:
            usual = SLIDE_PATCH if image.channels == 3 else EM_PATCH
            self._patch = max(8, min(usual, max(image.plane)))
            control.set(self._patch)

    def _form_changed(self) -> None:
        """Half a patch from one to the next, unless the person set another distance."""
        patch, stride = self.form.control("patch"), self.form.control("stride")
        if stride.get() == self._stride and self._stride != int(patch.get()) // 2:
            self._stride = int(patch.get()) // 2
            stride.set(self._stride)
            return  # that comes back here
        self._suggest()
        self.changed.emit()

    def _renew(self, event: Any = None) -> None:
        value = getattr(event, "value", None)
        if value is not None and (not isinstance(value, ImageLayer) or is_made(value)):
            return  # ours, or painted: nothing to learn from
        others = self._others()
        self.all_open.setText(f"All {len(others) + 1} open images of this kind")
        self.all_open.setVisible(bool(others))
        if not others:
            self.all_open.setChecked(False)
        using = bool(self.model.name)
        for name in ("minutes", "patch"):
            self.form.control(name).widget.setEnabled(not using)
        self.ignore.setEnabled(not using)
        self.changed.emit()
