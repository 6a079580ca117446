"""Any image as the input of a network: its size, its channels, and light ink on a dark ground."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def read(path: str, shape: tuple[int, int, int], margin: float, invert: str) -> Array:
    """Read an image for a network.

    A network of one channel was trained on drawings. Unless the image has their size already, what is drawn is cut out,
    brought to the size it has there, and put in the middle. Photographs are scaled to fit, and the rest filled with the
    colour of their border.

    Parameters
    ----------
    path : str
        The file.
    shape : (int, int, int)
        Channels, rows and columns.
    margin : float
        Which part of the longer side a drawing leaves free.
    invert : {"auto", "yes", "no"}
        Whether light and dark are exchanged; by itself in drawings whose border is lighter than the ink.

    Returns
    -------
    numpy.ndarray of shape (C, H, W)
        Values from 0 to 1.

    Raises
    ------
    ImportError
        If Pillow is missing.
    ValueError
        If the file is no image.
    OSError
        If it cannot be read.
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
    """The image as numbers from 0 to 1, of shape (C, H, W); what shines through is white, or black behind light ink."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise ImportError('images are read by Pillow: pip install "minigrad[train]"') from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                image = ImageOps.exif_transpose(opened)
            if image.mode[0] in "IF":  # 16 bits, or floating numbers
                grey = np.asarray(image, np.float64)
                limit = (65535 if grey.max() > 255 else 255) if image.mode[0] == "I" else (255 if grey.max() > 1 else 1)
                return np.repeat(np.clip(np.nan_to_num(grey) / limit, 0, 1)[None], channels, axis=0)
            if image.has_transparency_data:
                image = image.convert("RGBA")
                grey, alpha = (np.asarray(part, np.float64) for part in (image.convert("L"), image.getchannel("A")))
                light = (grey * alpha).sum() > 127.5 * alpha.sum() and channels == 1
                image = Image.alpha_composite(Image.new("RGBA", image.size, "black" if light else "white"), image)
            pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.float64) / 255
    except (
        Image.UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        SyntaxError,
    ) as error:
        raise ValueError(f"{path} is no image, or one that is too large: {error}") from error
    except OSError as error:
        if error.filename is None and error.errno is None:  # cut off, or damaged
            raise ValueError(f"{path} is damaged: {error}") from error
        raise
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def _ink(x: Array, ground: float) -> Array:
    """What is drawn, cut out; the ground becomes 0, and the brightest ink 1."""
    reach = x.max() - ground
    if reach <= 0:
        return np.zeros_like(x)
    x = np.clip((x - ground) / reach, 0, 1)
    rows, columns = (np.flatnonzero((x[0] > 0.5).any(axis=axis)) for axis in (1, 0))
    return x[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resized(channel: Array, size: Array) -> Array:
    from PIL import Image

    rows, columns = size.tolist()
    return np.asarray(Image.fromarray(channel.astype(np.float32)).resize((columns, rows), Image.Resampling.BILINEAR))
