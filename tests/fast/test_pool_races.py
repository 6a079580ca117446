"""The pool after interrupts and errors: no part is left running, and no error is lost."""

from __future__ import annotations

import threading
import time

import pytest

from minigrad.fast import pool


@pytest.fixture(autouse=True)
def three_threads(monkeypatch):
    monkeypatch.setattr(pool, "_threads", 3)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_error_in_any_part_is_raised_when_all_have_ended(part):
    ended = []

    def work(i, first, last):
        if i == part:
            raise MemoryError(f"part {i}")
        time.sleep(0.02)
        ended.append(i)

    for _ in range(3):
        ended.clear()
        with pytest.raises(MemoryError, match=f"part {part}"):
            pool.split(work, 30, 3)
        assert sorted(ended) == sorted({0, 1, 2} - {part})


def test_an_interrupt_while_parts_are_given_waits_for_those_that_were(monkeypatch):
    running, give, calls = threading.Event(), pool._Worker.give, []

    def interrupted(worker, function, *part):
        give(worker, function, *part)
        calls.append(part)
        if len(calls) == 1:
            raise KeyboardInterrupt

    def work(i, first, last):
        running.set()
        time.sleep(0.05)
        running.clear()

    monkeypatch.setattr(pool._Worker, "give", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pool.split(work, 30, 3)
    assert not running.is_set()
    out = [0, 0, 0]
    pool.split(lambda i, first, last: out.__setitem__(i, 1), 3, 3)
    assert out == [1, 1, 1]
