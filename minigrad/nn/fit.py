"""The training loop."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigrad.files import check_folder, suffix_of
from minigrad.graph import value_of
from minigrad.modes import detect_anomaly
from minigrad.nn.evaluation import Batches, Loss, evaluate, means, measure, numbered_batches
from minigrad.nn.history import History
from minigrad.nn.layer import check_count
from minigrad.nn.module import Module
from minigrad.nn.parallel import Array, Group, add_gradients, copy_first, end_alike, facts_of, start_alike
from minigrad.nn.progress import Progress
from minigrad.nn.training_state import Schedule, TrainingState
from minigrad.optim import Optimizer, ReduceLROnPlateau, clip_grad_norm_
from minigrad.storage import SUFFIXES

Callback = Callable[[float], object]


def fit(
    model: Module,
    data: Batches,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    *,
    validation: Batches | None = None,
    schedule: Schedule | None = None,
    schedule_each: str = "epoch",
    clip_norm: float | None = None,
    patience: int | None = None,
    keep_best: bool | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool = True,
    group: Group | None = None,
    callback: Callback | None = None,
) -> History:
    """Train a model: for each batch the forward pass, the backward pass and a step of the optimiser.

    After Ctrl-C the model has its best weights; during the first epoch, its current ones. An error stops the training too,
    such as a label that is not a class, or a loss that is nan or infinite, whose message names the operation it came from;
    the model then has its best weights, or its initial ones, and the error has the `history` so far.

    Parameters
    ----------
    model : Module
        Trained in place.
    data : iterable of (x, y)
        The batches of an epoch, such as a DataLoader; iterated once per epoch.
    loss : callable
        Takes the model's outputs and y, returns the mean loss of the batch, such as `minigrad.cross_entropy`.
    optimizer : Optimizer
        Holds the model's parameters.
    epochs : int
        Total number of epochs, those before a resume included.
    validation : iterable of (x, y), optional
        Batches on which loss and accuracy are measured after each epoch.
    schedule : Scheduler or ReduceLROnPlateau, optional
        Sets the optimiser's learning rate; `ReduceLROnPlateau` follows the (validation) loss.
    schedule_each : {"epoch", "batch"}
        When the schedule takes a step.
    clip_norm : float, optional
        Maximum norm of the gradients.
    patience : int, optional
        Stop after this many epochs without a smaller (validation) loss.
    keep_best : bool, optional
        Whether the model ends with the weights of the epoch with the smallest loss instead of the last; by default if there
        is validation data.
    checkpoint : path, optional
        A .npz or .safetensors file, written after each epoch: weights, optimiser, schedule, random generators and history.
        If it cannot be written, for example because the disk is full, that is a warning, and training goes on.
    resume : bool
        Continue from the checkpoint, with the same results as without the break; start if the file does not exist yet.
    progress : bool
        Show a tqdm bar for each epoch; a line if there is no terminal or no tqdm.
    group : minigrad.nn.parallel.Group, optional
        The processes that share each batch. All must be given the same batches; see `minigrad.nn.parallel`.
    callback : callable, optional
        Called after each step with the loss of its batch, such as the result of `minigrad.watch`; of several processes, by
        the first. The gradients of the step are still in `.grad`.

    Returns
    -------
    History
        Losses, accuracies, learning rate and seconds of each epoch, and whether training was interrupted.

    Raises
    ------
    FloatingPointError
        If the loss is nan or infinite.
    ValueError
        If an argument is out of range, there are no batches, or the checkpoint is of another run.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2)).astype(np.float32)
    >>> y = (x[:, 0] * x[:, 1] > 0).astype(int)
    >>> model = mg.nn.Sequential(mg.nn.Linear(2, 16, rng=rng), mg.nn.ReLU(), mg.nn.Linear(16, 2, rng=rng))
    >>> batches = mg.data.DataLoader(mg.data.ArrayDataset(x, y), 20, shuffle=True, rng=rng)
    >>> adam = mg.optim.Adam(model.parameters(), lr=0.01)
    >>> history = mg.nn.fit(model, batches, mg.cross_entropy, adam, epochs=20, progress=False)
    >>> history["accuracy"][-1] > 0.9
    True
    """
    _check(epochs, schedule, schedule_each, patience, checkpoint, resume)
    group = group or Group()
    state = TrainingState(model, (data, validation), optimizer, schedule)
    if resume and checkpoint is not None and os.path.exists(checkpoint):
        state.load(checkpoint)
    history = state.history
    step = partial(_step, model, loss, optimizer, clip_norm, group)
    with group:
        facts = {"epochs": epochs, "batches": facts_of(data), "validation": facts_of(validation), "patience": patience}
        start_alike(model, optimizer, len(history), group, **facts, clip_norm=clip_norm, schedule=type(schedule).__name__)
        try:
            while len(history) < epochs and (patience is None or history.waited < max(patience, 1)):
                with Progress(f"epoch {len(history) + 1}/{epochs}", _items(data), progress and group.rank == 0) as bar:
                    model.train()
                    each = schedule if schedule_each == "batch" else None
                    end = partial(end_alike, optimizer, group=group)
                    row = _epoch(data, step, each, bar, callback if group.rank == 0 else None, end)
                    copy_first(model, group)  # the processes saw other parts, so batch normalisation's buffers differ
                    if validation is not None:
                        row |= {f"val_{k}": v for k, v in evaluate(model, validation, loss, group=group).items()}
                    row |= {"lr": float(optimizer.param_groups[0]["lr"]), "seconds": bar.seconds}
                    bar.end(row)
                if isinstance(schedule, ReduceLROnPlateau):
                    schedule.step(row.get("val_loss", row["loss"]))
                elif schedule and schedule_each == "epoch":
                    schedule.step()
                state.add(row)
                if checkpoint is not None and group.rank == 0:
                    state.save(checkpoint)
        except (Exception, KeyboardInterrupt) as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            if len(history) or not interrupted:
                model.load_state_dict(state.best)
            if not interrupted or (group.size > 1 and not group.interrupted):
                weights = f"weights of epoch {history.best}" if len(history) else "initial weights"
                error.add_note(f"the model has its {weights}")
                setattr(error, "history", history)  # noqa: B010, errors have no such field
                raise
            history.interrupted = True
            return history
    if keep_best or (keep_best is None and validation is not None):
        model.load_state_dict(state.best)
    return history


def _epoch(
    data: Batches,
    step: Callable[[Any, Any], Array],
    schedule: Any,
    bar: Progress,
    callback: Callable[[float], object] | None,
    end: Callable[[int], None],
) -> dict[str, float]:
    """One pass over the data: a step for each batch, of the optimiser and of a schedule by batches."""
    totals, number = np.zeros(4), 0
    for number, x, y in numbered_batches(data, "fit"):
        try:
            here = step(x, y)
        except Exception as error:
            error.add_note(f"in {bar.title}, batch {number}")
            raise
        totals += here
        if schedule:
            schedule.step()
        if callback:
            callback(means(here)["loss"])
        bar.update(len(y), means(totals))
    end(number)
    return means(totals)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # what is not finite shows in the loss
def _step(model: Module, loss: Loss, optimizer: Optimizer, clip_norm: float | None, group: Group, x: Any, y: Any) -> Array:
    """One step of the optimiser, on this process's part of a batch; what the whole batch adds to the totals."""
    share, count = 1.0, len(y)
    if group.size > 1:
        part = group.part(count)
        share, x, y = (part.stop - part.start) / count, x[part], y[part]
    optimizer.zero_grad()
    totals = np.zeros(4)
    if share:
        out = model(x)
        mean = loss(out, y)
        totals = measure(mean, out, y)
        mean.backward(retain_graph=False)
    if group.size > 1:
        totals = add_gradients(optimizer, share, totals, group)
        if totals[3] != count:
            raise ValueError(
                f"fit: the processes have other batches: {count} items in process {group.rank}, {totals[3]:g} in all"
            )
    if not np.isfinite(totals[0]):
        raise FloatingPointError(f"fit: the loss became {totals[0] / totals[3]}; {_reason(model, x, y, loss)}")
    if clip_norm is not None:
        clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], clip_norm)
    optimizer.step()
    return totals


def _reason(model: Module, x: Any, y: Any, loss: Loss) -> str:
    """Where the first nan or infinity of a batch comes from: the weights, the data, or an operation."""
    for name, p in model.named_parameters():
        if not np.isfinite(p.value).all():
            return f"{name} has non-finite elements since the step before: try a smaller learning rate, or clip_norm"
    if np.asarray(value_of(x)).dtype.kind == "f" and not np.isfinite(value_of(x)).all():
        return "the data of this batch has non-finite elements"
    try:
        with detect_anomaly(), np.errstate(all="ignore"):
            loss(model(x), y)
    except FloatingPointError as error:
        return str(error)
    return "computed again, it is finite: the model's randomness, or another process, made the difference"


def _items(data: Batches) -> int | None:
    """The number of items in an epoch, if it is known."""
    if hasattr(data, "dataset"):
        items, size = len(data.dataset), getattr(data, "batch_size", 1)
        return items - items % size if getattr(data, "drop_last", False) else items
    return None


def _check(epochs: int, schedule: Any, schedule_each: str, patience: int | None, checkpoint: Any, resume: bool) -> None:
    check_count("fit", epochs=epochs, patience=0 if patience is None else patience)
    if schedule_each not in ("epoch", "batch"):
        raise ValueError(f"fit: schedule_each is 'epoch' or 'batch', got {schedule_each!r}")
    if schedule_each == "batch" and isinstance(schedule, ReduceLROnPlateau):
        raise ValueError("fit: ReduceLROnPlateau follows the loss of each epoch; give schedule_each='epoch'")
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True needs checkpoint=, the file to continue from")
    if checkpoint is not None:
        suffix_of(checkpoint, SUFFIXES, "fit: checkpoint")
        check_folder(checkpoint, "fit: checkpoint")
