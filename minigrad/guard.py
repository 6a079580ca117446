"""Arrays that are recorded stay as they were recorded, whatever their owner does before the sweep.

An array that somebody can still write to is *exposed*. A small exposed array is copied when an operation records it; a large
one is made read-only until the sweep has used it, so that a line which writes to it raises there and then. Values that were
handed to nobody are read-only all their life and cost nothing.

A view made before recording can still be written through, and a large array is writable again after the first sweep, even
if the graph is kept for a second one or the sweep fails: neither can be noticed at a reasonable price. A view that was made
while the array was read-only stays read-only; make it again.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.tracing import Traced

SMALL = 1 << 16
"""Bytes up to which an exposed array is copied: about 2 µs, as much as making a larger one read-only and writable again."""

HELD: dict[int, list[Any]] = {}  # by the array's id: the array, how many graphs hold it, and the views that wait for it


def lock_for_forks() -> Any:
    """A re-entrant lock that is free in a child process: a fork waits until no other thread holds it."""
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


_lock = lock_for_forks()  # re-entrant, since a hold may be released by the collector while another is taken


def exposed(array: np.ndarray[Any, Any]) -> bool:
    """True if somebody may write to the memory of an array."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if base.flags.writeable:
            return True
        base = base.base
    return base is not None and type(base).__name__ not in ("bytes", "mmap")  # the memory of something else


def _lockable(array: np.ndarray[Any, Any]) -> bool:
    """True if the arrays that share the memory can be made read-only and, for certain, writable again."""
    writable = [a for a in _bases(array) if a.flags.writeable]
    return all(
        a.flags.owndata or (isinstance(a.base, np.ndarray) and (a.base.flags.writeable or id(a.base) in HELD))
        for a in writable
    ) and (bool(writable) or held(array))


def held(array: np.ndarray[Any, Any]) -> bool:
    """True if a graph keeps an array read-only."""
    return bool(HELD) and any(id(a) in HELD for a in _bases(array))


def closed(result: np.ndarray[Any, Any], operands: Sequence[Any]) -> np.ndarray[Any, Any]:
    """A view as a result that nobody can write to: a copy if it shows memory that somebody can."""
    shown = _shown(result, operands)
    if shown is not None:
        return result.copy(order="K") if exposed(shown) or held(shown) else result
    alone = isinstance(_root(result), np.ndarray) and _owner_references(result) <= _OWNER_OF_VIEW
    if not alone:  # an array of somebody else's, as of the function around a forward
        return result.copy(order="K")
    for base in _bases(result.base):
        base.setflags(write=False)
    return result


def _shown(result: np.ndarray[Any, Any], operands: Sequence[Any]) -> np.ndarray[Any, Any] | None:
    """The operand whose memory a result shows, if one."""
    root = _root(result)
    for x in operands:
        if type(x) is np.ndarray and (x is root or _root(x) is root):
            return x
    return None


def _bases(array: Any) -> Iterator[np.ndarray[Any, Any]]:
    while isinstance(array, np.ndarray):
        yield array
        array = array.base


class Hold:
    """Large arrays that one recorded node keeps read-only until it is swept or dropped."""

    __slots__ = ("_arrays",)

    def __init__(self) -> None:
        self._arrays: list[np.ndarray[Any, Any]] = []

    def keep(self, array: np.ndarray[Any, Any]) -> None:
        """Make an array and the arrays it is a view of read-only."""
        with _lock:
            for a in _bases(array):
                if id(a) in HELD:
                    HELD[id(a)][1] += 1
                elif a.flags.writeable:
                    a.flags.writeable = False
                    HELD[id(a)] = [a, 1, []]
                else:
                    continue
                self._arrays.append(a)

    def join(self, other: Hold) -> None:
        """Take over what another hold keeps."""
        self._arrays += other._arrays
        other._arrays = []

    def release(self) -> None:
        """Make them writable again, unless another node holds them."""
        arrays, self._arrays = self._arrays, []
        if not arrays:
            return
        with _lock:
            for a in arrays:
                HELD[id(a)][1] -= 1
            for a in arrays:
                _restore(a)

    def __del__(self) -> None:
        self.release()


def _restore(array: np.ndarray[Any, Any]) -> None:
    """Make an array that no node holds any more writable; a view has to wait until its base is."""
    free = [array]
    while free:
        a = free.pop()
        entry = HELD.get(id(a))  # the collector may have released another hold meanwhile
        if entry is None or entry[1]:
            continue
        base = next((HELD[id(b)] for b in _bases(a.base) if id(b) in HELD), None)
        if base is not None:
            base[2].append(a)
            continue
        del HELD[id(a)]
        a.flags.writeable = True
        free += entry[2]


_CONTAINERS = frozenset({np.ndarray, tuple, list})  # what an array may be, or stand in


def holds_arrays(static: dict[str, Any]) -> bool:
    """True if an array may be among static arguments."""
    for v in static.values():
        kind = type(v)
        if kind is tuple or kind is list:
            for part in v:  # any() would take three times as long
                if type(part) in _CONTAINERS:
                    return True
        elif kind is np.ndarray:
            return True
    return False


def recorded(values: list[Any], where: Sequence[int], static: dict[str, Any]) -> tuple[dict[str, Any], Hold | None]:
    """Keep what an operation records: exposed arrays among the operands, replaced in the list, and the static arguments.

    Parameters
    ----------
    values : list
        The operands' values.
    where : sequence of int
        Which of them may be exposed.
    static : dict
        The operation's other arguments.

    Returns
    -------
    static : dict
        The static arguments, with copies of small exposed arrays.
    hold : Hold or None
        What keeps the large ones read-only.
    """
    large: list[np.ndarray[Any, Any]] = []
    owners = {id(_root(values[i])) for i in where} if "saved" in static else None
    for i in where:
        values[i] = _kept(values[i], large)
    for name, v in static.items():
        if type(v) in _CONTAINERS and name != "saved":
            if owners is not None:
                owners.update(id(_root(a)) for a in _arrays(v))
            kept = _kept(v, large)
            static = static if kept is v else {**static, name: kept}
    if owners:  # arrays of the forward's own need nobody's care, but it may save an argument, or a view of one
        static = {**static, "saved": _kept(static["saved"], large, owners)}
    if not large:
        return static, None
    hold = Hold()
    for v in large:
        hold.keep(v)
    return static, hold


def _root(array: Any) -> Any:
    """The owner of an array's memory; anything else as it is."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array


def _arrays(v: Any) -> Iterator[np.ndarray[Any, Any]]:
    if isinstance(v, np.ndarray):
        yield v
    elif isinstance(v, tuple | list):
        for part in v:
            yield from _arrays(part)


def _kept(v: Any, large: list[np.ndarray[Any, Any]], owners: set[int] | None = None) -> Any:
    """An argument with its small exposed arrays copied; the large ones are added to the list.

    With `owners`, of what an operation saved: only arrays in memory of theirs.
    """
    if isinstance(v, np.ndarray):
        if owners is None and v.nbytes <= SMALL and v.flags.writeable:  # the usual case
            return v.copy()
        if (not exposed(v) and not held(v)) or (owners is not None and id(_root(v)) not in owners):
            return v
        if v.nbytes <= SMALL or not _lockable(v):
            return v.copy()
        large.append(v)
    elif type(v) in (tuple, list) and (owners is not None or any(type(part) in _CONTAINERS for part in v)):
        return type(v)(_kept(part, large, owners) for part in v)
    elif owners is not None and isinstance(v, dict):
        return {key: _kept(part, large, owners) for key, part in v.items()}
    elif owners is not None and isinstance(v, tuple) and hasattr(v, "_fields"):
        return v._replace(**{name: _kept(part, large, owners) for name, part in zip(v._fields, v, strict=True)})  # type: ignore[attr-defined]
    return v


def unchanged(now: Any, then: Any) -> bool:
    """True if a tensor's value, another object by now, still equals what was recorded.

    Another object around the same memory tells of an update in place.
    """
    if type(then) is Traced:
        return then.value is now
    return (
        isinstance(then, np.ndarray)
        and isinstance(now, np.ndarray)
        and not np.may_share_memory(now, then)
        and then.shape == now.shape
        and then.dtype == now.dtype
        and np.array_equal(now, then, equal_nan=then.dtype.kind in "fc")
    )


@contextmanager
def updating(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    """A leaf's array to update in place: its own memory, or a copy if a graph holds that."""
    array = np.asarray(value)
    closed = not exposed(array)
    if held(array) or (closed and _owner_references(array) > (_OWNER if array.base is None else _OWNER_OF_VIEW)):
        array = array.copy()  # a view of it, or a graph, still needs the values it has
    chain = list(_bases(array)) if closed else []
    for a in reversed(chain):
        a.flags.writeable = True
    try:
        yield array
    finally:
        for a in chain:
            a.flags.writeable = False


def _owner_references(array: np.ndarray[Any, Any]) -> int:
    root = _root(array)
    return sys.getrefcount(root)


@contextmanager
def _measured(value: Any) -> Iterator[int]:
    """The references that `updating` counts to the memory of a leaf that nobody else refers to."""
    array = np.asarray(value)
    yield _owner_references(array)


class _Leaf:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


_owner, _view = _Leaf(np.empty(1)), _Leaf(np.empty(2)[:1])
with _measured(_owner.value) as _OWNER, _measured(_view.value) as _OWNER_OF_VIEW:
    pass


def hand_out(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A leaf's array for somebody who may write to it: itself if nobody else refers to it, else a copy.

    An array that a graph holds stays read-only.
    """
    if array.flags.writeable or held(array):
        return array
    if not _alone(array):
        return array.copy()
    array.flags.writeable = True
    return array


def own(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A leaf's array, which may be updated in place: a copy if somebody else, who was not handed it, refers to it."""
    return array if exposed(array) or _alone(array) else array.copy()


def _alone(array: np.ndarray[Any, Any]) -> bool:
    return array.base is None and _references(array) <= _ALONE


def _references(array: np.ndarray[Any, Any]) -> int:
    return sys.getrefcount(array)


def _when_alone() -> int:
    """References that `hand_out` counts to an array which its leaf alone refers to; Python's versions differ."""

    def hand_out(array: np.ndarray[Any, Any]) -> int:
        return alone(array)

    def alone(array: np.ndarray[Any, Any]) -> int:
        return _references(array)

    leaf = [np.empty(0)]
    return hand_out(leaf[0])


_ALONE = _when_alone()
