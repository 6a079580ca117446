"""Ctrl-C, forks and errors in the middle of a sweep leave all gradients, or none; modes hold where their body runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


def test_an_error_while_gathering_leaves_no_gradient():
    x, y = Tensor(np.ones(3)), Tensor(np.ones(3))
    f = (x * 2 + y * 3).sum()
    y.grad = np.ones(2)  # of a wrong shape
    with pytest.raises(ValueError, match="broadcast"):
        f.backward()
    assert x.grad is None
    assert f.grad is None
    assert y.grad.tolist() == [1, 1]
    y.grad = None
    f.backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([2, 2, 2], [3, 3, 3])


@pytest.mark.skipif(os.name == "nt", reason="timers of POSIX")
def test_ctrl_c_leaves_all_gradients_or_none():
    leaves = [Tensor(float(i)) for i in range(3000)]
    f = Tensor(0.0)
    for x in leaves:
        f = f + x * x

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    outcomes = set()
    try:
        for k in range(60):
            for x in leaves:
                x.grad = None
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005 * (k + 1))
                f.backward()
                signal.setitimer(signal.ITIMER_REAL, 0)  # inside, for it may come as late as here
            except KeyboardInterrupt:
                pass
            have = {x.grad is not None for x in leaves}
            assert len(have) == 1
            outcomes |= have
    finally:
        signal.signal(signal.SIGALRM, before)
    assert outcomes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_can_sweep_whatever_the_threads_of_its_parent_did():
    program = textwrap.dedent("""
        import os, sys, threading, time, warnings
        import numpy as np
        import minigrad as mg
        warnings.simplefilter("ignore")  # of forks beside threads, which is the point
        stop, shared = threading.Event(), mg.Tensor(np.ones(20_000))
        def work():
            while not stop.is_set():
                (shared * np.ones(20_000)).sum().backward()
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads: thread.start()
        hung = 0
        for _ in range(12):
            child = os.fork()
            if not child:
                x = mg.Tensor(np.ones(20_000))
                (x * np.full(20_000, 3.0)).sum().backward()
                os._exit(0 if x.grad[0] == 3 else 1)
            for _ in range(1000):
                done, status = os.waitpid(child, os.WNOHANG)
                if done: break
                time.sleep(0.02)
            else:
                os.kill(child, 9); os.waitpid(child, 0)
            hung += not done or status != 0
        stop.set()
        for thread in threads: thread.join()
        print(hung)
    """)
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert found.stdout == "0\n"


def test_modes_refuse_what_runs_later():
    def numbers() -> Any:
        yield Tensor(1.0) * 2

    async def wait() -> Any:
        return Tensor(1.0) * 2

    async def stream() -> Any:
        yield Tensor(1.0) * 2

    for mode in (mg.no_grad(), mg.scope("layer"), mg.detect_anomaly()):
        for function, kind in ((numbers, "a generator"), (wait, "a coroutine"), (stream, "an asynchronous generator")):
            with pytest.raises(
                TypeError, match=f"{mode._name}: .*{function.__name__} is {kind}, whose body runs after the call"
            ):
                mode(function)

    @mg.no_grad()
    def plain() -> Tensor:
        return Tensor(1.0) * 2

    assert not plain().requires_grad


def test_a_sweep_that_fails_leaves_everything_for_the_next():
    calls = []

    @mg.op
    def fragile(x: Any, /) -> Any:
        return x * 1.0

    def rule(g: Any, out: Any, x: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")
        return g

    fragile.rules(rule)
    array = np.ones(20_000)  # large: read-only while a sweep may need it
    x = Tensor(np.ones(20_000))
    f = (x * array + fragile(x * 2)).sum()
    with pytest.raises(RuntimeError, match="once"):
        f.backward()
    assert (x.grad, f.grad) == (None, None)
    f.backward()
    assert x.grad[1] == 3
    array[0] = 5.0
