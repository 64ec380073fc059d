"""Marks: what a person or a model said about places, as geometry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Kind = Literal["point", "stroke", "box", "polygon"]
Role = Literal["class", "complete", "exclude", "normal", "query+", "query-"]
KINDS: tuple[Kind, ...] = ("point", "stroke", "box", "polygon")
ROLES: tuple[Role, ...] = ("class", "complete", "exclude", "normal", "query+", "query-")
PERSON, MODEL = "person", "model"


@dataclass(frozen=True, eq=False)
class Mark:
    """One place and what it means.

    Parameters
    ----------
    kind
        ``point`` (or several of them), ``stroke``, ``box`` or ``polygon``.
    parts
        Places ``(P, 2)`` as y, x in pixels of the finest level, 0 the middle of the first one. A
        polygon has its outline first, then the outlines of its holes.
    z
        Section.
    image
        The name of the image; "" where there is only one.
    role
        ``class``: it is of the class `name`. ``query+`` and ``query-``: like this, not like this.
        ``normal``: nothing odd here. ``exclude``: not to be used. ``complete``: all is marked here.
    name
        The class, or what the place is called.
    by
        Who made it: a ``person``, or a ``model``, whose marks never train.
    time
        When (ISO 8601).
    measurements
        Figures by name, such as size and score.
    """

    kind: Kind
    parts: tuple[NDArray[np.float64], ...]
    z: int = 0
    image: str = ""
    role: Role = "class"
    name: str = ""
    by: str = PERSON
    time: str = ""
    measurements: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = tuple(np.asarray(part, np.float64).reshape(-1, 2) for part in self.parts)
        object.__setattr__(self, "parts", parts)
        if self.kind not in KINDS or self.role not in ROLES:
            raise ValueError(f"There are no marks of kind '{self.kind}' and role '{self.role}'.")
        if not parts or not all(len(part) and np.isfinite(part).all() for part in parts):
            raise ValueError("A mark without places means nothing: draw it again.")


@dataclass(frozen=True, eq=False)
class Marks:
    """What was said about places, in the order in which it was said."""

    rows: tuple[Mark, ...] = ()
    name: str = "marks"
    made: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mark]:
        return iter(self.rows)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of all marks but their times."""
        digest = hashlib.blake2b(digest_size=8)
        for one in self.rows:
            told = (one.kind, one.z, one.image, one.role, one.name, one.by, len(one.parts))
            digest.update(repr((told, sorted(one.measurements.items()))).encode())
            for part in one.parts:
                digest.update(part.tobytes())
        return digest.hexdigest()

    def replace(self, **changes: Any) -> Self:
        """The same with some fields changed."""
        return replace(self, **changes)

    def where(self, keep: Callable[[Mark], bool]) -> Self:
        """Those that `keep` says yes to."""
        return self.replace(rows=tuple(one for one in self.rows if keep(one)))

    def of_person(self) -> Self:
        """Those that may train: a model must not learn from what models said."""
        return self.where(lambda one: one.by == PERSON)

    def with_mark(self, one: Mark) -> Self:
        """The same and one more, its time set where it has none."""
        timed = one if one.time else replace(one, time=datetime.now(UTC).isoformat())
        return self.replace(rows=(*self.rows, timed))


def click(y: float, x: float, z: int = 0, *, like: bool = True, image: str = "") -> Mark:
    """A click on a place: like this, or not like this."""
    place = np.array([[y, x]], np.float64)
    return Mark("point", (place,), z, image, "query+" if like else "query-")
