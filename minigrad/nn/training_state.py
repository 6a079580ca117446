"""The state of a training run: everything that the next epoch depends on, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from os import PathLike
from typing import Any

import numpy as np

from minigrad.nn.history import History
from minigrad.nn.module import Module
from minigrad.optim import Optimizer, ReduceLROnPlateau, Scheduler
from minigrad.storage import load, save

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
        rest = {"kinds": self._kinds(), "history": self.history.rows, **{k: v for k, v in state.items() if k != "model"}}
        text = json.dumps(rest, default=lambda number: np.asarray(number).tolist())
        try:
            save({"model": state["model"], "best": self.best, "optimizer": arrays}, path, {"run": text})
        except OSError as error:
            import warnings

            message = f"fit: epoch {len(self.history)} is not in the checkpoint, and training goes on: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=3)

    def load(self, path: str | PathLike[str]) -> None:
        """Restore the state that `save` wrote; if it does not fit, nothing is changed.

        Raises
        ------
        ValueError
            If the file is of another model, optimiser or schedule, or is not a training state.
        """
        saved = load(path)
        if "run" not in saved.metadata:
            raise ValueError(f"fit: {path} holds no training run to resume; was it written by fit(checkpoint=...)?")
        parts: dict[str, State] = {"model": {}, "best": {}, "optimizer": {}}
        kept: dict[str, State] = {}
        try:
            new = json.loads(saved.metadata["run"])
            kinds, history = new.pop("kinds"), History(new.pop("history"))
            for name, array in saved.items():
                part, _, key = name.partition(".")
                parts[part][key] = array
            for name, array in parts["optimizer"].items():
                number, _, key = name.partition(".")
                kept.setdefault(number, {})[key] = array
            new["optimizer"]["state"] = kept
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"fit: {path} holds a damaged training run: {error!r}") from error
        if kinds != self._kinds():
            raise ValueError(f"fit: {path} is of a run with {', '.join(kinds)}; this one has {', '.join(self._kinds())}")
        before = self._state()
        try:
            self._set({**new, "model": parts["model"]})
        except Exception as error:
            self._set(before)
            error.add_note(f"in fit: {path} is of another run; nothing was changed")
            raise
        self.history, self.best = history, parts["best"]

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
