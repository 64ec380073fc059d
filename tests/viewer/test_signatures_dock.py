"""The Signatures dock and the Browser: what a network sees, recorded, clicked and compared."""

import numpy as np
import pytest
import torch
from acting import click, sentence
from patches import PLACE, SIDE, pixels, show
from qtpy.QtCore import QPoint, Qt
from safetensors.numpy import save_file
from torchvision.models import resnet18

from napari_simgraph.analysis.signature_paths import CLUSTER
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.groups import label
from napari_simgraph.core.model import Model
from napari_simgraph.core.signatures import LayerTable
from napari_simgraph.learn.state import pack
from napari_simgraph.nets import build
from napari_simgraph.viewer.views.bottom import bottom_of
from napari_simgraph.viewer.views.signatures import SignaturesDock
from napari_simgraph.viewer.views.signatures_layers import LayerList

LEFT = Qt.MouseButton.LeftButton


def unet():
    """An untrained U-Net, the same each time, as a model."""
    torch.manual_seed(0)
    options = {"in_channels": 1, "out_channels": 2, "width": 4, "depth": 2}
    arrays = pack(build("unet", **options))
    classes = ClassTable.of(["dark", "bright"])
    return Model("segmentation", arrays, {"name": "unet", "options": options}, classes=classes)


@pytest.fixture
def dock(viewer):
    made = SignaturesDock(viewer)
    viewer.window.add_dock_widget(made, name="Signatures", area="right")
    yield made
    made.session.jobs.close()


def press(qtbot, pane, x, y):
    """A click on a painted pane."""
    pane.grab()  # what is laid out when it is painted
    qtbot.mouseClick(pane, LEFT, pos=QPoint(int(x), int(y)))


def ready(dock, viewer, qtbot):
    """A stack with a table in front, some of its patches with a class, and a network."""
    dock.session.add_model(unet(), "net")
    layer = viewer.add_image(pixels(), name="vnc", **PLACE)
    table = show(dock.session, layer)
    bright = np.flatnonzero(table.values[:, :4].max(1) > 0)
    named = label(label(table, np.arange(len(table)), "dark"), bright, "bright")
    dock.session.tables.renew("vnc, 16 px", named)
    dock.session.selection.show_table(named, "vnc, 16 px")
    qtbot.waitUntil(lambda: dock.input.layers.count() > 4, timeout=60_000)
    return named


def done(dock, qtbot):
    qtbot.waitUntil(lambda: dock.run.task is None, timeout=60_000)


def test_it_teaches_while_it_is_empty_and_says_what_is_missing(dock, viewer, qtbot):
    assert sentence(dock) == "No model is here yet."
    assert dock.inside.minimumSizeHint().width() <= 286  # and the scroll bar: 300
    assert not dock.footer.main.isEnabled()
    dock.session.add_model(unet(), "net")
    assert sentence(dock) == "Choose the picture that the network looks at."
    viewer.add_image(np.zeros((32, 32, 3), np.uint8), name="colours", rgb=True)
    qtbot.waitUntil(lambda: dock.footer.main.isEnabled(), timeout=60_000)
    click(qtbot, dock.footer.main)
    done(dock, qtbot)
    assert sentence(dock) == (
        "This model wants grey pictures, the image has 3 colours. Learn a new one."
    )
    for at in range(dock.input.layers.count()):
        dock.input.layers.item(at).setCheckState(0, Qt.CheckState.Unchecked)
    assert not dock.footer.main.isEnabled()
    dock.input.layers.item(inner(dock)).setCheckState(0, Qt.CheckState.Checked)
    assert dock.footer.main.isEnabled()
    assert dock.input.layers.names == "down.0.first"


def inner(dock):
    """The row of a layer inside of a block."""
    layers = dock.input.layers
    row = layers._table["layer"].tolist().index("down.0.first")
    assert layers.item(row).parent().text(0) == "down.0"
    assert layers.item(row).text(0) == "first"
    return row


def test_weights_of_a_file_are_looked_into_once_their_network_is_named(
    dock, viewer, qtbot, tmp_path
):
    save_file(pack(resnet18(num_classes=5)), tmp_path / "foreign.safetensors")
    dock.input.weights.load(str(tmp_path / "none.safetensors"))
    assert sentence(dock).endswith("check the path of the weights.")
    dock.input.weights.load(str(tmp_path / "foreign.safetensors"))
    assert sentence(dock) == "Say which network the weights belong to: resnet18, or one of ours."
    network = dock.input.weights.network
    qtbot.keyClicks(network, "resnet34")
    qtbot.keyClick(network, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "don't fit" in sentence(dock), timeout=120_000)
    assert dock.session.models() == []
    network.clear()
    qtbot.keyClicks(network, "resnet18")
    qtbot.keyClick(network, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dock.input.layers.count() > 0, timeout=120_000)
    assert dock.input.model.name == "foreign (resnet18)"
    assert "layer3.1" in dock.input.layers.names
    assert dock.session.model("foreign (resnet18)").network["builder"] == "resnet18"


def test_recorded_patches_are_linked_all_ways(dock, viewer, qtbot):
    known = ready(dock, viewer, qtbot)
    assert "147 patches × 4 layers" in sentence(dock)
    dock.input.groups.setCurrentIndex(2)  # three groups
    click(qtbot, dock.footer.main)
    done(dock, qtbot)
    book, chosen = dock.book, dock.session.selection
    assert sentence(dock).startswith("Recorded. bright and dark ")
    assert (book.table.patch_id == known.patch_id).all()
    assert book.table.classes().tolist() == known.classes().tolist()
    page = bottom_of(viewer).page("Browser")
    page.resize(950, 220)
    qtbot.wait(50)
    # a layer: the other panes follow
    press(qtbot, page.layers, 20, 30)
    assert book.layer == "narrow.0"
    # a group's name: its patches
    press(qtbot, page.heat, 5, 5)
    assert chosen.said == "group 1"
    assert set(book.table.columns[CLUSTER][book.chosen]) == {0}
    # a cell: its neuron, with pictures in the page Thumbnails
    press(qtbot, page.heat, 40, 5)
    qtbot.waitUntil(lambda: page.neuron.told is not None, timeout=60_000)
    neuron = int(page.heat.neurons[0])
    assert (page.neuron.told.layer, page.neuron.told.neuron) == ("narrow.0", neuron)
    column = book.table.layer("narrow.0").of().start + neuron
    strongest = book.table.values[:, column].argmax()
    assert page.neuron.told.shown.top[0] == strongest
    qtbot.waitUntil(lambda: page.neuron.told.twins is not None, timeout=60_000)
    title = bottom_of(viewer).page("Thumbnails").title.text()
    assert title == f"Neuron {neuron} of narrow.0: strongest first"
    # a band of the paths: the patches that go along it
    page.paths.grab()
    node = page.paths.nodes[0]
    press(qtbot, page.paths, node.box.center().x(), node.box.center().y())
    assert book.steps == ((node.layer, node.cluster),)
    rows = np.flatnonzero(book.table.columns[f"cluster {node.layer}"] == node.cluster)
    assert book.chosen.tolist() == rows.tolist()
    # groups against classes: a cell
    page.side.setCurrentIndex(1)
    page.classes.grab()
    assert page.classes.sentence.startswith("purity ")
    told = book.table.made["clusters"]
    assert [sum(one) for one in zip(*told["counts"], strict=True)] == [
        int((known.classes() == name).sum()) for name in told["classes"]
    ]
    press(qtbot, page.classes, 30, 20)
    assert chosen.said == f"group 1, {told['classes'][0]}"
    assert len(book.chosen) == told["counts"][0][0]
    # a class: the share of each band that its patches go along
    page.kind.setCurrentText("bright")
    page.kind.activated.emit(page.kind.currentIndex())
    assert chosen.said == "bright"
    assert (book.table.classes()[book.chosen] == "bright").all()
    # a neuron of the list
    dock.neurons.setCurrentItem(dock.neurons.topLevelItem(1))
    found = book.compared.neurons
    assert (book.layer, book.neuron) == (found["layer"][1], found["neuron"][1])
    # a patch of the image: its path
    chosen.ask([chosen.example(7)])
    assert book.chosen.tolist() == [7]
    for pane in page.panes:
        assert not pane.grab().isNull()


def test_neurons_are_compared_and_switched_off(dock, viewer, qtbot):
    ready(dock, viewer, qtbot)
    click(qtbot, dock.input._look.button(2))
    dock.input.groups.setCurrentIndex(1)
    click(qtbot, dock.footer.main)
    done(dock, qtbot)
    assert [dock.sides.a.currentText(), dock.sides.b.currentText()] == ["bright", "dark"]
    dock.sides.b.setCurrentText("bright")
    click(qtbot, dock.sides.which)
    assert sentence(dock) == "A and B are the same: choose two different ones."
    dock.sides.b.setCurrentText("all the rest")
    click(qtbot, dock.sides.which)
    done(dock, qtbot)
    assert "neurons tell them apart, neuron" in sentence(dock)
    assert dock.book.compared.b == "all the rest"
    dock.sides.b.setCurrentText("dark")
    dock.sides.top.setValue(2)
    click(qtbot, dock.sides.off)
    done(dock, qtbot)
    assert sentence(dock).startswith("2 off: bright ")
    assert "; 2 random: bright " in sentence(dock)


def recorded(dock, qtbot, layer):
    """What the network sees in squares of 16 px of a picture."""
    dock.input.image.menu.choose(layer)
    dock.input.form.control("patch").set(SIDE)
    dock.input.groups.setCurrentIndex(1)
    qtbot.waitUntil(lambda: dock.footer.main.isEnabled(), timeout=60_000)
    click(qtbot, dock.footer.main)
    done(dock, qtbot)
    assert sentence(dock).startswith("Recorded")
    return dock.book.key


def test_what_is_unlike_the_training_is_a_layer_over_the_picture(dock, viewer, qtbot):
    dock.session.add_model(unet(), "net")
    plain = np.random.default_rng(1).normal(60, 8, (2, 64, 64)).clip(0, 255).astype(np.uint8)
    first = recorded(dock, qtbot, viewer.add_image(plain, name="training", **PLACE))
    assert dock.unlike.isHidden()  # there is nothing to compare with
    odd = plain[:, ::-1].copy()
    odd[1, 32:48, 16:32] = np.where(np.indices((16, 16)).sum(0) % 4 < 2, 20, 240)
    layer = viewer.add_image(odd, name="new", **PLACE)
    key = recorded(dock, qtbot, layer)
    click(qtbot, dock.unlike)
    assert sentence(dock) == "Choose the signatures of the training images."
    qtbot.keyClick(dock.reference, Qt.Key.Key_Down)
    assert dock.reference.currentText() == first
    done(dock, qtbot)
    assert "patches are more unusual than 99 % of the training." in sentence(dock)
    (shown,) = dock.run.unusual.layers
    assert (shown.name, tuple(shown.contrast_limits)) == ("new · unlike", (0.0, 100.0))
    cells = np.asarray(shown.data)
    at = np.round(shown.world_to_data(layer.data_to_world((1, 40, 24)))).astype(int)
    assert cells[tuple(at)] > 80  # in the middle of the odd square
    assert cells[1, 3:6, 1:4].mean() > cells[0].mean() + 20
    click(qtbot, dock.unlike)
    assert dock.run.unusual.layers == []
    click(qtbot, dock.unlike)
    done(dock, qtbot)
    assert dock.run.unusual.layers
    # other signatures come to the front: the layer spoke of these, so it goes
    dock.session.selection.show_table(dock.session.tables.get(first), first)
    assert dock.book.key == first != key
    assert not dock.unlike.isChecked()
    assert dock.run.unusual.layers == []


def test_signatures_come_back_with_the_workspace(dock, viewer, qtbot):
    ready(dock, viewer, qtbot)
    dock.input.groups.setCurrentIndex(1)
    click(qtbot, dock.footer.main)
    done(dock, qtbot)
    key, print_before = dock.book.key, dock.book.table.fingerprint
    dock.session.flush()
    folder = dock.session.workspace.folder
    dock.book._known.clear()
    dock.book.adopt(folder)
    assert key in dock.book
    assert dock.book.get(key).fingerprint == print_before


def test_the_one_hidden_layer_of_a_dense_network_is_ticked(qtbot):
    layers = LayerList()
    qtbot.addWidget(layers)
    names = ["inner", "rectify", "head"]
    columns = {"layer": np.array(names), "kind": np.array(["Linear", "ReLU", "Linear"])}
    columns |= {"shape": np.array(["128", "128", "10"]), "neurons": np.array([128, 128, 10])}
    layers.show_layers(LayerTable({**columns, "recorded": np.array([False, True, True])}))
    assert layers.names == "rectify,head"
