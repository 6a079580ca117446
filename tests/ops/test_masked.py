"""Masks, initial values, dtypes and given means of reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gradients import gradient

import minigrad as mg
from minigrad import Tensor

X = np.array([[1.0, np.nan, 3.0], [-2.0, 5.0, 0.5]])
KEEP = np.array([[True, False, True], [False, True, True]])


@pytest.mark.parametrize(
    "name", ["sum", "prod", "mean", "var", "std", "max", "min", "nansum", "nanmean", "nanvar", "nanmax"]
)
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_an_element_that_is_left_out_changes_nothing(name: str, axis: Any):
    options = {"initial": 0.25} if name.endswith(("max", "min")) else {}

    def reduced(x: Any) -> Any:
        return getattr(np, name)(x, axis=axis, where=KEEP, **options)

    np.testing.assert_allclose(reduced(Tensor(X)).data, reduced(X), rtol=1e-14)
    found = gradient(reduced, X)
    assert (found[~KEEP] == 0).all()
    np.testing.assert_array_equal(found, gradient(reduced, np.where(KEEP, X, 7.0)))


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "nansum", "nanprod", "nanmax", "nanmin"])
@pytest.mark.parametrize("initial", [-9.0, 0.25, 9.0])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_an_initial_value_alone(name: str, initial: float, axis: Any):
    x = np.where(np.isnan(X), 2.0, X)
    np.testing.assert_allclose(
        getattr(np, name)(Tensor(x), axis=axis, initial=initial).data, getattr(np, name)(x, axis=axis, initial=initial)
    )


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std", "cumsum", "cumprod", "nanmean", "trace"])
@pytest.mark.parametrize("given", [np.float32, np.int64])
def test_a_dtype_is_that_of_the_sum(name: str, given: Any):
    x = np.array([[1, 2, 4], [3, 5, 7]]).astype(given)
    y = getattr(np, name)(Tensor(x), dtype=np.float64)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.data, getattr(np, name)(x, dtype=np.float64), rtol=1e-15)
    if given == np.float32:
        assert gradient(lambda t: getattr(np, name)(t, dtype=np.float64), x).dtype == np.float32


@pytest.mark.parametrize(("name", "value"), [("mean", 3), ("nanmean", 3), ("var", 0), ("nanstd", 0)])
def test_float16_is_added_in_float32(name: str, value: float):
    x = np.full(70_000, 3.0, np.float16)
    where = np.arange(70_000) % 7 != 0
    y = getattr(np, name)(Tensor(x), where=where)
    assert y.dtype == np.float16
    assert y.item() == value


def test_an_initial_value_receives_a_gradient():
    x, start = Tensor([1.0, 2.0]), Tensor(3.0)
    for reduced, slope in ((np.sum, 1.0), (np.prod, 2.0), (np.max, 1.0), (np.min, 0.0)):
        start.zero_grad()
        reduced(x, initial=start).backward()
        assert start.grad == slope
    assert np.max(Tensor(np.zeros((0, 2))), axis=0, initial=2.5).tolist() == [2.5, 2.5]
    assert np.max(Tensor([1, 5]), where=[True, False], initial=-3).item() == 1
    assert np.sum(Tensor(np.float32([1.0])), initial=0.5).dtype == np.float32


def test_a_given_mean_receives_a_gradient_of_its_own():
    x, mean = Tensor([1.0, 2.0, 6.0]), Tensor([2.0])
    np.var(x, mean=mean).backward()
    np.testing.assert_allclose(x.grad, 2 / 3 * np.array([-1.0, 0.0, 4.0]))
    np.testing.assert_allclose(mean.grad, [-2.0])
    assert np.std(Tensor([0.1, 0.1, 0.1, 9.0]), where=[True, True, True, False]).item() == 0


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda t: np.sum(t, where=[1.0, 0.0]), TypeError, "sum: where= is a mask of booleans, got float64"),
    (lambda t: mg.max(t, where=[True, False]), ValueError, "max: where= needs initial=, the result where no element is chosen"),
    (lambda t: mg.sum(t, where=[[True], [False]]), ValueError, r"sum: where= of shape \(2, 1\) does not broadcast to that of x, \(2,\)"),
    (lambda t: mg.mean(t, where=[True, False], nonsense=1), TypeError, "mean has no argument 'nonsense'"),
])  # fmt: skip
def test_masks_that_do_not_fit_say_so(call: Any, kind: Any, says: str):
    with pytest.raises(kind, match=says):
        call(Tensor([1.0, 2.0]))


def test_plain_arrays_stay_plain():
    for name in ("sum", "mean", "std"):
        found = getattr(mg, name)(X, where=KEEP)
        assert not isinstance(found, Tensor)
        assert found == getattr(np, name)(X, where=KEEP)


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("where", [True, [True, True, False]])
def test_as_many_degrees_of_freedom_as_elements(name: str, where: Any):
    x, count = np.array([1.0, 2.0, 4.0]), int(np.sum(np.broadcast_to(where, 3)))
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        right = getattr(np, name)(x, ddof=count, where=where)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(getattr(np, name)(Tensor(x), ddof=count, where=where).data, right)
