"""How operations are recorded just now: whether at all, under which scope, and whether anomalies are looked for.

A mode holds in the thread or task that entered it, and costs nothing elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Modes(NamedTuple):
    """The modes together."""

    record: bool = True
    scope: str = ""
    anomaly: bool = False


USUAL = Modes()
MODES = ContextVar("minigrad modes", default=USUAL)
_modes = MODES.get


@contextmanager
def _mode(**change: Any) -> Iterator[None]:
    token = MODES.set(MODES.get()._replace(**change))
    try:
        yield
    finally:
        MODES.reset(token)


def no_grad() -> AbstractContextManager[None]:
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
    return _mode(record=False)


def scope(name: str) -> AbstractContextManager[None]:
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
    outer = MODES.get().scope
    return _mode(scope=f"{outer}/{name}" if outer else name)


def detect_anomaly() -> AbstractContextManager[None]:
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
    return _mode(anomaly=True)


_HERE = str(Path(__file__).parent)
_NUMPY = str(Path(np.__file__).parent)


def site() -> str:
    """The innermost line of source outside this package: 'train.py:12 in loss: y = log(p)'."""
    import linecache  # only an anomaly needs it

    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith((_HERE, _NUMPY)):
        frame = frame.f_back
    code, line = frame.f_code, frame.f_lineno
    source = linecache.getline(code.co_filename, line).strip()
    return f"{Path(code.co_filename).name}:{line} in {code.co_name}" + (f": {source}" if source else "")
