"""``minigrad train``: train a network on images, save it, and draw figures of it."""

from __future__ import annotations

import argparse
import copy
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from minigrad import nn, optim
from minigrad.commands import modelfile, sets
from minigrad.commands.usage import Parser, UsageError, say
from minigrad.data import DataLoader
from minigrad.draw.training.watch import Watch, watch
from minigrad.fast import fast, pool
from minigrad.files import check_writable, replace_file, same_file, suffix_of
from minigrad.modes import no_grad
from minigrad.nn.models import MODELS, build
from minigrad.nn.parallel import Group
from minigrad.ops import cross_entropy
from minigrad.optional import found
from minigrad.storage import SUFFIXES, safetensors_package
from minigrad.text import shorten

Counts: TypeAlias = np.ndarray[Any, np.dtype[np.int_]]

# The optimisers, each with its maximum learning rate and its other settings.
OPTIMIZERS: dict[str, tuple[Callable[..., optim.Optimizer], float, dict[str, Any]]] = {
    "sgd": (optim.SGD, 0.05, {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
    "rmsprop": (optim.RMSprop, 0.001, {}),
    "adagrad": (optim.Adagrad, 0.02, {}),
    "adam": (optim.Adam, 0.005, {}),
    "adamw": (optim.AdamW, 0.005, {"weight_decay": 0.01}),
    "lion": (optim.Lion, 0.0005, {"weight_decay": 0.1}),
}
# Factors of the learning rate: sigmoids have small slopes, and so small gradients behind them.
FACTORS = {"lenet": 2, "cnn": 20}
MOST = 10**9  # epochs, and images per step
TESTED = 500  # images per test batch
FIGURES = ("curves", "confusion", "filters")
RESUMED = (
    "weights, optimiser, maximum learning rate, random state, history, kernels and threads are its own; --lr, --seed and "
    "--threads do nothing"
)
FILMED, FRAMES = 100, 100  # images on which the film of a training shows predictions, and its frames

EXAMPLES = """\
examples:
  minigrad train --model lenet --data digits --epochs 10 --save lenet.safetensors
  minigrad train --model resnet --data cifar10 --path DIR --download --checkpoint run.npz --resume --save resnet.npz
  mpiexec -n 4 minigrad train --model lenet --data mnist --path DIR --save lenet.npz

The learning rate rises and falls once during the run. Loss and accuracy on the test images are measured after each epoch.
A run that ends by itself keeps the weights of its last epoch, so nothing is selected by the test images. Ctrl-C stops the
training and keeps the weights of the epoch with the smallest loss on the test images, and so does a loss that becomes
nan or infinite.

Label smoothing is part of the printed losses, on the test images too: with 0.1 and ten classes no loss is below 0.50.

--resume continues with the checkpoint's weights, optimiser, maximum learning rate, random state, history, kernels and
threads; --lr, --seed and --threads do nothing then. Epochs, batch size, smoothing, clipping and augmentation are those of
the new command line.

NumPy's matrix products have threads of their own, which take the cores from other processes even while they wait. So a few
trial steps choose between these, one thread, and as many as there are cores. Which is chosen changes results by rounding.

Under mpiexec the processes share each batch; give each process its own cores, for example with OMP_NUM_THREADS=1.

exit status:
  0    success
  2    the command line is not understood, or a file cannot be read or written; a network that cannot be saved at the end
       goes to another file, which the last line names
  130  interrupted by Ctrl-C
"""


def main(argv: Sequence[str]) -> int:
    """Run the command with these arguments; return the exit status, 0, or 130 if it was interrupted."""
    with Group.world("minigrad train") as group:
        group.check_alike("the command line", the_arguments=list(argv))
        options = _options(argv)
        before = pool.number() * pool.held()
        try:
            status = _train(options, group)
        finally:
            pool.threads(before)
        group.wait()  # so that none ends, and is told to have failed, while the first still writes
        return status if group.rank == 0 else 0


class _Options(argparse.Namespace):
    """The parsed command line."""

    model: str
    data: str
    path: str | None
    download: bool
    epochs: int
    batch_size: int | None
    optimizer: str
    lr: float | None
    smoothing: float
    clip: float | None
    no_augment: bool
    seed: int
    threads: int | None
    save: Path | None
    figures: Path | None
    checkpoint: Path | None
    resume: bool
    film: Path | None
    quiet: bool


def _options(argv: Sequence[str]) -> _Options:
    parser = Parser(
        prog="minigrad train",
        description="Train a network to classify images.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument_group("network and data").add_argument
    add("--model", choices=list(MODELS), default="lenet", help="the network (default: lenet)")
    add("--data", choices=sets.SETS, default="digits", help="the data set (default: digits, included in minigrad)")
    add("--path", metavar="DIR", help="the folder of the data set's files")
    add("--download", action="store_true", help="download the files that are missing there")
    add("--no-augment", action="store_true", help="train on the images unchanged, without random crops and flips")
    add = parser.add_argument_group("training").add_argument
    add("--epochs", type=_positive(int), default=10, metavar="N", help="number of epochs (default: 10)")
    add("--batch-size", type=_positive(int), metavar="N", help="images per step (default: 16 for digits, 64 for the others)")
    add("--optimizer", choices=list(OPTIMIZERS), default="adamw", help="the optimiser (default: adamw)")
    add("--lr", type=_positive(float), metavar="RATE", help="maximum learning rate (default: by optimiser and network)")
    add(
        "--smoothing",
        type=float,
        default=0.1,
        metavar="P",
        help="label smoothing: P of each label is spread over all classes (default: 0.1)",
    )
    add("--clip", type=_positive(float), metavar="NORM", help="maximum norm of the gradient (default: no clipping)")
    add("--seed", type=int, default=0, metavar="N", help="random seed; with --threads it repeats a run (default: 0)")
    add("--threads", type=_positive(int), metavar="N", help="number of threads (default: what is fastest in trial steps)")
    add = parser.add_argument_group("output").add_argument
    add("--save", metavar="FILE", type=Path, help="save the network to a .npz or .safetensors file")
    add("--figures", metavar="DIR", type=Path, help="folder for curves, confusion matrix, filters (default: that of --save)")
    add("--checkpoint", metavar="FILE", type=Path, help="save the run after each epoch to a .npz or .safetensors file")
    add("--resume", action="store_true", help="continue from the checkpoint, if it exists; what it keeps is told below")
    add("--film", metavar="FILE", type=Path, help="write a .html page that plays the training: filters, maps, predictions")
    add("--quiet", action="store_true", help="print only the last line")
    options = parser.parse_args(argv, _Options())
    _check(options)
    return options


def _positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"must be greater than 0, got {text}")
        if kind is int and value > MOST:
            raise argparse.ArgumentTypeError(f"must be at most {MOST:,}, got {shorten(text)}")
        return value

    return number  # argparse calls a text that is not one an "invalid number value"


def _check(options: _Options) -> None:
    """Refuse at once what would otherwise fail only after the training."""
    for name, path in (("--save", options.save), ("--checkpoint", options.checkpoint)):
        if path is not None:
            suffix = suffix_of(path, SUFFIXES, name)
            check_writable(path, name)
            if suffix == ".safetensors":
                safetensors_package(name)
    if options.film is not None:
        suffix_of(options.film, (".html",), "--film")
        check_writable(options.film, "--film")
    if options.save and options.checkpoint and same_file(options.save, options.checkpoint):
        raise UsageError("--save and --checkpoint are two files: one holds the network, the other a run to continue")
    if options.resume and not options.checkpoint:
        raise UsageError("--resume needs --checkpoint FILE, the file to continue from")
    if options.figures is not None:
        if not options.figures.is_dir():
            raise UsageError(f"--figures: there is no folder {str(options.figures)!r}")
        for name in FIGURES:
            check_writable(options.figures / f"{name}.png", "--figures")
        nn.figures.figure("--figures", (1, 1))
    if not 0 <= options.smoothing < 1:
        raise UsageError(f"--smoothing must be at least 0 and less than 1, got {options.smoothing}")
    if options.threads and options.threads >= pool.MOST:
        raise UsageError(f"--threads must be less than {pool.MOST}, got {options.threads}")
    if options.seed < 0:
        raise UsageError(f"--seed must be at least 0, got {options.seed}")


def _train(options: _Options, group: Group) -> int:
    start = time.perf_counter()
    images = _images(options, group)
    rng = np.random.default_rng(options.seed)
    model = build(options.model, images.shape, len(images.classes), rng)
    size = options.batch_size or (16 if options.data == "digits" else 64)
    transform = images.transform(not options.no_augment)
    prefetch = int(options.data != "digits")  # a thread that prepares batches costs more than the small digits take
    loader = DataLoader(images.train, size, shuffle=True, rng=rng, transform=transform, prefetch=prefetch)
    test = DataLoader(images.test, TESTED, transform=images.transform(False))
    make, rate, settings = OPTIMIZERS[options.optimizer]
    rate = options.lr or rate * FACTORS.get(options.model, 1)
    optimizer = make(model.parameters(), lr=rate, **settings)
    if group.rank == 0 and not options.quiet:
        counts = f"{len(images.train):,} images to train on, {len(images.test):,} to test on"
        say(f"{options.model} on {options.data}: {counts}")
        say(str(model.summary((1, *images.shape))))
        if options.smoothing:
            say(f"losses are with label smoothing {options.smoothing:g}, on the test images too")
        if options.resume and options.checkpoint and options.checkpoint.exists():
            say(f"resuming {options.checkpoint}: {RESUMED}")
    if not (options.resume and options.checkpoint and options.checkpoint.exists()):
        note = _prepare(options, model, (size, *images.shape), group)
        if group.rank == 0 and not options.quiet:
            say(note)
    film = _film(options, model, images, options.epochs * len(loader)) if options.film and group.rank == 0 else None
    about = modelfile.Trained(options.model, images.shape, list(images.classes), images.mean, images.std, images.margin)
    try:
        history = nn.fit(
            model,
            loader,
            lambda out, y: cross_entropy(out, y, label_smoothing=options.smoothing),
            optimizer,
            options.epochs,
            validation=test,
            keep_best=False,
            schedule=optim.OneCycleLR(
                optimizer, rate, epochs=options.epochs, steps_per_epoch=len(loader), cycle_momentum=False
            ),
            schedule_each="batch",
            clip_norm=options.clip,
            checkpoint=options.checkpoint,
            resume=options.resume,
            progress=not options.quiet,
            group=group,
            callback=film,
        )
    except Exception as error:
        if group.rank == 0 and len(getattr(error, "history", ())):
            written, failures = _save(options.save, model, about)
            for note in (_accuracy(_confusion(model, test, len(images.classes))), *_paths(written), *failures):
                error.add_note(note)
        raise
    if group.rank == 0:
        seconds = time.perf_counter() - start
        written, failures = _save(options.save, model, about)  # first: nothing that fails later loses it
        confusion = _confusion(model, test, len(images.classes))
        figures, notes = _pictures(options, model, images, history, confusion, film)
        say("; ".join([*_outcome(history, confusion, seconds), *_paths(written + figures), *failures, *notes]))
        if failures:
            return 2
    return 130 if history.interrupted else 0


def _prepare(options: _Options, model: nn.Module, shape: tuple[int, ...], group: Group) -> str:
    """Compile the kernels that a step needs, and choose the number of threads, by steps of a copy; say what computes."""
    start = time.perf_counter()
    trial = copy.deepcopy(model)
    trial.train()
    x, labels = np.zeros(shape, np.float32), np.zeros(shape[0], int)

    def step() -> None:
        cross_entropy(trial(x), labels, label_smoothing=options.smoothing).backward(retain_graph=False)

    if options.threads is None and group.size == 1 and found("threadpoolctl"):
        pool.settle(step)
    else:
        if options.threads:
            pool.threads(options.threads)
        step()
    return f"computed by {fast()}; ready in {time.perf_counter() - start:.1f} s"


def _images(options: _Options, group: Group) -> sets.Images:
    """Read the data set. One process downloads missing files while the others wait."""
    if options.download and group.rank > 0:
        group.wait()
    images = sets.read(options.data, options.path, options.download)
    if options.download and group.rank == 0:
        group.wait()
    return images


def _outcome(history: nn.History, confusion: Counts, seconds: float) -> list[str]:
    """The end of the training in words, for the last line."""
    best = f"with the weights of epoch {history.best}, of the smallest loss on the test images"
    ended = f"interrupted, {best if len(history) else 'in the first epoch'}" if history.interrupted else "done"
    return [f"{ended}: {_accuracy(confusion)}", f"{len(history)} epochs, {seconds:.1f} s"]


def _accuracy(confusion: Counts) -> str:
    right, total = int(np.trace(confusion)), int(confusion.sum())
    return f"test accuracy {100 * right / total:.2f} % ({right} of {total})"


def _paths(written: Sequence[Path]) -> list[str]:
    return [f"written: {', '.join(map(str, written))}"] if written else []


def _confusion(model: nn.Module, test: DataLoader, classes: int) -> Counts:
    """The confusion matrix: how many images of each class, a row, were classified as each class, a column."""
    counts = np.zeros((classes, classes), int)
    model.eval()
    with no_grad():
        for x, y in test:
            np.add.at(counts, (y, np.argmax(model(x).value, axis=1)), 1)
    return counts


def _film(options: _Options, model: nn.Module, images: sets.Images, steps: int) -> Watch:
    """A recording of the training with about `FRAMES` frames, on the first images to test on."""
    x, y = next(iter(DataLoader(images.test, FILMED, transform=images.transform(False))))
    return watch(model, x, y, every=max(1, steps // FRAMES), classes=images.classes)


def _save(path: Path | None, model: nn.Module, about: modelfile.Trained) -> tuple[list[Path], list[str]]:
    """Save the network; if the file cannot be written, beside it or in the folder for temporary files.

    Returns the files that were written, and what went wrong.
    """
    if path is None:
        return [], []
    failures: list[str] = []
    name = f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}"
    for file in (path, path.with_name(name), Path(tempfile.gettempdir(), name)):
        try:
            written = modelfile.write(model, about, file)
        except OSError as error:
            failures.append(f"not written: {file} ({error.strerror or error})")
        else:
            return [written], failures[:1]
    return [], failures


def _pictures(
    options: _Options, model: nn.Module, images: sets.Images, history: nn.History, confusion: Counts, film: Watch | None
) -> tuple[list[Path], list[str]]:
    """Write the film and the figures, each whole or not at all; return the files, and what went wrong."""
    written: list[Path] = []
    notes: list[str] = []
    if film and options.film:
        try:
            film.save(options.film)
            written.append(options.film)
        except (OSError, ValueError) as error:
            notes.append(str(error))
    folder = options.figures or (options.save and options.save.parent)
    if folder is None or not len(history):
        return written, notes
    first = next(layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear))
    makers: list[Callable[[], Any]] = [
        history.plot,
        lambda: nn.figures.confusion(confusion, images.classes),
        lambda: nn.figures.filters(first.weight.value, images.shape),
    ]
    for name, make in zip(FIGURES, makers, strict=True):
        try:
            stream = io.BytesIO()
            make().savefig(stream, dpi=120, format="png")
            written.append(replace_file(folder / f"{name}.png", stream.getvalue(), "--figures"))
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            return written, [*notes, str(error)]
    return written, notes
