"""Optimisers, schedules of their settings, and gradient clipping, with the names and the numbers of PyTorch."""

from minigrad.optim.algorithms import SGD, Adadelta, Adagrad, Adam, AdamW, Lion, RMSprop
from minigrad.optim.clip import clip_grad_norm_, clip_grad_value_
from minigrad.optim.cycle import OneCycleLR
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.plateau import ReduceLROnPlateau
from minigrad.optim.schedule import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    Scheduler,
    SequentialLR,
    StepLR,
)

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "Lion",
    "MultiStepLR",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "Scheduler",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
]
