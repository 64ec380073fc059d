"""Slides of two laboratories through one embedding."""

import numpy as np
import pytest

from napari_simgraph import Image, ImageSet, MemoryRoom, run
from napari_simgraph.capabilities import embedding

BLUE, PINK = (0.65, 0.70, 0.29), (0.07, 0.99, 0.11)


def slide(blue, pink, strength):
    """The same tissue in dyes of these colours."""
    amounts = np.random.default_rng(0).gamma(2.0, 0.4, (8, 8, 2)).repeat(12, 0).repeat(12, 1)
    dyes = np.stack([np.array(one) / np.linalg.norm(one) for one in (blue, pink)])
    light = 240 * np.exp(-(amounts * strength) @ dyes)
    return Image(np.clip(light, 0, 255).astype(np.uint8), axes="YXC", name=f"{strength}")


def spread(stain):
    """How far the same places of two slides lie apart, beside how far different places do."""
    slides = ImageSet(
        (
            slide(BLUE, PINK, (1.0, 0.6)),
            slide((0.55, 0.75, 0.40), (0.20, 0.95, 0.25), (0.7, 0.9)),
        )
    )
    settings = {"threads": 1, "device": "cpu", "background": "keep"}
    config = embedding.Train(minutes=0, patch=24, width=4, depth=2, stain=stain, **settings)
    model = run(embedding.train(slides, config=config, room=MemoryRoom()))
    assert model.normalisation.get("stain", "keep") == stain
    apply = embedding.Apply(stride=24, **settings)
    values = run(embedding.apply(model, slides, config=apply, room=MemoryRoom())).values
    half = len(values) // 2
    same = np.square(values[:half] - values[half:]).sum(1).mean()
    return same / np.square(values[:half] - values[:half][::-1]).sum(1).mean()


def test_the_same_tissue_lies_nearer_where_stains_are_brought_together():
    assert spread("macenko") < 0.5 * spread("keep")


def test_pictures_of_one_patch_are_too_small_to_tell_stains():
    pictures = ImageSet(tuple(slide(BLUE, PINK, (1.0, n)) for n in (0.5, 1.0)))
    config = embedding.Train(minutes=0, patch=96, stain="macenko", threads=1, device="cpu")
    with pytest.raises(ValueError, match="too small to tell stains"):
        run(embedding.train(pictures, config=config, room=MemoryRoom()))
