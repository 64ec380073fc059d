"""Whether a model that draws is healthy, and the sentences that say so; without torch."""

from __future__ import annotations

from collections.abc import Mapping

_ASLEEP = 3  # numbers in use below which the sliders do next to nothing
DULL = "The directions do nothing: the drawing ignores them. Learn again with a slower warm-up."


def is_dull(metrics: Mapping[str, float], latent: int) -> bool:
    """Whether the numbers say next to nothing: the posterior has collapsed onto the prior."""
    return metrics.get("in_use", float(latent)) < min(_ASLEEP, latent)


def say_error_of(metrics: Mapping[str, float]) -> str:
    """How well patches that were kept aside are redrawn, beside plain components."""
    said = f"Redraws kept-aside patches with error {metrics['error']:.4f}; "
    more = ": learn longer" if metrics["error"] > metrics["error_pca"] else ""
    return f"{said}PCA of the same size {metrics['error_pca']:.4f}{more}."
