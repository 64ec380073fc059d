"""Who of us holds which key of a viewer: a dock that closes leaves no key to itself behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from napari.utils.key_bindings import coerce_keybinding

Act: TypeAlias = Callable[[Any], Any]  # called with the viewer


def plain(call: Callable[[], object]) -> Act:
    """An act that needs no viewer; whatever it returns, napari waits for no release of the key."""
    return lambda _: call() and None


class HeldKeys:
    """The keys of a viewer that parts of ours hold; shared through the Session.

    A key may be taken over from another part of ours. Whoever held it before has it again once
    it is given back, unless that part has left meanwhile.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._held: dict[str, list[Act]] = {}  # the last one has the key, those before wait

    def may_take(self, key: str) -> bool:
        """Whether nobody has it, or a part of ours."""
        now = self._now(key)
        return now is None or any(now is act for act in self._held.get(key, ())[-1:])

    def take(self, key: str, act: Act, over: bool = False) -> bool:
        """Whether the key does this now; only `over` takes it from another part of ours."""
        if not (self.may_take(key) if over else self._now(key) is None):
            return False
        self._held.setdefault(key, []).append(act)
        self._viewer.bind_key(key, act, overwrite=True)
        return True

    def leave(self, key: str, act: Act) -> None:
        """Give a key back, or wait for it no longer."""
        holders = self._held.get(key, [])
        if act not in holders:
            return
        has_it = self._now(key) is holders[-1]
        holders.remove(act)
        if has_it:
            self._viewer.bind_key(key, holders[-1] if holders else None, overwrite=True)

    def _now(self, key: str) -> Any:
        return self._viewer.keymap.get(coerce_keybinding(key))


class Taken:
    """The keys that one part has taken, to be given back together."""

    def __init__(self, held: HeldKeys) -> None:
        self._held = held
        self._acts: dict[str, Act] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._acts

    def take(self, key: str, act: Act, over: bool = False) -> bool:
        """See `HeldKeys.take`."""
        taken = self._held.take(key, act, over)
        if taken:
            self._acts[key] = act
        return taken

    def may_take(self, key: str) -> bool:
        """See `HeldKeys.may_take`."""
        return self._held.may_take(key)

    def close(self) -> None:
        """Give all of them back."""
        acts, self._acts = self._acts, {}
        for key, act in acts.items():
            self._held.leave(key, act)
