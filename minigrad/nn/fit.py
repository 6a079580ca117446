"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from os import PathLike
from typing import Any

import numpy as np

from minigrad.graph import value_of
from minigrad.modes import detect_anomaly, no_grad
from minigrad.nn.checkpoint import Run, resumable
from minigrad.nn.history import History
from minigrad.nn.module import Module
from minigrad.nn.progress import Progress
from minigrad.optim import Optimizer, clip_grad_norm_
from minigrad.parallel import Group

Batches = Iterable[tuple[Any, Any]]
Loss = Callable[[Any, Any], Any]


class Sums:
    """Losses and right answers, added up over batches and over processes."""

    def __init__(self) -> None:
        self.numbers = np.zeros(3)  # losses, right answers, items
        self.counted = False

    def of(self, loss: Any, out: Any, y: Any) -> np.ndarray[Any, Any]:
        """What a batch adds; an answer is right if the largest output is that of its class."""
        out, y, count = value_of(out), value_of(y), len(value_of(y))
        self.counted |= np.ndim(y) == 1 == out.ndim - 1 and y.dtype.kind in "iu"
        right = np.count_nonzero(np.argmax(out, axis=1) == y) if self.counted else 0
        return np.array([float(loss) * count, right, count])

    def row(self, prefix: str = "") -> dict[str, float]:
        """The means so far."""
        loss, right, _ = self.numbers / max(1, self.numbers[2])
        return {f"{prefix}loss": float(loss), **({f"{prefix}accuracy": float(right)} if self.counted else {})}


def fit(
    model: Module,
    data: Batches,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    *,
    validation: Batches | None = None,
    schedule: Any = None,
    schedule_each: str = "epoch",
    clip_norm: float | None = None,
    patience: int | None = None,
    keep_best: bool | None = None,
    checkpoint: str | PathLike[str] | None = None,
    resume: bool = False,
    progress: bool = True,
    group: Group | None = None,
) -> History:
    """Train a model: for each batch forward, backward, and a step of the optimiser.

    Ctrl-C ends the training early and leaves the model with its best weights. So does a loss that is nan or infinite, which
    is an error that names the operation it came from.

    Parameters
    ----------
    model : Module
        Is trained in place.
    data : iterable of (x, y)
        The batches of an epoch, such as a DataLoader; gone through anew in each.
    loss : callable
        Takes the model's outputs and y; gives the mean loss of the batch, such as `minigrad.cross_entropy`.
    optimizer : Optimizer
        Holds the model's parameters.
    epochs : int
        How many in all, those before a resume included.
    validation : iterable of (x, y), optional
        Batches to measure loss and accuracy on after each epoch.
    schedule : Scheduler, optional
        Of the optimiser's learning rate; `ReduceLROnPlateau` is given the (validation) loss.
    schedule_each : {"epoch", "batch"}
        When the schedule takes a step.
    clip_norm : float, optional
        Scale gradients down to this norm where theirs is larger.
    patience : int, optional
        Stop after so many epochs without a smaller (validation) loss.
    keep_best : bool, optional
        Whether the model ends with the weights of the epoch with the smallest loss rather than of the last; by default if
        there are validation data.
    checkpoint : path, optional
        A .npz or .safetensors file, written after each epoch: weights, optimiser, schedule, random numbers and history.
    resume : bool
        Continue from the checkpoint, to the same numbers as without the break; if there is none yet, start.
    progress : bool
        Show a bar for each epoch, by tqdm if that is installed.
    group : minigrad.parallel.Group, optional
        The processes to share each batch with. They must be given the same batches.

    Returns
    -------
    History
        Losses, accuracies, learning rate and seconds of each epoch.

    Raises
    ------
    FloatingPointError
        If the loss is no finite number.
    ValueError
        If an argument does not fit, there are no batches, or the checkpoint is of another run.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2)).astype(np.float32)
    >>> y = (x[:, 0] * x[:, 1] > 0).astype(int)
    >>> model = nn.Sequential(nn.Linear(2, 16, rng=rng), nn.ReLU(), nn.Linear(16, 2, rng=rng))
    >>> batches = mg.data.DataLoader(mg.data.ArrayDataset(x, y), 20, shuffle=True, rng=rng)
    >>> adam = mg.optim.Adam(model.parameters(), lr=0.01)
    >>> history = nn.fit(model, batches, mg.cross_entropy, adam, epochs=20, progress=False)
    >>> history["accuracy"][-1] > 0.9
    True
    """
    _check(epochs, schedule_each, patience)
    group = group or Group()
    keep_best = validation is not None if keep_best is None else keep_best
    run = Run(model, data, optimizer, schedule)
    if resumable(checkpoint, resume):
        run.load(checkpoint)  # type: ignore[arg-type]
    group.copy_first([value_of(v) for v in (*model.parameters(), *model.buffers())])
    history = run.history
    try:
        while len(history) < epochs and (patience is None or len(history) - history.best < max(patience, 1)):
            start = time.perf_counter()
            bar = Progress(f"epoch {len(history) + 1}/{epochs}", _count(data), progress and group.rank == 0)
            model.train()
            sums = Sums()
            for number, (x, y) in enumerate(data, 1):
                try:
                    _step(model, x, y, loss, optimizer, clip_norm, sums, group)
                except Exception as error:
                    error.add_note(f"in fit: epoch {len(history) + 1}, batch {number}")
                    raise
                if schedule and schedule_each == "batch":
                    schedule.step()
                bar.update(len(y), **sums.row())
            if not sums.numbers[2]:
                raise ValueError(
                    "fit: the data gave no batches; is it a generator that is used up? Give a list or a DataLoader"
                )
            row = sums.row()
            if validation is not None:
                row |= {f"val_{k}": v for k, v in evaluate(model, validation, loss, group=group).items()}
            row["lr"] = float(optimizer.param_groups[0]["lr"])
            row["seconds"] = time.perf_counter() - start
            bar.close(**row)
            if schedule and schedule_each == "epoch":
                # A plateau is one of the loss; the others go by the number of steps alone.
                schedule.step(*([row.get("val_loss", row["loss"])] if hasattr(schedule, "patience") else []))
            run.add(row)
            if checkpoint is not None and group.rank == 0:
                run.save(checkpoint)
    except (KeyboardInterrupt, FloatingPointError) as error:
        if group.size > 1:
            raise  # the others would wait for this process
        model.load_state_dict(run.best)
        if isinstance(error, FloatingPointError):
            error.add_note(
                f"the model has its weights of epoch {history.best}" if len(history) else "the model is as it was"
            )
            raise
        return history
    if keep_best:
        model.load_state_dict(run.best)
    return history


def _step(
    model: Module, x: Any, y: Any, loss: Loss, optimizer: Optimizer, clip_norm: float | None, sums: Sums, group: Group
) -> None:
    """One step of training, on this process's part of a batch."""
    part = group.part(len(y))
    share = (part.stop - part.start) / len(y)
    optimizer.zero_grad()
    added = np.zeros(3)
    if share:
        out = model(x[part])
        mean = loss(out, y[part])
        added = sums.of(mean, out, y[part])
        mean.backward(retain_graph=False)
    if group.size > 1:
        _join(optimizer, share, added, group)
    if not np.isfinite(added[0]):
        raise FloatingPointError(f"fit: the loss became {added[0] / added[2]}; {_reason(model, x[part], y[part], loss)}")
    sums.numbers += added
    if clip_norm is not None:
        clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], clip_norm)
    optimizer.step()


def _join(optimizer: Optimizer, share: float, added: np.ndarray[Any, Any], group: Group) -> None:
    """Make the gradients of the parts, each a mean over its part, that of the whole batch."""
    parameters = [p for g in optimizer.param_groups for p in g["params"] if p.requires_grad]
    for p in parameters:
        p.grad = np.zeros(p.shape, p.dtype) if p.grad is None else np.array(p.grad * share, p.dtype)
    group.sum([p.grad for p in parameters])
    group.sum([added])


def _reason(model: Module, x: Any, y: Any, loss: Loss) -> str:
    """Where the first nan or infinity of a batch comes from: the weights, the data, or an operation."""
    for name, p in model.named_parameters():
        if not np.isfinite(p.value).all():
            return f"{name} has numbers that are not finite since the step before: try a smaller learning rate, or clip_norm"
    if np.asarray(value_of(x)).dtype.kind == "f" and not np.isfinite(value_of(x)).all():
        return "the data of this batch have numbers that are not finite"
    try:
        with detect_anomaly(), np.errstate(all="ignore"):
            loss(model(x), y)
    except FloatingPointError as error:
        return str(error)
    return "computed again, it is finite: chance in the model, or another process, made the difference"


def evaluate(model: Module, data: Batches, loss: Loss, *, group: Group | None = None) -> dict[str, float]:
    """Mean loss and accuracy of a model, as after training; nothing is recorded.

    Parameters
    ----------
    model : Module
        Is left in the mode it was in.
    data : iterable of (x, y)
        Batches.
    loss : callable
        As for `fit`.
    group : minigrad.parallel.Group, optional
        The processes to share each batch with.

    Returns
    -------
    dict
        "loss", and "accuracy" if y are classes.

    Raises
    ------
    ValueError
        If there are no batches.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> evaluate(nn.Identity(), [(np.array([[0.0, 1e3], [0.0, 1e3]]), np.array([1, 0]))], mg.cross_entropy)
    {'loss': 500.0, 'accuracy': 0.5}
    """
    group, sums, training = group or Group(), Sums(), model.training
    model.eval()
    try:
        with no_grad():
            for x, y in data:
                part = group.part(len(y))
                if part.stop > part.start:
                    out = model(x[part])
                    sums.numbers += sums.of(value_of(loss(out, y[part])), out, y[part])
    finally:
        model.train(training)
    group.sum([sums.numbers])
    if not sums.numbers[2]:
        raise ValueError("evaluate: the data gave no batches")
    return sums.row()


def _count(data: Batches) -> int | None:
    """How many items an epoch has, if that can be told."""
    if hasattr(data, "dataset"):
        items, size = len(data.dataset), getattr(data, "batch_size", 1)
        return items - items % size if getattr(data, "drop_last", False) else items
    return None


def _check(epochs: int, schedule_each: str, patience: int | None) -> None:
    if schedule_each not in ("epoch", "batch"):
        raise ValueError(f"fit: schedule_each is 'epoch' or 'batch', got {schedule_each!r}")
    for name, number in (("epochs", epochs), ("patience", patience)):
        if number is not None and (not isinstance(number, int | np.integer) or number < 0):
            raise ValueError(f"fit: {name} is a whole number from 0 on, got {number!r}")
