"""Looking for areas in one table: what was said, what answers, which areas come of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.analysis.areas import Area
from napari_simgraph.capabilities import interest
from napari_simgraph.core.clicks import ClickAnswer, Reasons
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.viewer.areas.lane import ClickLane
from napari_simgraph.viewer.areas.opinion import RARE, Opinion, Opinions
from napari_simgraph.viewer.areas.scored import (
    Groups,
    areas_of,
    crowd_of,
    read_told,
    scores_in,
    with_scores,
    write_told,
)
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.session import Session

ABOVE = 0.7  # the threshold to begin with
_NEIGHBOURS = 5  # of each kind of link that are named as reasons
_KEEP_MS = 2000  # after the last answer scores are written: a table may take a second


class Looking(QObject):
    """Scores and areas of the table in hand; widgets show them, layers draw them.

    `scored` says that scores came or went, `outlined` that areas did, `reasoned` brings Reasons,
    `said` what was done (an undo step), `warned` a warning, `ended` how a session did.
    """

    scored = Signal()
    outlined = Signal()
    reasoned = Signal(object)
    said = Signal(str)
    warned = Signal(str)
    ended = Signal(object)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)  # so that no timer outlives the dock
        self._session = session
        self.lane, self.opinions = ClickLane(session), Opinions()
        self._beside = Latest("simgraph-areas", self)
        self._keep = QTimer(self)
        self._keep.setSingleShot(True)
        self._keep.setInterval(_KEEP_MS)
        self._keep.timeout.connect(self.keep)
        self.key = ""
        self.table: EmbeddingTable | None = None
        self.groups: Groups | None = None
        self._answer: ScoreTable | None = None
        self._found: ScoreTable | None = None
        self.areas: list[Area] = []
        self.down = 0  # how many of the last areas were turned down
        self.above, self.held = ABOVE, False  # threshold, and whether it was set by hand
        self.figures: dict[str, float] = {}
        self._found_figures: dict[str, float] = {}
        self.lane.answered.connect(self._answered)
        self.lane.reasoned.connect(self.reasoned)
        self.lane.warned.connect(self.warned)
        self.lane.ended.connect(self.ended)
        self.opinions.changed.connect(self._opined)
        self.config = interest.Train()
        self._forget()

    @property
    def graph(self) -> SimilarityGraph | None:
        """The links of the table in hand; None where it has none."""
        return self._session.tables.graph(self.key) if self.key else None

    @property
    def spoken(self) -> dict[int, bool]:
        """What the opinion says of single patches; nothing where it asks for no answer."""
        opinion, groups = self.opinions.now, self.groups
        if not (opinion.clicks or opinion.group > 0):
            return {}
        return opinion.spoken(*(() if groups is None else (groups.number, groups.seed)))

    @property
    def scores(self) -> ScoreTable | None:
        """What is shown: an answer to clicks, else what is rare, else what a job found."""
        opinion = self.opinions.now
        if opinion.group == RARE and self.groups is not None and self.groups.rare is not None:
            assert self.table is not None  # groups are of a table
            return ScoreTable(self.table.grid, self.groups.rare)
        return self._answer if self.spoken else self._found

    def choose(self, key: str) -> None:
        """Take this table in hand, with what is known of its patches; "" for none.

        Raises
        ------
        ValueError
            Its file is gone or damaged.
        """
        table = self._session.tables.get(key) if key else None
        if key != self.key and self._keep.isActive():
            self.keep()  # others hear of the table before, and may bring us back here
        if key == self.key and self._same(table):
            self.table = table
            return
        self.lane.leave()
        self._forget()
        self.key, self.table = key, table
        if table is not None and not self._restore(table):
            self._tell()
        self.scored.emit()
        self.said.emit("")
        self.outline()

    def judge(self, rows: Rows, like: bool | None) -> None:
        """Patches are interesting or not; None takes that back."""
        many = f"{len(rows)} patches" if len(rows) > 1 else "a patch"
        word = {True: "interesting", False: "not interesting", None: "not judged"}[like]
        self.opinions.say(self.opinions.now.click(rows.tolist(), like), f"{many} {word}")

    def confirm(self, group: int) -> None:
        """Show a group as the area of interest; `RARE` for what is rare, 0 for none."""
        names = {RARE: "rare and together", 0: "no group"}
        self.opinions.say(self.opinions.now.confirm(group), names.get(group, f"group {group}"))

    def turn_down(self, area: Area, down: bool) -> None:
        """An area is not of interest after all, or is."""
        word = "turned down" if down else "taken in"
        now = self.opinions.now.turn_down(area.rows, down)
        self.opinions.say(now, f"area {area.number} {word}")

    def clear(self) -> None:
        """Forget all clicks, the confirmed group and what was turned down."""
        self.opinions.say(Opinion(), "all clicks cleared")

    def take_groups(self, groups: Groups | None) -> None:
        """Groups that were found without labels."""
        self.groups = groups
        self.opinions.restart(self.opinions.now.confirm(0))  # its numbers meant other groups
        self._opined("")

    def take_found(
        self, scores: ScoreTable, figures: Mapping[str, float], above: float = ABOVE
    ) -> None:
        """Scores of a job; what was said before is set aside, and Undo brings it back."""
        self._found, self._found_figures = scores, dict(figures)
        self.above = self.above if self.held else above
        if self.opinions.now != Opinion():
            self.opinions.say(Opinion(), "clicks and groups set aside")
        else:
            self._opined("")

    def set_above(self, above: float) -> None:
        """Outline what scores more than this from now on; set by hand."""
        self.above, self.held = above, True
        self.outline()
        self._keep.start()

    def why(self, row: int) -> None:
        """Ask why a patch scores as it does."""
        graph = self.graph
        self._tell()  # after a workspace was opened nobody has told it yet
        if self.lane.listens:
            self.lane.why(row)
        elif graph is not None:  # no click to weigh
            self.reasoned.emit(Reasons(row, (), graph.strongest(row, _NEIGHBOURS)))

    def skip(self, row: int) -> None:
        """Ask for another patch than this one."""
        self._tell()
        self.lane.skip(row)

    def finish(self) -> None:
        """End the session, once it knows all clicks; `ended` brings the model."""
        self._tell()
        self._finishing = self.lane.waits
        if not self._finishing:
            self.lane.stop()

    def outline(self) -> None:
        """Look for the areas above the threshold, beside the window."""
        scores, opinion = self.scores, self.opinions.now
        if scores is None:
            self._beside.drop()
            self._take_areas(([], []))
            return
        self._beside.ask(partial(areas_of, scores, self.above, opinion.rejected), self._take_areas)

    def keep(self) -> None:
        """Write scores and what was said into the workspace."""
        self._keep.stop()
        if self.table is None:
            return
        self._keep_told(scored=not self.lane.waits)
        session, chosen, key = self._session, self._session.selection, self.key
        self.table = made = with_scores(self.table, self.scores, self.groups)
        session.tables.renew(key, made)
        if chosen.key == key:
            chosen.show_table(made, key)

    def close(self) -> None:
        """Write what is not written yet, and listen no more."""
        if self._keep.isActive():
            self.keep()
        self.lane.leave()
        self._beside.close()

    def _keep_told(self, scored: bool = False) -> None:
        """Write what was said, at once since it is small; `scored` if the table has its answer."""
        if self.table is None:
            return
        told = {
            "opinion": self.opinions.now.to_json(self.table.patch_id),
            "scored": scored,
            "above": self.above,
            "held": self.held,
            "figures": self.figures,
            "clicks": self.clicks,
            "asked": self.asked,
            "seed": 0 if self.groups is None else self.groups.seed,
        }
        folder = self._session.ensure_workspace().folder
        self._session.keeper.do(write_told, folder, self.key, told)

    def _forget(self) -> None:
        self.key, self.table, self.groups = "", None, None
        self._answer = self._found = None
        self.areas, self.down = [], 0
        self.figures, self._found_figures = {}, {}
        self.clicks, self.asked = 0, -1
        self.above, self.held = ABOVE, False
        self._finishing = False
        self.opinions.restart(Opinion())

    def _restore(self, table: EmbeddingTable) -> bool:
        """Take up what was said before; whether the table has the answer to it."""
        told = read_told(self._session.workspace, self.key)
        whole = bool(told.get("scored", True))
        known = scores_in(table) if whole else None
        self.groups = Groups.of(table, int(told.get("seed", 0)))
        self.opinions.restart(Opinion.from_json(told.get("opinion", {}), table.patch_id))
        self.above, self.held = float(told.get("above", ABOVE)), bool(told.get("held"))
        if self.spoken:
            self._answer, self.figures = known, dict(told.get("figures", {}))
            self.clicks, self.asked = int(told.get("clicks", 0)), int(told.get("asked", -1))
        elif self.opinions.now.group != RARE:
            self._found, self.figures = known, dict(told.get("figures", {}))
            self._found_figures = self.figures
        return whole

    def _same(self, table: EmbeddingTable | None) -> bool:
        if table is None or self.table is None:
            return table is self.table
        same = len(table) == len(self.table) and table.values is self.table.values
        return same and bool((table.patch_id == self.table.patch_id).all())

    def _opined(self, said: str) -> None:
        self._tell()
        if not self.lane.waits:
            self.scored.emit()
        self.outline()
        self._keep_told()
        self._keep.start()
        self.said.emit(said)

    def _tell(self) -> None:
        graph, wanted = self.graph, self.spoken
        if graph is None:
            return
        crowd = crowd_of(self.groups, self.opinions.now.group)
        self.lane.tell(graph, wanted, self.config, crowd)
        if len(set(wanted.values())) < 2:
            self._answer, self.clicks, self.asked = None, 0, -1
            self.figures = {} if wanted else self._found_figures

    def _answered(self, answer: ClickAnswer) -> None:
        if len(set(self.spoken.values())) < 2:
            return  # of clicks that were taken back meanwhile
        self._answer, self.asked = answer.scores, answer.asked
        self.figures = dict(answer.figures) if self.opinions.now.group == 0 else {}
        self.clicks = len(self.opinions.now.clicks)
        if not self.held and self.opinions.now.group == 0:
            self.above = answer.above
        self.scored.emit()
        self.outline()
        self._keep.start()
        if self._finishing:
            self._finishing = False
            self.lane.stop()

    def _take_areas(self, found: tuple[list[Area], list[Area]]) -> None:
        high, down = found
        self.areas, self.down = [*high, *down], len(down)
        self.outlined.emit()
