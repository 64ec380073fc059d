"""What the scripts that take pictures of docks share: looks of a window, and how they begin."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_simgraph.viewer.driving import Driver

LETTERS, LARGE = 9, 14  # points: napari's own, and half as much again
NARROW = 300  # px, the least width of a dock
REVIEW = Path(tempfile.gettempdir()) / "docks"


def themes(window: Driver, name: str) -> None:
    """One picture in the light theme and one in the dark theme."""
    for theme in ("light", "dark"):
        window.viewer.theme = theme
        window.shoot(f"{name}_{theme}")


def folded(
    window: Driver, dock: Any, name: str, take: Callable[..., object] = Driver.shoot
) -> None:
    """Settings and keys unfolded, one after the other."""
    for fold in (dock.settings, dock.keys):
        fold.open()
        take(window, f"{name}_{fold.button.text().split()[0].casefold()}")
        fold.open(False)


def area_of(dock: Any) -> Any:
    """The scroll area of a dock."""
    return dock.inside.parentWidget().parentWidget()


def sizes(window: Driver, dock: Any, name: str) -> None:
    """A dock at its least width, and with large letters."""
    window.narrow(dock, NARROW)
    window.shoot(f"{name}_narrow")
    window.narrow(dock)
    window.letters(LARGE)
    window.shoot(f"{name}_large")
    window.letters(LETTERS)


def main(
    about: str | None, tutorial: Callable[[Driver], None], review: Callable[[Driver], None]
) -> None:
    """Make the pictures of the docs, or with ``--review`` those of every state.

    Parameters
    ----------
    about
        What the script is for.
    tutorial, review
        Make these and those; in a window whose workspaces are forgotten afterwards.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--review", action="store_true")
    asked = parser.parse_args()
    out = asked.out or (REVIEW if asked.review else Path(__file__).parent / "images")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("SIMGRAPH_WORKSPACES", folder)
        window = Driver(out)
        window.letters(LETTERS)
        (review if asked.review else tutorial)(window)
        window.close()
    print(f"The pictures are in {out}.")
