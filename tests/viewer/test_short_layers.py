"""Names of layers in the Browser: without what all of them begin with."""

from types import SimpleNamespace

import pytest

from napari_simgraph.viewer.selection import Selection
from napari_simgraph.viewer.signatures.book import Book


@pytest.mark.parametrize(
    ("names", "shorts"),
    [
        (["networks.mae.unet.down.1", "networks.mae.unet.head"], ["down.1", "head"]),
        (["features.1", "features.12"], ["1", "12"]),
        (["layer1", "layer2.0"], ["layer1", "layer2.0"]),
        (["networks.mae.head"], ["networks.mae.head"]),
    ],
)
def test_names_lose_what_all_of_them_begin_with(names, shorts):
    book = Book(Selection())
    book.table = SimpleNamespace(layers=[SimpleNamespace(name=name) for name in names])
    assert [book.short(name) for name in names] == shorts
