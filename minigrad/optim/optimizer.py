"""Base class of the optimisers: parameter groups, their state, and a step that allocates nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from minigrad import guard
from minigrad.border import warn_of_no_gradients
from minigrad.graph import describe, value_of
from minigrad.tensor import Tensor

Parameters = Iterable[Tensor] | Iterable[Mapping[str, Any]]

BLOCK = 1 << 15  # elements updated at a time, so that the passes of one update find them in the cache


class Optimizer:
    """Base class: updates parameters in place by their gradients.

    A subclass gives its settings to `_set_up`, names in `_slots` the arrays it keeps for each parameter, and updates a block
    of elements in `_update`.

    Attributes
    ----------
    param_groups : list of dict
        Each holds its "params" and all settings, such as "lr", which may be changed at any time.
    state : dict
        For each updated parameter, the number of steps and the arrays kept.
    """

    coupled = True  # whether weight decay is an L2 penalty, part of the gradient

    def _set_up(self, params: Parameters, **settings: Any) -> None:
        self.defaults = settings
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._buffers: dict[Any, list[Any]] = {}
        if isinstance(params, Tensor):
            raise TypeError(f"{self._name}: params must be a list of tensors or of groups; put the tensor into a list")
        if not isinstance(params, Iterable):
            raise TypeError(f"{self._name}: params must be tensors, such as model.parameters(), got {type(params).__name__}")
        given: list[Any] = list(params)
        if not given:
            raise ValueError(f"{self._name}: there are no parameters to optimise; is model.parameters() exhausted?")
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters: a mapping with their "params", and settings that differ from the optimiser's."""
        if not isinstance(group, Mapping) or "params" not in group:
            got = sorted(group) if isinstance(group, Mapping) else type(group).__name__
            raise TypeError(f"{self._name}: a group must be a mapping with 'params', got {got}")
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        there = {p for other in self.param_groups for p in other["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"{self._name}: parameters must be tensors, got {type(p).__name__}")
            if p.op is not None or p.dtype.kind not in "fc":
                raise ValueError(
                    f"{self._name}: {describe(p)} cannot be optimised: it is recorded, or not of a floating or complex dtype"
                )
            if p in there:
                raise ValueError(f"{self._name}: {describe(p)} is given twice")
            there.add(p)
        unknown = set(group) - set(self.defaults) - {"params", "initial_lr"}
        if unknown:
            raise ValueError(f"{self._name}: unknown settings {sorted(unknown)}; the settings are {sorted(self.defaults)}")
        settings = {**self.defaults, **group, "params": params}
        self._check(settings)
        self.param_groups.append(settings)
        for p in params:
            if p.ndim:
                p.value = guard.own(p.value)  # of a tensor that was detached, another one may hold the array

    def _check(self, settings: dict[str, Any]) -> None:
        """Refuse settings out of range: all are non-negative, and decay rates are less than 1."""
        for name, value in settings.items():
            below = name in ("betas", "alpha", "rho")
            numbers = value if isinstance(value, tuple | list) else (value,)
            if name == "betas" and len(numbers) != 2:
                raise TypeError(f"{self._name}: betas must be two numbers, got {value!r}")
            for v in () if name == "params" else numbers:
                if not isinstance(v, int | float | np.number | np.bool_):
                    raise TypeError(f"{self._name}: {name} must be a number, got {value!r}")
                if not v >= 0 or (below and v >= 1):
                    raise ValueError(f"{self._name}: {name} must be at least 0{' and less than 1' * below}, got {value!r}")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients to None, or to zeros if `set_to_none` is false."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None if set_to_none or p.grad is None else np.zeros_like(p.value)[()]

    def step(self) -> None:
        """Update every parameter that has a gradient; if one does not fit, raise, and change nothing."""
        work = [(g, p, value_of(p.grad)) for g in self.param_groups for p in g["params"] if p.grad is not None]
        if not work:
            warn_of_no_gradients(self._name)
        for _, p, grad in work:
            if np.shape(grad) != p.shape:
                raise ValueError(f"{self._name}: {describe(p)} has a gradient of shape {np.shape(grad)}")
            if np.iscomplexobj(grad) and p.dtype.kind != "c":
                raise ValueError(f"{self._name}: {describe(p)} is real and has a complex gradient; pass its real part")
        with np.errstate(all="ignore"):  # divergence shows in the loss; a warning turned error would leave half a step
            for group, p, grad in work:
                self._step_one(group, p, np.asarray(grad))

    def _step_one(self, group: dict[str, Any], p: Tensor, grad: Any) -> None:
        with guard.updating(p.value) as value:
            state = self.state.get(p)
            if state is None:
                state = self.state[p] = {"step": 0, **{k: np.full_like(value, v) for k, v in self._slots(group).items()}}
            state["step"] += 1
            names = [name for name in state if name != "step"]  # a loaded state may be in any order
            decay = group["weight_decay"]
            for w, g, *kept in self._blocks(value, grad, *[state[name] for name in names]):
                a, b, c = self._scratch(w)
                if w.dtype.kind == "c":
                    g = np.conjugate(g, out=c)  # see the convention in `minigrad.ops.complex`
                if group["maximize"]:
                    g = np.negative(g, out=c)
                if decay and self.coupled:
                    np.multiply(w, decay, out=a)
                    g = np.add(g, a, out=c)
                elif decay:
                    w *= 1 - group["lr"] * decay
                self._update(w, g, a, b, group, state["step"], **dict(zip(names, kept, strict=True)))
        p.value = value[()]  # a new object on the same memory, by which a sweep notices the update

    def _blocks(self, *arrays: Any) -> Iterator[Any]:
        """The arrays block by block, if all are contiguous; else whole."""
        if arrays[0].size <= BLOCK or not all(v.flags.c_contiguous for v in arrays):
            yield arrays
            return
        flat = [v.reshape(-1) for v in arrays]
        for start in range(0, arrays[0].size, BLOCK):
            yield [v[start : start + BLOCK] for v in flat]

    def _scratch(self, w: Any) -> list[Any]:
        """Three buffers like w, shared by all parameters."""
        buffers = self._buffers.get(w.dtype)
        if buffers is None or buffers[0].size < w.size:
            buffers = self._buffers[w.dtype] = [np.empty(w.size, w.dtype) for _ in range(3)]
        return [v[: w.size].reshape(w.shape) for v in buffers]

    def _slots(self, group: dict[str, Any]) -> dict[str, float]:
        """The arrays kept for each parameter, and the value that fills them initially."""
        return {}

    def _update(self, *args: Any, **kept: Any) -> None:
        """Update a block of w and of the arrays kept, in place; takes (w, g, a, b, group, step), with a and b as buffers."""
        raise NotImplementedError

    # Saving and loading

    def state_dict(self) -> dict[str, Any]:
        """Copies of the "state", by number of the parameter, and the "param_groups", as in PyTorch."""
        numbers = self._numbers()
        state = {numbers[p]: {k: v if k == "step" else v.copy() for k, v in s.items()} for p, s in self.state.items()}
        groups = [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups]
        return {"state": dict(sorted(state.items())), "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a `state_dict` of the same class for the same shapes; if it does not fit, nothing is changed.

        Raises
        ------
        ValueError
            Lists all differences in groups, settings, parameters and shapes, or names a setting that is out of range.
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
            else:
                faults += self._out_of_range(group)
        if (saved_numbers := [n for g in groups for n in g["params"]]) != list(range(len(saved_numbers))):
            faults.append(f"parameters are numbered {saved_numbers} in the groups")
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
            if p.dtype.kind != "c" and any(np.iscomplexobj(v) for v in entry.values()):
                faults.append(f"parameter {number} is {p.dtype}, saved were complex numbers")
                continue
            if np.ndim(entry["step"]) or not 0 <= entry["step"] < 2**63 or entry["step"] != int(entry["step"]):
                faults.append(f"parameter {number} has taken {entry['step']} steps")
                continue
            new[p] = {k: int(v) if k == "step" else np.array(v, p.dtype) for k, v in entry.items()}
        if faults:
            raise ValueError(f"{self._name}.load_state_dict: the state does not fit; {'; '.join(faults)}")
        for group, loaded in zip(self.param_groups, groups, strict=True):
            group.update({k: tuple(v) if k == "betas" else v for k, v in loaded.items() if k != "params"})
        self.state = new

    def _out_of_range(self, group: Mapping[str, Any]) -> list[str]:
        """The faults in the settings of a saved group."""
        try:
            self._check(dict(group))
        except (TypeError, ValueError) as error:
            return [str(error)]
        values = {k: group[k] for k in (*self.defaults, "initial_lr") if k in group}
        switches = [k for k, v in values.items() if (type(v) is bool) != (type(self.defaults.get(k)) is bool)]
        infinite = [k for k, v in values.items() if not np.isfinite(v).all()]
        return [f"{k} cannot be {values[k]!r}" for k in (*switches, *infinite)]

    def _numbers(self) -> dict[Tensor, int]:
        return {p: i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}

    def __repr__(self) -> str:
        settings = {k: v for k, v in self.param_groups[0].items() if k != "params"}
        counts = [len(group["params"]) for group in self.param_groups]
        return f"{self._name}({', '.join(f'{k}={v!r}' for k, v in settings.items())}; tensors in groups: {counts})"
