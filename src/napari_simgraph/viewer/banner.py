"""The banner of a mode, on the canvas: a mode can't be missed."""

from __future__ import annotations

from typing import Any

_COLOR = "#D55E00"  # white letters on it have a contrast of 3.9
_LETTERS, _SMALL, _MANY = 10, 9, 60  # points: 60 letters over a canvas of 550 px; 70 are smaller
_LOOK = ("text", "visible", "position", "box", "box_color", "color", "font_size")


class Banner:
    """A line of text at the top of the canvas; what a person had there comes back after it."""

    def __init__(self, viewer: Any) -> None:
        self._text = viewer.canvas.overlays.text
        self._before: dict[str, Any] | None = None

    def show(self, sentence: str) -> None:
        """Show what the mode wants next: ``Region: drag a rectangle · Esc leaves``."""
        if self._before is None:
            self._before = {name: getattr(self._text, name) for name in _LOOK}
        told = {"text": sentence, "position": "top_center", "box": True, "box_color": _COLOR}
        size = _LETTERS if len(sentence) <= _MANY else _SMALL
        self._set(told | {"color": "white", "font_size": size, "visible": True})

    def hide(self) -> None:
        """Put back what was there before."""
        before, self._before = self._before, None
        if before is not None:
            self._set(before)

    def _set(self, look: dict[str, Any]) -> None:
        for name, value in look.items():
            setattr(self._text, name, value)
