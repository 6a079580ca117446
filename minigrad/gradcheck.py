"""Numeric against analytic: every gradient can be checked by moving the inputs a little."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minigrad.backward import sweep
from minigrad.graph import Value, value_of
from minigrad.tensor import Tensor

STEP = 6e-6  # near the cube root of float64's precision, where a central difference is most exact
SMALL = 100  # with up to this many elements in and out, every entry of the Jacobian is compared
FEW = 10  # the same, of the gradients of gradients
DIRECTIONS = 4  # with more, this many random directions
SEARCHED = 2000  # entries tried, at most, to find the one that a wrong direction comes from
JUMP = 1e3  # a difference this many times steeper than the rules say is not a slope

Index: TypeAlias = tuple[int, ...]


class _Slope(NamedTuple):
    """A numeric derivative: central, and from the left and the right alone."""

    central: Value
    left: Value
    right: Value


def gradcheck(
    f: Callable[..., Any], *inputs: object, order: int = 2, rtol: float = 1e-5, atol: float = 1e-7, seed: int = 0
) -> bool:
    """Compare the gradients of a function with central differences.

    With up to 100 elements in and out, the whole Jacobian is compared; with more, its products with random directions. Of
    the gradients' own gradients, it is whole up to 10 elements.

    Parameters
    ----------
    f : callable
        Takes tensors; returns a tensor, or a tuple or list of them.
    *inputs : Tensor or array_like
        Where to check. Floating inputs are checked in float64 and complex ones in complex128, along both axes; all others
        are passed on unchanged.
    order : int
        2 checks the gradients of the gradients too; 1 does not.
    rtol, atol : float
        Two values agree if they differ by at most ``atol + rtol * max(|a|, |b|)``.
    seed : int
        The random seed of the directions.

    Returns
    -------
    bool
        True; a disagreement raises.

    Raises
    ------
    AssertionError
        If two gradients disagree: names the input, the index, both values and their relative error, and says if the input
        sits on a kink.
    TypeError
        If no input is floating, or a result is not a tensor.
    ValueError
        If `order` is less than 1.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import gradcheck, tanh
    >>> gradcheck(lambda x, y: tanh(x) @ y, np.ones((2, 3)), np.ones(3))
    True
    """
    if order < 1:
        raise ValueError(f"gradcheck: order must be at least 1, got {order}")
    most, text = SMALL, ""
    for k in range(order):
        check = Check(f, *inputs, rtol=rtol, atol=atol, seed=seed + k)
        try:
            check.compare(most)
        except AssertionError as error:
            raise AssertionError(f"{text}{error}") from None
        f, inputs, most, text = (
            check.gradients,
            (*check.arguments, *check.weights),
            FEW,
            f"{text}in the gradient of the gradient: ",
        )
    return True


def numeric_gradient(f: Callable[..., Any], arguments: list[Tensor], i: int) -> Value:
    """The gradient of a scalar function with respect to input `i`, by central differences."""
    return Check(f, *arguments).numeric(i)


class Check:
    """The gradients of a function at one point, by the rules and by differences.

    The function is evaluated once at the point, and twice for each direction in which an input is moved.
    """

    def __init__(
        self, f: Callable[..., Any], *inputs: object, rtol: float = 1e-5, atol: float = 1e-7, seed: int = 0
    ) -> None:
        self.f, self.rtol, self.atol = f, rtol, atol
        self.arguments = [_argument(x) for x in inputs]  # the floating ones as float64 leaves, or complex128
        self.checked = [i for i, x in enumerate(self.arguments) if isinstance(x, Tensor) and x.requires_grad]
        if not self.checked:
            raise TypeError("gradcheck: no input is floating data, so there is no gradient to check")
        self.rng = np.random.default_rng(seed)
        self.outputs = self._evaluate(self.arguments)
        self.weights = [_random(y, self.rng) for y in self.outputs]  # an upstream gradient for each output
        self._entries: dict[
            tuple[int, Index, complex], list[_Slope]
        ] = {}  # what `numeric` found, for `compare` to use again

    def numeric(self, i: int) -> Value:
        """The numeric gradient of the first output, a scalar, with respect to input `i`."""
        x = self.arguments[i]
        found = []
        for index in np.ndindex(x.shape):
            for unit in _units(x):
                self._entries[i, index, unit] = self._entry(i, index, unit)
            real, *imag = [self._entries[i, index, unit][0].central for unit in _units(x)]
            found.append(np.real(real) - 1j * np.real(imag[0]) if imag else np.real(real))
        return np.reshape(found, x.shape)[()]

    def compare(self, most: int = SMALL) -> None:
        """Raise an AssertionError if a gradient by the rules disagrees with its differences.

        The Jacobian is compared whole with up to `most` elements in and out.
        """
        elements_in = sum(self.arguments[i].size for i in self.checked)
        small = max(elements_in, sum(y.size for y in self.outputs)) <= most
        for i in self.checked:
            if small:
                self._compare_entries(i)
            else:
                self._compare_directions(i)

    def gradients(self, *args: Any) -> list[Tensor]:
        """The gradients by the rules, themselves differentiable, at other arguments with other weights behind them."""
        count = len(self.arguments)
        total = [Tensor(np.zeros_like(self.arguments[i].value), False) for i in self.checked]
        for y, upstream in zip(self._evaluate(args[:count]), args[count:], strict=True):
            found = sweep(y, upstream, create_graph=True) if y.requires_grad else {}
            total = [t + found[args[i]] if args[i] in found else t for t, i in zip(total, self.checked, strict=True)]
        return total

    def _evaluate(self, arguments: Iterable[Any]) -> list[Tensor]:
        result = self.f(*arguments)
        results = list(result) if isinstance(result, tuple | list) else [result]
        for y in results:
            if not isinstance(y, Tensor):
                raise TypeError(f"gradcheck: the function must return tensors, got {type(y).__name__}")
        return results

    def _slopes(self, i: int, direction: Value) -> list[_Slope]:
        """The derivative of each output as input `i` moves in a direction."""
        x = self.arguments[i]
        step = STEP * max(1.0, float(np.max(np.abs(x.value), initial=0.0)))
        above, below = (
            self._evaluate([*self.arguments[:i], Tensor(x.value + by * direction, name=x.name), *self.arguments[i + 1 :]])
            for by in (step, -step)
        )
        return [
            _Slope((up.value - down.value) / (2 * step), (y.value - down.value) / step, (up.value - y.value) / step)
            for up, y, down in zip(above, self.outputs, below, strict=True)
        ]

    def _entry(self, i: int, index: Index, unit: complex = 1.0) -> list[_Slope]:
        """The derivative of each output as one element of input `i` moves, along the real axis or the imaginary one."""
        return self._entries.get((i, index, unit)) or self._slopes(i, _unit(self.arguments[i], index, unit))

    def _compare_entries(self, i: int) -> None:
        x = self.arguments[i]
        numeric = {(index, unit): self._entry(i, index, unit) for index in np.ndindex(x.shape) for unit in _units(x)}
        for k, y in enumerate(self.outputs):
            for at in np.ndindex(y.shape):
                for part in _units(y):  # upstream 1 is for the real part of the output, -1j for the imaginary one
                    analytic = _gradient(y, _unit(y, at, np.conj(part)), x)
                    of = f" of output {k}{list(at) or ''}" if len(self.outputs) > 1 or at else ""
                    of = f" of the imaginary part{of or ' of the output'}" if part != 1 else of
                    for (index, unit), slopes in numeric.items():
                        sides = _Slope(*(float(np.real(np.conj(part) * side[at])) for side in slopes[k]))
                        self._agree(float(np.real(analytic[index] * unit)), sides, i, index, of, unit)

    def _compare_directions(self, i: int) -> None:
        x = self.arguments[i]
        analytic = sum(_gradient(y, w, x) for y, w in zip(self.outputs, self.weights, strict=True))
        of = " of a random weighted sum of the outputs"
        for _ in range(DIRECTIONS):
            direction = _random(x, self.rng)
            expected, slope = float(np.real(np.sum(analytic * direction))), self._weighted(self._slopes(i, direction))
            if not self._close(expected, slope.central):
                for n in self.rng.permutation(x.size)[:SEARCHED]:
                    index = tuple(int(k) for k in np.unravel_index(n, x.shape))
                    for unit in _units(x):
                        entry = self._weighted(self._entry(i, index, unit))
                        self._agree(float(np.real(analytic[index] * unit)), entry, i, index, of, unit)
                self._agree(expected, slope, i, None, of)

    def _weighted(self, slopes: list[_Slope]) -> _Slope:
        """The derivative of the sum of all outputs, each times its weights."""
        sides = zip(*slopes, strict=True)
        return _Slope(
            *(float(np.real(sum(np.sum(w * y) for w, y in zip(self.weights, side, strict=True)))) for side in sides)
        )

    def _close(self, a: float, b: float) -> bool:
        return a == b or abs(a - b) <= self.atol + self.rtol * max(abs(a), abs(b))

    def _agree(self, analytic: float, slope: _Slope, i: int, index: Index | None, of: str, unit: complex = 1.0) -> None:
        """Raise unless a derivative agrees with its differences; without an index, it is along a random direction."""
        if self._close(analytic, slope.central):
            return
        name = self.arguments[i].name
        what = f"input {i}" + (f" ({name!r})" if name else "")
        at = "along a random direction" if index is None else f"at index {list(index)}" if index else "(a scalar)"
        at += ", along the imaginary axis," if unit != 1 else ""
        error = abs(analytic - slope.central) / max(abs(analytic), abs(slope.central))
        text = (
            f"the gradient{of} for {what} {at} is {analytic:.8g} by the rules but {slope.central:.8g} by differences "
            f"(relative error {error:.1e})"
        )
        steep = abs(slope.central) > JUMP * max(1.0, abs(analytic))
        if steep or abs(slope.left - slope.right) > 1e-4 + 1e-2 * max(abs(slope.left), abs(slope.right)):
            text += (
                f"; the slopes to the left ({slope.left:.4g}) and to the right ({slope.right:.4g}) "
                + ("are those of a jump" if steep else "differ")
                + ", so the input sits on a kink; check at a nearby point"
            )
        raise AssertionError(text)


def _argument(x: Any) -> Any:
    """A floating or complex input as a fresh leaf, in double precision; anything else unchanged."""
    data = value_of(x)
    if isinstance(data, float | complex | list | tuple | np.ndarray | np.inexact):
        array = np.array(data)
        if array.dtype.kind in "fc" and (not isinstance(x, Tensor) or x.requires_grad):
            return Tensor(array.astype(np.result_type(array, np.float64)), name=x.name if isinstance(x, Tensor) else None)
    return x


def _units(x: Tensor) -> tuple[complex, ...]:
    """The directions in which an element can move."""
    return (1.0, 1j) if x.dtype.kind == "c" else (1.0,)


def _random(like: Tensor, rng: np.random.Generator) -> Value:
    """Random values of either sign, away from 0; complex ones where they are."""
    parts = [u * rng.uniform(0.5, 1.5, like.shape) * rng.choice([-1.0, 1.0], like.shape) for u in _units(like)]
    return np.asarray(sum(parts))[()]


def _unit(like: Tensor, index: Index, unit: complex) -> Value:
    """An array that is `unit` at an index and 0 elsewhere."""
    array = np.zeros(like.shape, np.result_type(like.dtype, np.float64))
    array[index] = unit if array.dtype.kind == "c" else np.real(unit)
    return array[()]


def _gradient(y: Tensor, upstream: Value, x: Tensor) -> Value:
    found = sweep(y, np.asarray(upstream, y.dtype)[()]) if y.requires_grad else {}
    return found.get(x, np.zeros_like(x.value))
