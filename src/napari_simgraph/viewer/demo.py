"""The whole chain in a real window, clicked through as a person would: ``make demo``.

Without a display (under Xvfb) it closes itself at the end; with one the window stays open.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from napari_simgraph.viewer.demo_anomalies import find_anomalies
from napari_simgraph.viewer.demo_areas import find_areas
from napari_simgraph.viewer.demo_classes import learn_classes
from napari_simgraph.viewer.demo_objects import measure_objects
from napari_simgraph.viewer.demo_signatures import look_inside
from napari_simgraph.viewer.demo_similar import find_similar
from napari_simgraph.viewer.driving import Driver


class Demo(Driver):
    """A viewer with the larva sample, driven through its docks.

    Parameters
    ----------
    out
        Where screenshots and results go; the workspace too, so that nothing else is touched.
    minutes
        How long the network learns.
    """

    def __init__(self, out: Path, minutes: float) -> None:
        os.environ["SIMGRAPH_WORKSPACES"] = str(out / "workspaces")
        super().__init__(out)
        self.minutes, self._count = minutes, 0

    def run(self) -> dict[str, float]:
        """Scores of what was learned from a few strokes, held against the whole truth."""
        self.sample("larva")
        dock = self.open("Segment")
        self.shoot("opened")
        self._learn(dock)
        self._segment(dock)
        measure_objects(self)
        find_similar(self)
        find_anomalies(self)
        find_areas(self)
        learn_classes(self)
        look_inside(self)
        for name in ("Jobs", "Workspace"):
            self.open(name)
            self.shoot(name.lower())
        self.viewer.theme = "light"
        self.open("Segment")
        self.shoot("light")
        self.viewer.theme = "dark"
        return self._results(dock)

    def shoot(self, name: str) -> Path:
        """A picture of the whole window, numbered."""
        self._count += 1
        return super().shoot(f"{self._count:02d}_{name}")

    def _learn(self, dock: Any) -> None:
        dock.teach.way.choose(live=False)
        dock.teach.form.set_value(dock.teach.form.value().__class__(minutes=self.minutes))
        self.press(dock)
        self.wait(20 * self.minutes)
        self.shoot("learning")
        self.open("Jobs")
        self.shoot("jobs_learning")
        self.open("Segment")
        self.wait(until=lambda: dock.teach.task is None)
        self.shoot("learned")

    def _segment(self, dock: Any) -> None:
        dock.tabs.setCurrentIndex(2)
        dock.run.sure.setChecked(True)
        self.press(dock)
        self.wait(3.0)
        self.shoot("segmenting")
        self.wait(until=lambda: dock.run.task is None)
        self.shoot("segmented")

    def _results(self, dock: Any) -> dict[str, float]:
        """Labels, model and scores as files."""
        from napari_simgraph.capabilities import segmentation
        from napari_simgraph.core.classes import ClassTable
        from napari_simgraph.io.models import save_model
        from napari_simgraph.io.samples import LARVA_CLASSES
        from napari_simgraph.io.write import write
        from napari_simgraph.viewer.layers import labels_of

        table = ClassTable.of(LARVA_CLASSES)
        made = dock.session.result_layers(self.viewer.layers["larva"], "classes")[0]
        found = labels_of(made, table)
        truth = labels_of(self.viewer.layers["larva · truth"], table)
        write(found, self.out / "larva_classes.tif")
        model = dock.session.model(dock.session.models("segmentation")[0])
        save_model(model, self.out / "larva_model")
        scores = segmentation.score(found, truth)
        (self.out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
        return scores


def main() -> None:
    """The demo from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo_output"))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--stay", action="store_true", help="Leave the window open.")
    asked = parser.parse_args()
    demo = Demo(asked.out, asked.minutes)
    scores = demo.run()
    told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items() if "dice" in name)
    demo.viewer.status = f"Against the whole truth: {told}"
    if asked.stay:
        import napari

        napari.run()
    else:
        demo.viewer.close()


if __name__ == "__main__":
    main()
