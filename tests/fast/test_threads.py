"""`mg.threads`: the BLAS held to one thread, and products shared among others."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

import minigrad as mg
from minigrad import nn
from minigrad.fast import kernels, pool, repeat


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = mg.fast()
    yield
    mg.threads(0)
    mg.fast(before != "NumPy")


def blas() -> list[int]:
    return [found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"]


def test_the_blas_is_held_and_let_go():
    before, usual = blas(), mg.threads()
    assert mg.threads(3) == mg.threads() == 3
    assert set(blas()) == {1}
    assert mg.threads(2) == 2
    assert set(blas()) == {1}
    assert mg.threads(0) == usual
    assert blas() == before
    assert mg.threads(0) == usual


def test_mg_fast_says_how_many():
    mg.fast(False)
    assert mg.fast() == "NumPy"
    mg.threads(np.int64(3))
    assert mg.fast() == "NumPy on 3 threads"
    mg.threads(1)
    assert mg.fast() == "NumPy on 1 thread"


def test_several_threads_hold_the_blas_at_once():
    before = blas()

    def toggle() -> None:
        for count in (2, 0) * 20:
            mg.threads(count)

    workers = [threading.Thread(target=toggle) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    mg.threads(0)
    assert blas() == before


def test_a_blas_that_was_given_threads_is_held_again():
    mg.threads(2)
    with threadpool_limits(2, "blas"):
        mg.threads(2)
        assert set(blas()) == {1}


def test_a_shared_product_of_another_byte_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "PRODUCT", 1)
    mg.threads(2)
    a = np.arange(6.0).reshape(2, 3).astype(">f4")
    assert pool.product(a, a.T).dtype == (a @ a.T).dtype


@pytest.mark.parametrize("count", [-1, 1000, 2.0, True, "2", np.float64(2)])
def test_what_is_no_number_of_threads(count: Any):
    with pytest.raises(ValueError, match=r"threads: count must be an integer from 0 to 999, got "):
        mg.threads(count)
    assert not pool.held()


def test_without_threadpoolctl(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with pytest.raises(ImportError, match=r'threads needs threadpoolctl: pip install "minigrad\[fast\]"'):
        mg.threads(2)
    assert not pool.held()
    assert mg.threads(0) == mg.threads()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_shared_product_is_numpys(data: st.DataObject):
    m, k, n = (data.draw(st.integers(0, 7)) for _ in range(3))
    stack = tuple(data.draw(st.lists(st.integers(0, 3), max_size=2)))
    dtype = data.draw(st.sampled_from([np.float32, np.float64, np.complex128, np.int64]))
    rng = np.random.default_rng(0)
    a, b = rng.integers(-9, 9, (*stack, m, k)).astype(dtype), rng.integers(-9, 9, (*stack, k, n)).astype(dtype)
    if data.draw(st.booleans()):
        a = np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2)
    if data.draw(st.booleans()):
        b = b[(0,) * len(stack)] if 0 not in stack else b
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "PRODUCT", 1)
        mg.threads(3)
        found = pool.product(a, b)
    right = a @ b
    assert (found.shape, found.dtype) == (right.shape, right.dtype)
    np.testing.assert_array_equal(found, right)


def _step(net: nn.Module, x: np.ndarray) -> list[np.ndarray]:
    net.zero_grad()
    out = net(x)
    (out if isinstance(out, mg.Tensor) else out[0]).sum().backward()
    return [p.grad.copy() for p in net.parameters()]


NETS = {
    "linear": (lambda rng: nn.Sequential(nn.Linear(30, 40, rng=rng), nn.Tanh(), nn.Linear(40, 7, rng=rng)), (50, 30)),
    "conv": (lambda rng: nn.Sequential(nn.Conv2d(3, 8, 5, padding=2, rng=rng), nn.ReLU(), nn.MaxPool2d(2)), (9, 3, 12, 12)),
    "lstm": (lambda rng: nn.LSTM(6, 20, rng=rng), (5, 17, 6)),
    "attention": (lambda rng: nn.TransformerEncoderLayer(16, 4, 32, 0.0, "gelu", batch_first=True, rng=rng), (8, 6, 16)),
}


@pytest.mark.parametrize("by", [True, False])
@pytest.mark.parametrize("name", NETS)
def test_gradients_do_not_depend_on_threads_but_by_rounding(name: str, by: bool, monkeypatch: pytest.MonkeyPatch):
    make, shape = NETS[name]
    rng = np.random.default_rng(0)
    net, x = make(rng), rng.normal(size=shape).astype(np.float32)
    mg.fast(by)
    monkeypatch.setattr(pool, "PRODUCT", 1000)
    mg.threads(1)
    alone = _step(net, x)
    mg.threads(3)
    shared = _step(net, x)
    for one, three, again in zip(alone, shared, _step(net, x), strict=True):
        np.testing.assert_allclose(one, three, rtol=1e-4, atol=1e-4 * max(1, np.abs(one).max()))
        np.testing.assert_array_equal(three, again)


def test_second_derivatives_of_shared_products(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "PRODUCT", 1)
    mg.threads(2)
    rng = np.random.default_rng(0)
    assert mg.gradcheck(lambda a, b: (a @ b) ** 2, rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), order=2)
    assert mg.gradcheck(mg.linear, rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), rng.normal(size=2), order=2)


@pytest.mark.parametrize("state", ["raise", "ignore"])
def test_threads_take_the_callers_errstate(state: Any):
    """np.errstate belongs to a thread; a worker must have the one of the caller."""
    zero = np.zeros(2)
    with np.errstate(all=state), warnings.catch_warnings():
        warnings.simplefilter("error")
        if state == "raise":
            with pytest.raises(FloatingPointError):
                pool.split(lambda part, *_: zero / zero if part else None, 2, 2)
        else:
            pool.split(lambda *_: zero / zero, 2, 2)


@pytest.mark.parametrize("best", [0, 1, 3])
def test_the_fastest_number_is_chosen(best: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pool, "number", lambda: pool._threads or 3)
    asked: list[int] = []

    def seconds(step: Callable[[], object]) -> float:
        step()
        return 1.0 + (asked[-1] != best)

    monkeypatch.setattr(pool, "_seconds", seconds)
    pool.settle(lambda: asked.append(mg.threads() if pool.held() else 0))
    assert set(asked) == {0, 1, 3}
    assert (mg.threads() if pool.held() else 0) == best


def test_a_run_is_repeated_as_it_was():
    mg.fast(False)
    mg.threads(3)
    kept = kernels()
    assert kept == {"threads": 3, "blas": 1}
    mg.threads(0)
    assert kernels() == {}
    assert repeat(kept) == ""
    assert (mg.fast(), mg.threads(), set(blas())) == ("NumPy on 3 threads", 3, {1})
    assert repeat({}) == ""
    assert (mg.fast(), pool.held()) == ("NumPy", False)


def test_a_run_on_threads_that_cannot_be_repeated(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.modules["minigrad.fast"], "find_spec", lambda name: None)
    assert "threadpoolctl is not installed" in repeat({"threads": 3, "blas": 1})


def test_what_kernels_a_checkpoint_can_tell_of():
    from minigrad.nn.training_state import _is_of_kernels

    for good in ({"numba": "0.60", "threads": 2}, {"threads": 2, "blas": 1}, {"numba": "0.60", "threads": 2, "blas": 1}):
        assert _is_of_kernels(good)
    for bad in ({"threads": 2}, {"threads": 2, "blas": 7}, {"numba": 1, "threads": 2}, {"numba": "0.60", "threads": 0}):
        assert not _is_of_kernels(bad)
