"""Small copies of a model during training: filters, feature maps, gradients, predictions, a decision boundary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.draw.heatmap import cells
from minigrad.draw.measures import norm
from minigrad.graph import value_of
from minigrad.modes import no_grad

MOST_ITEMS = 512  # items of x whose predictions are computed
SHOWN_ITEMS = 10  # items whose predictions are shown
MOST_FILTERS, MOST_CHANNELS = 16, 3
MOST_MAPS, MOST_LAYERS = 8, 3  # maps of a layer, and layers
MOST_CELLS = 32  # along an axis of a filter or feature map
Module = Any
"""A module of `minigrad.nn`, which is built on top of pictures: it is known here by its methods."""

GRID = 48  # cells along an axis of the plane in which the boundary moves
MARGIN = 0.12  # around the points, in parts of their range


@dataclass
class Frame:
    """A model at one step.

    Attributes
    ----------
    step : int
        Steps of training so far.
    loss : float
        Of the batch of this step; nan before the first.
    filters : array or None
        Of the first layer, (F, C, KH, KW).
    maps : dict
        Feature maps of the first image by the name of their layer, each (channels, height, width).
    norms : dict
        Norm of the gradient of each parameter.
    outputs : array or None
        The model's outputs for x.
    plane : array or None
        Its outputs on a grid in the plane, rows from the top.
    """

    step: int
    loss: float
    filters: Any = None
    maps: dict[str, Any] = field(default_factory=dict)
    norms: dict[str, float] = field(default_factory=dict)
    outputs: Any = None
    plane: Any = None


def frame(model: Module, x: Any, step: int, loss: float) -> Frame:
    """Copy what is shown of a model. Its mode is restored, and nothing is recorded.

    Parameters
    ----------
    model : Module
        The model.
    x : array or None
        What it is evaluated on.
    step, loss : int, float
        Where the training is.
    """
    parameters = dict(model.named_parameters())
    found = Frame(step, loss, _filters(parameters, x))
    found.norms = {name: norm([value_of(p.grad)]) for name, p in parameters.items() if p.grad is not None}
    if x is None:
        return found
    with _evaluation(model), no_grad(), np.errstate(all="ignore"):
        found.outputs = _copy(model(x[:MOST_ITEMS]))
        if np.ndim(x) == 4:
            found.maps = _maps(model, x[:1])
        if np.ndim(x) == 2 and x.shape[1] == 2:
            found.plane = _copy(model(plane(x)))
    return found


@contextmanager
def _evaluation(model: Module) -> Iterator[None]:
    """Evaluation mode; afterwards each module is in the mode that it was in."""
    modes = [(module, module.training) for module in model.modules()]
    for module, _ in modes:
        vars(module)["training"] = False
    try:
        yield
    finally:
        for module, training in modes:
            vars(module)["training"] = training


def _copy(out: Any) -> Any:
    """An array of its own, in single precision."""
    return np.array(value_of(out[0] if isinstance(out, tuple) else out), np.float32)


def _filters(parameters: dict[str, Any], x: Any) -> Any:
    """The first layer's weights as filters: of a convolution, of a linear layer on images, or one matrix."""
    weights = [p.value for p in parameters.values() if p.value.ndim in (2, 4) and p.value.dtype.kind == "f"]
    if not weights:
        return None
    first = weights[0]
    if first.ndim == 2:
        image = np.shape(x)[1:] if x is not None and np.ndim(x) == 4 else ()
        of_images = image and first.shape[1] == np.prod(image)
        first = first.reshape(-1, *image) if of_images else first[None, None]
    first = first[:MOST_FILTERS, :MOST_CHANNELS]
    small = [[cells(channel, MOST_CELLS)[0][0] for channel in one] for one in first]
    return np.array(small, np.float32)


def _maps(model: Module, x: Any) -> dict[str, Any]:
    """The feature maps of one image: of the first, a middle and the last layer that give images."""
    found: dict[str, Any] = {}

    def keep(name: str) -> Any:
        def hook(module: Any, args: Any, out: Any) -> None:
            if np.ndim(value_of(out)) == 4 and name not in found:
                found[name] = value_of(out)[0, :MOST_MAPS]

        return hook

    leaves = [(name, m) for name, m in model.named_modules() if not any(True for _ in m.children())]
    handles = [module.register_forward_hook(keep(f"{name} {type(module).__name__}".strip())) for name, module in leaves]
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    names = list(found)
    chosen = sorted({0, len(names) // 2, len(names) - 1} & set(range(len(names))))[:MOST_LAYERS]
    return {names[i]: np.array([cells(m, MOST_CELLS)[0][0] for m in found[names[i]]], np.float32) for i in chosen}


def extent_of(x: Any) -> tuple[float, float, float, float]:
    """The part of the plane that is shown: left, right, bottom, top."""
    low, high = np.min(x, axis=0).astype(float), np.max(x, axis=0).astype(float)
    around = MARGIN * np.where(high > low, high - low, 1.0)
    (left, bottom), (right, top) = low - around, high + around
    return float(left), float(right), float(bottom), float(top)


def plane(x: Any) -> Any:
    """The centres of the cells of a grid around points in the plane, row by row from the top."""
    left, right, bottom, top = extent_of(x)
    at = (np.arange(GRID) + 0.5) / GRID
    across, down = np.meshgrid(left + at * (right - left), top - at * (top - bottom))
    return np.stack([across.ravel(), down.ravel()], axis=1).astype(x.dtype)
