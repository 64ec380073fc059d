"""What the status line says of live learning."""

from __future__ import annotations

from napari_simgraph.core.live import NETWORK, Answer, Scores

LEARNING = "Learning your last stroke …"
_RISE = 0.005  # below, two scores read the same


def say_answer(answer: Answer) -> str:
    """Who answers and how good it is: ``Answering: U-Net, 0.81 (filters 0.76).``"""
    now, before = answer.scores, answer.before
    if answer.by == NETWORK:
        if before.network is None and now.network is not None:
            return f"The U-Net has taken over: {now.network:.2f}, {_beside(now, 'quick filters')}."
        beside = _beside(now, "filters")
        score = _change(before.network, now.network)
        return f"Answering: U-Net{score}{f' ({beside})' if beside else ''}."
    many = "s" if answer.strokes != 1 else ""
    score = _change(before.filters, now.filters)
    return f"Answering: {answer.by}{score}, learned from {answer.strokes} stroke{many}."


def say_why(answer: Answer) -> str:
    """What the scores were measured on, and all of them."""
    scores = answer.scores
    if not scores.kept or scores.filters is None:
        return "Too little is kept aside to measure it: every fifth stroke is."
    named = (("U-Net", scores.network), ("filters", scores.filters), ("grey", scores.baseline))
    told = ", ".join(f"{name} {score:.2f}" for name, score in named if score is not None)
    many = "s" if scores.kept != 1 else ""
    return f"On {scores.kept} stroke{many} kept aside: {told}."


def say_first(names: tuple[str, ...], strokes: dict[int, int], numbers: tuple[int, ...]) -> str:
    """What to paint next, until there are two classes; "" from then on."""
    painted = [n for n in numbers if strokes.get(n)]
    if len(numbers) < 2:
        return "Add a second class: with one there is nothing to tell apart."
    if not painted:
        return f"Paint a short stroke on {names[0]}, then press Ctrl+2 and paint {names[1]}."
    if len(painted) == 1:
        return "Paint a second class: with one class there is nothing to tell apart."
    return ""


def _change(before: float | None, now: float | None) -> str:
    if now is None:
        return ""
    if before is None or abs(now - before) < _RISE:
        return f", {now:.2f}"
    return f", {before:.2f} → {now:.2f}"


def _beside(scores: Scores, name: str) -> str:
    return f"{name} {scores.filters:.2f}" if scores.filters is not None else ""
