"""minigrad: the autograd engine in which you can see every gradient."""

from types import ModuleType as _Module

from minigrad.draw import draw
from minigrad.gradcheck import gradcheck
from minigrad.modes import detect_anomaly, no_grad, scope
from minigrad.ops import *  # noqa: F403
from minigrad.ops import __all__ as _operations
from minigrad.storage import load, save
from minigrad.tensor import Tensor

__version__ = "0.1.0"
__all__ = ["Tensor", "detect_anomaly", "draw", "gradcheck", "load", "no_grad", "save", "scope", *_operations]

_LAZY = ("nn", "optim", "data")  # subpackages that are loaded when they are first asked for


def __getattr__(name: str) -> _Module:
    if name in _LAZY:
        from importlib import import_module

        return import_module(f"minigrad.{name}")
    raise AttributeError(f"module 'minigrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
