"""Names of NumPy, PyTorch, JAX and autograd, and minigrad's for the same.

The file is long because it is made of tables: a line for each name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import signature
from typing import NoReturn

import numpy

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
    "jit": "compile",
    "make_jaxpr": "code",
    "remat": "checkpoint",
    "linearize": "jvp",
    "dot_product_attention": "nn.scaled_dot_product_attention",
    "initializers": "nn.init",
    "distributions": "stats",
    "lstm": "nn.LSTM",
    "gru": "nn.GRU",
    "custom_vjp": "op",
    "custom_jvp": "op",
    "custom_gradient": "op",
    "primitive": "op",
    "linear_transpose": "vjp",
    "vector_jacobian_product": "vjp",
    "hessian_vector_product": "hvp",
    "make_hvp": "hvp",
    "ravel_pytree": "flatten_tree",
    "Value": "Tensor",
    "FloatTensor": "Tensor",
    "draw_dot": "draw",
    "make_dot": "draw",
    "absolute": "abs",
    "fabs": "abs",
    "fix": "trunc",
    "sgn": "sign",
    "mod": "remainder",
    "true_divide": "divide",
    "around": "round",
    "rint": "round",
    "degrees": "rad2deg",
    "radians": "deg2rad",
    "movedim": "moveaxis",
    "permute_dims": "transpose",
    "swapdims": "swapaxes",
    "row_stack": "vstack",
    "tensor_split": "array_split",
    "unbind": "unstack",
    "take_along_dim": "take_along_axis",
    "repeat_interleave": "repeat",
    "trapz": "trapezoid",
    "ger": "outer",
    "inverse": "linalg.inv",
    "pinverse": "linalg.pinv",
    "chain_matmul": "linalg.multi_dot",
    "lgamma": "special.gammaln",
    "swish": "silu",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
    "hard_silu": "hardswish",
    "soft_sign": "softsign",
    "upsample": "interpolate",
    "multi_margin_loss": "multiclass_hinge_loss",
}
"""Functions of other libraries, and the name of ours."""

_RNG = "make rng = numpy.random.default_rng(seed) and "
_CPU = "all tensors are on the CPU"
_TRACKED = "every operation records, except inside minigrad.no_grad()"
WRITE = {
    "vmap": "functions broadcast over leading axes, so write the axis",
    "pmap": "functions broadcast over leading axes, so write the axis",
    "scan": "write a Python loop; minigrad.compile unrolls it",
    "cond": "write minigrad.where(condition, a, b)",
    "while_loop": "write a Python loop",
    "lax": "write minigrad.where for conditions and Python loops for scans",
    "numpy": "NumPy's own functions take tensors: import numpy",
    "tree": "minigrad.flatten_tree makes one vector of a tree",
    "tree_util": "minigrad.flatten_tree makes one vector of a tree",
    "autograd": "minigrad.grad and its kin are in minigrad itself",
    "func": "minigrad.grad, vjp, jvp, jacobian and hessian are in minigrad itself",
    "Function": "minigrad.op declares an operation of your own",
    "detach": "write x.detach()",
    "stop_gradient": "write x.detach()",
    "enable_grad": _TRACKED,
    "set_grad_enabled": _TRACKED,
    "is_grad_enabled": _TRACKED,
    "holomorphic_grad": "write minigrad.grad(f, holomorphic=True)",
    "grad_and_aux": "write minigrad.value_and_grad(f, has_aux=True)",
    "manual_seed": _RNG + "pass rng= to layers and loaders",
    "seed": _RNG + "pass rng= to layers and loaders",
    "PRNGKey": _RNG + "pass rng= to layers and loaders",
    "random": _RNG + "pass rng= to layers and loaders",
    "Generator": _RNG + "pass rng= to layers and loaders",
    "rand": _RNG + "write rng.random(shape)",
    "rand_like": _RNG + "write rng.random(x.shape)",
    "randn": _RNG + "write rng.normal(size=shape)",
    "randn_like": _RNG + "write rng.normal(size=x.shape)",
    "normal": _RNG + "write rng.normal(mean, std, shape)",
    "randint": _RNG + "write rng.integers(low, high, shape)",
    "randperm": _RNG + "write rng.permutation(n)",
    "bernoulli": _RNG + "write rng.random(p.shape) < p",
    "multinomial": _RNG + "write rng.choice(len(p), size=n, p=p)",
    "device": _CPU,
    "cuda": _CPU,
    "device_put": _CPU,
    "devices": _CPU,
    "device_get": _CPU,
    "block_until_ready": _CPU + ", and results are there at once",
    "set_default_device": _CPU,
    "autocast": "there is no mixed precision; write the dtype",
    "amp": "there is no mixed precision; write the dtype",
    "distributed": "minigrad.nn.parallel shares batches between processes",
    "multiprocessing": "minigrad.nn.parallel shares batches between processes",
    "set_num_threads": "write minigrad.threads(n)",
    "get_num_threads": "write minigrad.threads()",
    "set_default_dtype": "write the dtype: Tensor(x, dtype=numpy.float32)",
    "get_default_dtype": "numbers and lists become float64; layers are float32",
    "float": "write numpy.float32",
    "double": "write numpy.float64",
    "int": "write numpy.int32",
    "long": "write numpy.int64",
    "bfloat16": "there is float32, float64 and, slowly, float16",
    "is_tensor": "write isinstance(x, minigrad.Tensor)",
    "numel": "write x.size",
    "t": "write x.T",
    "clone": "write x * 1",
    "addmm": "write b + x @ y",
    "baddbmm": "write b + x @ y",
    "lerp": "write a + weight * (b - a)",
    "clamp_min": "write minigrad.maximum(x, bound)",
    "clamp_max": "write minigrad.minimum(x, bound)",
    "range": "write numpy.arange(start, stop + 1)",
    "cdist": "write minigrad.norm(a[:, None] - b, axis=-1)",
    "bucketize": "write numpy.searchsorted(boundaries, x.data)",
    "matrix_rank": "write numpy.linalg.matrix_rank(x.data)",
    "cartesian_prod": "minigrad.meshgrid and minigrad.stack make it",
    "adjoint": "write x.conj().mT",
    "is_floating_point": "write x.dtype.kind == 'f'",
    "is_complex": "write x.dtype.kind == 'c'",
    "margin_ranking_loss": "write minigrad.mean(minigrad.relu(margin - y * (a - b)))",
    "rsqrt": "write 1 / minigrad.sqrt(x)",
    "frac": "write x - minigrad.trunc(x)",
    "dist": "write minigrad.norm(a - b)",
    "pairwise_distance": "write minigrad.norm(a - b, axis=-1)",
    "logdet": "write minigrad.linalg.slogdet(x)[1]",
    "narrow": "write x[start : start + length], with a colon for each axis before",
    "masked_fill": "write minigrad.where(mask, value, x)",
    "masked_select": "write x[mask]",
    "index_put": "write minigrad.where, or minigrad.index_add to add",
    "std_mean": "write minigrad.std(x), minigrad.mean(x)",
    "var_mean": "write minigrad.var(x), minigrad.mean(x)",
    "eq": "write a == b",
    "ne": "write a != b",
    "gt": "write a > b",
    "ge": "write a >= b",
    "lt": "write a < b",
    "le": "write a <= b",
    "hardshrink": "write minigrad.where(abs(x) > lambd, x, 0)",
    "softshrink": "write minigrad.sign(x) * minigrad.relu(abs(x) - lambd)",
    "tanhshrink": "write x - minigrad.tanh(x)",
    "threshold": "write minigrad.where(x > threshold, x, value)",
    "gaussian_nll_loss": "write -minigrad.stats.norm.logpdf(x, mean, std)",
    "poisson_nll_loss": "write -minigrad.stats.poisson.logpmf(k, mu)",
}
"""What stands for functions of other libraries, in words."""

_PAD = "write minigrad.nn.functional.pad(x, padding, mode)"
_LAZY = "layers are told the number of their inputs: there are no lazy ones"
CLASSES = {
    "utils": "it is minigrad.optim.clip_grad_norm_, minigrad.optim.clip_grad_value_ and minigrad.nn.parallel",
    **{f"{kind}Pad{n}d": _PAD for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular") for n in (1, 2, 3)},
    **{f"Lazy{kind}{n}d": _LAZY for kind in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm") for n in (1, 2, 3)},
    **{f"MaxUnpool{n}d": f"it is the function minigrad.max_unpool{n}d" for n in (1, 2, 3)},
    "LazyLinear": _LAZY,
    "Upsample": "it is the function minigrad.interpolate",
    "UpsamplingNearest2d": "it is the function minigrad.interpolate",
    "UpsamplingBilinear2d": "it is the function minigrad.interpolate",
    "Unfold": "it is the function minigrad.unfold",
    "Fold": "it is the function minigrad.fold",
    "PixelUnshuffle": "it is the function minigrad.pixel_unshuffle",
    "CosineSimilarity": "it is the function minigrad.cosine_similarity",
    "MultiMarginLoss": "it is the function minigrad.multiclass_hinge_loss",
    "PairwiseDistance": WRITE["pairwise_distance"],
    "Softmax2d": "write Softmax(axis=1)",
    "Hardshrink": WRITE["hardshrink"],
    "Softshrink": WRITE["softshrink"],
    "Tanhshrink": WRITE["tanhshrink"],
    "Threshold": WRITE["threshold"],
    "GaussianNLLLoss": WRITE["gaussian_nll_loss"],
    "PoissonNLLLoss": WRITE["poisson_nll_loss"],
    "NLLLoss2d": "it is minigrad.nn.NLLLoss here",
    "Transformer": "it is minigrad.nn.TransformerEncoder and minigrad.nn.TransformerDecoder",
    "DataParallel": "minigrad.nn.parallel shares batches between processes",
    "SyncBatchNorm": "each process of minigrad.nn.parallel normalises its own part",
    "LBFGS": "scipy.optimize.minimize takes minigrad.value_and_grad(f) with jac=True",
    "LRScheduler": "it is minigrad.optim.lr_scheduler here, with a class for each schedule",
}
"""Classes of PyTorch's `nn` and `optim`, and what stands for them here."""

_CREATE = frozenset(
    {"arange", "empty", "empty_like", "eye", "identity", "indices", "ones", "ones_like", "tri", "zeros", "zeros_like"}
)

MODULES = ("nn", "nn.functional", "optim", "data", "linalg", "fft", "special", "stats")
"""Where a name may be that was looked for elsewhere."""

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
    "zero_": "x.data = np.zeros_like(x.data)",
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
    "lgamma": "minigrad.special.gammaln(x)",
    "digamma": "minigrad.special.digamma(x)",
    "erfc": "minigrad.special.erfc(x)",
    "erfinv": "minigrad.special.erfinv(x)",
    "logit": "minigrad.special.logit(x)",
    "xlogy": "minigrad.special.xlogy(x, y)",
    "det": "minigrad.linalg.det(x)",
    "logdet": "minigrad.linalg.slogdet(x)[1]",
    "slogdet": "minigrad.linalg.slogdet(x)",
    "inverse": "minigrad.linalg.inv(x)",
    "pinverse": "minigrad.linalg.pinv(x)",
    "cholesky": "minigrad.linalg.cholesky(x)",
    "qr": "minigrad.linalg.qr(x)",
    "svd": "minigrad.linalg.svd(x)",
    "matrix_power": "minigrad.linalg.matrix_power(x, n)",
    "bmm": "x @ y",
    "mv": "x @ y",
    "rsqrt": "1 / minigrad.sqrt(x)",
    "frac": "x - minigrad.trunc(x)",
    "lerp": "x + weight * (y - x)",
    "addmm": "x + a @ b",
    "clamp_min": "minigrad.maximum(x, bound)",
    "clamp_max": "minigrad.minimum(x, bound)",
    "solve": "minigrad.linalg.solve(x, b)",
    "lstsq": "minigrad.linalg.lstsq(x, b)",
    "adjoint": "conj().mT",
    "ndimension": "ndim",
    "nelement": "size",
    "pin_memory": "the tensor itself; all tensors are on the CPU",
    "is_cuda": "nothing; all tensors are on the CPU",
    "is_floating_point": "dtype.kind == 'f'",
    "is_complex": "dtype.kind == 'c'",
    "unique": "numpy.unique(x.data)",
    "isclose": "numpy.isclose(x.data, y)",
    "count_nonzero": "numpy.count_nonzero(x)",
    "logical_and": "numpy.logical_and(x, y)",
    "logical_or": "numpy.logical_or(x, y)",
    "logical_not": "numpy.logical_not(x)",
    "less": "x < y",
    "greater": "x > y",
    "eq": "x == y",
    "ne": "x != y",
    "gt": "x > y",
    "ge": "x >= y",
    "lt": "x < y",
    "le": "x <= y",
    "equal": "(x == y).all()",
    "allclose": "numpy.allclose(x.data, y)",
    "isnan": "numpy.isnan(x)",
    "isinf": "numpy.isinf(x)",
    "isfinite": "numpy.isfinite(x)",
    "masked_select": "x[mask]",
    "narrow": "x[start : start + length], with a colon for each axis before",
    "expand_as": "minigrad.broadcast_to(x, y.shape)",
    "reshape_as": "reshape(y.shape)",
    "type_as": "astype(y.dtype)",
    "unflatten": "reshape(...)",
    "long": "astype(np.int64)",
    "int": "astype(np.int32)",
    "bool": "astype(bool)",
    "stride": "data.strides",
    "data_ptr": "data.ctypes.data",
    "is_contiguous": "data.flags.c_contiguous",
    "element_size": "itemsize",
    "get_device": "nothing; all tensors are on the CPU",
    "new_zeros": "np.zeros(shape, x.dtype)",
    "new_ones": "np.ones(shape, x.dtype)",
    "new_full": "np.full(shape, value, x.dtype)",
    "new_tensor": "Tensor(data, dtype=x.dtype)",
    "bernoulli": "rng.random(x.shape) < x.data, with rng = numpy.random.default_rng(seed)",
    "scatter_": "minigrad.scatter_add(x, axis, index, source)",
    "fill_": "x.data = np.full(x.shape, value)",
    "normal_": "x.data = rng.normal(mean, std, x.shape), with rng = numpy.random.default_rng(seed)",
    "uniform_": "x.data = rng.uniform(low, high, x.shape), with rng = numpy.random.default_rng(seed)",
    "clamp_": "x.data = x.data.clip(low, high)",
    "detach_": "detach()",
    "H": "conj().T",
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

NO_METHODS = frozenset(
    {"full", "linspace", "logspace", "geomspace", "meshgrid", "block"}
)  # functions of no tensor in particular

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


def function(name: str, module: str = "minigrad") -> str:
    """The message for a name that a module does not have: where it is, or what to write.

    Examples
    --------
    >>> function("cat")
    "module 'minigrad' has no attribute 'cat'; it is minigrad.concatenate here"
    >>> function("Linear")
    "module 'minigrad' has no attribute 'Linear'; it is minigrad.nn.Linear here"
    >>> function("isnan")
    "module 'minigrad' has no attribute 'isnan'; it is numpy.isnan"
    """
    hint = "" if name.startswith("_") else _hint(name, module)
    return f"module {module!r} has no attribute {name!r}" + (f"; {hint}" if hint else "")


def _hint(name: str, module: str) -> str:
    if name in FUNCTIONS:
        return f"it is minigrad.{FUNCTIONS[name]} here"
    if said := CLASSES.get(name, WRITE.get(name)):
        return said
    for place in ("minigrad", *(f"minigrad.{one}" for one in MODULES)):
        if place != module and name in _names(place):
            return f"it is {place}.{name} here"
    if name.endswith("_") and name[:-1] in _names(module):
        return f"it is {module}.{name[:-1]} here, which returns its result and changes nothing in place"
    if module == "minigrad" and not name.startswith("test") and hasattr(numpy, name):
        leaf = f"; for a leaf, write Tensor(numpy.{name}(...))" if name in _CREATE else ""
        return f"it is numpy.{name}{leaf}"
    return ""


def _names(module: str) -> Sequence[str]:
    """The public names of a module of ours, none if it needs a package that is missing."""
    try:
        found = import_module(module)
    except ImportError:
        return ()
    own = [
        name for name, one in vars(found).items() if getattr(one, "__module__", "") == module and not name.startswith("_")
    ]
    return getattr(found, "__all__", own)


def unknown(name: str, module: str) -> AttributeError:
    """The error for a name that a module does not have; if nothing is known of it, Python adds similar names."""
    text = function(name, module)
    return AttributeError(text) if ";" in text else AttributeError(text, name=name, obj=sys.modules[module])


def answers(module: str) -> Callable[[str], NoReturn]:
    """A `__getattr__` for a module: its errors say where a name is, or what to write."""

    def missing(name: str) -> NoReturn:
        raise unknown(name, module)

    return missing


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

    def __init__(self, name: str, here: str) -> None:
        self.name, self.here = name, here

    def __get__(self, instance: object, owner: type) -> NoReturn:
        here = self.here if "(" in self.here or not self.here.startswith("minigrad.") else self.here + _needed(self.here)
        raise AttributeError(f"'{owner.__name__}' object has no attribute {self.name!r}; here it is {here}")


def _needed(function: str) -> str:
    """The arguments that a function of ours cannot do without."""
    module, _, name = function.rpartition(".")
    parameters = signature(getattr(import_module(module), name)).parameters.values()
    needed = [
        ("*" if one.kind is one.VAR_POSITIONAL else "") + one.name
        for one in parameters
        if one.default is one.empty and one.kind is not one.VAR_KEYWORD
    ]
    return f"({', '.join(needed)})"
