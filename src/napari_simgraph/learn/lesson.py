"""Lesson: what `fit` asks of whatever is to be learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn


class Lesson(Protocol):
    """What is to be learned: a network, batches, a loss, and a check on what was kept aside."""

    network: nn.Module

    def batch(self, number: int, size: int) -> Any:
        """Batch `number` of `size` crops, the same whenever asked for (in the reading thread)."""
        ...

    def loss(self, network: nn.Module, batch: Any, number: int) -> Tensor:
        """The loss of a batch, one number (in the computing thread, under autocast)."""
        ...

    def check(self, network: nn.Module) -> Mapping[str, float]:
        """Figures on a little of what was kept aside; empty where there is nothing."""
        ...


@runtime_checkable
class Scheduled(Protocol):
    """A lesson that changes with the share of the run that is done."""

    def planned(self, steps: int) -> None:
        """Hear how many steps there are in all, before the first one."""
        ...
