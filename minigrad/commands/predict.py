"""``minigrad predict``: classify images with a trained network."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from minigrad.commands import modelfile
from minigrad.commands.image import FAINT, KINDS, Array, read
from minigrad.commands.usage import Parser, say
from minigrad.modes import no_grad
from minigrad.ops import softmax

SAMPLE = Path(__file__).with_name("three.png")  # a drawing that comes with the package
UNLIKE = 2.5  # times the ink of the training images, or one part in so many of it, is unlike them
UNSURE = 0.5
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
    paths = options.images or [str(SAMPLE)]
    x = np.stack([read(path, about.shape, about.margin, options.invert) for path in paths])
    doubts = [doubt(image, about) for image in x]
    shape = (1, -1, 1, 1)
    x = ((x - np.reshape(about.mean, shape)) / np.reshape(about.std, shape)).astype(np.float32)
    with no_grad():
        probabilities = softmax(model(x), axis=1).value
    for path, row, why in zip(paths, probabilities, doubts, strict=True):
        why = why or (f"no class reaches {100 * UNSURE:.0f} %" if row.max() < UNSURE else "")
        say(_table(path, about.classes, row, options.top) + (f"\n  do not trust this: {why}" if why else ""))
    return 0


def doubt(image: Array, about: modelfile.Trained) -> str:
    """Why an image, as the input of a network, is not like those it was trained on; empty if nothing speaks against it."""
    drawing = len(image) == 1  # light ink on a dark ground
    if float(image.max() if drawing else np.ptp(image)) < FAINT:
        return "the image is blank"
    if drawing:
        ink, usual = float(image.mean()), about.mean[0]
        if not usual / UNLIKE <= ink <= usual * UNLIKE:
            return (
                f"ink covers {100 * ink:.0f} % of it, and {100 * usual:.0f} % of the images that the network was trained on"
            )
    return ""


def _options(argv: Sequence[str]) -> _Options:
    parser = Parser(
        prog="minigrad predict",
        description="Classify images with a trained network.",
        epilog="A drawing may have any size, and dark or light ink: it is cropped, scaled and inverted to fit the network.",
        allow_abbrev=False,
    )
    parser.add_argument("network", metavar="FILE", help="a network saved by minigrad train --save")
    parser.add_argument("images", metavar="IMAGE", nargs="*", help=f"{KINDS[3:]} (default: a drawing of a three)")
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
