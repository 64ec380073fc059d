"""What TIFF files say about their pixels: axes, pixel size, unit, and what we wrote ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from napari_simgraph.core.geometry import PIXEL, clean_unit, known_unit, to_unit
from napari_simgraph.io.plain_json import parsed
from napari_simgraph.io.raw import Raw
from napari_simgraph.io.slide_meta import from_magnification, slide_sizes

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

NAMESPACE = "napari-simgraph"
# Resolution tags also hold printing resolutions; no scanner goes beyond 2400 dpi (10.6 um).
_LARGEST_PIXEL_UM = 10.0
_MOST_CHANNELS = 7  # in ImageJ; scripts that name no axes write sections as channels
_INCH_UM, _CM_UM = 25400.0, 10000.0
_NDPI_LENS = 65421  # Hamamatsu's tag of the magnification; negative for overviews


def said_by(tif: TiffFile, series: TiffPageSeries, path: Path, levels: tuple[Any, ...]) -> Raw:
    """The arrays with all that the file says about them."""
    info = our_info(tif)
    axes, notes = _letters(tif, series)
    spacing, origin, unit, more = _sizes(tif, series, info)
    return Raw(
        levels,
        axes,
        spacing,
        origin,
        unit,
        name=str(info.get("name") or path.stem.removesuffix(".ome")),
        source=str(path),
        info=info,
        notes=(*notes, *more, *_colour_notes(series)),
        alpha=_has_alpha(series),
        channels=_channel_names(tif, series),
    )


def our_info(tif: TiffFile) -> dict[str, Any]:
    """What we wrote into the file ourselves; empty for files of others."""
    texts = [(tif.imagej_metadata or {}).get("Info", "") if tif.is_imagej else ""]
    if tif.is_ome:
        root = ElementTree.fromstring(tif.ome_metadata or "<OME/>")
        texts += [item.text or "" for item in root.iter() if item.get("K") == NAMESPACE]
    elif not tif.is_imagej:
        texts.append(tif.pages[0].description)
    for text in texts:
        try:
            found = parsed(text).get(NAMESPACE, {})
        except (ValueError, AttributeError):
            continue
        if isinstance(found, dict) and found:
            return found
    return {}


def _letters(tif: TiffFile, series: TiffPageSeries) -> tuple[str, list[str]]:
    """Our letters for the axes of the file; "" where they have to be guessed."""
    axes = series.axes
    if "S" in axes and "C" not in axes:
        axes = axes.replace("S", "C")
    if tif.is_imagej and axes == "CYX" and series.shape[0] > _MOST_CHANNELS:
        return "ZYX", [f"Its {series.shape[0]} channels were read as sections."]
    if set(axes) <= set("TZYXC") and len(set(axes)) == len(axes):
        return axes, []
    if axes[1:] in ("YX", "YXC", "CYX") and axes[0] in "IQRLEPAUVM":
        return "Z" + axes[1:], []  # pages without a meaning: a stack
    return "", []


def _colour_notes(series: TiffPageSeries) -> list[str]:
    """What the values mean where larger is not brighter."""
    how = getattr(series.keyframe.photometric, "name", "")
    if how == "PALETTE":
        return ["It has a colour table, which was left out: values are read as they are."]
    if how == "MINISWHITE":
        return ["The file says that 0 is white: values are read as they are."]
    return []


def _has_alpha(series: TiffPageSeries) -> bool:
    page = series.keyframe
    return bool(page.extrasamples) and page.samplesperpixel in (2, 4) and "S" in series.axes


def _sizes(
    tif: TiffFile, series: TiffPageSeries, info: Mapping[str, Any]
) -> tuple[dict[str, float], dict[str, float], str, list[str]]:
    """Pixel size and origin by letter, their unit, and notes."""
    if info.get("spacing"):
        letters = str(info["axes"]).removesuffix("C")
        spacing = dict(zip(letters, info["spacing"], strict=True))
        origin = dict(zip(letters, info.get("origin", ()), strict=False))
        return spacing, origin, clean_unit(info.get("unit")), []
    if tif.is_ome:
        return (*_ome_sizes(tif.ome_metadata or "<OME/>", _number(tif, series)), [])
    if tif.is_imagej:
        return _imagej_sizes(tif)
    if tif.is_svs:
        return slide_sizes(tif.pages[0].description)
    spacing, origin, unit = _plain_sizes(series.keyframe)
    if tif.is_ndpi and not spacing:
        return from_magnification(float(series.keyframe.tags.valueof(_NDPI_LENS, default=0)))
    return spacing, origin, unit, []


def _ome_pixels(xml: str, number: int) -> ElementTree.Element | None:
    """What OME says about the image of this number."""
    nodes = [node for node in ElementTree.fromstring(xml).iter() if node.tag.endswith("}Pixels")]
    return nodes[number] if number < len(nodes) else None


def _channel_names(tif: TiffFile, series: TiffPageSeries) -> tuple[str, ...]:
    """The names of the channels, where all have one."""
    node = _ome_pixels(tif.ome_metadata or "<OME/>", _number(tif, series)) if tif.is_ome else None
    found = [child for child in (() if node is None else node) if child.tag.endswith("}Channel")]
    names = tuple(child.get("Name", "") for child in found)
    return names if all(names) else ()


def _number(tif: TiffFile, series: TiffPageSeries) -> int:
    return next(i for i, other in enumerate(tif.series) if other is series)


def _ome_sizes(xml: str, number: int) -> tuple[dict[str, float], dict[str, float], str]:
    node = _ome_pixels(xml, number)
    if node is None:
        return {}, {}, PIXEL
    lengths = {a: float(node.get(f"PhysicalSize{a}", 0)) for a in "ZYX"}
    units = {a: known_unit(node.get(f"PhysicalSize{a}Unit", "um")) for a in "ZYX"}
    unit = units["X"]
    if not lengths["X"] or unit == PIXEL:
        return {}, {}, PIXEL
    spacing = {a: to_unit(v, units[a], unit) for a, v in lengths.items() if v and units[a] != PIXEL}
    return spacing, {}, unit


def _imagej_sizes(tif: TiffFile) -> tuple[dict[str, float], dict[str, float], str, list[str]]:
    told = tif.imagej_metadata or {}
    unit = str(told.get("unit", "")).strip('"')
    if unit in ("inch", "in"):
        return {}, {}, PIXEL, ["Its pixel size is in inches, which is for printing: left out."]
    known = known_unit(unit)
    spacing = _per_pixel(tif.pages[0])
    if known == PIXEL or not spacing:
        return {}, {}, PIXEL, []
    section = abs(float(told.get("spacing", 0) or 0))
    return spacing | ({"Z": section} if section else {}), {}, known, []


def _plain_sizes(page: TiffPage) -> tuple[dict[str, float], dict[str, float], str]:
    """Pixel size from the resolution tags, where it can't be one for printing."""
    inch, centimetre = 2, 3
    code = int(page.tags.valueof("ResolutionUnit", default=1))
    factor = {inch: _INCH_UM, centimetre: _CM_UM}.get(code, 0.0)
    spacing = {a: size * factor for a, size in _per_pixel(page).items()}
    if not spacing or not 0 < max(spacing.values()) < _LARGEST_PIXEL_UM:
        return {}, {}, PIXEL
    return spacing, {}, "um"


def _per_pixel(page: TiffPage) -> dict[str, float]:
    """Length of a pixel in the unit of the resolution tags; empty where there are none."""
    found = {}
    for letter, tag in (("Y", "YResolution"), ("X", "XResolution")):
        pixels, length = page.tags.valueof(tag, default=(0, 1))
        if not pixels or not length:
            return {}
        found[letter] = length / pixels
    return found
