"""What a check says: faults of the learner's code in one line, hints on the second try, and nothing that is not known."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.course import CheckFailed, check, find, load
from minigrad.course.exercise import exercise
from minigrad.course.judge import TRIES, judge
from minigrad.course.observe import MOST, as_json, from_json, observe, quietly


@pytest.fixture(autouse=True)
def first_try():
    TRIES.clear()


def said(name, *answers) -> str:
    with pytest.raises(CheckFailed) as failure:
        check(name, *answers)
    return str(failure.value)


def unwritten(*args):
    raise NotImplementedError("your code here")


def test_a_general_hint_comes_on_the_second_try():
    first = said("2.3", 0.123)
    assert "Hint" not in first
    assert said("2.3", 0.123) == f"{first}. Hint: {find('2.3').hint}"


def test_the_learners_exception_is_shown_in_one_line():
    def broken(g, at):
        return g(at) / 0

    text = said("1.1", broken)
    assert text.startswith("the slope of t² at 3: your code raised ZeroDivisionError: ")
    assert text.endswith("of your cell: return g(at) / 0")
    assert "\n" not in text
    assert "checks.py" not in text


@pytest.mark.parametrize(("answers", "says"), [
    ([unwritten], "the slope of t² at 3: not written yet"),
    ([lambda g, at: None], "the slope of t² at 3: it is None: does your function return its result?"),
    ([None], "the slope of t² at 3: it is None: this answer is missing"),
    ([lambda g, at: "six"], "the slope of t² at 3: expected numbers, got str"),
    ([lambda g, at: np.zeros(2)], "the slope of t² at 3: its shape is (2,), expected ()"),
    ([lambda g, at: Tensor(np.nan)], "the slope of t² at 3: it is nan"),
])  # fmt: skip
def test_answers_that_are_no_numbers(answers, says):
    assert said("1.1", *answers) == says


def test_results_of_a_tuple_are_named():
    assert (
        said("4.5", lambda g, x, w: g)
        == "the gradient of X: expected 2 results, the gradient of X, the gradient of W; got one ndarray"
    )
    assert said("4.5", lambda g, x, w: (g @ w.T, None)).startswith(
        "the gradient of W: it is None, so this result is missing"
    )


def test_misuse_of_the_check():
    with pytest.raises(ValueError, match=r"there is no exercise '99\.1'"):
        check("99.1", 1)
    with pytest.raises(ValueError, match="there is no exercise 'x'"):
        check("x", 1)
    with pytest.raises(TypeError, match=r"exercise 1.1 takes 1 answers, slope; got 2"):
        check("1.1", 1, 2)


def test_observations_survive_the_way_to_another_process():
    def answers(f):
        wide = np.array([1.5, np.inf], np.longdouble)
        return {("a", "b"): lambda: (np.array([[0.1, np.nan]]), 3), "c": f, "d": lambda: 1 / 0, "e": None, "f": wide}

    found = observe(answers, {"f": lambda: [1, 2]})
    for one, other in zip(found, from_json(as_json(found)), strict=True):
        assert one.same(other, 0.0, 0.0)
        assert one.fault == other.fault
    for broken in (None, 3, [{}], [{"label": "a", "value": "x", "fault": "", "raised": ""}]):
        with pytest.raises(ValueError, match="these are no observations"):
            from_json(broken)


def test_results_that_are_missing_are_not_right():
    one = find("1.2")
    right = observe(one.probe, one.right)
    assert judge(one, right) == ""
    assert judge(one, right[:-1]) == "exercise 1.2: its results are missing"
    assert judge(one, []) == "exercise 1.2: its results are missing"


def test_a_check_does_not_change_what_it_is_given():
    x = np.arange(6.0)
    exercise("98.1", lambda y: {"y": y}, {"y": np.arange(6.0)}, "hint", [])
    check("98.1", x)
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    assert load(98) == []


class Raises:
    """An answer whose methods raise."""

    def __init__(self, error):
        self.error = error

    def __array__(self, *args, **kwargs):
        raise self.error


class Unspeakable(Exception):  # noqa: N818
    def __str__(self):
        raise KeyError("no words")


@pytest.mark.parametrize("error", [
    KeyboardInterrupt("x"), SystemExit("x"), GeneratorExit("x"), TypeError("x"), ValueError("x"), MemoryError("x"),
], ids=repr)  # fmt: skip
def test_what_an_answer_raises_is_its_result(error):
    def throw():
        raise error

    def pair():
        return Raises(error), 2

    def answers():
        return {"a": throw, "b": lambda: Raises(error), "c": [Raises(error)], ("d", "e"): pair, ("f", "g"): throw, "h": 1}

    found = observe(answers, {}, catch=BaseException)
    assert [one.label for one in found] == list("abcdefgh")
    raised = f"{type(error).__name__}: x"
    assert [one.raised for one in found] == [raised, raised, raised, raised, "", raised, raised, ""]
    assert all(one.fault.startswith(f"your code raised {raised}, in line ") for one in found if one.raised)
    assert [one.value for one in found if not one.raised] == [2, 1]


def test_an_exception_without_words():
    (found,) = observe(lambda: {"a": lambda: np.array(Raises(Unspeakable()))}, {})
    assert found.raised == "Unspeakable: <exception str() failed>"


def test_ctrl_c_passes_through_a_check():
    def interrupted(g, at):
        raise KeyboardInterrupt

    for answer in (interrupted, lambda g, at: Raises(KeyboardInterrupt())):
        with pytest.raises(KeyboardInterrupt):
            check("1.1", answer)


def endless():
    cycle = []
    cycle.append(cycle)
    return cycle


@pytest.mark.parametrize("much", [
    lambda: np.broadcast_to(0.0, (10**6, 10**6)), lambda: Tensor(np.zeros(MOST + 1)), lambda: range(10**12), endless,
    lambda: [0] * (MOST + 1), lambda: ([0] * MOST,) * MOST, lambda: [np.zeros(MOST), 1], lambda: [[]] * (MOST + 1),
    lambda: type("A", (), {"__array__": lambda self, *args, **kwargs: np.zeros(MOST + 1)})(),
])  # fmt: skip
def test_results_of_very_many_elements_are_refused_before_they_are_converted(much):
    alone, *pair = observe(lambda: {"a": much, ("b", "c"): lambda: (much(), 1)}, {})
    assert alone.fault == pair[0].fault == "it has more than 20,000 elements; no result of the course has that many"
    assert alone.value is pair[0].value is None
    assert pair[1].value == 1


@pytest.mark.parametrize(
    "many", [np.zeros(MOST), [0] * MOST, Tensor(np.zeros((MOST // 10, 10))), "x" * (MOST + 1), b"x" * (MOST + 1)]
)
def test_others_are_not(many):
    (found,) = observe(lambda: {"a": many}, {})
    assert (
        found.value is not None and found.value.size == MOST
    ) or found.fault == f"expected numbers, got {type(many).__name__}"


@pytest.mark.parametrize("lesson", range(1, 17))
def test_results_have_fewer_elements_by_far(lesson):
    for one in load(lesson):
        for result in quietly(one.probe, one.right):
            assert result.value is not None, result.fault
            assert result.value.size <= MOST / 10


@pytest.mark.parametrize("lesson", range(1, 17))
@pytest.mark.parametrize(
    "answer", [Raises(KeyboardInterrupt()), np.broadcast_to(0.0, (10**6, 10**6))], ids=["raises", "many"]
)
def test_no_probe_fails_on_an_answer_that_cannot_be_converted(lesson, answer):
    for one in load(lesson):
        right = [result.label for result in quietly(one.probe, one.right)]
        for name in one.answers:
            function = callable(one.right[name])
            tried = {**one.right, name: (lambda *args, **kwargs: answer) if function else answer}
            assert [result.label for result in observe(one.probe, tried, catch=BaseException)] == right
