"""The schedule that follows a measure of training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

from minigrad.graph import value_of
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedule import Scheduler


class ReduceLROnPlateau:
    """Multiply the rate by `factor` after more than `patience` steps in which a measure did not improve.

    An improvement is more than `threshold`, relative to the best value so far ("rel") or absolute ("abs"), in the direction
    of `mode`; nan is none. For `cooldown` steps after a reduction nothing is counted. The rate stays at or above `min_lr`,
    one rate for all groups or one for each, and changes smaller than `eps` are not made.

    Examples
    --------
    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], lr=1.0)
    >>> schedule = mg.optim.ReduceLROnPlateau(sgd, patience=1)
    >>> for loss in (0.5, 0.5, 0.5):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    """

    get_last_lr = Scheduler.get_last_lr

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs") or not 0 <= factor < 1:
            raise ValueError(
                "ReduceLROnPlateau: mode must be 'min' or 'max', threshold_mode 'rel' or 'abs' and factor less than 1, got "
                f"{mode!r}, {threshold_mode!r} and {factor!r}"
            )
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown, self.eps = threshold, threshold_mode, cooldown, eps
        self.min_lr = min_lr
        self._lowest()
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0

    def step(self, metrics: SupportsFloat) -> None:
        """Take the newest measure, such as the validation loss."""
        now = float(value_of(metrics))
        self.last_epoch += 1
        if self._better(now):
            self.best, self.num_bad_epochs = now, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            for group, least in zip(self.optimizer.param_groups, self._lowest(), strict=True):
                new = max(group["lr"] * self.factor, least)
                if group["lr"] - new > self.eps:
                    group["lr"] = new

    def _lowest(self) -> Sequence[float]:
        """The lowest rate of each group; groups may have been added."""
        groups = len(self.optimizer.param_groups)
        rates = self.min_lr if isinstance(self.min_lr, Sequence) else [self.min_lr] * groups
        if len(rates) != groups:
            raise ValueError(f"ReduceLROnPlateau: {len(rates)} rates min_lr for {groups} groups")
        return rates

    def _better(self, now: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        change = sign * self.threshold
        bound = self.best * (1 - change) if self.threshold_mode == "rel" else self.best - change
        return sign * now < sign * bound

    def state_dict(self) -> dict[str, Any]:
        """The state, as plain numbers; the rates are in the optimiser's state."""
        return {name: getattr(self, name) for name in ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from the `state_dict` of a schedule with the same settings."""
        counts = {name: int(state_dict[name]) for name in ("num_bad_epochs", "cooldown_counter", "last_epoch")}
        if min(counts.values()) < 0:
            raise ValueError(f"ReduceLROnPlateau: the counts of a state are at least 0, got {counts}")
        self.best = float(state_dict["best"])
        vars(self).update(counts)
