"""Stains of different slides brought to the same colours."""

import numpy as np
import pytest

from napari_simgraph import Image, run
from napari_simgraph.analysis.stain import restain, to_reference
from napari_simgraph.learn.normalise import MACENKO, RULE, measure

BLUE, PINK = (0.65, 0.70, 0.29), (0.07, 0.99, 0.11)  # haematoxylin and eosin of Ruifrok


def slide(blue, pink, strength, seed=0):
    """Nuclei and stroma in the same places, with dyes of these colours."""
    rng = np.random.default_rng(seed)
    amounts = rng.gamma(2.0, 0.4, (96, 96, 2)) * strength
    amounts[:20] = 0  # glass
    dyes = np.stack([np.array(one) / np.linalg.norm(one) for one in (blue, pink)])
    light = 240 * np.exp(-amounts @ dyes)
    return np.clip(light, 0, 255).astype(np.uint8)


def test_two_labs_look_alike_afterwards():
    one = slide(BLUE, PINK, (1.0, 0.6))
    other = slide((0.55, 0.75, 0.40), (0.20, 0.95, 0.25), (0.7, 0.9))
    changed = [restain(p, to_reference(p)) for p in (one, other)]
    before = np.abs(one.astype(float) - other).mean()
    assert np.abs(changed[0] - changed[1]).mean() < before / 4
    assert (changed[0][:20] > 230).all()  # glass stays white


def test_too_little_tissue_is_left_as_it_is():
    assert to_reference(np.full((5000, 3), 250, np.uint8)) is None


def test_grey_values_are_looked_at_after_the_stain():
    pictures = [slide(BLUE, PINK, (1.0, 0.6)), slide(PINK, BLUE, (0.5, 1.2), 1)]
    rule = RULE | {"stain": MACENKO}
    found = [run(measure(Image(p, axes="YXC"), rule)) for p in pictures]
    assert np.allclose(found[0].shift, found[1].shift, atol=25)
    inputs = found[0].normalise(pictures[0])
    assert abs(inputs.mean()) < 0.2
    with pytest.raises(ValueError, match="colour picture"):
        run(measure(Image(pictures[0][..., 0]), rule))
