"""Settings of drawing patches: what is learned, from what, and what is drawn.

A Config that inherits several of these shows the last one named first.
"""

from __future__ import annotations

from dataclasses import dataclass

from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.drawing import AGAIN, VARIETY
from napari_simgraph.learn.settings import BY_STEPS, UNSET, Learning


@dataclass(frozen=True)
class DrawLearning(Learning):
    """How long to learn, and from which patches."""

    minutes: float = setting(
        3.0,
        "How long to learn; 0 where steps or passes say it.",
        0,
        10_000,
        1,
        label="Learn for",
        first=True,
        unit="min",
        zero=BY_STEPS,
    )
    epochs: int = setting(
        0,
        "Passes over all patches, instead of minutes.",
        0,
        100_000,
        label="Passes",
        zero=UNSET,
    )
    patch: int = setting(
        64,
        "Side of what is drawn; larger pictures are made smaller.",
        8,
        512,
        4,
        label="Patch",
        first=True,
        unit="px",
    )
    batch: int = setting(128, "Patches per step.", 2, 4096, 2, label="Patches per step")
    rate: float = setting(2e-3, "Highest learning rate.", 1e-6, 1, 1e-4, label="Learning rate")


@dataclass(frozen=True)
class Pricing(Config):
    """What the numbers cost, and since when."""

    warm_up: float = setting(
        0.3,
        "Share of the steps over which the price of the numbers rises to its full height.",
        0,
        1,
        0.1,
        label="Warm-up",
    )
    price: float = setting(
        1.0,
        "Price of the numbers: less redraws finer, more draws what is more alike.",
        0.01,
        100,
        0.1,
        label="Price of the numbers",
    )


@dataclass(frozen=True)
class Size(Config):
    """How large the network is."""

    latent: int = setting(
        16, "How many numbers a patch is drawn from.", 1, 512, 1, label="Draw from numbers"
    )
    width: int = setting(32, "Features of the first layer.", 4, 256, 4, label="Width")
    depth: int = setting(3, "Layers of either side.", 1, 6, 1, label="Layers")


@dataclass(frozen=True)
class Chosen(Config):
    """Which patches, and how they count."""

    column: str = setting(
        "class", "Which column of the table holds the classes: class, cluster …", label="Column"
    )
    balance: bool = setting(
        True, "Patches of rare classes are shown as often as others.", label="Rare classes count"
    )
    share: float = setting(
        0.5,
        "Of what is painted in a patch, so much must be of the class.",
        0.001,
        1,
        0.05,
        label="Share of a patch",
    )
    keep: float = setting(
        0.2,
        "Share of the patches kept aside, to see how well it redraws them.",
        0,
        0.9,
        0.05,
        label="Keep aside",
    )


@dataclass(frozen=True)
class Sizes(Config):
    """Which sizes are tried."""

    latents: str = setting(
        "4,16,32", "How many numbers to try.", label="Numbers to try", first=True
    )
    widths: str = setting("16,32", "Features of the first layer to try.", label="Widths to try")

    def pairs(self) -> list[tuple[int, int]]:
        """All pairs of latent size and width.

        Raises
        ------
        ValueError
            They are no numbers, or out of range.
        """
        pairs = [(a, b) for a in _numbers(self.latents) for b in _numbers(self.widths)]
        for latent, width in pairs:
            Size(latent=latent, width=width)  # says what is out of range
        return pairs


@dataclass(frozen=True)
class OfClass(Config):
    """Of which class."""

    class_: str = setting(
        "", "The class; empty for what is most likely, or all in turn.", label="Class", first=True
    )


@dataclass(frozen=True)
class Drawing(OfClass):
    """What is drawn."""

    n: int = setting(16, "How many.", 1, 100_000, 1, label="How many", first=True)
    spread: float = setting(
        VARIETY,
        "How far from the usual one draws: 1 as far as patches lie, less what is plainer.",
        0,
        3,
        0.1,
        label="Variety",
    )
    again: int = setting(
        AGAIN,
        "What looks like another class is drawn anew, so often at most; doubles the time.",
        0,
        1000,
        1,
        label="Draw anew up to",
        zero="never",
    )
    directions: str = setting(
        "",
        "What is varied: numbers from -3 to 3 for the first directions, 1.5,-2 …",
        label="Directions",
    )
    seed: int = setting(0, "Same seed, same pictures.", 0, 2**31 - 1, label="Seed")

    def moved(self) -> tuple[float, ...]:
        """The directions as numbers.

        Raises
        ------
        ValueError
            They are no numbers.
        """
        try:
            return tuple(float(one) for one in self.directions.split(",") if one.strip())
        except ValueError:
            said = f"Directions are numbers like 1.5,-2, not '{self.directions}'."
            raise ValueError(said) from None


@dataclass(frozen=True)
class Between(OfClass):
    """Between which patches."""

    n: int = setting(8, "How many pictures, both ends included.", 2, 1000, 1, label="How many")
    rows: str = setting(
        "", "Two patches by number, 3,17: of single pictures those of the images.", label="Rows"
    )
    box: str = setting(
        "", "Two squares IMAGE,Z,Y,X,SIZE with ; between, instead of numbers.", label="Squares"
    )


def _numbers(text: str) -> list[int]:
    try:
        found = [int(one) for one in text.split(",") if one.strip()]
    except ValueError:
        raise ValueError(f"Sizes are whole numbers like 4,16,32, not '{text}'.") from None
    if not found:
        raise ValueError("Say at least one size of each kind, like 4,16,32.")
    return list(dict.fromkeys(found))
