"""Tables as CSV: one header line with units, numbers with a point, UTF-8."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from napari_simgraph.core.objects import Columns, FractionTable
from napari_simgraph.io.faults import Told
from napari_simgraph.io.safe import fresh, refused

_DIGITS = 7  # of numbers with fractions: more than any measurement has


def write_csv(table: Columns, path: str | Path) -> list[Path]:
    """The path written, whole or not at all.

    Column names end with their unit (``volume_um3``, ``x_um``). Empty cells are what is not
    known; the rows of a `FractionTable` for all sections together say ``all``.

    Raises
    ------
    ValueError
        The path has another suffix, or the disk is full or closed to us.
    """
    target = Path(path).expanduser()
    check_csv(target)
    try:
        with fresh(target) as temporary:
            temporary.write_text(csv_text(table), encoding="utf-8", newline="")
    except OSError as error:
        raise Told(f"{target} can't be written: {refused(error)}.") from error
    return [target]


def check_csv(path: Path) -> None:
    """Nothing, where a table can go to this path.

    Raises
    ------
    ValueError
        It has another suffix.
    """
    if path.suffix.casefold() != ".csv":
        raise Told(f"{path}: a table is written as .csv.")


def csv_text(table: Columns) -> str:
    """The table as the text of a CSV file."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(table.columns)
    sections = isinstance(table, FractionTable)
    cells = [
        [_say(value, sections and name == "section") for value in values.tolist()]
        for name, values in table.columns.items()
    ]
    writer.writerows(zip(*cells, strict=True))
    return page.getvalue()


def _say(value: Any, section: bool) -> str:
    if section and value < 0:
        return "all"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if value != value else f"{value:.{_DIGITS}g}"  # NaN is unequal to itself
    return str(value)
