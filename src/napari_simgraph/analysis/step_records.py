"""Steps of correcting as plain JSON, for a journal, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from napari_simgraph.analysis.blocks import Block
from napari_simgraph.analysis.corrected import Corrected, Step
from napari_simgraph.analysis.edits import Change, Edit
from napari_simgraph.analysis.id_table import Renamed

UNDO, REDO = "undo", "redo"


def record(step: Step) -> dict[str, Any]:
    """A step as plain values; its pixels are packed and written as text."""
    return {
        "event": "step",
        "said": step.said,
        "kind": step.kind,
        "place": list(step.place),
        "objects": list(step.objects),
        "renamed": [[n, step.renamed.before[n], home] for n, home in step.renamed.after.items()],
        "dtype": str(step.edit.dtype),
        "edit": [_change(change) for change in step.edit.changes],
    }


def replay(objects: Corrected, records: Iterable[Mapping[str, Any]]) -> int:
    """How many records were played back onto objects as they were before; one that fails ends it.

    A record that was cut off when the process was killed is the last one.
    """
    count = 0
    for told in records:
        try:
            if told["event"] == UNDO:
                objects.undo()
            elif told["event"] == REDO:
                objects.redo()
            else:
                objects.do(_step(told))
        except (KeyError, TypeError, ValueError, IndexError):
            break
        count += 1
    return count


def _change(change: Change) -> list[Any]:
    z, y, x = change.block.z, change.block.y, change.block.x
    packed = [b64encode(part).decode("ascii") for part in (change.before, change.after)]
    return [z, y.start, y.stop, x.start, x.stop, *packed]


def _step(told: Mapping[str, Any]) -> Step:
    edit = Edit(np.dtype(told["dtype"]))
    for z, top, bottom, left, right, before, after in told["edit"]:
        block = Block(int(z), slice(int(top), int(bottom)), slice(int(left), int(right)))
        edit.changes.append(Change(block, b64decode(before), b64decode(after)))
    rows = [tuple(int(n) for n in row) for row in told["renamed"]]
    renamed = Renamed({n: home for n, home, _ in rows}, {n: home for n, _, home in rows})
    z, y, x = (int(n) for n in told["place"])
    objects = tuple(int(n) for n in told["objects"])
    return Step(str(told["said"]), (z, y, x), objects, edit, renamed, str(told["kind"]))
