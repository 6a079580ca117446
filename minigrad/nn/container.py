"""Modules made of modules: in sequence, in a list, by name, or around a shortcut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from minigrad.nn.module import Module
from minigrad.tensor import Tensor


def _module(who: str, value: Any) -> Module:
    if not isinstance(value, Module):
        hint = f"{who}(*parts)" if isinstance(value, list | tuple) else "nn.ReLU(), for example, not relu"
        raise TypeError(f"{who}: expected modules, got {type(value).__name__} ({hint})")
    return value


def _parameter(who: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor) or value.op is not None or not value.requires_grad:
        raise TypeError(f"{who}: expected leaf tensors that require gradients, got {type(value).__name__}")
    return value


class _Numbered(Module):
    """Modules that can be counted, indexed, sliced and iterated over."""

    def __len__(self) -> int:
        return len(list(self.named_children()))

    def __iter__(self) -> Iterator[Module]:
        return iter(list(self.children()))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            part = type(self)()
            for name, child in list(self.named_children())[index]:
                setattr(part, name, child)
            return part
        return list(self.children())[index]

    def __setitem__(self, index: int, module: Module) -> None:
        name = [name for name, _ in self.named_children()][index]
        setattr(self, name, _module(type(self).__name__, module))

    def append(self, module: Module) -> Any:
        """Append a module under the next number; returns the container."""
        number = len(self)
        while hasattr(self, str(number)):  # after slicing, names need not start at 0
            number += 1
        setattr(self, str(number), _module(type(self).__name__, module))
        return self


class Sequential(_Numbered):
    """Modules in sequence: each takes the output of the one before.

    Parameters
    ----------
    *modules : Module
        Named "0", "1" and so on; or one mapping of names to modules.

    Examples
    --------
    >>> net = mg.nn.Sequential(mg.nn.Linear(4, 8), mg.nn.ReLU(), mg.nn.Linear(8, 2))
    >>> net(np.ones((5, 4), np.float32)).shape
    (5, 2)
    >>> net[1]
    ReLU()
    """

    def __init__(self, *modules: Any) -> None:
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) else None
        for name, module in named.items() if named is not None else enumerate(modules):
            setattr(self, str(name), _module("Sequential", module))

    def forward(self, x: Any) -> Any:
        """Apply all modules in order."""
        for module in self.children():
            x = module(x)
        return x


class ModuleList(_Numbered):
    """A list of modules whose parameters are found.

    >>> [layer.out_features for layer in mg.nn.ModuleList(mg.nn.Linear(2, n) for n in (3, 4))]
    [3, 4]
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for module in modules:
            self.append(module)


class ModuleDict(Module):
    """A dictionary of modules whose parameters are found.

    Names are strings without dots, and not attributes of a module, such as "forward".

    Examples
    --------
    >>> heads = mg.nn.ModuleDict({"digit": mg.nn.Linear(8, 10)})
    >>> heads["digit"].out_features
    10
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        for name, module in (modules or {}).items():
            self[name] = module

    def __getitem__(self, name: str) -> Any:
        return dict(self.named_children())[name]

    def __setitem__(self, name: str, module: Module) -> None:
        setattr(self, name, _module("ModuleDict", module))

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: str) -> bool:
        return name in self.keys()

    def keys(self) -> list[str]:
        """The names."""
        return [name for name, _ in self.named_children()]

    def items(self) -> list[tuple[str, Module]]:
        """Names and modules."""
        return list(self.named_children())

    def values(self) -> list[Module]:
        """The modules."""
        return list(self.children())


class ParameterList(Module):
    """A list of parameters that are found.

    >>> weights = mg.nn.ParameterList(mg.Tensor(np.zeros(n)) for n in (3, 4))
    >>> [name for name, _ in weights.named_parameters()], weights[-1].shape
    (['0', '1'], (4,))
    """

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        self.extend(values)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Tensor]:
        return (getattr(self, str(i)) for i in range(len(self)))

    def __getitem__(self, index: int) -> Tensor:
        return list(self)[index]

    def __setitem__(self, index: int, value: Tensor) -> None:
        setattr(self, str(range(len(self))[index]), _parameter("ParameterList", value))

    def append(self, value: Tensor) -> ParameterList:
        """Append a parameter; returns the list."""
        setattr(self, str(len(self)), _parameter("ParameterList", value))
        return self

    def extend(self, values: Iterable[Tensor]) -> ParameterList:
        """Append several; returns the list."""
        for value in values:
            self.append(value)
        return self


class ParameterDict(Module):
    """A dictionary of parameters that are found. Names are those that `ModuleDict` takes.

    >>> gains = mg.nn.ParameterDict({"left": mg.Tensor([1.0]), "right": mg.Tensor([2.0])})
    >>> gains["right"], list(gains)
    (Tensor([2.], name='right'), ['left', 'right'])
    """

    def __init__(self, values: Mapping[str, Tensor] | None = None) -> None:
        for name, value in (values or {}).items():
            self[name] = value

    def __getitem__(self, name: str) -> Tensor:
        return dict(self.named_parameters())[name]

    def __setitem__(self, name: str, value: Tensor) -> None:
        setattr(self, name, _parameter("ParameterDict", value))

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: str) -> bool:
        return name in self._parameters

    def keys(self) -> list[str]:
        """The names."""
        return [name for name, _ in self.named_parameters()]

    def items(self) -> list[tuple[str, Tensor]]:
        """Names and parameters."""
        return list(self.named_parameters())

    def values(self) -> list[Tensor]:
        """The parameters."""
        return list(self.parameters())


class Residual(Module):
    """Residual connection, shortcut(x) + block(x); without a shortcut x + block(x). PyTorch has no such class.

    Notes
    -----
    He et al., Deep Residual Learning for Image Recognition, 2016.

    Examples
    --------
    >>> mg.nn.Residual(mg.nn.Dropout(1.0))(mg.Tensor([1.0, 2.0]))
    Tensor([1., 2.])
    """

    def __init__(self, block: Module, shortcut: Module | None = None) -> None:
        self.block = _module("Residual", block)
        self.shortcut = None if shortcut is None else _module("Residual", shortcut)

    def forward(self, x: Any) -> Any:
        """Add the outputs of the shortcut and the block."""
        return (x if self.shortcut is None else self.shortcut(x)) + self.block(x)
