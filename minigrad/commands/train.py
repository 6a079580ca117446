"""``minigrad train``: a network trained on images, saved, and shown in figures."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import nn, optim
from minigrad.commands import Parser, UsageError, modelfile, sets
from minigrad.data import DataLoader
from minigrad.modes import no_grad
from minigrad.nn.models import MODELS, build
from minigrad.nn.parallel import Group
from minigrad.ops import cross_entropy

# The optimisers, each with its largest rate in the cycle and its other settings.
OPTIMIZERS: dict[str, tuple[Any, float, dict[str, Any]]] = {
    "sgd": (optim.SGD, 0.05, {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
    "rmsprop": (optim.RMSprop, 0.001, {}),
    "adagrad": (optim.Adagrad, 0.02, {}),
    "adam": (optim.Adam, 0.005, {}),
    "adamw": (optim.AdamW, 0.005, {"weight_decay": 0.01}),
    "lion": (optim.Lion, 0.0005, {"weight_decay": 0.1}),
}
# By which a network's rate is larger: the slopes of sigmoids are small, and so are the gradients behind them.
FACTORS = {"lenet": 2, "cnn": 20}
TESTED = 500  # images at a time

EXAMPLES = """\
examples:
  minigrad train --model lenet --data digits --epochs 10 --save lenet.safetensors
  minigrad train --model resnet --data cifar10 --path DIR --download --checkpoint run.npz --resume --save resnet.npz
  mpiexec -n 4 minigrad train --model lenet --data mnist --path DIR --save lenet.npz

The rate rises and falls once in the run. The test images are measured on after each epoch, and nothing is chosen by them.
Ctrl-C ends the training and saves the best weights so far. Started by mpiexec, the processes share each batch; give each
its cores, as by OMP_NUM_THREADS=1. The exit status is 0; 2 if something went wrong; 130 after Ctrl-C.
"""


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str
        Its arguments.

    Returns
    -------
    int
        The exit status: 0, or 130 if it was interrupted.
    """
    options = _parser().parse_args(argv)
    _check(options)
    with Group.world() as group:
        return _train(options, group)


def _parser() -> Parser:
    parser = Parser(
        prog="minigrad train",
        description="Train a network on images.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--model", choices=list(MODELS), default="lenet", help="which network (lenet)")
    add("--data", choices=sets.SETS, default="digits", help="which images (digits, which come with minigrad)")
    add("--path", metavar="DIR", help="the folder of their files")
    add("--download", action="store_true", help="fetch the files that are missing there")
    add("--epochs", type=_positive(int), default=10, metavar="N", help="how often to go through them (10)")
    add("--batch-size", type=_positive(int), metavar="N", help="images to a step (16 of the digits, 64 of the others)")
    add("--optimizer", choices=list(OPTIMIZERS), default="adamw", help="which one (adamw)")
    add(
        "--lr", type=_positive(float), metavar="RATE", help="the largest learning rate (by optimiser and network; 0.01 here)"
    )
    add("--smoothing", type=float, default=0.1, metavar="P", help="how much of each label all classes share (0.1)")
    add("--clip", type=_positive(float), metavar="NORM", help="scale larger gradients down to this norm")
    add("--no-augment", action="store_true", help="show the images as they are, neither moved nor mirrored")
    add("--seed", type=int, default=0, metavar="N", help="where chance starts; the same seed repeats a run (0)")
    add("--save", metavar="FILE", type=Path, help="write the network to a .npz or .safetensors file")
    add("--figures", metavar="DIR", type=Path, help="draw curves, confusions and filters there (beside --save)")
    add("--checkpoint", metavar="FILE", type=Path, help="write the state of the run after each epoch, .npz or .safetensors")
    add("--resume", action="store_true", help="continue from the checkpoint, if there is one")
    add("--quiet", action="store_true", help="print only the last line")
    return parser


def _positive(kind: Any) -> Any:
    def number(text: str) -> Any:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"a number above 0 is needed, got {text}")
        return value

    number.__name__ = "number"  # as argparse calls what a text is not
    return number


def _check(options: argparse.Namespace) -> None:
    """Refuse at once what would fail only after the training."""
    for name in ("save", "checkpoint"):
        path = getattr(options, name)
        if path is None:
            continue
        if path.suffix.lower() not in (".npz", ".safetensors"):
            raise UsageError(f"--{name}: the file name ends in .npz or .safetensors, got {path.name!r}")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"--{name}: there is no folder {str(path.parent)!r}")
        if path.suffix.lower() == ".safetensors":
            from minigrad.storage import safetensors_package

            safetensors_package(f"--{name}")
    if options.save and options.checkpoint and options.save.absolute() == options.checkpoint.absolute():
        raise UsageError("--save and --checkpoint are two files: a network, and a run to continue")
    if options.resume and not options.checkpoint:
        raise UsageError("--resume needs --checkpoint FILE, the file to continue from")
    if options.figures is not None:
        if not options.figures.is_dir():
            raise UsageError(f"--figures: there is no folder {str(options.figures)!r}")
        nn.figures.figure("--figures", (1, 1))
    if not 0 <= options.smoothing < 1:
        raise UsageError(f"--smoothing: a share from 0 to less than 1, got {options.smoothing}")
    if options.seed < 0:
        raise UsageError(f"--seed: a number from 0 on, got {options.seed}")


def _train(options: argparse.Namespace, group: Group) -> int:
    start = time.perf_counter()
    first = group.rank == 0
    if options.download and not first:
        group.wait()  # one process fetches what is missing, and the others find it
    images = sets.read(options.data, options.path, options.download)
    if options.download and first:
        group.wait()
    rng = np.random.default_rng(options.seed)
    model = build(options.model, images.shape, len(images.classes), rng)
    size = options.batch_size or (16 if options.data == "digits" else 64)
    transform = images.transform(not options.no_augment)
    # The digits are so small that a thread which prepares them is only in the way.
    loader = DataLoader(
        images.train, size, shuffle=True, rng=rng, transform=transform, prefetch=int(options.data != "digits")
    )
    test = DataLoader(images.test, TESTED, transform=images.transform(False))
    make, rate, settings = OPTIMIZERS[options.optimizer]
    rate = options.lr or rate * FACTORS.get(options.model, 1)
    optimizer = make(model.parameters(), lr=rate, **settings)
    cycle = optim.OneCycleLR(optimizer, rate, epochs=options.epochs, steps_per_epoch=len(loader), cycle_momentum=False)
    if first and not options.quiet:
        print(
            f"{options.model} on {options.data}: {len(images.train):,} images to train on, {len(images.test):,} to test on"
        )
        print(model.summary((1, *images.shape)), flush=True)
    history = nn.fit(
        model, loader, lambda out, y: cross_entropy(out, y, label_smoothing=options.smoothing), optimizer, options.epochs,
        validation=test, keep_best=False, schedule=cycle, schedule_each="batch", clip_norm=options.clip,
        checkpoint=options.checkpoint, resume=options.resume, progress=not options.quiet, group=group,
    )  # fmt: skip
    if first:
        seconds = time.perf_counter() - start
        counts = _confusion(model, test, len(images.classes))
        written, notes = _write(options, model, images, history, counts)
        right, total = int(np.trace(counts)), int(counts.sum())
        ended = f"interrupted, with the weights of epoch {history.best}" if history.interrupted else "done"
        parts = [
            f"{ended}: test accuracy {100 * right / total:.2f} % ({right} of {total})",
            f"{len(history)} epochs, {seconds:.1f} s",
            *([f"written: {', '.join(map(str, written))}"] if written else []),
            *notes,
        ]
        print("; ".join(parts))
    return 130 if history.interrupted else 0


def _confusion(model: nn.Module, test: DataLoader, classes: int) -> np.ndarray[Any, Any]:
    """How many images of each class, a row, were taken for each class, a column."""
    counts = np.zeros((classes, classes), int)
    model.eval()
    with no_grad():
        for x, y in test:
            np.add.at(counts, (y, np.argmax(model(x).value, axis=1)), 1)
    return counts


def _write(
    options: argparse.Namespace, model: nn.Module, images: sets.Images, history: nn.History, counts: np.ndarray[Any, Any]
) -> tuple[list[Path], list[str]]:
    """The network and the figures; which files there are now, and what to say of others."""
    written: list[Path] = []
    if options.save:
        about = modelfile.Trained(options.model, images.shape, list(images.classes), images.mean, images.std, images.margin)
        written.append(modelfile.write(model, about, options.save))
    folder = options.figures or (options.save and options.save.parent)
    if folder is not None and len(history):
        try:
            first = next(layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear))
            figures = {
                "curves": history.plot(),
                "confusion": nn.figures.confusion(counts, images.classes),
                "filters": nn.figures.filters(first.weight.value, images.shape),
            }
        except ImportError as error:
            return written, [str(error)]
        for name, figure in figures.items():
            written.append(folder / f"{name}.png")
            figure.savefig(written[-1], dpi=120)
    return written, []
