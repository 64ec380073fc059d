import pytest

from napari_simgraph.core.geometry import clean_unit, say_length, say_spacing, to_unit


@pytest.mark.parametrize(
    ("given", "unit"),
    [
        ("µm", "um"),
        ("micron", "um"),
        ("\\u00B5m", "um"),
        ("NM", "nm"),
        ("", "pixel"),
        (None, "pixel"),
    ],
)
def test_one_spelling_per_unit(given, unit):
    assert clean_unit(given) == unit


def test_lengths():
    assert to_unit(4, "nm", "um") == pytest.approx(0.004)
    assert say_length(1250, "nm") == "1.25 µm"
    assert say_length(4, "pixel") == "4 px"
    with pytest.raises(ValueError, match="pixel size is unknown"):
        to_unit(4, "pixel", "nm")


def test_voxel_size_in_words():
    assert say_spacing((50, 4, 4), "nm") == "4 nm, sections 50 nm"
    assert say_spacing((0.5, 0.25), "um") == "250 nm wide, 500 nm high"
    assert say_spacing((1, 1), "pixel") == "size unknown"
