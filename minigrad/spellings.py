"""Names of PyTorch, JAX and autograd, and minigrad's for the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

FUNCTIONS = {
    "tensor": "Tensor",
    "as_tensor": "Tensor",
    "from_numpy": "Tensor",
    "Parameter": "Tensor",
    "Variable": "Tensor",
    "array": "Tensor",
    "cat": "concatenate",
    "concat": "concatenate",
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "pow": "power",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "unsqueeze": "expand_dims",
    "view": "reshape",
    "gather": "take_along_axis",
    "index_select": "take",
    "clamp": "clip",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "amax": "max",
    "amin": "min",
    "hardtanh": "hard_tanh",
    "logsigmoid": "log_sigmoid",
    "inference_mode": "no_grad",
    "make_vjp": "vjp",
    "make_jvp": "jvp",
    "check_grads": "gradcheck",
    "jacrev": "jacobian",
    "jacfwd": "jacobian",
}
"""Functions of other libraries, and the name of ours."""

KEYWORDS = {
    "dim": "axis",
    "dims": "axis",
    "keepdim": "keepdims",
    "input": "x",
    "other": "b",
    "correction": "ddof",
    "unbiased": "ddof",
    "start_dim": "start_axis",
    "end_dim": "end_axis",
    "inplace": "",
    "generator": "rng",
}
"""Keywords of PyTorch's and of the array API standard, and minigrad's for the same."""

METHODS = {
    "view": "reshape(...)",
    "view_as": "reshape(other.shape)",
    "unsqueeze": "minigrad.expand_dims(x, axis)",
    "t": "T",
    "mm": "x @ y",
    "matmul": "x @ y",
    "pow": "x ** y",
    "clamp": "clip(...)",
    "add": "x + y",
    "sub": "x - y",
    "mul": "x * y",
    "div": "x / y",
    "neg": "-x",
    "add_": "x += y inside no_grad()",
    "sub_": "x -= y inside no_grad()",
    "mul_": "x *= y inside no_grad()",
    "zero_": "x.data = 0 * x.data",
    "copy_": "x.data = y",
    "grad_fn": "op",
    "float": "astype(np.float32)",
    "double": "astype(np.float64)",
    "half": "astype(np.float16)",
    "type": "astype(...)",
    "to": "astype(...); all tensors are on the CPU",
    "cpu": "the tensor itself; all tensors are on the CPU",
    "cuda": "the tensor itself; all tensors are on the CPU",
    "device": "nothing; all tensors are on the CPU",
    "requires_grad_": "requires_grad = True",
    "numel": "size",
    "dim": "ndim",
    "expand": "minigrad.broadcast_to(x, shape)",
    "contiguous": "the tensor itself",
    "clone": "x * 1",
    "gather": "minigrad.take_along_axis(x, indices, axis)",
    "chunk": "minigrad.chunk(x, n, axis)",
    "topk": "minigrad.topk(x, k, axis)",
    "scatter_add": "minigrad.scatter_add(x, axis, index, source)",
    "index_add": "minigrad.index_add(x, axis, index, source)",
    "split": "minigrad.split(x, n, axis)",
    "unbind": "iteration, for row in x",
    "masked_fill": "minigrad.where(mask, value, x)",
    "flat": "ravel(), or x[...] with an index",
    "sort": "minigrad.sort(x)",
    "partition": "minigrad.partition(x, kth)",
    "resize": "minigrad.resize(x, shape)",
    "fill": "minigrad.full_like(x, value)",
    "put": "minigrad.where(mask, values, x)",
    "itemset": "minigrad.where(mask, value, x)",
    "byteswap": "data.byteswap()",
    "getfield": "data.getfield(...)",
    "setfield": "minigrad.where(mask, values, x)",
    "flags": "data.flags",
    "setflags": "data.setflags(...)",
    "base": "data.base",
    "ctypes": "data.ctypes",
    "tofile": "data.tofile(...)",
    "dump": "minigrad.save({name: x}, path)",
    "dumps": "pickle.dumps(x)",
    "retain_grad": "nothing; every tensor keeps its gradient",
    "register_hook": "nothing; read .grad after backward()",
}
"""Attributes of a tensor in other libraries, and of an array in NumPy, and what stands for them here."""

SPECIAL = frozenset(
    {
        "scipy.special.comb",
        "scipy.special.factorial",
        "scipy.special.log_softmax",
        "scipy.special.logsumexp",
        "scipy.special.multigammaln",
        "scipy.special.perm",
        "scipy.special.polygamma",
        "scipy.special.softmax",
        "scipy.special.spherical_in",
        "scipy.special.spherical_jn",
        "scipy.special.spherical_kn",
        "scipy.special.spherical_yn",
        "scipy.special.zeta",
    }
)
"""Functions of SciPy's that convert what they are given; those of the same name in `minigrad.special` record."""


def function(name: str) -> str:
    """The message for a function that minigrad has under another name, or not at all."""
    hint = f"; it is minigrad.{FUNCTIONS[name]} here" if name in FUNCTIONS else ""
    return f"module 'minigrad' has no attribute {name!r}{hint}"


def keyword(called: str, name: str, known: Sequence[str]) -> str:
    """The message for a keyword that a function does not have."""
    ours = KEYWORDS.get(name)
    numpy = ", as in NumPy" if ours in ("axis", "keepdims", "ddof") else ""
    hint = f"; it is {ours}= here{numpy}" if ours in known else ""
    takes = f"; it takes {', '.join(known)}" if known and not hint else ""
    return f"{called} has no argument {name!r}{hint}{takes}"


class Foreign:
    """An attribute that tensors have elsewhere; asking for it says what stands for it here.

    A descriptor for each name, since a `__getattr__` would slow down every attribute of a tensor.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(f"'{owner.__name__}' object has no attribute {self.name!r}; here it is {METHODS[self.name]}")
