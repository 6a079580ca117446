"""minigrad: the autograd engine in which you can see every gradient."""

from minigrad.custom import op
from minigrad.draw import draw
from minigrad.gradcheck import gradcheck
from minigrad.modes import detect_anomaly, no_grad, scope
from minigrad.ops import *  # noqa: F403
from minigrad.ops import __all__ as _operations
from minigrad.tensor import Tensor
from minigrad.transforms import *  # noqa: F403
from minigrad.transforms import __all__ as _transforms

__version__ = "0.1.0"
__all__ = ["Tensor", "detect_anomaly", "draw", "gradcheck", "no_grad", "op", "scope", *_operations, *_transforms]
