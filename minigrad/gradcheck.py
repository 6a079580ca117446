"""Numeric against analytic: every gradient can be checked by moving the inputs a little."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.backward import sweep
from minigrad.graph import Value, value_of
from minigrad.tensor import Tensor

STEP = 6e-6  # near the cube root of float64's precision, where a central difference is most exact
SMALL = 100  # up to this many numbers in and out, every entry of the Jacobian is looked at
DIRECTIONS = 4  # beyond, so many random directions
SEARCHED = 2000  # how many entries are tried, at most, to find which one a wrong direction comes from


JUMP = 1e3  # a difference this many times steeper than the rules say is no slope at all

Agree = Callable[[float, float], bool]


class _Slope(NamedTuple):
    """A derivative found numerically, and from the left and the right alone."""

    central: Value
    left: Value
    right: Value


def gradcheck(
    f: Callable[..., Any], *inputs: Any, order: int = 2, rtol: float = 1e-5, atol: float = 1e-7, seed: int = 0
) -> bool:
    """Check the gradients of a function against central differences.

    Small functions have their whole Jacobian compared; large ones are compared along random directions.

    Parameters
    ----------
    f : callable
        Takes tensors; returns a tensor, or a tuple or list of them.
    *inputs : Tensor or array_like
        Where to check. Floating ones are checked, in float64; all others are passed on as they are.
    order : int
        2 checks the gradients of the gradients too; 1 does not.
    rtol, atol : float
        Two numbers agree if they differ by at most ``atol + rtol * max(|a|, |b|)``.
    seed : int
        For the random directions; the same seed looks along the same ones.

    Returns
    -------
    bool
        True; a disagreement is raised.

    Raises
    ------
    AssertionError
        Names the input, the index, both numbers and their relative error, and says if the input sits on a kink.
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
        raise ValueError(f"gradcheck: order is 1 or more, got {order}")
    arguments = [_argument(x) for x in inputs]
    checked = [i for i, x in enumerate(arguments) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise TypeError("gradcheck: no input is floating data, so there is no gradient to check")
    rng = np.random.default_rng(seed)
    outputs = _outputs(f, arguments)
    weights = [_random(y.shape, rng) for y in outputs]
    small = max(sum(arguments[i].size for i in checked), sum(y.size for y in outputs)) <= SMALL
    compare = _compare_entries if small else _compare_directions
    for i in checked:
        compare(f, arguments, i, weights, rng, partial(_agree, rtol=rtol, atol=atol))
    if order > 1:

        def gradients(*args: Any) -> list[Tensor]:
            results = _outputs(f, list(args[: len(arguments)]))
            total = [Tensor(np.zeros(arguments[i].shape), False) for i in checked]
            for y, upstream in zip(results, args[len(arguments) :], strict=True):
                found = sweep(y, upstream, create_graph=True) if y.requires_grad else {}
                total = [t + found[args[i]] if args[i] in found else t for t, i in zip(total, checked, strict=True)]
            return total

        try:
            gradcheck(gradients, *arguments, *weights, order=order - 1, rtol=rtol, atol=atol, seed=seed + 1)
        except AssertionError as error:
            raise AssertionError(f"in the gradient of the gradient: {error}") from None
    return True


def _argument(x: Any) -> Any:
    """A floating input as a fresh float64 leaf; anything else as it is."""
    data = value_of(x)
    if isinstance(data, float | list | tuple | np.ndarray | np.floating):
        array = np.array(data)
        if array.dtype.kind == "f" and (not isinstance(x, Tensor) or x.requires_grad):
            return Tensor(array.astype(np.float64), name=x.name if isinstance(x, Tensor) else None)
    return x


def _random(shape: tuple[int, ...], rng: np.random.Generator) -> Value:
    """Numbers away from 0, of either sign."""
    return (rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))[()]


def _outputs(f: Callable[..., Any], arguments: list[Any]) -> list[Tensor]:
    result = f(*arguments)
    results = list(result) if isinstance(result, tuple | list) else [result]
    for y in results:
        if not isinstance(y, Tensor):
            raise TypeError(f"gradcheck: the function must return tensors, got {type(y).__name__}")
    return results


def _moved(arguments: list[Any], i: int, direction: Value, by: float) -> list[Any]:
    x = arguments[i]
    return [*arguments[:i], Tensor(x.value + by * direction, name=x.name), *arguments[i + 1 :]]


def _slopes(f: Callable[..., Any], arguments: list[Any], i: int, direction: Value) -> list[_Slope]:
    """How each output changes as input i moves in a direction."""
    step = STEP * max(1.0, float(np.max(np.abs(arguments[i].value), initial=0.0)))
    three = (_outputs(f, _moved(arguments, i, direction, by)) for by in (step, 0.0, -step))
    return [
        _Slope(
            (above.value - below.value) / (2 * step), (here.value - below.value) / step, (above.value - here.value) / step
        )
        for above, here, below in zip(*three, strict=True)
    ]


def numeric_gradient(f: Callable[..., Any], arguments: list[Any], i: int) -> Value:
    """The gradient of a function that returns one number, for its input number i, by central differences."""
    x = arguments[i]
    slopes = [_slopes(f, arguments, i, unit)[0].central for _, unit in _units(x.shape, range(x.size))]
    return np.reshape(np.array(slopes), x.shape)[()]


def _gradient(y: Tensor, upstream: Value, x: Tensor) -> Value:
    found = sweep(y, np.asarray(upstream, y.dtype)[()]) if y.requires_grad else {}
    return found.get(x, np.zeros(x.shape))


def _agree(a: float, b: float, rtol: float, atol: float) -> bool:
    return a == b or abs(a - b) <= atol + rtol * max(abs(a), abs(b))


def _units(shape: tuple[int, ...], flat: Iterable[int]) -> Iterator[tuple[tuple[int, ...], Value]]:
    """For each flat index, the index in a shape and the array that is 1 there and 0 elsewhere."""
    for n in flat:
        index = tuple(int(k) for k in np.unravel_index(n, shape))
        unit = np.zeros(shape)
        unit[index] = 1.0
        yield index, unit[()]


def _compare_entries(
    f: Callable[..., Any], arguments: list[Any], i: int, weights: list[Value], rng: np.random.Generator, agree: Agree
) -> None:
    x, outputs = arguments[i], _outputs(f, arguments)
    numeric = [(index, _slopes(f, arguments, i, unit)) for index, unit in _units(x.shape, range(x.size))]
    for k, y in enumerate(outputs):
        for place, unit in _units(y.shape, range(y.size)):
            analytic = _gradient(y, unit, x)
            of = f" of output {k}{list(place) or ''}" if len(outputs) > 1 or place else ""
            for index, slopes in numeric:
                slope = _Slope(*(side[place] for side in slopes[k]))
                _check(float(analytic[index]), slope, x, i, index, of, agree)


def _compare_directions(
    f: Callable[..., Any], arguments: list[Any], i: int, weights: list[Value], rng: np.random.Generator, agree: Agree
) -> None:
    x, outputs = arguments[i], _outputs(f, arguments)
    analytic = sum(_gradient(y, w, x) for y, w in zip(outputs, weights, strict=True))

    def total(direction: Value) -> _Slope:
        slopes = _slopes(f, arguments, i, direction)
        return _Slope(
            *(
                float(sum(np.sum(w * side) for w, side in zip(weights, sides, strict=True)))
                for sides in zip(*slopes, strict=True)
            )
        )

    for _ in range(DIRECTIONS):
        direction = _random(x.shape, rng)
        expected, slope = float(np.sum(analytic * direction)), total(direction)
        if not agree(expected, slope.central):
            of = " of the outputs, weighed at random and added,"
            for index, unit in _units(x.shape, rng.permutation(x.size)[:SEARCHED]):
                _check(float(analytic[index]), total(unit), x, i, index, of, agree)
            _check(expected, slope, x, i, "a random direction", of, agree)


def _check(analytic: float, slope: _Slope, x: Tensor, i: int, index: tuple[int, ...] | str, of: str, agree: Agree) -> None:
    if agree(analytic, slope.central):
        return
    what = f"input {i}" + (f" ({x.name!r})" if x.name else "")
    at = f"along {index}" if isinstance(index, str) else f"at index {list(index)}" if index else "(a scalar)"
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
            + ", so the input sits on a kink, where differences cannot tell: check beside it"
        )
    raise AssertionError(text)
