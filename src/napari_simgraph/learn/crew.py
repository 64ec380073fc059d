"""Crew: processes elsewhere that compute the blocks of a job, and how a job speaks with them.

A job asks for its blocks in order and does with them what it would have done with its own; in which
order and by whom they were computed leaves no trace. Whoever wants a job done by a crew hands it a
Room that has one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Device, Job, Note, Progress
from napari_simgraph.core.room import Inner, Room
from napari_simgraph.learn.aside import Aside

if TYPE_CHECKING:  # it brings torch, which a window does without
    from napari_simgraph.learn.device import Place

R = TypeVar("R")
Block: TypeAlias = tuple[int, ...]
Values: TypeAlias = NDArray[np.float32]
Do: TypeAlias = Callable[[Block], Values]

WAIT_SECONDS = 0.1  # for a block, between two ticks
NOBODY = "No worker has joined the cluster yet: waiting for the first."
STOPPED = "It was stopped before the first block was there."


class CrewError(OSError):
    """A crew can't go on; the text says why in one sentence."""


class Keep(Protocol):
    """Keeps what is made once in a process: networks with their weights."""

    def __call__(self, key: str, make: Callable[[], R]) -> R:
        """What was made under this key, or what `make` makes now."""
        ...


class Work(Protocol):
    """What blocks are made by; sent once, and made ready once in each process."""

    @property
    def key(self) -> str:
        """Tells its blocks apart from those of other models, images and settings."""
        ...

    def ready(self, place: Place, keep: Keep) -> Do:
        """What computes a block: the same values wherever and whenever it is called."""
        ...


class Crew(Protocol):
    """Computes blocks of one work after the other."""

    @property
    def place(self) -> Place:
        """Where its processes compute; they are all alike."""
        ...

    @property
    def device(self) -> Device:
        """The same in words, with how many there are."""
        ...

    def gather(self, config: Any) -> bool:
        """Whether somebody is there; `config` says on which device to compute, and how exactly.

        Raises
        ------
        ValueError
            They are not alike, or not fit for the work.
        """
        ...

    def begin(self, work: Work, blocks: Sequence[Block]) -> None:
        """Start on all blocks but those that are there from a run that was broken off."""
        ...

    def wait(self, block: Block, seconds: float) -> bool:
        """Whether a block is there, waiting so long for it.

        Raises
        ------
        CrewError
            It can't be had.
        """
        ...

    def read(self, block: Block) -> Values:
        """A block that is there."""
        ...

    def said(self) -> str:
        """How far it is: ``12 of 80 blocks``."""
        ...


class Manned(Inner):
    """A Room whose job has a crew."""

    def __init__(self, room: Room, crew: Crew) -> None:
        super().__init__(room)
        self.crew = crew


def crew_of(room: Room) -> Crew | None:
    """Who computes the blocks of a job; None where it does that itself."""
    return room.crew if isinstance(room, Manned) else None


def placed(config: Any, room: Room, aside: Aside) -> Job[Place]:
    """Where this process computes; it says where blocks are computed.

    Beside a crew that is the CPU, for what little is left.
    """
    from napari_simgraph.learn.device import pick

    crew = crew_of(room)
    if crew is None:
        place = pick(config.device, config.threads, config.precision)
        aside.halt.hear((yield place.tick()))
        return place
    told = False
    while not (yield from aside.wait(partial(crew.gather, config))):
        if not told:
            aside.halt.hear((yield Note(NOBODY)))
        told = True
        aside.halt.hear((yield Progress(text="waiting for workers")))
        if aside.halt.stopped:
            raise CrewError(STOPPED)
    aside.halt.hear((yield crew.device))
    return pick("cpu", config.threads, "full")


def taken(
    crew: Crew, block: Block, aside: Aside, tick: Callable[[], Progress]
) -> Job[Values | None]:
    """A block, once it is there; None where the job is stopped before."""

    def say() -> Progress:
        said = tick()
        text = f"{said.text} · {crew.said()}" if said.text else crew.said()
        return Progress(said.done, text, said.seconds_left)

    while not (yield from aside.wait(partial(crew.wait, block, WAIT_SECONDS), say)):
        aside.halt.hear((yield say()))
        if aside.halt.stopped:
            return None
    return (yield from aside.wait(partial(crew.read, block), say))


def key_of(*parts: Any) -> str:
    """16 hexadecimal digits of what the blocks of a work depend on; bytes count as they are."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        content = part if isinstance(part, bytes) else str(part).encode()
        digest.update(f"{len(content)}:".encode() + content)
    return digest.hexdigest()
