"""Checks of a learner's answers, for the course in ``notebooks/``.

Each exercise ends with a check. If the answer is right, the check prints one line. If not, it raises `CheckFailed`, whose
message names the first wrong element; a notebook shows that message without a traceback.
"""

from __future__ import annotations

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
    >>> checks.equal("∂f/∂x", [3.0, 8.0], [3.0, 4.0], hint="x is used twice")
    Traceback (most recent call last):
    minigrad.checks.CheckFailed: ∂f/∂x: 1 of 2 elements is wrong: at index [1] it is 8, expected 4. Hint: x is used twice
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
    minigrad.checks.CheckFailed: the gradient of y: it is 1, but the finite difference is 3 (relative error 0.67)
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
            raise _failed(
                f"{title}: {_place(wrong, at)} {found[at]:.6g}, but the finite difference is {numeric[at]:.6g} "
                f"(relative error {error[at]:.2g})" + _pattern(found, numeric),
                hint,
            )
        errors.append(f"{name}: relative error {float(np.max(error, initial=0.0)):.0e}")
    print("✓ gradients agree with finite differences; " + ", ".join(errors))


def _failed(text: str, hint: str) -> CheckFailed:
    return CheckFailed(text + (f". Hint: {hint}" if hint else ""))


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
        array = np.asarray(_untracked(got))
    except ValueError:
        raise _failed(f"{what}: expected one array, got lists of different lengths", hint) from None
    if array.dtype.kind not in "fiub":
        raise _failed(f"{what}: expected numbers, got {type(got).__name__}", hint)
    return array


def _untracked(x: Any) -> Any:
    """The values of tensors, also of those in lists."""
    return [_untracked(element) for element in x] if isinstance(x, list | tuple) else value_of(x)


def _compare_shapes(what: str, found: Value, shape: tuple[int, ...], hint: str) -> None:
    if found.shape != shape:
        transposed = "; is it transposed?" if found.T.shape == shape else ""
        raise _failed(f"{what}: its shape is {found.shape}, expected {shape}{transposed}", hint)


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
        text = f"{what}: {_place(wrong, at)} {found[at]:.6g}, expected {right[at]:.6g}"
        raise _failed(text + _pattern(found, right), hint)


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
            return f"; every element is {factors[0]:.4g} times the right one"
    return ""
