"""The learning-rate schedules, under the name that PyTorch has for their module.

>>> mg.optim.lr_scheduler.StepLR is mg.optim.StepLR
True
"""

from minigrad.optim.cycle import OneCycleLR
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
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "Scheduler",
    "SequentialLR",
    "StepLR",
]
