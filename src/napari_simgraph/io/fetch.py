"""Files from the network as a Job: known checksum, progress, cancelled at once, resumed."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from napari_simgraph.core.job import Clock, Job, Progress, Signal, Tick
from napari_simgraph.io.fetch_http import PART, FetchError, Halted, Line, Resuming

_TICK = 0.1  # s; a job ticks twice a second at least
# s that a cancelled job waits for its thread; it writes nothing after that, wherever it is
_LEAVE = 0.3
_HELD = 1.0  # s without a tick: the job is paused, so nothing more is loaded
_LINE = Line()
R = TypeVar("R")


@dataclass(frozen=True)
class Wanted:
    """One file: where it is, its SHA-256 in hexadecimal digits, its bytes, where it goes."""

    url: str
    sha256: str
    size: int
    target: Path


def fetch_file(url: str, sha256: str, target: Path, size: int = 0, line: Line = _LINE) -> Job[bool]:
    """Whether one file is there now; see `fetch_files`."""
    return fetch_files([Wanted(url, sha256, size, target)], line)


def fetch_files(files: Sequence[Wanted], line: Line = _LINE) -> Job[bool]:
    """Whether all files are there now: False where it was stopped before the last one.

    Files that are there already, with the right checksum, are not loaded again; one that broke
    off goes on where it stood.

    Raises
    ------
    FetchError
        No network, a file that is gone or not the known one, or a full disk.
    """
    load = _Load(files, line)
    _check_room(files)
    done = yield from beside(load.run, load.progress, load.halt)
    return done is not None


def beside(
    call: Callable[[], R], progress: Callable[[], Progress], halt: threading.Event
) -> Generator[Tick, Signal | None, R | None]:
    """What `call` returns in a thread of its own, with ticks while it is at work.

    None where STOP was sent first. The thread is told by `halt` and then left to itself, so that
    one that waits for the network keeps nobody waiting.
    """
    found: list[R] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            found.append(call())
        except Halted:
            pass
        except Exception as error:  # noqa: BLE001 - raised again in the thread of the job
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True, name="simgraph-fetch")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_TICK)
            if (yield progress()) is Signal.STOP:
                return None
        if failed:
            raise failed[0]
        return found[0]
    finally:
        halt.set()
        thread.join(_LEAVE)


def say_bytes(count: float) -> str:
    """A size as a person says it: ``12.8 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit in ("bytes", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


class _Load:
    """Loads files one after the other, in a thread that can be halted between two chunks."""

    def __init__(self, files: Sequence[Wanted], line: Line) -> None:
        self.halt = threading.Event()
        self._files, self._line = files, line
        self._total = sum(file.size for file in files)
        self._whole, self._now, self._name = 0, 0, ""
        self._clock = Clock()
        self._ticked = time.monotonic()

    def run(self) -> bool:
        """True once all are there."""
        for file in self._files:
            if self.halt.is_set():
                raise Halted
            self._name, self._now = file.target.name, 0
            self._fetch(file)
            self._whole, self._now = self._whole + file.size, 0
        return True

    def progress(self) -> Progress:
        """How far it is, for the tick."""
        self._ticked = time.monotonic()
        came = self._whole + self._now
        share = min(1.0, came / self._total) if self._total else -1.0
        said = f"{self._name} · {say_bytes(came)}"
        if self._total:
            said += f" of {say_bytes(self._total)}"
        return Progress(share, said, self._clock.left(share) if share >= 0 else -1.0)

    def _fetch(self, file: Wanted) -> None:
        downloader = Resuming(file.target, self.halt, self._count, self._line)
        try:
            _retrieve(file, downloader)
        except _WrongBytes:
            if not downloader.resumed:
                raise _say_wrong(file) from None
            # Perhaps the part was of another file: once more from its beginning.
            downloader.forget()
            try:
                _retrieve(file, downloader)
            except _WrongBytes:
                raise _say_wrong(file) from None

    def _count(self, came: int) -> None:
        self._now = came
        while time.monotonic() - self._ticked > _HELD:
            if self.halt.wait(_TICK):
                return


class _WrongBytes(Exception):
    """The checksum is another one."""


def _retrieve(file: Wanted, downloader: Resuming) -> None:
    """pooch looks whether the file is there, checks what comes, and puts it in its place."""
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)  # it would print what the progress says
    known, folder = f"sha256:{file.sha256}", file.target.parent
    try:
        pooch.retrieve(file.url, known, file.target.name, folder, None, downloader)
    except FetchError:
        raise
    except ValueError as error:
        raise _WrongBytes from error
    except PermissionError:
        raise FetchError(f"{folder} can't be written: choose another folder.") from None


def _say_wrong(file: Wanted) -> FetchError:
    return FetchError(f"What came as {file.target.name} is another file: it was thrown away.")


def _check_room(files: Sequence[Wanted]) -> None:
    """Nothing, where the disk has room for what is missing."""
    missing = sum(_missing(file) for file in files)
    folder = files[0].target.parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise FetchError(
            f"The disk has {say_bytes(free)} left, {say_bytes(missing)} are needed: make room."
        )


def _missing(file: Wanted) -> int:
    """Bytes of a file that have still to come, as far as sizes tell."""
    part = file.target.with_name(file.target.name + PART)
    have = next((path.stat().st_size for path in (file.target, part) if path.is_file()), 0)
    return max(0, file.size - have)
