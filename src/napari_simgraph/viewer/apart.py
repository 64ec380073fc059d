"""Two copies of LLVM in one process: kept apart, or the first optimiser ends napari."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from types import ModuleType


def keep_triton_apart() -> None:
    """See to it that triton is imported apart, as soon as anything in this process imports torch.

    Training computes in a process without a window, so that most windows never do.
    """
    if "torch" in sys.modules:
        import_triton_apart()
    elif not any(isinstance(finder, _BeforeTorch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _BeforeTorch())


class _BeforeTorch(MetaPathFinder):
    """Asked for every module; finds none, but is there first."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if name == "torch":
            sys.meta_path.remove(self)
            import_triton_apart()


def import_triton_apart() -> None:
    """Import triton, where torch brought it along, so that it uses its own LLVM.

    On Linux, OpenGL drivers of Mesa (AMD, software rendering) load an LLVM whose symbols all
    libraries see. Triton from 3.7 on brings another one and binds to Mesa's instead: the process
    ends with a segmentation fault as soon as torch imports triton, and every optimiser of torch
    does. With RTLD_DEEPBIND a library looks into itself first. Nothing happens where triton is
    absent or imported already.
    """
    deep = getattr(os, "RTLD_DEEPBIND", 0)
    if not deep or "triton" in sys.modules or find_spec("triton") is None:
        return
    before = sys.getdlopenflags()
    sys.setdlopenflags(before | deep)
    try:
        import_module("triton")
    except ImportError:  # torch goes on without it, and so do we
        pass
    finally:
        sys.setdlopenflags(before)
