"""Pictures of the docks for README and tutorials, and for looking them over.

``python docs/make_screenshots.py [--review] [--out DIR]`` under a display of at least 1280 x 800,
such as ``xvfb-run -s "-screen 0 1280x800x24"``. Without ``--review`` it makes the pictures in
docs/images; with it, every state of Segment, Jobs and Workspace in both themes, at 300 px, with
letters half as large again, and as deuteranopes see it, into a folder for temporary files.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from shooting import folded, main, sizes, themes

from napari_simgraph.capabilities.segmentation import Train
from napari_simgraph.core.job import Progress
from napari_simgraph.viewer.driving import Driver

LEARN_MINUTES = 1.5  # enough for a segmentation that can be recognised
REVIEW_MINUTES = 0.5  # enough for each state to be seen
TEACH, RUN = 0, 2
# Machado, Oliveira, Fernandes 2009, IEEE TVCG 15:1291, table 1: deuteranopia, linear RGB.
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)


def readme(window: Driver) -> None:
    """The pictures of the README: learning, and what came out."""
    dock = window.open("Segment")
    window.sample("larva")
    learn(window, dock, LEARN_MINUTES)
    window.wait(until=lambda: done(dock.teach) > 0.4)
    window.shoot("segment_learning")
    window.wait(until=lambda: dock.teach.task is None)
    dock.tabs.setCurrentIndex(RUN)
    window.press(dock)
    window.wait(until=lambda: dock.run.task is None)
    window.shoot("segment_done")


def review(window: Driver) -> None:
    """Every state of every dock."""
    dock = window.open("Segment")
    themes(window, "teach_empty")
    for name in ("Jobs", "Workspace"):
        window.open(name)
        themes(window, f"{name.lower()}_empty")
    window.open("Segment")
    window.sample("larva")
    themes(window, "teach_ready")
    folded(window, dock, "teach", themes)
    learned(window, dock)
    segmented(window, dock)
    ended(window, dock)
    narrow(window, dock)


def learned(window: Driver, dock: Any) -> None:
    """Teach while it waits, runs, was stopped and is done; Jobs with its curves."""
    first = endless(dock, "Learn what is similar")
    second = endless(dock, "Draw a map")
    learn(window, dock, REVIEW_MINUTES)
    themes(window, "teach_queued")
    window.open("Jobs")
    themes(window, "jobs_queued")
    for task in (first, second):
        task.cancel()
    window.open("Segment")
    window.wait(until=lambda: done(dock.teach) > 0.4)
    themes(window, "teach_running")
    window.open("Jobs")
    themes(window, "jobs_running")
    window.open("Segment")
    window.wait(until=lambda: dock.teach.task is None)
    themes(window, "teach_done")


def segmented(window: Driver, dock: Any) -> None:
    """Run on all: ready, running, done, some sections only, stopped."""
    dock.tabs.setCurrentIndex(RUN)
    themes(window, "run_ready")
    window.press(dock)
    window.wait(until=lambda: dock.run._boxes or dock.run.task is None)
    themes(window, "run_running")
    window.wait(until=lambda: dock.run.task is None)
    themes(window, "run_done")
    simulated(window.shoot("run_done_normal"))
    dock.run.sure.setChecked(True)
    window.press(dock)
    window.wait(until=lambda: dock.run._boxes or dock.run.task is None)
    dock.footer.stop.click()
    window.wait(until=lambda: dock.run.task is None)
    themes(window, "run_stopped")
    window.viewer.layers.selection.active = window.viewer.layers["larva"]


def ended(window: Driver, dock: Any) -> None:
    """What failed, in the footer and in Jobs; Workspace with all of it."""
    dock.run.fail("The disk is full: mend that and start it again; what was there before is kept.")
    themes(window, "run_error")
    dock.tabs.setCurrentIndex(TEACH)
    dock.teach.painting.classes.removing.emit(4)
    themes(window, "teach_stopped")
    dock.teach.fail("These labels have another shape (512 x 512) than the image (1024 x 1024).")
    themes(window, "teach_error")
    dock.session.jobs.submit("Find groups", failing)
    window.wait(1.0)
    jobs = window.open("Jobs")
    themes(window, "jobs_done")
    next(iter(jobs._rows.values())).show_report()
    themes(window, "jobs_report")
    window.open("Workspace")
    themes(window, "workspace_done")


def narrow(window: Driver, dock: Any) -> None:
    """All docks at 300 px, and with large letters."""
    for name in ("Segment", "Jobs", "Workspace"):
        front = window.open(name)
        pages = (TEACH, RUN) if name == "Segment" else (None,)
        for page in pages:
            said = f"{name.casefold()}{'' if page is None else f'_{page}'}"
            if page is not None:
                dock.tabs.setCurrentIndex(page)
            sizes(window, front, said)


def learn(window: Driver, dock: Any, minutes: float) -> None:
    """Press Learn."""
    dock.tabs.setCurrentIndex(TEACH)
    dock.teach.way.choose(live=False)
    dock.teach.form.set_value(Train(minutes=minutes))
    window.press(dock)


def done(page: Any) -> float:
    """How far a page's job is."""
    return page.task.progress.done if page.task is not None else 1.0


def endless(dock: Any, title: str) -> Any:
    """A job that waits to be cancelled."""

    def job() -> Any:
        while True:
            time.sleep(0.1)
            yield Progress(0.62, "step 310/500", 70)

    task = dock.session.jobs.submit(title, job)
    task.estimate = 120
    return task


def failing() -> Any:
    """A job that fails as jobs do."""
    yield Progress(0.2)
    raise RuntimeError("singular matrix")


def simulated(path: Path) -> None:
    """The same picture as somebody without green cones sees it."""
    srgb = np.asarray(Image.open(path).convert("RGB"), float) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ DEUTERANOPIA.T, 0, 1)
    coded = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    made = Image.fromarray(np.round(255 * coded).astype(np.uint8))
    made.save(path.with_name(path.name.replace("normal", "deuteranopia")))


if __name__ == "__main__":
    main(__doc__, readme, review)
