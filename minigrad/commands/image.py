"""Any image as the input of a network: its size, its channels, and light ink on a dark ground."""

from __future__ import annotations

import warnings
from typing import Any, Literal, TypeAlias

import numpy as np

from minigrad.optional import needed

Array: TypeAlias = np.ndarray[Any, Any]
FAINT = 0.15  # of the brightest ink; anything fainter is ground


def read(path: str, shape: tuple[int, int, int], margin: float, invert: Literal["auto", "yes", "no"]) -> Array:
    """Read an image as the input of a network: an array of shape (C, H, W) with values from 0 to 1.

    A network with one channel expects a drawing. Unless the image has its size already, the ink is cropped, scaled to the
    size that it has in the training data, where `margin` of the longer side stays free, and centred. A photograph is scaled
    to fit and padded with its border's colour. With ``invert="auto"`` light and dark are swapped in drawings whose border
    is lighter than the ink. A file that is not an image is a ValueError, a missing Pillow an ImportError.
    """
    x = _pixels(path, shape[0])
    border = np.median(np.concatenate([x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1]], axis=1), axis=1)
    drawing = shape[0] == 1
    if invert == "yes" or (invert == "auto" and drawing and border[0] > (x.min() + x.max()) / 2):
        x, border = 1 - x, 1 - border
    if x.shape == shape:
        return x
    if drawing:
        x, border = _ink(x, border[0]), np.zeros(1)
    room = (1 - margin if drawing else 1.0) * np.array(shape[1:])
    scale = min(room / x.shape[1:])
    size = np.clip(np.rint(scale * np.array(x.shape[1:])), 1, shape[1:]).astype(int)
    out = np.empty(shape)
    out[:] = border[:, None, None]
    top, left = (np.array(shape[1:]) - size) // 2
    out[:, top : top + size[0], left : left + size[1]] = [_resized(channel, size) for channel in x]
    return out


def _pixels(path: str, channels: int) -> Array:
    """The image as an array of shape (C, H, W), from 0 to 1; transparent parts are white, or black behind light ink."""
    needed("PIL", "train", "reading images needs Pillow")
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                image = ImageOps.exif_transpose(opened)
            if image.mode[0] in "IF":  # 16 bits, or floating point
                grey = np.asarray(image, np.float64)
                limit = (65535 if grey.max() > 255 else 255) if image.mode[0] == "I" else (255 if grey.max() > 1 else 1)
                return np.repeat(np.clip(np.nan_to_num(grey) / limit, 0, 1)[None], channels, axis=0)
            if image.has_transparency_data:
                image = image.convert("RGBA")
                grey, alpha = (np.asarray(part, np.float64) for part in (image.convert("L"), image.getchannel("A")))
                light = (grey * alpha).sum() > 127.5 * alpha.sum() and channels == 1
                image = Image.alpha_composite(Image.new("RGBA", image.size, "black" if light else "white"), image)
            pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.float64) / 255
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning, SyntaxError) as error:
        raise ValueError(f"{path} is not an image, or is too large: {error}") from error
    except OSError as error:
        if error.filename is None and error.errno is None:  # truncated or damaged
            raise ValueError(f"{path} is damaged: {error}") from error
        raise
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _ink(x: Array, ground: float) -> Array:
    """The drawing, cropped; its ground becomes 0, and its brightest ink 1."""
    reach = x.max() - ground
    if reach <= 0:
        return np.zeros_like(x)
    x = np.clip((x - ground) / reach, 0, 1)
    rows, columns = (np.flatnonzero((x[0] > FAINT).any(axis=axis)) for axis in (1, 0))
    return x[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resized(channel: Array, size: Array) -> Array:
    from PIL import Image

    rows, columns = size.tolist()
    return np.asarray(Image.fromarray(channel.astype(np.float32)).resize((columns, rows), Image.Resampling.BILINEAR))
