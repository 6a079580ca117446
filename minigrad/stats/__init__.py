"""Log-densities of probability distributions, named as in ``scipy.stats`` and ``jax.scipy.stats``.

Each distribution is a module with one function, `logpdf` or, if it is discrete, `logpmf`. All arguments broadcast, and all
but the counts of a discrete distribution are differentiated, to any order. Outside the support the log-density is -inf and
its gradient 0; of a nan, or with a parameter that the distribution cannot have, it is nan. float32 stays float32. The normal
distributions need NumPy alone, the others ``pip install "minigrad[scipy]"``.

>>> from minigrad import Tensor, stats
>>> mu = Tensor(0.5)
>>> loss = -stats.norm.logpdf([1.0, 3.0], mu, 2.0).sum()
>>> loss.backward()
>>> print(f"{loss:.4f} {mu.grad:.4f}")
4.0367 -0.7500
"""

from __future__ import annotations

import typing as _typing

from minigrad.stats import multivariate_normal, norm

__all__ = ["bernoulli", "beta", "gamma", "multivariate_normal", "norm", "poisson", "t"]

if _typing.TYPE_CHECKING:
    from minigrad.stats import bernoulli as bernoulli
    from minigrad.stats import beta as beta
    from minigrad.stats import gamma as gamma
    from minigrad.stats import poisson as poisson
    from minigrad.stats import t as t
else:

    def __getattr__(name):
        if name in __all__:  # those that load SciPy
            from importlib import import_module

            return import_module(f"minigrad.stats.{name}")
        raise AttributeError(f"minigrad.stats has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
