"""The modes of recording: on or off, the drawing scope, and the search for anomalies.

A mode holds in the thread or task that entered it, and costs nothing elsewhere.
"""

from __future__ import annotations

import itertools
import os
import sys
from contextlib import ContextDecorator
from contextvars import ContextVar
from types import FrameType
from typing import Any, NamedTuple

import numpy as np


class Modes(NamedTuple):
    """The modes together."""

    record: bool = True
    scope: str = ""
    anomaly: bool = False
    outer: Modes | None = None
    entered: tuple[int, ...] = ()  # when each part of the scope was entered, so that a drawing can tell the times apart
    trace: Any = None


USUAL = Modes()
ENTRIES = itertools.count()
MODES = ContextVar("minigrad modes", default=USUAL)

VARIABLES: ContextVar[tuple[Any, ...] | None] = ContextVar("minigrad variables", default=None)
"""The variables of the transforms around a call; None outside all of them."""


class _Mode(ContextDecorator):
    """A context manager, and a decorator, that changes one mode; it may be entered again, inside itself too."""

    def __init__(self, name: str, **change: Any) -> None:
        self._name, self._change = name, change

    def __call__(self, func: Any) -> Any:
        """Decorate a function; one that runs later than its call, as a generator does, would run outside the mode."""
        import inspect

        kinds = {
            "a generator": inspect.isgeneratorfunction,
            "a coroutine": inspect.iscoroutinefunction,
            "an asynchronous generator": inspect.isasyncgenfunction,
        }
        for kind, found in kinds.items():
            if found(func):
                raise TypeError(
                    f"{self._name}: {func.__qualname__} is {kind}, whose body runs after the call, when the mode has ended; "
                    f"write `with {self._name}(...):` inside it, around what does not yield or await"
                )
        return super().__call__(func)

    def __enter__(self) -> None:
        outer, change = MODES.get(), self._change
        if "scope" in change:
            name = change["scope"]
            entered = outer.entered + (next(ENTRIES),) * (name.count("/") + 1)
            change = {"scope": f"{outer.scope}/{name}" if outer.scope else name, "entered": entered}
        MODES.set(outer._replace(outer=outer, **change))

    def __exit__(self, *_: object) -> None:
        MODES.set(MODES.get().outer or USUAL)


def no_grad() -> _Mode:
    """Compute without recording: results are constants. Also a decorator.

    Returns
    -------
    context manager
        Recording is off inside it, in this thread or task only.

    Examples
    --------
    >>> from minigrad import Tensor, no_grad
    >>> w = Tensor(3.0)
    >>> with no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    """
    return _Mode("no_grad", record=False)


def recording() -> _Mode:
    """Record, even inside `no_grad`."""
    return _Mode("recording", record=True)


def scope(name: str) -> _Mode:
    """Group the nodes recorded inside under a name; scopes nest. It costs nothing where it is not used.

    Parameters
    ----------
    name : str
        The name of the group, as a drawing shows it.

    Returns
    -------
    context manager

    Examples
    --------
    >>> from minigrad import Tensor, scope
    >>> with scope("layer1"), scope("gate"):
    ...     y = Tensor(1.0) * 2
    >>> y.scope
    'layer1/gate'
    """
    return _Mode("scope", scope=name)


def detect_anomaly() -> _Mode:
    """Stop at the first nan or infinity, forward or backward, and say where it came from.

    Every value is looked at, so it is slower; for finding a fault, not for training.

    Returns
    -------
    context manager

    Raises
    ------
    FloatingPointError
        Inside it: names the operation, the shapes and the line of your source that recorded it.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import Tensor, detect_anomaly, log
    >>> with detect_anomaly(), np.errstate(all="ignore"):
    ...     log(Tensor([1.0, -1.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: log: the value has 1 nan, from inputs of shape (2,); recorded at ...
    """
    return _Mode("detect_anomaly", anomaly=True)


# By os.path, since importing pathlib takes a quarter of the time that importing minigrad does.
_HERE = os.path.dirname(__file__) + os.sep
_NUMPY = os.path.dirname(np.__file__) + os.sep
_SCIPY = os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "scipy") + os.sep


def outside(frame: FrameType) -> tuple[FrameType, int]:
    """The innermost frame outside this package, NumPy and SciPy, and how many frames lie between."""
    depth = 0
    while frame.f_back and frame.f_code.co_filename.startswith((_HERE, _NUMPY, _SCIPY)):
        frame, depth = frame.f_back, depth + 1
    return frame, depth


def site() -> str:
    """The innermost line of source outside this package, NumPy and SciPy: 'train.py:12 in loss: y = log(p)'."""
    import linecache  # only messages need it

    frame, _ = outside(sys._getframe(1))
    code, line = frame.f_code, frame.f_lineno
    source = linecache.getline(code.co_filename, line).strip()
    return f"{os.path.basename(code.co_filename)}:{line} in {code.co_name}" + (f": {source}" if source else "")


def scipy_function() -> str:
    """The function of SciPy's that the innermost line of source outside called, as 'scipy.special.comb'; empty if none."""
    frame: FrameType | None = sys._getframe(1)
    found = ""
    while frame and frame.f_code.co_filename.startswith((_HERE, _NUMPY, _SCIPY)):
        package = ".".join(frame.f_globals.get("__name__", "").split(".")[:2])
        if package.startswith("scipy."):
            public, here = vars(sys.modules[package]), frame.f_locals.values()
            # A wrapper has another name, and what it wraps, or itself, among its variables.
            wrapped = (k for k, f in public.items() if any(v is f or v is getattr(f, "__wrapped__", f) for v in here))
            name = frame.f_code.co_name if frame.f_code.co_name in public else next(wrapped, "")
            found = f"{package}.{name}" if name else found
        frame = frame.f_back
    return found
