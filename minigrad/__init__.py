"""minigrad: the autograd engine in which you can see every gradient."""

from minigrad.draw import draw
from minigrad.draw.animate import animate_conv, animate_pool
from minigrad.draw.jacobian import draw_jacobian
from minigrad.gradcheck import gradcheck
from minigrad.modes import detect_anomaly, no_grad, scope
from minigrad.ops import *  # noqa: F403
from minigrad.ops import __all__ as _operations
from minigrad.tensor import Tensor

__version__ = "0.1.0"
__all__ = [
    "Tensor",
    "animate_conv",
    "animate_pool",
    "detect_anomaly",
    "draw",
    "draw_jacobian",
    "gradcheck",
    "no_grad",
    "scope",
    *_operations,
]
