"""Exercises: what an answer is tried on, the right answer, the usual wrong ones, and what to say to each of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

Probe: TypeAlias = Callable[..., Mapping[Any, Any]]

EXERCISES: dict[str, Exercise] = {}


@dataclass(frozen=True)
class Wrong:
    """A wrong answer, and what to say to a learner whose answer gives the same results.

    Attributes
    ----------
    hint : str
        What is wrong and how to find the right answer, without telling it.
    answers : mapping
        The answers that differ from the right ones, by name.
    """

    hint: str
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Exercise:
    """An exercise of the course.

    Attributes
    ----------
    name : str
        Lesson and number, such as "3.1".
    probe : callable
        Takes the answers, under the names they have in the notebook. Returns what is compared: for each label, a value, or a
        function without arguments that calls the learner's code. A label that is a tuple names the results of a tuple.
    right : mapping
        Right answers by name.
    wrong : tuple of Wrong
        At least four.
    hint : str
        What to say from the second try on if no listed wrong answer fits.
    rtol, atol : float
        How far a result may be off.
    """

    name: str
    probe: Probe
    right: Mapping[str, Any]
    wrong: tuple[Wrong, ...]
    hint: str
    rtol: float
    atol: float

    @property
    def answers(self) -> tuple[str, ...]:
        """The names of the answers, in the order in which a check takes them."""
        return tuple(inspect.signature(self.probe).parameters)


def exercise(
    name: str,
    probe: Probe,
    right: Mapping[str, Any],
    hint: str,
    wrong: Iterable[tuple[str, Mapping[str, Any]]],
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
) -> None:
    """Declare an exercise; see `Exercise` for the arguments."""
    listed = tuple(Wrong(said, answers) for said, answers in wrong)
    EXERCISES[name] = Exercise(name, probe, right, listed, hint, rtol, atol)


def find(name: str) -> Exercise:
    """The exercise of this name.

    Examples
    --------
    >>> find("1.1").answers
    ('slope',)
    """
    if re.fullmatch(r"\d{1,2}\.\d+", name):
        load(int(name.split(".")[0]))
    if name not in EXERCISES:
        raise ValueError(f"course: there is no exercise {name!r}; exercises are named by lesson and number, such as '3.1'")
    return EXERCISES[name]


def load(lesson: int) -> list[Exercise]:
    """The exercises of a lesson, in order; none if there is no such lesson.

    Examples
    --------
    >>> [one.name for one in load(1)]
    ['1.1', '1.2', '1.3', '1.4']
    """
    module = f"minigrad.course.lessons.lesson{lesson:02}"
    if find_spec(module) is None:
        return []
    import_module(module)
    return [one for name, one in EXERCISES.items() if name.startswith(f"{lesson}.")]
