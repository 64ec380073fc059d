"""The classes as the model knows them, and what changes make them those of the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.live import ClassChange, Event


class ClassBook:
    """Names and colours by value, as the events say."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, str]] = {}

    def tell(self, events: Iterable[Event]) -> None:
        """Take over what events say."""
        for event in events:
            if not isinstance(event, ClassChange):
                continue
            if event.kind in ("merge", "remove"):
                self._known.pop(event.value, None)
            else:
                name, color = self._known.get(event.value, ("", ""))
                self._known[event.value] = (event.name or name, event.color or color)

    def changes(self, table: ClassTable, numbers: Sequence[int]) -> list[ClassChange]:
        """What turns the classes that are known into these; `numbers` are their values."""
        wanted = {n: (row.name, row.color) for n, row in zip(numbers, table, strict=True)}
        made = [ClassChange("remove", value) for value in self._known if value not in wanted]
        for value, (name, color) in wanted.items():
            if value not in self._known:
                made.append(ClassChange("add", value, name, color))
            elif self._known[value] != (name, color):
                made.append(ClassChange("rename", value, name, color))
        return made
