"""What all optimisers have in common: groups of parameters, their state, and a walk over both that makes no new arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from minigrad.graph import describe, value_of
from minigrad.tensor import Tensor

BLOCK = 1 << 15  # numbers updated at a time, so that the passes of one update find them in the cache


class Optimizer:
    """Changes parameters by their gradients, in place.

    A subclass gives its settings to `_set_up`, says in `_slots` which arrays it keeps for each parameter, and updates one
    block of numbers in `_update`.

    Attributes
    ----------
    param_groups : list of dict
        Each has its "params" and all settings, as "lr"; change them at any time.
    state : dict
        For each parameter that has been updated, the number of steps and the arrays kept.
    """

    coupled = True  # whether weight decay is part of the gradient

    def _set_up(self, params: Iterable[Any], **settings: Any) -> None:
        self.defaults = settings
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._scratch: dict[Any, list[Any]] = {}
        if isinstance(params, Tensor):
            raise TypeError(f"{self._name}: params is a list of tensors, or of groups; put the tensor into a list")
        if not isinstance(params, Iterable):
            raise TypeError(f"{self._name}: params is a list of tensors, as model.parameters(), got {type(params).__name__}")
        params = list(params)
        if not params:
            raise ValueError(f"{self._name}: there is nothing to optimise; is model.parameters() used up already?")
        if not isinstance(params[0], Mapping):
            params = [{"params": params}]
        for group in params:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Optimise more parameters, with settings of their own.

        Parameters
        ----------
        group : mapping
            Their "params", and settings where they differ from the optimiser's own.

        Raises
        ------
        TypeError
            If something is no tensor.
        ValueError
            If a setting is unknown or out of range, or a tensor is no parameter or is there already.
        """
        if not isinstance(group, Mapping) or "params" not in group:
            got = sorted(group) if isinstance(group, Mapping) else type(group).__name__
            raise TypeError(f"{self._name}: a group is a mapping with 'params', got {got}")
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        there = {p for other in self.param_groups for p in other["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"{self._name}: parameters are tensors, got {type(p).__name__}")
            if p.op is not None or p.dtype.kind != "f":
                raise ValueError(f"{self._name}: {describe(p)} is no parameter, but recorded or without floating numbers")
            if p in there:
                raise ValueError(f"{self._name}: {describe(p)} is given twice")
            there.add(p)
        unknown = set(group) - set(self.defaults) - {"params", "initial_lr"}
        if unknown:
            raise ValueError(f"{self._name}: unknown settings {sorted(unknown)}; there are {sorted(self.defaults)}")
        settings = {**self.defaults, **group, "params": params}
        self._check(settings)
        self.param_groups.append(settings)

    def _check(self, settings: dict[str, Any]) -> None:
        """Refuse numbers out of range: every number is at least 0, and a rate of decay less than 1."""
        for name, value in settings.items():
            below = name in ("betas", "alpha", "rho")
            numbers = value if isinstance(value, tuple | list) else (value,)
            if name == "betas" and len(numbers) != 2:
                raise TypeError(f"{self._name}: betas are two numbers, got {value!r}")
            for v in () if name == "params" else numbers:
                if not isinstance(v, int | float | np.number | np.bool_):
                    raise TypeError(f"{self._name}: {name} is a number, got {value!r}")
                if not v >= 0 or (below and v >= 1):
                    raise ValueError(f"{self._name}: {name} is at least 0{' and less than 1' * below}, got {value!r}")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients.

        Parameters
        ----------
        set_to_none : bool
            If false, they become zeros.
        """
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None if set_to_none or p.grad is None else np.zeros_like(p.value)[()]

    def step(self) -> None:
        """Update every parameter that has a gradient.

        Raises
        ------
        ValueError
            If a gradient has not its parameter's shape; then nothing is changed.
        """
        work = [(g, p, value_of(p.grad)) for g in self.param_groups for p in g["params"] if p.grad is not None]
        for _, p, grad in work:
            if np.shape(grad) != p.shape:
                raise ValueError(f"{self._name}: {describe(p)} has a gradient of shape {np.shape(grad)}")
        with np.errstate(all="ignore"):  # what diverges shows in the loss; a warning here would leave half a step behind
            for group, p, grad in work:
                self._step_one(group, p, np.asarray(grad))

    def _step_one(self, group: dict[str, Any], p: Tensor, grad: Any) -> None:
        value = np.asarray(p.value)
        if not value.flags.writeable:
            value = value.copy()
        state = self.state.get(p)
        if state is None:
            state = self.state[p] = {"step": 0, **{k: np.full_like(value, v) for k, v in self._slots(group).items()}}
        state["step"] += 1
        names = [name for name in state if name != "step"]  # in a saved state they may be in any order
        decay = group["weight_decay"]
        for w, g, *kept in self._blocks(value, grad, *[state[name] for name in names]):
            a, b, c = self._room(w)
            if group["maximize"]:
                g = np.negative(g, out=c)
            if decay and self.coupled:
                np.multiply(w, decay, out=a)
                g = np.add(g, a, out=c)
            elif decay:
                w *= 1 - group["lr"] * decay
            self._update(w, g, a, b, group, state["step"], **dict(zip(names, kept, strict=True)))
        p.value = value[()]  # another object around the same memory: so a sweep sees that the value has changed

    def _blocks(self, *arrays: Any) -> Iterator[Any]:
        """The arrays piece by piece, if all lie in memory in order; else whole."""
        if arrays[0].size <= BLOCK or not all(v.flags.c_contiguous for v in arrays):
            yield arrays
            return
        flat = [v.reshape(-1) for v in arrays]
        for start in range(0, arrays[0].size, BLOCK):
            yield [v[start : start + BLOCK] for v in flat]

    def _room(self, w: Any) -> list[Any]:
        """Three arrays like w to work in, the same for every parameter."""
        room = self._scratch.get(w.dtype)
        if room is None or room[0].size < w.size:
            room = self._scratch[w.dtype] = [np.empty(w.size, w.dtype) for _ in range(3)]
        return [v[: w.size].reshape(w.shape) for v in room]

    def _slots(self, group: dict[str, Any]) -> dict[str, float]:
        """The arrays kept for each parameter, and the number that they start from."""
        return {}

    def _update(self, *args: Any, **kept: Any) -> None:
        """Update a block, given (w, g, a, b, group, step): w and what is kept in place; g is only read, a and b are room."""
        raise NotImplementedError

    # Saving and loading

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to continue: copies of arrays, and plain numbers.

        Returns
        -------
        dict
            "state", for each parameter by its number, and "param_groups", as in PyTorch.
        """
        numbers = self._numbers()
        state = {numbers[p]: {k: v if k == "step" else v.copy() for k, v in s.items()} for p, s in self.state.items()}
        groups = [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups]
        return {"state": dict(sorted(state.items())), "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a saved state; all of it, or nothing is changed.

        Parameters
        ----------
        state_dict : mapping
            As from `state_dict`, of an optimiser of the same kind for parameters of the same shapes.

        Raises
        ------
        ValueError
            If groups, settings, parameters or shapes differ; all differences are listed.
        """
        faults: list[str] = []
        params = {number: p for p, number in self._numbers().items()}
        groups = state_dict["param_groups"]
        sizes, saved = ([len(g["params"]) for g in gs] for gs in (self.param_groups, groups))
        if sizes != saved:
            faults.append(f"groups have {sizes} parameters, saved were {saved}")
        for i, group in enumerate(groups):
            if differing := (set(group) ^ set(self.defaults)) - {"params", "initial_lr"}:
                faults.append(f"settings {sorted(differing)} of group {i} are not in both")
        new: dict[Tensor, dict[str, Any]] = {}
        settings = [group for group, n in zip(groups, sizes, strict=False) for _ in range(n)]
        for number, entry in {int(k): v for k, v in state_dict["state"].items()}.items():
            if (p := params.get(number)) is None:
                faults.append(f"there is no parameter {number}")
                continue
            slots = {"step", *self._slots({**self.defaults, **settings[number]})} if number < len(settings) else set(entry)
            if set(entry) != slots:
                faults.append(f"parameter {number} keeps {sorted(slots)}, saved were {sorted(entry)}")
                continue
            shapes = {k: np.shape(v) for k, v in entry.items() if k != "step" and np.shape(v) != p.shape}
            if shapes:
                faults.append(f"parameter {number} is {p.shape}, saved were {shapes}")
            new[p] = {k: int(v) if k == "step" else np.array(v, p.dtype) for k, v in entry.items()}
        if faults:
            raise ValueError(f"{self._name}.load_state_dict: the state does not fit; {'; '.join(faults)}")
        for group, loaded in zip(self.param_groups, groups, strict=True):
            group.update({k: tuple(v) if k == "betas" else v for k, v in loaded.items() if k != "params"})
        self.state = new

    def _numbers(self) -> dict[Tensor, int]:
        return {p: i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}

    def __repr__(self) -> str:
        settings = {k: v for k, v in self.param_groups[0].items() if k != "params"}
        counts = [len(group["params"]) for group in self.param_groups]
        return f"{self._name}({', '.join(f'{k}={v!r}' for k, v in settings.items())}; tensors in groups: {counts})"
