"""Fields for the stride, the padding and the dilation of a convolution: its page records the film again in the browser."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigrad.draw.document import numbers, script_json
from minigrad.draw.heatmap import NOISE
from minigrad.draw.motion.film_conv import Convolution
from minigrad.draw.text import uniform

MOST_NUMBERS = 50_000  # of the arrays that a page carries
MOST_PRODUCTS = 20_000_000  # of an element and a weight, in one recording
NAMES = ("stride", "padding", "dilation")


class Arrays(NamedTuple):
    """All arrays that the numbers shown depend on, of one group of channels.

    `channels` are pairs of a channel of the image and of the filter, the one shown first; `weights` is the shown channel of
    each filter, and `images` that of each image, again the shown one first. `upstream` holds the gradient of the output for
    each filter and for each image, in the same order; None if it is 1 everywhere.
    """

    channels: list[tuple[Any, Any]]
    weights: list[Any]
    images: list[Any]
    upstream: tuple[list[Any], list[Any]] | None

    @classmethod
    def of(cls, shown: tuple[int, int, int], filters: int, x: Any, weight: Any, upstream: Any) -> Arrays:
        """The arrays behind an image, a filter and a channel; `filters` is the number of filters in a group."""
        n, f, c = shown
        group, count = f // filters, weight.shape[1]
        mates = _first(f, range(group * filters, (group + 1) * filters))
        images = _first(n, range(len(x)))
        return cls(
            [(x[n, group * count + k], weight[f, k]) for k in _first(c, range(count))],
            [weight[k, c] for k in mates],
            [x[i, group * count + c] for i in images],
            None if upstream is None else ([upstream[n, k] for k in mates], [upstream[i, f] for i in images]),
        )

    @property
    def parts(self) -> int:
        """The number of convolutions that one recording computes."""
        return len(self.channels) + len(self.weights) + len(self.images)


def _first(one: int, every: range) -> list[int]:
    return [one, *(k for k in every if k != one)]


def fields(story: Convolution, arrays: Arrays, phase: str, most: tuple[int, int]) -> tuple[str, str]:
    """The fields as markup, and the script behind them; without a script where the page cannot record the film again."""
    how = story.how
    numbers_held = sum(a.size for pair in arrays.channels for a in pair)
    numbers_held += sum(a.size for kind in (arrays.weights, arrays.images) for a in kind)
    heavy = math.prod(how.out) * story.kernel.size * arrays.parts
    if numbers_held > MOST_NUMBERS or heavy > MOST_PRODUCTS:
        return _markup(story, "These arrays are too large to be computed again here: call animate_conv again."), ""
    here = Path(__file__)
    code = "".join(here.with_name(name).read_text(encoding="utf-8") for name in ("conv.js", "settings.js"))
    script = f"const data = {script_json(_data(story, arrays, phase, most))};\n{numbers()}{code}"
    return _markup(story), script


def _markup(story: Convolution, why: str = "") -> str:
    """A field for each setting; one that differs between axes or sides stays as it is, and says so."""
    how, remarks, parts = story.how, [why] if why else [], []
    for name in NAMES:
        pair = getattr(how, name)
        value, least = uniform(pair[1] if how.signal else pair), 0 if name == "padding" else 1
        alike = isinstance(value, int)
        if not alike:
            remarks.append(f"The {name} {value} differs between axes or sides, and stays as it is.")
        off = "" if alike and not why else " disabled"
        shown = value if alike else ""
        parts.append(
            f'<label>{name.capitalize()} <input id="{name}" type="number" min="{least}" step="1" value="{shown}"'
            f'{off} aria-describedby="changed"></label>'
        )
    return (
        f'<div class="settings" role="group" aria-label="Settings of the convolution">{"".join(parts)}'
        f'<output id="changed" role="status">{escape(" ".join(remarks))}</output></div>'
    )


def _data(story: Convolution, arrays: Arrays, phase: str, most: tuple[int, int]) -> dict[str, Any]:
    """The convolution as the script reads it."""
    how = story.how
    image, filter, channel = story.positions()
    sizes = {"x": image + channel, "w": filter + channel, "o": image + filter, "b": []}
    sizes |= {"dx": sizes["x"], "dw": sizes["w"], "flipped": sizes["w"], "do": sizes["o"], "db": []}
    dtype = np.result_type(story.out)
    upstream = None
    if arrays.upstream is not None:
        upstream = dict(zip(("filters", "images"), ([_flat(g) for g in kind] for kind in arrays.upstream), strict=True))
    return {
        "names": story.names,
        "flip": story.flip,
        "precision": story.precision,
        "phase": phase,
        "signal": how.signal,
        "size": how.size,
        "kernel": how.kernel,
        "setting": {name: getattr(how, name) for name in NAMES},
        "out": how.out,
        "channels": [(_flat(x), _flat(w)) for x, w in arrays.channels],
        "filters": [_flat(w) for w in arrays.weights],
        "images": [_flat(x) for x in arrays.images],
        "upstream": upstream,
        "bias": None if story.bias is None else _flat(story.bias)[0],
        "shown": story.shown,
        "others": story.others(),
        "sizes": sizes,
        "noise": NOISE * float(np.finfo(dtype).eps),
        "most": {"cells": most[0], "axis": most[1], "products": MOST_PRODUCTS // arrays.parts},
    }


def _flat(a: Any) -> list[float | str]:
    """The elements of an array; those that are not finite as JavaScript spells them."""
    spelled = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return [v if math.isfinite(v) else spelled[str(v)] for v in np.asarray(a, float).ravel().tolist()]
