"""Judging an answer: whether it is right, and what to say if it is not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from minigrad.checks import CheckFailed, difference, with_hint
from minigrad.course.exercise import Exercise, Wrong, find
from minigrad.course.observe import Observation, observe, quietly

TRIES: Counter[str] = Counter()
"""By exercise, the number of failed tries in this process."""


def check(name: str, *answers: Any) -> None:
    """Check the answers of an exercise of the course.

    The right results are computed after the answers were tried, and are not shown. If an answer is wrong, the message names
    the first wrong element, says by how much it is off and, if the answer is a known wrong one, why. A general hint comes
    with the second try.

    Parameters
    ----------
    name : str
        Lesson and number, such as "3.1".
    *answers
        Values or functions, as the exercise asks for them.

    Raises
    ------
    CheckFailed
        If an answer is missing or wrong. A notebook shows its message in one line.

    Examples
    --------
    >>> check("1.1", lambda g, at: (g(at + 1e-5) - g(at - 1e-5)) / 2e-5)
    ✓ Exercise 1.1: the slope of t² at 3; the slope of t² at 0; the gradient of x
    >>> check("1.1", lambda g, at: (g(at + 1e-5) - g(at - 1e-5)) / 1e-5)
    Traceback (most recent call last):
    minigrad.checks.CheckFailed: the slope of t² at 3: it is 12, off by about 1e0. Hint: the two points are 2 h apart, not h
    """
    one = find(name)
    if len(answers) != len(one.answers):
        raise TypeError(
            f"check: exercise {name} takes {len(one.answers)} answers, {', '.join(one.answers)}; got {len(answers)}"
        )
    found = observe(one.probe, dict(zip(one.answers, answers, strict=True)))
    if text := judge(one, found, general=TRIES[name] > 0):
        TRIES[name] += 1
        raise CheckFailed(text)
    print(f"✓ Exercise {name}: {'; '.join(result.label for result in found)}")


def judge(one: Exercise, found: list[Observation], *, general: bool = False) -> str:
    """The message for these results; empty if they are right.

    Parameters
    ----------
    one : Exercise
        The exercise.
    found : list of Observation
        The results of the learner's answers.
    general : bool
        Whether to give the general hint if no listed wrong answer fits.
    """
    expected = quietly(one.probe, one.right)
    if [result.label for result in found] != [result.label for result in expected]:
        return f"exercise {one.name}: its results are missing"
    for i, (result, right) in enumerate(zip(found, expected, strict=True)):
        if result.value is None or right.value is None:
            text = result.fault or "it has no value"  # whatever a notebook claims, a missing result is not right
        else:
            text = difference(result.value, right.value, one.rtol, one.atol)
        if text:
            match = _match(one, found, i)
            hint = match.hint if match else one.hint if general else ""
            return with_hint(f"{result.label}: {text}", hint)
    return ""


def _match(one: Exercise, found: list[Observation], first: int) -> Wrong | None:
    """The listed wrong answer with the same first wrong result, and most others the same."""
    best, most = None, 0
    if found[first].fault.startswith(("not written", "it is None:")):
        return None
    for wrong in one.wrong:
        results = quietly(one.probe, {**one.right, **wrong.answers})
        if results[first].same(found[first], one.rtol, one.atol):
            alike = sum(a.same(b, one.rtol, one.atol) for a, b in zip(results, found, strict=True))
            if alike > most:
                best, most = wrong, alike
    return best
