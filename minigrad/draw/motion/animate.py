"""Convolution and pooling in motion: the window slides over real numbers, and each gradient goes back to what made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minigrad.backward import sweep
from minigrad.draw.limits import MOST_DECIMALS, check_integers
from minigrad.draw.text import in_words
from minigrad.graph import Node, as_array, value_of
from minigrad.modes import recording
from minigrad.ops.networks.conv import Padding, conv1d, conv2d
from minigrad.ops.networks.pool import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from minigrad.ops.networks.window import Sizes
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.draw.motion.animation import Animation
    from minigrad.draw.motion.sliding import Sliding

Phase = Literal["both", "forward", "backward"]

MOST_CELLS = 20_000
LONGEST_AXIS = 200


def animate_conv(
    x: Any, weight: Any, bias: Any = None, stride: Sizes = 1, padding: Padding = 0, dilation: Sizes = 1, groups: int = 1,
    *, flip: bool = False, upstream: Any = None, phase: Phase = "both", image: int = 0, filter: int = 0, channel: int = 0,
    precision: int = 2,
) -> Animation:  # fmt: skip
    """Watch a convolution: the kernel slides over x and fills the output, then each output's gradient goes back.

    Forward, each step shows the products under the kernel and their sum. Backward, the upstream gradient of each output
    lands on the inputs and the weights that made it, and the sums grow into the gradients of x, the weight and the bias.
    Arrays of up to 16 rows and columns are shown number by number, larger ones by shades; of many outputs a step takes whole
    rows.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (W,) or (H, W); or with images and channels, as for `conv1d` and `conv2d`, (N, C, W) or (N, C, H, W). The name
        of a tensor is shown.
    weight : Tensor or array_like
        Shape (KW,) or (KH, KW); or (F, C/groups, KW) or (F, C/groups, KH, KW).
    bias : Tensor or array_like, optional
        A number; or shape (F,).
    stride, padding, dilation, groups, flip
        As in `conv2d`. With ``flip=True`` the kernel is turned before it slides: true convolution.
    upstream : array_like, optional
        The gradient of the output, of its shape; ones if left out.
    phase : {'both', 'forward', 'backward'}
        What is shown.
    image, filter, channel : int
        Which of x's images, of the filters, and of the channels that the filter has is shown. What the others add is said
        in the sums.
    precision : int
        Decimals of the numbers.

    Returns
    -------
    Animation
        Shown by a notebook as it is. ``.save("conv.html")`` writes a page with controls, ``.save("conv.svg")`` a picture
        that loops without a script.

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is too much to be seen.
    IndexError
        If there is no such image, filter or channel.

    Examples
    --------
    >>> x, kernel = np.arange(1.0, 26.0).reshape(5, 5), np.arange(1.0, 10.0).reshape(3, 3)
    >>> motion = animate_conv(x, kernel, 0.5, stride=2, upstream=[[1, 2], [3, 4]])
    >>> motion
    <Convolution of X with W: 11 steps>
    >>> print(motion.steps[2]["text"])
    O[0, 1] = 3×1 + 4×2 + 5×3
    + 8×4 + 9×5 + 10×6
    + 13×7 + 14×8 + 15×9
    + 0.5 = 501.5
    >>> motion.save("conv.svg")

    A box convolved with itself becomes a triangle:

    >>> animate_conv(np.ones(5), np.ones(5), padding=4, flip=True, phase="forward")
    <True convolution of X with W: 11 steps>
    """
    from minigrad.draw.motion.animation import Animation
    from minigrad.draw.motion.film_conv import Convolution
    from minigrad.draw.motion.sliding import Sliding

    who = "animate_conv"
    _check(who, phase, precision)
    names = _name(x, "X"), _name(weight, "W"), _name(bias, "b")
    x, weight = _floats(who, x), _floats(who, weight)
    if x.ndim != weight.ndim or x.ndim not in (1, 2, 3, 4):
        raise ValueError(
            f"{who}: x and weight both have one or two axes, or both images and channels before these; got shapes {x.shape} "
            f"and {weight.shape}"
        )
    bare = x.ndim <= 2
    if bare:
        x, weight = x[None, None], weight[None, None]
    if bias is not None:
        bias = _floats(who, bias)
        bias = bias.reshape(1) if bias.size == 1 else bias
    with recording():
        inputs = Tensor(x), Tensor(weight), None if bias is None else Tensor(bias)
        out = (conv1d if x.ndim == 3 else conv2d)(*inputs, stride, padding, dilation, groups, flip=bool(flip))
    g = _upstream(who, upstream, out, bare)
    n, f = _pick(who, "image", image, len(x)), _pick(who, "filter", filter, len(weight))
    c = _pick(who, "channel", channel, weight.shape[1])
    static = out.static
    how = Sliding.of(
        x.shape[2:], weight.shape[2:], static["stride"], static["padding"], static["dilation"], out.shape[2:]
    )  # fmt: skip
    _limit(who, how, phase)
    gradients = sweep(out, g)
    filters = len(weight) // static["groups"]
    at_x, at_w = (n, f // filters * weight.shape[1] + c), (f, c)
    dx, dw, db = (None if v is None else gradients[v] for v in inputs)  # type: Any, Any, Any
    story = Convolution(
        how, names, bool(flip), precision,
        x=x[at_x].reshape(how.size), kernel=weight[at_w].reshape(how.kernel), bias=None if bias is None else bias[f],
        out=out.value[n, f].reshape(how.out), upstream=g[n, f].reshape(how.out), channels=weight.shape[1], images=len(x),
        filters=filters, dx=dx[at_x].reshape(how.size), dw=dw[at_w].reshape(how.kernel), db=None if db is None else db[f],
    )  # fmt: skip
    with np.errstate(all="ignore"):  # the engine has warned already
        return Animation(story.film(phase))


def animate_pool(
    x: Any, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, dilation: Sizes = 1,
    ceil_mode: bool = False, *, mode: Literal["max", "avg"] = "max", count_include_pad: bool = True, upstream: Any = None,
    phase: Phase = "both", image: int = 0, channel: int = 0, precision: int = 2,
) -> Animation:  # fmt: skip
    """Watch pooling: a window slides over x and keeps its maximum or its mean, then each output's gradient goes back.

    The maximum of a window receives all of the upstream gradient; in average pooling each of n numbers receives 1/n of it.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (W,) or (H, W); or with images and channels (N, C, W) or (N, C, H, W). The name of a tensor is shown.
    kernel_size, stride, padding, dilation, ceil_mode, count_include_pad
        As in `max_pool2d` and `avg_pool2d`; dilation is for maxima alone, count_include_pad for means.
    mode : {'max', 'avg'}
        What is kept of a window.
    upstream : array_like, optional
        The gradient of the output, of its shape; ones if left out.
    phase : {'both', 'forward', 'backward'}
        What is shown.
    image, channel : int
        Which of x's images and channels is shown.
    precision : int
        Decimals of the numbers.

    Returns
    -------
    Animation
        As `animate_conv` gives it.

    Raises
    ------
    ValueError
        If the window does not fit, or there is too much to be seen.
    IndexError
        If there is no such image or channel.

    Examples
    --------
    >>> motion = animate_pool([[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 2.0]], 2)
    >>> motion
    <Max pooling of X: 7 steps>
    >>> print(motion.steps[1]["text"])
    O[0, 0] = max(1, 5, 3, 4) = 5
    """
    from minigrad.draw.motion.animation import Animation
    from minigrad.draw.motion.film_pool import Pooling
    from minigrad.draw.motion.sliding import Sliding

    who = "animate_pool"
    _check(who, phase, precision)
    if mode not in ("max", "avg"):
        raise ValueError(f"{who}: mode is 'max' or 'avg', got {mode!r}")
    name, x = _name(x, "X"), _floats(who, x)
    if x.ndim not in (1, 2, 3, 4):
        raise ValueError(f"{who}: x has one or two axes, or images and channels before these; got shape {x.shape}")
    bare = x.ndim <= 2
    x = x[None, None] if bare else x
    signal, at = x.ndim == 3, None
    with recording():
        leaf = Tensor(x)
        if mode == "max":
            pool = max_pool1d if signal else max_pool2d
            out, at = pool(leaf, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)
        elif dilation != 1:
            raise ValueError(f"{who}: average pooling has no dilation, got {dilation!r}")
        else:
            out = (avg_pool1d if signal else avg_pool2d)(leaf, kernel_size, stride, padding, ceil_mode, count_include_pad)
    g = _upstream(who, upstream, out, bare)
    n, c = _pick(who, "image", image, len(x)), _pick(who, "channel", channel, x.shape[1])
    w = out.static["windows"]
    # Rounded up, the last window may hang over the padding.
    over = [
        max(p, (o - 1) * s + d * (k - 1) + 1 - size - p) for size, k, s, p, d, o in zip(*w, strict=True)
    ]  # fmt: skip
    how = Sliding.of(w.size, w.kernel, w.stride, tuple(zip(w.padding, over, strict=True)), w.dilation, w.out)
    _limit(who, how, phase)
    story = Pooling(
        how, name, precision, x=x[n, c].reshape(how.size), out=out.value[n, c].reshape(how.out),
        upstream=g[n, c].reshape(how.out), dx=sweep(out, g)[leaf][n, c].reshape(how.size),
        winners=None if at is None else at[n, c].reshape(how.out),
        divisor=None if at is not None else np.broadcast_to(out.static["divisor"], w.out).reshape(how.out),
    )  # fmt: skip
    with np.errstate(all="ignore"):  # the engine has warned already
        return Animation(story.film(phase))


def _check(who: str, phase: Any, precision: Any) -> None:
    if phase not in ("both", "forward", "backward"):
        raise ValueError(f"{who}: phase is 'both', 'forward' or 'backward', got {phase!r}")
    check_integers(who, precision=(precision, 0, MOST_DECIMALS))


def _name(x: Any, usual: str) -> str:
    return in_words(x.name) if isinstance(x, Node) and x.name else usual


def _floats(who: str, x: Any) -> Any:
    """A copy of the numbers that is floating, as an array."""
    array = np.array(as_array(value_of(x), who))
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _upstream(who: str, upstream: Any, out: Tensor, bare: bool) -> Any:
    """The gradient of the output, in full."""
    wanted = out.shape[2:] if bare else out.shape
    if upstream is None:
        return np.ones(out.shape, out.dtype)
    g = _floats(who, upstream)
    if g.shape != wanted:
        raise ValueError(f"{who}: upstream has shape {g.shape}, but the output {wanted}")
    return g.astype(out.dtype).reshape(out.shape)


def _pick(who: str, what: str, i: Any, count: int) -> int:
    if not isinstance(i, int | np.integer) or not -count <= i < count:
        raise IndexError(f"{who}: {what} {i!r} is out of range, there {'is' if count == 1 else 'are'} {count}")
    return int(i) % count


def _limit(who: str, how: Sliding, phase: Phase) -> None:
    """Refuse what would be too much for an eye, and for a page."""
    cells = (np.prod(how.padded) + np.prod(how.kernel) + np.prod(how.out)) * (1 if phase == "forward" else 2)
    if cells > MOST_CELLS or max(*how.padded, *how.kernel) > LONGEST_AXIS:
        size = how.padded[1:] if how.signal else how.padded
        raise ValueError(
            f"{who}: x with its padding, of shape {size}, is too much to be seen: {cells} cells in all, at most "
            f"{MOST_CELLS}, and {LONGEST_AXIS} along an axis; take a part, such as x[..., :64], or phase='forward'"
        )
