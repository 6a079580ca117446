"""Vectors compared by angle or by distance, and losses of such comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import ArrayLike, value_of
from minigrad.operation import composed
from minigrad.ops.dtypes import refuse_complex
from minigrad.ops.elementwise import add, divide, maximum, minimum, multiply, subtract, where
from minigrad.ops.networks.activation import relu
from minigrad.ops.networks.loss import check_reduction
from minigrad.ops.norms import norm
from minigrad.ops.reduce import mean, sum

if TYPE_CHECKING:
    from minigrad.graph import Tensor


@composed
def normalize(x: ArrayLike, p: float = 2.0, axis: int = 1, eps: float = 1e-12) -> Tensor:
    """Divide by the p-norm along an axis, or by eps where that is larger.

    >>> normalize(Tensor([[3.0, 4.0]]))
    Tensor([[0.6, 0.8]])
    """
    return divide(x, maximum(norm(x, p, axis, keepdims=True), eps))


@composed
def cosine_similarity(x1: ArrayLike, x2: ArrayLike, axis: int = 1, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between vectors along an axis; a norm below eps counts as eps, so that it is 0 for a vector of 0.

    >>> cosine_similarity(Tensor([[1.0, 0.0]]), [[1.0, 1.0]]).data.round(4)
    array([0.7071])
    """
    refuse_complex("cosine_similarity", x1, x2)
    products = sum(multiply(x1, x2), axis)
    return divide(products, multiply(maximum(norm(x1, 2, axis), eps), maximum(norm(x2, 2, axis), eps)))


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    check_reduction(reduction)
    return losses if reduction == "none" else (sum if reduction == "sum" else mean)(losses)


@composed
def cosine_embedding_loss(
    x1: ArrayLike, x2: ArrayLike, target: ArrayLike, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """Loss of pairs of vectors by their cosine c: 1 − c where the target is 1, max(0, c − margin) where it is −1.

    Parameters
    ----------
    x1, x2 : Tensor or array_like
        Shape (N, D) or (D,).
    target : array_like
        1 or −1 for each pair, shape (N,) or ().
    reduction : {"mean", "sum", "none"}
        Over the pairs.

    Examples
    --------
    >>> cosine_embedding_loss(Tensor([[1.0, 0.0], [0.0, 1.0]]), [[1.0, 1.0], [0.0, 2.0]], [1, -1]).item().__round__(4)
    0.6464
    """
    refuse_complex("cosine_embedding_loss", x1, x2)
    signs = np.asarray(value_of(target))
    if not np.isin(signs, (-1, 1)).all():
        raise ValueError("the target of a pair is 1 or -1")
    cosine = cosine_similarity(x1, x2, -1)
    if signs.shape != np.shape(cosine):
        raise ValueError(f"target of shape {signs.shape} should be {np.shape(cosine)}, one for each pair")
    return _reduced(where(signs > 0, subtract(1, cosine), relu(subtract(cosine, margin))), reduction)


@composed
def triplet_margin_loss(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Triplet loss, max(0, d(anchor, positive) − d(anchor, negative) + margin), where d(a, b) = ‖a − b + eps‖ₚ.

    Parameters
    ----------
    anchor, positive, negative : Tensor or array_like
        Shape (N, D) or (D,).
    swap : bool
        Take the negative's distance from anchor or positive, whichever is smaller (Balntas et al., 2016).
    reduction : {"mean", "sum", "none"}
        Over the triplets.

    Examples
    --------
    >>> triplet_margin_loss(Tensor([[0.0, 0.0]]), [[3.0, 4.0]], [[0.0, 5.5]]).item().__round__(4)
    0.5
    """
    refuse_complex("triplet_margin_loss", anchor, positive, negative)

    def distance(a: ArrayLike, b: ArrayLike) -> Tensor:
        return norm(add(subtract(a, b), eps), p, -1)

    apart = distance(anchor, negative)
    if swap:
        apart = minimum(apart, distance(positive, negative))
    return _reduced(relu(add(subtract(distance(anchor, positive), apart), margin)), reduction)
