"""A training run, watched: small copies of the model at regular steps, and the page that plays them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.draw.files import Saved
from minigrad.draw.limits import check_integers
from minigrad.graph import value_of

if TYPE_CHECKING:
    from minigrad.draw.page import Page
    from minigrad.draw.training.frames import Frame, Module

__all__ = ["Watch", "watch"]

MOST_FRAMES = 200  # of a longer run every second one is dropped, again and again


class Watch(Saved):
    """A recording of a training run. Call it after each step; a notebook plays it, ``.save("film.html")`` writes it.

    Attributes
    ----------
    frames : list of Frame
        What was kept, from the state before training.
    steps : int
        Steps so far.
    every : int
        Steps from one frame to the next.
    """

    def __init__(self, model: Module, x: Any, y: Any, every: int, classes: Sequence[str]) -> None:
        self.model, self.x, self.y, self.every, self.classes = model, x, y, every, tuple(classes)
        self.steps = 0
        self.frames = [self._frame(math.nan)]

    def __call__(self, loss: Any) -> None:
        """Count a step of training, and keep a copy of the model if it is time for one.

        Parameters
        ----------
        loss : float or Tensor
            The loss of the batch.
        """
        self.steps += 1
        if self.steps % self.every:
            return
        self.frames.append(self._frame(float(value_of(loss))))
        vars(self).pop("page", None)
        if len(self.frames) > MOST_FRAMES:
            self.frames, self.every = self.frames[::2], 2 * self.every

    def _frame(self, loss: float) -> Frame:
        from minigrad.draw.training.frames import frame

        return frame(self.model, self.x, self.steps, loss)

    @cached_property
    def page(self) -> Page:
        """The page that plays the frames recorded so far."""
        from minigrad.draw.training.film import film

        return film(self.frames, self.x, self.y, self.classes)

    @property
    def html(self) -> str:
        """The page as an HTML document."""
        return self.page.html

    def _formats(self) -> Mapping[str, Callable[[], bytes]]:
        return {".html": lambda: self.page.html.encode()}

    def _repr_html_(self) -> str:
        return self.page._repr_html_()

    def __repr__(self) -> str:
        return f"<training watched: {self.steps} steps, {len(self.frames)} frames>"


def watch(model: Module, x: Any = None, y: Any = None, *, every: int = 1, classes: Sequence[str] = ()) -> Watch:
    """Watch a training run: keep small copies of a model at regular steps, for a page that plays them forward and back.

    The page shows the loss with a cursor, the filters of the first layer, the norm of each parameter's gradient and, if `x`
    is given, predictions: of images also the feature maps of the first one, of points in the plane the decision boundary.
    Every part has one scale for the whole run. The training is the same as without it.

    Parameters
    ----------
    model : Module
        The model that is trained.
    x : array_like, optional
        A batch on which the model is evaluated at each frame; the first 512 items count.
    y : array_like, optional
        The targets of `x`: classes, or numbers.
    every : int
        Steps from one frame to the next. Of a run with more than 200 frames every second one is dropped.
    classes : sequence of str, optional
        Names of the classes.

    Returns
    -------
    Watch
        Call it with the loss after each step of a loop of your own, or give it to `minigrad.nn.fit` as `callback`.

    Raises
    ------
    TypeError
        If `model` is not a module.
    ValueError
        If `every` is less than 1, or x and y differ in length.

    Examples
    --------
    >>> import minigrad as mg
    >>> model = mg.nn.Linear(2, 2)
    >>> optimizer = mg.optim.SGD(model.parameters(), lr=0.1)
    >>> x, y = np.array([[0.0, 1.0], [1.0, 0.0]], np.float32), np.array([0, 1])
    >>> film = watch(model, x, y)
    >>> for _ in range(10):
    ...     loss = mg.cross_entropy(model(x), y)
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    ...     film(loss)
    >>> film
    <training watched: 10 steps, 11 frames>
    """
    if not all(callable(getattr(model, name, None)) for name in ("named_parameters", "named_modules", "modules")):
        raise TypeError(f"watch: expected a module, such as those of minigrad.nn, got {type(model).__name__}")
    check_integers("watch", every=(every, 1, None))
    x = None if x is None else np.array(value_of(x))
    y = None if y is None else np.array(value_of(y))
    if y is not None and (x is None or np.ndim(x) == 0 or np.ndim(y) == 0 or len(x) != len(y)):
        shape = None if x is None else x.shape
        raise ValueError(f"watch: y holds the targets of x, one for each item; got shapes {shape} and {y.shape}")
    if x is not None and (x.ndim == 0 or not len(x)):
        raise ValueError(f"watch: x is a batch of at least one item, got shape {x.shape}")
    return Watch(model, x, y, every, classes)
