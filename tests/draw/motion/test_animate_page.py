"""Convolution and pooling in motion, as a page in a browser and as a picture that loops by itself."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from test_animate import UPSTREAM, W, X, example, texts

import minigrad as mg
from minigrad import Tensor


def test_the_page_asks_for_nothing_from_outside(tmp_path):
    html = example().html
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href)=|url\(|@import|https?:", html)
    example().save(tmp_path / "conv.html")
    assert (tmp_path / "conv.html").read_text() == html
    with pytest.raises(ValueError, match=r"ends in \.html or \.svg"):
        example().save(tmp_path / "conv.gif")


def test_the_loop_is_one_svg_without_script(tmp_path):
    example().save(tmp_path / "conv.svg")
    svg = (tmp_path / "conv.svg").read_text()
    assert svg == example().loop()
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert [child.tag for child in root][:3] == [space + "title", space + "desc", space + "style"]
    assert not re.search(r"<script|on\w+=|href|url\(|@import", svg)
    assert svg.count("http") == 1  # the namespace
    style = root.find(f"{space}style").text
    used = {name for g in root.iter(f"{space}g") for name in [g.get("class")] if re.fullmatch(r"s\d+-\d+", name or "")}
    used.discard("s0-11")
    assert used == set(re.findall(r"\.(s\d+-\d+) \{animation", style))
    assert used == set(re.findall(r"@keyframes \S*?(s\d+-\d+) ", style))
    assert "prefers-reduced-motion: no-preference" in style
    said = {"".join(t.itertext()) for t in root.iter(f"{space}text")}
    assert {"411.5", "951.5", "92", "212", "55"} <= said


HOSTILE = {  # a name, and how it is shown
    "</script><script>alert(1)</script>": "</script><script>alert(…",
    "a\nb": "a\\nb",
    "\"quoted\" & 'text'": "\"quoted\" & 'text'",
    "🦊": "🦊",
    "<b>": "<b>",
    "x" * 10_000: "x" * 23 + "…",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_text_in_the_loop(name):
    root = ElementTree.fromstring(mg.animate_conv(Tensor(X, name=name), W).loop())
    space = "{http://www.w3.org/2000/svg}"
    panels = [t.text for t in root.iter(f"{space}tspan") if t.get("class") == "title"]
    assert panels[:2] == [HOSTILE[name], f"∂L/∂{HOSTILE[name]}"]
    assert HOSTILE[name] in root.find(f"{space}title").text
    assert HOSTILE[name] in root.find(f"{space}desc").text
    assert not [t for t in root.iter() if t.tag in (f"{space}script", f"{space}b")]


# In a browser


def read(window, key: str) -> list[str]:
    """A panel as it is shown, cell by cell."""
    script = "return [...document.querySelectorAll('#%s .cell')].map(c => c.querySelector('text').textContent)"
    return window.execute_script(script % key)


def marked(window, key: str, kind: str) -> list[str]:
    return window.execute_script(f"return [...document.querySelectorAll('#{key} .{kind}')].map(c => c.id)")


def test_played_to_the_end_by_keys_the_page_shows_the_engines_gradients(open_page):
    from selenium.webdriver.common.keys import Keys

    x, w, b = Tensor(X[None, None]), Tensor(W[None, None]), Tensor([0.5])
    out = mg.conv2d(x, w, b, stride=2)
    out.backward(np.array(UPSTREAM, float)[None, None])
    motion = example()
    window = open_page(motion)
    body = window.find_element("tag name", "body")
    seen = []
    for k in range(len(motion.steps)):
        seen.append({key: read(window, key) for key in ("x", "w", "o", "dx", "dw", "db", "do")})
        assert window.find_element("id", "status").text == motion.steps[k]["text"]
        assert seen[k]["dw"] == texts(motion, "dw", k + 1)
        body.send_keys(Keys.ARROW_RIGHT)
    for key, tensor in (("o", out.data), ("dx", x.grad), ("dw", w.grad), ("db", b.grad), ("x", x.data)):
        assert [float(v) for v in read(window, key)] == tensor.ravel().tolist()
    # Back again by click: every step looks as it did.
    for k in reversed(range(len(motion.steps) - 1)):
        window.find_element("id", "back").click()
        assert {key: read(window, key) for key in seen[k]} == seen[k]


def test_marks_follow_the_step_and_leave_with_it(open_page):
    window = open_page(example())
    window.execute_script("go(2)")
    assert marked(window, "x", "on") == [f"x-{i}" for i in (2, 3, 4, 7, 8, 9, 12, 13, 14)]
    assert marked(window, "o", "out") == ["o-1"]
    assert window.find_element("id", "x-box").get_attribute("visibility") == "visible"
    assert [
        n for n in window.execute_script("return [...document.querySelectorAll('#x .note')].map(n => n.textContent)") if n
    ] == [f"×{i}" for i in range(1, 10)]
    window.execute_script("go(0)")
    assert not marked(window, "x", "on")
    assert window.find_element("id", "x-box").get_attribute("visibility") == "hidden"
    assert not any(window.execute_script("return [...document.querySelectorAll('.note')].map(n => n.textContent)"))


def test_a_jump_shows_what_the_way_there_shows(open_page):
    motion = mg.animate_conv(np.random.default_rng(0).normal(size=(24, 24)), W, stride=2)
    window = open_page(motion)
    state = "return [...document.querySelectorAll('.cell')].map(c => [c.id, [...c.classList].sort().join(' ')].join())"
    for k in range(30):
        window.execute_script(f"go({k})")
    walked = window.execute_script(state)
    window.execute_script("go(steps.length - 1); go(29)")
    assert window.execute_script(state) == walked


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_text_in_the_page(open_page, name):
    window = open_page(mg.animate_conv(Tensor(X, name=name), Tensor(W, name=name), 1.0))
    assert len(window.find_elements("tag name", "script")) == 2
    assert not window.find_elements("css selector", "figcaption b")
    shown = window.find_element("css selector", "figcaption").get_attribute("textContent")
    assert shown.startswith(HOSTILE[name])


@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_is_cut_off(open_page, width):
    """No text of a cell is broader than its cell, and no page broader than the window."""
    rng = np.random.default_rng(0)
    window = open_page(mg.animate_conv(rng.normal(size=(6, 6)) * 100, rng.normal(size=(3, 3)), 1.0, padding=1), width=width)
    for k in (3, 20, 50, 74):
        window.execute_script(f"go({k})")
        over = window.execute_script("""
            return [...document.querySelectorAll('g.cell text')].filter(t => {
              const cell = t.parentElement.querySelector('rect').getBBox(), text = t.getBBox();
              return text.width && (text.x < cell.x || text.x + text.width > cell.x + cell.width);
            }).map(t => t.textContent)""")
        assert not over
    assert window.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_no_text_of_a_loop_leaves_it(browser, tmp_path):
    rng = np.random.default_rng(0)
    signal = mg.animate_conv(np.ones(5), np.ones(5), padding=4, flip=True)
    numbers = mg.animate_conv(rng.normal(size=(5, 5)), rng.normal(size=(3, 3)), rng.normal(), dilation=2)
    for motion in (
        example(),
        signal,
        numbers,
        mg.animate_pool(Tensor(X, name="m" * 99), 2, ceil_mode=True),
        mg.animate_conv(Tensor(X, name="山" * 9), W),
    ):
        motion.save(tmp_path / "motion.svg")
        browser.get((tmp_path / "motion.svg").as_uri())
        over = browser.execute_script("""
            const [left, top, wide, high] = document.documentElement.getAttribute('viewBox').split(' ').map(Number);
            return [...document.querySelectorAll('text')].filter(t => !t.parentElement.matches('.cell')).filter(t => {
              const box = t.getBBox();
              return box.x + box.width > left + wide || box.y + box.height > top + high;
            }).map(t => t.textContent)""")
        assert not over


def test_the_loop_plays_without_a_script(browser, tmp_path):
    example().save(tmp_path / "conv.svg")
    browser.get((tmp_path / "conv.svg").as_uri())
    at = """
        for (const a of document.getAnimations()) { a.pause(); a.currentTime = arguments[0] * 1000; }
        const text = [...document.querySelectorAll('g[class^="s"] > text')].filter(t => getComputedStyle(t).visibility === 'visible');
        return text.map(t => [...t.querySelectorAll('tspan')].map(s => s.textContent).join('\\n')).filter(Boolean)"""
    steps = [step["text"] for step in example().steps]
    starts = [0, 3, 4.2, 5.4, 6.6, 7.8, 9, 10.2, 11.4, 12.6, 13.8]  # 1.2 s each, the first and the last 3 s
    for start, text in zip(starts, steps, strict=True):
        shown = [" ".join(t.split()) for t in browser.execute_script(at, start + 0.6) if "\n" in t or len(t) > 12]
        assert shown == [" ".join(text.split())]
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    assert not browser.execute_script("return document.getAnimations().length")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


LIT = "return Object.fromEntries(Object.entries(panels).map(([key, cells]) => [key, " + (
    "cells.flatMap(({ element }, i) => element.classList.contains('lit') ? [i] : [])]))"
)


def test_pointing_at_an_output_lights_its_inputs_and_the_reverse(open_page):
    window = open_page(mg.animate_conv(np.arange(16.0).reshape(4, 4), np.ones((2, 2)), stride=2))
    point = "panels[arguments[0]][arguments[1]].element.dispatchEvent(new PointerEvent('pointerenter'))"
    window.execute_script(point, "o", 1)
    lit = window.execute_script(LIT)
    assert lit["o"] == lit["do"] == [1]
    assert lit["x"] == lit["dx"] == [2, 3, 6, 7]
    assert lit["w"] == [0, 1, 2, 3]
    window.execute_script(point, "x", 8)
    lit = window.execute_script(LIT)
    assert lit["o"] == [2]
    assert lit["x"] == [8]
    window.execute_script("panels.o[3].element.focus()")
    assert window.execute_script(LIT)["x"] == [10, 11, 14, 15]
    window.execute_script("document.activeElement.blur()")
    assert not any(window.execute_script(LIT).values())
