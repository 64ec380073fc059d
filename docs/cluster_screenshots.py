"""Pictures of workers in the Jobs dock, for their tutorial and for looking them over.

``python docs/cluster_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or more,
such as ``xvfb-run -s "-screen 0 1280x800x24"``. Two workers on this machine segment the larva
sample with a network that learned for 30 steps.
"""

from __future__ import annotations

from typing import Any

from make_screenshots import RUN, TEACH
from shooting import main, sizes, themes

from napari_simgraph.capabilities.segmentation import Train
from napari_simgraph.viewer.driving import Driver
from napari_simgraph.viewer.views.where_row import CLUSTER

WAIT_S = 1500.0


def learned(window: Driver) -> Any:
    """The Segment dock with a model of the larva sample."""
    dock = window.open("Segment")
    window.sample("larva")
    dock.tabs.setCurrentIndex(TEACH)
    dock.teach.way.choose(live=False)
    dock.teach.form.set_value(Train(minutes=0, steps=30, width=8, depth=3))
    window.press(dock)
    window.wait(until=lambda: dock.teach.task is None, at_most=WAIT_S)
    dock.tabs.setCurrentIndex(RUN)
    return dock


def by_workers(window: Driver, dock: Any) -> Any:
    """The Jobs dock while workers compute, in the middle of the stack."""
    jobs = window.open("Jobs")
    jobs.change.setCurrentText(next(iter(jobs.where._workers)))
    window.press(dock)
    window.wait(
        until=lambda: " of " in blocks(dock) and not blocks(dock).startswith("0 "), at_most=WAIT_S
    )
    window.wait(
        until=lambda: dock.run.task is None or dock.run.task.progress.done > 0.3, at_most=WAIT_S
    )
    return jobs


def blocks(dock: Any) -> str:
    """How many blocks are done, as the bar says."""
    task = dock.run.task
    return task.progress.text.rpartition(" · ")[2] if task is not None else "1 of 1 blocks"


def tutorial(window: Driver) -> None:
    """The picture of the tutorial."""
    dock = learned(window)
    by_workers(window, dock)
    window.shoot("jobs_cluster")
    window.wait(until=lambda: dock.run.task is None, at_most=WAIT_S)


def review(window: Driver) -> None:
    """Workers, a cluster with and without an address, running, done and cancelled."""
    jobs = window.open("Jobs")
    jobs.change.setCurrentText(CLUSTER)
    themes(window, "cluster_empty")
    jobs.where.address.setText("somewhere")
    jobs.where.address.editingFinished.emit()
    themes(window, "cluster_wrong")
    jobs.where.address.setText("tcp://10.0.0.7:8786")
    jobs.where.address.editingFinished.emit()
    sizes(window, jobs, "cluster_address")
    dock = learned(window)
    by_workers(window, dock)
    themes(window, "cluster_running")
    window.wait(until=lambda: dock.run.task is None, at_most=WAIT_S)
    themes(window, "cluster_done")
    by_workers(window, dock)
    dock.footer.cancel.click()
    window.wait(until=lambda: dock.run.task is None, at_most=WAIT_S)
    themes(window, "cluster_cancelled")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
