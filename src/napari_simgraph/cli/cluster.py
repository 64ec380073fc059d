"""``--cluster``: the same verb, its blocks computed by other processes and machines."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari_simgraph.cli.progress import Driver
from napari_simgraph.core.job import Job

ALONE = "--cluster does not count here: only apply of {} can be handed out."


def shared(asked: Namespace, driver: Driver) -> bool:
    """Whether a cluster is asked for and can do a part of the verb; it says where it can't."""
    if not asked.cluster:
        return False
    from napari_simgraph.scale.cluster import SHARING, shares

    able = shares(asked.command, asked.verb_name)
    if not able:
        driver.say(ALONE.format(", ".join(SHARING)))
    return able


def located(asked: Namespace) -> Namespace:
    """The same with the whole path of the image: workers stand in other folders."""
    path = os.path.abspath(os.path.expanduser(asked.image))
    return Namespace(**vars(asked) | {"image": path})


def call_on_cluster(asked: Namespace) -> Callable[..., Job[Any]]:
    """The verb as it is called where a cluster computes its blocks.

    These stay beside the result where the run breaks off.
    """
    from napari_simgraph.scale.cluster import on_cluster

    blocks = Path(f"{Path(asked.out).expanduser()}.blocks")
    return partial(on_cluster, asked.cluster, asked.verb.call, blocks=blocks)
