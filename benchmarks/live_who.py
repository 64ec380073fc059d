"""Who should answer live: figures on strokes kept aside beside the truth of whole sections.

    python benchmarks/live_who.py --seed 0

The simulated annotator of `live.py` on ISBI 2012, strokes on three sections of 0-11. Each time the
network is judged, a row as JSON: Dice of network and filters on what was kept aside, by which it
could be decided who answers, and V_Rand of both on sections 12-17, which nobody knows in use (the
best threshold, boundaries not closed). Its processor time is not counted as the session's.
"""

import argparse
import json
import time
from dataclasses import replace

import numpy as np
from live import CELL, ROUNDS, SLICES, Annotator, Session, data, v_rand

from napari_simgraph import Image
from napari_simgraph.core.live import Field
from napari_simgraph.learn.minds import Minds
from napari_simgraph.learn.quick import Bank, chances_of

LEARNED, HELD = 12, slice(12, 18)
SECONDS = 180.0


class Watch:
    """Looks on as networks are judged."""

    def __init__(self, image, truth):
        self.image, self.truth = Image(image[HELD]), truth[HELD]
        self.spent, self._last, self._judge = 0.0, 0, Minds.judge_network

    def judge(self, minds):
        """Judge as usual; then score both on whole sections, once a hundred steps."""
        self._judge(minds)
        if minds.steps in (0, self._last) or minds.steps % 100 or minds.filters is None:
            return
        begun, self._last = time.process_time(), minds.steps
        row = {"steps": minds.steps, "by": minds.by, "kept": minds.scores.kept}
        row |= {"dice_network": minds.scores.network, "dice_filters": minds.scores.filters}
        row |= {"v_rand_network": self.network(minds), "v_rand_filters": self.filters(minds)}
        print(json.dumps(row), flush=True)
        self.spent += time.process_time() - begun

    def network(self, minds):
        pupil, known = minds.pupil, minds.pupil.windows
        rows, columns = ((0, n) for n in self.image.plane)
        pupil.windows = replace(known, image=self.image)
        try:
            found = [pupil.chances(z, rows, columns) for z in range(self.image.sections)]
        finally:
            pupil.windows = known
        return self.scored(minds, found)

    def filters(self, minds):
        bank = Bank(replace(minds.known.plain, image=self.image), minds.place, minds.known.filters)
        rows, columns = ((0, n) for n in self.image.plane)
        boxes = (bank.box(z, rows, columns) for z in range(self.image.sections))
        return self.scored(minds, [chances_of(minds.filters, box) for box in boxes])

    def scored(self, minds, found):
        return v_rand(np.stack(found)[:, minds.values.index(CELL)], self.truth)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    image, truth = data()
    watch = Watch(image, truth)
    Minds.judge_network = lambda minds: watch.judge(minds)
    rng = np.random.default_rng(seed)
    sections = sorted(rng.choice(LEARNED, SLICES, replace=False).tolist())
    annotator = Annotator(truth, sections, seed)
    session, plane = Session(image[:LEARNED], {"seed": seed, "threads": "1"}), image.shape[1:]
    session.ask(Field(sections[0], 0, 0, *plane), *annotator.first())
    for number in range(ROUNDS + 1):
        while session.spent - watch.spent < SECONDS * (number + 1) / (ROUNDS + 1):
            session.send(None)
        if number < ROUNDS:
            for stroke in annotator.corrections(session.look(sections, plane)):
                session.ask(Field(stroke.z, 0, 0, *plane), stroke)


if __name__ == "__main__":
    main()
