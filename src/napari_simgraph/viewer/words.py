"""Words on screen that every dock needs: durations, memory, tooltips."""

from __future__ import annotations


def say_time(seconds: float) -> str:
    """A duration as a person says it: ``8 s``, ``1 min 10 s``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def say_about(seconds: float) -> str:
    """An estimate, rounded so that it promises no more than it knows: ``about 3 min``."""
    if seconds < 57:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    return f"about {say_time(60 * max(1, round(seconds / 60)))}"


def tip(text: str, option: str = "") -> str:
    """A tooltip: what it does, and in a second line its command-line option, if it has one."""
    return f"{text}\ncommand line: {option}" if option else text
