"""At once: as many patches through a network as there is memory for."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray

from napari_simgraph.core.shortage import is_out_of_memory
from napari_simgraph.learn.device import free_cache

R = TypeVar("R")
NO_MEMORY = "Too little memory even for one patch. Use a smaller network or close other programs."


class AtOnce:
    """Halves how many are computed at once where memory is short, and remembers it.

    Each patch is seen by itself, so the results are the same but for rounding.

    Parameters
    ----------
    device
        Where they are computed.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._most = device, 0

    def parts(self, call: Callable[[NDArray[Any]], R], rows: NDArray[Any]) -> list[R]:
        """What `call` gives of all rows, one result for each part.

        Raises
        ------
        MemoryError
            There is too little even for one row.
        """
        made: list[R] = []
        done = 0
        while done < len(rows) or not made:
            some = rows[done : done + (self._most or len(rows))]
            try:
                made.append(call(some))
                done += len(some)
                continue
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(some) <= 1:
                    raise MemoryError(NO_MEMORY) from error
                traceback.clear_frames(error.__traceback__)  # they hold what was computed so far
            self._most = len(some) // 2
            free_cache(self._device)
        return made
