"""Checks for learners: what was written against what is expected, and on failure a sentence that helps.

The lessons in ``notebooks/`` end each exercise with one of these. A check that passes prints a line; one that fails raises
`CheckFailed`, whose message names the first number that is wrong. A notebook shows that message and no traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.gradcheck import numeric_gradient
from minigrad.graph import Value, value_of
from minigrad.tensor import Tensor

__all__ = ["CheckFailed", "equal", "gradient", "relative_error"]


class CheckFailed(AssertionError):  # noqa: N818, the learner reads it
    """An answer is missing or wrong; the message says where, and what to look at."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback."""
        return [f"✗ {self}"]


def relative_error(a: Any, b: Any) -> Any:
    """How far two numbers are apart, relative to the larger: ``|a - b| / max(|a|, |b|)``, and 0 where both are 0.

    The measure of Stanford's course cs231n for a gradient and its numeric check: in float64, 1e-7 and less is right, 1e-2
    and more is wrong, and what lies between is worth a look.

    Parameters
    ----------
    a, b : array_like
        Shapes that broadcast together.

    Returns
    -------
    numpy.ndarray or numpy.float64
        Of the broadcast shape.

    Examples
    --------
    >>> from minigrad.checks import relative_error
    >>> print(relative_error([1.0, 0.0, 2.0], [1.0, 0.0, 4.0]))
    [0.  0.  0.5]
    """
    a, b = np.asarray(value_of(a), np.float64), np.asarray(value_of(b), np.float64)
    difference, scale = np.abs(a - b), np.maximum(np.abs(a), np.abs(b))
    return np.divide(difference, scale, out=np.zeros(scale.shape), where=scale != 0)[()]


def equal(what: str, got: Any, expected: Any, *, rtol: float = 1e-6, atol: float = 1e-9, hint: str = "") -> None:
    """Check an answer: its shape, its dtype and its numbers.

    Parameters
    ----------
    what : str
        What the message calls the answer.
    got : array_like, Tensor, tuple of these, or callable
        The answer. A function of no arguments is called for it, so that code still to be written fails with a sentence.
    expected : array_like, Tensor or tuple of these
        The right answer. Its dtype counts if it is an array or a tensor, as a list or a Python number it does not.
    rtol, atol : float
        Two numbers agree if they differ by at most ``atol + rtol * |expected|``.
    hint : str
        What to look at, for the end of the message.

    Returns
    -------
    None
        It prints that the answer is right.

    Raises
    ------
    CheckFailed
        If it is not.

    Examples
    --------
    >>> from minigrad import checks
    >>> checks.equal("∂f/∂x", [3.0, 4.0], [3.0, 4.0])
    ✓ ∂f/∂x
    >>> checks.equal("∂f/∂x", [3.0, 8.0], [3.0, 4.0], hint="x is used twice")
    Traceback (most recent call last):
    minigrad.checks.CheckFailed: ∂f/∂x: 1 of 2 numbers is wrong; at index [1] it is 8, expected 4. Hint: x is used twice
    """
    _compare(what, _answer(what, got, hint), expected, rtol, atol, hint)
    print(f"✓ {what}")


def gradient(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    gradients: Any,
    *,
    upstream: Any = None,
    names: Sequence[str] = (),
    tolerance: float = 1e-6,
    hint: str = "",
) -> None:
    """Check gradients against numeric ones: each input is moved a little, up and down, and the result is watched.

    Parameters
    ----------
    f : callable
        Takes NumPy arrays or numbers, returns one.
    inputs : sequence of array_like
        Where to check, in float64.
    gradients : array_like, sequence of array_like, or callable
        The answer, a gradient for each input; a function of no arguments is called for it.
    upstream : array_like, optional
        The gradient of the loss with respect to `f`'s result, in its shape; 1 everywhere if it is left out.
    names : sequence of str
        What the message calls the inputs.
    tolerance : float
        The largest `relative_error` that passes.
    hint : str
        What to look at, for the end of the message.

    Returns
    -------
    None
        It prints the largest relative error for each input.

    Raises
    ------
    CheckFailed
        If a gradient is missing, has not the shape of its input, or is wrong; or if `f` is not written yet.
    ValueError
        If `upstream` has not the shape of `f`'s result.

    Examples
    --------
    >>> from minigrad import checks
    >>> checks.gradient(lambda x, y: x * y, [3.0, 2.0], [2.0, 1.0], names=["x", "y"])
    Traceback (most recent call last):
    minigrad.checks.CheckFailed: the gradient of y: it is 1, but moving y a little says 3 (relative error 0.67)
    """
    points = [Tensor(np.asarray(value_of(x), np.float64)) for x in inputs]
    names = names or [f"input {i}" for i in range(len(points))]
    title = "the gradient of " + (names[0] if len(points) == 1 else "each input")
    copies = [np.array(x.data)[()] for x in points]
    out = _numbers("the function's result", _answer("the function's result", lambda: f(*copies), hint), hint)
    weights = np.ones(out.shape) if upstream is None else np.asarray(value_of(upstream))
    if weights.shape != out.shape:
        raise ValueError(f"checks.gradient: upstream has shape {weights.shape}, but the function's result has {out.shape}")
    answers = _answer(title, gradients, hint)
    if len(points) == 1 and not (isinstance(answers, tuple | list) and len(answers) == 1):
        answers = (answers,)
    if not isinstance(answers, tuple | list) or len(answers) != len(points):
        found = f"{len(answers)} results" if isinstance(answers, tuple | list) else f"one {type(answers).__name__}"
        raise _failed(f"{title}: expected {len(points)} gradients, for {', '.join(names)}; got {found}", hint)

    def loss(*tensors: Tensor) -> Tensor:
        return Tensor(np.sum(weights * value_of(f(*(np.array(t.data)[()] for t in tensors)))))

    errors = []
    for i, (x, name, answer) in enumerate(zip(points, names, answers, strict=True)):
        title = f"the gradient of {name}"
        found = _numbers(title, answer, hint)
        _compare_shapes(title, found, x.shape, hint)
        numeric = np.asarray(numeric_gradient(loss, list(points), i))
        scale = float(np.max(np.abs(numeric), initial=0.0))
        # Differences carry noise of about 1e-10 of the largest: beside it a gradient of almost 0 is no error.
        noise = np.maximum(np.abs(found), np.abs(numeric)) <= 1e-8 * max(scale, 1.0)
        error = np.where(noise, 0.0, relative_error(found, numeric))
        wrong = ~(error <= tolerance)
        if wrong.any():
            at = tuple(int(k) for k in np.argwhere(wrong)[0])
            raise _failed(
                f"{title}: {_place(wrong, at)}it is {found[at]:.6g}, but moving {name} a little says {numeric[at]:.6g} "
                f"(relative error {error[at]:.2g})" + _pattern(found, numeric),
                hint,
            )
        errors.append(f"{name}: relative error {float(np.max(error, initial=0.0)):.0e}")
    print("✓ gradients agree with finite differences; " + ", ".join(errors))


def _failed(text: str, hint: str) -> CheckFailed:
    return CheckFailed(text + (f". Hint: {hint}" if hint else ""))


def _answer(what: str, got: Any, hint: str) -> Any:
    """The answer itself; code still to be written is a failure, any other exception is the learner's to see."""
    try:
        answer = got() if callable(got) else got
    except NotImplementedError as error:
        note = f" ({error})" if str(error) else ""
        raise _failed(f"{what}: nothing is written there yet{note}", hint) from None
    if answer is None:
        returned = "; does your function return its result?" if callable(got) else "; put your answer in its place"
        raise _failed(f"{what}: it is None{returned}", hint)
    return answer


def _numbers(what: str, got: Any, hint: str) -> Value:
    """An answer as an array of numbers."""
    if got is None:
        raise _failed(f"{what}: it is None, so an answer is missing", hint)
    try:
        array = np.asarray(value_of(got))
    except ValueError:
        raise _failed(f"{what}: expected one array of numbers, got lists of different lengths", hint) from None
    if array.dtype.kind not in "fiub":
        raise _failed(f"{what}: expected numbers, got {type(got).__name__}", hint)
    return array


def _compare_shapes(what: str, found: Value, shape: tuple[int, ...], hint: str) -> None:
    if found.shape != shape:
        turned = "; is it transposed?" if found.T.shape == shape else ""
        raise _failed(f"{what}: its shape is {found.shape}, expected {shape}{turned}", hint)


def _compare(what: str, got: Any, expected: Any, rtol: float, atol: float, hint: str) -> None:
    if isinstance(expected, tuple):
        if not isinstance(got, tuple | list) or len(got) != len(expected):
            raise _failed(f"{what}: expected {len(expected)} results, got {_count(got)}", hint)
        for i, (g, e) in enumerate(zip(got, expected, strict=True)):
            _compare(f"{what}, result {i + 1} of {len(expected)}", g, e, rtol, atol, hint)
        return
    found, right = _numbers(what, got, hint), np.asarray(value_of(expected))
    _compare_shapes(what, found, right.shape, hint)
    typed = isinstance(value_of(got), np.ndarray | np.generic) and isinstance(value_of(expected), np.ndarray | np.generic)
    if typed and found.dtype != right.dtype:
        raise _failed(f"{what}: its dtype is {found.dtype}, expected {right.dtype}", hint)
    wrong = ~np.isclose(found, right, rtol=rtol, atol=atol, equal_nan=True)
    if wrong.any():
        at = tuple(int(k) for k in np.argwhere(wrong)[0])
        text = f"{what}: {_place(wrong, at)}it is {found[at]:.6g}, expected {right[at]:.6g}"
        raise _failed(text + _pattern(found, right), hint)


def _count(got: Any) -> str:
    return f"{len(got)} of them" if isinstance(got, tuple | list) else f"one {type(got).__name__}"


def _place(wrong: Value, at: tuple[int, ...]) -> str:
    """How many numbers are wrong, and where the first is."""
    if not at:
        return ""
    count = int(wrong.sum())
    if wrong.size == 1:
        return f"at index {list(at)} "
    how_many = "is wrong; " if count == 1 else "are wrong; the first, "
    return f"{count} of {wrong.size} numbers {how_many}at index {list(at)} "


def _pattern(found: Value, right: Value) -> str:
    """What all the wrong numbers have in common, if that is easily said."""
    if np.allclose(found, -right):
        return "; the sign is wrong" if found.ndim == 0 else "; every sign is wrong"
    if found.ndim and found.size > 1 and np.allclose(np.flip(found), right):
        return "; the numbers are right but reversed"
    if found.ndim > 1 and found.T.shape == right.shape and np.allclose(found.T, right):
        return "; the numbers are right but transposed"
    nonzero = right != 0
    if found.ndim and nonzero.sum() > 1 and np.allclose(found[~nonzero], 0):
        factors = found[nonzero] / right[nonzero]
        if abs(factors[0]) > 1e-6 and np.allclose(factors, factors[0]):
            return f"; every number is {factors[0]:.4g} times the right one"
    return ""
