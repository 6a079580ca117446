"""Padding in each of NumPy's modes: values, dtypes, what receives a gradient, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor

X = np.array([[0.3, -1.7, 2.2], [4.1, 0.9, -0.6]])
MODES: list[dict[str, Any]] = [
    {},
    {"constant_values": 2.5},
    {"constant_values": ((1, 2), (3, 4))},
    {"mode": "linear_ramp"},
    {"mode": "linear_ramp", "end_values": ((1, 2), (3, 5))},
    *({"mode": mode} for mode in ("edge", "reflect", "symmetric", "wrap", "mean", "maximum", "minimum", "median")),
    {"mode": "mean", "stat_length": 2},
    {"mode": "maximum", "stat_length": ((1, 2), (3, 1))},
    {"mode": "reflect", "reflect_type": "odd"},
    {"mode": "symmetric", "reflect_type": "odd"},
]


@pytest.mark.parametrize("options", MODES, ids=str)
@pytest.mark.parametrize(
    "width", [0, 1, (2, 0), ((3, 2), (1, 4)), ((7, 6), (9, 8)), ((0, 0), (2, 1)), ((4, 3), (0, 0))], ids=str
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_values_and_dtypes_are_those_of_numpy(options: dict[str, Any], width: Any, dtype: Any):
    x = (X * (10 if dtype == np.int64 else 1)).astype(dtype)
    expected, found = np.pad(x, width, **options), np.pad(Tensor(x), width, **options)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.data, expected, rtol=2e-6 if dtype == np.float32 else 1e-12, atol=1e-5)
    assert not isinstance(mg.pad(x, width, **options), Tensor)


@pytest.mark.parametrize("options", MODES, ids=str)
def test_gradients_to_second_order(options: dict[str, Any]):
    assert mg.gradcheck(lambda x: mg.pad(x, ((2, 1), (0, 3)), **options), X, order=2)


@pytest.mark.parametrize(("name", "mode"), [("constant_values", "constant"), ("end_values", "linear_ramp")])
def test_constants_and_ends_receive_gradients(name: str, mode: str):
    for shape in ((), (2, 2), (2, 1), (2,)):
        assert mg.gradcheck(lambda x, v: mg.pad(x, ((1, 2), (3, 1)), mode, **{name: v}), X, np.cos(np.ones(shape)), order=2)
    t = Tensor(1.5)
    mg.pad([1.0, 2.0], (2, 1), mode, **{name: (t, 0.5)}).sum().backward()
    assert t.grad == (2 if mode == "constant" else 1.5)


def test_widths_by_axis():
    for width in ({1: (1, 2)}, {-1: 2, 0: (0, 1)}):
        np.testing.assert_array_equal(mg.pad(Tensor(X), width).data, np.pad(X, width))


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda t: mg.pad(t, 0, "mirror"), ValueError, "pad: mode 'mirror' is not one of 'constant', 'linear_ramp'"),
    (lambda t: np.pad(t, 1, "empty"), ValueError, "pad: mode 'empty' is not one of"),
    (lambda t: np.pad(t, -1), ValueError, "pad: widths must not be negative, got -1; crop"),
    (lambda t: np.pad(t, 1, "reflect", reflect_type="half"), ValueError, "pad: reflect_type is 'even' or 'odd', got 'half'"),
    (lambda t: np.pad(t, 1, "mean", stat_length=0), ValueError, "pad: stat_length must be at least 1, got 0"),
    (lambda t: mg.pad([1, 2], 1, constant_values=t), TypeError, "pad: constant_values= is not differentiated"),
    (lambda t: mg.pad([1.0, 2.0], 1, "mean", stat_length=t), TypeError, "pad: stat_length= is not differentiated"),
])  # fmt: skip
def test_what_padding_does_not_take_says_so(call: Any, kind: Any, says: str):
    with pytest.raises(kind, match=says):
        call(Tensor([1.0, 2.0]))
