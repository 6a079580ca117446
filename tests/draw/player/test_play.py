"""A backward pass that is played: its page, and in a real browser, every number on it beside the engine's."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from contrast import contrast
from test_steps import circuit, named

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import sweep
from minigrad.draw import draw
from minigrad.draw.heatmap import NOT_FINITE, STEPS
from minigrad.draw.player.places import Places
from minigrad.draw.player.stage import shaded
from minigrad.draw.text import summary
from minigrad.graph import topological_order
from minigrad.text import shorten

HOSTILE = [
    "\"quoted\" 'name'",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a\nb",
    "🦊",
    "]]>",
    "x" * 10_000,
]


def branches():
    (a,) = named(a=3.0)
    b = a + a
    return b + b


def length():
    w, x = named(W=[[0.1, 0.5], [-0.3, 0.8]], x=[0.2, 0.4])
    return mg.square(w @ x).sum()


def network():
    rng = np.random.default_rng(0)
    image, k, b = named(image=rng.normal(size=(1, 1, 28, 28)), k=rng.normal(size=(2, 1, 5, 5)), b=rng.normal(size=2))
    return mg.avg_pool2d(mg.sigmoid(mg.conv2d(image, k, b, padding=2)), 2).mean()


GRAPHS = {"circuit": lambda: circuit()[0], "branches": branches, "length": length, "network": network}


# The document


def test_a_page_of_its_own():
    page = mg.play(circuit()[0])
    assert repr(page) == "<The backward pass of 1 / (exp(…) + 1): 19 steps>"
    assert "default-src 'none'" in page.html
    document = page.html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    document = document.replace('const SVG = "http://www.w3.org/2000/svg"', "")
    assert not re.search(r"(src|href)=|url\(|@import|https?:", document)
    json.dumps(page.steps, allow_nan=False)
    assert len(page.html) < 100_000


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_node_and_edge_of_the_graph_is_in_the_picture_once(graph):
    f = GRAPHS[graph]()
    page = mg.play(f)
    svg = ET.fromstring(re.search(r"<svg.*</svg>", page.html, re.DOTALL)[0])
    found = [g.get("id") for g in svg.iter("{http://www.w3.org/2000/svg}g")]
    description = draw(f).description
    for part in (*description.nodes, *description.edges):
        assert found.count(part.id) == 1
    places = Places.of(f, 300)
    known = {id for step in page.steps for id in step["known"]}
    assert known == {*places.ids.values(), *places.constants()}
    marks = {
        kind: len(svg.findall(f".//{{*}}g[@class]/{{*}}text[@class='{kind}']")) for kind in ("value", "gradient", "local")
    }
    assert min(marks.values()) > 0


def test_playing_changes_nothing():
    f, leaves = circuit()
    mg.play(f)
    assert [x.grad for x in [f, *leaves]] == [None] * 6
    f.backward()
    f.backward()
    mg.play(f)
    assert f.grad == 2
    assert mg.play(f).html == mg.play(circuit()[0]).html  # whatever was swept before


def test_an_upstream_gradient_and_the_other_direction():
    (z,) = named(z=[1.0, 2.0, 3.0])
    page = mg.play(mg.softmax(z), upstream=[1.0, 0.0, 0.0], direction="TB", precision=3)
    assert page.steps[-2]["gradients"] == {"n0": ["[0.0819, -0.022, -0.0599]"]}
    assert page.steps[-2]["flows"][0]["rule"] == "dz = softmax(z)∘(upstream − ⟨upstream, softmax(z)⟩)"


def test_a_leaf_alone():
    assert [step["kind"] for step in mg.play(Tensor(2.0, name="x")).steps] == ["start", "seed", "end"]


def test_numbers_that_are_none():
    (x,) = named(x=[0.0, 1.0])
    with np.errstate(all="ignore"):
        page = mg.play((1 / x).sum())
    assert "inf" in page.html


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: mg.play(2.0), TypeError, "play: expected a Tensor, got float"),
        (lambda x: mg.play(x), ValueError, "play: .*is not a scalar"),
        (lambda x: mg.play(x.detach()), RuntimeError, "play: .* is a constant"),
        (lambda x: mg.play(x.sum(), direction="up"), ValueError, "direction is 'LR'"),
        (lambda x: mg.play(x.sum(), precision=-1), ValueError, "precision"),
        (lambda x: mg.play(x.sum(), max_nodes=0), ValueError, "play: max_nodes"),
        (lambda x: mg.play(x.sum(), theme="blue"), ValueError, "play: theme is 'auto'"),
        (lambda x: mg.play(x.sum(), names=["x"]), TypeError, "play: names is a mapping"),
        (lambda x: mg.play(x.sum(), expand=3), TypeError, "play: expand is True"),
    ],
)
def test_what_cannot_be_played(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor([1.0, 2.0], name="x"))


# Heatmaps


def test_a_heatmap_is_centred_on_0():
    found = shaded("value", np.array([[-2.0, 0.0], [1.0, 0.5]]), 2)
    assert found["planes"] == [{"rows": [[-8, 0], [4, 2]], "texts": [["-2", "0"], ["1", "0.50"]]}]
    assert (found["scale"], found["shape"], found["note"]) == ("2", "(2, 2)", "")


def test_a_large_array_is_drawn_in_blocks_and_says_so():
    found = shaded("value", np.ones((40, 17)), 2)
    rows = found["planes"][0]["rows"]
    assert (len(rows), len(rows[0])) == (14, 9)
    assert {x for row in rows for x in row} == {8}
    assert found["note"] == "each cell is the element of largest magnitude in a 3 × 2 block"
    assert found["planes"][0]["texts"] == []


def test_planes_of_a_stack_of_images():
    found = shaded("value", np.arange(5 * 2 * 2.0).reshape(5, 1, 2, 2), 2)
    assert len(found["planes"]) == 4
    assert found["planes"][1]["texts"] == [["4", "5"], ["6", "7"]]
    assert found["note"] == "4 of 5 side by side"


@pytest.mark.parametrize(
    "value", [np.zeros(3), np.array([np.nan, np.inf, -np.inf]), np.array([1e300, 1.0]), np.ones((1, 1, 1, 1))]
)
def test_any_array_has_a_heatmap(value):
    found = shaded("value", value, 2)
    json.dumps(found, allow_nan=False)
    shown = [x for plane in found["planes"] for row in plane["rows"] for x in row]
    assert [x == NOT_FINITE for x in shown] == [not finite for finite in np.isfinite(value).ravel()]
    assert all(-STEPS <= x <= STEPS for x in shown if x != NOT_FINITE)


# In the browser


READ = """
const texts = (group, kind) => [...group.querySelectorAll("text." + kind)]
  .filter((text) => getComputedStyle(text).visibility === "visible").map((text) => text.textContent);
const all = (selector, kind) => Object.fromEntries(
  [...document.querySelectorAll("#picture " + selector)].map((group) => [group.id, texts(group, kind)]));
return {
  values: all(".node", "value"), gradients: all(".node", "gradient"), locals: all(".edge", "local"),
  active: [...document.querySelectorAll(".node.active")].map((group) => group.id),
  going: [...document.querySelectorAll(".edge.going")].map((group) => group.id),
  marker: document.getElementById("marker").getAttribute("visibility"),
  pointer: document.querySelector("#marker text").textContent,
  panel: document.getElementById("panel").innerText, status: document.getElementById("status").textContent,
};
"""


def expected(f, index, page):
    """What is known after a step: values by then, and gradients as far as they have been added up."""
    values, gradients = set(), {}
    for step in page.steps[: index + 1]:
        values.update(step["known"])
        gradients |= step["gradients"]
    return values, gradients


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_number_on_the_page_is_the_engines(open_page, graph):
    f = GRAPHS[graph]()
    page = mg.play(f)
    window = open_page(page)
    engine = sweep(f, f.dtype.type(1))
    texts = {id: list(summary(x.value, 2)) for x, id in Places.of(f, 300).ids.items()}
    for index, step in enumerate(page.steps):
        shown = window.execute_script(READ)
        values, gradients = expected(f, index, page)
        for x, id in Places.of(f, 300).ids.items():
            assert shown["values"][id] == (texts[id] if id in values else [])
            if x in engine:
                assert shown["gradients"][id] == gradients.get(id, [])
        assert shown["active"] == ([step["node"]] if step["node"] else [])
        assert set(shown["going"]) == {flow["edge"] for flow in step["flows"]}
        assert shown["marker"] == ("visible" if step["node"] else "hidden")
        assert shown["status"] == step["text"]
        for flow in step["flows"]:
            for line in (flow["product"], flow["sum"], flow["broadcast"], flow["rule"]):
                assert line in shown["panel"]
        assert step["computation"] in shown["panel"]
        window.find_element("id", "next").click() if index < len(page.steps) - 1 else None
    final = window.execute_script(READ)["gradients"]
    for x, id in Places.of(f, 300).ids.items():
        if x in engine:
            assert final[id] == list(summary(engine[x], 2))


def test_stepping_back_shows_what_stepping_forward_showed(open_page):
    from selenium.webdriver.common.keys import Keys

    window = open_page(mg.play(branches()))
    body = window.find_element("tag name", "body")
    forth = [window.execute_script(READ)]
    for _ in range(6):
        body.send_keys(Keys.ARROW_RIGHT)
        forth.append(window.execute_script(READ))
    back = [window.execute_script(READ)]
    for _ in range(6):
        body.send_keys(Keys.ARROW_LEFT)
        back.append(window.execute_script(READ))
    assert back == forth[::-1]
    assert len({json.dumps(state) for state in forth}) == 7
    assert forth[4]["gradients"] == {"n0": [], "n1": ["2"], "n2": ["1"]}
    assert forth[5]["gradients"] == {"n0": ["4"], "n1": ["2"], "n2": ["1"]}
    assert "1 + 1 = 2" in forth[4]["panel"]
    assert [state["pointer"] for state in forth[1:6]] == ["▶", "▶", "◀", "◀", "◀"]
    slider = window.find_element("id", "slider")
    window.execute_script("arguments[0].value = 4; arguments[0].dispatchEvent(new Event('input'))", slider)
    assert window.execute_script(READ) == forth[4]
    body.send_keys(Keys.HOME)
    body.send_keys(Keys.END)
    assert window.execute_script(READ) == forth[6]


def test_the_sigmoid_circuit_is_played(open_page):
    from selenium.webdriver.common.keys import Keys

    f, leaves = circuit()
    window = open_page(mg.play(f))
    for _ in range(10):
        window.find_element("tag name", "body").send_keys(Keys.ARROW_RIGHT)
    assert "-0.53 × 1.00 = -0.53" in window.find_element("id", "panel").text
    tail = [window.execute_script(READ)["gradients"]]
    for _ in range(4):
        window.find_element("id", "next").click()
        tail.append(window.execute_script(READ)["gradients"])
    ids = Places.of(f, 300).ids
    chain = [f]
    while len(chain) < 5:
        chain.append(chain[-1].inputs[0])
    assert [tail[-1][ids[x]] for x in chain] == [["1"], ["-0.53"], ["-0.53"], ["-0.20"], ["0.20"]]
    assert tail[0][ids[chain[2]]] == []
    window.find_element("id", "last").click()
    found = window.execute_script(READ)["gradients"]
    assert [found[ids[x]] for x in leaves] == [["-0.20"], ["0.39"], ["-0.39"], ["-0.59"], ["0.20"]]


def test_local_gradients_appear_with_the_value(open_page):
    x, y = named(x=3.0, y=-4.0)
    window = open_page(mg.play(x * y))
    assert window.execute_script(READ)["locals"] == {"n2-0": [], "n2-1": []}
    window.find_element("id", "next").click()
    assert window.execute_script(READ)["locals"] == {"n2-0": ["local", "-4"], "n2-1": ["local", "3"]}


def tokens(window):
    return window.execute_script("return document.querySelectorAll('.token').length")


def test_the_gradient_travels_down_the_wire_and_arrives(open_page):
    from selenium.webdriver.support.ui import WebDriverWait

    window = open_page(mg.play(branches()))
    for _ in range(3):
        window.find_element("id", "next").click()
    assert tokens(window) == 0
    moved = window.execute_async_script("""
        const done = arguments[0], places = new Set();
        document.getElementById("next").click();
        const look = () => {
          const token = document.querySelector(".token");
          if (!token) return done([...places]);
          places.add(`${token.textContent} ${token.getAttribute("transform")}`);
          requestAnimationFrame(look);
        };
        look();""")
    assert len(moved) > 2
    assert {place.split()[0] for place in moved} == {"1"}
    WebDriverWait(window, 10).until(lambda w: tokens(w) == 0)
    window.find_element("id", "next").click()
    window.find_element("id", "back").click()  # nothing travels when stepping back
    assert tokens(window) == 0


def test_nothing_moves_where_reduced_motion_is_asked_for(browser, open_page):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    try:
        window = open_page(mg.play(branches()))
        for _ in range(4):
            window.find_element("id", "next").click()
            assert tokens(window) == 0
        assert window.execute_script("return document.getAnimations().length") == 0
        assert window.execute_script(READ)["gradients"] == {"n0": [], "n1": ["2"], "n2": ["1"]}
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_text(open_page, name):
    x = Tensor(2.0, name=name)
    y = x * x
    y.name = name
    page = mg.play(y + x)
    window = open_page(page)
    headings = []
    for step in page.steps:
        headings.append(window.find_element("css selector", "#panel h2").get_attribute("textContent"))
        if step is not page.steps[-1]:
            window.find_element("id", "next").click()
    assert headings[1] == f"Forward: {shorten(name)}"
    assert len(window.find_elements("tag name", "script")) == 3  # data of steps and nodes, and the one script
    assert not window.find_elements("tag name", "img")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(browser, open_page, width):
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for f in (network(), circuit()[0]):
            page = mg.play(f)
            window = open_page(page)
            for step in page.steps:
                wide, inside = window.execute_script("""
                    const card = document.getElementById("picture").getBoundingClientRect();
                    const active = document.querySelector(".node.active");
                    const box = active ? active.getBoundingClientRect() : card;
                    return [document.documentElement.scrollWidth, box.left >= card.left - 1 && box.right <= card.right + 1];""")
                assert wide <= width
                assert inside, step["text"]
                if step is not page.steps[-1]:
                    window.find_element("id", "next").click()
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(browser, open_page, theme):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})
    try:
        page = mg.play(length())
        window = open_page(page)
        script = contrast("h1, #panel *, #picture text", "!node.closest('.token')")
        for step in page.steps:
            for ratio, *what in window.execute_script(script):
                assert ratio >= 4.5, what
            if step is not page.steps[-1]:
                window.find_element("id", "next").click()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_what_is_written_later_fits_where_the_drawing_left_room(open_page):
    """A sum that grows through a longer number than it ends at is set narrower."""
    (a,) = named(a=0.0)
    window = open_page(mg.play(a * 123456.789 + a * -123456.789))
    window.find_element("id", "last").click()
    for _ in range(2):
        window.find_element("id", "back").click()
        for box, room in window.execute_script(
            "return nodes.flatMap((n) => n.gradients.map(({ text, room }) => [text.getBBox().width, room]))"
        ):
            assert box <= room + 1


def test_it_plays_in_the_frame_of_a_notebook(browser, tmp_path):
    """The page of the notebook stands around it; the frame has no origin, and may run its own script only."""
    host = tmp_path / "notebook.html"
    host.write_text(f"<!DOCTYPE html><meta charset=utf-8><p>cell</p>{mg.play(branches())._repr_html_()}", encoding="utf-8")
    browser.get(host.as_uri())
    browser.switch_to.frame(browser.find_element("tag name", "iframe"))
    browser.find_element("id", "last").click()
    assert browser.execute_script(READ)["gradients"] == {"n0": ["4"], "n1": ["2"], "n2": ["1"]}
    height = browser.execute_script("return [document.documentElement.scrollHeight, innerHeight]")
    browser.switch_to.default_content()
    assert height[0] <= height[1]
    assert not [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]]


def test_names_expansion_and_theme():
    w, x = Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0])
    page = mg.play(mg.softmax(w @ x).sum(), names={"w": w, "x": x}, expand="softmax", theme="dark")
    rules = {flow["rule"] for step in page.steps for flow in step["flows"]}
    assert {"dw = upstream ⊗ x", "dx = wᵀ · upstream"} <= rules
    assert not any("softmax" in rule for rule in rules)
    assert (w.name, x.grad) == (None, None)
    assert "prefers-color-scheme: dark" not in page.html
    assert "color-scheme:dark" in page.html


def test_an_untrusted_notebook_has_the_still_picture():
    """Without the frame and the style, which it drops, the picture in the background of a box remains."""
    shown = mg.play(circuit()[0])._repr_html_()
    style, box, frame = re.fullmatch("(<style>.*</style>)(<div .*</div>)(<iframe .*</iframe>)", shown, re.DOTALL).groups()
    name = re.search('class="([^"]+)"', box)[1]
    assert style == f"<style>.{name} {{ display: none; }}</style>"
    picture = base64.b64decode(re.search(r"url\(data:image/svg\+xml;base64,([^)]+)\)", box)[1])
    assert ET.fromstring(picture).tag.endswith("svg")
    assert "sandbox" in frame


def long_chain():
    (a,) = named(a=1.5)
    y = a
    for k in range(30):
        y = y * 0.9 + 0.1
        y.name = f"y{k}"
    return y


def test_fit_zoom_pan_and_overview(open_page):
    from selenium.webdriver.common.action_chains import ActionChains

    window = open_page(mg.play(long_chain()), 1000, 900)
    run = window.execute_script
    assert run("return getComputedStyle(overview).display") != "none"
    run("fit()")
    assert run("return picture.scrollWidth <= picture.clientWidth + 1")
    assert run("return getComputedStyle(overview).display") == "none" or run(
        "return picture.scrollHeight > picture.clientHeight"
    )
    window.find_element("id", "larger").click()
    assert run("return zoom") > run("return inside() / whole.width")
    run("zoomTo(1)")
    before = run("return picture.scrollLeft")
    card = window.find_element("id", "picture")
    ActionChains(window).drag_and_drop_by_offset(card, -120, 0).perform()
    assert run("return picture.scrollLeft") == pytest.approx(before + 120, abs=3)
    assert run("return index") == 0  # a drag is no click
    run("""picture.dispatchEvent(new WheelEvent("wheel", {ctrlKey: true, deltaY: -300, cancelable: true,
        clientX: 200, clientY: 200}))""")
    assert run("return zoom") == pytest.approx(np.e, rel=0.01)
    run("zoomTo(1)")
    overview = window.find_element("id", "overview")
    ActionChains(window).move_to_element_with_offset(overview, overview.size["width"] // 2 - 4, 0).click().perform()
    assert run("return picture.scrollLeft") > run("return 0.8 * (picture.scrollWidth - picture.clientWidth)")


def test_search_and_click(open_page):
    from selenium.webdriver.common.keys import Keys

    with mg.detect_anomaly():
        f = long_chain()
    window = open_page(mg.play(f), 1000, 900)
    run, search = window.execute_script, window.find_element("id", "search")
    search.send_keys("y17")
    assert window.find_element("id", "found").text == "1 of 2"  # the other is y17 × 0.9
    group = run("return document.querySelector('.node.found')")
    box, card = group.rect, window.find_element("id", "picture").rect
    assert card["x"] <= box["x"] <= card["x"] + card["width"]
    search.send_keys(Keys.ARROW_LEFT, " ")  # the field needs these keys itself
    assert run("return index") == 0
    search.clear()
    search.send_keys("nothing of this name")
    assert window.find_element("id", "found").text == "none"
    run("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", group)
    assert run("return steps[index].label") == "y17"
    shown = window.find_element("id", "details").text
    assert "d(y16 × 0.9) = 1 × upstream" in shown
    assert "test_play.py:" in shown
    assert f"{float(next(x for x in topological_order(f) if x.name == 'y17').value):.4f}" in shown
    run("go(steps.length - 1)")
    run("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", group)
    assert run("return [steps[index].kind, steps[index].label]") == ["backward", "y17"]
    window.find_element("css selector", "#details button").click()
    assert not window.find_element("id", "details").is_displayed()
    assert run("return document.activeElement.id") == group.get_attribute("id")


def test_keys_go_to_what_needs_them_and_the_focus_stays(open_page):
    from selenium.webdriver.common.keys import Keys

    window = open_page(mg.play(long_chain()), 1000, 900)
    run = window.execute_script
    picture = window.find_element("id", "picture")
    picture.send_keys(Keys.ARROW_RIGHT)  # it scrolls
    assert run("return index") == 0
    run("fit()")
    last = window.find_element("id", "last")
    last.click()
    last.click()
    assert run("return document.activeElement.id") == "last"
    run("document.querySelector('.node').focus()")
    window.switch_to.active_element.send_keys(Keys.ENTER)
    assert window.find_element("id", "details").is_displayed()


@pytest.mark.parametrize("width", [375, 1080])
def test_the_frame_of_a_notebook_fits(open_page, width):
    for graph in ("circuit", "length"):
        page = mg.play(GRAPHS[graph]())
        window = open_page(page, max(width, 500), 900)
        window.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": page._height, "deviceScaleFactor": 1, "mobile": False},
        )
        try:
            tallest = max(
                window.execute_script(
                    "go(arguments[0]); return document.querySelector('details').getBoundingClientRect().bottom + scrollY", k
                )
                for k in range(len(page.steps))
            )
            assert window.execute_script("return document.documentElement.scrollWidth") <= width
            if width > 1000:
                assert 0 <= page._height - tallest <= 130
        finally:
            window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
