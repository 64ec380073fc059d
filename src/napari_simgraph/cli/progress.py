"""Progress on the terminal, and what Ctrl-C does."""

from __future__ import annotations

import json
import signal
import sys
import time
from types import FrameType
from typing import Any, TypeVar

from napari_simgraph.core.job import (
    Device,
    Job,
    Note,
    Progress,
    Signal,
    Tick,
    plain,
    run,
    say_time,
)

R = TypeVar("R")
_BAR_SECONDS = 0.2  # five redraws a second are smooth and cost nothing


class Driver:
    """Runs a job, showing its ticks on stderr as a bar, as JSON lines or not at all.

    The first Ctrl-C (or SIGTERM) lets the job return what it has; the second ends it at once.
    """

    def __init__(self, style: str = "bar") -> None:
        self.stopped = False
        self._style = style
        self._drawn = 0.0
        self._line = False
        self._said = ""  # in a log file no line is written twice

    def say(self, sentence: str) -> None:
        """One line on stderr."""
        if self._style == "json":
            self._json({"note": sentence})
        elif self._style == "bar":
            self._end_line()
            print(sentence, file=sys.stderr, flush=True)

    def run(self, job: Job[R]) -> R:
        """What the job returns."""
        before = {s: signal.signal(s, self._interrupt) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            return run(job, self._on_tick)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._end_line()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True
        self.say("Stopping; what was made so far is kept (again: end at once).")

    def _on_tick(self, tick: Tick) -> Signal | None:
        if isinstance(tick, Note):
            self.say(tick.text)
        elif isinstance(tick, Device) and self._style == "bar":
            self.say(f"Runs on {tick.name}.")
        elif self._style == "json" and isinstance(tick, Progress | Device):
            self._json(plain(vars(tick)))
        elif isinstance(tick, Progress) and self._style == "bar":
            self._bar(tick)
        return Signal.STOP if self.stopped else None

    def _json(self, values: dict[str, Any]) -> None:
        print(json.dumps(values), file=sys.stderr, flush=True)

    def _bar(self, tick: Progress) -> None:
        now = time.monotonic()
        if now - self._drawn < _BAR_SECONDS and tick.done < 1:
            return
        self._drawn = now
        share = f"{tick.done:4.0%}" if tick.done >= 0 else "   …"
        left = f" · {say_time(tick.seconds_left)} left" if tick.seconds_left >= 0 else ""
        values = "".join(f" · {name} {value:.3f}" for name, value in tick.values.items())
        end = "" if sys.stderr.isatty() else "\n"
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            self._line = True
        elif (tick.done < 1 and not tick.values) or tick.text == self._said:
            return  # in a log file only the lines that say something new
        self._said = tick.text
        sys.stderr.write(f"{share}{left} · {tick.text}{values}{end}")
        sys.stderr.flush()

    def _end_line(self) -> None:
        if self._line:
            sys.stderr.write("\n")
            self._line = False
