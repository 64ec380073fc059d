"""Recipe: the command that made a result, kept inside it, so that it can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

FORMAT = 1  # raised when a reader of the old one would misread the new
KEY = "recipe"  # among what a result says of how it was made
_KINDS: Mapping[str, Any] = {"str": str, "bool": bool, "Mapping": Mapping}


@dataclass(frozen=True)
class Recipe:
    """What a result was made with.

    Parameters
    ----------
    capability, verb
        ``segmentation``, ``apply``.
    inputs
        Paths by option, absolute: ``{"image": …, "model": …}``; of masks per class by ``class
        NAME``.
    options
        What else was said on the command line, by option.
    settings
        All settings, also those that stood at their default.
    out
        The name under which it was written.
    prints
        What the inputs were like, see `io.prints`.
    versions
        Of the programs that it was made with.
    stopped
        Whether a person stopped it before its end.
    """

    capability: str
    verb: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    out: str = ""
    prints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    stopped: bool = False

    def words(self) -> list[str]:
        """The command line that makes it again, but for where the result goes."""
        words = [self.capability, self.verb]
        for name, path in self.inputs.items():
            option, _, of_class = name.partition(" ")
            words.append(f"--{option}={of_class}={path}" if of_class else f"--{option}={path}")
        words += [f"--{name}={value}" for name, value in self.options.items()]
        named = {name.rstrip("_").replace("_", "-"): v for name, v in self.settings.items()}
        return words + [f"--{name}={value}" for name, value in named.items()]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, told: Any) -> Self:
        """The inverse of `to_json`.

        Raises
        ------
        ValueError
            It is none of ours, or of a newer version.
        """
        values = dict(told) if isinstance(told, Mapping) else {}
        number = values.pop("format", None)
        if isinstance(number, int) and number > FORMAT:
            raise ValueError("This result was made by a newer version: update napari-simgraph.")
        if not (isinstance(number, int) and _is_ours(values)):
            raise ValueError("What made this result is not written in a way we know.")
        return cls(**values)


def _is_ours(values: Mapping[str, Any]) -> bool:
    """Whether what was read is of the kinds that a recipe is made of."""
    kinds = {item.name: _KINDS[str(item.type).partition("[")[0]] for item in fields(Recipe)}
    if not values.keys() <= kinds.keys() or not {"capability", "verb"} <= values.keys():
        return False
    if not all(isinstance(value, kinds[name]) for name, value in values.items()):
        return False
    paths = [*values.get("inputs", {}).values(), *values.get("options", {}).values()]
    prints = values.get("prints", {}).values()
    return all(isinstance(one, str) for one in paths) and all(
        isinstance(p, Mapping) for p in prints
    )
