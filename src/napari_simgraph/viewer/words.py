"""Words on screen that every dock needs: estimates and tooltips."""

from __future__ import annotations

from napari_simgraph.core.job import say_time


def say_about(seconds: float) -> str:
    """An estimate, rounded so that it promises no more than it knows: ``about 3 min``."""
    if seconds < 57:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    return f"about {say_time(60 * max(1, round(seconds / 60)))}"


def tip(text: str, option: str = "") -> str:
    """A tooltip: what it does, and in a second line its command-line option, if it has one."""
    return f"{text}\ncommand line: {option}" if option else text
