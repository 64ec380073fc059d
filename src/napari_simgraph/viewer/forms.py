"""Forms: a Config shown as controls and read back as a Config."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QWidget

from napari_simgraph.core.config import Config, Setting, Value
from napari_simgraph.viewer.controls import Control, RowLabel, Spin, make_control, say_label
from napari_simgraph.viewer.fold import SettingsFold
from napari_simgraph.viewer.words import tip

C = TypeVar("C", bound=Config)


class Form(QWidget, Generic[C]):
    """The settings that stand first; the others are in `rest`, for the fold of a dock.

    Parameters
    ----------
    config
        The class of settings to show.
    held
        Names that the dock asks for in its own way; `value` has what `hold` was told.
    """

    changed = Signal()

    def __init__(self, config: type[C], held: Sequence[str] = ()) -> None:
        super().__init__()
        self._config = config
        self._held: dict[str, Value] = {s.name: s.default for s in config.settings()}
        self._settings = {s.name: s for s in config.settings() if s.name not in held}
        self._controls = {name: make_control(s) for name, s in self._settings.items()}
        self.rest = QWidget()
        self._fold: SettingsFold | None = None
        for page, first in ((self, True), (self.rest, False)):
            _lay(
                page,
                [(s, self._controls[n]) for n, s in self._settings.items() if s.first is first],
            )
        self.setVisible(any(s.first for s in self._settings.values()))
        for control in self._controls.values():
            control.changed.connect(self._renew)

    def value(self) -> C:
        """What the form says, as a checked Config."""
        shown = {name: control.get() for name, control in self._controls.items()}
        return self._config(**{**self._held, **shown})

    def set_value(self, config: C) -> None:
        """Show these settings."""
        for name, value in config.to_json().items():
            if name in self._controls:
                self._controls[name].set(value)
            else:
                self._held[name] = value
        self._renew()

    def hold(self, **values: Value) -> None:
        """Set what the form does not show."""
        self._held.update(values)

    def control(self, name: str) -> Control:
        """The control of a setting, for docks that dim it or listen to it."""
        return self._controls[name]

    def set_pixel_size(self, size: float, unit: str) -> None:
        """What a pixel measures, so that lengths in pixels say their size."""
        for control in self._controls.values():
            if isinstance(control, Spin):
                control.set_pixel_size(size, unit)

    def fold_into(self, fold: SettingsFold) -> None:
        """Show the rest in a dock's fold, which counts what was changed and resets it."""
        self._fold = fold
        fold.show_page(self.rest)
        fold.on_reset(self.reset)
        fold.set_changed(self.count_changes())

    def count_changes(self) -> int:
        """How many folded settings differ from their default."""
        return sum(self._controls[s.name].get() != s.default for s in self._folded())

    def reset(self) -> None:
        """Set what is folded back to its default."""
        for setting in self._folded():
            self._controls[setting.name].set(setting.default)

    def _folded(self) -> list[Setting]:
        return [s for s in self._settings.values() if not s.first]

    def _renew(self) -> None:
        if self._fold is not None and self._fold.is_shown(self.rest):
            self._fold.set_changed(self.count_changes())
        self.changed.emit()


def _lay(page: QWidget, rows: Sequence[tuple[Setting, Control]]) -> None:
    """Labels on the left, controls on the right, ticks across both."""
    grid = QGridLayout(page)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(4)
    grid.setHorizontalSpacing(4)
    grid.setColumnStretch(1, 1)
    for row, (setting, control) in enumerate(rows):
        if isinstance(control.widget, QCheckBox):
            grid.addWidget(control.widget, row, 0, 1, 2)
            continue
        label = RowLabel(say_label(setting))
        label.setToolTip(tip(setting.help, setting.option))
        label.setBuddy(control.widget)
        grid.addWidget(label, row, 0)
        grid.addWidget(control.widget, row, 1)
