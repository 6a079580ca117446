"""minigrad: the autograd engine in which you can see every gradient."""

from minigrad.checkpoint import checkpoint
from minigrad.custom import op
from minigrad.draw import draw
from minigrad.gradcheck import gradcheck
from minigrad.jacobians import hessian, hvp, jacobian
from minigrad.modes import detect_anomaly, no_grad, scope
from minigrad.ops import *  # noqa: F403
from minigrad.ops import __all__ as _operations
from minigrad.tensor import Tensor
from minigrad.transforms import elementwise_grad, grad, jvp, value_and_grad, vjp

__version__ = "0.1.0"
__all__ = ["checkpoint", "elementwise_grad", "grad", "hessian", "hvp", "jacobian", "jvp", "op", "value_and_grad", "vjp"]
__all__ += ["Tensor", "detect_anomaly", "draw", "gradcheck", "no_grad", "scope", *_operations]
