"""Features of other programs, read beside the window and taken in as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.own import OwnOptions, read_own
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.session import Session


class OwnTables:
    """Reads one at a time.

    Parameters
    ----------
    session
        Whose tables it joins.
    opened, failed
        Called with the key of the table, or with what is wrong.
    """

    def __init__(
        self,
        session: Session,
        opened: Callable[[str], object],
        failed: Callable[[str], object],
    ) -> None:
        self._session, self._opened, self._failed = session, opened, failed
        self._beside = Latest("simgraph-own")

    def open(
        self, path: str, images: Image | ImageSet, options: OwnOptions, ids: Sequence[str]
    ) -> None:
        """Read features over images; `ids` are those of their layers."""
        work = partial(_read, path, images, options)
        self._beside.ask(work, partial(self._take, Path(path).stem, list(ids)))

    def close(self) -> None:
        """End the thread."""
        self._beside.close()

    def _take(self, key: str, ids: list[str], found: EmbeddingTable | str) -> None:
        if isinstance(found, str):
            self._failed(found)
            return
        self._session.tables.add(key, found, {"layers": ids})
        self._opened(key)


def _read(path: str, images: Image | ImageSet, options: OwnOptions) -> EmbeddingTable | str:
    """The table, or what is wrong: the thread that asked can't catch it."""
    try:
        return read_own(path, images, options)
    except (ValueError, OSError) as error:
        return str(error)
