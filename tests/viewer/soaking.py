"""A window that is used at random for a while: learn, cancel, predict, click, open, close.

``python tests/viewer/soaking.py --seconds 1800 --seed 1`` tells what it did, and as its last line
the `Report` as JSON. Jobs compute in processes of their own, as they do for a person.
"""

import argparse
import ctypes
import gc
import json
import os
import re
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import asdict, dataclass, field
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import psutil
from acting import SHORT, stack, strokes_on
from patches import press

PLUGIN = "napari-simgraph"
DOCKS = ("Segment", "Objects", "Similar", "Areas", "Classes", "Anomalies", "Jobs", "Workspace")
LONG = 100_000  # steps: longer than anybody waits
PLACE = {"scale": (50, 4, 4), "units": ("nm",) * 3, "axis_labels": ("z", "y", "x")}
ROUND = 10  # acts, before all is closed and memory is looked at
OURS = ("simgraph", "job")  # how our threads are called
LOOKS = 3  # at each thing that was made in the warm-up
TURNS = 8  # at most, until nothing is left: each takes a look through all memory


@dataclass
class Report:
    """What came of it.

    Parameters
    ----------
    acts
        How often each was done.
    megabytes, children
        Memory of the window, and of the processes of jobs, after each round.
    threads
        Those of ours that were left at the end.
    errors
        What was raised anywhere, and sentences of tasks that failed.
    left
        After each round that left any: docks and sessions that were still in memory although all
        of them were closed.
    """

    acts: dict[str, int] = field(default_factory=dict)
    megabytes: list[float] = field(default_factory=list)
    children: list[float] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    left: list[dict[str, int]] = field(default_factory=list)


class Soak:
    """A viewer in the hands of a random generator.

    Parameters
    ----------
    viewer
        A real one.
    seed
        Of what is done.
    """

    def __init__(self, viewer, seed):
        self.viewer, self.random = viewer, np.random.default_rng(seed)
        self.docks, self.report, self.images = {}, Report(), 0
        self.last = lambda: None
        self.acts = [
            (self.open_image, 4),
            (self.close_layer, 2),
            (self.open_dock, 3),
            (self.close_dock, 2),
            (self.paint, 4),
            (self.learn, 6),
            (self.learn_long, 4),
            (self.predict, 5),
            (self.find_similar, 4),
            (self.start_any, 2),
            (self.cancel, 4),
            (self.stop, 3),
            (self.pause, 2),
            (self.click_canvas, 6),
            (self.look_around, 6),
            (self.undo, 3),
            (self.wait_for_jobs, 3),
        ]

    @property
    def session(self):
        """That of any dock that is open, else the last one, which lives while a job of it runs."""
        return next((dock.session for _, dock in self.docks.values()), None) or self.last()

    @property
    def pictures(self):
        """The images that were opened, not what was made of them."""
        return [one for one in self.viewer.layers if re.fullmatch(r"picture \d+", one.name)]

    def warm_up(self):
        """Use everything once: libraries are loaded, and memory is what it is from then on."""
        self.open_image()
        for name in DOCKS:
            self.dock(name)
        for act in (self.paint, self.learn, self.predict, self.embed, self.paint, self.undo):
            act()
            self.wait_for_jobs(stop=False)  # what shows results loads libraries, too
            for _ in range(LOOKS):
                self.look_around()
                self.click_canvas()
                self.turn(0.1)
        self.calm()
        self.report.acts.clear()

    def round(self, acts=ROUND):
        """Do some acts, then close everything and look at the memory."""
        for _ in range(acts):
            self.act()
        self.calm()
        self.report.megabytes.append(own_megabytes())
        self.report.children.append(child_megabytes())
        if left := still_there():
            self.report.left.append(left)

    def act(self):
        """Do something that can be done now."""
        weights = np.array([weight for _, weight in self.acts], float)
        while True:
            act, _ = self.acts[int(self.random.choice(len(self.acts), p=weights / weights.sum()))]
            if act() is not False:
                break
        self.report.acts[act.__name__] = self.report.acts.get(act.__name__, 0) + 1
        self.turn(float(self.random.random()) * 0.1)

    def turn(self, seconds=0.0, until=None, at_most=300.0):
        """Let the window live for a moment, or until something is true."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + (at_most if until else seconds)
        while True:
            QApplication.processEvents()
            if (until and until()) or time.monotonic() > end:
                break
            time.sleep(0.005)
        if until and not until():
            self.report.errors.append(f"waited in vain for {until.__name__}")

    def calm(self):
        """Cancel, close layers and docks, and let go of what nobody needs."""
        self.close_all()
        for _ in range(TURNS):  # what is let go of lets go of others
            self.turn(0.1)
            tidy()
            if not still_there() and not our_threads():
                break

    def close_all(self):
        """Cancel, and close layers and docks; no name of its own holds a task afterwards."""
        if self.session is not None:
            for task in self.session.jobs.tasks:
                task.cancel()
        self.wait_for_jobs()
        self.viewer.layers.clear()
        while self.docks:
            self.close_dock()
        for below in list(self.viewer.window.dock_widgets.values()):  # a click had it opened
            self.viewer.window.remove_dock_widget(below)

    def open_image(self):
        if len(self.pictures) >= 3:
            return False
        depth, edge = int(self.random.integers(1, 5)), 16 * int(self.random.integers(3, 7))
        self.images += 1
        data = stack(depth, edge, self.images)
        self.viewer.add_image(data, name=f"picture {self.images}", **PLACE)
        return True

    def close_layer(self):
        if not self.viewer.layers:
            return False
        self.viewer.layers.pop(int(self.random.integers(len(self.viewer.layers))))
        return True

    def open_dock(self):
        name = DOCKS[int(self.random.integers(len(DOCKS)))]
        self.dock(name)
        return True

    def dock(self, name):
        """The dock of this name; opened where it isn't."""
        if name not in self.docks:
            self.docks[name] = self.viewer.window.add_plugin_dock_widget(PLUGIN, name)
        holder, dock = self.docks[name]
        holder.show()
        holder.raise_()
        self.turn()
        return dock

    def close_dock(self):
        if not self.docks:
            return False
        name = sorted(self.docks)[int(self.random.integers(len(self.docks)))]
        holder, dock = self.docks.pop(name)
        self.last = weakref.ref(dock.session)
        self.viewer.window.remove_dock_widget(holder)
        return True

    def paint(self):
        if not self.pictures:
            return False
        image = self.pictures[-1]
        name = f"{image.name} painted"
        if name not in self.viewer.layers:
            painted = np.zeros(image.data.shape, np.uint8)
            self.viewer.add_labels(painted, name=name, **PLACE)
        layer = self.viewer.layers[name]
        z, y, x = (int(self.random.integers(size)) for size in layer.data.shape)
        layer.brush_size = int(self.random.integers(1, 9))
        layer.paint((z, y, x), int(self.random.integers(0, 3)))
        return True

    def learn(self):
        return self.teach(changed(SHORT, patch=32))

    def learn_long(self):
        return self.teach(changed(SHORT, steps=LONG))

    def teach(self, settings):
        """Press Learn in the Segment dock, as far as it can be pressed."""
        if not self.pictures:
            return False
        dock = self.dock("Segment")
        image = self.pictures[-1]
        if f"{image.name} taught" not in self.viewer.layers and image.data.shape[0] > 1:
            self.viewer.add_labels(strokes_on(image.data), name=f"{image.name} taught", **PLACE)
        dock.tabs.setCurrentIndex(0)
        dock.teach.way.choose(live=False)
        dock.teach.form.set_value(settings)
        return self.press(dock)

    def predict(self):
        if not self.pictures:
            return False
        dock = self.dock("Segment")
        if not self.session.models("segmentation"):
            if not self.learn():
                return False
            for task in self.session.jobs.tasks:  # what runs for ever would be waited for
                if task is not dock.teach.task:
                    task.resume()
                    task.stop()

            def learned():
                return dock.teach.task is None

            self.turn(until=learned)
        dock.tabs.setCurrentIndex(2)
        return self.press(dock)

    def find_similar(self):
        return self.embed(LONG if self.random.integers(2) else 0)

    def embed(self, steps=0):
        """Press Learn in the Similar dock; by default the few steps of a test."""
        from test_similar_run import SHORT as SIMILAR

        if not self.pictures:
            return False
        dock = self.dock("Similar")
        dock.input.form.set_value(changed(SIMILAR, steps=steps or SIMILAR.steps))
        return self.press(dock)

    def start_any(self):
        names = [name for name in self.docks if name not in ("Segment", "Similar", "Workspace")]
        if not names:
            return False
        return self.press(self.dock(sorted(names)[int(self.random.integers(len(names)))]))

    def press(self, dock):
        """Press the main button, where it can be pressed."""
        if not dock.footer.main.isEnabled() or dock.footer.running:
            return False
        dock.footer.main.click()
        return True

    def running(self):
        """The docks in which something runs."""
        return [dock for _, (_, dock) in sorted(self.docks.items()) if dock.footer.running]

    def cancel(self):
        return self.press_running("cancel")

    def stop(self):
        return self.press_running("stop")

    def pause(self):
        return self.press_running("pause")

    def press_running(self, name):
        """Press one of the three buttons in a dock that runs."""
        running = self.running()
        if not running:
            return False
        dock = running[int(self.random.integers(len(running)))]
        button = getattr(dock.footer, name)
        if button.isEnabled():
            button.click()
        return True

    def click_canvas(self):
        layers = [one for one in self.viewer.layers if one.ndim == 3]
        if not layers:
            return False
        layer = layers[int(self.random.integers(len(layers)))]
        place = tuple(int(self.random.integers(size)) for size in layer.data.shape[:3])
        press(self.viewer, layer, place)
        return True

    def look_around(self):
        if not self.viewer.layers:
            return False
        self.viewer.dims.set_current_step(0, int(self.random.integers(self.viewer.dims.nsteps[0])))
        self.viewer.scene.camera.zoom = 0.5 + 4 * float(self.random.random())
        layer = self.viewer.layers[int(self.random.integers(len(self.viewer.layers)))]
        layer.visible = not layer.visible
        return True

    def undo(self):
        painted = [one for one in self.viewer.layers if one.name.endswith("painted")]
        if not painted:
            return False
        painted[-1].undo()
        return True

    def wait_for_jobs(self, stop=True):
        """Wait until nothing runs; what would run for ever is stopped first."""
        if self.session is None:
            return False
        jobs = self.session.jobs
        for task in jobs.tasks if stop else ():
            task.resume()
            task.stop()

        def all_over():
            return all(task.state.over for task in jobs.tasks)

        self.turn(until=all_over)
        self.report.errors += [
            f"{task.title}: {task.ending.sentence}"
            for task in jobs.tasks
            if task.ending and task.ending.error is not None
        ]
        return True


def tidy():
    """Give back to the system what is free, so that what is measured is in use."""
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def still_there():
    """How many docks and sessions live, by name."""
    from napari_simgraph.viewer.frame import DockFrame
    from napari_simgraph.viewer.session import Session

    found = [type(one).__name__ for one in gc.get_objects() if isinstance(one, DockFrame | Session)]
    return {name: found.count(name) for name in sorted(set(found))}


def own_megabytes():
    """Memory of this process."""
    return psutil.Process().memory_info().rss / 1e6


def child_megabytes():
    """Memory of the processes that it began."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            total += child.memory_info().rss / 1e6
        except psutil.Error:  # it ended meanwhile
            continue
    return total


def listen(errors):
    """Have all that is raised anywhere noted."""
    from napari.utils.notifications import notification_manager

    def hear(notification):
        if notification.severity >= "error":
            errors.append(str(notification.message))

    notification_manager.notification_ready.connect(hear)
    threading.excepthook = lambda told: errors.append(f"in a thread: {told.exc_value!r}")
    sys.unraisablehook = lambda told: errors.append(f"unraisable: {told.exc_value!r}")
    return hear


def no_dialogs():
    """Whoever would be asked for a file answers Cancel."""
    from qtpy.QtWidgets import QFileDialog

    for name in ("getOpenFileName", "getSaveFileName"):
        setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    QFileDialog.getExistingDirectory = lambda *_, **__: ""


def our_threads():
    """The threads that are ours."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(OURS)]


def main():
    """Use a window for some rounds or seconds, and tell how it was."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=0.0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seed", type=int, default=20261121)
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["SIMGRAPH_WORKSPACES"] = str(Path(home) / "home")
        os.environ["XDG_STATE_HOME"] = home  # logs
        report = soak(told)
    print(json.dumps(asdict(report)))


def soak(told):
    """The report of a window that was used."""
    import napari

    no_dialogs()
    from qtpy.QtCore import QTimer

    hands = Soak(napari.Viewer(show=True), told.seed)
    hear = listen(hands.report.errors)
    QTimer.singleShot(0, lambda: use(hands, told))
    napari.run()  # until the window is closed, as it ends for a person
    end = time.monotonic() + 20
    while our_threads() and time.monotonic() < end:
        gc.collect()
        time.sleep(0.05)
    hands.report.threads = our_threads()
    del hear  # napari holds it by a weak reference
    return hands.report


def use(hands, told):
    """Use a window as long as was asked, then close it."""
    end, rounds = time.monotonic() + told.seconds, 0
    try:
        hands.warm_up()
        while rounds < told.rounds or time.monotonic() < end:
            hands.round()
            rounds += 1
            told_now = f"{hands.report.megabytes[-1]:.0f} MB, left {hands.report.left}"
            print(rounds, told_now, hands.report.acts, flush=True)
    except Exception as error:
        hands.report.errors.append(f"the hands: {error!r}")
        raise
    finally:
        hands.viewer.close()


if __name__ == "__main__":
    main()
