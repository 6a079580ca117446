"""The state of a training run: everything that the next epoch depends on, as one file."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.nn.history import History
from minigrad.nn.module import Module
from minigrad.optim import Optimizer
from minigrad.storage import load, save

State = dict[str, Any]


class Run:
    """A training run between two epochs.

    Attributes
    ----------
    history : History
        The epochs so far.
    best : dict
        The model's state after the epoch with the smallest loss; before the first, its state at the start.
    """

    def __init__(self, model: Module, data: Any, optimizer: Optimizer, schedule: Any) -> None:
        self.model, self.data, self.optimizer, self.schedule = model, data, optimizer, schedule
        self.history = History()
        self.best: State = model.state_dict()

    def add(self, row: dict[str, float]) -> None:
        """Note an epoch, and keep the model as it is now if it is the best so far."""
        self.history.rows.append(row)
        if self.history.best == len(self.history):
            self.best = self.model.state_dict()

    def save(self, path: str | PathLike[str]) -> None:
        """Write all of it, whole or not at all."""
        optimizer = self.optimizer.state_dict()
        arrays = {str(i): kept for i, kept in optimizer["state"].items()}
        rest = {
            "history": self.history.rows,
            "groups": optimizer["param_groups"],
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "generators": [rng.bit_generator.state for rng in self._generators()],
        }
        state = {"model": self.model.state_dict(), "best": self.best, "optimizer": arrays}
        save(state, path, {"run": json.dumps(rest, default=np.ndarray.tolist)})

    def load(self, path: str | PathLike[str]) -> None:
        """Continue from a file that `save` wrote; what does not fit is refused before anything is changed.

        Raises
        ------
        ValueError
            If the file is of another model, optimiser or schedule, or no run at all.
        """
        saved = load(path)
        if "run" not in saved.metadata:
            raise ValueError(f"fit: {path} holds no training run to resume; was it written by fit(checkpoint=...)?")
        rest = json.loads(saved.metadata["run"])
        parts: dict[str, State] = {"model": {}, "best": {}, "optimizer": {}}
        for name, array in saved.items():
            part, _, key = name.partition(".")
            parts[part][key] = array
        kept: dict[str, State] = {}
        for name, array in parts["optimizer"].items():
            number, _, key = name.partition(".")
            kept.setdefault(number, {})[key] = array
        generators = self._generators()
        if (rest["schedule"] is None) != (self.schedule is None) or len(rest["generators"]) != len(generators):
            raise ValueError(f"fit: {path} is of a run with another schedule, or other layers that draw random numbers")
        before = self.model.state_dict()
        self.model.load_state_dict(parts["model"])
        try:
            self.optimizer.load_state_dict({"state": kept, "param_groups": rest["groups"]})
        except ValueError:
            self.model.load_state_dict(before)
            raise
        if self.schedule:
            self.schedule.load_state_dict(rest["schedule"])
        for rng, state in zip(generators, rest["generators"], strict=True):
            rng.bit_generator.state = state
        self.history, self.best = History(rest["history"]), parts["best"]

    def _generators(self) -> list[np.random.Generator]:
        """Where the loader and the layers draw random numbers from, each once."""
        found = (getattr(owner, "rng", None) for owner in (self.data, *self.model.modules()))
        return list({id(rng): rng for rng in found if isinstance(rng, np.random.Generator)}.values())


def resumable(path: str | PathLike[str] | None, resume: bool) -> bool:
    """Whether there is a run to continue: asked for, and there. The first start of a job finds none."""
    if resume and path is None:
        raise ValueError("fit: resume=True needs checkpoint=, the file to continue from")
    return resume and path is not None and Path(path).exists()
