"""Pictures of signatures for their tutorial, and for looking them over.

``python docs/signature_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or
more, such as ``xvfb-run -s "-screen 0 1280x800x24"``. All are of the digits sample and a small CNN
that learned it for 60 steps; with ``--review`` every state in both themes and with large letters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from shooting import folded, main, sizes, themes

from napari_simgraph.analysis.signature_paths import along
from napari_simgraph.viewer.driving import Driver
from napari_simgraph.viewer.views.bottom import show_page

STEPS, WIDTH, DEPTH = 60, 8, 3  # nine of ten digits are told apart
WAIT_S = 1500.0
NEURONS, CLASSES, NUMBER = range(3)  # what the second pane shows groups against


def learned(window: Driver) -> Any:
    """The dock Signatures with the digits and a network that learned them."""
    window.sample("digits")
    classes = window.open("Classes")
    classes.input.folder.setChecked(True)
    form = classes.learn.form
    form.set_value(replace(form.value(), minutes=0, steps=STEPS, width=WIDTH, depth=DEPTH))
    window.press(classes)
    window.wait(until=lambda: classes.task is None, at_most=WAIT_S)
    return chosen(window)


def chosen(window: Driver) -> Any:
    """The dock Signatures with that network and the digits chosen."""
    dock = window.open("Signatures")
    dock.input.image.menu.choose(window.viewer.layers["digits"])
    dock.input.model.choose(dock.session.models("classification")[0])
    window.wait(until=lambda: dock.input.layers.count(), at_most=WAIT_S)
    return dock


def recorded(window: Driver, dock: Any, groups: str = "10") -> Any:
    """The page Browser with what it sees, 1 against 7."""
    dock.input.groups.setCurrentText(groups)
    window.press(dock)
    window.wait(until=lambda: dock.run.task is None, at_most=WAIT_S)
    dock.sides.a.setCurrentText("1")
    dock.sides.b.setCurrentText("7")
    asked(window, dock, dock.sides.which)
    return show_page(window.viewer, "Browser")


def asked(window: Driver, dock: Any, button: Any) -> None:
    """Press one of the two questions, and wait for the answer."""
    button.click()
    window.wait(until=lambda: dock.run.task is None, at_most=WAIT_S)


def looked(window: Driver, page: Any) -> None:
    """The neuron that tells 1 from 7 best, in the last hidden layer."""
    page.book.look(page.book.table.inner[-1].name)
    page.heat.grab()
    page.book.look(neuron=int(page.heat.neurons[0]))
    window.wait(until=lambda: page.neuron.told is not None, at_most=60)
    window.wait(2.0)


def path_of(page: Any, digit: str) -> None:
    """Choose the first picture of a digit: its path is drawn."""
    selection = page.session.selection
    row = int(np.flatnonzero(selection.table.classes() == digit)[0])
    selection.ask([selection.example(row)])


def tutorial(window: Driver) -> None:
    """The pictures of the tutorial."""
    dock = learned(window)
    page = recorded(window, dock)
    looked(window, page)
    window.shoot("signatures_neuron")
    page.side.setCurrentIndex(CLASSES)
    window.wait(0.5)
    window.shoot("signatures_classes")
    page.side.setCurrentIndex(NEURONS)
    path_of(page, "7")
    window.wait(1.5)
    window.shoot("signatures_path")
    asked(window, dock, dock.sides.off)
    window.shoot("signatures_off")


def review(window: Driver) -> None:
    """Each state of the dock and the page."""
    window.open("Signatures")
    show_page(window.viewer, "Browser")
    themes(window, "signatures_empty")
    dock = learned(window)
    themes(window, "signatures_ready")
    folded(window, dock, "signatures")
    page = recorded(window, dock, "suggest")
    themes(window, "signatures_recorded")
    looked(window, page)
    themes(window, "signatures_neuron")
    for side in (CLASSES, NUMBER):
        page.side.setCurrentIndex(side)
        themes(window, f"signatures_{page.side.currentText()}")
    page.side.setCurrentIndex(NEURONS)
    node = page.paths.nodes[0]
    page.book.follow([(node.layer, node.cluster)])
    page.book.choose(along(page.book.table, page.book.steps), "a group")
    themes(window, "signatures_group")
    sizes(window, dock, "signatures")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
