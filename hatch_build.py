"""Puts the manifest beside the package in an editable install.

napari looks for napari.yaml inside the package. A wheel gets it through force-include; an editable
install runs from src/, so there it is a link to the one at the top level (git ignores it), or a
copy where links are not allowed.
"""

import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LinkManifest(BuildHookInterface):
    """Runs before a wheel is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Makes the link; `version` is ``editable`` in an editable install."""
        if version != "editable":
            return
        inside = Path(self.root) / "src" / "napari_simgraph" / "napari.yaml"
        inside.unlink(missing_ok=True)
        try:
            inside.symlink_to(Path("..", "..", "napari.yaml"))
        except OSError:  # Windows without developer mode
            shutil.copyfile(Path(self.root) / "napari.yaml", inside)
