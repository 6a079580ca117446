"""``minigrad predict``: classify images with a trained network."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Literal

import numpy as np

from minigrad.commands import modelfile
from minigrad.commands.image import Array, read
from minigrad.commands.usage import Parser
from minigrad.modes import no_grad
from minigrad.ops import softmax

BAR = 24  # characters of the bar of probability 1


class _Options(argparse.Namespace):
    """The parsed command line."""

    network: str
    images: list[str]
    invert: Literal["auto", "yes", "no"]
    top: int


def main(argv: Sequence[str]) -> int:
    """Run the command with these arguments; return the exit status, 0."""
    options = _options(argv)
    model, about = modelfile.read(options.network)
    x = np.stack([read(path, about.shape, about.margin, options.invert) for path in options.images])
    shape = (1, -1, 1, 1)
    x = ((x - np.reshape(about.mean, shape)) / np.reshape(about.std, shape)).astype(np.float32)
    with no_grad():
        probabilities = softmax(model(x), axis=1).value
    for path, row in zip(options.images, probabilities, strict=True):
        print(_table(path, about.classes, row, options.top))
    return 0


def _options(argv: Sequence[str]) -> _Options:
    parser = Parser(
        prog="minigrad predict",
        description="Classify images with a trained network.",
        epilog="A drawing may have any size, and dark or light ink: it is cropped, scaled and inverted to fit the network.",
        allow_abbrev=False,
    )
    parser.add_argument("network", metavar="FILE", help="a network saved by minigrad train --save")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="an image file of any format that Pillow reads")
    invert = "swap light and dark, for dark ink on a light ground (default: auto, decided by the border of a drawing)"
    parser.add_argument("--invert", choices=("auto", "yes", "no"), default="auto", help=invert)
    parser.add_argument("--top", type=int, default=5, metavar="N", help="number of classes to show (default: 5)")
    options = parser.parse_args(argv, _Options())
    if options.top < 1:
        parser.error(f"--top must be at least 1, got {options.top}")
    return options


def _table(path: str, classes: list[str], probabilities: Array, top: int) -> str:
    """The most probable classes, each with a bar."""
    block = "█" if "utf" in (sys.stdout.encoding or "").lower() else "#"
    width = max(map(len, classes))
    lines = [
        f"  {classes[k]:<{width}}  {100 * probabilities[k]:5.1f} %  {block * round(BAR * float(probabilities[k]))}".rstrip()
        for k in np.argsort(-probabilities, kind="stable")[:top]
    ]
    return "\n".join([path, *lines])
