"""What one learns from: a painted layer with its classes, or one layer per class."""

from __future__ import annotations

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QWidget

from napari_simgraph.core.raster import Labels
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.layer_combo import LayerCombo
from napari_simgraph.viewer.live.fields import lies_on, strokes_here
from napari_simgraph.viewer.painted import PaintCount
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about, is_made
from napari_simgraph.viewer.theme import colors
from napari_simgraph.viewer.views import class_edits
from napari_simgraph.viewer.views.boundary_row import BoundaryRow
from napari_simgraph.viewer.views.class_edits import Said
from napari_simgraph.viewer.views.class_list import MAX_CLASSES, ClassList
from napari_simgraph.viewer.views.mask_rows import MaskRows
from napari_simgraph.viewer.views.numbering import Numbering
from napari_simgraph.viewer.views.painted_labels import painted_labels
from napari_simgraph.viewer.views.painting_rows import lay_out
from napari_simgraph.viewer.views.presets import PRESETS, preset_classes, with_preset
from napari_simgraph.viewer.views.strokes import BRUSH, bare_brush, dress, read_classes, shape_of


class Painting(QWidget):
    """Labels layer, classes, and how the two belong together.

    `changed` comes when what can be learned from changed: another layer, other classes, or
    newly counted pixels. `joining` says that a class is taken into another one, by their numbers,
    before it is.
    """

    changed = Signal()
    joining = Signal(int, int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._viewer = session, session.viewer
        self._image: Layer | None = None
        self.said: Said | None = None  # of the last class that was removed
        self.count = PaintCount(self._viewer)
        self.classes = ClassList(colors(self._viewer))
        self.layers = LayerCombo(self._viewer, LabelsLayer, self.refuse)
        self.layers.setToolTip("Where you painted: strokes or full masks.\ncommand line: --labels")
        self.layers.setAccessibleName("Labels")
        self.zero = QCheckBox("0 is background")
        self.zero.setToolTip(
            "For full masks: every pixel counts, and 0 is class 1.\ncommand line: --labels-are mask"
        )
        self.overlap = QCheckBox("Classes may overlap")
        self.overlap.setToolTip(
            "Each class has a Labels layer of its own, so a pixel may have several.\n"
            "command line: --class NAME=PATH"
        )
        self.masks = MaskRows(self._viewer, self.refuse)
        self.boundary = BoundaryRow()
        self.preset = combo("Ready-made class lists. Painted classes are kept.", "Preset")
        self.new_button, self.add_button = lay_out(self)
        self._connect()
        self.classes.show_table(preset_classes("EM"))
        self._labels_chosen()

    def show_image(self, image: Layer | None) -> None:
        """Paint on this image: grey stacks begin with EM classes, RGB with tissue."""
        if image == self._image:
            return
        self._image = image
        self.layers.renew()
        self.masks.renew()
        if image is not None and not self.count.pixels and self.layers.layer is None:
            self._take_preset("Tissue" if getattr(image, "rgb", False) else "EM")

    @property
    def image(self) -> Layer | None:
        """The picture that is painted on."""
        return self._image

    @property
    def layer(self) -> LabelsLayer | None:
        """The layer painted on."""
        return self.layers.layer

    @property
    def painted_layers(self) -> list[LabelsLayer]:
        """The layer painted on; of a large image all its fields."""
        layer, image = self.layer, self._image
        if layer is None or image is None or "corner" not in about(layer):
            return [layer] if layer is not None else []
        named = (other for other in self._viewer.layers if "corner" in about(other))
        return [other for other in named if lies_on(other, image)]

    @property
    def boundary_name(self) -> str:
        """The class that separates cells, or ""."""
        return self.boundary.name

    @property
    def painted_classes(self) -> int:
        """How many classes have pixels; where 0 is background it counts as one."""
        if self.overlap.isChecked():
            return len(self.classes.table)
        return len(self.numbering.counts()) + int(self.zero.isChecked())

    @property
    def painted_sections(self) -> list[int]:
        """The sections with something to learn from."""
        layer = self.layer
        if (self.zero.isChecked() or self.overlap.isChecked()) and layer is not None:
            return list(range(int(layer.data.shape[0]) if layer.ndim == 3 else 1))
        return self.count.sections

    def labels(self) -> Labels:
        """A copy of what is painted, fixed at this moment.

        Raises
        ------
        ValueError
            There is no layer, or one whose values or shape don't fit.
        """
        return painted_labels(self, self._session)

    @property
    def numbering(self) -> Numbering:
        """Which value of the layer stands for which class."""
        return Numbering(self.count.pixels, self.classes.numbers, int(self.zero.isChecked()))

    def refuse(self, layer: Layer) -> str:
        """Why a Labels layer is not offered, or ""."""
        image = self._image
        if is_made(layer):
            return "made by a model"
        if image is not None and not lies_on(layer, image):
            return f"another shape, {'x'.join(map(str, shape_of(layer)))}"
        return ""

    def new_strokes(self) -> None:
        """An empty Labels layer on the image, with the brush on the chosen class."""
        if self._image is None or self._image.ndim > 3:
            return
        made = strokes_here(self._viewer, self._image)
        self.zero.setChecked(False)
        self.layers.choose(made)
        dress(made, self.classes.table, self.classes.numbers)
        made.brush_size = BRUSH
        self.paint(max(1, self.classes.value))

    def paint(self, value: int) -> None:
        """Take the brush and this class, on the chosen layer."""
        layer = self.layer
        self.classes.choose(value)
        if layer is None or self.overlap.isChecked() or value > len(self.classes.table):
            return
        number = self.classes.numbers[value - 1]
        if number > np.iinfo(layer.dtype).max:
            return
        layer.selected_label = number
        bare_brush(self._viewer)
        if layer.editable and layer.mode in ("pan_zoom", "erase", "transform"):
            layer.mode = "paint"
        if self._viewer.layers.selection.active != layer:
            self._viewer.layers.selection.active = layer

    def show_masks(self, shown: bool) -> None:
        """Show what full masks need: 0 as background, and classes that overlap."""
        for widget in (self.zero, self.overlap, self.boundary):
            widget.setVisible(shown)

    def close_events(self) -> None:
        """Stop following viewer and layer."""
        self.layers.close_events()
        self.masks.close_events()
        self.count.watch(None)
        self._session.results_changed.disconnect(self._follow_colors)

    def _connect(self) -> None:
        self.layers.chosen.connect(self._labels_chosen)
        self.zero.toggled.connect(self._recount)
        self.overlap.toggled.connect(self._overlap_toggled)
        self.masks.changed.connect(self.changed)
        self.count.changed.connect(self._counted)
        self.count.touched.connect(lambda: setattr(self, "said", None))
        self.classes.edited.connect(self._classes_edited)
        self.classes.picked.connect(self.paint)
        self.classes.removing.connect(self._remove)
        self.classes.joining.connect(self._join)
        self.classes.going.connect(self._go_to)
        self._session.results_changed.connect(self._follow_colors)
        self.preset.activated.connect(lambda index: self._preset_chosen(index))

    def _labels_chosen(self) -> None:
        self.count.watch(self.layer)
        self.said = None
        self._read_names()
        self._recount()

    def _read_names(self) -> None:
        """Take names and colours that a layer of ours carries."""
        found = read_classes(self.layer) if self.layer is not None else None
        if found is not None:
            self.classes.show_table(*found)
            self.boundary.show_table(self.classes.table)

    def _counted(self) -> None:
        """Add classes for values that have none yet; 0 and 255 alone are a mask of one class."""
        if not self.count.too_many:
            for number in self.numbering.taken_out():  # the layer's own undo brought it back
                self.said = None
                self.classes.bring_back(number)
            for _ in range(min(self.numbering.wanted(), MAX_CLASSES - len(self.classes.table))):
                self.classes.add(f"class {len(self.classes.table) + 1}")
        self._recount()

    def _recount(self, *_: object) -> None:
        if self.zero.isChecked() and len(self.classes.table) > 2 and len(self.count.pixels) == 1:
            self._take_preset("Two classes")
        rest: dict[int, int | None] = {1: None} if self.zero.isChecked() else {}
        self.classes.show_counts({**rest, **self.numbering.counts()})
        self.changed.emit()

    def _classes_edited(self) -> None:
        self.boundary.show_table(self.classes.table)
        self.masks.show_table(self.classes.table)
        self._dress()
        self.changed.emit()

    def _dress(self) -> None:
        """Show the classes on the painted layer, where its values are theirs, and on results."""
        if self.layer is not None and not self.numbering.ranked and not self.zero.isChecked():
            dress(self.layer, self.classes.table, self.classes.numbers)
        self._follow_colors()

    def _follow_colors(self) -> None:
        if self._image is not None:
            class_edits.follow_colors(self._viewer, self._image, self.classes.table)

    def _remove(self, value: int) -> None:
        self.said = class_edits.remove_class(self, value)
        self._keep_brush()

    def _join(self, value: int, into: int) -> None:
        self.said = class_edits.join_class(self, value, into)
        self._keep_brush()

    def _keep_brush(self) -> None:
        """The brush never paints a class that is gone."""
        layer, numbers = self.layer, self.classes.numbers
        if layer is not None and self.said is not None and self.said.gone == layer.selected_label:
            layer.selected_label = numbers[max(1, self.classes.value) - 1]
        self.changed.emit()

    def _go_to(self, value: int) -> None:
        if self.layer is not None and not self.overlap.isChecked():
            class_edits.go_to_class(self._viewer, self.layer, self.numbering.layer_value(value))

    def _overlap_toggled(self, on: bool) -> None:
        self.masks.show_table(self.classes.table)
        self.masks.setVisible(on)
        for widget in (self.layers, self.zero, self.new_button):
            widget.setEnabled(not on)
        self.changed.emit()

    def _preset_chosen(self, index: int) -> None:
        self.preset.setCurrentIndex(0)
        if index > 0:
            self._take_preset(list(PRESETS)[index - 1])

    def _take_preset(self, name: str) -> None:
        """The classes of a preset; rows with painted pixels keep their name."""
        painted = self.numbering.counts() if name != "Two classes" else {}
        table = with_preset(name, self.classes.table, painted)
        if table is not None:
            self.said = None
            more = range(self.numbering.last + 1, 2 * MAX_CLASSES)
            numbers = [*self.classes.numbers, *more][: len(table)] if painted else ()
            self.classes.show_table(table, numbers)
            self._classes_edited()
