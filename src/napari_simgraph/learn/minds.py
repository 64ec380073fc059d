"""Minds: the two that answer in a live session, quick filters and a U-Net, and who of them does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.live import FILTERS, NETWORK, Answer, Scores
from napari_simgraph.core.model import Model
from napari_simgraph.core.room import Checkpoint
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.drawn import begun, knows, whole
from napari_simgraph.learn.grain import NOISE
from napari_simgraph.learn.judging import (
    GROWN,
    Found,
    clearly_worse,
    dice,
    grey_finder,
    judged,
    mean,
    who,
)
from napari_simgraph.learn.normalise import RULE
from napari_simgraph.learn.pupil import Diet, Pupil
from napari_simgraph.learn.quick import HIDDEN, Bank, chances_at, chances_of, fit_filters, rehearse
from napari_simgraph.learn.truth import Said, Truth
from napari_simgraph.learn.truth_tile import Span
from napari_simgraph.learn.windows import Windows
from napari_simgraph.nets.filters import Filters

NO_STROKES = "Paint one short stroke of each class."
ONE_CLASS = "Paint a second class: with one class there is nothing to tell apart."
# Steps on the newest stroke before the network answers it; the average takes it in at once.
URGENT, _URGENT_DECAY = 4, 0.8

# All classes are shown equally often, while a quarter of an EM section is wall: so walls are found
# three times too often, and closing (`analysis/closing.py`) takes that back.
_WALLS = 3.0


@dataclass(frozen=True)
class Known:
    """What there is to learn from, and how: the image twice, for filters and for the network.

    `drawn`: both begin with what was learned from drawn tissue, see `learn.drawn`.
    """

    plain: Windows
    stacked: Windows
    truth: Truth
    network: Mapping[str, Any]
    diet: Diet
    drawn: bool = False

    @property
    def filters(self) -> dict[str, Any]:
        """Options of the filters."""
        return {"in_channels": self.plain.image.channels, "drawn": self.drawn}


class Minds:
    """Quick filters and a U-Net that learn the same; both are judged on what was kept aside."""

    def __init__(self, known: Known, place: Place, start: Model | None) -> None:
        self.truth, self.place, self.start = known.truth, place, start
        self.bank = Bank(known.plain, place, known.filters)
        self.known = known
        self.filters: Filters | None = None
        self.pupil: Pupil | None = None
        self.by = NETWORK if start else FILTERS
        self.scores = Scores()
        self.values: tuple[int, ...] = ()
        self._filters_each: dict[int, float] = {}
        self._filters_found: Sequence[Found] = ()

    @property
    def steps(self) -> int:
        """Learning steps of the network so far."""
        return self.pupil.steps if self.pupil else 0

    def warm_up(self) -> None:
        """Load what a first use takes, so that it is not waited for with a stroke."""
        rehearse(self.known.filters)

    def missing(self) -> str:
        """What a person must do before anything can be learned; "" where nothing is missing."""
        painted = self._painted()
        if len(painted) > 1 or self.start:
            return ""
        return ONE_CLASS if painted else NO_STROKES

    def has_strokes(self) -> bool:
        """Whether the network has something to learn from."""
        return len(self._painted()) > (0 if self.start else 1)

    def take_in(self) -> None:
        """Learn the truth as it is now, as far as the next answer needs it.

        Filters learn anew where they answer, the network from its next steps on. `weigh` does
        the rest.
        """
        painted = self._painted()
        known = set(range(1, len(self.start.classes) + 1)) if self.start else set()
        self.values = tuple(sorted(painted | (known & set(self.truth.values))))
        self.filters = self._fit_all() if self.by == FILTERS else None
        if self.filters is None:  # not asked, or with one class only
            self.by = NETWORK
        if self.pupil is None:
            self.pupil = self._fresh_pupil(self.values)
        if self.pupil.values != self.values:
            self.pupil.regroup(self.values)

    def weigh(self) -> None:
        """Judge both on what was kept aside, after an answer: nobody waits for it."""
        self.filters = self.filters or self._fit_all()
        self._judge_filters()
        self.judge_network()

    def go_on(self, state: Checkpoint) -> None:
        """Be as when `state` was kept; the truth is that of then already."""
        self.by = str(state.info["by"])
        self.pupil = self._fresh_pupil(tuple(int(v) for v in state.info["values"]))
        self.pupil.restore(state)
        self.take_in()
        self.weigh()

    def learn(self, urgent: bool = False) -> float:
        """One step of the network; its loss."""
        assert self.pupil is not None
        return self.pupil.learn(1, _URGENT_DECAY) if urgent else self.pupil.learn()

    def judge_network(self) -> None:
        """Judge the network, and decide who answers."""
        pupil = self.pupil
        assert pupil is not None
        known = pupil.steps > 0 or self.start is not None
        found = judged(self._kept(), self.values, pupil.chances_at) if known else []
        each = dice(found, self.values)
        self.scores = replace(self.scores, network=mean(each))
        if self.filters:
            worse = bool(each) and clearly_worse(found, self._filters_found)
            self.by = who(self.by, self.scores, pupil.steps >= GROWN, worse)
        else:
            self.by = NETWORK
        told = each if self.by == NETWORK else self._filters_each
        self.scores = replace(self.scores, classes=told)

    def chances(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        """Probabilities ``(K, Y, X)`` of a box inside the image, of who answers."""
        if self.by == NETWORK and self.pupil is not None:
            return self.pupil.chances(z, rows, columns)
        assert self.filters is not None
        found = self.bank.box(z, rows, columns)
        with self.place.exactly():
            return chances_of(self.filters, found)

    def answer(self, z: int, rows: Span, columns: Span) -> Answer:
        """The answer for a box, as far as it is known here."""
        found = self.chances(z, rows, columns)
        return Answer(
            z,
            rows[0],
            columns[0],
            np.array(self.values, np.uint8)[found.argmax(0)],
            np.round(255 * found).astype(np.uint8),
            unsure(found),
            self.values,
            self.by,
            self.scores,
            strokes=len(self.truth.said()),
            steps=self.steps,
        )

    def model(self, settings: Mapping[str, Any], boundary: str) -> Model:
        """What answers, as a model for the whole stack.

        Raises
        ------
        ValueError
            Nothing was learned.
        """
        if self.pupil is None or (self.start and not self.truth.said()):
            if self.start:
                return self.start
            raise ValueError(self.missing() or NO_STROKES)
        image = self.known.plain.image
        names = {value: row.name for value, row in self.truth.rows.items()}
        metrics = {f"agreement {names[v]}": d for v, d in self.scores.classes.items() if v in names}
        ours = self.scores.network if self.by == NETWORK else self.scores.filters
        told = {"agreement": ours, "baseline": self.scores.baseline}
        return Model(
            "segmentation",
            name=f"{image.name} live",
            **self._answering(),
            settings=dict(settings) | {"boundary_weight": _WALLS},
            classes=self.truth.table(self.values),
            boundary=self.truth.wall(boundary, self.values),
            channels=image.channels,
            spacing=image.spacing,
            unit=image.unit,
            normalisation=RULE | {NOISE: self.known.plain.noise},
            metrics={name: v for name, v in told.items() if v is not None} | metrics,
            versions={name: version(name) for name in ("napari-simgraph", "torch", "numpy")},
            seed=self.known.diet.seed,
            steps=self.steps,
            data={"images": [image.fingerprint], "strokes": len(self.truth.said())},
            made=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _answering(self) -> dict[str, Any]:
        """Network and weights of who answers."""
        if self.by == NETWORK and self.pupil is not None:
            return {"network": self.pupil.network, "arrays": self.pupil.arrays()}
        assert self.filters is not None
        options = self.known.filters | {"out_channels": len(self.values), "hidden": HIDDEN}
        return {"network": {"name": "filters", "options": options}, "arrays": whole(self.filters)}

    def _painted(self) -> set[int]:
        return {int(value) for one in self._learned() for value in np.unique(one.values)}

    def _learned(self) -> Sequence[Said]:
        return [one for one in self.truth.said() if not one.kept]

    def _kept(self) -> Sequence[Said]:
        return [one for one in self.truth.said() if one.kept]

    def _fit_all(self) -> Filters | None:
        """Filters that learned all that was said; None where there is one class only."""
        return self._fit(self.truth.said()) if len(self._painted()) > 1 else None

    def _fit(self, said: Sequence[Said]) -> Filters:
        found, true = self.bank.of(said), np.concatenate([one.values for one in said])
        known = np.isin(true, self.values)
        if not known.all():
            found, true = found[known], true[known]
        options, seed = self.known.filters, self.known.diet.seed
        with self.place.exactly(threads=1):  # several would wait for each other: steps are tiny
            return fit_filters(found, true, self.values, options, seed)

    def _judge_filters(self) -> None:
        kept = self._kept()
        if not kept or self.filters is None:
            self._filters_each, self._filters_found = {}, ()
            self.scores = Scores()
            return
        learned, channels = self._learned(), self.known.plain.image.channels
        rehearsal = self._fit(learned)
        greys = self.bank.of(learned)[:, :channels].mean(1).cpu().numpy()
        of_grey = grey_finder(greys, np.concatenate([one.values for one in learned]), self.values)

        def by_filters(one: Said) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
            return chances_at(rehearsal, self.bank.of([one])), one.values

        def by_grey(one: Said) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
            return of_grey(self.bank.of([one])[:, :channels].mean(1).cpu().numpy()), one.values

        self._filters_found = judged(kept, self.values, by_filters)
        self._filters_each = each = dice(self._filters_found, self.values)
        plain = dice(judged(kept, self.values, by_grey), self.values)
        self.scores = Scores(mean(each), None, mean(plain), each, len(kept))

    def _fresh_pupil(self, values: tuple[int, ...]) -> Pupil:
        known = self.known
        values = tuple(range(1, len(self.start.classes) + 1)) if self.start else values
        options = dict(known.network["options"]) | {"out_channels": len(values)}
        network = {"name": known.network["name"], "options": options}
        pupil = Pupil(network, values, (known.stacked, known.truth), known.diet, self.place)
        if self.start:
            pupil.start(self.start.arrays)
        elif known.drawn and knows(network):
            pupil.start(begun(network, known.diet.seed))
        return pupil


def unsure(chances: NDArray[np.float32]) -> NDArray[np.uint8]:
    """How unsure probabilities ``(K, Y, X)`` are: entropy, 255 where all classes are alike."""
    entropy = -(chances * np.log(np.maximum(chances, 1e-9))).sum(0) / np.log(len(chances))
    return np.asarray(np.round(255 * entropy.clip(0, 1)).astype(np.uint8))
