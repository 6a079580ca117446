"""minigrad: the autograd engine in which you can see every gradient."""

import typing as _typing

from minigrad import fft, linalg
from minigrad.contents import by_subject as _by_subject
from minigrad.contents import contents as _contents
from minigrad.draw import draw
from minigrad.draw.flow.flow import draw_flow
from minigrad.draw.motion.animate import animate_conv, animate_pool
from minigrad.draw.motion.jacobian import draw_jacobian
from minigrad.draw.player.explain import explain
from minigrad.draw.player.play import play
from minigrad.draw.training.watch import watch
from minigrad.export import export_onnx
from minigrad.fast import fast, threads
from minigrad.files import DamagedFileError
from minigrad.gradcheck import gradcheck
from minigrad.memory import keep_freed_blocks as _keep_freed_blocks
from minigrad.modes import detect_anomaly, no_grad, scope
from minigrad.operation import op
from minigrad.ops import *  # noqa: F403
from minigrad.ops import __all__ as _operations
from minigrad.storage import load, save
from minigrad.tensor import Tensor
from minigrad.transforms import *  # noqa: F403
from minigrad.transforms import __all__ as _transforms
from minigrad.version import __version__ as __version__

_keep_freed_blocks()

__all__ = [
    "DamagedFileError",
    "Tensor",
    "animate_conv",
    "animate_pool",
    "code",
    "compile",
    "detect_anomaly",
    "draw",
    "draw_flow",
    "draw_jacobian",
    "explain",
    "export_onnx",
    "fast",
    "fft",
    "gradcheck",
    "linalg",
    "live",
    "load",
    "no_grad",
    "op",
    "play",
    "save",
    "scope",
    "threads",
    "watch",
    *_operations,
    *_transforms,
]

_LAZY = ("nn", "optim", "data", "special", "stats")  # subpackages that are loaded when they are first asked for
_PROGRAM = ("code", "compile", "live")  # and the functions of one more
_SUBJECTS = _by_subject(
    {
        "Tensors": ["Tensor", "no_grad", "detect_anomaly", "scope"],
        "Gradients of functions": [*_transforms, "gradcheck", "op"],
        "Pictures": [
            "draw",
            "play",
            "explain",
            "draw_flow",
            "watch",
            "draw_jacobian",
            "animate_conv",
            "animate_pool",
        ],
        "Programs: the backward pass as code": ["code", "compile", "live"],
        "Networks": ["nn", "optim", "data", "save", "load", "DamagedFileError", "export_onnx", "fast", "threads"],
        "NumPy's and SciPy's modules": ["linalg", "fft", "special", "stats"],
    },
    {name: globals()[name] for name in _operations},
)
__doc__ = _contents(__doc__, _SUBJECTS)

globals().pop("tensor")  # the module; as a function it is Tensor, which a missing attribute can say

if _typing.TYPE_CHECKING:
    from minigrad import data as data
    from minigrad import nn as nn
    from minigrad import optim as optim
    from minigrad import special as special
    from minigrad import stats as stats
    from minigrad.program.code import code as code
    from minigrad.program.compile import compile as compile
    from minigrad.program.live import live as live
else:

    def __getattr__(name):
        if name in _LAZY:
            from importlib import import_module

            return import_module(f"minigrad.{name}")
        if name in _PROGRAM:
            from minigrad import program

            return getattr(program, name)
        from minigrad.spellings import unknown

        raise unknown(name, __name__)


def __dir__() -> list[str]:
    return sorted({*__all__, *_LAZY, "__version__"})
