"""minigrad: the autograd engine in which you can see every gradient."""

from minigrad.draw import draw
from minigrad.gradcheck import gradcheck
from minigrad.modes import detect_anomaly, no_grad, scope
from minigrad.ops import *  # noqa: F403
from minigrad.ops import __all__ as _operations
from minigrad.tensor import Tensor

_SUBPACKAGES = ("nn", "optim", "data")  # loaded when first asked for: importing minigrad stays light
__version__ = "0.1.0"
__all__ = ["Tensor", "detect_anomaly", "draw", "gradcheck", "no_grad", "scope", *_operations]


def __getattr__(name: str) -> object:
    if name in _SUBPACKAGES:
        import importlib

        return importlib.import_module(f"minigrad.{name}")
    raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
