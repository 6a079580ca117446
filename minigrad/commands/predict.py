"""``minigrad predict``: what a trained network takes images for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.commands import Parser, modelfile
from minigrad.commands.image import read
from minigrad.modes import no_grad
from minigrad.ops import softmax

BAR = 24  # characters of a probability of 1


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str
        Its arguments.

    Returns
    -------
    int
        The exit status.
    """
    parser = Parser(
        prog="minigrad predict", description="Tell what a network takes images for.", allow_abbrev=False,
        epilog="A drawing may have any size, and dark ink or light: it is brought to what the network was trained on.",
    )  # fmt: skip
    parser.add_argument("network", metavar="FILE", help="the file that minigrad train --save wrote")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="a file of any format that Pillow reads")
    parser.add_argument(
        "--invert", choices=("auto", "yes", "no"), default="auto",
        help="whether a drawing is dark on light, and its network was trained on light on dark (auto: by its border)",
    )  # fmt: skip
    parser.add_argument("--top", type=int, default=5, metavar="N", help="how many classes to show (5)")
    options = parser.parse_args(argv)
    if options.top < 1:
        parser.error(f"--top: 1 or more, got {options.top}")

    model, about = modelfile.read(options.network)
    x = np.stack([read(path, about.shape, about.margin, options.invert) for path in options.images])
    shape = (1, -1, 1, 1)
    x = ((x - np.reshape(about.mean, shape)) / np.reshape(about.std, shape)).astype(np.float32)
    with no_grad():
        probabilities = softmax(model(x), axis=1).value
    for path, row in zip(options.images, probabilities, strict=True):
        print(_table(path, about.classes, row, options.top))
    return 0


def _table(path: str, classes: list[str], probabilities: Any, top: int) -> str:
    """The likeliest classes, each with a bar."""
    block = "█" if "utf" in (sys.stdout.encoding or "").lower() else "#"
    width = max(map(len, classes))
    lines = [
        f"  {classes[k]:<{width}}  {100 * probabilities[k]:5.1f} %  {block * round(BAR * float(probabilities[k]))}".rstrip()
        for k in np.argsort(-probabilities, kind="stable")[:top]
    ]
    return "\n".join([path, *lines])
