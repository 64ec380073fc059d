"""The wire between two processes: whole messages over a pipe, and errors as text."""

from __future__ import annotations

import builtins
import io
import pickle
import struct
import traceback
from typing import IO, Any, NamedTuple

_LENGTH = struct.Struct("!Q")
# Their errors can be made again anywhere; those of torch would load torch into the window.
_KNOWN = ("builtins", "numpy", "napari_simgraph")


def send(pipe: IO[bytes], kind: str, *values: Any) -> None:
    """Write one message; it is on its way when this returns.

    Raises
    ------
    OSError
        Nobody reads any more.
    """
    content = pickle.dumps((kind, *values), protocol=5)
    pipe.write(_LENGTH.pack(len(content)) + content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[Any, ...] | None:
    """The next message: its kind and values; None once the other end is gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    content = pipe.read(size)
    if len(content) < size:
        return None
    message: tuple[Any, ...] = pickle.loads(content)
    return message


class Fault(NamedTuple):
    """An error on the wire: itself where it can be sent, else its name and kin, and its trace."""

    pickled: bytes
    name: str
    kin: str
    text: str
    trace: str


class Trace(Exception):
    """The traceback of another process as text; stands as the cause of what it raised."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"


def fault_of(error: BaseException) -> Fault:
    """An error made ready for the wire."""
    kind = type(error)
    kin = next(k.__name__ for k in kind.__mro__ if k.__module__ == "builtins")
    trace = "".join(traceback.format_exception(error))
    return Fault(_pickled(error), kind.__name__, kin, _text(error), trace)


def error_of(fault: Fault) -> BaseException:
    """The same error, or one of the same name and kin; its cause is the trace from over there."""
    error = pickle.loads(fault.pickled) if fault.pickled else _alike(fault)
    error.__cause__ = Trace(fault.trace)
    return error


def _pickled(error: BaseException) -> bytes:
    """Empty where it can't be sent as it is."""
    if type(error).__module__.partition(".")[0] not in _KNOWN:
        return b""
    out = io.BytesIO()
    pickler = pickle.Pickler(out, protocol=5)
    # As Python does it: with tblib, which distributed brings, some errors lose their text.
    pickler.dispatch_table = {}
    try:
        pickler.dump(error)
        content = out.getvalue()
        again = pickle.loads(content)
    except Exception:  # noqa: BLE001 - whatever keeps it from being sent
        return b""
    return content if type(again) is type(error) and str(again) == str(error) else b""


def _alike(fault: Fault) -> BaseException:
    """An error of that name, say torch's OutOfMemoryError, on what Python knows of its kin."""
    try:
        kind = type(fault.name, (getattr(builtins, fault.kin),), {})
        return kind(fault.text)  # type: ignore[no-any-return]
    except TypeError:  # its kin wants more than a text
        return RuntimeError(f"{fault.name}: {fault.text}")


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an error that can't even be told
        return type(error).__name__
