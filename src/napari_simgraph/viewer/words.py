"""Words on screen that every dock needs: estimates and tooltips."""

from __future__ import annotations

from napari_simgraph.core.job import say_time
from napari_simgraph.learn.cost import Cost


def say_about(seconds: float) -> str:
    """An estimate, rounded so that it promises no more than it knows: ``about 3 min``."""
    if seconds < 57:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    return f"about {say_time(60 * max(1, round(seconds / 60)))}"


def short(name: str, most: int = 28) -> str:
    """A name with its middle left out where it is long: how it ends often tells it from others."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[: most - 1 - half]}…{name[-half:]}"


def tip(text: str, option: str = "") -> str:
    """A tooltip: what it does, and in a second line its command-line option, if it has one."""
    return f"{text}\ncommand line: {option}" if option else text


def say_cost(cost: Cost, where: str, how_long: str = "") -> str:
    """An estimate: ``About 3 min on CPU (2 cores) · 0.9 GB · 52 MB on disk.``"""
    told = how_long or (say_about(cost.seconds).capitalize() if cost.seconds >= 0 else "")
    first = f"{told} on {where}" if told else f"On {where}"
    return f"{first} · {say_bytes(cost.memory)} · {say_bytes(cost.disk)} on disk."


def say_bytes(count: float) -> str:
    """A size with as many digits as an estimate is good for: ``0.9 GB``, ``52 MB``."""
    if count >= 99.5e6:
        return f"{count / 1e9:.1f} GB" if count < 9.95e9 else f"{count / 1e9:.0f} GB"
    return f"{max(1, count / 1e6):.0f} MB"


def cancelled(before: object) -> str:
    """The sentence after Cancel; `before` is what was found before, if anything."""
    return "Cancelled. What was found before is still shown." if before else "Cancelled."
