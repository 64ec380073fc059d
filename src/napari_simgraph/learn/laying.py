"""Laying out: the patches of images, without those that show nothing."""

from __future__ import annotations

from functools import partial

from napari_simgraph.analysis.tissue import tissue
from napari_simgraph.core.job import Job, Progress
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.patchwork import Tiling, lay_out


def laid_out(
    image: Image | ImageSet, tiling: Tiling, background: str, aside: Aside
) -> Job[PatchGrid]:
    """The grid of all patches; with `background` "auto" without those that show nothing."""
    tick = partial(Progress, text="laying out patches")
    grid: PatchGrid = yield from aside.wait(partial(lay_out, image, tiling), tick)
    if background == "keep":
        return grid
    tick = partial(Progress, text="looking for background")
    shown = yield from aside.wait(partial(tissue, each_image(image), grid), tick)
    return grid if shown.all() else grid.take(shown)
