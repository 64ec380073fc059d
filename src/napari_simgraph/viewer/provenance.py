"""What made a result: the command line that makes it again, and the sentence beside it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from napari_simgraph.core.config import Config


def command(
    capability: str, verb: str, paths: Mapping[str, str], config: Config | Mapping[str, Any]
) -> str:
    """The command line of a verb.

    Parameters
    ----------
    capability, verb
        As in ``napari-simgraph segmentation train``.
    paths
        Options that name files, ``{"model": ..., "image": ..., "out": ...}``; empty ones are
        pictures that lie in no file, written as ``?``.
    config
        Its settings; those of a Config that stand at their default are left out.
    """
    values = config.changed() if isinstance(config, Config) else config
    words = ["napari-simgraph", capability, verb]
    for name, path in paths.items():
        words += [f"--{name}", shlex.quote(path) if path else "?"]
    for name, value in values.items():
        words += [f"--{name.rstrip('_').replace('_', '-')}", shlex.quote(str(value))]
    return " ".join(words)


def sentence(info: Mapping[str, Any]) -> str:
    """One line on what a layer is and what made it, as it stands beside ⓘ.

    ``classes · U-Net 'larva live' · agreement 0.81 · 50 sections · 21 Nov 14:31``
    """
    model = info.get("model", "")
    made_by = f"{info.get('network', '')} '{model}'".strip() if model else ""
    figures = [f"{name} {value:.2f}" for name, value in dict(info.get("figures", {})).items()]
    sections = int(info.get("sections", 0))
    said = f"{sections} section{'s' if sections != 1 else ''}" if sections else ""
    parts = [str(info.get("thing", "")), made_by, *figures, said, _when(str(info.get("time", "")))]
    return " · ".join(part for part in parts if part)


def _when(time: str) -> str:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return ""
    return f"{moment.day} {moment:%b %H:%M}"
