"""Every verb as a command, read from its signature."""

from __future__ import annotations

from napari_simgraph.cli.main import main

__all__ = ["main"]
