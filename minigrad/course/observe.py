"""What an answer gives when it is tried: numbers, an exception, or nothing yet."""

from __future__ import annotations

import linecache
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minigrad.checks import NoNumbers, numbers
from minigrad.course.exercise import Probe
from minigrad.graph import Value, value_of
from minigrad.text import clean

OURS = str(Path(__file__).parents[1])
INSTALLED = tuple({str(Path(np.__file__).parents[1]), *(path for path in (sys.prefix, sys.base_prefix) if len(path) > 4)})

Raised: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]

MOST = 20_000  # elements of a result; those of the right answers have at most a tenth of that
LONGEST = 200  # characters of a message
ALIKE = 40  # those by which two messages are the same; later ones may name places


class Observation(NamedTuple):
    """One result of an answer.

    Attributes
    ----------
    label : str
        What it is.
    value : array or None
        The result, if it is numeric.
    fault : str
        Why there is no numeric result.
    raised : str
        The exception, if there was one, as its name and message.
    """

    label: str
    value: Value | None = None
    fault: str = ""
    raised: str = ""

    def same(self, other: Observation, rtol: float, atol: float) -> bool:
        """Whether two answers gave the same result, or failed alike."""
        if self.value is None or other.value is None:
            alike = self.raised[:ALIKE] == other.raised[:ALIKE] and self._kind == other._kind
            return (self.value is None) == (other.value is None) and alike
        return self.value.shape == other.value.shape and bool(
            np.allclose(self.value, other.value, rtol=rtol, atol=atol, equal_nan=True)
        )

    @property
    def _kind(self) -> str:
        """The fault without the place in the learner's code."""
        return "" if self.raised else self.fault


def quietly(probe: Probe, answers: Mapping[str, Any]) -> list[Observation]:
    """As `observe`, without the warnings that answers of our own give."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return observe(probe, answers)


def observe(probe: Probe, answers: Mapping[str, Any], catch: Raised = (Exception, SystemExit)) -> list[Observation]:
    """Try the answers, and note each result under its label.

    Exceptions of the types in `catch` are results too; others, such as Ctrl-C by default, pass.

    Examples
    --------
    >>> observe(lambda f: {"f(2)": lambda: f(2)}, {"f": lambda x: x + 1})
    [Observation(label='f(2)', value=array(3), fault='', raised='')]
    >>> observe(lambda y: {"y": y}, {"y": None})
    [Observation(label='y', value=None, fault='it is None: replace None with your answer', raised='')]
    """
    with np.errstate(all="ignore"):
        return [one for label, result in probe(**answers).items() for one in _observations(label, result, catch)]


def _observations(label: Any, result: Any, catch: Raised) -> list[Observation]:
    names = label if isinstance(label, tuple) else (label,)

    def all_of_them(fault: str, raised: str = "") -> list[Observation]:
        return [Observation(name, None, fault, raised) for name in names]

    try:  # the learner's code may raise anything
        called = callable(result)
        if called:
            result = result()
        if result is None:
            why = "does your function return its result?" if called else "replace None with your answer"
            return all_of_them(f"it is None: {why}")
        if not isinstance(label, tuple):
            parts = [result]
        elif not isinstance(result, tuple | list) or len(result) != len(names):
            got = f"{len(result)}" if isinstance(result, tuple | list) else f"one {type(result).__name__}"
            return all_of_them(f"expected {len(names)} results, {', '.join(names)}; got {got}")
        else:
            parts = list(result)
    except catch as error:
        return all_of_them(*_described(error, catch))
    return [_numeric(name, part, catch) for name, part in zip(names, parts, strict=True)]


def _numeric(label: str, result: Any, catch: Raised) -> Observation:
    if result is None:
        return Observation(label, None, "it is None, so this result is missing")
    try:
        if _too_many(result) or (value := numbers(result)).size > MOST:
            return Observation(label, None, f"it has more than {MOST:,} elements; no result of the course has that many")
        return Observation(label, value)
    except NoNumbers as error:
        return Observation(label, None, str(error))
    except catch as error:  # raised by a method such as `__array__`
        return Observation(label, None, *_described(error, catch))


def _too_many(result: Any) -> bool:
    """Whether an array, or sequences and what they hold, have more than `MOST` elements; converts none of them."""
    count, waiting = 0, [result]
    while waiting and count <= MOST:
        one = value_of(waiting.pop())
        if isinstance(one, np.ndarray):
            count += one.size
        elif isinstance(one, Sequence) and not isinstance(one, str | bytes):
            count += len(one)
            if count <= MOST:
                waiting.extend(one)
    return count > MOST


def _described(error: BaseException, catch: Raised) -> tuple[str, str]:
    """An exception in the learner's code, in one line, and without the place where it was raised."""
    if isinstance(error, NotImplementedError):
        return "not written yet", ""
    try:
        said = str(error)
    except catch:
        said = "<exception str() failed>"  # Python's own words
    place = _place(error.__traceback__)
    if not place and "'NoneType' object is not callable" in said:
        return "it is None: this answer is missing", ""
    raised = clean(f"{type(error).__name__}: {said}".splitlines()[0], LONGEST)
    return f"your code raised {raised}{place}", raised


def _place(trace: TracebackType | None) -> str:
    """The last line of the learner's own code in a traceback."""
    place = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith((OURS, *INSTALLED)) and (line := linecache.getline(file, trace.tb_lineno).strip()):
            place = f", in line {trace.tb_lineno} of your cell: {line}"
        trace = trace.tb_next
    return place


def as_json(found: list[Observation]) -> list[dict[str, Any]]:
    """Observations as plain data, exact to the last digit of float64."""
    return [one._replace(value=None if one.value is None else _plain(one.value))._asdict() for one in found]


def _plain(value: Value) -> Any:
    """The elements as Python numbers; NumPy has none for those of more than 64 bits."""
    return (value.astype(np.float64) if value.dtype.kind == "f" else value).tolist()


def from_json(data: Any) -> list[Observation]:
    """The observations that `as_json` wrote; a ValueError if these are not."""
    try:
        return [
            Observation(
                str(d["label"]), None if d["value"] is None else numbers(d["value"]), str(d["fault"]), str(d["raised"])
            )
            for d in data
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"course: these are no observations: {error}") from None
