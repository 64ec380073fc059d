"""Tables of the Objects dock as CSV files."""

from __future__ import annotations

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_simgraph.core.objects import Columns
from napari_simgraph.io.tables import write_csv
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.theme import State


def save(parent: QWidget, table: Columns, name: str, path: str = "") -> tuple[State, str] | None:
    """How it went, as a state and a sentence; None where no file was chosen.

    Parameters
    ----------
    parent
        The dock that asks where to.
    table
        What to write.
    name
        The name that is offered.
    path
        Where to, without asking.
    """
    path = path or QFileDialog.getSaveFileName(parent, "Save table", name, "CSV (*.csv)")[0]
    if not path:
        return None
    try:
        written = write_csv(table, path if path.casefold().endswith(".csv") else f"{path}.csv")
    except ValueError as error:
        return "error", say_error(error)
    return "done", f"Wrote {len(table):,} rows to {written[0].name}."
