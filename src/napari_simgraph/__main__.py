"""``python -m napari_simgraph``."""

from __future__ import annotations

import sys

from napari_simgraph.cli.main import main

sys.exit(main())
