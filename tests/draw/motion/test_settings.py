"""The fields of a convolution's page: what the browser records again is what the engine computes."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from test_animate_page import LIT, read

import minigrad as mg
from minigrad import Tensor

RNG = np.random.default_rng(5)


def whole(*shape: int):
    return RNG.integers(-4, 5, shape).astype(float)


def change(window, **setting: int) -> None:
    """Type the settings into their fields."""
    for name, n in setting.items():
        window.execute_script(
            "const f = document.getElementById(arguments[0]); f.value = arguments[1]; "
            "f.dispatchEvent(new Event('input', { bubbles: true })); f.dispatchEvent(new Event('change', { bubbles: true }));",
            name,
            str(n),
        )


def shown(window, key: str) -> list[float]:
    """The numbers of a panel, the padding left out."""
    cells = window.execute_script(
        f"return [...document.querySelectorAll('#{key} .cell:not(.pad)')].map(c => c.querySelector('text').textContent)"
    )
    return [float(text) for text in cells]


def plain(steps) -> list:
    return json.loads(json.dumps(list(steps)))


CASES = {
    "image": ((whole(5, 5), whole(3, 3), 0.5), {}),
    "no bias": ((whole(6, 4), whole(2, 3)), {}),
    "true convolution": ((whole(5, 5), whole(3, 2), -2.0), {"flip": True}),
    "signal": ((whole(7), whole(3), 1.0), {}),
    "true convolution of a signal": ((whole(6), whole(2)), {"flip": True}),
    "channels, filters and images": ((whole(2, 4, 5, 5), whole(4, 2, 3, 3), whole(4)), {
        "groups": 2, "image": 1, "filter": 2, "channel": 1
    }),
    "forward": ((whole(5, 5), whole(3, 3)), {"phase": "forward"}),
    "backward": ((whole(5, 5), whole(3, 3)), {"phase": "backward", "flip": True}),
    "shades": ((whole(20, 20), whole(3, 3)), {}),
    "long signal": ((whole(40), whole(5)), {}),
}  # fmt: skip
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
SETTINGS = [{"stride": 2}, {"padding": 1}, {"padding": 2, "dilation": 2, "stride": 2}, {"padding": 1, "stride": 3}]


@pytest.mark.parametrize("case", CASES)
def test_a_film_recorded_in_the_browser_is_the_engines(open_page, case):
    """Every text, number, shade, mark, note and box of every step, the grids and their captions."""
    arguments, options = CASES[case]
    figures = "return [...document.querySelectorAll('figure')].map(f => f.outerHTML)"
    for setting in SETTINGS:
        window = open_page(mg.animate_conv(*arguments, **options))
        window.execute_script("go(1)")
        change(window, **setting)
        steps, drawn = window.execute_script("return steps"), window.execute_script(figures)
        wanted = mg.animate_conv(*arguments, **options, **setting)
        assert [{k: v for k, v in step.items() if v or k == "text"} for step in steps] == plain(wanted.steps)
        assert window.execute_script("return [...document.querySelectorAll('details li')].map(i => i.textContent)") == [
            step["text"] for step in wanted.steps
        ]
        window = open_page(wanted)
        for one, other in zip(drawn, window.execute_script(figures), strict=True):
            assert NUMBER.split(one) == NUMBER.split(other)
            np.testing.assert_allclose(*([float(n) for n in NUMBER.findall(f)] for f in (one, other)), atol=0.06)


def test_recorded_again_output_and_gradients_are_those_of_conv2d(open_page):
    x, w, b, g = whole(6, 6), whole(3, 3), 0.25, whole(4, 4)
    window = open_page(mg.animate_conv(x, w, b, upstream=g))
    for padding, dilation, stride in ((0, 1, 2), (1, 1, 1), (2, 2, 1), (3, 2, 3), (0, 1, 1)):
        change(window, padding=padding, dilation=dilation, stride=stride)
        window.execute_script("go(steps.length - 1)")
        leaves = Tensor(x[None, None]), Tensor(w[None, None]), Tensor([b])
        out = mg.conv2d(*leaves, stride, padding, dilation)
        given = out.shape[2:] == g.shape  # the gradient that was given is used where it fits
        out.backward(g[None, None] if given else np.ones(out.shape))
        assert shown(window, "o") == out.data.ravel().tolist()
        for key, leaf in zip(("dx", "dw", "db"), leaves, strict=True):
            assert shown(window, key) == leaf.grad.ravel().tolist()
        assert ("here it is 1" in said(window)) == (not given)


def said(window) -> str:
    return window.find_element("id", "changed").text


def test_pointing_lights_the_inputs_of_a_film_recorded_again(open_page):
    window = open_page(mg.animate_conv(np.arange(16.0).reshape(4, 4), np.ones((2, 2))))
    change(window, stride=2)
    point = "panels[arguments[0]][arguments[1]].element.dispatchEvent(new PointerEvent('pointerenter'))"
    window.execute_script(point, "o", 1)
    assert window.execute_script(LIT) | {"do": None} == {"x": [2, 3, 6, 7], "dx": [2, 3, 6, 7], "w": [0, 1, 2, 3], "o": [1],
                                                         "do": None, "dw": []}  # fmt: skip
    window.execute_script(point, "x", 8)
    assert window.execute_script(LIT)["o"] == [2]
    window.execute_script("panels.o[3].element.focus()")
    assert window.execute_script(LIT)["x"] == [10, 11, 14, 15]


def test_keys_change_a_field_and_not_the_step(open_page):
    from selenium.webdriver.common.keys import Keys

    window = open_page(mg.animate_conv(whole(5, 5), whole(3, 3)))
    field = window.find_element("id", "stride")
    field.send_keys(Keys.ARROW_UP)
    assert field.get_attribute("value") == "2"
    assert len(read(window, "o")) == 4
    assert window.find_element("id", "count").text.startswith("1 of")
    field.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert field.get_attribute("value") == "1"
    assert len(read(window, "o")) == 9


def test_what_does_not_fit_is_refused_with_a_sentence_and_the_picture_stays(open_page):
    window = open_page(mg.animate_conv(whole(5, 5), whole(3, 3)))
    before = read(window, "x")
    change(window, dilation=3)
    assert said(window) == "W spans 7 × 7, more than X with its padding, 5 × 5: choose more padding or less dilation."
    assert read(window, "x") == before
    assert window.find_element("id", "dilation").get_attribute("value") == "1"
    change(window, padding=150)
    assert "too large" in said(window)
    change(window, stride=0)
    assert said(window) == "stride is an integer from 1 to 200."
    assert window.find_element("id", "stride").get_attribute("aria-invalid") == "false"


def test_a_field_that_is_left_shows_the_setting_and_no_refusal(open_page):
    from selenium.webdriver.common.keys import Keys

    window = open_page(mg.animate_conv(whole(5, 5), whole(3, 3)))
    stride, dilation = (window.find_element("id", name) for name in ("stride", "dilation"))
    dilation.send_keys(Keys.ARROW_UP, Keys.ARROW_UP)  # 2 reaches over 5 × 5, 3 does not fit
    assert "choose more padding or less dilation" in said(window)
    assert (dilation.get_attribute("value"), dilation.get_attribute("aria-invalid")) == ("2", "false")
    dilation.send_keys(Keys.TAB)
    assert said(window) == ""
    stride.send_keys(Keys.CONTROL + "a", Keys.NULL, "0")
    assert said(window) == "stride is an integer from 1 to 200."
    stride.send_keys(Keys.TAB)
    assert (said(window), stride.get_attribute("value")) == ("", "1")
    stride.send_keys(Keys.CONTROL + "a", Keys.NULL, "1e1")
    assert stride.get_attribute("value") == "1e1"
    stride.send_keys(Keys.TAB)
    assert (said(window), stride.get_attribute("value")) == ("O is 1 × 1.", "10")


@pytest.mark.parametrize(
    ("x", "kernel", "dilation", "spans"),
    [
        (np.arange(5.0), np.ones(3), 3, "7, more than X with its padding, 5"),
        (whole(3, 9), whole(3, 3), 2, "5 × 5, more than X with its padding, 3 × 9"),
        (whole(9, 3), whole(3, 3), 2, "5 × 5, more than X with its padding, 9 × 3"),
    ],
)
def test_a_kernel_that_overruns_one_axis_is_refused(open_page, x, kernel, dilation, spans):
    window = open_page(mg.animate_conv(x, kernel))
    before = window.execute_script("return steps")
    change(window, dilation=dilation)
    assert said(window) == f"W spans {spans}: choose more padding or less dilation."
    assert window.execute_script("return steps") == before
    change(window, padding=1)
    assert said(window) == f"O is {' × '.join(str(n) for n in x.shape)}."


def test_the_first_setting_again_is_the_first_film(open_page):
    motion = mg.animate_conv(RNG.normal(size=(5, 5)), RNG.normal(size=(3, 3)), stride=2)
    window = open_page(motion)
    change(window, stride=1)
    change(window, stride=2)
    assert window.execute_script("return steps") == plain(motion.steps)


def test_what_cannot_be_recorded_again_is_disabled_with_a_sentence(open_page):
    enabled = "return ['stride', 'padding', 'dilation'].map(id => !document.getElementById(id).disabled)"
    window = open_page(mg.animate_conv(whole(5, 5), whole(3, 3), stride=(1, 2)))
    assert window.execute_script(enabled) == [False, True, True]
    assert said(window) == "The stride (1, 2) differs between axes or sides, and stays as it is."
    change(window, padding=1)
    wanted = mg.animate_conv(whole(5, 5), whole(3, 3), stride=(1, 2), padding=1)
    assert len(read(window, "o")) == len(wanted.steps) // 2 - 1 == 15
    window = open_page(mg.animate_conv(whole(40, 30, 40, 40), whole(1, 30, 3, 3)))
    assert window.execute_script(enabled) == [False, False, False]
    assert "call animate_conv again" in said(window)


BOTTOMS = "return [...document.querySelectorAll('figure svg')].map(f => f.getBoundingClientRect().bottom)"


@pytest.mark.parametrize(("width", "height"), [(375, 812), (1280, 900)])
def test_all_grids_are_visible_beside_the_fields(open_page, width, height):
    window = open_page(mg.animate_conv(whole(6, 6), whole(3, 3), 1.0, padding=1), width=width, height=height)
    change(window, padding=2)
    for step in (20, 66):  # forward and backward, at a corner
        window.execute_script(f"go({step}); scrollTo(0, 0)")
        bottoms = window.execute_script(BOTTOMS)
        assert (
            max(bottoms) <= window.execute_script("return document.getElementById('status').getBoundingClientRect().top") + 1
        )
    assert window.execute_script("return document.documentElement.scrollWidth <= innerWidth")
