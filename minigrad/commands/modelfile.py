"""A trained network as one file: its weights, and what is needed to rebuild it and to give it images."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigrad.files import DamagedFileError, decoding
from minigrad.nn.init import Rationed
from minigrad.nn.models import build
from minigrad.nn.module import Module
from minigrad.storage import load, save

LARGEST = 1024  # rows and columns of an image


class Trained(NamedTuple):
    """The description of a network, its inputs and its outputs."""

    name: str  # in `minigrad.nn.models`
    shape: tuple[int, int, int]  # channels, rows and columns of an image
    classes: list[str]  # the meaning of each output
    mean: list[float]  # of each channel, with values from 0 to 1
    std: list[float]
    margin: float  # the part of an image's longer side that a drawing leaves free


def write(model: Module, about: Trained, path: str | PathLike[str]) -> Path:
    """Save a network; the file is written whole or not at all."""
    return save(model, path, {"network": json.dumps(about._asdict())})


def read(path: str | PathLike[str]) -> tuple[Module, Trained]:
    """Rebuild a network from its file, in evaluation mode; a DamagedFileError if it is not one of ``minigrad train``."""
    saved = load(path)
    if "network" not in saved.metadata:
        hint = "; it is a checkpoint: give the file of --save" if "run" in saved.metadata else ""
        raise DamagedFileError(f"{path} does not hold a network saved by minigrad train{hint}")
    with decoding(f"{path} holds a damaged network"):
        about = _checked(json.loads(saved.metadata["network"]))
        numbers = sum(array.size for array in saved.values())
        model = build(about.name, about.shape, len(about.classes), Rationed(np.random.PCG64(0), 2 * numbers))
        model.load_state_dict(saved)
        if bad := [name for name, array in saved.items() if not np.isfinite(array).all()]:
            raise ValueError(f"{', '.join(bad)} {'have' if bad[1:] else 'has'} elements that are nan or infinite")
    return model.eval(), about


def _checked(fields: dict[str, Any]) -> Trained:
    """The description of a network, validated."""
    about = Trained(**{**fields, "shape": tuple(fields["shape"])})
    numbers = [*about.mean, *about.std, about.margin]
    texts = [about.name, *about.classes]
    if not all(type(n) is int for n in about.shape) or not all(type(n) in (int, float) for n in numbers):
        raise ValueError("its description has something else for a number")
    if not isinstance(about.classes, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("its description has something else for a name")
    if len(about.shape) != 3 or len(set(about.classes)) < max(1, len(about.classes)):
        raise ValueError("an image has three lengths, (C, H, W), and each class a name of its own")
    if not len(about.mean) == len(about.std) == about.shape[0] or not min(about.std) > 0 or not 0 <= about.margin < 1:
        raise ValueError("its description contradicts itself")
    if not np.isfinite(numbers).all() or not 1 <= min(about.shape) <= max(about.shape) <= LARGEST:
        raise ValueError(f"images of shape {about.shape}, or their statistics, are out of range")
    return about
