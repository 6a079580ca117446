"""The linear layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from minigrad.fast.pool import product
from minigrad.graph import ArrayLike, Value
from minigrad.operation import composed, op
from minigrad.ops.dtypes import floats

if TYPE_CHECKING:
    from minigrad.graph import Tensor


def _rows(x: Value) -> Value:
    """View x as rows of its last axis, for one product instead of many."""
    return np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


@op(formulas=("upstream · weight", "upstream ⊗ x, summed over the batch", "upstream summed over the batch"))
def _linear(x: Value, weight: Value, bias: Value = None, /) -> Value:
    """The rows of x times the rows of the weight, plus a bias."""
    if np.ndim(weight) != 2 or np.shape(x)[-1:] != weight.shape[1:]:
        raise ValueError("weight must be (out_features, in_features), and x end in as many in_features")
    if bias is not None and np.shape(bias) != weight.shape[:1]:
        raise ValueError(f"bias must be {weight.shape[:1]}, for as many out_features as weight has")
    out = product(_rows(x), weight.T)
    if bias is not None:
        fits = type(out) is np.ndarray and np.result_type(out, bias) == out.dtype
        out = np.add(out, bias, out=out) if fits else out + bias
    return out.reshape(x.shape[:-1] + weight.shape[:1])


_linear.rules(
    lambda g, out, x, weight, bias: np.reshape(product(_rows(g), weight), x.shape),
    lambda g, out, x, weight, bias: product(np.transpose(_rows(g)), _rows(x)),
    lambda g, out, x, weight, bias: np.sum(_rows(g), axis=0),
)


@composed
def linear(x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Tensor:
    """Linear layer, x weightᵀ + bias: (..., in_features) and (out_features, in_features) give (..., out_features).

    >>> linear(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0]]), Tensor([0.5]))
    Tensor([11.5])
    """
    return _linear(*floats(x, weight, bias))
