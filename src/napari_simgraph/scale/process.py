"""A verb in a process of its own, as a job like any other."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from napari_simgraph.core.job import Job, Progress
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.safe import remove
from napari_simgraph.scale.parcel import pack, unpack
from napari_simgraph.scale.wire import error_of, receive, send

R = TypeVar("R")

TICK_SECONDS = 0.1  # between ticks while the child says nothing
GRACE_SECONDS = 0.5  # for `finally` of a job that is closed; Cancel has a second for everything
_READY = Progress(text="getting ready")
_TOLD_BYTES = 4000  # of what the child printed last: its own words on why it ended
_KILLED = "It was ended by the system, most likely since memory ran out. Close other programs."
_FINAL = ("done", "failed", "closed", "gone")


class Ended(RuntimeError):
    """The process of a job ended by itself; the text says why in one sentence, if it is known."""


class Process:
    """A Python process of our own that does one job after the other."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `_listen`
        paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "napari_simgraph.scale.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | paths,
            **_own_group(),
        )
        self._said: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._last_words = ""
        threading.Thread(target=self._listen, name="simgraph process", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._popen.poll() is None

    def tell(self, kind: str, *values: Any) -> None:
        """Send a message; where nobody hears it, `hear` says that the process is gone."""
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # its pipe is broken, or closed by now
            send(self._popen.stdin, kind, *values)

    def hear(self, seconds: float) -> tuple[Any, ...] | None:
        """What it said next; None where it said nothing for so long."""
        try:
            return self._said.get(timeout=seconds)
        except queue.Empty:
            return None

    def close_job(self, seconds: float = GRACE_SECONDS) -> None:
        """Close the job; a process that takes longer is ended."""
        self.tell("close")
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            said = self.hear(left)
            if said is not None and said[0] in _FINAL:
                return
        self.kill()

    def kill(self) -> None:
        """End it now, whatever it does."""
        self._popen.kill()
        self._popen.wait()

    def why(self) -> Ended:
        """Why it is gone, once it has said so."""
        code = self._popen.wait()
        killed = code == -getattr(signal, "SIGKILL", 9)
        error = Ended(_KILLED) if killed else Ended()
        error.add_note(f"Its process ended with code {code}. {self._last_words}".rstrip())
        return error

    def _listen(self) -> None:
        assert self._popen.stdout is not None
        assert self._popen.stdin is not None
        while (message := receive(self._popen.stdout)) is not None:
            self._said.put(message)
        self._popen.wait()
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _TOLD_BYTES))
        self._last_words = self._errors.read().decode(errors="replace")
        self._said.put(("gone",))
        for pipe in (self._errors, self._popen.stdout, self._popen.stdin):
            with contextlib.suppress(OSError):
                pipe.close()


class Processes:
    """Keeps one process between two jobs, so that the second need not load its libraries again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # `close` may come from the garbage collector, inside it
        self._idle: Process | None = None
        self._closed = False

    def job(self, verb: Callable[..., Job[R]], *nouns: Any, **named: Any) -> Job[R]:
        """What `verb` gives, computed in a process of its own; a job like that of the verb.

        What can't be sent there is done here instead.

        Parameters
        ----------
        verb, nouns, named
            A verb of a capability and what it takes, with a FolderRoom as ``room``.
        """
        return self._job("job", verb, nouns, named)

    def live(
        self, verb: Callable[..., Generator[Any, Any, R]], *nouns: Any, **named: Any
    ) -> Job[R]:
        """The same for a verb that answers messages: it rests at a Progress with ``done`` 1."""
        return self._job("live", verb, nouns, named)

    def _job(
        self,
        kind: str,
        verb: Callable[..., Generator[Any, Any, R]],
        nouns: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Job[R]:
        room, inbox = named.get("room"), Inbox()
        if not isinstance(room, FolderRoom) or getattr(sys, "frozen", False):
            return (yield from verb(*nouns, **named))
        folder = room.folder / "sent"
        remove(folder)
        try:
            parcel = yield from _packed((verb, nouns, named), folder, inbox)
            message = (kind, parcel, str(folder))
            process = (yield from self._begun(message, inbox)) if parcel else None
            if process is None:
                return (yield from _here(verb(*nouns, **named), inbox))
            del nouns, named, parcel, message  # labels were copied: only their file is needed now
            return unpack((yield from self._followed(process, inbox)), folder)  # type: ignore[no-any-return]
        finally:
            remove(folder)

    def warm(self, call: Callable[[], object]) -> None:
        """Start a process that waits for a job, where none does, and let it call this first.

        What the first job has to load is loaded then. `call` is a function of a module.
        """
        with self._lock, contextlib.suppress(OSError):
            waits = self._idle is not None and self._idle.alive
            if not (waits or self._closed or getattr(sys, "frozen", False)):
                self._idle = Process()
                self._idle.tell("warm", call)

    def close(self) -> None:
        """Let go of the process that waits, and keep none from now on."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, None
        if idle is not None:
            idle.kill()

    def _begun(self, message: tuple[Any, ...], inbox: Inbox) -> Job[Process | None]:
        """A process that has taken the job; None where none can."""
        for start in (self._take_idle, Process):
            process = start()
            if process is None:
                continue
            begun = False
            try:
                process.tell(*message)
                while (said := process.hear(TICK_SECONDS)) is None:
                    inbox.hear((yield _READY))
                begun = said[0] == "begun"
            finally:
                if not begun:
                    process.kill()
            if begun:
                return process
        return None

    def _followed(self, process: Process, inbox: Inbox) -> Job[bytes]:
        """The parcel with the result; the process is kept where it is fit for another job."""
        fit = False
        try:
            parcel = yield from _follow(process, inbox)
            fit = True
            return parcel
        except GeneratorExit:
            fit = True  # unless it had to be killed
            raise
        finally:
            self._put_back(process, fit)

    def _take_idle(self) -> Process | None:
        with self._lock:
            idle, self._idle = self._idle, None
        return idle if idle is not None and idle.alive else None

    def _put_back(self, process: Process, fit: bool) -> None:
        with self._lock:
            if fit and process.alive and self._idle is None and not self._closed:
                self._idle = process
                return
        process.kill()


class Inbox(deque[Any]):
    """Messages for a job that could not be handed on yet."""

    def hear(self, message: Any) -> None:
        """Keep what a yield returned."""
        if message is not None:
            self.append(message)


def _packed(value: Any, folder: Path, inbox: Inbox) -> Job[bytes]:
    """The parcel; empty where something can't be sent. Ticks meanwhile."""
    given_up = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="simgraph-pack") as pool:
        future = pool.submit(pack, value, folder, given_up.is_set)
        try:
            while not wait([future], TICK_SECONDS).done:
                inbox.hear((yield _READY))
            return future.result()
        except Exception:  # noqa: BLE001 - of any kind: a lock, an open file, a full disk …
            return b""
        finally:
            given_up.set()


def _here(job: Job[R], inbox: Inbox) -> Job[R]:
    """The job in this thread, with the messages that came before it."""
    try:
        tick = next(job)
        while True:
            inbox.hear((yield tick))
            tick = job.send(inbox.popleft() if inbox else None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        job.close()


def _follow(process: Process, inbox: Inbox) -> Job[bytes]:
    """The ticks of a job over there, and the parcel with its result."""
    shown, over, told = _READY, False, 0
    try:
        while True:
            while inbox:
                process.tell("say", inbox.popleft())
                told += 1
            said = process.hear(TICK_SECONDS) or ("tick", 0, shown, 0)
            over = said[0] in _FINAL
            if said[0] == "done":
                return bytes(said[1])
            if over:
                raise error_of(said[1]) if said[0] == "failed" else process.why()
            tick = said[2]
            if isinstance(tick, Progress):
                if said[3] < told and tick.done >= 1:  # said before the last message came there
                    tick = replace(tick, done=-1.0)
                shown = replace(tick, values={})
            inbox.hear((yield tick))
            process.tell("seen", said[1])
    finally:
        if not over:
            process.close_job()


def _own_group() -> dict[str, Any]:
    """Ctrl+C in a terminal is for the window; on Windows no console opens."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
