"""The stages of ``minigrad EXPRESSION``: read, evaluate, check and draw, all on one `Calculation`."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from minigrad import draw, explain, play
from minigrad.commands.usage import UsageError
from minigrad.expression import LARGEST, OPERATIONS, Expression, ExpressionError, Subexpression, evaluate
from minigrad.gradcheck import Check
from minigrad.graph import Value
from minigrad.tensor import Tensor
from minigrad.text import shorten

Direction: TypeAlias = Literal["LR", "TB"]
Theme: TypeAlias = Literal["auto", "light", "dark"]
LONGEST = 300  # characters of a message
CHECKED = 10_000  # elements that a check moves, one after the other


@dataclass
class Calculation:
    """An expression with the values of its names, and what each stage of the command found."""

    expression: Expression
    leaves: dict[str, Tensor]
    wrt: list[str]  # the names whose gradients are reported
    explained: list[str]  # the names whose paths are reported
    brief: bool  # whether intermediate values are left out of the report
    parts: list[Subexpression] = field(default_factory=list)  # after `run`: what was computed, the whole expression last
    numeric: dict[str, Value] = field(default_factory=dict)  # after `check`: gradients by central differences
    failure: str | None = None  # after `check`: which gradient disagrees, or ""

    @classmethod
    def read(cls, source: str, bindings: Sequence[str], wrt: str | None = None, explained: str | None = None) -> Calculation:
        """Parse an expression, ``name=value`` bindings, and lists of names such as ``x,y``."""
        leaves = _leaves(bindings)
        names = list(leaves) if wrt is None else _names("--wrt", wrt, leaves)
        paths = [] if explained is None else _names("--explain", explained, leaves)
        return cls(Expression(source), leaves, names, paths, brief=wrt is not None)

    @property
    def result(self) -> Tensor:
        """The value of the whole expression."""
        return self.parts[-1].tensor

    @property
    def reported(self) -> list[Subexpression]:
        """The subexpressions that are reported."""
        return [part for part in (self.parts[-1:] if self.brief else self.parts) if part.tensor.name is None]

    def run(self) -> None:
        """Evaluate the expression, and compute all gradients."""
        self.parts = evaluate(self.expression, self.leaves)
        source = self.expression.source
        if not self.result.requires_grad:
            what = "it depends on no name that has a gradient; write name=value after the expression, as in x=2"
            raise ExpressionError(f"the result is a constant: {what}", source, 0, len(source))
        if self.result.ndim:
            what = f"the result is an array of shape {self.result.shape}, and only a scalar has a gradient"
            raise ExpressionError(f"{what}; wrap it in sum(...) or mean(...)", source, 0, len(source))
        try:
            self.result.backward()
        except (RuntimeError, TypeError, ValueError) as error:
            text = shorten(str(error) or type(error).__name__, LONGEST)
            raise ExpressionError(f"the gradient: {text}", source, 0, len(source)) from error

    def check(self) -> None:
        """Compare the reported gradients with central differences."""
        count = sum(self.leaves[name].size for name in self.wrt)
        if count > CHECKED:
            raise UsageError(f"--check moves every element, and there are {count:,}; select at most {CHECKED:,} with --wrt")

        def f(*inputs: Tensor) -> Tensor:
            return evaluate(self.expression, self.leaves | dict(zip(self.wrt, inputs, strict=True)))[-1].tensor

        check = Check(f, *(self.leaves[name] for name in self.wrt))
        self.numeric = {name: check.numeric(i) for i, name in enumerate(self.wrt)}
        try:
            check.compare()
            self.failure = ""
        except AssertionError as error:
            self.failure = str(error)

    def error(self, name: str) -> float:
        """The largest relative error of a gradient.

        It is relative to the larger of the two gradients, or to 0.01 if both are smaller: near 0, noise is not an error.
        """
        gradient, numeric = gradient_of(self.leaves[name]), self.numeric[name]
        size = np.maximum(np.abs(gradient), np.abs(numeric))
        error = np.where(gradient == numeric, 0.0, np.abs(gradient - numeric) / np.maximum(size, 0.01))
        return float(np.max(error, initial=0.0))

    def explanations(self) -> dict[str, str]:
        """The chain rule along every path from the result to the explained names."""
        return {name: str(explain(self.result, self.leaves[name])) for name in self.explained}

    def code(self) -> str:
        """The forward and the backward pass as Python."""
        from minigrad.program.code import code

        return str(code(self.result, names=self.leaves))

    def live(self, file: Path) -> None:
        """Write a page in which the values are fields and sliders."""
        from minigrad.program.live import live

        arrays = [name for name, x in self.leaves.items() if x.ndim]
        if arrays:
            raise UsageError(f"--live shows circuits of single numbers, and {arrays[0]} is an array")

        def f(**leaves: Tensor) -> Tensor:
            return evaluate(self.expression, leaves)[-1].tensor

        try:
            live(f, precision=2, **{name: float(x.value) for name, x in self.leaves.items()}).save(file)
        except (OSError, RuntimeError, TypeError) as error:
            raise UsageError(f"{file} was not written: {error}") from error

    def draw(self, file: Path, direction: Direction, theme: Theme, expand: bool) -> None:
        """Draw the graph to a file; to a ``.html`` file, write a page that plays the backward pass."""
        try:
            if file.suffix.lower() == ".html":
                play(self.result, direction=direction).save(file)
            else:
                draw(self.result, direction=direction, theme=theme, expand=expand).save(file)
        except (OSError, RuntimeError, ValueError) as error:
            raise UsageError(f"{file} was not drawn: {error}") from error


def gradient_of(x: Tensor) -> Value:
    """The gradient of a tensor, 0 if the result does not depend on it; None for a constant."""
    if not x.requires_grad:
        return None
    return np.zeros(x.shape)[()] if x.grad is None else x.grad


def _leaves(bindings: Sequence[str]) -> dict[str, Tensor]:
    """The tensors of ``name=value`` bindings."""
    leaves: dict[str, Tensor] = {}
    for binding in bindings:
        name, equals, text = binding.partition("=")
        name = unicodedata.normalize("NFKC", name)  # as Python reads names
        if not equals:
            raise UsageError(f"after the expression, write name=value without spaces around the =; got {binding.strip()!r}")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"{name!r} cannot be a name; use letters, digits and _, as in x1={text}")
        if name in OPERATIONS:
            raise UsageError(f"{name!r} is the name of an operation; choose another name for the value")
        if name in leaves:
            raise UsageError(f"{name!r} is given two values")
        try:
            value = evaluate(Expression(text, unknown="{name!r} is not a number"), {})[-1].tensor.data
        except ExpressionError as error:
            raise UsageError(f"the value of {name}: {error}") from None
        leaves[name] = Tensor(np.asarray(value, np.float64), name=name)
        if sum(x.size for x in leaves.values()) > LARGEST:
            raise UsageError(f"the values have too many elements in total; {LARGEST:,} are allowed")
    return leaves


def _names(option: str, text: str, leaves: dict[str, Tensor]) -> list[str]:
    """The names that an option lists."""
    names = [unicodedata.normalize("NFKC", name.strip()) for name in text.split(",")]
    for name in names:
        if name not in leaves:
            known = ", ".join(leaves) or "there are none"
            raise UsageError(f"{option}: {name!r} is not one of the names that have a value ({known})")
    return list(dict.fromkeys(names))
