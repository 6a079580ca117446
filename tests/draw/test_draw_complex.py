"""Pictures and texts of complex numbers: both parts of a scalar, |z| of an array, Re(…) of a real variable."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from drawings import texts

import minigrad as mg
from minigrad import Tensor, draw
from minigrad.draw.heatmap import heatmap
from minigrad.draw.player.stage import shaded
from minigrad.draw.player.steps import steps
from minigrad.draw.text import summary

Z = np.arange(1.0, 41.0).reshape(5, 8) * np.exp(1j * np.arange(8))


def graph() -> tuple[Tensor, Tensor, Tensor]:
    z, x = Tensor(1.5 - 2j, name="z"), Tensor(2.0, name="x")
    f = abs(z * x + 1j) ** 2
    f.backward()
    return f, z, x


def words(drawing: draw.Drawing) -> str:
    return " ".join(texts(drawing))


def test_scalars_show_both_parts():
    f, _, _ = graph()
    shown = words(draw(f))
    for text in ("1.50-2i", "12+12i", "0.71+0.71i", "0+1i", "3-3i", "21"):
        assert text in shown


def test_arrays_show_their_absolute_values():
    a, b = Tensor(Z, name="A"), Tensor([1 + 2j, 3 - 1j], name="b")
    f = (abs(a) ** 2).sum() + abs(b).sum()
    f.backward()
    shown = words(draw(f))
    for text in ("|z| ≤ 40", "|z| 1 … 40", "[1+2i, 3-1i]", "cells of complex numbers: |z|", "complex128"):
        assert text in shown
    assert heatmap(Z, str).rows == heatmap(abs(Z), str).rows
    assert "absolute value" in heatmap(Z, str).words
    large = np.zeros((40, 40), complex)
    large[7, 9] = -3j
    assert heatmap(large, str).rows == heatmap(abs(large), str).rows
    assert summary(np.exp(2j * np.pi * np.arange(8) / 8), 2) == ("|z| 1.00", "mean 0+0i")
    assert summary(np.array([np.nan + 1j, *Z[0]]), 2)[1].endswith("not finite")


def test_an_error_is_drawn():
    with pytest.raises(ValueError, match="matmul") as caught:
        Tensor(Z[0], name="z") @ np.ones(3)
    assert "|z| ≤ 8" in words(draw(caught.value))


def test_a_computation_step_by_step():
    f, _, _ = graph()
    told = "\n".join(step.text for step in steps(f))
    for text in (
        "(1.50-2.00i) × 2.00 = 3.00-4.00i",
        "|3.00-3.00i| = 4.24",
        "(0.7071+0.7071i) × 8.4853 = 6.0000+6.0000i",
        "(2+0i) × (6+6i) = 12+12i",
        "Re((1.50-2.00i) × (6.00+6.00i)) = 21.00",
        "∂f/∂z = 12+12i",
    ):
        assert text in told
    a, z = Tensor([1.0, 2.0], name="a"), Tensor(1.5 - 2j, name="z")
    told = "\n".join(step.text for step in steps(abs(a * z).sum()))
    assert "Re([1.50-2i, 1.50-2i] × [0.60+0.80i, 0.60+0.80i]) = [2.50, 2.50]" in told


def test_a_player_holds_no_real_part_alone():
    page = mg.play((abs(Tensor(Z, name="z")) ** 2).sum())._repr_html_()
    assert "each cell is the absolute value |z|" in page
    shown = shaded("value", np.array([3 + 4j, 1.0]), 2)
    assert (shown["colours"], shown["planes"]) == ("white 0, orange 5", [{"rows": [[8, 2]], "texts": [["5", "1"]]}])
    assert shaded("value", np.array([-3.0, 1.0]), 2)["colours"] == "blue −3, white 0, orange +3"
    assert '"(12+12j)"' in json.dumps([step.data() for step in steps(graph()[0])])


def test_the_chain_rule_is_written_out():
    f, z, x = graph()
    assert "(0.71+0.71i)" in str(mg.explain(f, z))
    assert str(mg.explain(f, z)).endswith("∂f/∂z = 12+12i")
    assert re.search(r"Re\(8\.49 × .*\) [=≈] 21\.0", str(mg.explain(f, x)))
    a = Tensor(Z, name="A")
    assert "(5, 8) of norm" in str(mg.explain((abs(a) ** 2).sum(), a))


def test_a_jacobian():
    picture = mg.draw_jacobian(lambda z: z * (0.5 - 2j), Z[0, :2])
    np.testing.assert_array_equal(picture.matrix, np.eye(2) * (0.5 - 2j))
    assert "0.5-2i" in picture.svg
    assert picture.structure == "a multiple of the identity"
    assert "|z| to 2" in mg.draw_jacobian(lambda z: z * 2j, Z[0].repeat(5)).svg
    with pytest.raises(TypeError, match="draw_jacobian: upstream: a cast to float64 loses the imaginary part"):
        mg.draw_jacobian(lambda x: x * 2.0, np.ones(2), upstream=[1j, 2.0])


def test_animations_refuse():
    for call in (
        lambda: mg.animate_conv(np.ones((4, 4)) * 1j, np.ones((2, 2))),
        lambda: mg.animate_pool(np.ones((4, 4)) * 1j, 2),
    ):
        with pytest.raises(TypeError, match=r"animate_(conv|pool): complex numbers are not accepted"):
            call()
