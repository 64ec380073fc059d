"""A thread that writes in order; what a disk refuses is kept, and written as soon as it may be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from napari_simgraph.io.safe import may_pass, refused
from napari_simgraph.viewer.log import open_log, say_trace

_UNEXPECTED = "Saving stopped unexpectedly. Save a copy of the workspace."
_KEPT = "what you do stays in this window and is saved as soon as that is over."


class Writer:
    """One thread, that of one kind of writing.

    Where a disk is full or locked, what was to be written waits, and all that comes after it: so
    nothing is lost, and nothing old is written over what is newer.

    Parameters
    ----------
    name
        Of the thread.

    Attributes
    ----------
    problem
        What keeps it from writing, as a sentence; empty while all is well.
    """

    def __init__(self, name: str) -> None:
        self.problem = ""
        self._thread = ThreadPoolExecutor(1, name)
        self._waiting: deque[Callable[[], object]] = deque()  # touched in the thread alone

    @property
    def behind(self) -> bool:
        """Whether something waits for the disk."""
        return bool(self._waiting)

    def write(self, work: Callable[..., object], *values: Any) -> Future[None]:
        """Call this after what was asked before; over once it was tried."""
        return self._thread.submit(self._write, partial(work, *values))

    def now(self, work: Callable[..., object], *values: Any) -> None:
        """Call this in the caller's thread; where the disk refuses it, after what waits already.

        Raises
        ------
        ValueError, OSError
            It can't be written, nor later.
        """
        if not self.behind:
            try:
                work(*values)
                return
            except (ValueError, OSError) as error:
                if may_pass(error) is None:
                    raise
        self.write(work, *values)

    def ask(self, work: Callable[..., Any], *values: Any) -> Future[Any]:
        """The same for what writes nothing here: its result and its errors are the caller's."""
        return self._thread.submit(self._ask, partial(work, *values))

    def again(self) -> Future[None]:
        """Try what waits."""
        return self._thread.submit(self._catch_up)

    def _write(self, work: Callable[[], object]) -> None:
        self._waiting.append(work)
        self._catch_up()

    def _ask(self, work: Callable[[], Any]) -> Any:
        self._catch_up()
        return work()

    def _catch_up(self) -> None:
        while self._waiting:
            try:
                self._waiting[0]()
            except Exception as error:  # noqa: BLE001 - what comes after it is written
                if said := may_pass(error):
                    self.problem = f"{refused(said).capitalize()}: {_KEPT}"
                    return
                open_log().error("%s", say_trace(error))
                self.problem = _UNEXPECTED
            else:
                self.problem = ""
            self._waiting.popleft()
