"""Settings, written once: the form, the command line, the model card and the docs read these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, Self, TypeAlias, get_type_hints

Value: TypeAlias = bool | int | float | str


def setting(  # one call says all there is to say about a setting
    default: Value,
    help: str,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    *,
    label: str = "",
    first: bool = False,
    choices: Sequence[str] = (),
    unit: str = "",
    zero: str = "",
) -> Any:
    """A field of a Config.

    Parameters
    ----------
    default, help
        The value it begins with, and one sentence for tooltip and ``--help``.
    low, high, step
        Range, both ends included, and the step of the control.
    label
        Plain words for the form; the command line keeps the field's name.
    first
        Shown unfolded.
    choices
        The allowed words, for text settings.
    unit
        What the number counts: ``px``, ``min`` …
    zero
        What a form shows for 0 where that is no number but means something: ``auto``, ``none`` …
    """
    told = {
        "help": help,
        "low": low,
        "high": high,
        "step": step,
        "label": label,
        "first": first,
        "choices": tuple(choices),
        "unit": unit,
        "zero": zero,
    }
    return field(default=default, metadata=told)


@dataclass(frozen=True)
class Setting:
    """One setting as forms and the command line see it."""

    name: str
    type: type
    default: Value
    help: str
    low: float | None
    high: float | None
    step: float | None
    label: str
    first: bool
    choices: tuple[str, ...]
    unit: str
    zero: str

    @property
    def option(self) -> str:
        """Its command-line option, ``--name``; ``class_`` stands for ``--class``."""
        return "--" + self.name.rstrip("_").replace("_", "-")

    def check(self, value: Any) -> Value:
        """The value in the setting's own type.

        Raises
        ------
        ValueError
            It is of another type, out of range or no allowed word.
        """
        said = self.label or self.name
        try:
            clean: Any = _bool(value) if self.type is bool else self.type(value)
        except (TypeError, ValueError, KeyError):
            raise ValueError(f"{said} can't be '{value}' ({self.option}).") from None
        if self.choices and clean not in self.choices:
            raise ValueError(f"{said} is one of {', '.join(self.choices)}, not '{value}'.")
        too_low = self.low is not None and clean < self.low
        too_high = self.high is not None and clean > self.high
        if too_low or too_high or clean != clean:  # NaN is unequal to itself
            raise ValueError(f"{said} lies between {self.low} and {self.high}, not {value}.")
        checked: Value = clean
        return checked


@dataclass(frozen=True)
class Config:
    """Base of all settings: frozen, checked when made, plain JSON on disk."""

    def __post_init__(self) -> None:
        for item in self.settings():
            object.__setattr__(self, item.name, item.check(getattr(self, item.name)))

    @classmethod
    def settings(cls) -> tuple[Setting, ...]:
        """The settings in the order they are written."""
        hints = get_type_hints(cls)
        return tuple(_setting(f, hints[f.name]) for f in fields(cls))

    def changed(self) -> dict[str, Value]:
        """The settings that differ from their default."""
        return {
            item.name: getattr(self, item.name)
            for item in self.settings()
            if getattr(self, item.name) != item.default
        }

    def to_json(self) -> dict[str, Value]:
        """All settings as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `to_json`; settings of other versions that we don't know are left out."""
        known = {item.name for item in cls.settings()}
        return cls(**{key: value for key, value in values.items() if key in known})


def _setting(item: Field[Any], hint: type) -> Setting:
    if item.default is MISSING:
        raise TypeError(f"Setting '{item.name}' has no default.")
    return Setting(name=item.name, type=hint, default=item.default, **item.metadata)


def _bool(value: Any) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    return value if isinstance(value, bool) else words[str(value).casefold()]
