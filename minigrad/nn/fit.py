"""The training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.files import check_folder, suffix_of
from minigrad.graph import value_of
from minigrad.modes import detect_anomaly, no_grad
from minigrad.nn.checkpoint import Run
from minigrad.nn.history import History
from minigrad.nn.module import Module
from minigrad.nn.progress import Progress
from minigrad.optim import Optimizer, ReduceLROnPlateau, clip_grad_norm_
from minigrad.parallel import Group
from minigrad.storage import SUFFIXES

Batches = Iterable[tuple[Any, Any]]
Loss = Callable[[Any, Any], Any]


class Sums:
    """Losses and right answers, added up over batches and over processes."""

    def __init__(self) -> None:
        self.numbers = np.zeros(4)

    @staticmethod
    def of(loss: Any, out: Any, y: Any) -> np.ndarray[Any, Any]:
        """What a batch adds: losses, right answers, items that have one, items.

        Where y are classes, an answer is right if its largest output is that of its class.
        """
        out, y = value_of(out), value_of(y)
        count, classes = len(y), np.ndim(y) == 1 == np.ndim(out) - 1 and y.dtype.kind in "iu"
        right = np.count_nonzero(np.argmax(out, axis=1) == y) if classes else 0
        return np.array([float(loss) * count, right, count if classes else 0, count])

    def means(self) -> dict[str, float]:
        """Loss and accuracy so far."""
        loss, right, answered, count = self.numbers.tolist()
        return {"loss": loss / max(1, count), **({"accuracy": right / answered} if answered else {})}


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

    Ctrl-C ends the training, and the model has its best weights; in the first epoch, those it has come to. An error ends it
    too, such as a label that is no class, or a loss that is nan or infinite, which names the operation it came from: the
    model then has its best weights, or those it started with.

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
        A .npz or .safetensors file, written after each epoch: weights, optimiser, schedule, random numbers and history. If
        it cannot be written, as on a full disk, that is a warning, and training goes on.
    resume : bool
        Continue from the checkpoint, to the same numbers as without the break; if there is none yet, start.
    progress : bool
        Show a bar for each epoch, by tqdm if that is installed; a line where there is no terminal.
    group : minigrad.parallel.Group, optional
        The processes to share each batch with. They must be given the same batches; see `minigrad.parallel`.

    Returns
    -------
    History
        Losses, accuracies, learning rate and seconds of each epoch, and whether it was interrupted.

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
    _check(epochs, schedule, schedule_each, patience, checkpoint, resume)
    group = group or Group()
    run = Run(model, (data, validation), optimizer, schedule)
    if resume and Path(checkpoint).exists():  # type: ignore[arg-type]
        run.load(checkpoint)  # type: ignore[arg-type]
    history = run.history
    with group:
        _start_alike(model, len(history), group)
        try:
            while len(history) < epochs and (patience is None or history.waited < max(patience, 1)):
                title = f"epoch {len(history) + 1}/{epochs}"
                with Progress(title, _count(data), progress and group.rank == 0) as bar:
                    model.train()
                    sums = Sums()
                    for number, x, y in _pairs(data, "fit"):
                        try:
                            sums.numbers += _step(model, x, y, loss, optimizer, clip_norm, group)
                        except Exception as error:
                            error.add_note(f"in {title}, batch {number}")
                            raise
                        if schedule and schedule_each == "batch":
                            schedule.step()
                        bar.update(len(y), sums.means())
                    _copy_first(model, group)  # each process has met other parts: what batch normalisation keeps differs
                    row = sums.means()
                    if validation is not None:
                        row |= {f"val_{k}": v for k, v in evaluate(model, validation, loss, group=group).items()}
                    row |= {"lr": float(optimizer.param_groups[0]["lr"]), "seconds": bar.seconds}
                    bar.end(row)
                if schedule and schedule_each == "epoch":
                    schedule.step(*([row.get("val_loss", row["loss"])] if isinstance(schedule, ReduceLROnPlateau) else []))
                run.add(row)
                if checkpoint is not None and group.rank == 0:
                    run.save(checkpoint)
        except (Exception, KeyboardInterrupt) as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            if len(history) or not interrupted:
                model.load_state_dict(run.best)
            if not interrupted or group.size > 1:
                error.add_note(
                    f"the model has its weights of epoch {history.best}" if len(history) else "the model is as it was"
                )
                raise
            history.interrupted = True
            return history
    if keep_best or (keep_best is None and validation is not None):
        model.load_state_dict(run.best)
    return history


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # what is not finite shows in the loss
def _step(
    model: Module, x: Any, y: Any, loss: Loss, optimizer: Optimizer, clip_norm: float | None, group: Group
) -> np.ndarray[Any, Any]:
    """One step of training, on this process's part of a batch; what the whole batch adds to the sums."""
    if group.size > 1:
        part = group.part(len(y))
        share, x, y = (part.stop - part.start) / len(y), x[part], y[part]
    else:
        share = 1.0
    optimizer.zero_grad()
    numbers = np.zeros(4)
    if share:
        out = model(x)
        mean = loss(out, y)
        numbers = Sums.of(mean, out, y)
        mean.backward(retain_graph=False)
    if group.size > 1:
        numbers = _join(optimizer, share, numbers, group)
    if not np.isfinite(numbers[0]):
        raise FloatingPointError(f"fit: the loss became {numbers[0] / numbers[3]}; {_reason(model, x, y, loss)}")
    if clip_norm is not None:
        clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], clip_norm)
    optimizer.step()
    return numbers


def _join(optimizer: Optimizer, share: float, numbers: np.ndarray[Any, Any], group: Group) -> np.ndarray[Any, Any]:
    """Make gradients, each a mean over a part, those of the whole batch; returns the sum of the numbers.

    All travel in one message. With the gradients goes which of them there are: one that no process has stays none.
    """
    parameters = [p for g in optimizer.param_groups for p in g["params"] if p.requires_grad]
    grads = [np.zeros(p.shape, p.dtype) if p.grad is None else np.array(p.grad * share, p.dtype) for p in parameters]
    dtype = np.result_type(*grads) if grads else numbers.dtype
    there = np.array([p.grad is not None for p in parameters], dtype)
    numbers = numbers.astype(dtype)
    group.sum([*grads, there, numbers])
    for p, grad, some in zip(parameters, grads, there, strict=True):
        p.grad = grad[()] if some else None
    return numbers


def _copy_first(model: Module, group: Group) -> None:
    """Give every process the first one's weights and buffers."""
    if group.size > 1:
        state = model.state_dict()
        group.copy_first(list(state.values()))
        model.load_state_dict(state)


def _start_alike(model: Module, epochs: int, group: Group) -> None:
    """Begin with the same weights in every process, and as many epochs behind."""
    least = np.array([epochs])
    group.copy_first([least])
    if epochs != least[0]:
        raise ValueError(
            f"fit: process {group.rank} has {epochs} epochs behind it and the first process {least[0]}; put the checkpoint "
            "into a folder that all of them see"
        )
    _copy_first(model, group)


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
            for _, x, y in _pairs(data, "evaluate"):
                part = group.part(len(y))
                if part.stop > part.start:
                    out = model(x[part])
                    sums.numbers += Sums.of(value_of(loss(out, y[part])), out, y[part])
    finally:
        model.train(training)
    group.sum([sums.numbers])
    return sums.means()


def _pairs(data: Batches, who: str) -> Iterator[tuple[int, Any, Any]]:
    """The batches and their numbers, from 1; at least one."""
    empty = True
    for number, batch in enumerate(data, 1):
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            kind = f"{len(batch)} parts" if isinstance(batch, tuple | list) else type(batch).__name__
            raise TypeError(f"{who}: a batch is a pair (x, y), as of a DataLoader over images and labels, got {kind}")
        if len(batch[1]):
            empty = False
            yield number, *batch
    if empty:
        raise ValueError(
            f"{who}: the data gave no batches with anything in them; is it a used-up generator? Give a list or a DataLoader"
        )


def _count(data: Batches) -> int | None:
    """How many items an epoch has, if that can be told."""
    if hasattr(data, "dataset"):
        items, size = len(data.dataset), getattr(data, "batch_size", 1)
        return items - items % size if getattr(data, "drop_last", False) else items
    return None


def _check(epochs: int, schedule: Any, schedule_each: str, patience: int | None, checkpoint: Any, resume: bool) -> None:
    for name, number in (("epochs", epochs), ("patience", patience)):
        if number is not None and (not isinstance(number, int | np.integer) or number < 0):
            raise ValueError(f"fit: {name} is a whole number from 0 on, got {number!r}")
    if schedule_each not in ("epoch", "batch"):
        raise ValueError(f"fit: schedule_each is 'epoch' or 'batch', got {schedule_each!r}")
    if schedule_each == "batch" and isinstance(schedule, ReduceLROnPlateau):
        raise ValueError("fit: a plateau is one of the loss after each epoch; give schedule_each='epoch'")
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True needs checkpoint=, the file to continue from")
    if checkpoint is not None:
        suffix_of(checkpoint, SUFFIXES, "fit: checkpoint")
        check_folder(checkpoint, "fit: checkpoint")
