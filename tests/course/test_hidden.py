"""No exercise notebook tells, anywhere in it, a number that it asks for."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from minigrad.course import load

nbformat = pytest.importorskip("nbformat")

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks" / "exercises").glob("*.ipynb"))
NUMBER = re.compile(r"[-−]?\d+(?:(?:\\,|,| )\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")


def three_digits(x) -> str:
    return f"{float(x):.3g}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_number_that_is_asked_for_stands_in_the_notebook(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, 4).cells)
    said = {three_digits(re.sub(r"\\,|,| ", "", number.replace("−", "-"))) for number in NUMBER.findall(text)}
    for one in load(int(path.stem[:2])):
        for name, answer in one.right.items():
            if callable(answer):
                continue
            asked = {three_digits(x) for x in np.ravel(answer)}
            told = {x for x in asked & said if len(x.strip("-0.").replace(".", "")) > 2}  # shorter ones stand for much else
            assert not told, f"{one.name}: {name} is {told}"


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 16
