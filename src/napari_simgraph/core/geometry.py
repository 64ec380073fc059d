"""Units and lengths: what a pixel measures, and how that is said."""

from __future__ import annotations

from collections.abc import Sequence

PIXEL = "pixel"
_NANOMETRES = {"pm": 1e-3, "nm": 1.0, "um": 1e3, "mm": 1e6, "cm": 1e7, "m": 1e9, "angstrom": 0.1}
_ALIASES = {
    "": PIXEL,
    "px": PIXEL,
    "pixels": PIXEL,
    "none": PIXEL,
    "nanometer": "nm",
    "nanometers": "nm",
    "nanometre": "nm",
    "nanometres": "nm",
    "µm": "um",
    "μm": "um",
    "\\u00b5m": "um",  # ImageJ writes the escape itself into its TIFF description
    "micron": "um",
    "microns": "um",
    "micrometer": "um",
    "micrometers": "um",
    "micrometre": "um",
    "micrometres": "um",
    "millimeter": "mm",
    "millimetre": "mm",
    "centimeter": "cm",
    "centimetre": "cm",
    "meter": "m",
    "metre": "m",
    "picometer": "pm",
    "å": "angstrom",
    "Å": "angstrom",
}


def clean_unit(unit: str | None) -> str:
    """One spelling per unit: ``nm``, ``um``, ``mm`` … or ``pixel`` where there is none.

    Raises
    ------
    ValueError
        The unit is no length that we know.
    """
    text = (unit or "").strip()
    text = _ALIASES.get(text.casefold(), _ALIASES.get(text, text.casefold()))
    if text != PIXEL and text not in _NANOMETRES:
        raise ValueError(f"'{unit}' is no unit of length; use nm, um or mm.")
    return text


def known_unit(unit: str | None) -> str:
    """The unit in our spelling; ``pixel`` where it is no length that we know."""
    try:
        return clean_unit(unit)
    except ValueError:
        return PIXEL


def to_unit(value: float, unit: str, wanted: str) -> float:
    """A length in another unit; pixels can't be turned into lengths.

    Raises
    ------
    ValueError
        One of the two is ``pixel`` and the other is not.
    """
    if unit == wanted:
        return value
    if PIXEL in (unit, wanted):
        raise ValueError("The pixel size is unknown: set it first (pixel and section in nm).")
    return value * _NANOMETRES[unit] / _NANOMETRES[wanted]


def say_length(value: float, unit: str) -> str:
    """A length as a person writes it: ``4 nm``, ``1.2 µm``, ``12 px``."""
    if unit == PIXEL:
        return f"{value:.4g} px"
    for name in ("nm", "um", "mm"):
        length = to_unit(value, unit, name)
        if length < 1000 or name == "mm":
            return f"{length:.4g} {name.replace('um', 'µm')}"
    raise AssertionError("unreachable: mm always answers")


def say_spacing(spacing: Sequence[float], unit: str) -> str:
    """Voxel size in words, so that z y x and x y z can't be mixed up.

    ``(50, 4, 4), "nm"`` gives ``4 nm, sections 50 nm``; unknown gives ``size unknown``.
    """
    if unit == PIXEL:
        return "size unknown"
    height, width = spacing[-2:]
    plane = say_length(width, unit)
    if abs(height - width) > 1e-6 * width:
        plane = f"{plane} wide, {say_length(height, unit)} high"
    if len(spacing) == 2:
        return plane
    return f"{plane}, sections {say_length(spacing[0], unit)}"
