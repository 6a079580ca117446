"""minigrad: the autograd engine in which you can see every gradient."""

from minigrad import linalg
from minigrad.draw import draw
from minigrad.gradcheck import gradcheck
from minigrad.modes import detect_anomaly, no_grad, scope
from minigrad.ops import *  # noqa: F403
from minigrad.ops import __all__ as _operations
from minigrad.tensor import Tensor

__version__ = "0.1.0"
__all__ = ["Tensor", "detect_anomaly", "draw", "gradcheck", "linalg", "no_grad", "scope", *_operations]
