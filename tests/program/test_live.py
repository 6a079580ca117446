"""The live circuit: a real browser evaluates the program to the engine's numbers, text by text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import sweep
from minigrad.cli import main
from minigrad.draw.player.places import Places
from minigrad.program import live
from minigrad.text import number


def neuron(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    return 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))


def routes(x: Any, y: Any, z: Any, w: Any) -> Any:
    return 2 * (x * y + np.maximum(z, w)) - np.minimum(x, mg.relu(w)) + np.abs(z)


def mixed(x: Any, y: Any) -> Any:
    kinked = mg.where(x > y, np.log(x * x) / y, np.sqrt(np.abs(y)))
    return mg.sigmoid(kinked) * np.tanh(x) + mg.softplus(y) ** 2 - np.sin(x) / (1 + y**2) + np.hypot(x, y)


CIRCUITS = {
    neuron: {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0},
    routes: {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0},
    mixed: {"x": 0.5, "y": -1.5},
}
SPECIAL = (0.0, -0.0, 1.0, 0.125, -2.5, 1e-5, 750.0, -750.0, 1e7, math.inf, -math.inf, math.nan)


def engine(f: Any, names: list[str], point: Any) -> dict[str, dict[str, float]]:
    """Values and gradients by the ids of the drawing."""
    root = f(**{name: Tensor(float(x), name=name) for name, x in zip(names, point, strict=True)})
    ids = Places.of(root, 1000).ids
    values = {id: float(x.value) for x, id in ids.items()}
    return {"v": values, "g": {ids[x]: float(g) for x, g in sweep(root, np.float64(1.0)).items()}}


@pytest.mark.parametrize("f", CIRCUITS)
def test_the_page_has_the_numbers_of_the_engine(f: Any, open_page: Any):
    start = CIRCUITS[f]
    names, rng = list(start), np.random.default_rng(0)
    browser = open_page(live(f, **start))
    settings = [list(start.values()), *rng.normal(scale=3.0, size=(140, len(names))).tolist()]
    settings += [rng.choice(SPECIAL, len(names)).tolist() for _ in range(60)]
    script = """
        const far = x => x === null ? NaN : x === 'inf' ? Infinity : x === '-inf' ? -Infinity : x;
        const tell = o => Object.fromEntries(Object.entries(o).map(([k, x]) => [k, Number.isFinite(x) ? x : String(x)]));
        return arguments[0].map(point => { set(point.map(far));
            return {v: tell(now.v), g: tell(now.g), text: Object.fromEntries(Object.keys(now.v).map(id => [id, number(now.v[id])]))}; });
    """
    sent = [[None if x != x else x if math.isfinite(x) else "inf" if x > 0 else "-inf" for x in point] for point in settings]
    with np.errstate(all="ignore"):
        for point, found in zip(settings, browser.execute_script(script, sent), strict=True):
            expected = engine(f, names, point)
            for kind in ("v", "g"):
                ids = list(expected[kind])
                here = [float(found[kind][id]) for id in ids]
                exact = [expected[kind][id] for id in ids]
                np.testing.assert_allclose(here, exact, rtol=1e-12, atol=1e-300, equal_nan=True, err_msg=str(point))
            assert found["text"] == {id: number(float(v), 2) for id, v in found["v"].items()}


def test_fields_sliders_and_descent(open_page: Any):
    browser = open_page(live(lambda x, y: x * y + x, x=3.0, y=-4.0))
    field = browser.find_element("id", "field-0")
    field.clear()
    field.send_keys("2")
    assert browser.find_element("id", "status").text.endswith("= -6")
    assert browser.execute_script("return document.getElementById('gradient-1').value") == "2"
    assert "2 × 1 = 2" in browser.find_element("id", "steps").text
    browser.find_element("id", "descend").click()
    np.testing.assert_allclose(browser.execute_script("return [now.v['n0'], now.v['n1']]"), [2.3, -4.2])
    browser.find_element("id", "reset").click()
    assert browser.find_element("id", "status").text.endswith("= -9")
    browser.execute_script("const s = document.getElementById('slider-1'); s.value = 1; s.dispatchEvent(new Event('input'))")
    assert browser.find_element("id", "status").text.endswith("= 6")


def test_what_is_not_a_live_circuit():
    with pytest.raises(TypeError, match="give the leaves by name"):
        live(lambda: 1.0)
    with pytest.raises(TypeError, match="x is one number"):
        live(lambda x: x, x=[1.0])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must return one number"):
        live(lambda x: 3.0, x=1.0)
    with pytest.raises(ValueError, match="has no form for"):
        live(lambda x: mg.special.gamma(x), x=1.0)
    w = Tensor(2.0)
    with pytest.raises(ValueError, match="a tensor that is not one of its leaves"):
        live(lambda x: x * w, x=1.0)
    with pytest.raises(mg.program.Untraceable, match="where"):
        live(lambda x: x * 2 if x > 0 else -x, x=1.0)


def test_nothing_in_a_name_runs():
    page = live(lambda **leaves: leaves["</script><b>"] * 2.0, **{"</script><b>": 1.0})
    assert page.html.count("</script>") == 1


def test_the_command_writes_it(tmp_path: Any, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "page.html"
    assert main(["x * y + relu(x)", "x=3", "y=-4", "--live", str(file)]) == 0
    assert "field-1" in file.read_text()
    assert main(["sum(x)", "x=[1, 2]", "--live", str(file)]) == 2
    assert "x is an array" in capsys.readouterr().err


def test_a_recorded_result_is_live(open_page: Any):
    x, y = Tensor(3.0), Tensor(-4.0, name="why")
    f = x * y + np.maximum(x, 0.0) if float(x.data) > 0 else -x
    browser = open_page(live(f))
    assert [label.text for label in browser.find_elements("css selector", "#leaves label")] == ["x", "why"]
    assert "branches of Python stay as they were taken" in browser.find_element("tag name", "body").text
    assert browser.find_element("id", "status").text.endswith("= -9")
    browser.execute_script("set([-2, 5])")
    assert browser.find_element("id", "status").text.endswith("= -10")
    assert browser.execute_script("return document.getElementById('gradient-0').value") == "5"


def test_a_recorded_result_that_cannot_follow_is_refused():
    x = Tensor(3.0)
    with pytest.raises(ValueError, match=r"a condition was recorded in where as a constant and would not follow; give live"):
        live(np.where(x.data > 0, x * x, -x))
    with pytest.raises(TypeError, match="leaf, and a live circuit is one of single numbers"):
        live(np.sum(Tensor([1.0, 2.0])))
    with pytest.raises(TypeError, match="leave out the values"):
        live(x * 2.0, x=1.0)
    freed = x * x
    freed.backward(retain_graph=False)
    with pytest.raises(RuntimeError, match=r"live: .* was freed"):
        live(freed)


def test_leaves_of_a_recorded_result_have_names_of_their_own():
    a, b, unnamed = Tensor(1.0, name="w"), Tensor(2.0, name="w"), [Tensor(3.0)]
    page = live(a * b + unnamed.pop()).html
    assert [f"d{name} =" in page for name in ("w", "w&#x27;", "leaf 3")] == [True] * 3
