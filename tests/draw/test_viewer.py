"""The page of a drawing, and what holds for every page: it fits, its text stands out, nothing moves unasked or is fetched."""

import re

import numpy as np
import pytest
from contrast import contrast

import minigrad as mg
from minigrad import Tensor, nn


def sigmoids(layers=6):
    rng = np.random.default_rng(0)
    parts = [part for _ in range(layers) for part in (nn.Linear(8, 8, rng=rng), nn.Sigmoid())]
    f = mg.mean(nn.Sequential(*parts)(rng.normal(size=(4, 8)).astype(np.float32)))
    f.backward()
    return f


def film():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 2)).astype(np.float32), rng.integers(2, size=30)
    model = nn.Sequential(nn.Linear(2, 8, rng=rng), nn.Tanh(), nn.Linear(8, 2, rng=rng))
    optimizer, watched = mg.optim.SGD(model.parameters(), lr=0.3), mg.watch(model, x, y)
    for _ in range(4):
        loss = mg.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watched(loss)
    return watched


def circuit():
    x, y = Tensor(3.0, name="x"), Tensor(2.0, name="y")
    return mg.tanh(x * y + y) * x


def convolution():
    rng = np.random.default_rng(0)
    x, w = rng.integers(-3, 4, size=(1, 2, 12, 12)), rng.integers(-1, 2, size=(1, 2, 3, 3))
    return mg.animate_conv(x.astype(float), w.astype(float), padding=1)


PAGES = {
    "drawing": lambda: mg.draw(sigmoids()),
    "flow": lambda: mg.draw_flow({"one": sigmoids(), "two": sigmoids(4), "three": sigmoids(2)}),
    "film": film,
    "live": lambda: mg.live(lambda x, y: mg.tanh(x * y + y) * x, x=3.0, y=2.0),
    "play": lambda: mg.play(circuit()),
    "convolution": convolution,
}

CONTRAST = contrast(
    "body *",
    "node.checkVisibility() && !node.closest('script, style, option, .cell, [aria-disabled=true]') "
    "&& !['title', 'desc'].includes(node.tagName) "
    "&& [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())",
)


@pytest.fixture
def screen(browser):
    """Sets the width of the screen, and what the reader prefers."""

    def choose(width, **prefers):
        size = {"width": width, "height": 844 if width < 600 else 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in prefers.items()]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    yield choose
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("kind", PAGES)
def test_every_page_fits_stands_out_and_keeps_still(open_page, screen, kind):
    page = PAGES[kind]()
    for width in (375, 1280):
        for theme in ("light", "dark"):
            screen(width, color_scheme=theme, reduced_motion="reduce")
            window = open_page(page, width)
            assert window.execute_script("return document.documentElement.scrollWidth") <= width
            weak = [entry for entry in window.execute_script(CONTRAST) if entry[0] < 4.5]
            assert not weak, (width, theme)
            assert window.execute_script("return document.getAnimations().length") == 0
            assert window.execute_script("return performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (375, 812)])
def test_all_grids_of_a_convolution_are_on_the_screen(browser, open_page, screen, width, height):
    page = convolution()
    screen(width)
    window = open_page(page, width)
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for step in range(0, len(page.steps), 60):
        window.execute_script(f"go({step})")
        low, free = window.execute_script("""return [
            Math.max(...[...document.querySelectorAll("figure svg")].map((svg) => svg.getBoundingClientRect().bottom)),
            document.getElementById("status").getBoundingClientRect().top]""")
        assert low <= free + 1
    assert len(window.find_elements("css selector", "figure")) == 6


def test_a_drawing_is_saved_as_a_page_of_its_own(tmp_path):
    file = tmp_path / "net.html"
    mg.draw(sigmoids()).save(file)
    html = file.read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert "script-src 'sha256-" in html
    assert not re.search(r"(src|href)=|@import|https?:", html.replace("http://www.w3.org/2000/svg", ""))


def test_the_page_of_a_drawing_has_zoom_search_and_details(open_page):
    with mg.detect_anomaly():
        x, w = Tensor(np.arange(6.0).reshape(2, 3), name="x"), Tensor(np.ones((3, 2)), name="w")
        h = x @ w
        h.name = "scores"
        f = mg.sum(mg.tanh(h))
        f.backward()
    window = open_page(mg.draw(f), 1000, 900)
    run = window.execute_script
    before = run("return zoom")
    window.find_element("id", "larger").click()
    assert run("return zoom") == pytest.approx(1.25 * before)
    window.find_element("id", "fit").click()
    assert run("return picture.scrollWidth <= picture.clientWidth + 1")
    window.find_element("id", "search").send_keys("scores")
    assert window.find_element("id", "found").text.startswith("1 of ")
    group = run("return document.querySelector('.node.found')")
    run("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", group)
    shown = window.find_element("id", "details").text
    assert "scores" in shown
    assert "matmul" in shown
    assert "dx = upstream · wᵀ" in shown
    assert "test_viewer.py:" in shown
    assert "value (2, 2) float64" in shown
    assert "gradient (2, 2) float64" in shown
    assert "12 12" in shown


def test_a_box_and_a_failed_operation_have_details_too(open_page):
    window = open_page(mg.draw(sigmoids(), max_nodes=5))
    window.find_element("css selector", ".node.scope text").click()
    assert "operations" in window.find_element("id", "details").text
    with pytest.raises(ValueError, match="shapes") as caught:
        Tensor([1.0, 2.0], name="x") + Tensor([1.0, 2.0, 3.0])
    window = open_page(mg.draw(caught.value))
    window.find_element("css selector", ".node.fault text").click()
    assert "broadcast" in window.find_element("id", "details").text
