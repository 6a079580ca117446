"""Records what JAX and autograd give for the derivatives of special functions, in `special_numbers.py`.

    pip install jax autograd torch scipy
    python tests/make_special_numbers.py > tests/special_numbers.py

For each function and each argument that it is differentiated in: the first and second derivative at each point.
"""

from __future__ import annotations

import math
import pprint
import sys
from collections.abc import Callable
from typing import Any

import autograd
import autograd.scipy.special
import jax
import torch

jax.config.update("jax_enable_x64", True)

POSITIVE, BOTH, SHARE = (0.3, 1.7, 6.5), (-2.3, 0.4, 3.1), (0.07, 0.5, 0.93)
PAIRS = ((0.3, 1.7), (2.4, 0.6), (5.2, 3.3))

# name: the other arguments' values, which arguments are differentiated, and the points
ONE: dict[str, tuple[str, tuple[float, ...]]] = {
    **dict.fromkeys(("dawsn", "erf", "erfc", "erfcx", "expit", "i0", "i1", "i0e", "i1e", "log_ndtr", "ndtr"), ("jax", BOTH)),
    **dict.fromkeys(("digamma", "entr", "exp1", "expi", "gamma", "gammaln", "spence", "factorial"), ("jax", POSITIVE)),
    **dict.fromkeys(("erfinv", "logit", "ndtri"), ("jax", SHARE)),
    **dict.fromkeys(("rgamma", "y0", "y1", "psi"), ("autograd", POSITIVE)),
    **dict.fromkeys(("j0", "j1"), ("autograd", BOTH)),
    "erfcinv": ("autograd", SHARE),
}  # fmt: skip
TWO: dict[str, tuple[str, tuple[int, ...], tuple[tuple[float, ...], ...]]] = {
    **dict.fromkeys(("beta", "betaln", "xlogy", "xlog1py", "rel_entr", "kl_div", "boxcox", "boxcox1p"), ("jax", (0, 1), PAIRS)),
    "owens_t": ("jax", (0, 1), PAIRS),
    "poch": ("jax", (0, 1), PAIRS),
    "comb": ("jax", (0, 1), ((5.2, 3.3), (4.0, 1.5))),
    **dict.fromkeys(("gammainc", "gammaincc"), ("jax", (0, 1), PAIRS)),
    "polygamma": ("jax", (1,), ((1, 0.7), (2, 3.1), (3, 1.2))),
    "zeta": ("jax", (1,), ((2.5, 0.7), (3.2, 3.1))),
    "expn": ("jax", (1,), ((1, 0.7), (3, 2.1), (4, 0.2))),
    "betainc": ("jax", (2,), ((1.7, 0.6, 0.2), (3.0, 2.5, 0.7))),
    "hyp1f1": ("jax", (2,), ((0.6, 1.5, 0.8), (1.2, 2.5, -0.7))),
    "multigammaln": ("jax", (0,), ((2.3, 2), (4.5, 3))),
    **dict.fromkeys(("jn", "yn"), ("autograd", (1,), ((0, 0.7), (2, 3.1), (3, 5.5)))),
    **dict.fromkeys(("iv", "ive"), ("autograd", (1,), ((0.0, 0.7), (2.5, 3.1), (3.0, 5.5)))),
}  # fmt: skip


def derivatives(by: str, name: str, i: int, point: tuple[float, ...]) -> tuple[float | None, float | None]:
    """First and second derivative in argument i; None where the library raises, or gives nan."""
    module = jax.scipy.special if by == "jax" else autograd.scipy.special
    one: Callable[..., Any] = jax.grad if by == "jax" else autograd.grad

    def f(x: Any) -> Any:
        return getattr(module, name)(*point[:i], x, *point[i + 1 :])

    found: list[float | None] = []
    for g in (one(f), one(one(f))):
        try:
            d = float(g(point[i]))
            found.append(None if math.isnan(d) else d)
        except (TypeError, NotImplementedError):
            found.append(None)
        if found[-1] is None:
            print(f"{name}{point}: no derivative {len(found)} in argument {i}", file=sys.stderr)
    return found[0], found[1]


def of_torch(name: str, x: float) -> tuple[float, float]:
    """The same by PyTorch, for a check of the numbers."""
    t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(getattr(torch.special, name)(t), t, create_graph=True)
    (second,) = torch.autograd.grad(first, t)
    return first.item(), second.item()


def main() -> None:
    """Print the table."""
    found = {}
    for name, (by, points) in ONE.items():
        for x in points:
            found[name, 0, (x,)] = derivatives(by, name, 0, (x,))
            try:
                theirs = of_torch(name, x)
            except (AttributeError, RuntimeError):
                continue
            for a, b in zip(found[name, 0, (x,)], theirs, strict=True):
                assert a is None or abs(a - b) <= 1e-9 * (1 + abs(b)), (name, x, found[name, 0, (x,)], theirs)
    for name, (by, arguments, several) in TWO.items():
        for point in several:
            for i in arguments:
                found[name, i, point] = derivatives(by, name, i, point)
    print(f'"""What JAX {jax.__version__} and autograd 1.9 give: name, argument and point; first and second derivative."""')
    print("\n# fmt: off\nDERIVATIVES = " + pprint.pformat(found, width=120))


if __name__ == "__main__":
    main()
