"""Checks of answers that a learner computes, for exercises of your own; those of the course are in `minigrad.course`.

If the answer is right, a check prints one line. If not, it raises `CheckFailed`, whose message names the first wrong element
and the size of its error, and never the right value; a notebook shows that message without a traceback.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.gradcheck import numeric_gradient
from minigrad.graph import Value, value_of
from minigrad.ops.dtypes import refuse_complex
from minigrad.tensor import Tensor

__all__ = ["CheckFailed", "equal", "gradient", "relative_error"]


class CheckFailed(AssertionError):  # noqa: N818, the learner reads the name
    """An answer is missing or wrong. The message says where, and gives a hint."""

    def _render_traceback_(self) -> list[str]:
        """The lines that a notebook shows instead of a traceback."""
        return [f"✗ {self}"]


def relative_error(a: Any, b: Any) -> Any:
    """Elementwise relative error, ``|a - b| / max(|a|, |b|)``, and 0 where both are 0.

    Stanford's course cs231n compares a gradient with its numeric estimate by this measure. In float64, 1e-7 or less is
    right and 1e-2 or more is wrong; look closely at anything in between.

    Parameters
    ----------
    a, b : array_like
        Shapes that broadcast together.

    Returns
    -------
    numpy.ndarray or numpy.float64
        The broadcast shape.

    Examples
    --------
    >>> from minigrad.checks import relative_error
    >>> print(relative_error([1.0, 0.0, 2.0], [1.0, 0.0, 4.0]))
    [0.  0.  0.5]
    """
    a, b = (np.asarray(value_of(x)) for x in (a, b))
    a, b = (x.astype(np.result_type(x, np.float64)) for x in (a, b))
    difference, scale = np.abs(a - b), np.maximum(np.abs(a), np.abs(b))
    return np.divide(difference, scale, out=np.zeros(scale.shape), where=scale != 0)[()]


def equal(what: str, got: Any, expected: Any, *, rtol: float = 1e-6, atol: float = 1e-9, hint: str = "") -> None:
    """Check the shape, the dtype and the elements of an answer.

    Parameters
    ----------
    what : str
        The name of the answer in messages.
    got : array_like, Tensor, tuple of these, or callable
        The answer, or a function without arguments that returns it. Pass a function if it calls the learner's code: code
        that is not written yet then fails the check with a message.
    expected : array_like, Tensor or tuple of these
        The right answer. The dtype is checked too if this is an array or a tensor, but not if it is a list or a number.
    rtol, atol : float
        Two elements agree if they differ by at most ``atol + rtol * |expected|``.
    hint : str
        A hint for the end of the message.

    Returns
    -------
    None
        The check prints one line if the answer is right.

    Raises
    ------
    CheckFailed
        If the answer is missing or wrong.

    Examples
    --------
    >>> from minigrad import checks
    >>> checks.equal("∂f/∂x", [3.0, 4.0], [3.0, 4.0])
    ✓ ∂f/∂x
    >>> checks.equal("∂f/∂x", [3.0, 8.0], [3.0, 4.0], hint="count twice")
    Traceback (most recent call last):
    minigrad.checks.CheckFailed: ∂f/∂x: 1 of 2 elements is wrong: at index [1] it is 8, off by about 1e0. Hint: count twice
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
    """Check gradients against central finite differences, ``(f(x + h) - f(x - h)) / (2 h)`` for each element.

    Parameters
    ----------
    f : callable
        A function of NumPy arrays or numbers that returns an array or a number.
    inputs : sequence of array_like
        The point at which to check, converted to float64.
    gradients : array_like, sequence of array_like, or callable
        The answer, one gradient for each input, or a function without arguments that returns it.
    upstream : array_like, optional
        The gradient of the loss with respect to the result of `f`, in its shape. The default is 1 everywhere.
    names : sequence of str
        The names of the inputs in messages.
    tolerance : float
        The largest `relative_error` that passes.
    hint : str
        A hint for the end of the message.

    Returns
    -------
    None
        The check prints the largest relative error for each input.

    Raises
    ------
    CheckFailed
        If a gradient is missing, wrong, or has another shape than its input, or if `f` is not written yet.
    ValueError
        If `upstream` does not have the shape of the result of `f`.

    Examples
    --------
    >>> from minigrad import checks
    >>> checks.gradient(lambda x, y: x * y, [3.0, 2.0], [2.0, 1.0], names=["x", "y"])
    Traceback (most recent call last):
    minigrad.checks.CheckFailed: the gradient of y: it is 1, off by about 1e0 from the finite difference
    """
    refuse_complex("checks.gradient", *inputs)
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
        # Finite differences have rounding noise of about 1e-10 of the largest element, so a tiny gradient may be all noise.
        noise = np.maximum(np.abs(found), np.abs(numeric)) <= 1e-8 * max(scale, 1.0)
        error = np.where(noise, 0.0, relative_error(found, numeric))
        wrong = ~(error <= tolerance)
        if wrong.any():
            at = tuple(int(k) for k in np.argwhere(wrong)[0])
            text = f"{title}: {_place(wrong, at)} {_size(found[at], numeric[at])} from the finite difference"
            raise _failed(text + _pattern(found, numeric), hint)
        errors.append(f"{name}: relative error {float(np.max(error, initial=0.0)):.0e}")
    print("✓ gradients agree with finite differences; " + ", ".join(errors))


def _failed(text: str, hint: str) -> CheckFailed:
    return CheckFailed(with_hint(text, hint))


def with_hint(text: str, hint: str) -> str:
    """A message that ends with its hint, if there is one.

    Examples
    --------
    >>> with_hint("it is None; does your function return its result?", "add a return")
    'it is None; does your function return its result? Hint: add a return'
    """
    return text + (" " if text.endswith("?") else ". ") + f"Hint: {hint}" if hint else text


def _answer(what: str, got: Any, hint: str) -> Any:
    """The answer. Code that is not written yet fails the check; any other exception is left for the learner to see."""
    try:
        answer = got() if callable(got) else got
    except NotImplementedError as error:
        note = f" ({error})" if str(error) else ""
        raise _failed(f"{what}: not written yet{note}", hint) from None
    if answer is None:
        returned = "; does your function return its result?" if callable(got) else "; replace None with your answer"
        raise _failed(f"{what}: it is None{returned}", hint)
    return answer


def _numbers(what: str, got: Any, hint: str) -> Value:
    """The answer as a numeric array."""
    if got is None:
        raise _failed(f"{what}: it is None, so this answer is missing", hint)
    try:
        return numbers(got)
    except NoNumbers as error:
        raise _failed(f"{what}: {error}", hint) from None


class NoNumbers(TypeError):  # noqa: N818
    """An answer is not a numeric array; the message says what it is instead."""


def numbers(x: Any) -> Value:
    """A copy of an answer as a numeric array; `NoNumbers` says what is wrong with one that has no numbers.

    What a method of the answer raises, such as its ``__array__``, is left as it is.

    Examples
    --------
    >>> numbers([1, 2])
    array([1, 2])
    >>> numbers("four")
    Traceback (most recent call last):
    minigrad.checks.NoNumbers: expected numbers, got str
    """
    plain = _untracked(x)
    try:
        array = np.array(plain)
    except ValueError as error:
        ours = error.__traceback__ is not None and error.__traceback__.tb_next is None  # no method of an element raised it
        if not ours or not isinstance(plain, list):
            raise
        raise NoNumbers("expected one array, got lists of different lengths") from None
    if array.dtype.kind not in "fiub":
        raise NoNumbers(f"expected numbers, got {type(x).__name__}")
    return array


def _untracked(x: Any) -> Any:
    """The values of tensors, also of those in lists."""
    return [_untracked(element) for element in x] if isinstance(x, list | tuple) else value_of(x)


def _compare_shapes(what: str, found: Value, shape: tuple[int, ...], hint: str) -> None:
    if found.shape != shape:
        raise _failed(f"{what}: {_other_shape(found, shape)}", hint)


def _other_shape(found: Value, shape: tuple[int, ...]) -> str:
    transposed = "; is it transposed?" if found.T.shape == shape else ""
    return f"its shape is {found.shape}, expected {shape}{transposed}"


def difference(found: Value, right: Value, rtol: float, atol: float) -> str:
    """Description of the difference between an answer and the right one, which it does not print; empty if there is none.

    Examples
    --------
    >>> difference(np.array([1.0, 5.0]), np.array([1.0, 2.0]), 1e-6, 1e-9)
    '1 of 2 elements is wrong: at index [1] it is 5, off by about 1e0'
    """
    if found.shape != right.shape:
        return _other_shape(found, right.shape)
    wrong = ~np.isclose(found, right, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return ""
    found, right = (a.astype(float) if a.dtype == bool else a for a in (found, right))
    at = tuple(int(k) for k in np.argwhere(wrong)[0])
    return f"{_place(wrong, at)} {_size(found[at], right[at])}" + _pattern(found, right)


def _size(found: Any, right: Any) -> str:
    """A wrong value and the order of magnitude of its error. A value that is nearly right would tell the right one."""
    found, right = float(found), float(right)
    error = abs(found - right)
    if not math.isfinite(error):
        return f"{found:.6g}" if not math.isfinite(found) else f"{found:.6g}, infinitely far off"
    about = f"off by about 1e{math.floor(math.log10(error) + 1e-9)}"
    return f"nearly right, {about}" if error < 0.01 * abs(right) else f"{found:.6g}, {about}"


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
    if text := difference(found, right, rtol, atol):
        raise _failed(f"{what}: {text}", hint)


def _count(got: Any) -> str:
    return f"{len(got)}" if isinstance(got, tuple | list) else f"one {type(got).__name__}"


def _place(wrong: Value, at: tuple[int, ...]) -> str:
    """The subject of a message: how many elements are wrong, and the index of the first."""
    if not at:
        return "it is"
    if wrong.size == 1:
        return f"at index {list(at)} it is"
    count = int(wrong.sum())
    if count == 1:
        return f"1 of {wrong.size} elements is wrong: at index {list(at)} it is"
    return f"{count} of {wrong.size} elements are wrong: the first, at index {list(at)}, is"


def _pattern(found: Value, right: Value) -> str:
    """A mistake that explains all wrong elements at once: signs, order, or a constant factor."""
    if np.allclose(found, -right):
        return "; the sign is wrong" if found.ndim == 0 else "; every sign is wrong"
    if found.ndim and found.size > 1 and np.allclose(np.flip(found), right):
        return "; the elements are right but in reverse order"
    if found.ndim > 1 and found.T.shape == right.shape and np.allclose(found.T, right):
        return "; the elements are right but transposed"
    nonzero = right != 0
    if found.ndim and nonzero.sum() > 1 and np.allclose(found[~nonzero], 0):
        factors = found[nonzero] / right[nonzero]
        if abs(factors[0]) > 1e-6 and np.allclose(factors, factors[0]):
            return "; every element is off by the same factor"
    return ""
