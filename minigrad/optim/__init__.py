"""Optimisers, learning-rate schedules and gradient clipping, with PyTorch's names, arguments, defaults and results.

A step of training:

>>> w = mg.Tensor([1.0, -2.0], name="w")
>>> adam = mg.optim.Adam([w], lr=0.1)
>>> cosine = mg.optim.CosineAnnealingLR(adam, T_max=10)
>>> for _ in range(10):
...     adam.zero_grad()
...     ((w - 3) ** 2).sum().backward()
...     adam.step()
...     cosine.step()
>>> print(w.data.round(2))
[ 1.55 -1.45]

Every optimiser takes `params`, tensors such as ``model.parameters()``, or groups with settings of their own, such as
``[{"params": [...], "lr": 0.1}, ...]``; `lr`, the learning rate; `weight_decay`, an L2 penalty that adds weight_decay · w to
the gradient; and `maximize`, to ascend. A docstring gives the formula, and what differs from PyTorch.

A complex parameter descends along the conjugate of its gradient; see `minigrad.ops.complex`. Where a formula has g², it
takes |g|², so that turning all numbers by an angle turns the step; PyTorch updates both parts as parameters of their own.
"""

import typing as _typing

from minigrad.optim import lr_scheduler
from minigrad.optim.algorithms import SGD, Adadelta, Adagrad, Adam, AdamW, Lion, RMSprop
from minigrad.optim.clip import clip_grad_norm_, clip_grad_value_
from minigrad.optim.lr_scheduler import *  # noqa: F403
from minigrad.optim.lr_scheduler import __all__ as _schedules
from minigrad.optim.minimize import minimize
from minigrad.optim.optimizer import Optimizer
from minigrad.spellings import answers as _answers

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm_",
    "clip_grad_value_",
    "lr_scheduler",
    "minimize",
    *_schedules,
]

if not _typing.TYPE_CHECKING:
    __getattr__ = _answers(__name__)
