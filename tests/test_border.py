"""The border: a tracked tensor becomes plain numbers only where that is asked for, and what was recorded is differentiated."""

from __future__ import annotations

import array
import cmath
import copy
import gc
import itertools
import math
import operator
import pickle
import random
import re
import statistics
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from inspect import signature
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from samples_numpy import SAMPLES, Sample

import minigrad as mg
import minigrad.nn
import minigrad.optim
from minigrad import Tensor, guard
from minigrad.border import GradientLost, GrowingGraph

Door = Callable[[Any], Any]

# Ways out of the graph, each given a vector of three.

ARRAYS: dict[str, Door] = {
    # functions that make arrays
    "asarray": np.asarray,
    "array": np.array,
    "array copy": lambda v: np.array(v, copy=True),
    "array of a dtype": lambda v: np.asarray(v, np.float32),
    "array of scalars": lambda v: np.array([v[0], v[1]]),
    "array of a scalar and a number": lambda v: np.array([1.0, v[0]]),
    "array of rows": lambda v: np.array([[1.0, 2.0, 3.0], v]),
    "array of objects": lambda v: np.array([v[0], v[1]], dtype=object),
    "array of a list": lambda v: np.array(list(v)),
    "asanyarray": np.asanyarray,
    "ascontiguousarray": np.ascontiguousarray,
    "asfortranarray": np.asfortranarray,
    "asarray_chkfinite": np.asarray_chkfinite,
    "require": np.require,
    "frombuffer": np.frombuffer,
    "full": lambda v: np.full(3, v),
    "full of a scalar": lambda v: np.full(3, v[0]),
    "arange": lambda v: np.arange(v[0]),
    "ma.array": np.ma.array,
    "nditer": np.nditer,
    "ndenumerate": lambda v: list(np.ndenumerate(v)),
    "broadcast": lambda v: np.broadcast(v, v),
    "vectorize": np.vectorize(lambda a: 2 * a),
    "frompyfunc": np.frompyfunc(lambda a: 2 * a, 1, 1),
    "r_": lambda v: np.r_[v, v],
    "c_": lambda v: np.c_[v, v],
    "save": lambda v: np.save("/dev/null", v),
    # scalars
    "float64": lambda v: np.float64(v[0]),
    "float32": lambda v: np.float32(v[0]),
    "int64": lambda v: np.int64(v[0]),
    "complex128": lambda v: np.complex128(v[0]),
    # functions of lists
    "sum of a list": lambda v: np.sum([v[0], v[1]]),
    "mean of a list": lambda v: np.mean([v[0], v[1]]),
    "max of a list": lambda v: np.max([v[0], 1.0]),
    "argmax of a list": lambda v: np.argmax([v[0], v[1]]),
    "dot of a list": lambda v: np.dot([v[0], v[1]], [1.0, 2.0]),
    "exp of a list": lambda v: np.exp([v[0], v[1]]),
    "multiply of a list": lambda v: np.multiply([v[0], v[1]], 2.0),
    "solve of lists": lambda v: np.linalg.solve([[v[0], 0.0], [0.0, v[1]]], [1.0, 2.0]),
    "norm of a list": lambda v: np.linalg.norm([v[0], v[1]]),
    "fft of a list": lambda v: np.fft.fft([v[0], v[1]]),
    "isnan of a list": lambda v: np.isnan([v[0], v[1]]),
    "array + list": lambda v: np.ones(2) + [v[0], v[1]],
    "array @ list": lambda v: np.ones((2, 2)) @ [v[0], v[1]],
    "tensor + list": lambda v: v[:2] + [v[0], v[1]],
    # methods of arrays
    "array.dot": lambda v: np.ones(3).dot(v),
    "array[:] =": lambda v: np.zeros(3).__setitem__(slice(None), v),
    "array[[0, 1]] =": lambda v: np.zeros(3).__setitem__([0, 1], v[:2]),
    "array.put": lambda v: np.zeros(3).put([0], v[0]),
    "array.searchsorted": lambda v: np.ones(3).searchsorted(v),
    "array[t]": lambda v: np.arange(5)[v[0]],
    "array.repeat": lambda v: np.ones(3).repeat(v),
    "fill_diagonal": lambda v: np.fill_diagonal(np.zeros((3, 3)), v),
    "masked array * t": lambda v: np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]) * v,
    # other libraries
    "from_dlpack": np.from_dlpack,
    "Generator.normal": lambda v: np.random.default_rng(0).normal(v, 1),
    "Generator.permutation": lambda v: np.random.default_rng(0).permutation(v),
    "Generator.choice": lambda v: np.random.default_rng(0).choice(3, p=v / 6),
    "random.normal": lambda v: np.random.normal(v, 1),
    "norm.logpdf": scipy.stats.norm.logpdf,
    "scipy.linalg.inv": lambda v: scipy.linalg.inv(v * np.eye(3)),
    "assert_allclose": lambda v: np.testing.assert_allclose(v, [1.0, 2.0, 3.0]),
    "assert_array_equal": lambda v: np.testing.assert_array_equal(v, [1.0, 2.0, 3.0]),
    # what has no value of its own to give
    "memoryview": memoryview,
    "bytes": bytes,
    "json": lambda v: __import__("json").dumps(v),
    "index": lambda v: operator.index(v[0]),
    "list index": lambda v: [1, 2][v[0]],
    "range": lambda v: range(v[0]),
    "Decimal": lambda v: __import__("decimal").Decimal(v[0]),
    "Fraction": lambda v: Fraction(v[0]),
    "timedelta": lambda v: __import__("datetime").timedelta(seconds=v[0]),
    "statistics.mean": statistics.mean,
    "statistics.stdev": statistics.stdev,
    "statistics.pvariance": statistics.pvariance,
}  # fmt: skip

NUMBERS: dict[str, Door] = {
    "float": lambda v: float(v[0]),
    "int": lambda v: int(v[0]),
    "complex": lambda v: complex(v[0]),
    "math.sin": lambda v: math.sin(v[0]),
    "math.hypot": lambda v: math.hypot(v[0], 1.0),
    "math.pow": lambda v: math.pow(v[0], 2),
    "math.fsum": math.fsum,
    "math.dist": lambda v: math.dist(v, v),
    "math.floor": lambda v: math.floor(v[0]),
    "math.ceil": lambda v: math.ceil(v[0]),
    "math.trunc": lambda v: math.trunc(v[0]),
    "math.isnan": lambda v: math.isnan(v[0]),
    "cmath.exp": lambda v: cmath.exp(v[0]),
    "%f": lambda v: "%f" % v[0],  # noqa: UP031
    "array.array": lambda v: array.array("d", v),
    "struct.pack": lambda v: __import__("struct").pack("d", v[0]),
    "statistics.fmean": statistics.fmean,
    "random.gauss": lambda v: random.Random(0).triangular(0.0, math.exp(v[0])),
    "array[0] =": lambda v: np.zeros(3).__setitem__(0, v[0]),
    "array.flat[0] =": lambda v: np.zeros(3).flat.__setitem__(0, v[0]),
    "array.fill": lambda v: np.zeros(3).fill(v[0]),
    "array.sum(initial=)": lambda v: np.zeros(3).sum(initial=v[0]),
    "array.max(initial=)": lambda v: np.zeros(3).max(initial=v[0]),
    "fromiter": lambda v: np.fromiter(v, float),
    "structured array": lambda v: np.array([(1, v[0])], dtype=[("a", int), ("b", float)]),
    "format_float_positional": lambda v: np.format_float_positional(v[0]),
    "Tensor": lambda v: Tensor(v),
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
}  # fmt: skip

ASKED: dict[str, Door] = {
    "data": lambda v: v.data,
    "numpy": lambda v: v.numpy(),
    "tolist": lambda v: v.tolist(),
    "item": lambda v: v[0].item(),
}

ALWAYS: dict[str, Door] = {
    "repr": repr,
    "str": str,
    "format": lambda v: f"{v[0]:.2f} {v}",
    "%s": lambda v: "%s" % v,  # noqa: UP031
    "array2string": np.array2string,
    "bool": lambda v: bool(v[0]),
    "if": lambda v: 1 if v[0] else 2,
    "comparisons": lambda v: [v[0] < 2, v[0] == 2, 1.0 >= v[0], np.float64(1) != v[0]],
    "comparison with an array": lambda v: np.array([1.0, 2.0, 3.0]) < v,
    "isclose": lambda v: np.isclose(v, 1.0),
    "isfinite": np.isfinite,
    "argmax": np.argmax,
    "argsort": np.argsort,
    "in": lambda v: 1.0 in v,
    "sorted": sorted,
    "max": max,
    "len": len,
    "hash": hash,
    "shape": lambda v: (v.shape, v.ndim, v.size, v.dtype, np.shape(v), np.size(v)),
    "mask": lambda v: np.arange(3)[v > 1],
}

# What calls a function on variables of its own. Each is given one that opens a door on the way.

TRANSFORMS: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "grad": lambda f: mg.grad(f)(X),
    "value_and_grad": lambda f: mg.value_and_grad(f)(X),
    "vjp": lambda f: mg.vjp(f, X),
    "jvp": lambda f: mg.jvp(f, (X,), (np.ones(3),)),
    "jacobian": lambda f: mg.jacobian(f)(X),
    "hessian": lambda f: mg.hessian(f)(X),
    "hvp": lambda f: mg.hvp(f)(X, np.ones(3)),
    "grad of grad": lambda f: mg.grad(lambda x: mg.sum(mg.grad(f)(x) ** 2))(X),
    "checkpoint": lambda f: mg.grad(mg.checkpoint(f))(X),
    "inside no_grad": lambda f: _under_no_grad(mg.grad(f)),
    "of a tensor": lambda f: mg.grad(f)(Tensor(X)),
}

X = np.array([1.0, 2.0, 3.0])


def _under_no_grad(f: Door) -> Any:
    with mg.no_grad():
        return f(X)


def through(door: Door, of: Door = lambda x: x * x) -> Callable[[Any], Any]:
    """A function that opens a door to something it computed."""

    def f(x: Any) -> Any:
        door(of(x))
        return mg.sum(x * x)

    return f


def ours(error: BaseException | None) -> bool:
    """Whether a message of the border stands somewhere in a chain of errors; NumPy puts its own before it."""
    while error is not None:
        if "gradient" in str(error) or "a constant of" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


# Outside transforms


@pytest.mark.parametrize("door", ARRAYS)
@pytest.mark.parametrize("leaf", [True, False])
def test_no_plain_array_comes_of_a_tracked_tensor(door: str, leaf: bool):
    t = Tensor(X)
    with pytest.raises((TypeError, AttributeError)):
        ARRAYS[door](t if leaf else t * 1.0)


@pytest.mark.parametrize("door", NUMBERS)
def test_a_single_number_warns(door: str):
    t = Tensor(X) * 1.0
    with pytest.warns(GradientLost, match="no gradient goes through it; ask for it with .item") as seen:
        NUMBERS[door](t)
    assert not any(w.filename.startswith((mg.__path__[0], np.__path__[0])) for w in seen)


def test_the_warning_names_the_line():
    t = Tensor(2.0) * 3
    with pytest.warns(GradientLost, match=r"float\(\) makes a plain number of the result of multiply of shape \(\)") as seen:
        x = float(t)
    assert x == 6.0
    assert seen[0].filename == __file__


def test_it_warns_once_a_line():
    t = Tensor(2.0) * 3
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(5):
            math.exp(t)
        math.cos(t)
    assert len(seen) == 2


def test_the_error_names_the_line_and_the_ways_on():
    t = Tensor(X) * 3
    with pytest.raises(TypeError) as caught:
        np.array([t, t])
    for words in (
        "the result of multiply of shape (3,)",
        "test_border.py:",
        "np.array([t, t])",
        "minigrad.stack",
        "t.data",
        "no_grad()",
    ):
        assert words in str(caught.value)


@pytest.mark.parametrize("door", ASKED)
def test_what_is_asked_for_converts_outside_transforms(door: str):
    assert np.shape(ASKED[door](Tensor(X) * 1.0)) == (() if door == "item" else (3,))


CONVERTS = {name: door for name, door in (ARRAYS | NUMBERS | ASKED).items() if name not in {
    "memoryview", "bytes", "json", "index", "list index", "range", "Decimal", "Fraction", "timedelta", "frombuffer", "nditer",
    "array.repeat", "array[t]", "statistics.mean", "statistics.stdev", "statistics.pvariance", "struct.pack", "array of rows",
    "save", "Generator.choice",
    # what goes by NumPy's protocols, which speak for constants too
    "frompyfunc", "tensor + list",
}}  # fmt: skip


@pytest.mark.parametrize("door", CONVERTS)
@pytest.mark.parametrize("how", ["detached", "a constant", "no_grad", "a result in no_grad"])
def test_what_is_no_longer_tracked_converts(door: str, how: str):
    t = Tensor(X)
    if how == "detached":
        CONVERTS[door]((t * 1.0).detach())
    elif how == "a constant":
        CONVERTS[door](Tensor(X, requires_grad=False))
    else:
        y = t * 1.0
        with mg.no_grad():
            CONVERTS[door](y if how == "no_grad" else t * 1.0)


INTEGERS: dict[str, Door] = {
    "asarray": np.asarray,
    "array": lambda t: np.array([t[0], t[1]]),
    "float": lambda t: float(t[0]),
    "int": lambda t: int(t[1]),
    "index": lambda t: [1, 2, 3, 4][t[0]] if t.dtype.kind == "i" else None,
    "array index": lambda t: np.arange(5)[t],
    "item": lambda t: t[0].item(),
    "data": lambda t: t.data,
    "setitem": lambda t: np.zeros(3).__setitem__(0, t[0]),
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "math": lambda t: math.sin(t[0]),
}


@pytest.mark.parametrize("door", INTEGERS)
@pytest.mark.parametrize("t", [Tensor(np.array([1, 2, 3])), Tensor(np.array([True, False, True]))], ids=["int", "bool"])
def test_integers_and_booleans_convert_everywhere(door: str, t: Tensor):
    if t.dtype.kind == "b" and door == "array index":
        t = Tensor(np.array([True, False, True, False, False]))
    INTEGERS[door](t)
    mg.grad(through(lambda x: INTEGERS[door](t)))(X)


@pytest.mark.parametrize("door", ALWAYS)
def test_looking_is_free(door: str):
    ALWAYS[door](Tensor(X) * 1.0)
    mg.grad(through(ALWAYS[door]))(X)


# Inside transforms


@pytest.mark.parametrize("door", ARRAYS | NUMBERS | ASKED)
def test_every_door_is_shut_inside_a_transform(door: str):
    with pytest.raises((TypeError, ValueError, AttributeError, __import__("struct").error)) as caught:
        mg.grad(through((ARRAYS | NUMBERS | ASKED)[door]))(X)
    if door in CONVERTS and door != "array.flat[0] =":  # of which NumPy hides the cause
        assert ours(caught.value)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("door", ["asarray", "array of scalars", "float", "array[0] =", "data", "item", "numpy", "tolist", "pickle", "deepcopy", "Tensor"])  # fmt: skip
@pytest.mark.parametrize("of", [lambda x: x, lambda x: x * x, lambda x: mg.sin(x)[::-1]], ids=["variable", "result", "view"])
def test_doors_are_shut_inside_every_transform(transform: str, door: str, of: Door):
    if door in ("pickle", "deepcopy"):
        of = lambda x: x * x  # noqa: E731 - of a leaf they are as they were
    with pytest.raises((TypeError, ValueError)) as caught:
        TRANSFORMS[transform](through((ARRAYS | NUMBERS | ASKED)[door], of))
    assert ours(caught.value)


@pytest.mark.parametrize(
    ("transform", "door"),
    [("grad", door) for door in CONVERTS]
    + list(itertools.product(TRANSFORMS, ("array of scalars", "array[0] =", "item", "pickle"))),
)
def test_what_does_not_depend_on_a_variable_converts_inside(transform: str, door: str):
    w = Tensor(X, name="w")
    for of in (lambda x: (x * 1.0).detach(), lambda x: w, lambda x: w * 1.0):
        TRANSFORMS[transform](through(CONVERTS[door], of))

    def inner(x: Any) -> Any:
        with mg.no_grad():
            return x * 1.0

    TRANSFORMS[transform](through(CONVERTS[door], inner))
    TRANSFORMS[transform](through(lambda x: _in_no_grad(CONVERTS[door], x), lambda x: x * 1.0))


def _in_no_grad(door: Door, x: Any) -> None:
    with mg.no_grad():
        door(x)


def test_the_error_inside_a_transform_names_detach_and_has_aux():
    with pytest.raises(
        TypeError, match=r"\.item\(\) makes a constant of .* which a transform is differentiating.*detach\(\).*has_aux=True"
    ):
        mg.grad(lambda x: (x * x).item())(2.0)
    with pytest.raises(TypeError, match=r"float\(\) makes a plain number.*detach\(\).*has_aux=True"):
        mg.grad(lambda x: float(x) ** 2)(2.0)
    with pytest.raises(TypeError, match=r"NumPy would make a plain array.*stack.*detach\(\)"):
        mg.grad(lambda x: np.sum([x, x * x]))(2.0)
    value, seen = mg.value_and_grad(lambda x: (x * x, x.detach().item()), has_aux=True)(3.0)
    assert (value, seen) == ((9.0, 3.0), 6.0)


def test_the_variables_of_an_outer_transform_count_too():
    def outer(x: Any) -> Any:
        return mg.grad(lambda y: y * math.sin(x))(2.0)

    with pytest.raises(TypeError, match="no gradient goes through it"):
        mg.grad(outer)(1.0)
    assert mg.grad(lambda x: mg.grad(lambda y: y * math.sin(x.detach()))(2.0) * x)(1.0) == math.sin(1.0)


def test_after_a_transform_the_doors_are_as_before():
    with pytest.raises(TypeError):
        mg.grad(lambda x: x.item())(1.0)
    x = Tensor(2.0) * 1.0
    assert x.item() == 2.0
    with pytest.warns(GradientLost):
        float(x)
    pull = mg.vjp(lambda x: x * x, 3.0)[1]
    assert (x * 2).item() == 4.0
    assert pull(1.0)[0] == 6.0


def test_one_thread_s_transform_shuts_no_door_of_another():
    x = Tensor(2.0) * 1.0

    def f(y: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(x.item).result() == 2.0
        return y * y

    assert mg.grad(f)(3.0) == 6.0


# The instances that were found


def test_a_rotation_matrix():
    def wrong(t: Any) -> Any:
        rows = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
        return np.sum(rows @ np.array([1.0, 2.0]))

    def right(t: Any) -> Any:
        rows = np.stack([np.stack([np.cos(t), -np.sin(t)]), np.stack([np.sin(t), np.cos(t)])])
        return np.sum(rows @ np.array([1.0, 2.0]))

    with pytest.raises(TypeError, match="stack"):
        mg.grad(wrong)(1.0)
    assert mg.grad(right)(1.0) == pytest.approx(-3 * math.sin(1) - math.cos(1))


def test_a_minimiser_does_not_stand_still():
    def f(p: Any) -> Any:
        return np.sum(np.array([p[0] - 1, p[1] - 2]) ** 2)

    with pytest.raises(TypeError, match="plain array"):
        scipy.optimize.minimize(mg.value_and_grad(f), [0.0, 0.0], jac=True)
    found = scipy.optimize.minimize(
        mg.value_and_grad(lambda p: np.sum((p - np.array([1.0, 2.0])) ** 2)), [0.0, 0.0], jac=True
    )
    np.testing.assert_allclose(found.x, [1, 2], atol=1e-6)


def test_a_buffer_that_is_reused():
    def f(x: Any) -> Any:
        w, s = np.zeros(3), 0.0
        for i in range(3):
            w[:] = 0
            w[i] = i + 1
            s = s + np.sum(x * w)
        return s

    assert mg.grad(f)(X).tolist() == [1, 2, 3]


def test_an_array_changed_after_it_was_used():
    t, y = Tensor(X), X.copy()
    z = (t * y).sum()
    y *= 0
    z.backward()
    assert t.grad.tolist() == [1, 2, 3]


# What was recorded is what is differentiated

SIZES = {"small": 3, "the largest copied": guard.SMALL // 8, "large": guard.SMALL // 8 + 1}
LARGE = SIZES["large"]


def changed(y: np.ndarray) -> bool:
    """Whether an array could be overwritten; if so it now holds something else."""
    with own_line() as done:
        y[...] = 7
    return not done


@contextmanager
def own_line() -> Iterator[list[bool]]:
    """A line of the user's, which may raise that an array is read-only; then the list is not empty."""
    raised: list[bool] = []
    try:
        yield raised
    except (ValueError, TypeError) as error:
        if not re.search("read-?only", str(error)):
            raise
        raised.append(True)


@pytest.mark.parametrize("sample", [
    pytest.param(s, id=f"{name}-{i}") for name, samples in SAMPLES.items() for i, s in enumerate(samples)
])  # fmt: skip
def test_no_op_looks_at_a_constant_again_that_was_overwritten(sample: Sample):
    floats = [i for i, x in enumerate(sample.inputs) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    for i in floats[:2]:
        runs = []
        for overwritten in (False, True):
            arguments = [np.array(x) if isinstance(x, np.ndarray) else x for x in sample.inputs]
            arguments[i] = x = Tensor(sample.inputs[i])
            found = sample.call(mg, *arguments)
            roots = [y for y in (found if isinstance(found, list) else [found]) if isinstance(y, Tensor) and y.requires_grad]
            if overwritten:
                assert all(changed(a) for a in arguments if isinstance(a, np.ndarray) and a.ndim)
            for y in roots:
                y.backward(np.cos(np.arange(y.size, dtype=float)).reshape(y.shape), create_graph=True)
            if x.grad is not None and x.grad.requires_grad:
                g = x.grad
                x.grad = None
                g.backward(np.ones(g.shape))
                runs.append((g.data, x.grad))
            else:
                runs.append((x.grad if x.grad is None else x.grad.data,))
        for once, again in zip(*runs, strict=True):
            np.testing.assert_array_equal(once, again)


CONSTANTS: dict[str, Callable[[Any, int], tuple[Any, np.ndarray]]] = {}
"""By name: what is computed from a tensor of n elements and an array of the user's, and that array."""


def uses(function: Callable[[Any, int], tuple[Any, np.ndarray]]) -> Any:
    CONSTANTS[function.__name__] = function
    return function


@uses
def factor(t: Any, n: int) -> Any:
    y = np.arange(1.0, n + 1)
    return t * y, y


@uses
def factor_on_the_left(t: Any, n: int) -> Any:
    y = np.arange(1.0, n + 1)
    return y * t, y


@uses
def divisor(t: Any, n: int) -> Any:
    y = np.arange(1.0, n + 1)
    return t / y, y


@uses
def a_row_of_a_matrix(t: Any, n: int) -> Any:
    y = np.arange(1.0, 2 * n + 1).reshape(2, n).copy()
    return t * y[1], y


@uses
def a_transpose(t: Any, n: int) -> Any:
    y = np.arange(1.0, 2 * n + 1).reshape(n, 2).copy()
    return t * y.T, y


@uses
def a_view_of_a_buffer(t: Any, n: int) -> Any:
    y = np.arange(1.0, n + 1)
    return t * np.frombuffer(y, float), y


@uses
def matrix(t: Any, n: int) -> Any:
    y = np.arange(1.0, 2 * n + 1).reshape(n, 2)
    return t @ y, y


@uses
def einsum_operand(t: Any, n: int) -> Any:
    y = np.arange(1.0, n + 1)
    return mg.einsum("i,i->i", t, y), y


@uses
def mask_of_where(t: Any, n: int) -> Any:
    y = np.arange(8 * n) % 2 == 0
    return mg.where(y, mg.tile(t, 8), 0.0), y


@uses
def branch_of_where(t: Any, n: int) -> Any:
    y = np.arange(1.0, n + 1)
    return mg.where(np.arange(n) % 2 == 0, t * 2, y) * t, y


@uses
def mask_as_index(t: Any, n: int) -> Any:
    y = np.arange(8 * n) % 2 == 0
    return mg.tile(t, 8)[y] ** 2, y


@uses
def index(t: Any, n: int) -> Any:
    y = np.arange(n)[::-1].copy()
    return t[y] * np.arange(n), y


@uses
def index_in_a_tuple(t: Any, n: int) -> Any:
    y = np.arange(n)[::-1].copy()
    return t[None][0, y] * np.arange(n), y


@uses
def take(t: Any, n: int) -> Any:
    y = np.arange(n)[::-1].copy()
    return mg.take(t, y) * np.arange(n), y


@uses
def take_along_axis(t: Any, n: int) -> Any:
    y = np.arange(n)[::-1].copy()
    return mg.take_along_axis(t, y, 0) * np.arange(n), y


@uses
def embedding(t: Any, n: int) -> Any:
    y = np.arange(n)[::-1].copy()
    return mg.embedding(y, t.reshape(n, 1)) * np.arange(n)[:, None], y


@uses
def classes(t: Any, n: int) -> Any:
    y = np.arange(n) % 2
    return mg.cross_entropy(t.reshape(n, 1) * np.array([1.0, 2.0]), y), y


@uses
def targets(t: Any, n: int) -> Any:
    y = np.arange(1.0, n + 1)
    return mg.mse_loss(t, y), y


@uses
def knots(t: Any, n: int) -> Any:
    y = np.arange(n + 2.0)
    return mg.interp(t, np.arange(n + 2.0), y), y


@uses
def exponent(t: Any, n: int) -> Any:
    y = np.full(n, 2.0)
    return t**y, y


@uses
def bounds(t: Any, n: int) -> Any:
    y = np.full(n, 2.0)
    return mg.clip(t, None, y) * t, y


@uses
def kernel(t: Any, n: int) -> Any:
    y = np.arange(1.0, n + 1).reshape(1, n, 1)
    return mg.conv1d(t.reshape(1, n, 1), y), y


@uses
def right_hand_side(t: Any, n: int) -> Any:
    y = np.arange(2.0 * n).reshape(2, n)
    return mg.linalg.solve(np.diag([2.0, 3.0]) * t[0], y), y


@pytest.mark.parametrize("name", CONSTANTS)
@pytest.mark.parametrize("n", SIZES.values(), ids=SIZES)
def test_an_array_is_copied_or_locked_until_the_sweep(name: str, n: int):
    grads = []
    for write in (False, True):
        t = Tensor(np.linspace(0.5, n / 2, n))
        found, y = CONSTANTS[name](t, n)
        if write and not changed(y):
            assert y.nbytes > guard.SMALL
        found.backward(np.cos(np.arange(found.size, dtype=float)).reshape(found.shape))
        grads.append(t.grad)
        assert y.flags.writeable
    np.testing.assert_array_equal(*grads)


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_pullback_keeps_what_it_needs(name: str):
    for n in SIZES.values():
        kept: list[np.ndarray] = []

        def f(t: Any, n: int = n, kept: list[np.ndarray] = kept) -> Any:
            found, y = CONSTANTS[name](t, n)
            kept.append(y)
            return found

        x = np.linspace(0.5, n / 2, n)
        (expected,) = mg.vjp(f, x)[1](np.ones(np.shape(f(x))))
        out, pull = mg.vjp(f, x)
        locked = not changed(kept[-1])
        for _ in range(2):
            np.testing.assert_array_equal(pull(np.ones(out.shape))[0], expected)
        assert not locked or kept[-1].nbytes > guard.SMALL
        del pull, out
        gc.collect()
        assert all(y.flags.writeable for y in kept)


def test_the_user_s_line_raises_while_a_large_array_is_in_use():
    t, y = Tensor(np.ones(LARGE)), np.ones(LARGE)
    z = (t * y).sum()
    for write in (
        lambda: y.__imul__(0),
        lambda: y.fill(0),
        lambda: y.sort(),
        lambda: np.copyto(y, 0),
        lambda: np.exp(y, out=y),
    ):
        with pytest.raises(ValueError, match="read-only"):
            write()
    z.backward()
    y *= 0
    assert (t.grad == 1).all()


def test_a_large_array_is_released_when_the_sweep_fails():
    @mg.op
    def fails(x: Any, y: Any, /) -> Any:
        return x * y

    def rule(g: Any, out: Any, x: Any, y: Any) -> Any:
        raise ArithmeticError("no")

    fails.rules(rule, rule)
    y, other = np.ones(LARGE), np.ones(LARGE)
    z = fails(Tensor(np.ones(LARGE)) * other, y).sum()
    assert not y.flags.writeable
    with pytest.raises(ArithmeticError):
        z.backward()
    assert y.flags.writeable
    assert other.flags.writeable
    from minigrad.operation import OPS

    del OPS["fails"]


def test_a_large_array_is_released_when_a_leaf_was_updated():
    w, y = Tensor(np.ones(LARGE)), np.ones(LARGE)
    z = (w * y).sum()
    w.data -= 1
    with pytest.raises(RuntimeError, match="updated in place"):
        z.backward()
    assert y.flags.writeable


def test_a_large_array_is_released_when_the_forward_fails_later():
    y = np.ones(LARGE)

    def f(x: Any) -> Any:
        z = x * y
        assert not y.flags.writeable
        return z @ np.ones(3)

    with pytest.raises(ValueError, match="matmul"):
        mg.grad(f)(np.ones(LARGE))
    assert y.flags.writeable


def test_a_large_array_is_released_when_the_graph_is_dropped():
    y = np.ones(LARGE)
    z = Tensor(np.ones(LARGE)) * y
    assert not y.flags.writeable
    del z
    assert y.flags.writeable


@pytest.mark.parametrize("retain", [True, False])
def test_it_is_released_by_either_kind_of_sweep(retain: bool):
    y = np.ones(LARGE)
    z = (Tensor(np.ones(LARGE)) * y).sum()
    z.backward(retain_graph=retain)
    assert y.flags.writeable


def test_a_large_array_that_was_read_only_stays_so():
    y = np.ones(LARGE)
    y.flags.writeable = False
    z = (Tensor(np.ones(LARGE)) * y).sum()
    z.backward()
    assert not y.flags.writeable


def test_a_read_only_view_of_a_writable_array_is_locked_through_it():
    base = np.ones(LARGE)
    view = base[:]
    view.flags.writeable = False
    t = Tensor(np.ones(LARGE))
    z = (t * view).sum()
    assert not changed(base)
    z.backward()
    assert changed(base)
    assert not view.flags.writeable


def test_two_graphs_share_an_array():
    y = np.ones(LARGE)
    a, b = ((Tensor(np.ones(LARGE)) * y).sum() for _ in range(2))
    a.backward()
    assert not y.flags.writeable
    b.backward()
    assert y.flags.writeable


def test_one_graph_uses_an_array_twice():
    t, y = Tensor(np.ones(LARGE)), np.full(LARGE, 2.0)
    z = (mg.exp(t * y) * y + y * y * t).sum()
    z.backward()
    assert y.flags.writeable
    np.testing.assert_allclose(t.grad, np.exp(2.0) * 4 + 4)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@pytest.mark.parametrize("how", ["swept", "dropped"])
def test_views_of_a_locked_array_are_released_in_any_order(order: tuple[int, ...], how: str):
    base = np.ones((2, LARGE))
    views = [base, base[0], base[0][::-1], base.T[:, 1]]
    graphs: list[Any] = [(Tensor(np.ones(v.shape)) * v).sum() for v in views]
    for k in order:
        assert not base.flags.writeable
        if how == "swept":
            graphs[k].backward()
        graphs[k] = None
    for v in views:
        assert v.flags.writeable
        v[...] = 1


def test_a_view_taken_while_locked_cannot_be_written_through():
    y = np.ones(LARGE)
    z = (Tensor(np.ones(LARGE)) * y).sum()
    assert not changed(y[1:])
    assert not changed(y.reshape(1, -1))
    z.backward()
    assert changed(y[1:])


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("n", [4, LARGE])
def test_a_result_that_shows_an_array_of_somebody_else_is_a_copy(static: bool, n: int):
    table = np.ones(n)

    @mg.op
    def shows_a_table(x: Any, /, *, where: Any = None) -> Any:
        return (table if where is None else where)[1:]

    shows_a_table.rules(lambda g, out, x, where: 0.0 * np.sum(g))
    x = Tensor(np.full(n - 1, 2.0))
    shown = shows_a_table(1.0 * x[0], **({"where": table} if static else {}))
    z = (shown * x).sum()
    assert changed(table) or static  # a large static argument is read-only until the sweep
    z.backward()
    np.testing.assert_array_equal(x.grad, np.ones(n - 1))
    assert changed(table)


@pytest.mark.parametrize("call", [lambda x: x[:, [1, 0]], lambda x: mg.logsumexp(x, 1), lambda x: mg.roll(x, 1)])
def test_a_view_of_an_operation_s_own_array_is_not_copied(call: Any):
    out = call(Tensor(np.ones((2, 3)))).data
    assert out.base is not None
    assert not guard.exposed(out)


def test_a_view_made_before_is_the_hole_that_is_documented():
    y = np.ones(LARGE)
    view = y[:]
    t = Tensor(np.ones(LARGE))
    z = (t * y).sum()
    assert changed(view)
    z.backward()
    assert "A view made before recording can still be written through" in str(guard.__doc__)


def test_threads_that_share_an_array():
    y = np.ones(LARGE)
    view = y[: LARGE - 1]

    def work(n: int) -> float:
        for _ in range(20):
            t = Tensor(np.full(LARGE, float(n)))
            z = (t * y).sum() + (t[: LARGE - 1] * view).sum()
            if n % 2:
                z.backward()
                assert t.grad[0] == 2
        return float(n)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(16))) == list(map(float, range(16)))
    gc.collect()
    assert y.flags.writeable
    assert view.flags.writeable
    assert not guard.HELD


def test_nothing_is_held_where_nothing_is_tracked():
    y = np.ones(LARGE)
    kept = [Tensor(y, requires_grad=False) * y, mg.exp(y), Tensor(y)]
    with mg.no_grad():
        kept.append(Tensor(y) * y)
    assert y.flags.writeable
    assert len(kept) == 4


def test_the_user_may_write_to_what_was_handed_out_by_a_sweep_or_a_transform():
    x = Tensor(np.ones(LARGE))
    (x * np.ones(LARGE)).sum().backward()
    assert changed(x.grad)
    assert changed(mg.grad(lambda x: (x * x).sum())(np.ones(LARGE)))
    assert changed(mg.jacobian(lambda x: x * x)(np.ones(3)))
    value, pull = mg.vjp(lambda x: x * x, np.ones(3))
    assert changed(value)
    assert changed(pull(np.ones(3))[0])


def test_an_argument_of_a_transform_may_be_written_to_at_once():
    x = np.ones(LARGE)
    _, pull = mg.vjp(lambda x: x * x, x)
    assert changed(x)
    np.testing.assert_array_equal(pull(np.ones(LARGE))[0], np.full(LARGE, 2.0))


# In place, through any door


def refused_or(w: Any, f: Any, expected: Any) -> None:
    """A sweep that tells of the update, or gives the gradient of what was recorded."""
    try:
        f.backward()
    except RuntimeError as error:
        if "was updated in place" not in str(error):
            raise
    else:
        np.testing.assert_allclose(w.grad, expected)


def _step(optimizer: Any) -> Callable[[Tensor], None]:
    def step(w: Tensor) -> None:
        held, w.grad = w.grad, np.ones(w.shape)
        optimizer([w]).step()
        w.grad = held

    return step


def _augmented(w: Tensor) -> None:
    with mg.no_grad():
        w -= 1.0


UPDATES: dict[str, Callable[[Tensor], Any]] = {
    "data -=": lambda w: setattr(w, "data", w.data - 1.0),
    "data[0] =": lambda w: w.data.__setitem__(0, 5.0),
    "data[...] -=": lambda w: w.data.__isub__(1.0),
    "data.fill": lambda w: w.data.fill(5.0),
    "data.sort": lambda w: w.data[::-1].sort(),
    "out=data": lambda w: np.add(w.data, 1.0, out=w.data),
    "numpy()": lambda w: w.numpy().__setitem__(0, 5.0),
    "detach().data": lambda w: w.detach().data.__isub__(1.0),
    "detach()[0] =": lambda w: w.detach().__setitem__(0, 5.0),
    "detach().data -=": lambda w: setattr(w.detach(), "data", w.data - 1.0),
    "slice of data": lambda w: w.data[1:].__isub__(1.0),
    "reshape of data": lambda w: w.data.reshape(-1).__isub__(1.0),
    "transpose of data": lambda w: w.data.T.__isub__(1.0),
    "memoryview": lambda w: memoryview(w.data).cast("B").__setitem__(7, 0),
    "dlpack": lambda w: np.from_dlpack(w.detach()).__isub__(1.0),
    "asarray in no_grad": lambda w: _write_in_no_grad(w),
    "element": lambda w: w.__setitem__(0, 5.0),
    "augmented": _augmented,
    "SGD": _step(lambda p: minigrad.optim.SGD(p, lr=1.0)),
    "Adam": _step(lambda p: minigrad.optim.Adam(p, lr=1.0)),
    "SGD on detach()": lambda w: _step(lambda p: minigrad.optim.SGD(p, lr=1.0))(w.detach()),
}


def _write_in_no_grad(w: Tensor) -> None:
    with mg.no_grad():
        array = np.asarray(w)
    array -= 1.0


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("n", [2, LARGE])
@pytest.mark.parametrize("handed_out", [False, True])
def test_every_update_of_a_leaf_is_noticed_or_harmless(update: str, n: int, handed_out: bool):
    start = np.linspace(1.0, 2.0, n)
    w = Tensor(start)
    outside = [w.data, w.detach()] if handed_out else []
    f = (w * w).sum()
    with own_line():
        UPDATES[update](w)
    refused_or(w, f, 2 * start)
    assert len(outside) == 2 * handed_out


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("n", [2, LARGE])
def test_every_update_of_a_constant_leaf_too(update: str, n: int):
    start = np.linspace(1.0, 2.0, n)
    c, x = Tensor(start, requires_grad=False), Tensor(np.ones(n))
    f = (x * c[::-1] + mg.exp(c).detach() * 0.0).sum()
    with own_line():
        UPDATES[update](c)
    refused_or(x, f, start[::-1])


@pytest.mark.parametrize(
    "view", [lambda c: c.T, lambda c: c[:], lambda c: c.reshape(-1).reshape(2, 2), mg.transpose, lambda c: c.detach().T]
)
@pytest.mark.parametrize("update", ["data -=", "data[...] -=", "data[0] =", "element", "augmented", "SGD"])
def test_a_constant_s_view(view: Any, update: str):
    c, x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=False), Tensor(np.ones((2, 2)))
    used = view(c)
    expected = used.data.copy()
    f = (x * used).sum()
    UPDATES[update](c)
    refused_or(x, f, expected)


@pytest.mark.parametrize("n", [2, LARGE])
def test_what_shares_a_leaf_s_array_does_not_change_under_it(n: int):
    """Two tensors around one array: whoever is updated, a graph of the other is right or refuses."""
    w = Tensor(np.ones(n))
    twin = w.detach()
    x = Tensor(np.ones(n))
    f = (x * twin).sum()
    with own_line():
        w.data[...] = 5.0
    refused_or(x, f, np.ones(n))
    w, x = Tensor(np.ones(n)), Tensor(np.ones(n))
    twin = w.detach()
    f = (x * twin).sum()
    _step(lambda p: minigrad.optim.SGD(p, lr=1.0))(w)
    refused_or(x, f, np.ones(n))


@pytest.mark.parametrize("update", UPDATES)
def test_a_leaf_that_another_graph_has_locked_and_released(update: str):
    start = np.linspace(1.0, 2.0, LARGE)
    w = Tensor(start)
    kept = w.data
    first, second = [(w * w).sum() for _ in range(2)]
    first.backward()
    w.zero_grad()
    with own_line():
        UPDATES[update](w)
    refused_or(w, second, 2 * start)
    assert kept.shape == w.shape


def test_an_optimiser_s_step_between_forward_and_backward():
    w = Tensor(np.ones(4))
    optimizer = minigrad.optim.SGD([w], lr=0.1)
    (w * w).sum().backward()
    f = (w * w).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match="updated in place"):
        f.backward()


@pytest.mark.parametrize("change", [
    lambda x: x.__setitem__(x < 0, 0.0), lambda x: x.__setitem__(0, 0.0), lambda x: setattr(x, "data", x.detach().data * 0),
    lambda x: x.__setitem__(slice(None), x.detach()),
], ids=["mask", "element", "data", "slice"])  # fmt: skip
@pytest.mark.parametrize("transform", ["grad", "vjp", "jacobian", "hessian", "jvp", "hvp"])
def test_an_assignment_to_the_argument_of_a_transform(change: Any, transform: str):
    def f(x: Any) -> Any:
        change(x)
        return np.sum(x)

    with pytest.raises(RuntimeError, match=r"which a transform is differentiating, and is not recorded.*where\("):
        TRANSFORMS[transform](f)


def test_an_augmented_assignment_in_a_transform_makes_a_new_tensor():
    def f(x: Any) -> Any:
        x *= 2.0
        x += 1.0
        return mg.sum(x * x)

    assert mg.grad(f)(np.ones(2)).tolist() == [12, 12]

    def quiet(x: Any) -> Any:
        with mg.no_grad():
            x *= 2.0
        return mg.sum(x * x)

    with pytest.raises(RuntimeError, match="a transform is differentiating"):
        mg.grad(quiet)(np.ones(2))


def test_a_parameter_updated_while_recording_is_refused():
    p = Tensor([1.0, 2.0], name="p")
    (p * p).sum().backward()
    with pytest.raises(RuntimeError, match=r"an in-place update of tensor 'p'.*no_grad\(\)"):
        p -= 0.1 * p.grad
    total = Tensor(0.0)
    for x in (Tensor(1.0), Tensor(2.0)):
        total += x * x
    total.backward()
    assert total.item() == 5.0
    total = Tensor(0.0)
    total += 3.0
    assert total.item() == 3.0


# Copies


def test_a_copy_of_a_result_is_the_result():
    y = Tensor([1.0, 2.0]) * 2
    assert copy.copy(y) is y
    x = Tensor([1.0, 2.0], name="x")
    twin = copy.copy(x)
    assert twin is not x
    assert (twin.name, twin.requires_grad, twin.tolist()) == ("x", True, [1, 2])
    assert mg.grad(lambda x: copy.copy(x * x).sum())(X).tolist() == [2, 4, 6]
    assert mg.grad(lambda x: copy.copy([x * x])[0].sum())(X).tolist() == [2, 4, 6]


@pytest.mark.parametrize(
    "way", [copy.deepcopy, pickle.dumps, lambda y: copy.deepcopy({"y": [y]}), lambda y: pickle.dumps([y])]
)
def test_a_deep_copy_or_pickle_of_a_result(way: Any):
    y = Tensor([1.0, 2.0]) * 2
    with pytest.warns(GradientLost, match="a deep copy or a pickle holds the value alone of the result of multiply"):
        way(y)
    with pytest.raises(TypeError, match="holds the value alone"):
        mg.grad(lambda x: way(x * x) and x.sum())(X)
    with mg.no_grad():
        way(y)
    way(y.detach())
    way(Tensor([1.0, 2.0]))


def test_leaves_are_copied_and_pickled_as_ever():
    x = Tensor(np.float32([1.0, 2.0]), name="x")
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert (twin.name, twin.requires_grad, twin.dtype, twin.tolist()) == ("x", True, np.float32, [1, 2])
        twin.data[0] = 5.0
    assert x.tolist() == [1, 2]


def test_a_module_is_deep_copied_and_pickled():
    model = minigrad.nn.Linear(3, 2, rng=np.random.default_rng(0))
    model(X).sum().backward()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.weight.data, model.weight.data)
        assert twin.weight.is_leaf


# A chain of leaves that are replaced


def descend(steps: int, update: Callable[[Any], Any]) -> Any:
    w = Tensor([1.0, 2.0])
    for _ in range(steps):
        (w * w).sum().backward()
        w = update(w)
    return w


def test_leaves_that_are_replaced_are_noticed_once():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        descend(130, lambda w: w - 0.01 * w.grad)
    assert len(seen) == 1
    assert seen[0].category is GrowingGraph
    for words in ("100 or more updates such as w = w - lr * w.grad", "no_grad(): w -= lr", "Tensor(w.data - lr"):
        assert words in str(seen[0].message)
    assert seen[0].filename == __file__


def update_in_place(w: Any) -> Any:
    with mg.no_grad():
        w -= 0.01 * w.grad
    w.zero_grad()
    return w


def test_the_two_right_ways_and_short_loops_say_nothing():
    same = [descend(130, f) for f in (update_in_place, lambda w: Tensor(w.data - 0.01 * w.grad))]
    np.testing.assert_allclose(same[0].data, same[1].data)
    descend(20, lambda w: w - 0.01 * w.grad)


# Names, from elsewhere


@pytest.mark.parametrize(("name", "ours"), [
    ("tensor", "Tensor"), ("cat", "concatenate"), ("unsqueeze", "expand_dims"), ("view", "reshape"), ("clamp", "clip"),
    ("mm", "matmul"), ("pow", "power"), ("asin", "arcsin"), ("array", "Tensor"), ("inference_mode", "no_grad"),
    ("jit", "compile"), ("absolute", "abs"), ("inverse", "linalg.inv"), ("det", "linalg.det"), ("erfinv", "special.erfinv"),
    ("Linear", "nn.Linear"), ("Adam", "optim.Adam"), ("DataLoader", "data.DataLoader"), ("functional", "nn.functional"),
    ("relu_", "relu"),
])  # fmt: skip
def test_functions_of_others_are_answered_with_ours(name: str, ours: str):
    with pytest.raises(AttributeError, match=rf"module 'minigrad' has no attribute '{name}'; it is minigrad\.{ours} here"):
        getattr(mg, name)
    assert attrgetter(ours)(mg)


@pytest.mark.parametrize(("place", "name", "says"), [
    ("", "zeros", r"it is numpy.zeros; for a leaf, write Tensor\(numpy.zeros\(...\)\)"), ("", "isnan", "it is numpy.isnan"),
    ("", "float32", "it is numpy.float32"), ("", "vmap", "write the axis"), ("", "randn", r"rng.normal\(size=shape\)"),
    ("", "device", "all tensors are on the CPU"), ("", "enable_grad", r"except inside minigrad.no_grad\(\)"),
    ("nn", "relu", "it is minigrad.relu here"), ("nn", "Adam", "it is minigrad.optim.Adam here"),
    ("nn", "ZeroPad2d", "write minigrad.nn.functional.pad"), ("nn", "LazyLinear", "there are no lazy ones"),
    ("nn.functional", "hardshrink", "write minigrad.where"), ("nn.functional", "relu_", "changes nothing in place"),
    ("nn.init", "kaiming_normal_", "it is minigrad.nn.init.kaiming_normal here"), ("optim", "LBFGS", "scipy.optimize.minimize"),
])  # fmt: skip
def test_a_missing_name_of_a_module_says_where_it_is_or_what_to_write(place: str, name: str, says: str):
    module = attrgetter(place)(mg) if place else mg
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute '{name}'; .*{says}"):
        getattr(module, name)


def test_of_a_name_that_nobody_knows_python_finds_similar_ones():
    for module, name in ((mg, "softmx"), (mg.nn, "Lineer"), (mg.optim, "Adamm")):
        with pytest.raises(AttributeError) as error:
            getattr(module, name)
        assert (error.value.name, error.value.obj) == (name, module)
    assert not hasattr(mg, "__wrapped__")


@pytest.mark.parametrize(("name", "ours"), [
    ("view", r"reshape\(...\)"), ("unsqueeze", "expand_dims"), ("mm", "x @ y"), ("numel", "size"), ("dim", "ndim"),
    ("tan", r"minigrad.tan\(x\)"), ("acos", r"minigrad.arccos\(x\)"), ("det", "linalg.det"), ("lgamma", "special.gammaln"),
    ("clone", r"x \* 1"), ("cuda", "CPU"), ("requires_grad_", "requires_grad = True"), ("add_", r"no_grad\(\)"),
    ("where", r"minigrad.where\(condition, a, b\)$"), ("pad", r"minigrad.pad\(x, pad_width\)$"), ("zero_", r"np.zeros_like\(x.data\)"), ("adjoint", r"conj\(\).mT"),
])  # fmt: skip
def test_methods_of_others_are_answered_with_ours(name: str, ours: str):
    with pytest.raises(AttributeError, match=f"'Tensor' object has no attribute '{name}'; here it is .*{ours}"):
        getattr(Tensor(X), name)


def test_the_names_that_are_answered_are_not_ours_and_what_they_point_to_exists():
    from minigrad import spellings

    for name, here in spellings.FUNCTIONS.items():
        assert not hasattr(mg, name)
        assert attrgetter(here)(mg)
    for name in (*spellings.WRITE, *spellings.CLASSES):
        assert not hasattr(mg, name)
    for name in spellings.CLASSES:
        assert not hasattr(mg.nn, name)
        assert not hasattr(mg.optim, name)
    said = " ".join((*spellings.METHODS.values(), *spellings.WRITE.values(), *spellings.CLASSES.values()))
    for here in set(re.findall(r"minigrad((?:\.\w+)+)", said)):
        assert attrgetter(here[1:])(mg)
    for name in spellings.METHODS:
        assert not hasattr(Tensor(1.0), name)
        assert name not in dir(Tensor(1.0))
    with pytest.raises(AttributeError, match=r"^module 'minigrad' has no attribute 'nonsense'$"):
        mg.nonsense  # noqa: B018
    with pytest.raises(AttributeError, match=r"^'Tensor' object has no attribute 'nonsense'$"):
        Tensor(1.0).nonsense  # noqa: B018
    assert not hasattr(Tensor(1.0), "__array_interface__")


@pytest.mark.parametrize(("call", "says"), [
    (lambda t: mg.sum(t, dim=0), r"sum has no argument 'dim'; it is axis= here, as in NumPy"),
    (lambda t: mg.sum(t, keepdim=True), r"sum has no argument 'keepdim'; it is keepdims= here"),
    (lambda t: t.mean(dim=0), r"mean has no argument 'dim'; it is axis= here"),
    (lambda t: mg.softmax(t, dim=0), r"softmax has no argument 'dim'; it is axis= here"),
    (lambda t: mg.var(t, unbiased=False), r"var has no argument 'unbiased'; it is ddof= here"),
    (lambda t: mg.max(t, nonsense=1), r"max has no argument 'nonsense'; it takes axis, initial, keepdims, where"),
])  # fmt: skip
def test_keywords_of_others_are_answered_with_ours(call: Any, says: str):
    with pytest.raises(TypeError, match=says):
        call(Tensor(X))


def test_the_submodule_tensor_is_imported_and_unpickled_all_the_same():
    import importlib
    import sys

    assert sys.modules["minigrad.tensor"].Tensor is mg.Tensor
    assert importlib.import_module("minigrad.tensor").Tensor is mg.Tensor
    from minigrad.tensor import Tensor

    assert Tensor is mg.Tensor
    assert pickle.loads(pickle.dumps(Tensor(1.0))).item() == 1.0


# Python's and other libraries' functions


def test_divmod():
    x, y = Tensor(7.5), Tensor(2.0)
    q, r = divmod(x, y)
    assert (q.item(), r.item()) == divmod(7.5, 2.0)
    r.backward()
    assert (x.grad, y.grad) == (1.0, -3.0)
    for q, r, expected in ((*divmod(9.5, y), divmod(9.5, 2.0)), (*divmod(x, 2.0), divmod(7.5, 2.0))):
        assert (q.item(), r.item()) == expected
        assert r.requires_grad


def test_functions_that_are_made_of_operators_are_right():
    t = Tensor(X)
    assert sum(t).requires_grad
    assert math.prod(t).item() == 6.0
    assert max(t) == 3.0
    assert round(t[0] * 1.26, 1).item() == 1.3
    assert statistics.median(t).requires_grad
    assert list(itertools.accumulate(t))[-1].item() == 6.0
    assert pow(t[1], 3).item() == 8.0
    y = sum(t) + math.prod(t) + max(t) + statistics.median(t)
    y.backward()
    assert t.grad.tolist() == [1 + 6, 1 + 3 + 1, 1 + 2 + 1]


def test_statistics_says_what_to_use():
    for f in (statistics.mean, statistics.stdev, statistics.pvariance):
        with pytest.raises(TypeError, match="statistics module"):
            f(Tensor(X))


def test_pandas_works_from_both_sides():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    for f in (operator.add, operator.sub, operator.mul, operator.truediv):
        t = Tensor([[1.0, 2.0], [3.0, 4.0]])
        for y in (f(frame, t), f(t, frame)):
            assert isinstance(y, Tensor)
            assert y.requires_grad
        series = frame["a"]
        assert isinstance(f(series, t[0]), Tensor)
        assert isinstance(f(t[0], series), Tensor)
    with pytest.raises(TypeError, match="plain array"):
        pd.DataFrame({"a": Tensor([1.0, 2.0])})


def test_a_library_that_prefers_itself_is_asked_by_its_priority():
    class Frame:  # as pandas decides
        def __mul__(self, other: Any) -> Any:
            return NotImplemented if getattr(other, "__pandas_priority__", 0) > 4000 else "lost"

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.array([2.0, 3.0])

    y = Frame() * Tensor([1.0, 2.0])
    assert isinstance(y, Tensor)
    assert y.tolist() == [2, 6]


# Random expressions over arrays that are written to


OPERATIONS: list[Callable[[Any, Any], Any]] = [
    lambda t, y: t * y,
    lambda t, y: y - t,
    lambda t, y: t / (y * y + 1),
    lambda t, y: mg.where(y > 0, t, t * y),
    lambda t, y: mg.maximum(t, y) * y,
    lambda t, y: np.sin(t) * y + t,
    lambda t, y: np.exp(t * 0.1) @ np.diag(y) if y.size < 100 else np.exp(t * 0.1) * y,
    lambda t, y: t[np.argsort(y)] * y,
    lambda t, y: mg.concatenate([t, y])[: y.size] + t * y,
    lambda t, y: mg.stack([t * y, y]).sum(0),
    lambda t, y: mg.hypot(t, y),
    lambda t, y: t ** np.abs(np.round(y)).astype(int),
    lambda t, y: mg.interp(t, np.sort(y), y) + t,
]


@settings(deadline=None, max_examples=150)
@given(
    picks=st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 2), st.booleans()), min_size=1, max_size=6),
    large=st.booleans(),
    seed=st.integers(0, 1000),
    way=st.sampled_from(["backward", "vjp", "grad"]),
)
def test_random_expressions_over_arrays_that_are_written_to(picks: list[Any], large: bool, seed: int, way: str):
    rng = np.random.default_rng(seed)
    n = LARGE if large else 5
    start, arrays = rng.uniform(0.5, 1.5, n), [rng.normal(size=n) for _ in range(3)]
    written = [a.copy() for a in arrays]

    def f(t: Any, arrays: list[np.ndarray], write: bool) -> Any:
        for i, (operation, k, then) in enumerate(picks):
            t = operation(t, arrays[k])
            if write and then:
                with own_line() as refused:
                    arrays[k] += 0.25 * (i + 1)
                if refused:
                    assert large
                    raise InUseError
            elif then:
                arrays[k] = arrays[k] + 0.25 * (i + 1)
        return mg.sum(t * np.cos(np.arange(n)))

    with np.errstate(all="ignore"):
        expected = mg.grad(lambda t: f(t, [a.copy() for a in arrays], False))(start)
        try:
            if way == "backward":
                t = Tensor(start)
                f(t, written, True).backward()
                found = t.grad
            elif way == "grad":
                found = mg.grad(lambda t: f(t, written, True))(start)
            else:
                pull = mg.vjp(lambda t: f(t, written, True), start)[1]
                for a in written:
                    changed(a)
                found = pull(1.0)[0]
        except InUseError:
            return
    np.testing.assert_array_equal(found, expected)


class InUseError(Exception):
    """The user's own line said that the array is in use."""


class TestMemoryOfOthers:
    """Arrays whose memory somebody else can write to, or that NumPy would not make writable again."""

    def test_a_step_leaves_views_of_a_parameter_as_they_were(self):
        x = Tensor(np.ones(10))
        optimizer = mg.optim.SGD([x], lr=0.5)
        x.grad = np.ones(10)
        for view in (x.reshape(-1, 1).detach(), x.reshape(-1, 1)):
            w = Tensor(np.ones((10, 1)))
            z = (w * view).sum()
            before = view.data.copy()
            optimizer.step()
            np.testing.assert_array_equal(view.data, before)
            if view.op is None:
                z.backward()
                np.testing.assert_array_equal(w.grad, before)

    def test_a_step_updates_in_place_where_nobody_else_refers_to_the_array(self):
        x = Tensor(np.ones(3))
        optimizer = mg.optim.SGD([x], lr=1.0)
        places = set()
        for _ in range(4):
            x.grad = np.ones(3)
            optimizer.step()
            places.add(x.value.__array_interface__["data"][0])
        assert len(places) == 1
        assert x.tolist() == [-3, -3, -3]

    def test_an_array_that_cannot_be_locked_and_unlocked_is_copied(self):
        frozen = np.ones(20000)
        view = frozen[:]
        gc.collect()  # what earlier tests have held
        frozen.flags.writeable = False
        for operand in (np.from_dlpack(np.ones(20000)), view):
            x = Tensor(np.ones(20000))
            y = (x * operand).sum()
            if operand.flags.writeable:
                operand[0] = 5
            y.backward()
            np.testing.assert_array_equal(x.grad, np.ones(20000))
            assert not guard.HELD

    def test_read_only_memory_of_something_writable(self):
        memory = bytearray(np.ones(3).tobytes())
        operand = np.frombuffer(memory)
        operand.flags.writeable = False
        x = Tensor(np.ones(3))
        y = (x * operand).sum()
        memory[:8] = np.array([9.0]).tobytes()
        y.backward()
        assert x.grad.tolist() == [1, 1, 1]

    def test_every_in_place_operator_updates_a_leaf(self):
        w = leaf = Tensor(2 * np.eye(2))
        with mg.no_grad():
            w @= np.eye(2)
            w **= 2
            w //= 2
            w %= 3
        assert w is leaf
        assert w.tolist() == [[2, 0], [0, 2]]


class TestHolds:
    """Arrays that are held, by many graphs and after a sweep that failed."""

    def test_thousands_of_arrays_are_released_in_linear_time(self, monkeypatch: pytest.MonkeyPatch):
        seen = []
        bases = guard._bases
        monkeypatch.setattr(guard, "_bases", lambda a: seen.append(1) or bases(a))
        counts = []
        for n in (50, 100):
            arrays = [np.ones(LARGE) for _ in range(n)]
            x = Tensor(np.ones(LARGE))
            z = mg.stack([(x * a)[0] for a in arrays]).sum()
            seen.clear()
            z.backward()
            counts.append(len(seen))
            assert all(a.flags.writeable for a in arrays)
        assert counts[1] <= 2 * counts[0]
        assert not guard.HELD

    def test_a_view_made_while_its_base_is_locked_stays_read_only_as_is_said(self):
        y = np.ones(LARGE)
        z = (Tensor(np.ones(LARGE)) * y).sum()
        view = y[1:]
        z.backward()
        assert not view.flags.writeable
        assert y[1:].flags.writeable
        assert "A view that was made\nwhile the array was read-only stays read-only" in str(guard.__doc__)

    def test_after_a_sweep_that_failed_the_graph_can_be_swept_again_and_nothing_is_held(self):
        fails = [True]

        @mg.op
        def sometimes(x: Any, /) -> Any:
            return x * 1.0

        from minigrad.operation import OPS

        del OPS["sometimes"]

        def rule(g: Any, out: Any, x: Any) -> Any:
            if fails:
                raise ArithmeticError(fails.pop())
            return g

        sometimes.rules(rule)
        x, y, other = Tensor(np.ones(LARGE)), np.full(LARGE, 2.0), np.full(LARGE, 3.0)
        z = (sometimes(x * y) * other).sum()
        with pytest.raises(ArithmeticError):
            z.backward()
        assert x.grad is None
        assert y.flags.writeable
        assert other.flags.writeable
        assert not guard.HELD
        z.backward()
        assert (x.grad == 6).all()
        assert "or the sweep fails" in str(guard.__doc__)


def test_a_hint_names_the_arguments_that_the_function_needs():
    from minigrad import spellings

    hints = {name: one for name, one in vars(Tensor).items() if isinstance(one, spellings.Foreign) and name in dir(mg)}
    assert len(hints) > 100
    for name in hints:
        with pytest.raises(AttributeError, match="here it is ") as error:
            getattr(Tensor(X), name)
        if found := re.search(rf"here it is minigrad\.{name}\((.*)\)$", str(error.value)):
            arguments = [one for one in found[1].split(", ") if not one.startswith("*")]
            signature(getattr(mg, name)).bind(*arguments)
