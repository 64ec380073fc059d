"""What each tool and key of Correct does."""

from __future__ import annotations

from collections.abc import Callable

from napari_simgraph.viewer.views.correct_hand import Hand
from napari_simgraph.viewer.views.correct_modes import MERGE, SPLIT
from napari_simgraph.viewer.views.correct_places import RIGHT, SKIPPED, Places

Acts = dict[str, Callable[[], object]]


def acts_of(hand: Hand, places: Places, below: Callable[[], int]) -> Acts:
    """Words of tools and names of keys, and what to call.

    Parameters
    ----------
    hand, places
        What acts, and the list to walk through.
    below
        Gives the object under the pointer.
    """
    tools: Acts = {
        "merge": lambda: hand.mode(MERGE),
        "split": lambda: hand.mode(SPLIT),
        "between": hand.fill_between,
        "new": hand.new,
        "delete": hand.delete,
        "smooth": hand.smooth,
        "undo": hand.undo,
        "redo": hand.redo,
    }
    keys = {"G": "merge", "K": "split", "D": "between", "M": "new"}
    keys |= {"Control-Z": "undo", "Control-Shift-Z": "redo"}
    return (
        tools
        | {key: tools[word] for key, word in keys.items()}
        | {
            "Delete": lambda: hand.delete(below()),
            "N": places.go_next,
            "Shift-N": lambda: places.go_next(-1),
            "Y": lambda: places.answer(RIGHT),
            "U": lambda: places.answer(SKIPPED),
        }
    )
