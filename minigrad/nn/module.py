"""The Module: a part of a network, whose attributes are its parameters, its buffers and its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from minigrad.graph import Node, value_of
from minigrad.modes import MODES, Modes
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn.summary import Summary

Self = TypeVar("Self", bound="Module")
Hook = Callable[..., Any]


class Keys(NamedTuple):
    """Which keys `Module.load_state_dict` did not find, and which it did not need."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Handle:
    """A registered hook; `remove` takes it out again. Leaving a ``with`` block does too."""

    def __init__(self, hooks: dict[int, Hook], hook: Hook) -> None:
        self._hooks, self._key = hooks, max(hooks, default=0) + 1
        hooks[self._key] = hook

    def remove(self) -> None:
        """Take the hook out; a second time does nothing."""
        self._hooks.pop(self._key, None)
        self._hooks = {}

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Module:
    """A part of a network. Write `forward`; what is set as an attribute is found.

    A leaf Tensor that requires a gradient is a parameter, a Module is a part, and an array given to `register_buffer` is
    a buffer: it is saved and loaded, but not trained. Calling a module runs `forward` in a drawing scope of its name.

    Attributes
    ----------
    training : bool
        Whether dropout and batch normalisation work as in training; changed by `train` and `eval`.

    Examples
    --------
    >>> from minigrad import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         self.hidden = nn.Linear(2, 3)
    ...         self.out = nn.Linear(3, 1)
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
        """Start without parts; not left to __init__, which a subclass may forget to call."""
        if (args or kwargs) and cls.__init__ is object.__init__:  # which would pass them over without a word
            raise TypeError(f"{cls.__name__} takes no arguments, got {', '.join([*map(repr, args), *kwargs])}")
        module = super().__new__(cls)
        vars(module).update(training=True, _label="", _parameters=set(), _buffers=set(), _hooks={}, _pre_hooks={})
        return module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(f"{type(self).__name__} has no forward; define forward(self, x)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`, in a scope of this module's name, and the hooks around it."""
        outer = MODES.get()
        label = self._label or type(self).__name__
        scope = f"{outer.scope}/{label}" if outer.scope else label
        MODES.set(Modes(outer.record, scope, outer.anomaly, outer))
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
        elif name in self._parameters:
            if not (value is None or isinstance(value, Tensor)):
                raise TypeError(
                    f"{type(self).__name__}.{name} is a parameter and {type(value).__name__} is none: set its numbers with "
                    f".{name}.data = ..., or give a Tensor, or None"
                )
            self._parameters.discard(name)
        if not isinstance(value, np.ndarray):
            self._buffers.discard(name)
        object.__setattr__(self, name, value)

    def _check_name(self, name: str) -> None:
        """Refuse a name that would make a path ambiguous, or hide what a module needs itself."""
        if "." in name or "/" in name or not name:
            raise ValueError(f"{type(self).__name__}: a part's name is not empty and has no '.' or '/', got {name!r}")
        if callable(getattr(type(self), name, None)) or name in Module.__annotations__:
            raise ValueError(f"{type(self).__name__}: {name!r} means something else for a module; choose another name")

    def _refuse_hidden(self, name: str, value: Any) -> None:
        """Refuse a plain list, tuple, set or dictionary that holds what would not be found in it."""
        if isinstance(value, dict | list | tuple | set) and _hides(value):
            kind = "Dict" if isinstance(value, dict) else "List"
            raise TypeError(
                f"{type(self).__name__}.{name}: the parameters inside a plain {type(value).__name__} would not be "
                f"found; use nn.Module{kind} for modules, and one attribute for each tensor"
            )

    def register_buffer(self, name: str, value: Any) -> None:
        """Keep an array that is saved and loaded with the parameters, but not trained.

        Parameters
        ----------
        name : str
            The attribute.
        value : array_like or None
            Is copied; None for a buffer that is not there.
        """
        self._check_name(name)
        setattr(self, name, None if value is None else np.array(value_of(value)))
        if value is not None:
            self._buffers.add(name)

    # Finding things

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The parts of this module, with the attributes they are."""
        return ((name, v) for name, v in vars(self).items() if isinstance(v, Module))

    def children(self) -> Iterator[Module]:
        """The parts of this module."""
        return (v for _, v in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """All parts of parts and the module itself, each once, with its path as in "encoder.0"."""
        seen: set[Module] = set()
        for name, module in self._paths(prefix, ()):
            if module not in seen:
                seen.add(module)
                yield name, module

    def modules(self) -> Iterator[Module]:
        """All parts of parts and the module itself, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """The parameters with their paths, as in "encoder.0.weight"; a shared one once."""
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
        """The buffers, with their paths."""
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
        """The module and all below it, a shared one by each of its paths."""
        yield path, self
        for name, value in vars(self).items():
            self._refuse_hidden(name, value)  # it may have been put in after the list was set
        for name, child in self.named_children():
            if child is self or child in above:
                raise ValueError(f"{type(self).__name__}.{name} holds this module itself; a part cannot hold its whole")
            yield from child._paths(_join(path, name), (*above, self))

    # Saving and loading

    def _state(self) -> dict[str, tuple[Module, str]]:
        """Where each entry of the state lives: a module and an attribute."""
        return {
            _join(path, name): (module, name)
            for path, module in self._paths("", ())
            for names in (module._parameters, module._buffers)
            for name, _ in module._own(names)
        }

    def state_dict(self) -> dict[str, Any]:
        """Copies of all parameters and buffers as NumPy arrays, by their paths.

        Returns
        -------
        dict
            As in PyTorch: of a shared parameter each path has an entry.
        """
        return {key: np.array(value_of(getattr(module, name))) for key, (module, name) in self._state().items()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> Keys:
        """Copy values into the parameters and buffers of the same paths; all of them, or none if anything is wrong.

        Parameters
        ----------
        state_dict : mapping of str to array_like
            As from `state_dict`, of minigrad or of PyTorch.
        strict : bool
            Refuse missing and unexpected keys; if false they are returned only. Wrong shapes are refused always.

        Returns
        -------
        Keys
            ``missing_keys`` and ``unexpected_keys``.

        Raises
        ------
        ValueError
            Lists every key that is missing, unexpected, of a wrong shape or of a wrong kind; nothing is changed.
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
                wrong.append(f"{key} holds {old.dtype} numbers, got {value.dtype}")
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

    # Changing all of it

    def train(self: Self, mode: bool = True) -> Self:
        """Work as in training, or not; returns the module."""
        for module in self.modules():
            vars(module)["training"] = bool(mode)
        return self

    def eval(self: Self) -> Self:
        """Work as after training; returns the module."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Freeze all parameters, or set them free; returns the module."""
        for p in self.parameters():
            p.requires_grad = bool(requires_grad)
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters():
            p.grad = None

    def apply(self: Self, function: Callable[[Module], Any]) -> Self:
        """Call a function with every part of parts, and last with this module; returns the module."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def astype(self: Self, dtype: Any) -> Self:
        """Give parameters and floating buffers another floating dtype, in place; returns the module."""
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"{type(self).__name__}.astype: parameters are floating numbers, got {np.dtype(dtype)}")
        for p in self.parameters():
            p.value = p.value.astype(dtype)
            p.grad = None if p.grad is None else p.grad.astype(dtype)
        for module in self.modules():
            for name, v in module._own(module._buffers):
                if v.dtype.kind == "f":
                    setattr(module, name, v.astype(dtype))
        return self

    def float(self: Self) -> Self:
        """Make everything float32; returns the module."""
        return self.astype(np.float32)

    def double(self: Self) -> Self:
        """Make everything float64; returns the module."""
        return self.astype(np.float64)

    # Hooks

    def register_forward_hook(self, hook: Hook) -> Handle:
        """Call ``hook(module, args, out)`` after each forward; what it returns, unless None, replaces `out`.

        Parameters
        ----------
        hook : callable
            To be called.

        Returns
        -------
        Handle
            Its `remove` takes the hook out again.
        """
        return Handle(self._hooks, hook)

    def register_forward_pre_hook(self, hook: Hook) -> Handle:
        """Call ``hook(module, args)`` before each forward; what it returns, unless None, replaces `args`.

        Parameters
        ----------
        hook : callable
            To be called.

        Returns
        -------
        Handle
            Its `remove` takes the hook out again.
        """
        return Handle(self._pre_hooks, hook)

    # Looking at it

    def extra_repr(self) -> str:
        """The arguments to show between the brackets."""
        return ""

    def __repr__(self) -> str:
        children = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        extra = self.extra_repr()
        if not children:
            return f"{type(self).__name__}({extra})"
        lines = "\n  ".join([extra, *children] if extra else children)
        return f"{type(self).__name__}(\n  {lines}\n)"

    def multiply_adds(self, out: Any, *args: Any) -> int:
        """How many products are added up in a forward from `args` to `out`, parts not counted; for `summary`."""
        return 0

    def summary(self, *input_shapes: tuple[int, ...], dtype: Any = None) -> Summary:
        """What happens to an input of a given shape, layer by layer.

        Zeros are run through the module as after training; nothing is recorded or changed.

        Parameters
        ----------
        *input_shapes : tuple of int
            The shape of each input, batch axis included.
        dtype : dtype_like, optional
            Of the inputs; by default that of the first parameter. Give an integer one before an Embedding.

        Returns
        -------
        Summary
            A table when printed.

        Examples
        --------
        >>> from minigrad import nn
        >>> print(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).summary((1, 4)))
        layer  kind        out     parameters  multiply-adds
               Sequential  (1, 2)           0              0
        0      Linear      (1, 8)          40             32
        1      ReLU        (1, 8)           0              0
        2      Linear      (1, 2)          18             16
        total                              58             48
        """
        from minigrad.nn.summary import summarise

        return summarise(self, input_shapes, dtype)


def _is_parameter(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and value.op is None


def _hides(value: Any) -> bool:
    """Whether there is a module or a parameter in a collection, or in a collection in it."""
    if isinstance(value, dict | list | tuple | set):
        return any(map(_hides, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Module) or _is_parameter(value)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def shape_of(x: Any) -> Any:
    """The shape of an array or a tensor; of several a tuple of shapes, or a dictionary."""
    if isinstance(x, Mapping):
        return {name: shape_of(v) for name, v in x.items()}
    if isinstance(x, tuple | list):
        return tuple(shape_of(v) for v in x)
    return x.value.shape if isinstance(x, Node) else np.shape(x)
