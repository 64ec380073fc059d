"""The child: a Python process without a window that does one job after the other.

``python -m napari_simgraph.scale.child``; the messages come on standard input, the answers go to
standard output, and what libraries print goes to standard error.

Messages in: ``warm`` (what to call before a job comes), ``job`` or ``live`` (parcel, folder),
``seen`` (number of a tick), ``say`` (what to send into the job), ``close``. Out: ``begun`` or
``refused`` (it can't be unpacked here), ``tick`` (number, tick, how many messages the job has had),
and one of ``done`` (parcel), ``failed`` (Fault), ``closed``.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

from napari_simgraph.core.job import Job, Progress, Signal, Tick, run
from napari_simgraph.core.room import Checkpoint, Inner, Room
from napari_simgraph.io.safe import remove
from napari_simgraph.learn.allocation import keep_freed_blocks
from napari_simgraph.scale.parcel import pack, unpack
from napari_simgraph.scale.wire import fault_of, receive, send

# Somebody who corrects a few strokes learns again within five minutes; loading torch anew takes
# seconds, and waiting holds about 450 MB.
IDLE_SECONDS = 300.0
# A tick that nobody has seen for so long holds the job: the window pauses it by not looking.
# Long enough that a window busy with drawing does not hold it up.
AHEAD_SECONDS = 0.25
_LAST_SECONDS = 10.0  # for the step in hand and a checkpoint once the window is gone


class _Closed(BaseException):
    """Raised at a tick, so that the job is closed."""


class _Orphaned(BaseException):
    """Raised once the last checkpoint is written: nobody waits for more."""


class Child:
    """Does jobs that come on one pipe and answers on another."""

    def __init__(self, inlet: IO[bytes], outlet: IO[bytes]) -> None:
        self._inlet, self._outlet = inlet, outlet
        self._turn = threading.Condition()
        self._jobs: deque[tuple[Any, ...]] = deque()
        self._inbox: deque[Any] = deque()
        self._unseen: deque[tuple[int, float]] = deque()
        self._closed = self.orphaned = False
        self._live = False
        self._number = self._heard = 0

    def serve(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """Do jobs until the other end is gone or nothing came for a while."""
        threading.Thread(target=self._listen, name="simgraph listen", daemon=True).start()
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._jobs or self.orphaned, idle_seconds)
                if not self._jobs or self.orphaned:
                    return
                kind, *given = self._jobs.popleft()
                self._live, self._heard = kind == "live", 0
            if kind == "warm":
                with contextlib.suppress(Exception):  # the job that needs it will say what is wrong
                    given[0]()
                continue
            self._answer(*self._open(given[0], Path(given[1])))
            _let_go()

    def _open(self, parcel: bytes, folder: Path) -> tuple[Any, ...]:
        try:
            verb, nouns, named = unpack(parcel, folder, mapped=True)
        except Exception:  # noqa: BLE001 - a module that is not here, a file that is gone …
            return ("refused",)
        self._answer("begun")
        if isinstance(named.get("room"), Room):
            named["room"] = _LastRoom(named["room"], self)
        return self._do(partial(verb, *nouns, **named), folder)

    def _do(self, make: Callable[[], Job[Any]], folder: Path) -> tuple[Any, ...]:
        try:
            return "done", _packed(run(make(), self._tick), folder)  # closes the job
        except _Closed:
            return ("closed",)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the window must be told
            return "failed", fault_of(error)
        finally:
            if self.orphaned:
                remove(folder)

    def _tick(self, tick: Tick) -> Any:
        """Say what the job said and wait until it may go on; the next message for it."""
        self._number += 1
        with self._turn:
            self._unseen.append((self._number, time.monotonic()))
        self._answer("tick", self._number, tick, self._heard)
        rests = self._live and isinstance(tick, Progress) and tick.done >= 1
        with self._turn:
            self._turn.wait_for(lambda: self._may_go(rests))
            if self.orphaned:
                return Signal.STOP
            if self._closed:
                raise _Closed
            self._heard += bool(self._inbox)
            return self._inbox.popleft() if self._inbox else None

    def _may_go(self, rests: bool) -> bool:
        late = self._unseen and time.monotonic() - self._unseen[0][1] > AHEAD_SECONDS
        held = late or (rests and not self._inbox)
        return self._closed or self.orphaned or not held

    def _answer(self, kind: str, *values: Any) -> None:
        with contextlib.suppress(OSError):  # the other end is gone: `_listen` hears of it too
            send(self._outlet, kind, *values)

    def _listen(self) -> None:
        while (message := receive(self._inlet)) is not None:
            with self._turn:
                self._take(*message)
                self._turn.notify_all()
        with self._turn:
            self.orphaned = True
            self._turn.notify_all()
        time.sleep(_LAST_SECONDS)
        os._exit(1)  # stuck in a long call

    def _take(self, kind: str, *values: Any) -> None:
        if kind in ("warm", "job", "live"):
            self._closed = False
            self._inbox.clear()
            self._unseen.clear()
            self._jobs.append((kind, *values))
        elif kind == "seen":
            while self._unseen and self._unseen[0][0] <= values[0]:
                self._unseen.popleft()
        elif kind == "say":
            self._inbox.append(values[0])
        else:
            self._closed = True


class _LastRoom(Inner):
    """The room of a job; ends the job at its next checkpoint once the window is gone."""

    def __init__(self, room: Room, child: Child) -> None:
        super().__init__(room)
        self._child = child

    def checkpoint(self, state: Checkpoint) -> None:
        """See `Room.checkpoint`."""
        super().checkpoint(state)
        if self._child.orphaned:
            raise _Orphaned


def _packed(result: Any, folder: Path) -> bytes:
    """A parcel with the result; what was made is not lost where the disk has no room for it."""
    try:
        return pack(result, folder)
    except OSError:
        return pack(result, None)


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output for ourselves; what anybody prints goes to standard error."""
    inlet, outlet = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return open(inlet, "rb"), open(outlet, "wb")


def _let_go() -> None:
    """Free the arrays of the job that is done, those on a GPU as well: others may need the room."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _go_first() -> None:
    """Where memory runs out, Linux ends this process rather than the window."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def main() -> None:
    """Serve, and end without waiting for any thread."""
    faulthandler.enable()
    keep_freed_blocks()  # before any thread is started
    _go_first()
    Child(*_pipes()).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
