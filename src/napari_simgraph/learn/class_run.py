"""Class run: all that classes are learned with, and what is asked of it again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.class_report import report
from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.class_lesson import Pupils
from napari_simgraph.learn.class_model import Judge
from napari_simgraph.learn.class_rows import Labelled
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.embedder import features, saying
from napari_simgraph.learn.patchwork import Patchwork

_EVEN = 1.5  # times as many of one class as of another: the plain network would be the same
PLAIN = "plain"  # after the names of figures of the plain network
LOOKING = Progress(text="looking at what was learned")


@dataclass(frozen=True, eq=False)
class Run:
    """All that learning is done with."""

    known: Labelled
    work: Patchwork
    pupils: Pupils
    rare: NDArray[np.bool_]
    config: Any
    place: Place
    aside: Aside

    @property
    def compares(self) -> bool:
        """Whether a plain network would be another one, and can be checked."""
        counts = np.bincount(self.pupils.truth[self.pupils.learn])
        counts = counts[counts > 0]
        uneven = len(counts) > 1 and counts.max() > _EVEN * counts.min()
        return bool(self.config.compare and uneven and len(self.known.kept))

    def prints(self) -> dict[str, Any]:
        """Fingerprints of the patches and of their classes."""
        ids = self.known.grid.patch_id[self.known.rows]
        digest = hashlib.blake2b(ids.tobytes(), digest_size=8)
        digest.update(self.known.truth.tobytes() + self.known.kept.tobytes())
        return {"patches": len(ids), "print": digest.hexdigest()}


def of_rows(
    run: Run, positions: Rows, judge: Judge
) -> Generator[Tick, Signal | None, NDArray[np.float32]]:
    """Chances of labelled patches, by their positions."""
    rows = run.known.rows[positions]
    return (yield from saying(LOOKING, features(run.work, rows, judge, run.aside, None)))


def plain_figures(run: Run, judge: Judge) -> Generator[Tick, Signal | None, dict[str, float]]:
    """Figures of the plain network on what was kept aside."""
    chances = yield from of_rows(run, run.known.kept, judge)
    truth = run.known.truth[run.known.kept][: len(chances)]
    return report(chances, truth, run.pupils.names).summary(PLAIN)
