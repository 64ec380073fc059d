"""Left out: areas of marks as pixels, against a slow test of each pixel."""

import numpy as np
from skimage.measure import points_in_poly

from napari_simgraph import Image
from napari_simgraph.analysis.left_out import LeftOut
from napari_simgraph.core.marks import Mark, Marks

OUTLINE = np.array([[4.2, 3.1], [6.3, 30.2], [28.4, 25.3], [20.1, 6.2]])
HOLE = np.array([[10.2, 12.1], [10.3, 18.2], [16.1, 18.4], [16.2, 12.3]])


def marked(**changes):
    return Mark("polygon", (OUTLINE, HOLE), **{"z": 1, "role": "exclude"} | changes)


def test_each_pixel_in_pieces():
    image = Image(np.zeros((3, 40, 36), np.uint8), name="stack")
    out = LeftOut.of(Marks((marked(),)), image, single=True)
    places = np.stack(np.mgrid[:40, :36], -1).reshape(-1, 2)
    inside = points_in_poly(places, OUTLINE) & ~points_in_poly(places, HOLE)
    for rows in ((0, 17), (17, 40)):
        for columns in ((0, 13), (13, 36)):
            piece = inside.reshape(40, 36)[slice(*rows), slice(*columns)]
            assert np.array_equal(out.kept(1, rows, columns) == 0, piece)
    assert out.kept(0, (0, 40), (0, 36)).all()


def test_whose_they_are():
    image = Image(np.zeros((3, 40, 36), np.uint8), name="stack")
    rows = (marked(image="other"), marked(by="model"), marked(role="normal"), marked(image="stack"))
    assert [one.image for one in LeftOut.of(Marks(rows), image, single=True).marks] == ["stack"]
    assert not LeftOut.of(Marks((marked(),)), image, single=False).marks
    assert not LeftOut.of(None, image, single=True).marks
