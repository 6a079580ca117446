"""The Module: a part of a network, whose attributes are its parameters, buffers and submodules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from minigrad.graph import Origin, value_of
from minigrad.modes import ENTRIES, MODES
from minigrad.nn.hooks import Handle, Hook
from minigrad.nn.summary import Summary, summarise
from minigrad.tensor import Tensor

Self = TypeVar("Self", bound="Module")


class Keys(NamedTuple):
    """The keys that `Module.load_state_dict` missed, and those it did not expect."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """Base class of all layers and networks: define `forward`; parameters and submodules are set as attributes.

    A leaf Tensor that requires a gradient is a parameter, a Module is a submodule, and an array given to `register_buffer`
    is a buffer: saved and loaded, but not trained. Calling a module runs `forward` inside a drawing scope of its name.

    Unlike PyTorch: a subclass need not call ``super().__init__()``; a plain Tensor is a parameter (``nn.Parameter`` is
    another name for it); and a plain list or dict that hides parameters is an error instead of a silent omission.

    Attributes
    ----------
    training : bool
        Whether dropout and batch normalisation are in training mode; set by `train` and `eval`.

    Examples
    --------
    >>> class Net(mg.nn.Module):
    ...     def __init__(self):
    ...         self.hidden = mg.nn.Linear(2, 3)
    ...         self.out = mg.nn.Linear(3, 1)
    ...     def forward(self, x):
    ...         return self.out(mg.relu(self.hidden(x)))
    >>> net = Net()
    >>> net
    Net(
      (hidden): Linear(in_features=2, out_features=3, bias=True)
      (out): Linear(in_features=3, out_features=1, bias=True)
    )
    >>> [name for name, _ in net.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    >>> net(np.ones((5, 2), np.float32)).scope
    'Net/out'
    """

    training: bool
    _label: str
    _parameters: set[str]
    _buffers: set[str]
    _hooks: dict[int, Hook]
    _pre_hooks: dict[int, Hook]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Start without submodules. Not done in __init__, which a subclass may forget to call."""
        if (args or kwargs) and cls.__init__ is object.__init__:  # which would ignore them
            raise TypeError(f"{cls.__name__} takes no arguments, got {', '.join([*map(repr, args), *kwargs])}")
        module = super().__new__(cls)
        vars(module).update(training=True, _label="", _parameters=set(), _buffers=set(), _hooks={}, _pre_hooks={})
        return module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; defined by each subclass."""
        raise NotImplementedError(f"{type(self).__name__} has no forward; define forward(self, x)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and the hooks around it, in a scope of this module's name."""
        outer = MODES.get()
        label = self._label or type(self).__name__
        scope = f"{outer.scope}/{label}" if outer.scope else label
        MODES.set(outer._replace(scope=scope, outer=outer, entered=(*outer.entered, next(ENTRIES))))
        try:
            if self._pre_hooks:
                for hook in list(self._pre_hooks.values()):
                    new = hook(self, args)
                    args = args if new is None else new if isinstance(new, tuple) else (new,)
            out = self.forward(*args, **kwargs)
            if self._hooks:
                for hook in list(self._hooks.values()):
                    new = hook(self, args, out)
                    out = out if new is None else new
        except Exception as error:
            if not getattr(error, "__notes__", None):
                error.add_note(f"in module {scope}")
            raise
        finally:
            MODES.set(outer)
        return out

    def __setattr__(self, name: str, value: Any) -> None:
        parameter = _is_parameter(value)
        if isinstance(value, Module) or parameter:
            self._check_name(name)
        self._refuse_hidden(name, value)
        if isinstance(value, Module):
            vars(value)["_label"] = f"{name} {type(value).__name__}" if name.isdigit() else name
        if parameter:
            self._parameters.add(name)
            value.name = value.name or name
            value.origin = value.origin or Origin()  # so that a drawing tells it from an input
        elif name in self._parameters:
            if not (value is None or isinstance(value, Tensor)):
                raise TypeError(
                    f"{type(self).__name__}.{name} is a parameter and {type(value).__name__} is not: set its value with "
                    f".{name}.data = ..., or give a Tensor, or None"
                )
            self._parameters.discard(name)
        if not isinstance(value, np.ndarray):
            self._buffers.discard(name)
        object.__setattr__(self, name, value)

    def _check_name(self, name: str) -> None:
        """Refuse a name that would make a path ambiguous, or hide one of the module's own attributes."""
        if "." in name or "/" in name or not name:
            raise ValueError(f"{type(self).__name__}: a submodule's name is not empty and has no '.' or '/', got {name!r}")
        if callable(getattr(type(self), name, None)) or name in Module.__annotations__:
            raise ValueError(f"{type(self).__name__}: {name!r} is an attribute of every module; choose another name")

    def _refuse_hidden(self, name: str, value: Any) -> None:
        """Refuse a plain list, tuple, set or dictionary that holds modules or parameters: they would not be found."""
        if isinstance(value, dict | list | tuple | set) and _hides(value):
            kind = "Dict" if isinstance(value, dict) else "List"
            raise TypeError(
                f"{type(self).__name__}.{name}: the parameters inside a plain {type(value).__name__} would not be "
                f"found; use nn.Module{kind} for modules, and nn.Parameter{kind} for tensors"
            )

    def register_buffer(self, name: str, value: ArrayLike | None) -> None:
        """Set an attribute that is saved and loaded with the parameters, but not trained: a copy of an array, or None."""
        self._check_name(name)
        setattr(self, name, None if value is None else np.array(value_of(value)))
        if value is not None:
            self._buffers.add(name)

    # Finding things

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct submodules, with their attribute names."""
        return ((name, v) for name, v in vars(self).items() if isinstance(v, Module))

    def children(self) -> Iterator[Module]:
        """The direct submodules."""
        return (v for _, v in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """The module itself and all submodules, each once, with paths such as "encoder.0"."""
        seen: set[Module] = set()
        for name, module in self._paths(prefix, ()):
            if module not in seen:
                seen.add(module)
                yield name, module

    def modules(self) -> Iterator[Module]:
        """The module itself and all submodules, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """The parameters with paths such as "encoder.0.weight"; a shared one once."""
        seen: set[Tensor] = set()
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, p in module._own(module._parameters):
                if p not in seen:
                    seen.add(p)
                    yield _join(path, name), p

    def parameters(self, recurse: bool = True) -> Iterator[Tensor]:
        """The parameters, a shared one once."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Any]]:
        """The buffers with their paths."""
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, v in module._own(module._buffers):
                yield _join(path, name), v

    def buffers(self) -> Iterator[Any]:
        """The buffers."""
        return (v for _, v in self.named_buffers())

    def _own(self, names: set[str]) -> list[tuple[str, Any]]:
        """Attributes of the given names, in the order they were set."""
        return [(name, v) for name, v in vars(self).items() if name in names]

    def _paths(self, path: str, above: tuple[Module, ...]) -> Iterator[tuple[str, Module]]:
        """The module and all submodules, a shared one under each of its paths."""
        yield path, self
        for name, value in vars(self).items():
            self._refuse_hidden(name, value)  # it may have been added after the list was set
        for name, child in self.named_children():
            if child is self or child in above:
                raise ValueError(
                    f"{type(self).__name__}.{name} contains this module itself; a submodule cannot contain its parent"
                )
            yield from child._paths(_join(path, name), (*above, self))

    # Saving and loading

    def _state(self) -> dict[str, tuple[Module, str]]:
        """The module and the attribute name behind each entry of the state."""
        return {
            _join(path, name): (module, name)
            for path, module in self._paths("", ())
            for names in (module._parameters, module._buffers)
            for name, _ in module._own(names)
        }

    def state_dict(self) -> dict[str, Any]:
        """Copies of all parameters and buffers as NumPy arrays, by path; a shared one under each of its paths."""
        return {key: np.array(value_of(getattr(module, name))) for key, (module, name) in self._state().items()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Keys:
        """Copy values into the parameters and buffers of the same paths: all of them, or none if anything is wrong.

        Parameters
        ----------
        state_dict : mapping of str to array_like
            From `state_dict`, of minigrad or PyTorch.
        strict : bool
            If false, missing and unexpected keys are only returned. Wrong shapes are always an error.

        Returns
        -------
        Keys
            ``missing_keys`` and ``unexpected_keys``.

        Raises
        ------
        ValueError
            Lists every key that is missing, unexpected, or of a wrong shape or dtype.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"load_state_dict: the state is a mapping of names to arrays, got {type(state_dict).__name__}")
        homes = self._state()
        keys = Keys([k for k in homes if k not in state_dict], [k for k in state_dict if k not in homes])
        wrong, new = [], {}
        for key in [k for k in homes if k in state_dict]:
            old, value = value_of(getattr(*homes[key])), np.asarray(value_of(state_dict[key]))
            if value.shape != old.shape:
                wrong.append(f"{key} is {old.shape}, got {value.shape}")
            elif not np.can_cast(value.dtype, old.dtype, "same_kind"):
                wrong.append(f"{key} is of dtype {old.dtype}, got {value.dtype}")
            else:
                new[key] = value
        faults = [("missing", keys.missing_keys), ("unexpected", keys.unexpected_keys)] if strict else []
        text = [f"{kind}: {', '.join(found)}" for kind, found in [*faults, ("wrong", wrong)] if found]
        if text:
            raise ValueError(f"load_state_dict: the state does not fit {type(self).__name__}; {'; '.join(text)}")
        for key, value in new.items():
            module, name = homes[key]
            place = getattr(module, name)
            if isinstance(place, Tensor):
                place.data = value
            else:
                place[...] = value
        return keys

    # Changing all parameters

    def train(self: Self, mode: bool = True) -> Self:
        """Set training mode, or evaluation mode if false; returns the module."""
        for module in self.modules():
            vars(module)["training"] = bool(mode)
        return self

    def eval(self: Self) -> Self:
        """Set evaluation mode; returns the module."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Unfreeze all parameters, or freeze them if false; returns the module."""
        for p in self.parameters():
            p.requires_grad = bool(requires_grad)
        return self

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to None."""
        for p in self.parameters():
            p.grad = None

    def apply(self: Self, function: Callable[[Module], Any]) -> Self:
        """Call a function with every submodule, and last with this module; returns the module."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def astype(self: Self, dtype: DTypeLike) -> Self:
        """Cast parameters and floating-point buffers to another floating dtype, in place; returns the module."""
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"{type(self).__name__}.astype: parameters need a floating dtype, got {np.dtype(dtype)}")
        for p in self.parameters():
            p.value = p.value.astype(dtype)
            p.grad = None if p.grad is None else p.grad.astype(dtype)
        for module in self.modules():
            for name, v in module._own(module._buffers):
                if v.dtype.kind == "f":
                    setattr(module, name, v.astype(dtype))
        return self

    def float(self: Self) -> Self:
        """Cast to float32; returns the module."""
        return self.astype(np.float32)

    def double(self: Self) -> Self:
        """Cast to float64; returns the module."""
        return self.astype(np.float64)

    # Hooks

    def register_forward_hook(self, hook: Hook) -> Handle:
        """Call ``hook(module, args, out)`` after each forward; what it returns, unless None, replaces `out`."""
        return Handle(self._hooks, hook)

    def register_forward_pre_hook(self, hook: Hook) -> Handle:
        """Call ``hook(module, args)`` before each forward; what it returns, unless None, replaces `args`."""
        return Handle(self._pre_hooks, hook)

    # Looking at it

    def extra_repr(self) -> str:
        """The arguments that `repr` shows."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        extra = self.extra_repr()
        if not children:
            return f"{type(self).__name__}({extra})"
        lines = "\n  ".join([extra, *children] if extra else children)
        return f"{type(self).__name__}(\n  {lines}\n)"

    def multiply_adds(self, out: Any, *args: Any) -> int:
        """Multiply-accumulates of a forward from `args` to `out`, without submodules; for `summary`."""
        return 0

    def summary(self, *input_shapes: tuple[int, ...], dtype: DTypeLike | None = None) -> Summary:
        """Output shapes, parameters and multiply-accumulates, layer by layer; printed, it is a table.

        Zeros are run through the module in evaluation mode; nothing is recorded or changed.

        Parameters
        ----------
        *input_shapes : tuple of int
            The shape of each input, batch axis included.
        dtype : dtype_like, optional
            Of the inputs; by default that of the first parameter. An Embedding needs an integer one.

        Examples
        --------
        >>> print(mg.nn.Sequential(mg.nn.Linear(4, 8), mg.nn.ReLU(), mg.nn.Linear(8, 2)).summary((1, 4)))
        layer  kind        out     parameters  multiply-adds
               Sequential  (1, 2)           0              0
        0      Linear      (1, 8)          40             32
        1      ReLU        (1, 8)           0              0
        2      Linear      (1, 2)          18             16
        total                              58             48
        """
        return summarise(self, input_shapes, dtype)


def _is_parameter(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and value.op is None


def _hides(value: Any) -> bool:
    """True if a collection contains a module or a parameter, at any depth."""
    if isinstance(value, dict | list | tuple | set):
        return any(map(_hides, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Module) or _is_parameter(value)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
