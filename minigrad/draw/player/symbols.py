"""Operations in symbols: how each is written, and the rule of its gradient."""

from __future__ import annotations

import re
from collections.abc import Sequence

from minigrad.operation import Op

INFIX = {"add": "+", "subtract": "−", "multiply": "×", "divide": "/", "power": "^", "matmul": "@"}
AROUND = {"negative": "-{}", "reciprocal": "1 / {}", "square": "{}²", "sqrt": "√{}", "abs": "|{}|"}
LEVEL = {"+": 1, "−": 1, "×": 2, "/": 2, "@": 2, "^": 3}  # how tightly each binds
TERM = 4
CHOOSE = {"maximum": "max", "minimum": "min"}

# The local gradient of elementwise operations, for each input; names in braces are the operation's inputs.
LOCALS: dict[str, tuple[str, ...]] = {
    "abs": ("sign({x})",),
    "add": ("1", "1"),
    "arctan": ("1/(1 + {x}²)",),
    "cos": ("-sin({x})",),
    "cosh": ("sinh({x})",),
    "divide": ("1/{b}", "-{a}/{b}²"),
    "exp": ("out",),
    "hypot": ("{a}/out", "{b}/out"),
    "leaky_relu": ("1 where {x} > 0, else the slope",),
    "log": ("1/{x}",),
    "log1p": ("1/(1 + {x})",),
    "log_sigmoid": ("σ(-{x})",),
    "maximum": ("1 where {a} is the larger, else 0", "1 where {b} is the larger, else 0"),
    "minimum": ("1 where {a} is the smaller, else 0", "1 where {b} is the smaller, else 0"),
    "multiply": ("{b}", "{a}"),
    "negative": ("-1",),
    "power": ("{b}·{a}^({b}−1)", "out·ln({a})"),
    "reciprocal": ("-1/{x}²",),
    "relu": ("1 where {x} > 0, else 0",),
    "sigmoid": ("out(1 − out)",),
    "sin": ("cos({x})",),
    "sinh": ("cosh({x})",),
    "softplus": ("σ({x})",),
    "sqrt": ("1/(2·out)",),
    "square": ("2·{x}",),
    "subtract": ("1", "-1"),
    "tan": ("1 + out²",),
    "tanh": ("1 − out²",),
    "where": ("0", "1 where {condition}, else 0", "0 where {condition}, else 1"),
}

# The vector-Jacobian product of the others; {g} is the upstream gradient.
PRODUCTS: dict[str, tuple[str, ...]] = {
    "avg_pool": ("{g} spread evenly over each window",),
    "broadcast_to": ("{g}",),
    "concatenate": ("its part of {g}",),
    "conv": (
        "full convolution of {g} with {weight}, the kernel flipped",
        "correlation of {x} with {g}",
        "{g} summed over all but the filters",
    ),
    "conv_input": ("correlation of {g} with {weight}", "correlation of {g} with {y}", "{g} summed over all but the filters"),
    "cross_entropy": ("{g} × (softmax({x}) − target), shared out if it is a mean",),
    "cumsum": ("cumulative sum of {g} from the end",),
    "dropout": ("{g} where {x} was kept, scaled alike, else 0",),
    "embedding": ("{g} added to the rows that were looked up",),
    "expand_dims": ("{g} in the shape of {x}",),
    "flip": ("{g} flipped back",),
    "getitem": ("{g} added where it was picked, 0 elsewhere",),
    "linear": ("{g} · {weight}", "{g} ⊗ {x}, summed over the batch", "{g} summed over the batch"),
    "log_softmax": ("g − softmax({x}) · Σg, where g = upstream",),
    "logsumexp": ("{g} × softmax({x})",),
    "max": ("{g} shared by the largest, 0 elsewhere",),
    "max_pool": ("{g} to the largest of each window, 0 elsewhere",),
    "mean": ("{g} / n, broadcast to the shape of {x}",),
    "min": ("{g} shared by the smallest, 0 elsewhere",),
    "moveaxis": ("{g} with its axes moved back",),
    "pad": ("{g} without the margin",),
    "prod": ("{g} × the product of the others",),
    "reshape": ("{g} in the shape of {x}",),
    "roll": ("{g} rolled back",),
    "scatter": ("{g} at the places written to",),
    "softmax": ("p∘(g − ⟨g, p⟩), where g = upstream, p = out",),
    "squeeze": ("{g} in the shape of {x}",),
    "stack": ("its slice of {g}",),
    "sum": ("{g} broadcast to the shape of {x}",),
    "swapaxes": ("{g} with the axes swapped back",),
    "transpose": ("{g} with its axes turned back",),
    "tril": ("lower triangle of {g}",),
    "triu": ("upper triangle of {g}",),
}


def written(name: str, arguments: Sequence[str], told: str = "") -> str:
    """An operation applied to arguments, as mathematics writes it.

    Parameters
    ----------
    name : str
        The operation.
    arguments : sequence of str
        Numbers or names.
    told : str
        What it was told besides, such as an axis.

    Returns
    -------
    str

    Examples
    --------
    >>> written("add", ["-2", "5"]), written("multiply", ["x + y", "-4"]), written("exp", ["-1.00"])
    ('-2 + 5', '(x + y) × (-4)', 'exp(-1.00)')
    >>> written("add", ["a × b", "c"]), written("subtract", ["a", "b − c"]), written("power", ["-2", "2"])
    ('a × b + c', 'a − (b − c)', '(-2) ^ 2')
    """
    if name in INFIX and len(arguments) == 2:
        a, b = arguments
        level = LEVEL[INFIX[name]]
        signed = a.startswith("-") and _level(a[1:]) >= level and level < LEVEL["^"]
        first = a if signed or _level(a) >= level else f"({a})"
        second = f"({b})" if _level(b) <= level or b.startswith("-") else b
        return f"{first} {INFIX[name]} {second}"
    if name in AROUND and len(arguments) == 1:
        a = arguments[0]
        bare = name == "abs" or (_level(a) == TERM and not (name == "negative" and a[0].isdigit()))
        return AROUND[name].format(a if bare else f"({a})")
    return f"{CHOOSE.get(name, name)}({', '.join([*arguments, *([told] if told else [])])})"


def _level(text: str) -> int:
    """How tightly the outermost operator of a text binds; a name, a number or a call is one term."""
    depth, level = 0, TERM
    for word in re.findall(r"[(\[]|[)\]]| [^ ] ", text):
        if word[0] == " " and depth == 0:
            level = min(level, LEVEL.get(word[1], 0))
        depth += (word in "([") - (word in ")]")
    return min(level, 1) if text.startswith("-") else level


def rule(op: Op[...], i: int, labels: Sequence[str], ndims: Sequence[int]) -> str:
    """The gradient rule of one input in symbols.

    Parameters
    ----------
    op : Op
        The operation.
    i : int
        Which input.
    labels : sequence of str
        What the inputs are called; an operation's own name for an input stands where the label is empty.
    ndims : sequence of int
        How many axes the inputs have.

    Returns
    -------
    str
        An operation that is in no table is named, and nothing is made up.

    Examples
    --------
    >>> from minigrad.operation import OPS
    >>> rule(OPS["matmul"], 0, ["W", "x"], [2, 1]), rule(OPS["matmul"], 1, ["W", "x"], [2, 1])
    ('dW = upstream ⊗ x', 'dx = Wᵀ · upstream')
    >>> rule(OPS["multiply"], 0, ["", "y"], [0, 0]), rule(OPS["erf"], 0, ["x"], [0])
    ('da = y × upstream', 'dx = local gradient of erf × upstream')
    """
    if op.variadic:
        own = [f"{op.input_names[0]}[{k}]" for k in range(len(labels))]
    else:
        own = ["y" if name == "g" else name for name in op.input_names]
    names = [label or name for label, name in zip(labels, own, strict=True)]
    if op.name == "matmul":
        return f"d{names[i]} = {_matmul(i, (names[0], names[1]), (ndims[0], ndims[1]))}"
    table, k = LOCALS if op.elementwise else PRODUCTS, 0 if op.variadic else i
    texts = table.get(op.name, ())
    by_name = dict(zip(["x"] if op.variadic else own, names, strict=False))
    if op.elementwise:
        local = texts[k].format(**by_name) if k < len(texts) else f"local gradient of {op.name}"
        bare = k >= len(texts) or _level(local.lstrip("-")) > 1
        return f"d{names[i]} = {local if bare else f'({local})'} × upstream"
    product = texts[k].format(**by_name, g="upstream") if k < len(texts) else f"vector-Jacobian product of {op.name}"
    return f"d{names[i]} = {product}"


def _matmul(i: int, names: tuple[str, str], ndims: tuple[int, int]) -> str:
    """The rule of a matrix product, by how many axes its inputs have."""
    a, b = names
    if ndims == (1, 1):
        return f"{names[1 - i]} × upstream"
    if i == 0:
        return f"upstream ⊗ {b}" if ndims[1] == 1 else f"{b} · upstream" if ndims[0] == 1 else f"upstream · {b}ᵀ"
    return f"{a} ⊗ upstream" if ndims[0] == 1 else f"{a}ᵀ · upstream"
