"""Settings survive the form, whichever capability they belong to."""

import random
import string
from dataclasses import dataclass

import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QKeyEvent, QWheelEvent
from qtpy.QtWidgets import QApplication, QLabel, QWidget
from superqt import QLabeledDoubleSlider

from napari_simgraph.capabilities import NAMES, load
from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.verbs import verbs
from napari_simgraph.viewer.controls import stepped
from napari_simgraph.viewer.fold import SettingsFold
from napari_simgraph.viewer.forms import Form

CONFIGS = {
    f"{name}.{verb.name}": verb.config for name in NAMES for verb in verbs(load(name)).values()
}


@dataclass(frozen=True)
class Toy(Config):
    """One of each kind."""

    minutes: float = setting(
        5.0, "How long.", 0, 100, 0.5, label="Learn for", first=True, unit="min"
    )
    patch: int = setting(256, "Size of a patch.", 16, 4096, 16, unit="px")
    rate: float = setting(0.001, "Learning rate.", 0, 1)
    flips: bool = setting(True, "Flip pictures.")
    device: str = setting("auto", "Where it runs.", choices=("auto", "cpu", "cuda"))
    note: str = setting("", "Anything.")
    seed: int = setting(0, "Random seed.")
    size: int = setting(0, "Size of the picture; 0 looks.", 0, 512, 8, unit="px", zero="auto")


def random_value(item, rng):
    if item.choices:
        return rng.choice(item.choices)
    if item.type is bool:
        return rng.random() < 0.5
    if item.type is str:
        return "".join(rng.choices(string.ascii_letters + " ,-1", k=rng.randint(0, 12)))
    low = -(2**31) + 1 if item.low is None else item.low
    high = 2**31 - 1 if item.high is None else item.high
    if item.type is int:
        return rng.randint(int(low), int(min(high, 2**31 - 1)))
    return rng.choice([low, high, rng.uniform(low, high), low + (high - low) * 1e-7])


@pytest.mark.parametrize("config", [Toy, *CONFIGS.values()], ids=["toy", *CONFIGS])
def test_any_legal_settings_come_back_from_the_form_as_they_were(qtbot, config):
    form, rng = Form(config), random.Random(0)
    qtbot.addWidget(form)
    assert form.value() == config()
    for _ in range(40):
        wanted = config(**{s.name: random_value(s, rng) for s in config.settings()})
        form.set_value(wanted)
        assert form.value() == wanted


@pytest.mark.parametrize("config", [Toy, *CONFIGS.values()], ids=["toy", *CONFIGS])
def test_every_control_has_a_tooltip_with_its_option_and_a_name_for_screen_readers(qtbot, config):
    form = Form(config)
    qtbot.addWidget(form)
    for item in config.settings():
        widget = form.control(item.name).widget
        first, second = widget.toolTip().split("\n")
        assert first == item.help
        assert second == f"command line: {item.option}"
        assert widget.accessibleName()


def test_a_typed_number_is_the_new_value(qtbot):
    form = Form(Toy)
    qtbot.addWidget(form)
    form.show()
    box = form.control("minutes").widget
    box.setFocus()
    box.selectAll()
    with qtbot.waitSignal(form.changed):
        qtbot.keyClicks(box, "2.5")
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert form.value().minutes == 2.5
    assert box.text() == "2.5 min"


def test_numbers_show_all_their_digits_and_no_more(qtbot):
    form = Form(Toy)
    qtbot.addWidget(form)
    assert form.control("rate").widget.text() == "0.001"
    form.set_value(Toy(rate=0.00025))
    assert form.control("rate").widget.text() == "0.00025"


def test_pixels_say_their_length_where_it_is_known(qtbot):
    form = Form(Toy)
    qtbot.addWidget(form)
    form.set_pixel_size(4.0, "nm")
    assert form.control("patch").widget.text() == "256 px = 1.024 µm"
    form.set_pixel_size(1.0, "pixel")
    assert form.control("patch").widget.text() == "256 px"


def test_a_zero_that_means_something_is_a_word_and_a_number_can_be_typed_over_it(qtbot):
    form = Form(Toy)
    qtbot.addWidget(form)
    form.rest.show()
    box = form.control("size").widget
    assert box.text() == "auto"
    qtbot.mouseClick(box.lineEdit(), Qt.MouseButton.LeftButton)
    qtbot.keyClicks(box, "64")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.text(), form.value().size) == ("64 px", 64)
    qtbot.keyClick(box, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(box, "0")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.text(), form.value().size) == ("auto", 0)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_words_stand_for_the_lowest_number_alone(config):
    assert all(item.low == 0 for item in config.settings() if item.zero)


def test_settings_that_stand_first_are_unfolded_and_the_rest_is_counted_and_reset(qtbot):
    form, fold = Form(Toy), SettingsFold()
    for widget in (form, fold.button, fold.content):
        qtbot.addWidget(widget)
    form.fold_into(fold)
    assert form.isAncestorOf(form.control("minutes").widget)
    assert form.rest.isAncestorOf(form.control("patch").widget)
    assert fold.button.text() == "Settings"
    assert not fold.reset_button.isEnabled()
    form.set_value(Toy(minutes=9, patch=128, flips=False))
    assert fold.button.text() == "Settings (2 changed)"
    qtbot.mouseClick(fold.reset_button, Qt.MouseButton.LeftButton)
    assert form.value() == Toy(minutes=9)
    assert fold.button.text() == "Settings"


def test_held_settings_are_not_shown_but_are_in_the_value(qtbot):
    form = Form(Toy, held=("device", "seed"))
    qtbot.addWidget(form)
    form.hold(device="cuda")
    form.set_value(Toy(device="cuda", seed=7))
    assert form.value() == Toy(device="cuda", seed=7)
    with pytest.raises(KeyError):
        form.control("device")
    texts = {label.text() for page in (form, form.rest) for label in page.findChildren(QLabel)}
    assert "Device" not in texts


def test_the_wheel_scrolls_past_a_box_without_changing_it(qtbot):
    form = Form(Toy)
    qtbot.addWidget(form)
    form.show()
    assert not turned_by_the_wheel(form.control("minutes").widget)
    assert form.value().minutes == 5.0


def turned_by_the_wheel(box):
    QApplication.focusWidget() and QApplication.focusWidget().clearFocus()
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 120),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, event)
    return event.isAccepted()


def test_keys_move_a_slider_and_the_wheel_scrolls_past_it(qtbot):
    made = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
    qtbot.addWidget(made)
    made.setRange(-1.0, 1.0)
    made.setSingleStep(0.05)
    stepped(made)
    made.show()
    inner = made.focusProxy()
    told = []
    made.valueChanged.connect(told.append)
    assert not turned_by_the_wheel(inner)
    assert not turned_by_the_wheel(made)
    assert not told
    key = Qt.Key
    for pressed in (key.Key_Right, key.Key_Right, key.Key_Down, key.Key_PageUp, key.Key_Left):
        qtbot.keyClick(inner, pressed)
    assert told == pytest.approx([0.05, 0.1, 0.05, 0.55, 0.5])
    for pressed, end in ((key.Key_End, 1.0), (key.Key_Up, 1.0), (key.Key_Home, -1.0)):
        qtbot.keyClick(inner, pressed)
        assert made.value() == end
    passed = QKeyEvent(QEvent.Type.KeyPress, key.Key_N, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(inner, passed)
    assert not passed.isAccepted()  # a key of the dock


def test_the_form_stays_narrow(qtbot):
    holder = QWidget()
    qtbot.addWidget(holder)
    for config in CONFIGS.values():
        form = Form(config)
        qtbot.addWidget(form)
        assert form.minimumSizeHint().width() < 356
        assert form.rest.minimumSizeHint().width() < 356
