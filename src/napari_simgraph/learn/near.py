"""Near: all compared with all on a graphics card, where that is faster than any index."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import Found, Points
from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.core.shortage import is_out_of_memory
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import free_cache, pick

__all__ = ["exact_on", "pick"]

_VALUES = 2**28  # similarities at once: 1 GB, a tenth of a second on a small graphics card
_FEWEST = 64  # rows at once; with fewer the memory is too small for the points themselves


def exact_on(
    points: Points, k: int, device: torch.device, aside: Aside
) -> Generator[Tick, Signal | None, Found]:
    """The k most similar other rows of each row of length 1, compared on a device.

    The same rows as `analysis.neighbours.exact`, but for equally similar ones. In blocks, which
    get smaller where memory is short.

    Raises
    ------
    MemoryError
        The points don't fit into the memory of the device.
    """
    n = len(points)
    found = Found(np.full((n, k), -1, np.int32), np.full((n, k), -np.inf, np.float32))
    known: torch.Tensor = yield from aside.wait(lambda: torch.from_numpy(points).to(device))
    step, start = max(_FEWEST, _VALUES // n), 0
    while start < n:
        tick = partial(Progress, start / n, "looking for neighbours")
        try:
            yield from aside.wait(partial(_block, known, slice(start, start + step), found), tick)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if step <= _FEWEST:
                raise MemoryError("Too little memory on the graphics card: use cpu.") from error
            free_cache(device)
            step //= 2
            continue
        start += step
    yield Progress(1.0, "looking for neighbours")
    return found


def _block(known: torch.Tensor, part: slice, found: Found) -> None:
    """Fill in the neighbours of some rows."""
    with torch.no_grad():
        similarity = known[part] @ known.T
        rows = torch.arange(len(similarity), device=known.device)
        similarity[rows, rows + part.start] = -torch.inf  # itself is no neighbour
        width = min(found.rows.shape[1], len(known))
        top = similarity.topk(width, dim=1)
    values: NDArray[np.float32] = top.values.cpu().numpy()
    columns = top.indices.cpu().numpy()
    found.rows[part, :width] = np.where(np.isfinite(values), columns, -1)
    found.similarity[part, :width] = values
