"""What operations declare about themselves, against what their rules are seen to do on the samples."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import Any

import numpy as np
import pytest
from samples_special import SAMPLES

import minigrad as mg
from minigrad import Tensor, linalg, special
from minigrad.backward import sweep
from minigrad.graph import Node, topological_order
from minigrad.operation import OPS


def reached() -> dict[str, list[Node]]:
    """By operation, the nodes of every sample, of its gradients, and of theirs."""
    found = defaultdict(list)
    for sample in chain(*SAMPLES.values()):
        y = sample.call(mg, *(Tensor(x) if isinstance(x, np.ndarray | np.generic) else x for x in sample.inputs))
        roots = y if isinstance(y, list) else [y]
        for _ in range(3):
            roots = [y for y in roots if isinstance(y, Tensor) and y.requires_grad]
            for node in chain(*map(topological_order, roots)):
                found[node.op.name].append(node)
            sweeps = [sweep(y, Tensor(np.ones(y.shape)), create_graph=True) for y in roots]
            roots = [g for gradients in sweeps for x, g in gradients.items() if x.is_leaf]
    return found


NODES = reached()
OURS = {name: op for name, op in OPS.items() if op.__module__.startswith(("minigrad.ops.", "minigrad.special."))}


def test_every_registered_op_has_rules_and_is_reached_by_a_sample():
    assert {name for name, op in OPS.items() if op.vjps or op.joint} == set(OPS)
    assert set(NODES) == set(OURS)


def results(node: Node, g: Any, out: Any, values: Any) -> list[tuple[Any, Any]]:
    """The shape of each tracked input, and the result of its rule."""
    needed = [x is not None and x.requires_grad for x in node.inputs]
    with np.errstate(all="ignore"):
        found = node.op.downstream(needed, g, out, values, node.static)
    return [(np.shape(v), d) for v, d, need in zip(node.values, found, needed, strict=True) if need]


def stretches(own: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a shape broadcasts to another."""
    return len(own) <= len(shape) and all(m in (1, n) for m, n in zip(own[::-1], shape[::-1], strict=False))


def looks_elementwise(node: Node) -> bool:
    """Whether an element of the upstream gradient reaches its own index alone."""
    shape = node.value.shape
    g = np.random.default_rng(0).normal(size=shape)
    kept = (np.arange(g.size) % 2 == 0).reshape(shape)
    both = (results(node, d, node.value, node.values) for d in (g, np.where(kept, g, 0.0)))
    return all(
        stretches(own, shape)
        and stretches(np.shape(whole), shape)
        and not np.where(np.isfinite(part), part - np.where(kept, whole, 0), 0).any()
        for (own, whole), (_, part) in zip(*both, strict=True)
    )


# Each element keeps its index, but its gradient depends on that index, on a draw or on a conjugate, or is one of several.
KEEP_THEIR_INDEX = {"broadcast_to", "conj", "dropout", "tril", "triu"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_is_declared_elementwise_is_what_looks_so(name: str):
    expected = OPS[name].elementwise or name in KEEP_THEIR_INDEX
    assert all(map(looks_elementwise, NODES[name][: 50 if expected else None])) == expected


AFFINE = "add concatenate conj fft ifft imag irfft modf positive real rfft stack subtract".split()


@pytest.mark.parametrize("name", AFFINE)
def test_the_rules_of_an_affine_operation_read_no_input(name: str):
    assert OPS[name].affine
    for node in NODES[name][:50]:
        g = np.random.default_rng(0).normal(size=node.value.shape)
        other = [np.full(np.shape(v), 7.0) for v in node.values]
        read, unread = results(node, g, node.value, node.values), results(node, g, node.value * 0 + 7, other)
        for (_, a), (_, b) in zip(read, unread, strict=True):
            np.testing.assert_array_equal(a, b)


ROOT_OF_0: dict[str, Any] = {
    "maximum": lambda y: mg.maximum(1.0, y), "minimum": lambda y: mg.minimum(-1.0, y), "clip": lambda y: mg.clip(y, 1.0, 2.0),
    "where": lambda y: mg.where(False, y, 1.0), "fmax": lambda y: mg.fmax(1.0, y), "fmin": lambda y: mg.fmin(-1.0, y),
}  # fmt: skip


@pytest.mark.parametrize("name", ROOT_OF_0)
def test_behind_an_operation_that_routes_the_branch_not_taken_gets_0(name: str):
    x = Tensor(0.0)
    ROOT_OF_0[name](mg.sqrt(x)).backward()  # the local gradient of the root is infinite
    assert x.grad == 0


def test_what_else_is_declared():
    assert {name for name, op in OURS.items() if op.affine} == set(AFFINE)
    assert {name for name, op in OURS.items() if op.routes} == set(ROOT_OF_0)
    assert {name: op.symbol for name, op in OURS.items() if op.symbol} == {
        "add": "+", "subtract": "−", "multiply": "×", "divide": "/", "negative": "−x", "reciprocal": "1/x", "power": "**",
        "square": "x²", "sqrt": "√", "abs": "|x|", "maximum": "max", "minimum": "min", "matmul": "@",
    }  # fmt: skip


# Drawings name their local or downstream gradient only; so they do for all of minigrad.special.
WITHOUT_FORMULA = """
    arccos arccosh arcsin arcsinh arctan2 arctanh astype avg_unpool binary_cross_entropy binary_cross_entropy_with_logits
    cbrt ceil cholesky clip cofactor conj conv_weight copysign cumprod deg2rad det eig eigh einsum elu erf exp2 expm1
    fftconvolve floor floor_divide fmax fmin fmod fold gelu hard_tanh heaviside huber_loss i0 imag inv kl_div l1_loss log10
    log2 logaddexp logaddexp2 max_to mean_to mean_to_adjoint mish mse_loss multiclass_hinge_loss nearest nearest_adjoint
    nll_loss norm normalise one_of_each pinv qr rad2deg real remainder reorder resize resize_adjoint round
    scale_less_pick selu sign silu sinc slogdet soft_cross_entropy softsign solve std svd trunc unfold var
    fft ifft irfft rfft
"""


@pytest.mark.parametrize("name", sorted(name for name, op in OURS.items() if op.__module__.startswith("minigrad.ops.")))
def test_an_operation_has_a_formula_for_each_input_or_for_none(name: str):
    op = OPS[name]
    for values in [(np.ones(m), np.ones(n))[: op.arity] for m in (2, (2, 2)) for n in (2, (2, 2))]:
        values += (1.0,) * (op.arity - 2)
        given = {bool(op.formula(i, values, NODES[name][0].static if NODES[name] else {})) for i in range(op.arity)}
        assert given == {name not in WITHOUT_FORMULA.split()}


# The adjoint of another operation, or a part of a function that is composed; an error names the function that was called.
NOT_PUBLIC = """
    airy_ai airy_ai_slope airy_bi airy_bi_slope avg_unpool cofactor conv_weight cosh_integral cosine_integral
    fresnel_cosine fresnel_sine kl_divergence log_moment mean_to_adjoint nearest_adjoint one_of_each overlap
    resize_adjoint scale_less_pick sine_integral sinh_integral
"""


@pytest.mark.parametrize("name", sorted(OURS))
def test_an_operation_tells_the_public_name_of_the_function_that_applies_it(name: str):
    for node in NODES[name]:
        told = node.op.called(node.values, node.static)
        assert any(hasattr(room, told) for room in (mg, mg.fft, linalg, special)) != (name in NOT_PUBLIC.split())
