"""The ways out of the graph: a tracked tensor becomes a plain number or array only where that is asked for.

What leaves the graph is a constant from then on, and a gradient through it is lost without a word. So a conversion to an
array is refused and one to a single number warns; inside a transform (`grad`, `vjp`, ...) both are refused if the tensor
depends on what is differentiated. `.data`, `.item()` and `no_grad()` are the ways to ask for it.
"""

from __future__ import annotations

import os
import sys
import warnings
from types import FrameType
from typing import Any

from minigrad.graph import Node, describe
from minigrad.modes import MODES, VARIABLES, outside, scipy_function, site
from minigrad.spellings import SPECIAL


class GradientLost(UserWarning):
    """A tracked tensor became a plain number without being asked, or there is no gradient where one was to be expected."""


class GrowingGraph(UserWarning):
    """A loop records its updates one upon the other, and slows down with every step."""


def differentiated(tensor: Node) -> bool:
    """True if a tensor depends on a variable of a transform around the call."""
    return bool(MODES.get().record) and _depends(tensor)


def _depends(tensor: Node) -> bool:
    variables = VARIABLES.get()
    if not variables or not tensor.requires_grad:
        return False
    own, seen, stack = set(variables), {tensor}, [tensor]
    while stack:
        node = stack.pop()
        if node in own:
            return True
        for x in node.inputs:
            if x is not None and x.requires_grad and x not in seen:
                seen.add(x)
                stack.append(x)
    return False


def _tracked(tensor: Node) -> bool:
    """True if leaving the graph here would lose a gradient."""
    if not tensor.requires_grad or not MODES.get().record:
        return False
    return VARIABLES.get() is None or differentiated(tensor)


_RECORDED = "use functions that record, join tensors with minigrad.stack([...])"


def leave_as_array(tensor: Node, way: str, instead: str = _RECORDED) -> None:
    """Refuse to make a plain array of a tracked tensor without being asked; say what to do instead."""
    if _tracked(tensor):
        if _called_from(os.path.join("numpy", "ma", "")):
            way, instead = "numpy.ma", "fill it, m.filled(0), and choose with minigrad.where(m.mask, ...)"
        theirs = scipy_function()
        if theirs in SPECIAL:
            instead = f"use {theirs.replace('scipy', 'minigrad')}"
        raise TypeError(
            f"{theirs or way} would make a plain array of {describe(tensor)}, and its gradient would be lost, at {site()}; "
            f"{instead}, or {_on_purpose()}"
        )


def _called_from(folder: str) -> bool:
    """True if a call on the way to the user's line is of a file in a folder."""
    frame: FrameType | None
    last, _ = outside(frame := sys._getframe(2))
    while frame is not None and frame is not last:
        if folder in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def leave_as_number(tensor: Node, way: str) -> None:
    """Refuse to make a plain number of a tensor that a transform differentiates; warn of another tracked one."""
    _refuse_or_warn(tensor, f"{way} makes a plain number of")


def leave_as_copy(tensor: Node) -> None:
    """Refuse a deep copy or a pickle of a result that a transform differentiates; warn of another tracked one."""
    _refuse_or_warn(tensor, "a deep copy or a pickle holds the value alone of")


def _refuse_or_warn(tensor: Node, what: str) -> None:
    if not _tracked(tensor):
        return
    what = f"{what} {describe(tensor)}, and no gradient goes through it"
    if VARIABLES.get() is not None:
        raise TypeError(f"{what}, at {site()}; use functions that record, or {_on_purpose()}")
    _, depth = outside(sys._getframe(1))
    warnings.warn(f"{what}; ask for it with .item() or .data, or inside no_grad()", GradientLost, stacklevel=depth + 2)


def leave_on_purpose(tensor: Node, way: str) -> None:
    """Refuse `.data`, `.item()` and their kind on a tensor that a transform differentiates."""
    if differentiated(tensor):
        raise TypeError(
            f"{way} makes a constant of {describe(tensor)}, which a transform is differentiating, at {site()}; if that is "
            f"meant, {_on_purpose()}"
        )


def _on_purpose() -> str:
    if VARIABLES.get() is not None:
        return "say so with t.detach(); to hand a value out of the function, return it with has_aux=True"
    return "ask for the values with t.data or inside minigrad.no_grad()"


def check_update(tensor: Any, how: str) -> None:
    """Refuse to change a variable of a transform in place, even inside `no_grad`: the change would not be recorded."""
    if _depends(tensor):
        raise RuntimeError(
            f"{how} would change {describe(tensor)}, which a transform is differentiating, and is not recorded; compute a "
            "new tensor, as with where(condition, a, b)"
        )


def warn_of_constant(who: str, what: str) -> None:
    """Warn that a function to be differentiated returned a plain number, which depends on no variable."""
    _, depth = outside(sys._getframe(1))
    text = f"{who}: the function returned {what}, no tensor, and so a constant: its gradient is 0"
    warnings.warn(text, GradientLost, stacklevel=depth + 2)


def warn_of_no_gradients(who: str) -> None:
    """Warn that an optimiser has nothing to do."""
    _, depth = outside(sys._getframe(1))
    warnings.warn(
        f"{who}: no parameter has a gradient, so the step changes nothing; is it the optimiser of another model, or was "
        "backward not called?",
        GradientLost,
        stacklevel=depth + 2,
    )


def warn_of_replaced_leaves(least: int) -> None:
    """Warn that a leaf is replaced by a recorded result in a loop, so that each sweep goes through all earlier ones."""
    _, depth = outside(sys._getframe(1))
    warnings.warn(
        f"backward went through {least} or more updates such as w = w - lr * w.grad, recorded one upon the other: each step "
        "takes longer than the one before; update in place, `with minigrad.no_grad(): w -= lr * w.grad`, or start from a "
        "new leaf, `w = Tensor(w.data - lr * w.grad)`",
        GrowingGraph,
        stacklevel=depth + 2,
    )
