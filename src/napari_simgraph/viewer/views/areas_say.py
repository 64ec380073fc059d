"""Sentences of the Areas dock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from napari_simgraph.analysis.areas import Area
from napari_simgraph.analysis.comparing import HAND, OURS, PLAIN, SPREAD, beaten
from napari_simgraph.core.geometry import PIXEL, to_unit
from napari_simgraph.core.graph import SPATIAL, SimilarityGraph
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.areas.looking import Looking
from napari_simgraph.viewer.areas.opinion import RARE, Opinion
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.theme import State

READY = "Suggest, or Shift+click what is interesting and Ctrl+click what is not."
NO_LIKE = "Add one place that is interesting (Shift+click)."
NO_UNLIKE = "Add one place that is not interesting (Ctrl+click)."
UNTESTED = "Rare isn't always interesting: look before you trust it."
NO_LINKS = "These patches have no links yet."
KEPT_ASIDE, SCORED = "On places kept aside", "All patches have a score."
WAYS = {
    OURS: "these scores",
    PLAIN: "without links",
    SPREAD: "links alone",
    HAND: "colour, texture",
}


def say_state(looking: Looking) -> tuple[State, str]:
    """Where it stands, and a sentence on it."""
    opinion, table = looking.opinions.now, looking.table
    if looking.graph is None or table is None:
        return "ready", NO_LINKS
    missing = say_kinds(opinion)
    if missing:
        return "ready", missing
    if looking.lane.waits:
        if looking.scores is None:
            return "running", f"Learning the neighbourhood of {len(table):,} patches …"
        return "running", "Answering …"
    if opinion.group == RARE:
        return "done", UNTESTED
    if opinion.group > 0:
        return "done", f"Group {opinion.group} is shown. Shift+click and Ctrl+click refine it."
    if looking.scores is None:
        known = looking.groups is not None
        return "ready", "Press This where a group is of interest." if known else READY
    if looking.clicks:
        return "done", say_answer(looking.clicks, looking.figures)
    return "done", say_answer(0, looking.figures, KEPT_ASIDE) if looking.figures else SCORED


def state_of(session: Session, looking: Looking) -> tuple[State, str, Button | None]:
    """The same with what one can do about it: an image to open, patches that keep no score."""
    ground, scores = session.canvas.ground, looking.scores
    if ground is not None and not ground.open:
        source = ground.grid.sources[0]
        act = partial(session.canvas.open_source, source)
        return "error", f"{source.name} is not open.", (f"Open {source.name}", act)
    gone = np.zeros(0) if scores is None else np.flatnonzero(np.isnan(scores.score))
    state, sentence = say_state(looking)
    if len(gone) and state == "done":
        act = partial(session.selection.choose, gone, "patches without neighbours")
        said = f"{len(gone):,} patches have no neighbours and keep no score."
        return "done", said, ("Show them", act)
    return state, sentence, None


def say_kinds(opinion: Opinion) -> str:
    """What is missing before clicks are answered; "" where both kinds are there."""
    if not opinion.clicks or opinion.group > 0:
        return ""
    return NO_LIKE if not opinion.like else NO_UNLIKE if not opinion.unlike else ""


def say_answer(clicks: int, figures: Mapping[str, float], of: str = "") -> str:
    """How good an answer is, beside what is plainer: ``From 24 clicks: 0.90. Plain …``."""
    many = f"{clicks} click{'' if clicks == 1 else 's'}"
    if not figures:
        return f"Answer from {many}; too few to measure."
    begun = of or f"From {many}"
    ours, plain = figures[OURS], figures.get(f"{OURS} {PLAIN}", 0.0)
    if beaten(dict(figures)):
        best = max(value for name, value in figures.items() if name.startswith(f"{OURS} "))
        return f"{begun}: {ours:.2f}. Plainer ways do as well ({best:.2f}), see Report."
    hand = figures.get(f"{OURS} {HAND}")
    more = "" if hand is None else f", colour and texture {hand:.2f}"
    word = "Plain clicks" if clicks else "Without links"
    return f"{begun}: {ours:.2f}. {word} {plain:.2f}{more}."


def report_rows(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    """Ways and their figures, in the order of the report; a dash where one isn't known."""
    rows = []
    for way, words in WAYS.items():
        value = figures.get(OURS if way == OURS else f"{OURS} {way}")
        rows.append((words, "–" if value is None else f"{value:.2f}"))
    return rows


def say_table(table: EmbeddingTable, graph: SimilarityGraph | None) -> str:
    """What is looked at: ``13,440 patches in 15 sections, 10 links each``."""
    grid = table.grid
    said = f"{len(table):,} patches"
    if len(grid.sources) > 1:
        said += f" in {len(grid.sources):,} images"
    elif grid.sources[0].sections > 1:
        said += f" in {grid.sources[0].sections} sections"
    if graph is None:
        return f"{said}, no links yet"
    links = sum(len(edges.ends) for kind, edges in graph.edges.items() if kind != SPATIAL)
    each = links / max(1, len(table))
    return f"{said}, {each:.0f} links each"


def say_size(area: Area) -> str:
    """What an area covers: ``12.4 µm²``; in pixels where their size isn't known."""
    if area.unit == PIXEL:
        return f"{area.size:,.0f} px²"
    for unit, said in (("um", "µm²"), ("mm", "mm²")):
        size = area.size * to_unit(1.0, area.unit, unit) ** 2
        if size < 1e5 or unit == "mm":
            return f"{size:.3g} {said}" if size < 100 else f"{size:,.0f} {said}"
    raise AssertionError("unreachable: mm² always answers")


def say_sections(grid: PatchGrid, area: Area) -> str:
    """Where an area lies: ``z 3``, ``z 3 to 5``, the name of one of several images, or ""."""
    source = grid.sources[int(grid.image[area.rows[0]])]
    if len(grid.sources) > 1:
        return source.name
    if source.sections < 2:
        return ""
    low, high = int(grid.z[area.rows].min()), int(grid.z[area.rows].max())
    return f"z {low}" if low == high else f"z {low} to {high}"


def how_measured(looking: Looking) -> str:
    """How the figures of the report came about."""
    if not looking.figures:
        return "Too little to measure: eight clicks of each kind are needed."
    if looking.clicks:
        return f"Told apart (AUROC), each of {looking.clicks} clicks left out in turn."
    return "Told apart (AUROC), on painted places that were kept aside."
