"""Questions answered beside the window; only the answer to the latest one is handed on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from qtpy.QtCore import QObject, QTimer

_LOOK_MS = 4  # between looks for an answer: a click waits no longer than it needs


class Latest(QObject):
    """One thread that works out one answer at a time; no Qt object is touched from it.

    Parameters
    ----------
    name
        What the thread is called.
    """

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(1, name)
        self._asked: Future[Any] | None = None
        self._take: Callable[[Any], object] = lambda answer: None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def busy(self) -> bool:
        """Whether an answer is still awaited."""
        return self._asked is not None

    def ask(self, work: Callable[[], Any], take: Callable[[Any], object]) -> None:
        """Call `take` with what `work` gives, unless something else is asked before."""
        if self._asked is not None:
            self._asked.cancel()
        self._asked, self._take = self._thread.submit(work), take
        self._timer.start()

    def drop(self) -> None:
        """Await nothing any more."""
        if self._asked is not None:
            self._asked.cancel()
        self._asked = None
        self._timer.stop()

    def close(self) -> None:
        """End the thread after what it is at."""
        self.drop()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _look(self) -> None:
        asked = self._asked
        if asked is not None and asked.done():
            self._asked = None
            self._timer.stop()
            self._take(asked.result())
