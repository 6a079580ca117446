"""Bad input, one line each: the kind of exception, and the sentence that says what to do."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn
import minigrad.optim
from minigrad import Tensor
from minigrad.data import ArrayDataset
from minigrad.graph import value_of
from minigrad.operation import composed

V, M = Tensor([1.0, 2.0, 3.0]), Tensor(np.ones((2, 4)))
INT = Tensor(np.array([1, 2]))


def freed():
    x = Tensor(1.0)
    y = x * x
    y.backward(retain_graph=False)
    return y


def fitted(data):
    model = mg.nn.Linear(3, 1)
    return mg.nn.fit(model, data, mg.mse_loss, mg.optim.SGD(model.parameters(), lr=0.1), epochs=1, progress=False)


CASES = {
    "an object array": (lambda: Tensor(np.array([object()])), TypeError, "expected numbers .* got ndarray"),
    "a string": (lambda: Tensor("1.5"), TypeError, "Tensor: expected numbers .* got str"),
    "None": (lambda: Tensor(None), TypeError, "got NoneType"),
    "a cast of complex numbers": (lambda: Tensor(1j, dtype=float), TypeError, "Tensor: a cast to float64 loses the imaginary part; use x.real"),
    "dates": (lambda: Tensor(np.array(["2020-01-01"], "M8[D]")), TypeError, "datetime64"),
    "a ragged list": (lambda: Tensor([[1, 2], [3]]), ValueError, "nested lists are ragged"),
    "a list of tensors": (lambda: Tensor([V, V]), TypeError, "join them with minigrad.stack"),
    "a nested list of tensors": (lambda: V + [[V, V]], TypeError, "add: a list of tensors .* minigrad.stack"),
    "the gradient of integers": (lambda: Tensor(np.array([1, 2]), requires_grad=True), TypeError, "dtype int64 have no gradient"),
    "the gradient of booleans": (lambda: Tensor(True, requires_grad=True), TypeError, "dtype bool have no gradient"),
    "a name that is no string": (lambda: Tensor(1.0, name=3), TypeError, "the name is a string, got int"),
    "an unknown argument": (lambda: Tensor(1.0, grad=True), TypeError, "grad"),
    "shapes that do not broadcast": (lambda: V + M, ValueError, r"add: shapes \(3,\) and \(2, 4\) do not broadcast.*reshape"),
    "where that does not broadcast": (lambda: mg.where(V > 0, V, M), ValueError, r"where: shapes \(3,\) and \(3,\) and \(2, 4\) do not"),
    "matmul of wrong lengths": (lambda: M @ V, ValueError, r"matmul, inputs of shapes \(2, 4\) and \(3,\): the last axis of the first operand \(4\)"),
    "matmul with a number": (lambda: M @ Tensor(2.0), ValueError, "multiply with \\*"),
    "matmul of a number": (lambda: Tensor(2.0) @ M, ValueError, "multiply with \\*"),
    "an operand that is a string": (lambda: V * "2", TypeError, "multiply: expected numbers .* got str"),
    "an operand that is None": (lambda: V * None, TypeError, "multiply: expected numbers .* got NoneType"),
    "a complex operand": (lambda: mg.maximum(V, 1j), TypeError, "maximum: complex numbers are not accepted"),
    "an object operand": (lambda: V - np.array([None] * 3), TypeError, "subtract: expected numbers"),
    "too few inputs": (lambda: mg.add(V), TypeError, r"add needs 2 inputs \('a', 'b'\): b is missing"),
    "too many inputs": (lambda: mg.exp(V, V), TypeError, "exp takes at most 1 positional arguments, got 2"),
    "a static argument twice": (lambda: mg.sum(V, 0, axis=0), TypeError, "sum got two values for 'axis'"),
    "an unknown static argument": (lambda: mg.sum(V, dim=0), TypeError, "sum has no argument 'dim'; it is axis= here, as in NumPy"),
    "an axis out of range": (lambda: mg.sum(V, axis=3), IndexError, r"sum, inputs of shape \(3,\): axis 3 is out of bounds"),
    "a modulus of a power": (lambda: pow(V, 2, 5), TypeError, r"pow: a modulus is not recorded; use minigrad.remainder\(x\*\*y"),
    "a negative count of tile": (lambda: mg.tile(V, -1), ValueError, "^tile: the counts must be integers of at least 0, got -1"),
    "half a count of tile": (lambda: mg.tile(V, [1.5]), ValueError, r"^tile: the counts must be integers of at least 0, got \[1.5"),
    "the trace of a vector": (lambda: mg.trace(V), IndexError, r"^trace, inputs of shape \(3,\): axis 1 is out of bounds"),
    "a matrix norm of a vector": (lambda: mg.linalg.matrix_norm(V), IndexError, r"^matrix_norm, inputs of shape \(3,\): axis -2 is out"),
    "PyTorch's name of the first axis": (lambda: mg.flatten(M, start_dim=1), TypeError, "^flatten has no argument 'start_dim'; it is start_axis= here$"),
    "a dataset for batches": (lambda: fitted(ArrayDataset(np.ones((4, 3)), np.ones((4, 1)))), TypeError, r"^fit: the data is a dataset.*DataLoader\(dataset, batch_size\)"),
    "a list of items for batches": (lambda: fitted([(np.ones(3), 1.0)]), TypeError, "^fit: the data is a dataset, not batches"),
    "a reshape that does not fit": (lambda: M.reshape(3, 3), ValueError, r"reshape, inputs of shape \(2, 4\): cannot reshape"),
    "an index out of range": (lambda: V[5], IndexError, r"getitem, inputs of shape \(3,\): index 5 is out of bounds"),
    "an index that is a float": (lambda: V[1.5], IndexError, "getitem.*only integers"),
    "take out of range": (lambda: mg.take(V, [7]), IndexError, "out of bounds"),
    "concatenate of different shapes": (lambda: mg.concatenate([V, M]), ValueError, r"concatenate, inputs of shapes \(3,\) and \(2, 4\)"),
    "concatenate of nothing": (lambda: mg.concatenate([]), ValueError, "at least one array"),
    "stack of different shapes": (lambda: mg.stack([V, M]), ValueError, r"stack, inputs of shapes \(3,\) and \(2, 4\)"),
    "an uneven split": (lambda: mg.split(V, 2), ValueError, r"axis 0 of shape \(3,\) does not split into 2 equal"),
    "a fraction of a repeat": (lambda: mg.repeat(V, 0.5), TypeError, "repeat: the counts must be integers, got 0.5"),
    "many inputs": (lambda: mg.concatenate([V, M] * 500), ValueError, r"\(3,\) and \(2, 4\) and \(3,\) and 995 more: "),
    "the triangle of a number": (lambda: mg.tril(Tensor(1.0)), ValueError, "tril, inputs of shape .*: a scalar has no triangle"),
    "a negative pad": (lambda: mg.pad(V, -1), ValueError, "must not be negative"),
    "an unknown pad mode": (lambda: mg.pad(V, 1, "mirror"), ValueError, "mode 'mirror' is not one of"),
    "an unknown gelu": (lambda: mg.gelu(V, "fast"), ValueError, "approximate must be 'none' or 'tanh'"),
    "an unknown matrix norm": (lambda: mg.norm(M, 3), ValueError, "a matrix has no norm of order 3; use 'fro', 'nuc'"),
    "a norm of too many axes": (lambda: mg.norm(Tensor(np.ones((2, 2, 2))), 2), ValueError, "needs one axis"),
    "einsum with too few operands": (lambda: mg.einsum("ij,jk", M), ValueError, "has 2 terms for 1 operands"),
    "einsum with the wrong axes": (lambda: mg.einsum("ijk", M), ValueError, "does not fit operand 0, which has 2 axes"),
    "einsum with two lengths": (lambda: mg.einsum("ij,j", M, V), ValueError, "einsum"),
    "einsum with a result from nowhere": (lambda: mg.einsum("ij->k", M), ValueError, "'k' of the result"),
    "einsum without subscripts": (lambda: mg.einsum(M, M), TypeError, "needs subscripts first"),
    "tensordot over more axes than there are": (lambda: mg.tensordot(V, V, 2), ValueError, r"shapes \(3,\) and \(3,\) do not have 2 axes to sum over"),
    "tensordot of wrong lengths": (lambda: mg.tensordot(M, V, 1), ValueError, "differ in length"),
    "diag of a cube": (lambda: mg.diag(np.ones((1, 1, 1))), ValueError, "neither a vector nor a matrix"),
    "backward of an array without upstream": (lambda: (V * 2).backward(), ValueError, r"the result of multiply of shape \(3,\) is not a scalar"),
    "backward of a constant": (lambda: Tensor(1.0, requires_grad=False).backward(), RuntimeError, "is a constant and has no graph"),
    "backward of integers": (lambda: INT.backward([1, 1]), RuntimeError, "is a constant and has no graph"),
    "backward of a detached tensor": (lambda: (V.sum()).detach().backward(), RuntimeError, "detach"),
    "backward through a freed graph": (lambda: freed().backward(), RuntimeError, "was freed by an earlier backward"),
    "backward from text": (lambda: V.sum().backward("1"), TypeError, "backward: expected numbers"),
    "the truth of an array": (lambda: bool(V), ValueError, r"shape \(3,\) is ambiguous; use minigrad.any"),
    "a float of an array": (lambda: float(V), TypeError, "only a tensor of one element converts"),
    "the length of a number": (lambda: len(Tensor(1.0)), TypeError, "0-d tensor has no length"),
    "iterating a number": (lambda: list(Tensor(1.0)), TypeError, "0-d tensor"),
    "a float tensor as an index": (lambda: [1, 2][Tensor(1.0)], TypeError, "only a 0-d integer tensor can be an index"),
    "assigning a tensor into another": (lambda: Tensor([1.0, 2.0]).__setitem__(0, Tensor(1.0)), TypeError, "not recorded; join"),
    "data of another shape": (lambda: setattr(Tensor(1.0, name="w"), "data", [1.0, 2.0]), ValueError, r"tensor 'w' .* got \(2,\)"),
    "an attribute of one's own": (lambda: setattr(Tensor(1.0), "colour", 1), AttributeError, "colour"),
    "gradcheck without floating inputs": (lambda: mg.gradcheck(mg.exp, 1), TypeError, "no input is floating"),
    "gradcheck of a function that returns no tensor": (lambda: mg.gradcheck(lambda x: 1.0, 1.0), TypeError, "must return tensors, got float"),
    "gradcheck of no order": (lambda: mg.gradcheck(mg.exp, 1.0, order=0), ValueError, "order must be at least 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case: str):
    call, kind, says = CASES[case]
    with pytest.raises(kind, match=says):
        call()
    assert V.grad is None
    assert M.grad is None


def test_a_rule_of_the_wrong_shape_names_its_op():
    from minigrad.operation import OPS, op

    @op()
    def wrong(x, /):
        return x.sum()

    del OPS["wrong"]
    wrong.rules(lambda g, out, x: np.ones(5))
    with pytest.raises(RuntimeError, match=r"the rule of wrong .* shape \(5,\).* \(3,\)"):
        wrong(V).backward()
    with pytest.raises(TypeError, match="wrong has 1 inputs"):
        wrong.rules()


ALONG = {
    "all": mg.all, "any": mg.any, "append": lambda x, axis: mg.append(x, x, axis), "argmax": mg.argmax, "argmin": mg.argmin,
    "argsort": mg.argsort, "average": mg.average, "concatenate": lambda x, axis: mg.concatenate([x, x], axis),
    "cross": lambda x, axis: mg.cross(x, x, axis=axis), "cumprod": mg.cumprod, "cumsum": mg.cumsum,
    "diagonal": lambda x, axis: mg.diagonal(x, axis1=axis), "diff": lambda x, axis: mg.diff(x, axis=axis), "expand_dims": mg.expand_dims,
    "flatten": mg.flatten, "flip": mg.flip, "log_softmax": mg.log_softmax, "logsumexp": mg.logsumexp, "max": mg.max, "mean": mg.mean,
    "median": mg.median, "min": mg.min, "moveaxis": lambda x, axis: mg.moveaxis(x, axis, 0), "nancumsum": mg.nancumsum, "nanmax": mg.nanmax,
    "nanmean": mg.nanmean, "nanmedian": mg.nanmedian, "nanmin": mg.nanmin, "nanprod": mg.nanprod,
    "nanquantile": lambda x, axis: mg.nanquantile(x, 0.5, axis), "nanstd": mg.nanstd, "nansum": mg.nansum, "nanvar": mg.nanvar,
    "norm": lambda x, axis: mg.norm(x, axis=axis), "percentile": lambda x, axis: mg.percentile(x, 5, axis),
    "permute": lambda x, axis: mg.permute(x, (0, axis)), "prod": mg.prod, "ptp": mg.ptp, "quantile": lambda x, axis: mg.quantile(x, 0.5, axis),
    "repeat": lambda x, axis: mg.repeat(x, 2, axis), "roll": lambda x, axis: mg.roll(x, 1, axis), "softmax": mg.softmax, "sort": mg.sort,
    "split": lambda x, axis: mg.split(x, 2, axis), "squeeze": mg.squeeze, "stack": lambda x, axis: mg.stack([x, x], axis), "std": mg.std,
    "sum": mg.sum, "swapaxes": lambda x, axis: mg.swapaxes(x, 0, axis), "take": lambda x, axis: mg.take(x, [0], axis),
    "take_along_axis": lambda x, axis: mg.take_along_axis(x, [[0]], axis), "tensordot": lambda x, axis: mg.tensordot(x, x, ((axis,), (0,))),
    "trace": lambda x, axis: mg.trace(x, 0, 0, axis), "trapezoid": lambda x, axis: mg.trapezoid(x, axis=axis), "var": mg.var,
    "vector_norm": lambda x, axis: mg.linalg.vector_norm(x, axis=axis),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONG)
@pytest.mark.parametrize("x", [M, M.data], ids=["tensor", "array"])
def test_an_axis_out_of_range_is_said_alike_by_the_function_that_was_called(name: str, x):
    with pytest.raises(
        np.exceptions.AxisError, match=rf"^{name}, inputs of shapes? \(2, 4\).*: axis 7 is out of bounds for array"
    ):
        ALONG[name](x, 7)


@pytest.mark.parametrize(("theirs", "ours"), [("dim", "axis"), ("keepdim", "keepdims")])
def test_a_keyword_of_pytorch_is_answered_alike_by_every_function(theirs: str, ours: str):
    seen = 0
    for name in mg.ops.__all__:
        parameters = inspect.signature(function := getattr(mg, name)).parameters
        if ours in parameters and name != "apply_along_axis":  # which hands other keywords on to its function
            first = [V, V] if name in ("concatenate", "stack") else V
            others = [0.5] * sum(
                p.default is p.empty and p.kind is not p.KEYWORD_ONLY and p.name != ours for p in parameters.values()
            )
            with pytest.raises(TypeError, match=f"^{name} has no argument '{theirs}'; it is {ours}= here, as in NumPy$"):
                function(first, *others[1:], **{theirs: 0})
            seen += 1
    assert seen > 25


def test_scatter_and_getitem_name_themselves():
    for call in (mg.getitem, lambda x, key, **k: mg.scatter(x, key, (3,), **k)):
        with pytest.raises(TypeError, match=r"^(getitem|scatter) has no argument 'dim'; it takes x, key"):
            call(V, 0, dim=0)


def test_integers_and_booleans_are_floats_where_a_result_is():
    for x in (np.array([[1, 2]]), np.array([[True, False]]), Tensor(np.array([[1, 2]])), 3, True):
        exact = np.asarray(value_of(x), float)
        for f in (mg.softmax, mg.log_softmax, mg.logsumexp):
            np.testing.assert_array_equal(value_of(f(x)), f(exact))


def test_a_scalar_has_axis_0_where_numpy_s_has():
    for f in (
        mg.sum,
        mg.prod,
        mg.max,
        mg.min,
        mg.logsumexp,
        lambda x, axis: mg.cumprod(x, axis)[0],
        lambda x, axis: mg.cumsum(x, axis)[0],
    ):
        for axis in (0, -1):
            x = Tensor(3.0)
            y = f(x, axis)
            y.backward()
            assert (y.item(), x.grad) == (3.0, 1.0)
    x = Tensor(0.7)
    y = np.repeat(x, 2, axis=0)
    y.backward([1.0, 2.0])
    assert (y.tolist(), x.grad) == ([0.7, 0.7], 3.0)
    with pytest.raises(IndexError, match=r"^repeat, inputs of shape"):
        mg.repeat(x, 2, axis=1)


@composed
def smoothed(x):
    return mg.conv1d(x, np.full((1, 1, 3), 1 / 3))


def test_an_error_begins_with_the_function_that_was_called():
    """Of a check before any operation, of an operation, with tensors and without, and of the outermost function."""
    for x in (np.ones((1, 2, 5)), Tensor(np.ones((1, 2, 5)))):
        for call, name in ((lambda x: mg.conv1d(x, np.ones((1, 1, 3))), "conv1d"), (smoothed, "smoothed")):
            with pytest.raises(ValueError, match=f"^{name}: weight expects 1 input channels .* but x has 2") as caught:
                call(x)
            assert caught.value.fault.called == name
            assert caught.value.fault.inputs == ((x,) if isinstance(x, Tensor) else ())
    with pytest.raises(ValueError, match=r"^linear, inputs of shapes \(3,\) and \(2, 4\): weight must be"):
        mg.linear(V, M)
    with pytest.raises(np.exceptions.AxisError, match=r"^cross_entropy, inputs of shape \(2, 4\): axis 7 is out of bounds"):
        mg.cross_entropy(M, [0, 1], axis=7)
