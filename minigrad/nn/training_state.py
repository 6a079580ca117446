"""The state of a training run: everything that the next epoch depends on, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from minigrad.fast import kernels, repeat
from minigrad.fast.pool import MOST
from minigrad.files import MESSAGE, DamagedFileError
from minigrad.nn.history import History
from minigrad.nn.module import Module
from minigrad.optim import Optimizer, ReduceLROnPlateau, Scheduler
from minigrad.storage import Saved, load, save
from minigrad.text import shorten

Schedule = Scheduler | ReduceLROnPlateau
State = dict[str, Any]


class TrainingState:
    """A training run between two epochs.

    Parameters
    ----------
    model : Module
        The trained model.
    loaders : iterable
        The sources of batches. Their random generators, and those of the model's layers, are part of the state.
    optimizer : Optimizer
        Holds the model's parameters.
    schedule : Scheduler, ReduceLROnPlateau or None
        Sets the learning rate.

    Attributes
    ----------
    history : History
        The epochs so far.
    best : dict
        The model's state after the epoch with the smallest loss; before the first epoch, its initial state.
    """

    def __init__(self, model: Module, loaders: Iterable[Any], optimizer: Optimizer, schedule: Schedule | None) -> None:
        self.model, self.optimizer, self.schedule = model, optimizer, schedule
        found = (getattr(owner, "rng", None) for owner in (*loaders, *model.modules()))
        self._generators = list({id(rng): rng for rng in found if isinstance(rng, np.random.Generator)}.values())
        self.history = History()
        self.best: State = model.state_dict()

    def add(self, row: dict[str, float]) -> None:
        """Append an epoch to the history; if it is the best so far, keep the model's state."""
        self.history.rows.append(row)
        if self.history.waited == 0:
            self.best = self.model.state_dict()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the state, whole or not at all; if it cannot be written, warn."""
        state = self._state()
        arrays = {str(i): kept for i, kept in state["optimizer"].pop("state").items()}
        rest = {
            "kinds": self._kinds(),
            "kernels": kernels(),
            "history": self.history.rows,
            **{k: v for k, v in state.items() if k != "model"},
        }
        text = json.dumps(rest, default=lambda number: np.asarray(number).tolist())
        try:
            save({"model": state["model"], "best": self.best, "optimizer": arrays}, path, {"run": text})
        except OSError as error:
            import warnings

            message = f"fit: epoch {len(self.history)} is not in the checkpoint, and training goes on: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=3)

    def load(self, path: str | PathLike[str]) -> None:
        """Restore the state that `save` wrote. If anything in the file does not fit, nothing is changed.

        Raises
        ------
        DamagedFileError
            If the file is not a training state, or has values that no run can have.
        ValueError
            If it is of another model, optimiser or schedule.
        """
        saved = load(path)
        if "run" not in saved.metadata:
            raise DamagedFileError(f"fit: {path} holds no training run to resume; was it written by fit(checkpoint=...)?")
        before = None
        try:
            run = _Run.read(saved)
            if run.kinds != (kinds := self._kinds()):
                raise ValueError(f"fit: {path} is of a run with {', '.join(run.kinds)}; this one has {', '.join(kinds)}")
            self._check_finite(run)
            before = self._state()
            self._set({**run.rest, "model": run.best})  # tried, not kept
            self._set({**run.rest, "model": run.model})
            if _plain(self._state()) != _plain(run.rest):
                raise TypeError("its numbers are not those that a run writes")
        except BaseException as error:
            if before is not None:
                self._set(before)
            error.add_note(f"in fit: {path} is of another run; nothing was changed")
            if type(error) is ValueError or not isinstance(error, Exception):
                raise
            what = shorten(str(error) or type(error).__name__, MESSAGE)
            raise DamagedFileError(f"fit: {path} holds a damaged training run: {what}; nothing was changed") from error
        self.history, self.best = run.history, run.best
        if run.kernels is not None and (differs := repeat(run.kernels)):
            import warnings

            text = f"fit: {path} is continued to rounding, not bit by bit: {differs}"
            warnings.warn(text, RuntimeWarning, stacklevel=3)

    def _check_finite(self, run: _Run) -> None:
        weights = {name for name, _ in self.model.named_parameters()}
        named = [(name, v) for state in (run.model, run.best) for name, v in state.items() if name in weights]
        for number, arrays in run.rest["optimizer"]["state"].items():
            named += [(f"optimizer.{number}.{name}", v) for name, v in arrays.items()]
        if bad := list(dict.fromkeys(name for name, v in named if not np.isfinite(v).all())):
            raise TypeError(f"{', '.join(bad)} {'have' if bad[1:] else 'has'} elements that are nan or infinite")

    def _kinds(self) -> list[str]:
        """The class names that must be the same in a run that is continued."""
        parts = [self.optimizer, *([self.schedule] if self.schedule else []), *(g.bit_generator for g in self._generators)]
        return [type(part).__name__ for part in parts]

    def _state(self) -> State:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "generators": [rng.bit_generator.state for rng in self._generators],
        }

    def _set(self, state: State) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule:
            self.schedule.load_state_dict(state["schedule"])
        for rng, numbers in zip(self._generators, state["generators"], strict=True):
            rng.bit_generator.state = numbers


def _is_of_kernels(found: dict[str, Any]) -> bool:
    """Whether `kernels` can have given this."""
    of_types = all(type(v) is {"numba": str, "threads": int, "blas": int}[key] for key, v in found.items())
    of_something = "numba" in found or "blas" in found
    return of_types and of_something and 0 < found["threads"] < MOST and found.get("blas", 1) == 1


class _Run(NamedTuple):
    """The content of a checkpoint, of the right types throughout; whether it fits a model is another question."""

    kinds: list[str]
    kernels: dict[str, Any] | None  # None in a checkpoint of minigrad 0.1
    history: History
    model: State
    best: State
    rest: State  # the states of optimiser, schedule and generators

    @classmethod
    def read(cls, saved: Saved) -> _Run:
        rest = json.loads(saved.metadata["run"])
        kinds, rows, computed_by = rest.pop("kinds"), rest.pop("history"), rest.pop("kernels", None)
        if computed_by and not _is_of_kernels(computed_by):
            raise TypeError("its kernels are none that a run has")
        if set(rest) != {"optimizer", "schedule", "generators"} or not all(isinstance(kind, str) for kind in kinds):
            raise TypeError(f"its parts are {sorted(rest)}")
        for row in rows:
            if not row or not all(type(number) in (int, float) for number in row.values()):
                raise TypeError("its history is not of numbers")
        parts: dict[str, State] = {"model": {}, "best": {}, "optimizer": {}}
        for name, array in saved.items():
            part, _, key = name.partition(".")
            parts[part][key] = array
        kept: dict[str, State] = {}
        for name, array in parts["optimizer"].items():
            number, _, key = name.partition(".")
            kept.setdefault(number, {})[key] = array
        rest["optimizer"]["state"] = kept
        return cls(kinds, computed_by, History(rows), parts["model"], parts["best"], rest)


def _plain(state: State) -> Any:
    """The schedule and the generators of a state as JSON gives them back, so that two can be compared."""
    parts = [state["schedule"], state["generators"]]
    return json.loads(json.dumps(parts, default=lambda number: np.asarray(number).tolist()))
