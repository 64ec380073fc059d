"""Where to compute: the device, its name for people, its memory, threads and precision."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import torch

from napari_simgraph.core.job import Device


@dataclass(frozen=True)
class Place:
    """A device with the threads and the precision to use on it.

    `half` is the type of autocast, None where float32 is as fast or all there is.
    """

    device: torch.device
    threads: int
    half: torch.dtype | None

    @property
    def name(self) -> str:
        """What it is called: ``CPU, 2 cores``, ``NVIDIA H200``, ``Apple GPU``."""
        if self.device.type == "cuda":
            return str(torch.cuda.get_device_name(self.device))
        if self.device.type == "mps":
            return "Apple GPU"
        return f"CPU, {self.threads} core{'s' * (self.threads != 1)}"

    def tick(self) -> Device:
        """Name and memory in bytes, as a job says them."""
        used, total = _memory(self.device)
        return Device(self.name, used, total)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Torch with this many threads and this precision; leave it before a yield."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            with torch.autocast(self.device.type, self.half, enabled=self.half is not None):
                yield
        finally:
            torch.set_num_threads(before)

    @contextmanager
    def exactly(self, threads: int = 0) -> Iterator[None]:
        """Torch with this many threads, or so many, in full precision; leave it before a yield."""
        with Place(self.device, threads or self.threads, None).computing():
            yield


def pick(device: str = "auto", threads: int = 0, precision: str = "auto") -> Place:
    """The place to compute at.

    Parameters
    ----------
    device
        ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    threads
        Of the CPU; 0 is all cores.
    precision
        ``auto`` takes bfloat16 where the hardware computes in it, ``full`` stays with float32.

    Raises
    ------
    ValueError
        There is no such device on this machine.
    """
    chosen = _device(device)
    half = torch.bfloat16 if precision == "auto" and _has_bfloat16(chosen) else None
    return Place(chosen, threads or cores(), half)


def cores() -> int:
    """How many CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_cache(device: torch.device) -> None:
    """Give back what the allocator of a GPU holds without need."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def _device(wanted: str) -> torch.device:
    kind = wanted.partition(":")[0]
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return torch.device(next((name for name, ok in there.items() if ok), "cpu"))
    if kind == "cpu" or there.get(kind):
        return torch.device(wanted)
    raise ValueError(f"This machine has no device '{wanted}'; choose auto or cpu.")


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return False


def _memory(device: torch.device) -> tuple[int, int]:
    """Bytes in use and bytes there are."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return int(total - free), int(total)
    return int(psutil.Process().memory_info().rss), int(psutil.virtual_memory().total)
