"""The one-cycle schedule of learning rate and momentum."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minigrad.optim.optimizer import Optimizer
from minigrad.optim.schedule import Scheduler


class OneCycleLR(Scheduler):
    """One-cycle policy: the rate rises to `max_lr` and falls to almost 0; the momentum, or first beta, does the opposite.

    The length is `total_steps`, or else `epochs` · `steps_per_epoch`. The first rate is max_lr / div_factor, the last that
    divided by `final_div_factor`, and `pct_start` the fraction of steps that rise. With `three_phase`, the rate falls to the
    first one as slowly as it rose, and only then to the last. A step beyond the cycle is an error.

    (Smith and Topin, Super-Convergence, 2017.)

    Examples
    --------
    >>> sgd = mg.optim.SGD([mg.Tensor(1.0)], momentum=0.9)
    >>> schedule = mg.optim.OneCycleLR(sgd, 1.0, total_steps=10, pct_start=0.2)
    >>> schedule.get_last_lr(), sgd.param_groups[0]["momentum"]
    ([0.04], 0.95)
    >>> schedule.step()
    >>> schedule.get_last_lr(), sgd.param_groups[0]["momentum"]
    ([1.0], 0.85)
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if total_steps < 1 or not 0 <= pct_start <= 1 or anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "OneCycleLR: total_steps must be at least 1, pct_start in [0, 1] and anneal_strategy 'cos' or 'linear', got "
                f"{total_steps!r}, {pct_start!r} and {anneal_strategy!r}"
            )
        self.total_steps, self.anneal_strategy, self.div_factor = total_steps, anneal_strategy, div_factor
        self._momentum = (max_momentum, base_momentum)
        groups = optimizer.param_groups
        names = [name for name in ("betas", "momentum") if name in groups[0]] if cycle_momentum else []
        if cycle_momentum and not names:
            raise ValueError(f"OneCycleLR: {type(optimizer).__name__} has no momentum; give cycle_momentum=False")
        self._momentum_name = names[0] if names else ""
        # The last step of each phase, and the indices in (first, largest, last) between which it goes.
        ends = [2 * pct_start * total_steps - 2, total_steps - 1.0] if three_phase else [total_steps - 1.0]
        ends = [pct_start * total_steps - 1, *ends]
        steps = [(0, 1), (1, 0), (0, 2)] if three_phase else [(0, 1), (1, 2)]
        self._phases = [(end, *pair) for end, pair in zip(ends, steps, strict=True)]
        self._final_div_factor = final_div_factor
        largest = [float(v) for v in max_lr] if isinstance(max_lr, Sequence) else [float(max_lr)] * len(groups)
        if len(largest) != len(groups):
            raise ValueError(f"OneCycleLR: {len(largest)} rates max_lr for {len(groups)} groups")
        for group, v in zip(groups, largest, strict=True):
            group["initial_lr"] = v / div_factor
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """See the class."""
        return self._between((base, base * self.div_factor, base / self._final_div_factor), epoch)

    def _between(self, values: tuple[float, float, float], epoch: int) -> float:
        if epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: the cycle of {self.total_steps} steps is over")
        epoch = min(epoch, self.total_steps - 1)  # the step after the last batch changes nothing
        phase = next(i for i, (end, _, _) in enumerate(self._phases) if epoch <= end)
        start, (end, first, last) = self._phases[phase - 1][0] if phase else 0.0, self._phases[phase]
        part = (epoch - start) / (end - start) if end > start else 1.0
        left = 1 - part if self.anneal_strategy == "linear" else (1 + math.cos(math.pi * part)) / 2
        return values[first] * left + values[last] * (1 - left)

    def _set(self, epoch: int) -> None:
        super()._set(epoch)
        if self._momentum_name:
            high, low = self._momentum
            now = self._between((high, low, high), epoch)
            for group in self.optimizer.param_groups:
                group[self._momentum_name] = (now, group["betas"][1]) if self._momentum_name == "betas" else now
