"""One control per setting: what shows a value and gives it back unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from qtpy.QtCore import QEvent, QLocale, QObject, QSize, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QWidget,
)

from napari_simgraph.core.config import Setting, Value
from napari_simgraph.core.geometry import PIXEL, say_length
from napari_simgraph.viewer.words import tip

LABEL_WIDTH = 88  # px, so that the controls of a dock stand in one column
LEAST_WIDTH = 64  # px, of a menu or number beside others in a dock of 300 px
_INT = 2**31 - 1  # the largest number a QSpinBox takes
_DECIMALS = 12  # of the box; its text shows what is needed
_PAGE = 10  # steps
_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_PageDown: -_PAGE,
    Qt.Key.Key_PageUp: _PAGE,
    Qt.Key.Key_Home: -np.inf,
    Qt.Key.Key_End: np.inf,
}


class RowLabel(QLabel):
    """The name before a control: all of one width, wider only where large letters need it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        policy = self.sizePolicy()
        policy.setHorizontalPolicy(QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        """As wide as its longest word, or as all others."""
        width = max(LABEL_WIDTH, super().minimumSizeHint().width())
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """The same."""
        return self.sizeHint()


class Control(Protocol):
    """A widget's value, and a signal when a person changes it."""

    widget: QWidget
    changed: Any

    def get(self) -> Value:
        """The value shown."""
        ...

    def set(self, value: Any) -> None:
        """Show a value."""
        ...


class Calm(QObject):
    """Keeps the wheel from changing a box that one only scrolls past."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Hand the wheel on to the scroll area unless the box has the focus."""
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return False


class Worded(QObject):
    """Lets one type a number over the word that a box shows for 0."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Let a digit take the place of the whole word."""
        typed = event.type() == QEvent.Type.KeyPress and event.text().isdigit()
        if typed and watched.text() == watched.specialValueText():
            watched.selectAll()
        return False


def calm(widget: QWidget) -> None:
    """Make a box ignore the wheel until it was clicked or tabbed into."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(Calm(widget))


class Stepped(QObject):
    """Lets keys move a slider of decimal numbers, which superqt's take no notice of."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Move by a step, by ten, or to an end."""
        steps = _STEPS.get(event.key()) if event.type() == QEvent.Type.KeyPress else None
        if steps is None:
            return False
        aim = watched.value() + steps * watched.singleStep()
        watched.setValue(float(np.clip(aim, watched.minimum(), watched.maximum())))
        return True


def stepped(slider: QWidget) -> None:
    """Give a labelled slider of decimal numbers its keys; the wheel moves it once it has focus."""
    inner = slider.findChild(QSlider)
    inner.installEventFilter(Stepped(inner))
    slider.setFocusProxy(inner)  # else Tab comes by twice
    for part in (slider, inner):  # the wheel goes from one to the other
        calm(part)


def combo(tooltip: str = "", name: str = "") -> QComboBox:
    """A combo box that never widens its dock and hands the keys back once a choice is made."""
    made = QComboBox()
    policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    made.setSizeAdjustPolicy(policy)
    made.setMinimumContentsLength(8)
    made.setMinimumWidth(LEAST_WIDTH)
    made.setToolTip(tooltip)
    made.setAccessibleName(name)
    made.activated.connect(made.clearFocus)
    calm(made)
    return made


class Number(QDoubleSpinBox):
    """A number that is shown with as many digits as it has."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(_DECIMALS)
        self.setLocale(QLocale.c())  # a point in every language, as on the command line

    def textFromValue(self, value: float) -> str:
        """Without exponent, and without zeros at the end."""
        return str(np.format_float_positional(value, precision=6, fractional=False, trim="-"))


class _Choice(QObject):
    changed = Signal()

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.widget = combo()
        self._choices = setting.choices
        self.widget.addItems([choice.replace("_", " ") for choice in setting.choices])
        self.widget.currentIndexChanged.connect(lambda _: self.changed.emit())

    def get(self) -> Value:
        return str(self._choices[self.widget.currentIndex()])

    def set(self, value: Any) -> None:
        self.widget.setCurrentIndex(self._choices.index(value))


class _Tick(QObject):
    changed = Signal()

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.widget = QCheckBox(say_label(setting))
        self.widget.toggled.connect(lambda _: self.changed.emit())

    def get(self) -> Value:
        return bool(self.widget.isChecked())

    def set(self, value: Any) -> None:
        self.widget.setChecked(value)


class _Text(QObject):
    changed = Signal()

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.widget = QLineEdit()
        self.widget.setMinimumWidth(60)
        self.widget.textChanged.connect(lambda _: self.changed.emit())

    def get(self) -> Value:
        return str(self.widget.text())

    def set(self, value: Any) -> None:
        self.widget.setText(value)


class Spin(QObject):
    """A whole or decimal number with its unit; pixels say their length where it is known."""

    changed = Signal()

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self._setting = setting
        self._exact: tuple[float, Value] | None = None  # what the box showed for which value
        self._pixel: tuple[float, str] = (1.0, PIXEL)
        whole = setting.type is int
        self.widget = QSpinBox() if whole else Number()
        self.widget.setLocale(QLocale.c())  # no thousands separators
        self.widget.setKeyboardTracking(False)
        wide = _INT if whole else 1e12
        low = -wide if setting.low is None else max(setting.low, -wide)
        high = wide if setting.high is None else min(setting.high, wide)
        kind: Callable[[Any], float] = int if whole else float
        self.widget.setRange(kind(low), kind(high))
        self.widget.setSingleStep(kind(setting.step or (1 if whole else 0.1)))
        if setting.zero:  # instead of the lowest value, which is 0
            self.widget.setSpecialValueText(setting.zero)
            self.widget.installEventFilter(Worded(self.widget))
        self.widget.valueChanged.connect(self._renew)
        calm(self.widget)

    def get(self) -> Value:
        """The number shown, or the exact one that was set where the box rounds it."""
        shown = self.widget.value()
        if self._exact is not None and self._exact[0] == shown:
            return self._exact[1]
        return self._setting.type(shown)  # type: ignore[no-any-return]

    def set(self, value: Any) -> None:
        """Show a number, and keep it exactly."""
        self.widget.setValue(value)
        self._exact = (self.widget.value(), value)
        self._renew()

    def set_pixel_size(self, size: float, unit: str) -> None:
        """What a pixel measures, so that ``256 px`` also says ``1.02 µm``."""
        self._pixel = (size, unit)
        self._say_unit()

    def _renew(self) -> None:
        self._say_unit()
        self.changed.emit()

    def _say_unit(self) -> None:
        said = f" {self._setting.unit}" if self._setting.unit else ""
        size, unit = self._pixel
        if self._setting.unit == "px" and unit != PIXEL:
            said += f" = {say_length(self.widget.value() * size, unit)}"
        self.widget.setSuffix(said)


def make_control(setting: Setting) -> Control:
    """The control of a setting, with tooltip and the name that screen readers say."""
    made: Control
    if setting.choices:
        made = _Choice(setting)
    elif setting.type is bool:
        made = _Tick(setting)
    elif setting.type is str:
        made = _Text(setting)
    else:
        made = Spin(setting)
    made.set(setting.default)
    made.widget.setToolTip(tip(setting.help, setting.option))
    made.widget.setAccessibleName(say_label(setting))
    return made


def say_label(setting: Setting) -> str:
    """The plain words of a setting."""
    return setting.label or setting.name.replace("_", " ").capitalize()
