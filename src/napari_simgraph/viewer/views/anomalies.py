"""The dock Anomalies: learn what is normal, and see where a picture is not as expected."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from qtpy.QtWidgets import QFileDialog

from napari_simgraph.analysis.odd_places import OddPlace
from napari_simgraph.core.job import Progress, say_time
from napari_simgraph.core.raster import each_image
from napari_simgraph.io.industrial import write_scores
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.front_keys import Front, FrontKeys
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.placing import PLUGIN
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import State
from napari_simgraph.viewer.views.anomalies_found import FoundRows
from napari_simgraph.viewer.views.anomalies_input import ODD, AnomaliesInput
from napari_simgraph.viewer.views.anomalies_job import Seen, seconds
from napari_simgraph.viewer.views.anomalies_places import (
    bring_near,
    fill_view,
    line_of,
    meet,
    sight_of,
)
from napari_simgraph.viewer.views.anomalies_runs import Runs, place_on
from napari_simgraph.viewer.views.bottom import show_page, shown_page
from napari_simgraph.viewer.views.parts import Warned, say_channels, say_device
from napari_simgraph.viewer.words import say_about

_WHAT_FOR = "Learn what is normal, then see what is not."
_TIP = "key in this dock: Ctrl+Enter; command line: anomaly train, anomaly apply"
_FEW = 20  # normal images below which scores are rough
_PAGE = "Thumbnails"
_KEYS = (
    ("N", "N", "go to the next worst place"),
    ("Y", "Y", "it is right: odd"),
    ("U", "U", "it is normal"),
    ("R", "R", "mark a region as odd"),
    ("Control-Enter", "Ctrl+Enter", "what the big button says"),
)


class AnomaliesDock(DockFrame):
    """Normal images in; a map, the worst places and a score of each image out."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self.input, self.noted, self.found = AnomaliesInput(self.session), Warned(), FoundRows()
        self.runs = Runs(self.session, self.input, self.noted)
        self._told: tuple[State, str, Button | None] | None = None
        self._no: list[OddPlace] = []
        self._fresh = False  # a look whose places were not shown yet
        for part in (self.input, self.noted, self.found):
            self.body.addWidget(part)
        self.input.fold_into(self.settings)
        acts: dict[str, Callable[[], object]] = {
            "N": self.found.walk,
            "Y": partial(self.found.judge, True),
            "U": partial(self.found.judge, False),
            "R": partial(self.input.mark, ODD),
            "Control-Enter": self.run_main,
        }
        self.bound, self.front = FrontKeys(self.session, acts), Front(self)
        self._connect()
        self._come(True)
        rows = [(shown, does, self.bound.holds(key)) for key, shown, does in _KEYS]
        self.keys.set_rows(rows)
        self.renew()

    @property
    def task(self) -> Any:
        """The job of this dock that runs or waits."""
        return self.runs.task

    def renew(self, event: Any = None) -> None:
        """Tell the footer what is."""
        if self.runs.forget():
            self._told = None
        self.found.setVisible(self.runs.result is not None)
        there = any(isinstance(layer, ImageLayer) for layer in self.viewer.layers)
        if not there and self.task is None:
            self.unfollow()
            self.set_main("Learn what is normal")
            buttons = (("Open image…", self._open), ("Open folder…", self.input.open_folder))
            self.show_empty(_WHAT_FOR, "No image is open yet.", buttons)
            return
        if self.task is not None:
            self.follow(self.task, self.session.jobs)
            return
        self.unfollow()
        self.set_main(self.runs.main, self.runs.start, f"{self.runs.main}.\n{_TIP}")
        state, sentence, made = self._told or self._ready()
        self.show_state(state, sentence, made)
        wrong = self._told is None and state == "error"
        self.footer.main.setEnabled(self.input.layer is not None and not wrong)

    def tell(self, state: State, sentence: str, made: Button | None = None) -> None:
        """Say something until the next thing happens."""
        self._told = (state, sentence, made)
        self.renew()

    def say_progress(self, progress: Progress) -> str:
        """What it is doing."""
        return progress.text

    def show_ending(self, state: State, ending: Ending) -> None:
        """The dock says more than the task does."""
        self.renew()

    def go(self, place: OddPlace, bring: Callable[..., None] = bring_near) -> None:
        """Show a place: section and camera."""
        result = self.runs.result
        if result is None or result.layer not in self.viewer.layers:
            return
        layer = result.layer
        world = np.asarray(layer.data_to_world(place_on(result, place)))
        if layer.ndim > 2:
            self.viewer.dims.set_point(range(self.viewer.dims.ndim)[-3], world[-3])
        size = np.array([place.rows[1] - place.rows[0], place.columns[1] - place.columns[0]])
        bring(self.viewer, world[-2:], size * np.abs(np.asarray(layer.scale)[-2:]))

    def save(self, path: str = "") -> None:
        """Write the scores of the images as CSV; asks where to."""
        result = self.runs.result
        found = path or QFileDialog.getSaveFileName(self, "Scores", "scores.csv", "*.csv")[0]
        if found and result is not None:
            write_scores(result.found.image_scores, Path(found))
            self.tell("done", f"Wrote {Path(found).name}.")

    def _connect(self) -> None:
        self.input.changed.connect(self._changed)
        self.input.failed.connect(lambda said: self.tell("error", said))
        self.runs.told.connect(self.tell)
        self.runs.changed.connect(self.renew)
        self.runs.looked.connect(self._looked)
        self.runs.seen.connect(self._seen)
        self.found.shown.connect(self.runs.show)
        self.found.alarms.connect(lambda rate: self._mark(self.runs.limit(rate)))
        self.found.going.connect(self._walked)
        self.found.judged.connect(self._judge)
        self.found.image_going.connect(self._go_image)
        self.found.saving.connect(lambda: self.save())
        self.session.device_changed.connect(self.renew)
        for event in ("inserted", "removed"):
            getattr(self.viewer.layers.events, event).connect(self.renew)
        self.front.came.connect(self._come)
        self.on_close(self._leave)

    def _place(self) -> None:
        super()._place()
        self.front.watch()

    def _come(self, front: bool) -> None:
        """In front: keys are ours."""
        if front:
            self.bound.bind()
        else:
            self.bound.free()

    def _changed(self) -> None:
        self._told = None
        self.renew()

    def _looked(self) -> None:
        result = self.runs.result
        self._no, self._fresh = [], result is not None
        self.found.show_images({} if result is None else result.found.image_scores)
        if result is not None:
            self.found.offer(hidden=result.found.hidden is not None)
            self._mark(self.runs.limit(self.found.rate))
        else:
            self.found.show_places([], 0)
            self._show_sights(0)

    def _mark(self, limit: float) -> None:
        self.found.say_limit(limit)
        self.runs.mark(limit)

    def _seen(self, seen: Seen, limit: float) -> None:
        result = self.runs.result
        if result is None:
            return
        places = [one for one in seen.places if not any(meet(one, no) for no in self._no)]
        pixels = dict(zip(seen.places, seen.around, strict=False))  # of the first ones
        lines = [line_of(result, one, pixels.get(one)) for one in places]
        count = seen.count - (len(seen.places) - len(places))
        self.found.say_limit(limit)
        self.found.show_places(lines, count)
        self._show_sights(count)
        sections = sum(one.sections for one in result.maps)
        undo = ("Undo", self.runs.undo)
        if not lines:
            said = f"Nothing above the threshold. Highest {seen.highest:.2f}."
        else:
            what = "images" if len(result.maps) > 1 else "sections"
            where = f" in {sections} {what}" if sections > 1 else ""
            said = f"{count:,} place{'' if count == 1 else 's'} above {limit:.2f}{where}."
        if seen.figures:
            told = seen.figures
            said += f" AUROC: pictures {told['image_auroc']:.2f}, pixels {told['pixel_auroc']:.2f}."
        self.tell("done", said, undo)

    def _show_sights(self, count: int) -> None:
        """The worst places among the thumbnails: after a look, and as long as they stand there."""
        page = shown_page(self.viewer, _PAGE)
        if self._fresh and self.found.lines:
            page = show_page(self.viewer, _PAGE)
        elif page is None or not page.sights.title:
            return
        self._fresh = False
        sights = [sight_of(line, self.found.choose) for line in self.found.lines]
        page.show_sights(f"Worst places, {len(sights)} of {count:,}" if sights else "", sights)

    def _walked(self, place: OddPlace) -> None:
        """Go to a place, and light it up among the thumbnails."""
        self.go(place)
        page = shown_page(self.viewer, _PAGE)
        if page is not None and page.sights.title:
            page.sights.choose([line.place for line in self.found.lines].index(place))

    def _judge(self, place: OddPlace, right: bool) -> None:
        """What is normal goes off the list, and the threshold above it."""
        if right:
            self.found.walk()
            return
        self._no.append(place)
        scores = [line.place.score for line in self.found.lines if line.place != place]
        higher = [score for score in scores if score > place.score]
        top = min(higher) if higher else place.score + 1e-4
        limit = (place.score + top) / 2
        self.found.set_rate(self.runs.rate(limit))
        self._mark(limit)

    def _go_image(self, name: str) -> None:
        result = self.runs.result
        if result is not None and name in result.names:
            number = result.names.index(name)
            plane = result.maps[number].plane
            self.go(OddPlace(number, 0, (0, plane[0]), (0, plane[1]), 0.0, 0), fill_view)

    def _ready(self) -> tuple[State, str, Button | None]:
        """What one can do now, and about how long it takes."""
        device = say_device(self.session.jobs, {"device": self.session.device})
        if self.input.layer is None:
            return "ready", "Choose an image.", None
        try:
            searched = self.input.searched()
            if self.input.model.name:
                return self._ready_to_look(searched, device)
            normal, marks = self.input.normal()
        except (ValueError, OSError) as error:
            return "error" if self.input.layer.ndim > 3 else "ready", str(error), None
        how = self.input.settings()
        time = "" if how.steps or how.epochs else f", {say_about(60 * how.minutes)}"
        many = len(each_image(normal))
        regions = sum(one.role == "normal" for one in marks or ())
        known = f"{regions} normal region{'' if regions == 1 else 's'} of " if regions else ""
        what = f"{many} images" if many > 1 else f"{known}{normal.name}"
        unread = self.input.unread if self.input.there.isChecked() else ""
        which: Button | None = ("Which?", lambda: self.tell("ready", unread)) if unread else None
        missing = f" {unread.count('Left out:')} could not be read." if unread else ""
        few = f"Only {many} normal images: scores will be rough."
        said = few if 1 < many < _FEW else f"Learns from {what}{time} on {device}."
        return "ready", f"{said}{missing}", which

    def _ready_to_look(self, searched: Any, device: str) -> tuple[State, str, Button | None]:
        model = self.session.model(self.input.model.name)
        channels = each_image(searched)[0].channels
        if channels != model.channels:
            said = f"The pictures to search have {say_channels(channels)}, it learned "
            again: Button = ("Learn again", lambda: self.input.model.menu.setCurrentIndex(0))
            return "error", f"{said}{say_channels(model.channels)}.", again
        speed = self.input.how_to_look().speed
        took = say_time(max(1.0, seconds(searched, speed)))
        return "ready", f"Looking takes about {took} on {device}.", None

    def _open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open image")
        if path:
            self.viewer.open(path, plugin=PLUGIN)

    def _leave(self) -> None:
        self._come(False)
        self.session.device_changed.disconnect(self.renew)
        for event in ("inserted", "removed"):
            getattr(self.viewer.layers.events, event).disconnect(self.renew)
        self.input.close_events()
        self.runs.close()
