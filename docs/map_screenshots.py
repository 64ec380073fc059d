"""Pictures of groups and map for their tutorial, and for looking them over.

``python docs/map_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or more,
such as ``xvfb-run -s "-screen 0 1280x800x24"``. All are of the digits sample, learned for 250
steps without labels; with ``--review`` every state in both themes and with large letters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from shooting import LARGE, LETTERS, area_of, main, themes

from napari_simgraph.viewer.driving import Driver
from napari_simgraph.viewer.views.bottom import show_page

STEPS = 250  # ten kinds of digits lie apart
WAIT_S = 900.0


def learned(window: Driver) -> Any:
    """The dock with the digits, embedded and grouped."""
    dock = window.open("Similar")
    window.sample("digits")
    settings = replace(dock.input.form.value(), minutes=0, steps=STEPS, patch=28, stride=28)
    dock.input.form.set_value(settings)
    window.press(dock)
    window.wait(until=lambda: dock.task is None, at_most=WAIT_S)
    return dock


def grouped(window: Driver, dock: Any) -> Any:
    """The groups and the map, laid out by UMAP."""
    dock.groups.find_button.click()
    window.wait(until=lambda: dock.groups.list.topLevelItemCount() > 1, at_most=WAIT_S)
    page = show_page(window.viewer, "Map")
    page.compute()
    window.wait(until=lambda: page.task is None, at_most=WAIT_S)
    bar = area_of(dock).verticalScrollBar()
    bar.setValue(bar.maximum())
    window.wait(1.0)
    return page


def lassoed(page: Any, group: int = 0) -> None:
    """Choose what lies around the middle of a group, as a lasso does."""
    view = page.view
    mine = np.flatnonzero(view.shades.number == group)
    away = np.square(view.places[mine] - np.median(view.places[mine], 0)).sum(1)
    view.encircled.emit(mine[np.argsort(away)[:60]], False)


def tutorial(window: Driver) -> None:
    """The pictures of the tutorial."""
    dock = learned(window)
    page = grouped(window, dock)
    window.shoot("map_groups")
    lassoed(page)
    page.view.hovered.emit(int(page.session.selection.rows[0]))
    window.wait(0.7)
    window.shoot("map_lasso")


def review(window: Driver) -> None:
    """Each state of groups and map."""
    window.open("Similar")
    page = show_page(window.viewer, "Map")
    themes(window, "map_empty")
    dock = learned(window)
    show_page(window.viewer, "Map")
    themes(window, "map_pca")
    page = grouped(window, dock)
    dock.groups.list.topLevelItem(0).setSelected(True)
    themes(window, "map_group")
    page.side.label_button.label("one")
    page.bar.choose_column("class")
    themes(window, "map_labelled")
    window.letters(LARGE)
    window.shoot("map_large_letters")
    window.letters(LETTERS)


if __name__ == "__main__":
    main(__doc__, tutorial, review)
