"""Shared tiles: the tiled loop of `predict`, with tiles that a crew computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from torch import nn

from napari_simgraph.core.job import Job, Progress, run
from napari_simgraph.core.raster import Image
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.crew import Block, Crew, Do, Keep, Values, key_of, taken
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.painting import Write
from napari_simgraph.learn.pixel_size import PixelSize, view
from napari_simgraph.learn.predict import Found, Inner, Predictor, Say, Tile, Tiled, edge_on, tiles
from napari_simgraph.learn.windows import Span, Windows


@dataclass(frozen=True)
class TileWork:
    """The tiles of images, as a Predictor gives them; a block is (image, section, tile).

    Parameters
    ----------
    about
        What made the network, and what it depends on beside that.
    network
        Makes the network, where it is to compute.
    windows
        Makes the windows of an image.
    images, size
        What is looked at, at which pixel size (None for their own).
    margins
        Pixels around the tiles of each image that come along.
    how
        With the side of a tile.
    """

    about: str
    network: Callable[[Place], nn.Module]
    windows: Callable[[Image], Job[Windows]]
    images: Sequence[Image]
    size: PixelSize | None
    margins: Sequence[int]
    how: Tiled

    @property
    def key(self) -> str:
        """See `Work.key`."""
        prints = [image.fingerprint for image in self.images]
        return key_of(self.about, self.size, list(self.margins), self.how, prints)

    def blocks(self, sections: Sequence[Sequence[int]]) -> list[Block]:
        """The tiles of some sections of each image, in the order of the loop."""
        found: list[Block] = []
        for number, some in enumerate(sections):
            plane = view(self.images[number], self.size).image.plane
            reach = self.how.reach
            wide = reach._replace(radius=reach.radius + self.margins[number])
            count = sum(1 for _ in tiles(plane, self.how.edge, wide))
            found += [(number, z, tile) for z in some for tile in range(count)]
        return found

    def ready(self, place: Place, keep: Keep) -> Do:
        """See `Work.ready`."""
        network = keep(self.about, partial(self.network, place))
        return _Tiler(self, Predictor(network, self.how, place, Aside()))


class FarPredictor(Predictor):
    """A Predictor whose tiles a crew computes."""

    def __init__(self, crew: Crew, how: Tiled, aside: Aside, image: int = 0) -> None:
        self.crew, self.how, self.aside = crew, how, aside
        self.edge, self.image = how.edge, image

    def of(self, image: int) -> FarPredictor:
        """See `Predictor.of`."""
        return FarPredictor(self.crew, self.how, self.aside, image)

    def section(
        self, windows: Windows, z: int, write: Write, say: Say, margin: int = 0
    ) -> Job[bool]:
        """See `Predictor.section`; memory that is short over there ends it."""
        return self._section(windows, z, write, say, margin)

    def _tile(
        self, windows: Windows, z: int, tile: Tile, inner: Inner, tick: Callable[[], Any]
    ) -> Job[Found | None]:
        return taken(self.crew, (self.image, z, tile.number), self.aside, tick)


def handed_out(
    crew: Crew, work: TileWork, sections: Sequence[Sequence[int]], aside: Aside
) -> Job[FarPredictor]:
    """What predicts from now on, once a crew has begun; `sections` of each image are wanted."""
    if not work.how.edge:
        work = replace(work, how=replace(work.how, edge=edge_on(crew.place)))

    def begin() -> None:
        crew.begin(work, work.blocks(sections))

    yield from aside.wait(begin, partial(Progress, text="handing out"))
    return FarPredictor(crew, work.how, aside)


def margins_of(images: Sequence[Image], size: PixelSize | None) -> list[int]:
    """Pixels that must come along with the tiles of each image to be seen at its own pixel size."""
    backs = [view(one, size).onto(one, _nowhere) for one in images]
    return [back.margin if back else 0 for back in backs]


def _nowhere(z: int, rows: Span, columns: Span, values: Found) -> None:
    """Takes nothing: only the margin is asked for."""


class _Tiler:
    """Computes tiles; knows the image of the last one, since the next is most likely of it too."""

    def __init__(self, work: TileWork, predictor: Predictor) -> None:
        self._work, self._predictor = work, predictor
        self._image = -1
        self._windows: Windows
        self._tiles: Sequence[Tile] = ()

    def __call__(self, block: Block) -> Values:
        number, z, tile = block
        margin = self._work.margins[number]
        if number != self._image:
            self._windows = run(self._work.windows(self._work.images[number]))
            self._tiles = self._predictor.tiling(self._windows.image.plane, margin)
            self._image = number
        job = self._predictor.tile(self._windows, z, self._tiles[tile], margin)
        values = run(job)
        assert values is not None  # only what is stopped gives none
        return values
