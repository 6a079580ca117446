"""The checks of the course: a right answer passes, a wrong one gets a sentence that helps."""

from __future__ import annotations

import re

import numpy as np
import pytest

from minigrad import Tensor, checks
from minigrad.checks import CheckFailed


def message(check, *args, **options) -> str:
    with pytest.raises(CheckFailed) as failure:
        check(*args, **options)
    return str(failure.value)


def unwritten():
    raise NotImplementedError("your code here")


@pytest.mark.parametrize(("got", "expected"), [
    (-4, -4.0), (np.float64(2), 2), ([1, 2], np.array([1.0, 2.0])), (Tensor([1.0, 2.0]), [1.0, 2.0]), ([Tensor(1.0), Tensor(2.0)], [1.0, 2.0]),
    (lambda: (np.ones(2), 3.0), (np.ones(2), 3.0)), ([np.ones(2), 3.0], (np.ones(2), 3.0)), (np.zeros((0, 3)), np.zeros((0, 3))),
    (np.nan, np.nan), (1.0 + 1e-9, 1.0), (True, True),
])  # fmt: skip
def test_a_right_answer_passes_with_a_line(got, expected, capsys):
    checks.equal("the answer", got, expected)
    assert capsys.readouterr().out == "✓ the answer\n"


@pytest.mark.parametrize(("got", "expected", "says"), [
    (unwritten, 1.0, "it: not written yet (your code here)"),
    (None, 1.0, "it: it is None; replace None with your answer"),
    (lambda: None, 1.0, "it: it is None; does your function return its result?"),
    ((None, None), (1.0, 2.0), "it, result 1 of 2: it is None, so this answer is missing"),
    ("-4", -4.0, "it: expected numbers, got str"),
    ([[1], [2, 3]], 1.0, "it: expected one array, got lists of different lengths"),
    (np.ones((2, 3)), np.ones((3, 2)), "it: its shape is (2, 3), expected (3, 2); is it transposed?"),
    (np.ones(2), np.ones(3), "it: its shape is (2,), expected (3,)"),
    (np.ones(2, np.float32), np.ones(2), "it: its dtype is float32, expected float64"),
    (np.ones(2), (1.0, 2.0, 3.0), "it: expected 3 results, got one ndarray"),
    ((1.0, 2.0), (1.0, 2.0, 3.0), "it: expected 3 results, got 2"),
    ((1.0, 5.0), (1.0, 2.0), "it, result 2 of 2: it is 5, off by about 1e0"),
    ([[1.0, 2.0], [9.0, 8.0]], [[1.0, 2.0], [3.0, 4.0]], "it: 2 of 4 elements are wrong: the first, at index [1, 0], is 9, off by about 1e0"),
    ([1.0, np.nan], [1.0, 2.0], "it: 1 of 2 elements is wrong: at index [1] it is nan"),
    (4, -4.0, "it: it is 4, off by about 1e0; the sign is wrong"),
    ([-1.0, 2.0], [1.0, -2.0], "it: 2 of 2 elements are wrong: the first, at index [0], is -1, off by about 1e0; every sign is wrong"),
    ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], "it: 2 of 3 elements are wrong: the first, at index [0], is 3, off by about 1e0; the elements are right but in reverse order"),
    ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 3.0], [2.0, 4.0]], "it: 2 of 4 elements are wrong: the first, at index [0, 1], is 2, off by about 1e0; the elements are right but transposed"),
    ([1.0, 2.001], [1.0, 2.0], "it: 1 of 2 elements is wrong: at index [1] it is nearly right, off by about 1e-3"),
    ([True, False], [True, True], "it: 1 of 2 elements is wrong: at index [1] it is 0, off by about 1e0"),
    ([1.0], [np.inf], "it: at index [0] it is 1, infinitely far off"),
    ([1.0], [0.0], "it: at index [0] it is 1, off by about 1e0"),
    ([2.0, 0.0, 4.0], [1.0, 0.0, 2.0], "it: 2 of 3 elements are wrong: the first, at index [0], is 2, off by about 1e0; every element is off by the same factor"),
])  # fmt: skip
def test_a_wrong_answer_gets_a_sentence(got, expected, says):
    assert message(checks.equal, "it", got, expected) == says
    assert (
        message(checks.equal, "it", got, expected, hint="look here")
        == says + (" " if says.endswith("?") else ". ") + "Hint: look here"
    )


def test_other_exceptions_are_the_learners_to_see():
    with pytest.raises(ZeroDivisionError):
        checks.equal("it", lambda: 1 / 0, 1.0)


@pytest.mark.parametrize("error", [TypeError, ValueError, KeyboardInterrupt])
def test_so_are_those_of_its_methods(error):
    class Answer:
        def __array__(self, *args, **kwargs):
            raise error("no numbers yet")

    for got in (Answer(), [Answer()], lambda: Answer()):
        with pytest.raises(error, match=r"^no numbers yet$"):
            checks.equal("it", got, 1.0)


def test_a_notebook_shows_the_sentence_alone():
    assert CheckFailed("it is 8")._render_traceback_() == ["✗ it is 8"]


def test_relative_error_is_that_of_cs231n():
    np.testing.assert_allclose(checks.relative_error([1.0, -1.0, 0.0, 3.0], [2.0, 1.0, 0.0, 3.0]), [0.5, 2.0, 0.0, 0.0])
    assert checks.relative_error(2.0, 4.0) == 0.5


def product(w, x):
    return w @ x


W, X = np.array([[0.1, 0.5], [-0.3, 0.8]]), np.array([0.2, 0.4])
UP = np.array([1.0, 2.0])


def test_gradients_against_differences(capsys):
    checks.gradient(product, [W, X], (np.outer(UP, X), W.T @ UP), upstream=UP, names=["W", "x"])
    said = capsys.readouterr().out
    found = re.fullmatch(
        r"✓ gradients agree with finite differences; W: relative error (\S+), x: relative error (\S+)\n", said
    )
    assert all(float(error) < 1e-7 for error in found.groups())
    checks.gradient(lambda x: x**2, [3.0], 6.0)
    checks.gradient(lambda x: x**2, [3.0], lambda: [6.0])
    checks.gradient(lambda x: (x * np.array([1.0, 0.0])).sum(), [np.ones(2)], np.array([1.0, 0.0]))


@pytest.mark.parametrize(("answer", "says"), [
    (unwritten, "the gradient of each input: not written yet (your code here)"),
    (lambda: None, "the gradient of each input: it is None; does your function return its result?"),
    ((np.outer(UP, X), None), "the gradient of x: it is None, so this answer is missing"),
    (np.outer(UP, X), "the gradient of each input: expected 2 gradients, for W, x; got one ndarray"),
    ((np.outer(UP, X), W.T @ UP, 0.0), "the gradient of each input: expected 2 gradients, for W, x; got 3 results"),
    ((np.array([[0.2, 0.5], [0.4, 0.9]]), W.T @ UP), "the gradient of W: 2 of 4 elements are wrong: the first, at index [0, 1], is 0.5, off by about 1e-1 from the finite difference"),
    ((np.outer(UP, X), (W.T @ UP)[None]), "the gradient of x: its shape is (1, 2), expected (2,)"),
    ((np.outer(UP, X), W @ UP), "the gradient of x: 2 of 2 elements are wrong: the first, at index [0], is 1.1, off by about 1e0 from the finite difference"),
    ((-np.outer(UP, X), W.T @ UP), "every sign is wrong"),
    ((np.full((2, 2), np.nan), W.T @ UP), "the gradient of W: 4 of 4 elements are wrong: the first, at index [0, 0], is nan"),
])  # fmt: skip
def test_a_wrong_gradient_gets_a_sentence(answer, says):
    assert says in message(checks.gradient, product, [W, X], answer, upstream=UP, names=["W", "x"])


def test_a_gradient_that_ought_to_be_zero_may_not_be_something():
    assert "index [1]" in message(checks.gradient, lambda x: x[0] ** 2, [np.ones(2)], np.array([2.0, 1e-3]))


def test_the_function_itself_may_be_missing():
    says = "the function's result: not written yet (your code here)"
    assert message(checks.gradient, lambda x: unwritten(), [1.0], 1.0) == says
    assert "does your function return its result?" in message(checks.gradient, lambda x: None, [1.0], 1.0)
    with pytest.raises(ValueError, match=r"upstream has shape \(3,\), but the function's result has \(2,\)"):
        checks.gradient(product, [W, X], (W, X), upstream=np.ones(3))


def test_a_function_that_writes_into_its_input_does_not_spoil_the_check():
    def doubled(x):
        x *= 2
        return x

    x = np.array([1.0, 2.0])
    checks.gradient(doubled, [x], np.full(2, 2.0))
    assert x.tolist() == [1.0, 2.0]
