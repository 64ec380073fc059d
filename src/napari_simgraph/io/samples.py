"""Where the sample data lie, in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

SAMPLES = ("larva", "tissue", "digits")
# Values count from 1 in this order.
LARVA_CLASSES = ("membrane", "cytoplasm", "mitochondrion", "synapse")
TISSUE_CLASSES = ("stroma", "gland", "tumour", "immune", "fat", "background")

_PACKAGE = Path(__file__).resolve().parents[1]


def sample_folder() -> Path:
    """The folder that holds the sample data.

    Raises
    ------
    ValueError
        The installation has none.
    """
    places = (_PACKAGE / "sample_data", _PACKAGE.parents[1] / "sample_data")
    for place in places:
        if (place / "larva.tif").is_file():
            return place
    raise ValueError("The sample data are missing: install napari-simgraph again.")


def sample_file(name: str) -> Path:
    """One file of the sample data, by its name: ``larva.tif``.

    Raises
    ------
    ValueError
        It is not there.
    """
    path = sample_folder() / name
    if not path.is_file():
        raise ValueError(f"The sample '{name}' is missing: install napari-simgraph again.")
    return path
