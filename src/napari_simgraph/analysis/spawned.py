"""Calls that can't tick, in a process of their own that can be ended at any time."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

from napari_simgraph.analysis.neighbours import Ticks
from napari_simgraph.core.job import Progress

_TICK_SECONDS = 0.1


def wait(call: Callable[..., Any], *arguments: Any, text: str = "") -> Ticks[Any]:
    """What a public function of a module of ours returns for these arguments.

    The process is killed where the job is closed.

    Raises
    ------
    ValueError, MemoryError
        The call raised it, or the process ended by itself.
    """
    asked = pickle.dumps((call.__module__, call.__name__, arguments))
    words = [sys.executable, "-P", "-W", "ignore", "-m", __name__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with ThreadPoolExecutor(1, thread_name_prefix="simgraph-wait") as pool:
        child = subprocess.Popen(words, **pipes)  # type: ignore[call-overload]
        try:
            running = pool.submit(child.communicate, asked)
            while True:
                try:
                    said, _ = running.result(_TICK_SECONDS)
                    break
                except TimeoutError:
                    yield Progress(text=text)
        finally:
            child.kill()
            child.wait()
    if child.returncode or not said:
        raise MemoryError(f"It broke off while {text}: perhaps memory was short.")
    error, result = pickle.loads(said)  # of our own process
    if error:
        raise ValueError(error)
    return result


def main() -> None:
    """Answer one call from standard input on standard output."""
    module, name, arguments = pickle.load(sys.stdin.buffer)
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr  # libraries may print, the answer stays whole
    try:
        told = ("", getattr(import_module(module), name)(*arguments))
    except ValueError as error:
        told = (str(error), None)
    pickle.dump(told, answer)


if __name__ == "__main__":
    main()
