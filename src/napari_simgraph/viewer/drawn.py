"""A rectangle drawn in the image becomes an example: embedded beside the window, then searched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_simgraph.analysis.query import Box, points_of
from napari_simgraph.capabilities.similarity import MEAN
from napari_simgraph.core.job import Job
from napari_simgraph.viewer.boxes_job import Square, embed_square
from napari_simgraph.viewer.chain import part
from napari_simgraph.viewer.ground import images_on, noun_of
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.selection import Example, Place
from napari_simgraph.viewer.session import Session

_NEVER_ONE = 0.99  # a live job whose bar is full waits for a message
LOOKING = "Looking at the rectangle …"


class DrawnSearch:
    """Asks the selection for what is like a rectangle that was drawn.

    Parameters
    ----------
    session
        Whose canvas is drawn on.
    say
        Called with a sentence: that it looks, or why it can't.
    """

    def __init__(self, session: Session, say: Callable[[str], object]) -> None:
        self._session, self._say = session, say
        self.task: Task | None = None
        session.canvas.drawn.connect(self.look)

    def look(self, place: Place) -> None:
        """Embed the square of a rectangle and look for what is like it."""
        session, ground = self._session, self._session.canvas.ground
        table = session.selection.table
        if ground is None or table is None:
            return
        number = ground.number(place.image)
        corner = (round(place.y + 0.5 - place.size / 2), round(place.x + 0.5 - place.size / 2))
        square: Square = (place.z, *corner, max(1, round(place.size)))
        name = str(session.tables.about(session.selection.key).get("model", ""))
        if name not in session.models("embedding"):
            self._mean(place, Box(number, *square))
            return
        layer = ground.layer(number)
        assert layer is not None  # it was drawn on
        on_sheet = images_on(layer, table.grid.sources)
        image = noun_of(layer) if on_sheet is None else on_sheet[number]
        model, jobs, room = session.model(name), session.jobs, session.room("rectangles")
        if self.task is not None:
            self.task.cancel()
        self._say(LOOKING)

        def make() -> Job[Any]:
            job = jobs.apart(embed_square, model, image, square=square, room=room)
            return part(job, 0.0, _NEVER_ONE, "looking at the rectangle")

        self.task = jobs.submit("Look at a rectangle", make, lane="live")
        self.task.ended.connect(lambda ending: self._ended(ending, place))

    def close(self) -> None:
        """Stop listening."""
        self._session.canvas.drawn.disconnect(self.look)
        if self.task is not None:
            self.task.cancel()

    def _ended(self, ending: Ending, place: Place) -> None:
        self.task = None
        if ending.result is not None:
            self._session.selection.ask([Example(ending.result, place)])
        elif ending.error is not None:
            self._say(ending.sentence)

    def _mean(self, place: Place, box: Box) -> None:
        """Without a model: the mean of the patches that lie there."""
        table = self._session.selection.table
        assert table is not None  # `look` asked
        try:
            points, _ = points_of(table, [box])
        except ValueError as error:
            self._say(str(error))
            return
        self._session.selection.ask([Example(points[0], place)])
        self._say(MEAN)
