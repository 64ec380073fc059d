"""The line below an image menu: its size in words, set in place where it is unknown."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_simgraph.core.geometry import PIXEL, to_unit
from napari_simgraph.viewer.controls import Number, calm, combo
from napari_simgraph.viewer.footer import button, flat
from napari_simgraph.viewer.layer_combo import say_facts, say_shape
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.scaling import axis_names, set_pixel_size, take_axis
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.theme import WARNING

UNITS = {"nm": "nm", "µm": "um", "mm": "mm"}
_SET_TIP = (
    "Pixel width and height, and section thickness, in nm or µm.\n"
    "Changes the layer's scale and all results on it; command line: --spacing, --unit"
)


class FactsLine(QWidget):
    """Shape and pixel size of an image layer with [Set], and the two editors that open in place.

    Below it what was found when its file was read: what was paired, what was left out.

    `changed` says that the pixel size was set or another layer was made from four axes; that
    layer is in the viewer then, and active.
    """

    changed = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._layer: Layer | None = None
        self._bar, self.text, self.told = QFrame(), QLabel(), QLabel()
        self._bar.setFixedWidth(3)
        self._bar.setStyleSheet(f"background: {WARNING}; padding: 0;")
        for label in (self.text, self.told):
            label.setWordWrap(True)
            label.setObjectName("faint")
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.set_button = flat("Set", self._open, _SET_TIP)
        self.size_editor, self.axis_editor = SizeEditor(self), AxisEditor(self)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._bar)
        line.addWidget(self.text, 1)
        line.addWidget(self.set_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(line)
        column.addWidget(self.told)
        for editor in (self.size_editor, self.axis_editor):
            editor.hide()
            column.addWidget(editor)

    def show_layer(self, layer: Layer | None) -> None:
        """Tell the facts of this layer, or nothing."""
        if layer != self._layer:
            self.size_editor.hide()
            self.axis_editor.hide()
            self._follow(layer)
        self._layer = layer
        self.setVisible(layer is not None)
        if layer is None:
            return
        self.told.setText("\n".join(about(layer).get("notes", ())))
        self.told.setVisible(bool(self.told.text()))
        many = layer.ndim > 3
        unknown = not many and image_of(layer).unit == PIXEL
        self._bar.setVisible(many or unknown)
        names = ", ".join(axis_names(layer))
        said = f"This layer has {layer.ndim} axes ({names}). Choose which to use."
        self.text.setText(said if many else say_facts(layer))
        self.text.setToolTip(say_shape(layer))
        self.set_button.setText("Choose" if many else "Set")
        self.set_button.setToolTip(
            "Opens two menus here.\ncommand line: --axes" if many else _SET_TIP
        )

    def set_size(self, spacing: tuple[float, ...], unit: str) -> None:
        """Give the layer this pixel size."""
        if self._layer is not None:
            set_pixel_size(self._viewer, self._layer, spacing, unit)
            self.show_layer(self._layer)
            self.changed.emit()

    def take_axis(self, axis: int, index: int) -> None:
        """Add a layer with one place of an axis."""
        if self._layer is not None:
            made = self._viewer.add_layer(take_axis(self._layer, axis, index))
            self._layer.visible = False
            self._viewer.layers.selection.active = made
            self.changed.emit()

    def close_events(self) -> None:
        """Stop following the layer."""
        self._follow(None)
        self._layer = None

    def _follow(self, layer: Layer | None) -> None:
        """Tell the facts anew when somebody else sets the size."""
        for name in ("scale", "units"):
            if self._layer is not None:
                getattr(self._layer.events, name).disconnect(self._scaled)
            if layer is not None:
                getattr(layer.events, name).connect(self._scaled)

    def _scaled(self, event: Any = None) -> None:
        self.show_layer(self._layer)

    def _open(self) -> None:
        assert self._layer is not None  # the button is hidden without a layer
        editor = self.axis_editor if self._layer.ndim > 3 else self.size_editor
        editor.setVisible(not editor.isVisible())
        if editor.isVisible():
            editor.read(self._layer)


class SizeEditor(QWidget):
    """Pixel size, section thickness and unit in one row; Enter sets them."""

    def __init__(self, line: FactsLine) -> None:
        super().__init__()
        self._line, self._ndim = line, 3
        self.pixel = _length("Pixel width and height.\ncommand line: --spacing")
        self.section = _length("Thickness of a section.\ncommand line: --spacing")
        self.unit = combo("Unit of both.\ncommand line: --unit", "Unit")
        self.unit.addItems(list(UNITS))
        self.unit.setMinimumContentsLength(2)
        self._section_label = QLabel("Section")
        self.ok = button("Set", self._set, "Sets the size; Enter does the same.")
        parts = (QLabel("Pixel"), self.pixel, self._section_label, self.section, self.unit, self.ok)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for place, widget in enumerate(parts):
            grid.addWidget(widget, *((0, place) if place < 4 else (1, 2 * place - 7)))
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        for box in (self.pixel, self.section):
            box.lineEdit().returnPressed.connect(self._set)

    def read(self, layer: Layer) -> None:
        """Show what the layer says, or 1 nm where it says nothing."""
        image = image_of(layer)
        known = "nm" if image.unit == PIXEL else image.unit
        unit = known if known in UNITS.values() else "nm"
        scaled = [s if image.unit == PIXEL else to_unit(s, known, unit) for s in image.spacing]
        self._ndim = len(scaled)
        self.unit.setCurrentIndex(list(UNITS.values()).index(unit))
        self.pixel.setValue(scaled[-1])
        self.section.setValue(scaled[0])
        self.section.setVisible(self._ndim > 2)
        self._section_label.setVisible(self._ndim > 2)
        self.pixel.setFocus()
        self.pixel.selectAll()

    def _set(self) -> None:
        pixel, unit = self.pixel.value(), UNITS[self.unit.currentText()]
        spacing = (self.section.value(), pixel, pixel)[-self._ndim :]
        self.hide()
        self._line.set_size(spacing, unit)


class AxisEditor(QWidget):
    """Two menus: the axis to hold, and where on it."""

    def __init__(self, line: FactsLine) -> None:
        super().__init__()
        self._line = line
        self._sizes: tuple[int, ...] = ()
        self.axis = combo("The axis that is not space.\ncommand line: --axes", "Axis")
        self.index = combo("Which of them to use.\ncommand line: --channel", "Place on the axis")
        for menu in (self.axis, self.index):
            menu.setMinimumContentsLength(3)
        self.axis.currentIndexChanged.connect(self._list_places)
        self.ok = button("Use", self._use, "Adds this part as a layer; nothing is copied.")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.axis, 1)
        row.addWidget(QLabel("at"))
        row.addWidget(self.index, 1)
        row.addWidget(self.ok)

    def read(self, layer: Layer) -> None:
        """List the axes; the shortest is offered first, since it is seldom space."""
        data = layer.data[0] if layer.multiscale else layer.data
        self._sizes = tuple(int(n) for n in data.shape[: layer.ndim])
        self.axis.clear()
        named = zip(axis_names(layer), self._sizes, strict=True)
        self.axis.addItems([f"{name} ({size})" for name, size in named])
        self.axis.setCurrentIndex(self._sizes.index(min(self._sizes)))
        self._list_places()

    def _list_places(self) -> None:
        self.index.clear()
        if self.axis.currentIndex() >= 0:
            self.index.addItems([str(i) for i in range(self._sizes[self.axis.currentIndex()])])

    def _use(self) -> None:
        self.hide()
        self._line.take_axis(self.axis.currentIndex(), self.index.currentIndex())


def _length(tooltip: str) -> QDoubleSpinBox:
    box = Number()
    box.setRange(1e-6, 1e9)
    box.setToolTip(tooltip)
    box.setAccessibleName(tooltip.split("\n")[0])
    box.setStyleSheet("min-width: 32px; padding: 1px 4px;")  # napari's 90 px leave no room for two
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    calm(box)
    return box
