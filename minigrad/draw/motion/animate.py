"""Animations of convolution and pooling: a window slides over x, then each upstream gradient flows back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minigrad.backward import sweep
from minigrad.draw.limits import MOST_DECIMALS, check_integers
from minigrad.draw.text import in_words
from minigrad.graph import Node, as_array, value_of
from minigrad.modes import recording
from minigrad.ops.dtypes import refuse_complex
from minigrad.ops.geometry import Sizes
from minigrad.ops.networks.conv import Padding, conv1d, conv2d
from minigrad.ops.networks.pool import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.draw.motion.animation import Animation
    from minigrad.draw.motion.sliding import Sliding

Phase = Literal["both", "forward", "backward"]

MOST_CELLS = 20_000
LONGEST_AXIS = 200


def animate_conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    *,
    flip: bool = False,
    upstream: Any = None,
    phase: Phase = "both",
    image: int = 0,
    filter: int = 0,
    channel: int = 0,
    precision: int = 2,
) -> Animation:
    """Animate a convolution: the kernel slides over x and fills the output, then each upstream gradient flows back.

    Forward, each step shows the products under the kernel and their sum. Backward, the upstream gradient of each output
    flows to the inputs and weights behind it, and the gradients of x, the weight and the bias accumulate. Arrays of up to
    16 rows and columns show their numbers, larger ones only shades; with many outputs, each step takes whole rows. In the
    page, fields change the stride, the padding and the dilation: output and gradients follow at once.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (W,) or (H, W); or (N, C, W) or (N, C, H, W), as for `conv1d` and `conv2d`. The name of a tensor is shown.
    weight : Tensor or array_like
        Shape (KW,) or (KH, KW); or (F, C/groups, KW) or (F, C/groups, KH, KW).
    bias : Tensor or array_like, optional
        A scalar, or shape (F,).
    stride, padding, dilation, groups, flip
        As in `conv2d`. With ``flip=True`` the kernel is rotated by 180° first: true convolution.
    upstream : array_like, optional
        The gradient of the output, in its shape; ones by default.
    phase : {'both', 'forward', 'backward'}
        What is shown.
    image, filter, channel : int
        The image of x, the filter, and the filter's channel that are shown; the sums state what the others add.
    precision : int
        Decimals of the numbers.

    Returns
    -------
    Animation
        Shown by a notebook. ``.save("conv.html")`` writes a page with controls, ``.save("conv.svg")`` a picture that loops
        without a script.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the arrays are too large to be shown.
    IndexError
        If `image`, `filter` or `channel` is out of range.

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
    from minigrad.draw.motion.settings import Arrays, fields
    from minigrad.draw.motion.sliding import Sliding

    who = "animate_conv"
    _check(who, phase, precision)
    names = _name(x, "X"), _name(weight, "W"), _name(bias, "b")
    x, weight = _floats(who, x), _floats(who, weight)
    if x.ndim != weight.ndim or x.ndim not in (1, 2, 3, 4):
        raise ValueError(
            f"{who}: x and weight have shapes (W,) or (H, W), or both (N, C, W) or (N, C, H, W); got {x.shape} and "
            f"{weight.shape}"
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
    geometry = out.static["geometry"]
    how = Sliding.of(geometry)
    _limit(who, how, phase)
    gradients = sweep(out, g)
    filters = len(weight) // geometry.groups
    at_x, at_w = (n, f // filters * weight.shape[1] + c), (f, c)
    dx, dw, db = (None if v is None else gradients[v] for v in inputs)  # type: Any, Any, Any
    story = Convolution(
        how,
        names,
        bool(flip),
        precision,
        x=x[at_x].reshape(how.size),
        kernel=weight[at_w].reshape(how.kernel),
        bias=None if bias is None else bias[f],
        out=out.value[n, f].reshape(how.out),
        upstream=g[n, f].reshape(how.out),
        channels=weight.shape[1],
        images=len(x),
        filters=filters,
        shown=(n, f, c),
        dx=dx[at_x].reshape(how.size),
        dw=dw[at_w].reshape(how.kernel),
        db=None if db is None else db[f],
    )
    given = None if upstream is None else g.reshape(*g.shape[:2], *how.out)
    images, kernels = x.reshape(*x.shape[:2], *how.size), weight.reshape(*weight.shape[:2], *how.kernel)
    arrays = Arrays.of(story.shown, filters, images, kernels, given)
    with np.errstate(all="ignore"):  # the forward has warned already
        return Animation(story.film(phase), fields(story, arrays, phase, (MOST_CELLS, LONGEST_AXIS)))


def animate_pool(
    x: Any,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    *,
    mode: Literal["max", "avg"] = "max",
    count_include_pad: bool = True,
    upstream: Any = None,
    phase: Phase = "both",
    image: int = 0,
    channel: int = 0,
    precision: int = 2,
) -> Animation:
    """Animate pooling: a window slides over x and yields its maximum or mean, then each upstream gradient flows back.

    The maximum of a window receives all of its upstream gradient; in average pooling each of n elements receives 1/n of it.

    Parameters
    ----------
    x : Tensor or array_like
        Shape (W,) or (H, W); or (N, C, W) or (N, C, H, W). The name of a tensor is shown.
    kernel_size, stride, padding, dilation, ceil_mode, count_include_pad
        As in `max_pool2d` and `avg_pool2d`; `dilation` is for max pooling only, `count_include_pad` for average pooling.
    mode : {'max', 'avg'}
        Maximum or mean of each window.
    upstream : array_like, optional
        The gradient of the output, of its shape; ones if left out.
    phase : {'both', 'forward', 'backward'}
        What is shown.
    image, channel : int
        The image and channel of x that are shown.
    precision : int
        Decimals of the numbers.

    Returns
    -------
    Animation
        As of `animate_conv`.

    Raises
    ------
    ValueError
        If the window does not fit, or the arrays are too large to be shown.
    IndexError
        If `image` or `channel` is out of range.

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
        raise ValueError(f"{who}: x has shape (W,), (H, W), (N, C, W) or (N, C, H, W), got {x.shape}")
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
    how = Sliding.of(out.static["geometry"])
    _limit(who, how, phase)
    story = Pooling(
        how,
        name,
        precision,
        x=x[n, c].reshape(how.size),
        out=out.value[n, c].reshape(how.out),
        upstream=g[n, c].reshape(how.out),
        dx=sweep(out, g)[leaf][n, c].reshape(how.size),
        winners=None if at is None else at[n, c].reshape(how.out),
        divisor=None if at is not None else np.broadcast_to(out.static["divisor"], out.shape[2:]).reshape(how.out),
    )
    with np.errstate(all="ignore"):  # the engine has warned already
        return Animation(story.film(phase))


def _check(who: str, phase: Any, precision: Any) -> None:
    if phase not in ("both", "forward", "backward"):
        raise ValueError(f"{who}: phase is 'both', 'forward' or 'backward', got {phase!r}")
    check_integers(who, precision=(precision, 0, MOST_DECIMALS))


def _name(x: Any, usual: str) -> str:
    return in_words(x.name) if isinstance(x, Node) and x.name else usual


def _floats(who: str, x: Any) -> Any:
    """A floating-point copy of x."""
    array = np.array(as_array(value_of(x), who))
    refuse_complex(who, array)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _upstream(who: str, upstream: Any, out: Tensor, bare: bool) -> Any:
    """The upstream gradient in the shape of the output."""
    wanted = out.shape[2:] if bare else out.shape
    if upstream is None:
        return np.ones(out.shape, out.dtype)
    g = _floats(who, upstream)
    if g.shape != wanted:
        raise ValueError(f"{who}: upstream has shape {g.shape}, but the output has {wanted}")
    return g.astype(out.dtype).reshape(out.shape)


def _pick(who: str, what: str, i: Any, count: int) -> int:
    if not isinstance(i, int | np.integer) or not -count <= i < count:
        raise IndexError(f"{who}: {what} {i!r} is out of range, there {'is' if count == 1 else 'are'} {count}")
    return int(i) % count


def _limit(who: str, how: Sliding, phase: Phase) -> None:
    """Refuse arrays that are too large to be read, or for a page."""
    cells = (np.prod(how.padded) + np.prod(how.kernel) + np.prod(how.out)) * (1 if phase == "forward" else 2)
    if cells > MOST_CELLS or max(*how.padded, *how.kernel) > LONGEST_AXIS:
        size = how.padded[1:] if how.signal else how.padded
        raise ValueError(
            f"{who}: x with its padding, of shape {size}, is too large to be shown: {cells} cells in all, at most "
            f"{MOST_CELLS}, and at most {LONGEST_AXIS} along an axis; take a part, such as x[..., :64], or phase='forward'"
        )
