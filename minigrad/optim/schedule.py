"""Learning-rate schedules. Each is a formula for the rate at step `last_epoch`, the number of calls of `step`.

Whether `step` is called once per epoch or once per batch is the caller's choice.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minigrad.optim.optimizer import Optimizer


class Scheduler:
    """Base class: sets the learning rate of every group; a subclass defines the formula, `rate`.

    Attributes
    ----------
    last_epoch : int
        Number of calls of `step`.
    base_lrs : list of float
        The initial rates of the groups.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: the first argument must be an optimiser, got {type(optimizer).__name__}"
            )
        self.optimizer = optimizer
        self.base_lrs: list[float] = []
        self.last_epoch = 0
        self._set(0)

    def rate(self, base: float, epoch: int) -> float:
        """The rate at a step, for a group with the initial rate `base`."""
        raise NotImplementedError

    def step(self) -> None:
        """Set the next rate; call it after the optimiser's step."""
        self._set(self.last_epoch + 1)
        self.last_epoch += 1

    def _set(self, epoch: int) -> None:
        """Set the rates of a step."""
        late = self.optimizer.param_groups[len(self.base_lrs) :]  # groups may be added at any time
        self.base_lrs += [group.setdefault("initial_lr", group["lr"]) for group in late]
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = self.rate(base, epoch)

    def get_last_lr(self) -> list[float]:
        """The current rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """The state, as plain numbers."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from the `state_dict` of a schedule with the same settings."""
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise ValueError(
                f"{type(self).__name__}: the state is of {len(state_dict['base_lrs'])} groups, the optimiser has "
                f"{len(self.base_lrs)}"
            )
        last, rates = int(state_dict["last_epoch"]), [float(v) for v in state_dict["base_lrs"]]
        if not 0 <= last < 2**63 or not all(0 <= rate < math.inf for rate in rates):
            raise ValueError(f"{type(self).__name__}: no state has the epoch {last} and the rates {rates}")
        self.last_epoch, self.base_lrs = last, rates
        self._set(self.last_epoch)


class LambdaLR(Scheduler):
    """Base rate times `lr_lambda(epoch)`.

    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = mg.optim.LambdaLR(sgd, lambda epoch: 1 / (1 + epoch))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """See the class."""
        return base * self.lr_lambda(epoch)


class MultiStepLR(Scheduler):
    """Multiply the rate by `gamma` at each milestone.

    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = mg.optim.MultiStepLR(sgd, [1, 2], gamma=0.5)
    >>> for _ in range(3):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """See the class."""
        return float(base * self.gamma ** bisect_right(self.milestones, epoch))


class StepLR(Scheduler):
    """Multiply the rate by `gamma` every `step_size` steps.

    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = mg.optim.StepLR(sgd, 2, gamma=0.5)
    >>> for _ in range(5):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        if step_size < 1:
            raise ValueError(f"StepLR: step_size must be at least 1, got {step_size!r}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """See the class."""
        return float(base * self.gamma ** (epoch // self.step_size))


class ExponentialLR(Scheduler):
    """Exponential decay, base rate · gamma^epoch.

    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = mg.optim.ExponentialLR(sgd, 0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """See the class."""
        return float(base * self.gamma**epoch)


class CosineAnnealingLR(Scheduler):
    """Cosine annealing, eta_min + (base rate - eta_min) (1 + cos(π epoch / T_max)) / 2; beyond T_max it rises again.

    (Loshchilov and Hutter, SGDR, 2016, without the restarts.)

    Examples
    --------
    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = mg.optim.CosineAnnealingLR(sgd, 2)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803
        if T_max < 1:
            raise ValueError(f"CosineAnnealingLR: T_max must be at least 1, got {T_max!r}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """See the class."""
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class LinearLR(Scheduler):
    """Base rate times a factor that goes linearly from `start_factor` to `end_factor` in `total_iters` steps, a warm-up.

    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = mg.optim.LinearLR(sgd, 0.5, total_iters=2)
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
        """See the class."""
        part = min(1.0, epoch / self.total_iters) if self.total_iters else 1.0
        return base * (self.start_factor + (self.end_factor - self.start_factor) * part)


class SequentialLR(Scheduler):
    """Several schedules in sequence, each starting from its own step 0; all but the first start at the `milestones`.

    `ReduceLROnPlateau` cannot be one of them.

    Examples
    --------
    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> warm, cool = mg.optim.LinearLR(sgd, 0.5, total_iters=2), mg.optim.CosineAnnealingLR(sgd, 4)
    >>> schedule = mg.optim.SequentialLR(sgd, [warm, cool], [2])
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
                f"SequentialLR: {len(schedulers)} schedules need {len(schedulers) - 1} increasing milestones, got "
                f"{milestones}"
            )
        for s in schedulers:
            if not isinstance(s, Scheduler) or s.optimizer is not optimizer:
                raise TypeError(f"SequentialLR: {type(s).__name__} is not a Scheduler of this optimiser")
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer)

    def _set(self, epoch: int) -> None:
        turn = bisect_right(self.milestones, epoch)
        self.schedulers[turn]._set(epoch - [0, *self.milestones][turn])
