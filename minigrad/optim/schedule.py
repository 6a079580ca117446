"""Schedules: how settings of an optimiser, above all its learning rate, change from step to step.

Each is a formula for the rate at step `last_epoch`, which counts calls of `step`; whether that is once an epoch or once a
batch is the caller's choice.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minigrad.optim.optimizer import Optimizer


class Scheduler:
    """Sets the learning rate of every group; a subclass gives the formula, `rate`.

    Attributes
    ----------
    last_epoch : int
        How often `step` was called.
    base_lrs : list of float
        The rates the groups had in the beginning.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: the first argument is an optimiser, got {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.base_lrs: list[float] = []
        self.last_epoch = 0
        self._set(0)

    def rate(self, base: float, epoch: int) -> float:
        """The rate at a step, for a group that began with `base`."""
        raise NotImplementedError

    def step(self) -> None:
        """Go on to the next rate; to be called after the optimiser's step."""
        self._set(self.last_epoch + 1)
        self.last_epoch += 1

    def _set(self, epoch: int) -> None:
        """Set what depends on the step."""
        late = self.optimizer.param_groups[len(self.base_lrs) :]  # groups may be added at any time
        self.base_lrs += [group.setdefault("initial_lr", group["lr"]) for group in late]
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = self.rate(base, epoch)

    def get_last_lr(self) -> list[float]:
        """The rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to continue: plain numbers."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue where a schedule with the same settings stood.

        Parameters
        ----------
        state_dict : mapping
            As from `state_dict`.
        """
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise ValueError(
                f"{type(self).__name__}: the state is of {len(state_dict['base_lrs'])} groups, but there are "
                f"{len(self.base_lrs)}"
            )
        self.last_epoch, self.base_lrs = int(state_dict["last_epoch"]), [float(v) for v in state_dict["base_lrs"]]
        self._set(self.last_epoch)


class LambdaLR(Scheduler):
    """The base rate times any function of the step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    lr_lambda : callable
        From the number of the step to a factor.

    Examples
    --------
    >>> from minigrad import optim
    >>> sgd = optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = optim.LambdaLR(sgd, lambda epoch: 1 / (1 + epoch))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """The formula."""
        return base * self.lr_lambda(epoch)


class MultiStepLR(Scheduler):
    """The rate times gamma at each milestone.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    milestones : sequence of int
        At which steps.
    gamma : float
        The factor.

    Examples
    --------
    >>> from minigrad import optim
    >>> sgd = optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = optim.MultiStepLR(sgd, [1, 2], gamma=0.5)
    >>> for _ in range(3):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """The formula."""
        return float(base * self.gamma ** bisect_right(self.milestones, epoch))


class StepLR(Scheduler):
    """The rate times gamma after every so many steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    step_size : int
        After how many steps.
    gamma : float
        The factor.

    Examples
    --------
    >>> from minigrad import optim
    >>> sgd = optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = optim.StepLR(sgd, 2, gamma=0.5)
    >>> for _ in range(5):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        if step_size < 1:
            raise ValueError(f"StepLR: step_size is at least 1, got {step_size!r}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """The formula."""
        return float(base * self.gamma ** (epoch // self.step_size))


class ExponentialLR(Scheduler):
    """The rate times gamma after every step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    gamma : float
        The factor.

    Examples
    --------
    >>> from minigrad import optim
    >>> sgd = optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = optim.ExponentialLR(sgd, 0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """The formula."""
        return float(base * self.gamma**epoch)


class CosineAnnealingLR(Scheduler):
    """From the base rate along a half-wave of the cosine down to `eta_min`, and up again if steps go on.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    T_max : int
        How many steps down.
    eta_min : float
        The lowest rate.

    Notes
    -----
    Loshchilov and Hutter, SGDR, 2016, without the restarts.

    Examples
    --------
    >>> from minigrad import optim
    >>> sgd = optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = optim.CosineAnnealingLR(sgd, 2)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803
        if T_max < 1:
            raise ValueError(f"CosineAnnealingLR: T_max is at least 1, got {T_max!r}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """The formula."""
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class LinearLR(Scheduler):
    """The base rate times a factor that goes in a line from one value to another: warm-up, by default.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    start_factor, end_factor : float
        The first and the last.
    total_iters : int
        How many steps lie between; afterwards the factor stays.

    Examples
    --------
    >>> from minigrad import optim
    >>> sgd = optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = optim.LinearLR(sgd, 0.5, total_iters=2)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.75]
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """The formula."""
        part = min(1.0, epoch / self.total_iters) if self.total_iters else 1.0
        return base * (self.start_factor + (self.end_factor - self.start_factor) * part)


class SequentialLR(Scheduler):
    """One schedule after the other, each from its own beginning.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set, by all of the schedules.
    schedulers : sequence of Scheduler
        In order; ReduceLROnPlateau is none.
    milestones : sequence of int
        The steps at which the second and the following begin.

    Examples
    --------
    >>> from minigrad import optim
    >>> sgd = optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> warm, cool = optim.LinearLR(sgd, 0.5, total_iters=2), optim.CosineAnnealingLR(sgd, 4)
    >>> schedule = optim.SequentialLR(sgd, [warm, cool], [2])
    >>> schedule.get_last_lr()
    [0.5]
    >>> for _ in range(4):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[Scheduler], milestones: Sequence[int]) -> None:
        if len(milestones) != len(schedulers) - 1 or sorted(milestones) != list(milestones):
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedules need {len(schedulers) - 1} rising milestones, got {milestones}"
            )
        for s in schedulers:
            if not isinstance(s, Scheduler) or s.optimizer is not optimizer:
                raise TypeError(f"SequentialLR: {type(s).__name__} is no schedule of steps for this optimiser")
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer)

    def _set(self, epoch: int) -> None:
        turn = bisect_right(self.milestones, epoch)
        self.schedulers[turn]._set(epoch - [0, *self.milestones][turn])
