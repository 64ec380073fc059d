"""Scores as columns of their table, so that the workspace keeps them and all docks see them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.areas import Area, find_areas
from napari_simgraph.analysis.coherence import speak_for
from napari_simgraph.core.clicks import NOBODY, Crowd
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.io.kept import write_json
from napari_simgraph.io.workspace import Workspace

SCORE, UNSURE, GROUP, RARE = "interest", "interest unsure", "interest group", "interest rare"


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups that were found without labels: the number of each patch, by rank from 1.

    `rare` is how rare and together each is; None where links of alike patches are missing. `seed`
    chooses who speaks for a group.
    """

    number: NDArray[np.int32]
    rare: NDArray[np.float32] | None
    seed: int = 0

    @classmethod
    def of(cls, table: ScoreTable | EmbeddingTable, seed: int = 0) -> Groups | None:
        """Those of a table of scores, or of one that keeps them; None where it has none."""
        columns = table.columns
        number = columns.get("group" if isinstance(table, ScoreTable) else GROUP)
        rare = columns.get("rare" if isinstance(table, ScoreTable) else RARE)
        if number is None:
            return None
        known = None if rare is None else np.asarray(rare, np.float32)
        return cls(np.asarray(number, np.int32), known, seed)


def crowd_of(groups: Groups | None, group: int) -> Crowd:
    """A group by its rank from 1 as one that speaks; nobody for 0, `RARE` or without groups."""
    if groups is None or group <= 0:
        return NOBODY
    said = speak_for(groups.number - 1, group - 1, groups.seed)
    speakers = dict(zip(said.rows.tolist(), said.like.tolist(), strict=True))
    return Crowd(np.flatnonzero(groups.number == group), speakers)


def scores_in(table: EmbeddingTable) -> ScoreTable | None:
    """The scores that a table keeps; None where it has none."""
    if SCORE not in table.columns:
        return None
    score = np.asarray(table.columns[SCORE], np.float32)
    unsure = np.asarray(table.columns.get(UNSURE, np.zeros_like(score)), np.float32)
    return ScoreTable(table.grid, score, unsure)


def with_scores(
    table: EmbeddingTable, scores: ScoreTable | None, groups: Groups | None
) -> EmbeddingTable:
    """The table with these columns, and without those that are not known any more."""
    columns: dict[str, NDArray[Any]] = dict(table.columns)
    for name in (SCORE, UNSURE, GROUP, RARE):
        columns.pop(name, None)
    if scores is not None:
        columns[SCORE] = scores.score
        if scores.uncertainty is not None:
            columns[UNSURE] = scores.uncertainty
    if groups is not None:
        columns[GROUP] = groups.number
        if groups.rare is not None:
            columns[RARE] = groups.rare
    return table.replace(columns=columns)


def areas_of(
    scores: ScoreTable, above: float, rejected: tuple[tuple[int, ...], ...]
) -> tuple[list[Area], list[Area]]:
    """Areas above a threshold, and those that were turned down (their rows), numbered on."""
    score = scores.score.copy()
    grey: list[Area] = []
    for area in rejected:
        rows = list(area)
        alone = np.full(len(score), np.nan, np.float32)
        alone[rows] = np.nan_to_num(scores.score[rows])
        grey += find_areas(scores.replace(score=alone), -1.0)[:1]
        score[rows] = np.nan
    high = find_areas(scores.replace(score=score), above)
    numbered = [replace(one, number=len(high) + at) for at, one in enumerate(grey, 1)]
    return high, numbered


def write_told(folder: Path, key: str, told: Mapping[str, Any]) -> None:
    """Keep what was said of a table's patches in a workspace."""
    path = told_path(folder, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {**told, "key": key})


def read_told(workspace: Workspace | None, key: str) -> dict[str, Any]:
    """What was said of a table's patches; empty where nothing was, or it is damaged."""
    if workspace is None or not told_path(workspace.folder, key).exists():
        return {}
    try:
        told = json.loads(told_path(workspace.folder, key).read_text(encoding="utf-8"))
        return dict(told) if told.get("key") == key else {}
    except (OSError, ValueError, AttributeError):
        workspace.notes.append(f"'areas/{told_path(workspace.folder, key).name}' is damaged.")
        return {}


def told_path(folder: Path, key: str, suffix: str = ".json") -> Path:
    """Where what was said of a table's patches is kept."""
    name = "".join(c if c.isalnum() or c in "-_.() " else "-" for c in key).strip(" .")[:80]
    return folder / "areas" / f"{name}{suffix}"
