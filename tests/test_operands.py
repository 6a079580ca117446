"""An operand or a static argument that is a tensor is differentiated or refused in words; what is no plain array is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import minigrad as mg
import minigrad.border
import minigrad.data
import minigrad.nn
import minigrad.optim
from minigrad import Tensor, guard
from minigrad.graph import value_of
from minigrad.numpy_protocol import CONSTANT, LOSING
from minigrad.operation import OPS

X = np.array([3.0, 1.0, 2.0])
SQUARE = np.array([[1.0, 2.0], [3.0, 5.0]])


# Functions of NumPy whose results hold elements of their operands, and have no rule

LOST: dict[str, Callable[[Any], Any]] = {
    "histogram": np.histogram,
    "histogram of bins": lambda t: np.histogram(X, t[1:]),
    "histogram of weights": lambda t: np.histogram(X, 2, weights=t),
    "bincount": lambda t: np.bincount([0, 1, 1], weights=t),
    "bincount by position": lambda t: np.bincount(np.array([0, 1, 1]), t),
    "unique": np.unique,
    "ix_": np.ix_,
    "unique with counts": lambda t: np.unique(t, return_counts=True),
}


@pytest.mark.parametrize("name", LOST)
def test_a_plain_result_that_holds_elements_is_refused(name: str):
    function = name.split()[0]
    with pytest.raises(
        TypeError, match=rf"^np\.{function} would make a plain array of .*(scatter|histogram\(t\.data\)|t\[np|astype\(int\))"
    ):
        LOST[name](Tensor(X))
    with pytest.raises(TypeError, match=rf"^np\.{function} .*detach\(\)"):
        mg.grad(lambda x: np.sum(x * x + 0 * LOST[name](x * 1.0)[0]))(X)
    LOST[name](Tensor(X, requires_grad=False))
    with mg.no_grad():
        LOST[name](Tensor(X))
    mg.grad(lambda x: np.sum(x * x + 0 * np.sum(LOST[name](Tensor(X))[0])))(X)


def test_the_ways_that_the_refusals_name_are_right():
    t = Tensor(np.array([3.0, 1.0, 3.0, 2.0]))
    picked = t[np.unique(t.data, return_index=True)[1]]
    np.testing.assert_array_equal(picked.data, np.unique(t.data))
    weights = Tensor(X)
    added = mg.scatter(weights, np.array([0, 1, 1]), (2,))
    np.testing.assert_array_equal(added.data, np.bincount([0, 1, 1], weights=X))
    added.backward([1.0, 10.0])
    assert weights.grad.tolist() == [1, 10, 10]


# What the functions called constant are given in place of each array, and a small step away

STEPS: dict[Any, tuple[Any, ...]] = {
    np.searchsorted: (np.array([0.5, 1.5, 2.5]), X),
    np.digitize: (X, np.array([0.5, 1.5, 2.5])),
    np.isin: (X, np.array([1.0, 7.0])),
    np.lexsort: ((X, X[::-1]),),
    np.linalg.matrix_rank: (SQUARE,),
    np.tril_indices_from: (SQUARE,),
    np.diag_indices_from: (SQUARE,),
    np.ravel_multi_index: ((np.array([0, 1]), np.array([2, 0])), (2, 3)),
    np.unravel_index: (np.array([4, 0]), (2, 3)),
    np.triu_indices_from: (SQUARE,),
    np.einsum_path: ("i,i->", X, X),
    np.can_cast: (np.float64(1.0), np.float64),
    np.array_str: (X * 1000.0, None, 0),
    np.array_repr: (X * 1000.0, None, 0),
    np.array2string: (X * 1000.0, None, 0),
}
PAIRS = frozenset({
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.logical_and, np.logical_or,
    np.logical_xor, np.isclose, np.allclose, np.array_equal, np.array_equiv, np.result_type, np.shares_memory,
    np.may_share_memory,
})  # fmt: skip
TEXT = frozenset({np.array_str, np.array_repr, np.array2string})
MEMORY = frozenset({np.empty_like})  # whatever was there


@pytest.mark.parametrize("function", sorted(CONSTANT - MEMORY, key=str), ids=lambda f: f.__name__)
def test_a_function_called_constant_is_constant(function: Any):
    """It gives what NumPy gives, which is the same a small step away; or it takes integers only, which have no gradient."""
    if isinstance(function, np.ufunc) and not any("d" in types for types in function.types):
        integers = (np.array([6, 3, 5]), np.array([1, 2, 3]))[: function.nin]
        np.testing.assert_array_equal(value_of(function(*map(Tensor, integers))), function(*integers))
        with pytest.raises(TypeError):
            function(*[Tensor(X)] * function.nin)
        return
    args = STEPS.get(function, (X, X[::-1] + 0.25) if function in PAIRS else (X,))
    plain = function(*args)
    near = function(*[_each(a, lambda v: v + 1e-7 if v.dtype.kind == "f" else v) for a in args])
    found = function(*[_each(a, Tensor) for a in args])
    np.testing.assert_equal(found, plain)
    assert type(found) is type(plain)
    if function not in TEXT:
        np.testing.assert_equal(near, plain)


def _each(a: Any, change: Callable[[Any], Any]) -> Any:
    """An argument with its arrays changed."""
    if isinstance(a, tuple):
        return tuple(_each(v, change) for v in a)
    return change(a) if isinstance(a, np.ndarray | np.floating) else a


def test_no_function_is_both_constant_and_recorded():
    from minigrad.numpy_protocol import RECORDED

    assert not CONSTANT & set(LOSING)
    assert not (CONSTANT | set(LOSING)) & {
        f for f in RECORDED if RECORDED[f].__name__ not in ("argmax", "argmin", "any", "all")
    }


# Masked arrays and matrices

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "@": lambda a, b: a @ b,
    "add": np.add,
    "arctan2": np.arctan2,
    "dot": np.dot,
    "where": lambda a, b: np.where(np.eye(2) > 0, a, b),
    "concatenate": lambda a, b: np.concatenate([a, b]),
    "maximum": np.maximum,
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("other", ["masked array", "matrix"])
def test_masked_arrays_and_matrices_are_refused_from_both_sides(operator: str, reflected: bool, other: str):
    if (other, operator, reflected) == ("matrix", "**", True):
        return  # the matrix itself refuses, before it asks the tensor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        m = np.ma.array(SQUARE, mask=[[0, 1], [0, 0]]) if other == "masked array" else np.matrix(SQUARE)
        ways_on = "m.filled" if other == "masked array" else r"np\.asarray\(m\), and use @"
        t = Tensor(SQUARE)
        with pytest.raises(TypeError, match=ways_on):
            OPERATORS[operator](m, t) if reflected else OPERATORS[operator](t, m)


@pytest.mark.parametrize("use", [
    Tensor, lambda m: mg.sum(m), lambda m: Tensor(X)[m > 1], lambda m: mg.where(m > 1, Tensor(X), 0.0),
    lambda m: mg.mse_loss(Tensor(X), m), lambda m: mg.interp(m, [0.0, 4.0], Tensor([1.0, 2.0])),
    lambda m: mg.quantile(m, 0.5), lambda m: mg.cross_entropy(Tensor(np.eye(3)), m.astype(int) % 3),
    lambda m: mg.embedding(m.astype(int) % 3, Tensor(np.eye(3))), lambda m: mg.grad(np.sum)(m),
    lambda m: mg.cross_entropy(Tensor(np.eye(3)), [0, 1, 2], weight=m), lambda m: (Tensor(X) * 1.0).backward(m),
])  # fmt: skip
def test_a_masked_array_is_refused_wherever_an_array_goes(use: Any):
    with pytest.raises(TypeError, match=r"masked array of shape .* would lose its mask"):
        use(np.ma.array(X, mask=[0, 1, 0]))


def test_a_masked_array_keeps_its_mask_beside_what_is_not_tracked():
    m = np.ma.array(X, mask=[0, 1, 0])
    with mg.no_grad():
        y = m * Tensor(X)
    assert isinstance(y, np.ma.MaskedArray)
    assert y.mask.tolist() == [False, True, False]
    assert y.sum() == 13.0


# Static arguments

REFUSED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "class weights": ("cross_entropy: weight=", lambda s: mg.cross_entropy(Tensor(SQUARE), [0, 1], weight=s * np.ones(2))),
    "class weights of probabilities": ("cross_entropy: weight=", lambda s: mg.cross_entropy(Tensor(SQUARE), SQUARE / 9, s * np.ones(2))),
    "weights of log-probabilities": ("nll_loss: weight=", lambda s: mg.nll_loss(Tensor(SQUARE), [0, 1], weight=s * np.ones(2))),
    "loss weights": (
        "binary_cross_entropy: weight=", lambda s: mg.binary_cross_entropy(Tensor(SQUARE / 9), SQUARE / 9, weight=s),
    ),
    "loss weights of logits": (
        "binary_cross_entropy_with_logits: weight=", lambda s: mg.binary_cross_entropy_with_logits(Tensor(X), X / 9, s),
    ),
    "pos_weight": (
        "binary_cross_entropy_with_logits: pos_weight=",
        lambda s: mg.binary_cross_entropy_with_logits(Tensor(X), X / 9, pos_weight=s),
    ),
    "a rank's limit": ("pinv: rcond=", lambda s: mg.linalg.pinv(Tensor(SQUARE), s)),
    "a rank's limit by its other name": ("pinv: rcond=", lambda s: mg.linalg.pinv(Tensor(SQUARE), rtol=s)),
    "a rank's limit of lstsq": ("lstsq: rcond=", lambda s: mg.linalg.lstsq(Tensor(SQUARE), X[:2], rcond=s)),
    "the eps of layer_norm": ("layer_norm: eps=", lambda s: mg.layer_norm(Tensor(SQUARE), 2, eps=s)),
    "an order of a matrix norm": ("norm: ord=", lambda s: mg.norm(Tensor(SQUARE), 8 * s)),
    "an infinite order of a norm": ("vector_norm: ord=", lambda s: mg.linalg.vector_norm(Tensor(X), ord=np.inf * s)),
    "a condition number's order": ("cond: p=", lambda s: mg.linalg.cond(Tensor(SQUARE), 8 * s)),
    "the threshold of unwrap": ("unwrap: discont=", lambda s: mg.unwrap(Tensor(X), s)),
    "the degrees of freedom of var": ("var: ddof=", lambda s: mg.var(Tensor(X), ddof=s)),
    "the degrees of freedom of nanvar": ("nanvar: ddof=", lambda s: mg.nanvar(Tensor(X), ddof=s)),
    "the margin of a hinge": ("multiclass_hinge_loss: margin=", lambda s: mg.multiclass_hinge_loss(Tensor(SQUARE), [0, 1], s)),
    "a scale of interpolate": ("interpolate: scale_factor=", lambda s: mg.interpolate(Tensor(np.ones((1, 1, 4))), scale_factor=4 * s)),
    "an index to ignore": ("cross_entropy: ignore_index=", lambda s: mg.cross_entropy(Tensor(SQUARE), [0, 1], ignore_index=s)),
    "the divisor of a pool": ("avg_pool1d: divisor=", lambda s: mg.avg_pool1d(Tensor(np.ones((1, 1, 4))), 2, divisor_override=s)),
    "the momentum of running statistics": (
        "batch_norm: momentum=", lambda s: mg.batch_norm(Tensor(SQUARE), np.zeros(2), np.ones(2), training=True, momentum=s),
    ),
    "an order of a norm": ("norm: ord=", lambda s: mg.norm(Tensor(X), s)),
    "a probability of dropout": ("dropout: ", lambda s: mg.dropout(Tensor(X), s)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_tracked_static_argument_is_refused_in_words(name: str):
    start, call = REFUSED[name]
    with pytest.raises(
        TypeError, match=rf"^{start}.*is not differentiated, and its gradient would be lost; pass .*\.detach\(\)"
    ):
        call(Tensor(0.25))
    with pytest.raises(TypeError, match=f"^{start}"):
        mg.grad(lambda s: np.sum(call(s)))(0.25)
    call(Tensor(0.25).detach())
    with mg.no_grad():
        call(Tensor(0.25))


@pytest.mark.parametrize("shape", [(3, 3), (4, 3, 3)])
def test_an_attention_mask_that_is_added_receives_its_gradient(shape: tuple[int, ...]):
    rng = np.random.default_rng(0)
    attend = minigrad.nn.MultiheadAttention(4, 2, dtype=np.float64, rng=rng)
    x = rng.normal(size=(3, 2, 4))
    assert mg.gradcheck(lambda x, mask: attend(x, x, x, attn_mask=mask)[0], x, rng.normal(size=shape), order=2)
    padding = Tensor(np.zeros((2, 3)))
    (attend(x, x, x, key_padding_mask=padding)[0] ** 2).sum().backward()
    assert padding.grad.shape == (2, 3)
    assert padding.grad.any()


def test_the_quantile_of_a_tracked_q():
    q = Tensor(0.3)
    y = mg.quantile([1.0, 2.0, 4.0, 8.0], q)
    y.backward()
    np.testing.assert_allclose((y.item(), q.grad), (1.9, 3.0))
    ends = mg.grad(lambda q: mg.sum(mg.quantile(np.array([1.0, 2.0, 4.0]), q)))(np.array([0.0, 0.5, 1.0]))
    assert ends.tolist() == [2, 4, 4]  # to the right of an element, and to the left of the last
    assert mg.grad(lambda q: mg.quantile([5.0], q))(0.5) == 0
    assert mg.grad(lambda q: mg.quantile([1.0, 2.0, 4.0], q, method="nearest"))(0.4) == 0
    assert mg.grad(lambda q: mg.nanquantile([1.0, np.nan, 3.0, np.nan], q))(0.0) == 2
    assert mg.grad(lambda q: mg.nanquantile([1.0, np.nan], q))(0.5) == 0
    assert np.quantile(np.arange(3.0), q).requires_grad
    assert mg.quantile(np.float32([1, 2, 4]), Tensor(0.6)).dtype == np.float32


def test_the_quantile_beside_infinite_elements():
    x = np.array([-np.inf, 1.0, 2.0, np.inf])
    for q in (np.array([0.0, 1 / 3, 0.5, 1.0]), Tensor([0.0, 1 / 3, 0.5, 1.0])):
        np.testing.assert_allclose(value_of(mg.quantile(x, q)), [-np.inf, 1.0, 1.5, np.inf])


def test_running_statistics_are_not_updated_through_a_tensor():
    with pytest.raises(ValueError, match="running_mean must be a writeable floating array while training"):
        mg.batch_norm(Tensor(SQUARE), Tensor(np.zeros(2)), np.ones(2), training=True)
    x, mean, var = Tensor(np.float32(SQUARE)), np.float64([0, 1]), np.float64([1, 4])
    assert mg.batch_norm(x, mean, var).dtype == np.float32


# What an operation saves


class Kept(NamedTuple):
    array: Any
    count: int


SAVING: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "the array": (lambda y: y, lambda saved: saved),
    "a tuple": (lambda y: (1, y), lambda saved: saved[1]),
    "a list in a tuple": (lambda y: ([y],), lambda saved: saved[0][0]),
    "a dictionary": (lambda y: {"y": y}, lambda saved: saved["y"]),
    "a named tuple": (lambda y: Kept(y, 1), lambda saved: saved.array),
    "a view": (lambda y: y[::-1], lambda saved: saved[::-1]),
    "a reshaped view in a tuple": (lambda y: (y.reshape(1, -1),), lambda saved: saved[0][0]),
    "a copy": (lambda y: y.copy(), lambda saved: saved),
}


def _saving(how: str) -> Any:
    save, load = SAVING[how]

    @mg.op(saves=True)
    def product(x: Any, y: Any, /, *, w: Any = 1.0) -> Any:
        return x * y * w, (save(y), save(w) if isinstance(w, np.ndarray) else None)

    del OPS["product"]

    def rule(g: Any, out: Any, x: Any, y: Any, w: Any, saved: Any) -> Any:
        if saved is None:
            return g * y * w
        return g * load(saved[0]) * (w if saved[1] is None else load(saved[1]))

    product.rules(rule, lambda g, out, x, y, w, saved: g * x * w)
    return product


@pytest.mark.parametrize("how", SAVING)
@pytest.mark.parametrize("n", [3, guard.SMALL // 8 + 1])
@pytest.mark.parametrize("place", ["operand", "static argument", "leaf"])
@pytest.mark.parametrize("again", [False, True])
def test_what_an_operation_saves_stays_as_it_was(how: str, n: int, place: str, again: bool):
    x, y = Tensor(np.ones(n)), np.full(n, 2.0)
    leaf = Tensor(y)
    if place == "leaf":
        y = leaf.data
    product = _saving(how)
    z = product(x, np.ones(n), w=y) if place == "static argument" else product(x, leaf if place == "leaf" else y)
    if n == 3:
        y[...] = 7.0
    else:
        with pytest.raises(ValueError, match="read-only"):
            y[...] = 7.0
    if place == "leaf" and n == 3:
        with pytest.raises(RuntimeError, match="was updated in place"):
            z.sum().backward(create_graph=again)
        return
    z.sum().backward(create_graph=again)
    np.testing.assert_array_equal(x.grad.data if again else x.grad, np.full(n, 2.0))
    del z
    assert y.flags.writeable or again
    x.zero_grad()
    leaf.zero_grad()
    assert not guard.HELD or again


# Slopes, widths and bounds that are differentiated; the samples check them by finite differences

AT_KINKS: dict[str, tuple[Callable[..., Any], tuple[float, ...], tuple[float, ...]]] = {
    "leaky_relu at 0": (mg.leaky_relu, (0.0, 0.25), (0.25, 0.0)),
    "elu at 0": (mg.elu, (0.0, 0.5), (0.5, 0.0)),
    "hard_tanh at its lower bound": (mg.hard_tanh, (-1.0, -1.0, 1.0), (0.0, 1.0, 0.0)),
    "hard_tanh at its upper bound": (mg.hard_tanh, (1.0, -1.0, 1.0), (0.0, 0.0, 1.0)),
    "hard_tanh with bounds in the wrong order": (mg.hard_tanh, (0.0, 1.0, -1.0), (0.0, 0.0, 1.0)),
    "clip at its lower bound": (mg.clip, (-1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    "huber_loss at its width": (lambda x, t, d: mg.huber_loss(x, t, "sum", d), (1.5, 1.0, 0.5), (0.5, -0.5, 0.0)),
}


@pytest.mark.parametrize("name", AT_KINKS)
def test_the_gradients_at_kinks(name: str):
    call, at, expected = AT_KINKS[name]
    assert mg.grad(call, argnums=tuple(range(len(at))))(*at) == expected


@pytest.mark.parametrize("call", [
    lambda s: mg.leaky_relu(X - 2, negative_slope=s), lambda s: mg.elu(X - 2, alpha=s), lambda s: mg.hard_tanh(X - 2, min_val=s, max_val=9),
    lambda s: mg.clip(X, min=5 * s), lambda s: np.clip(Tensor(X), 5 * s, None), lambda s: mg.huber_loss(X, 2 * X, delta=s),
    lambda s: mg.cross_entropy(SQUARE, [0, 1], label_smoothing=s), lambda s: mg.pad(X, 1, constant_values=s),
    lambda s: np.pad(Tensor(X), 1, constant_values=s), lambda s: minigrad.nn.LeakyReLU(s)(X - 2),
    lambda s: mg.nan_to_num(X * np.array([1.0, np.nan, 1.0]), nan=s), lambda s: mg.full_like(X, s),
])  # fmt: skip
def test_they_are_differentiated_by_name_beside_plain_arrays(call: Any):
    s = Tensor(0.3)
    y = mg.sum(call(s))
    y.backward()
    step = 1e-6
    with mg.no_grad():
        slope = (mg.sum(call(Tensor(0.3 + step))) - mg.sum(call(Tensor(0.3 - step)))) / (2 * step)
    np.testing.assert_allclose(s.grad, value_of(slope), rtol=1e-6)
    assert s.grad != 0


def test_label_smoothing_of_0_and_beside_ignored_positions():
    x = np.array([[0.2, 1.0, -0.5], [np.nan, 0.0, 1.0], [0.3, 0.1, 0.2]])
    for reduction in ("mean", "sum"):

        def loss(s: Any, reduction: str = reduction) -> Any:
            return mg.cross_entropy(x, [1, -100, 2], [1.0, 2.0, 0.5], label_smoothing=s, reduction=reduction)

        for s in (0.0, 0.2):
            value, slope = mg.value_and_grad(loss)(s)
            np.testing.assert_allclose(value, loss(s))
            np.testing.assert_allclose(slope, (loss(s + 1e-6) - loss(s)) / 1e-6, rtol=1e-5)


def test_a_value_that_becomes_an_integer_is_refused_if_it_is_tracked():
    for call in (
        lambda s: mg.pad(np.arange(3), 1, constant_values=s),
        lambda s: mg.full_like(np.arange(3), s),
        lambda s: mg.full_like(X, s, dtype=int),
    ):
        with pytest.raises(TypeError, match=r"^(pad: constant_values|full_like: fill_value)= is not differentiated"):
            call(Tensor(0.3))
        assert call(Tensor(3.0).detach()).dtype == int


# Data


@pytest.mark.parametrize("use", [
    mg.data.ArrayDataset, lambda t: mg.data.ArrayDataset(X, t), lambda t: next(iter(mg.data.DataLoader([t, t], 2))),
    lambda t: next(iter(mg.data.DataLoader([(t, 1), (t, 2)], 2))),
])  # fmt: skip
def test_a_dataset_of_tracked_tensors_is_refused(use: Any):
    with pytest.raises(TypeError, match=r"^(ArrayDataset|DataLoader) would make a plain array of .*t\.data"):
        use(Tensor(X))
    use(Tensor(X).detach())
    use(Tensor(X, requires_grad=False))


def test_a_masked_array_is_no_data():
    with pytest.raises(TypeError, match=r"^ArrayDataset: a masked array of shape \(3,\) would lose its mask"):
        mg.data.ArrayDataset(np.ma.array(X, mask=[0, 1, 0]))


# At the edges of float16, and of differentiability


def test_a_weighted_average_of_many_halves():
    x, w = Tensor(np.ones(70000, np.float16)), Tensor(np.ones(70000, np.float16))
    y = mg.average(x, weights=w)
    y.backward()
    assert (y.item(), y.dtype, x.grad.dtype) == (1.0, np.float16, np.float16)
    np.testing.assert_allclose(x.grad, np.float16(1 / 70000))
    np.testing.assert_allclose(w.grad, 0.0)


@pytest.mark.parametrize(("root", "instead"), [
    (lambda x: mg.norm(x) ** 2, lambda x: mg.sum(x * x)),
    (lambda x: mg.linalg.vector_norm(x) ** 2, lambda x: mg.sum(x * x)),
    (lambda x: mg.hypot(x[0], x[1]) ** 2, lambda x: x[0] ** 2 + x[1] ** 2),
    (lambda x: mg.std(x) ** 2, mg.var),
])  # fmt: skip
def test_second_derivatives_at_a_kink_are_0_as_is_said_and_there_is_another_way(root: Any, instead: Any):
    assert not mg.hessian(root)(np.zeros(2)).any()
    near = mg.hessian(root)(np.array([1e-3, -1e-3]))
    np.testing.assert_allclose(mg.hessian(instead)(np.zeros(2)), near, atol=1e-6)
    for f in (mg.norm, mg.hypot, mg.std):
        assert "second derivatives are 0 there too, also those of its square" in f.__doc__


def test_an_optimiser_without_gradients_says_so():
    ours, other = minigrad.nn.Linear(2, 1), minigrad.nn.Linear(2, 1)
    optimizer = mg.optim.SGD(other.parameters(), lr=0.1)
    mg.mse_loss(ours(np.ones((3, 2), np.float32)), np.ones((3, 1), np.float32)).backward()
    with pytest.warns(
        mg.border.GradientLost, match="^SGD: no parameter has a gradient.*the optimiser of another model"
    ) as seen:
        optimizer.step()
    assert seen[0].filename == __file__
