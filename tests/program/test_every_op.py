"""Every operation traced, and its program run on other numbers than it was traced with: across kinks, ties and nan."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from samples_special import SAMPLES, Sample

import minigrad as mg
from minigrad.program import run
from minigrad.program.writing import Writer
from minigrad.transforms.trees import leaves

EVERY = [pytest.param(s, id=f"{name}-{i}") for name, samples in SAMPLES.items() for i, s in enumerate(samples)]
REFUSED = {
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d"), "random numbers"),
    "piecewise": "needs the value",  # of a mask, for functions of one's own
}


@pytest.fixture(autouse=True)
def every_array_is_freed_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are small; a program frees only large arrays after their last use."""
    monkeypatch.setattr(run, "LARGE", 1)


def others(x: Any) -> list[Any]:
    """Other numbers of the same shape: mirrored, all 0, all equal, and one of them nan."""
    holed = np.array(x)
    holed[(0,) * holed.ndim] = np.nan
    return [-x, np.zeros_like(x), np.full_like(x, x[(0,) * x.ndim]), holed, 0.9 * np.asarray(x) + 0.01]


def differentiable(sample: Sample) -> tuple[int, ...]:
    return tuple(
        i for i, x in enumerate(sample.inputs) if isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f" and x.size
    )


def total(sample: Sample) -> Callable[..., Any]:
    """The results weighed and added up."""

    def f(*inputs: Any) -> Any:
        t = 0.0
        for y in leaves(sample.call(mg, *inputs)):
            if isinstance(y, mg.Tensor) and y.requires_grad:
                t = t + np.sum(mg.real(y) * np.cos(1.0 + np.arange(float(y.size))).reshape(y.shape))
        return t

    return f


def squared(f: Callable[..., Any], positions: tuple[int, ...]) -> Callable[..., Any]:
    """The gradient of the squares of the gradient: second order."""
    return mg.grad(lambda *inputs: sum(np.sum(g * g) for g in mg.grad(f, positions)(*inputs)), positions)


def assert_same(found: Any, expected: Any) -> None:
    assert len(leaves(found)) == len(leaves(expected))
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        with np.errstate(all="ignore"):
            size = np.max(np.abs(b), initial=1.0, where=np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11 * float(size), equal_nan=True)


def outcome(f: Callable[..., Any], inputs: list[Any]) -> tuple[Any, str]:
    """What a function gives, or the name of the error it raises."""
    try:
        return f(*inputs), ""
    except (np.linalg.LinAlgError, ValueError, ArithmeticError, IndexError) as error:
        return None, type(error).__name__


@pytest.mark.parametrize(  # a gradient has the forward in it, and the second order the gradient
    ("sample", "order"),
    [
        pytest.param(*p.values, 2 if p.id.endswith("-0") else 1, id=p.id)
        for p in EVERY
        if p.id.rpartition("-")[0] not in REFUSED
    ],
)
def test_program_equals_eager_on_other_numbers(sample: Sample, order: int):
    positions = differentiable(sample)
    if not positions:
        pytest.skip("no floats to trace")
    f = total(sample)
    function = [lambda *x: sample.call(mg, *x), mg.value_and_grad(f, positions), squared(f, positions)][order]
    compiled = mg.compile(function)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected, error = outcome(function, list(sample.inputs))
        assert not error
        assert_same(compiled(*sample.inputs), expected)
        program = compiled.program
        assert all(text for _, text in Writer(program.inputs, program.steps, program.outputs).lines(program.steps))
        changed = zip(*(others(x) if i in positions else [x] * 5 for i, x in enumerate(sample.inputs)), strict=True)
        for inputs in map(list, changed):
            expected, error = outcome(function, inputs)
            try:
                found, problem = outcome(compiled, inputs)
            except mg.program.Untraceable as refused:
                assert "the shape of the result depends on the values" in str(refused)  # noqa: PT017
                continue
            assert problem in (error, "")  # what is not used is not computed, nor is its error raised
            if not error:
                assert_same(found, expected)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_stays_out(name: str):
    sample = SAMPLES[name][0]
    with pytest.raises(mg.program.Untraceable, match=REFUSED[name]):
        mg.compile(lambda *inputs: sample.call(mg, *inputs))(*sample.inputs)
