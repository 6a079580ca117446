"""A trained network as one file: its weights, and what is needed to rebuild it and to give it images."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from minigrad.nn.models import build
from minigrad.nn.module import Module
from minigrad.storage import load, save


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
    """Rebuild a network from its file, in evaluation mode; a ValueError if it is damaged, or not from ``minigrad train``."""
    saved = load(path)
    if "network" not in saved.metadata:
        hint = "; it is a checkpoint: give the file of --save" if "run" in saved.metadata else ""
        raise ValueError(f"{path} does not hold a network saved by minigrad train{hint}")
    try:
        about = _checked(json.loads(saved.metadata["network"]))
        model = build(about.name, about.shape, len(about.classes))
        model.load_state_dict(saved)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds a damaged network: {error}") from error
    return model.eval(), about


def _checked(fields: dict[str, Any]) -> Trained:
    """The description of a network, validated."""
    about = Trained(**{**fields, "shape": tuple(int(n) for n in fields["shape"])})
    numbers = [*about.mean, *about.std, about.margin]
    if not all(isinstance(n, int | float) for n in numbers) or not all(isinstance(text, str) for text in about.classes):
        raise ValueError("its description has values of wrong types")
    if not len(about.mean) == len(about.std) == about.shape[0] or not min(about.std) > 0 or not 0 <= about.margin < 1:
        raise ValueError("its description contradicts itself")
    if max(about.shape) > 1024:
        raise ValueError(f"images of shape {about.shape} are too large")
    return about
