"""Every exercise: the right answer passes, each listed wrong one gets its hint, and no message tells the answer."""

from __future__ import annotations

import re

import numpy as np
import pytest

from minigrad.course import load
from minigrad.course.judge import judge
from minigrad.course.observe import quietly

EXERCISES = [one for lesson in range(1, 30) for one in load(lesson)]
WRONG = [(one, k) for one in EXERCISES for k in range(len(one.wrong))]
PLACES = re.compile(
    r"\d+ of \d+ elements|index \[[\d, ]*\]|off by about 1e-?\d+|its shape is \([\d, ]*\), expected \([\d, ]*\)|float\d+|in line \d+"
)
NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def three_digits(x) -> str:
    return f"{float(x):.3g}"


@pytest.mark.parametrize("one", EXERCISES, ids=lambda one: one.name)
def test_the_right_answer_passes(one):
    assert judge(one, quietly(one.probe, one.right)) == ""
    assert set(one.right) == set(one.answers)
    assert len(one.wrong) >= 4
    assert one.hint


def told(text, label, right) -> bool:
    """Whether a message tells a right value to three digits; places, shapes and sizes of errors aside."""
    said = PLACES.sub("", text.removeprefix(f"{label}: "))
    return three_digits(right) in {three_digits(x.replace("−", "-")) for x in NUMBER.findall(said)}


@pytest.mark.parametrize(("one", "k"), WRONG, ids=lambda x: getattr(x, "name", x))
def test_each_wrong_answer_gets_its_hint_and_not_the_answer(one, k):
    wrong = one.wrong[k]
    found = quietly(one.probe, {**one.right, **wrong.answers})
    text = judge(one, found)
    assert text.endswith(f"Hint: {wrong.hint}")
    expected = quietly(one.probe, one.right)
    first = next(i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if not a.same(b, one.rtol, one.atol))
    right, got = expected[first].value, found[first].value
    assert right is not None
    if got is not None and got.shape == right.shape:
        right = right[~np.isclose(got, right, rtol=one.rtol, atol=one.atol)]
    assert not told(text, expected[first].label, np.ravel(right)[0]), text


@pytest.mark.parametrize("one", EXERCISES, ids=lambda one: one.name)
def test_an_unknown_wrong_answer_gets_the_general_hint_and_not_the_answer(one):
    for k, right in enumerate(quietly(one.probe, one.right)):
        found = quietly(one.probe, one.right)
        found[k] = right._replace(value=right.value * 1.7 + 0.37)
        text = judge(one, found, general=True)
        assert text.endswith(f"Hint: {one.hint}")
        assert "Hint" not in judge(one, found)
        values = [x for x in np.ravel(right.value)[:1] if abs(x) not in (0, 1)]  # those are in formulas of every kind
        assert not any(told(text, right.label, x) for x in values), text
