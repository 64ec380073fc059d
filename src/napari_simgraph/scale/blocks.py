"""Blocks on disk: one file each, in a folder that all machines see; there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_simgraph.io.safe import fresh, remove
from napari_simgraph.learn.crew import Block, Values, Work
from napari_simgraph.scale.parcel import pack, unpack

_WORK = "work"  # what makes the blocks, beside them
TOO_LARGE = "The image is too large to be copied: read it from a file that all machines see."


class Blocks:
    """The blocks of one work; the same work again finds what is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep_work(self, work: Work) -> None:
        """Put the work beside the blocks.

        Raises
        ------
        ValueError
            It holds an array that is too large to be copied.
        """
        place = self.folder / _WORK
        remove(place)
        place.mkdir(parents=True)
        try:
            parcel = pack(work, place)
        except OSError:
            raise
        except Exception as error:
            raise ValueError(TOO_LARGE) from error
        with fresh(place / "parcel") as path:
            path.write_bytes(parcel)

    def work(self) -> Work:
        """The work, its large arrays as maps of files.

        Raises
        ------
        OSError
            It is not there.
        """
        place = self.folder / _WORK
        found: Work = unpack((place / "parcel").read_bytes(), place, mapped=True)
        return found

    def missing(self, blocks: Sequence[Block]) -> list[Block]:
        """Those that are not there yet."""
        there = {entry.name for entry in os.scandir(self.folder)}
        return [block for block in blocks if _name(block) not in there]

    def has(self, block: Block) -> bool:
        """Whether a block is there."""
        return (self.folder / _name(block)).is_file()

    def write(self, block: Block, values: Values) -> None:
        """Keep a block."""
        with fresh(self.folder / _name(block)) as path:
            np.save(path, values)

    def read(self, block: Block) -> Values:
        """A block that is there."""
        values: Values = np.load(self.folder / _name(block), allow_pickle=False)
        return values


def _name(block: Block) -> str:
    return "-".join(str(number) for number in block) + ".npy"
