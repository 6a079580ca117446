"""Any image as the input of a network: its size, its channels, and light ink on a dark ground."""

from __future__ import annotations

import warnings
from typing import IO, Any, Literal, TypeAlias

import numpy as np

from minigrad.files import check_regular, decoding
from minigrad.optional import needed

Array: TypeAlias = np.ndarray[Any, Any]
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
KINDS = "an image in PNG, JPEG, GIF, BMP, WebP or TIFF"
MOST_PIXELS = 100_000_000
LONG_SIDE = 2000  # pixels; a larger image is reduced before anything is computed with it
FAINT = 0.15  # of the brightest ink; anything fainter is ground


def read(path: str, shape: tuple[int, int, int], margin: float, invert: Literal["auto", "yes", "no"]) -> Array:
    """Read an image as the input of a network: an array of shape (C, H, W) with values from 0 to 1.

    A network with one channel expects a drawing. Unless the image has its size already, the ink is cropped, scaled to the
    size that it has in the training data, where `margin` of the longer side stays free, and centred. A photograph is scaled
    to fit and padded with its border's colour. With ``invert="auto"`` light and dark are swapped in drawings whose border
    is lighter than the ink.

    A file that is damaged, in none of the `FORMATS`, or of more than `MOST_PIXELS` is a DamagedFileError; without Pillow, an
    ImportError is raised.
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
    check_regular(path, "predict")
    with open(path, "rb") as stream, warnings.catch_warnings(), decoding(f"{path} is damaged, or not {KINDS}"):
        warnings.simplefilter("ignore")  # Pillow's remarks on files that it reads all the same
        return _decoded(stream, channels)


def _decoded(stream: IO[bytes], channels: int) -> Array:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        opened = Image.open(stream, formats=FORMATS)  # by name: others start programs, such as Ghostscript for PostScript
    except UnidentifiedImageError:
        raise ValueError("the content is of no such format") from None
    rows, columns = opened.height, opened.width
    if rows * columns > MOST_PIXELS:
        raise ValueError(f"{columns:,} × {rows:,} pixels are more than {MOST_PIXELS:,}")
    if (factor := max(rows, columns) // LONG_SIDE) > 1:
        opened.draft(None, (columns // factor, rows // factor))  # a large JPEG is decoded at a smaller scale
    image = ImageOps.exif_transpose(opened)
    if (factor := max(image.size) // LONG_SIDE) > 1:
        image = image.reduce(factor) if image.mode not in ("P", "1") else image.convert("RGBA").reduce(factor)
    if image.mode[0] in "IF":  # 16 bits, or floating point
        grey = np.nan_to_num(np.asarray(image, np.float64))
        limit = (65535 if grey.max() > 255 else 255) if image.mode[0] == "I" else (255 if grey.max() > 1 else 1)
        return np.repeat(np.clip(grey / limit, 0, 1)[None], channels, axis=0)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        light_part, alpha = (np.asarray(part, np.float64) for part in (image.convert("L"), image.getchannel("A")))
        light = (light_part * alpha).sum() > 127.5 * alpha.sum() and channels == 1
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black" if light else "white"), image)
    pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.float64) / 255
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
