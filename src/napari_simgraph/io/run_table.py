"""The table of a run over many files: a CSV for people, a journal to go on from."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from napari_simgraph.io.plain_json import parsed
from napari_simgraph.io.safe import fresh

TABLE, JOURNAL = "table.csv", "table.jsonl"
_EVERY_S = 2.0  # the CSV is written anew at most this often: of 10,000 rows that takes 0.1 s
_PLACE = ("file", "status", "results", "model", "seconds", "shape", "spacing", "unit")
_FRACTION = "fraction_"
Status = Literal["done", "failed"]


@dataclass(frozen=True)
class Row:
    """What became of one file.

    Parameters
    ----------
    file
        Its path below the folder.
    status
        ``done`` or ``failed``.
    results
        Files made of it, below the folder of results.
    model
        What made them.
    seconds, shape, spacing, unit
        How long it took, and what the image is.
    figures
        Numbers by column: shares of the classes (``fraction_NAME``), ``objects``.
    told
        What went wrong, or what was assumed.
    key
        What it was made with: the same again means that there is nothing to do.
    """

    file: str
    status: Status
    results: tuple[str, ...] = ()
    model: str = ""
    seconds: float = 0.0
    shape: str = ""
    spacing: str = ""
    unit: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    told: str = ""
    key: str = ""


class RunTable:
    """Rows by file, kept in the folder of results.

    Parameters
    ----------
    folder
        Where results go; made if it is not there.
    files
        Names of all files, in the order of the rows.
    figures
        Columns of numbers that are there even where no file has them.
    """

    def __init__(self, folder: Path, files: Sequence[str], figures: Sequence[str] = ()) -> None:
        self._folder, self.files, self._figures = folder, list(files), list(figures)
        folder.mkdir(parents=True, exist_ok=True)
        self._before = _journal(folder / JOURNAL)
        self.rows: dict[str, Row] = {}
        self.passed = 0  # files that an earlier run had done already
        self._written = 0.0

    def done_before(self, file: str, key: str) -> Row | None:
        """The row of an earlier run, where it made the same and its results are still there."""
        row = self._before.get(file)
        if row is None or row.status != "done" or row.key != key:
            return None
        return row if all((self._folder / name).exists() for name in row.results) else None

    def add(self, row: Row, *, before: bool = False) -> None:
        """Keep a row; one from an earlier run is in the journal already."""
        self.rows[row.file] = row
        self.passed += before
        if not before:
            with (self._folder / JOURNAL).open("a", encoding="utf-8") as journal:
                journal.write(json.dumps(asdict(row)) + "\n")
        if time.monotonic() - self._written > _EVERY_S:
            self.write()

    def write(self) -> bool:
        """Whether the CSV could be written: another program may hold it open."""
        try:
            with fresh(self._folder / TABLE) as path:
                path.write_text(self.text(), encoding="utf-8", newline="")
        except PermissionError:
            return False
        self._written = time.monotonic()
        return True

    def text(self) -> str:
        """The table as CSV; files that this run has not come to yet as earlier runs left them."""
        known = self._before | self.rows
        rows = [known[file] for file in self.files if file in known]
        figures = [name for row in rows for name in row.figures]
        names = list(dict.fromkeys([*self._figures, *figures]))
        page = io.StringIO()
        writer = csv.writer(page, lineterminator="\n")
        writer.writerow([*_PLACE, *names, "told"])
        for row in rows:
            place = [row.file, row.status, " ".join(row.results), row.model, f"{row.seconds:.1f}"]
            numbers = [_say(row.figures.get(name)) for name in names]
            writer.writerow([*place, row.shape, row.spacing, row.unit, *numbers, row.told])
        return page.getvalue()

    def count(self, status: Status) -> int:
        """How many files ended so."""
        return sum(row.status == status for row in self.rows.values())


def fraction_column(name: str) -> str:
    """The column for the share of a class."""
    return f"{_FRACTION}{name}"


def _say(value: float | None) -> str:
    """A number without needless digits; empty where it is not known."""
    return "" if value is None else f"{value:.6g}"


def _journal(path: Path) -> dict[str, Row]:
    """The last row of each file; a line that broke off is passed over."""
    rows: dict[str, Row] = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return rows
    for line in lines:
        try:
            told = parsed(line)
            row = Row(**told | {"results": tuple(told["results"])})
        except (ValueError, TypeError, KeyError):
            continue
        rows[row.file] = row
    return rows
