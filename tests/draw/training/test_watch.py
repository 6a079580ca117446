"""A training run that is watched: what is kept, that it changes nothing, and the page in a real browser."""

from __future__ import annotations

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.draw.training.frames import GRID, plane
from minigrad.draw.training.watch import MOST_FRAMES


def data(classes=2, items=60):
    rng = np.random.default_rng(0)
    y = rng.integers(classes, size=items)
    centres = np.array([[0.0, 1.5], [1.5, -1.0], [-1.5, -1.0]])
    return (0.4 * rng.normal(size=(items, 2)) + centres[y]).astype(np.float32), y


def images(items=12):
    rng = np.random.default_rng(1)
    return rng.normal(size=(items, 1, 6, 6)).astype(np.float32), rng.integers(3, size=items)


def points_model(outputs=2):
    rng = np.random.default_rng(0)
    return nn.Sequential(nn.Linear(2, 8, rng=rng), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, outputs, rng=rng))


def images_model():
    rng = np.random.default_rng(0)
    layers = (nn.Conv2d(1, 4, 3, rng=rng), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16, 3, rng=rng))


def train(model, x, y, steps, watched=None, loss=mg.cross_entropy):
    optimizer = mg.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(steps):
        value = loss(model(x), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        if watched is not None:
            watched(value)
    return watched


# What is kept


def test_frames_are_copies_at_regular_steps():
    (x, y), model = data(), points_model()
    film = train(model, x, y, 10, mg.watch(model, x, y, every=3))
    assert [one.step for one in film.frames] == [0, 3, 6, 9]
    assert not np.array_equal(film.frames[0].filters, film.frames[-1].filters)
    assert film.frames[0].norms == {}
    assert list(film.frames[1].norms) == [name for name, _ in model.named_parameters()]
    model.eval()
    last = train(model, x, y, 0, mg.watch(model, x, y)).frames[0]
    np.testing.assert_allclose(last.outputs, model(x).data, rtol=1e-6)
    np.testing.assert_allclose(last.plane, model(plane(x)).data, rtol=1e-6)
    np.testing.assert_array_equal(last.filters[0, 0], model[0].weight.data)


def test_of_images_filters_and_maps_are_kept():
    (x, y), model = images(), images_model()
    one = mg.watch(model, x, y).frames[0]
    np.testing.assert_array_equal(one.filters, model[0].weight.data)
    assert list(one.maps) == ["0 Conv2d", "2 ReLU", "3 MaxPool2d"]
    np.testing.assert_allclose(one.maps["0 Conv2d"], model[0](x[:1]).data[0], rtol=1e-5)
    assert one.plane is None


def test_watching_does_not_change_the_training():
    for make, (x, y) in ((points_model, data()), (images_model, images())):
        alone, watched = make(), make()
        for module in (*alone.modules(), *watched.modules()):
            if isinstance(module, nn.Dropout):
                module.rng = np.random.default_rng(5)
        train(alone, x, y, 5)
        train(watched, x, y, 5, mg.watch(watched, x, y))
        for (name, a), (_, b) in zip(alone.state_dict().items(), watched.state_dict().items(), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
        assert watched.training
        assert not any(module._hooks for module in watched.modules())


def test_the_mode_of_each_module_is_restored():
    model, (x, y) = images_model(), images()
    model[1].eval()
    mg.watch(model, x, y)
    assert [m.training for m in model.children()] == [True, False, True, True, True, True]


def test_a_long_run_keeps_few_frames():
    model = nn.Linear(2, 2)
    film = mg.watch(model)
    for _ in range(5 * MOST_FRAMES):
        film(1.0)
    assert MOST_FRAMES / 2 <= len(film.frames) <= MOST_FRAMES
    steps = [one.step for one in film.frames]
    assert len(set(np.diff(steps))) == 1
    assert steps[0] == 0


def test_fit_calls_it_after_each_step():
    (x, y), model = data(), points_model()
    film, losses = mg.watch(model, x, y, every=2), []
    batches = mg.data.DataLoader(mg.data.ArrayDataset(x, y), 20)
    adam = mg.optim.Adam(model.parameters(), lr=0.01)
    history = nn.fit(
        model, batches, mg.cross_entropy, adam, 2, progress=False, callback=lambda loss: (losses.append(loss), film(loss))
    )
    assert len(losses) == 6
    assert np.mean(losses[:3]) == pytest.approx(history["loss"][0])
    assert [one.step for one in film.frames] == [0, 2, 4, 6]
    assert [one.loss for one in film.frames[1:]] == losses[1::2]


# The page


def kinds():
    x, y = data()
    yield points_model(), x, y, mg.cross_entropy
    x3, y3 = data(3)
    yield points_model(3), x3, y3, mg.cross_entropy
    yield points_model(1), x, (2.0 * y - 1)[:, None].astype(np.float32), mg.mse_loss
    yield images_model(), *images(), mg.cross_entropy
    rng = np.random.default_rng(0)
    yield nn.Linear(3, 1, rng=rng), rng.normal(size=(9, 3)).astype(np.float32), np.ones((9, 1), np.float32), mg.mse_loss


@pytest.mark.parametrize("kind", range(5))
def test_the_page_plays_every_kind(kind, open_page, tmp_path):
    model, x, y, loss = list(kinds())[kind]
    film = train(model, x, y, 4, mg.watch(model, x, y), loss)
    window = open_page(film, width=375)
    canvases = window.find_elements("css selector", "canvas")
    assert canvases
    read = "return [...document.querySelectorAll('canvas')].map(c => c.toDataURL())"
    first = window.execute_script(read)
    cursor = window.find_element("id", "cursor").get_attribute("transform")
    window.find_element("id", "last").click()
    last = window.execute_script(read)
    assert sum(a != b for a, b in zip(first, last, strict=True)) >= len(first) - 1  # all but the image itself
    assert window.find_element("id", "cursor").get_attribute("transform") != cursor
    assert window.find_element("id", "status").text.startswith("step 4: loss ")
    window.find_element("id", "first").click()
    assert window.execute_script(read) == first  # back is the same as it was
    assert window.execute_script("return document.documentElement.scrollWidth") <= 375


def test_the_curve_is_a_control(open_page):
    from selenium.webdriver.common.action_chains import ActionChains

    (x, y), model = data(), points_model()
    window = open_page(train(model, x, y, 20, mg.watch(model, x, y)))
    curve = window.find_element("id", "curve")
    ActionChains(window).move_to_element(curve).click().perform()
    step = int(re.search(r"step (\d+)", window.find_element("id", "status").text)[1])
    assert 8 <= step <= 12


def test_the_pixels_are_the_numbers_on_one_scale(open_page):
    """Blue is negative, white 0, orange positive; the darkest is the largest of all frames."""
    model = nn.Linear(3, 1, bias=False)
    model.weight.data = np.array([[-1.0, 0.0, 0.5]], np.float32)
    film = mg.watch(model)
    model.weight.data = np.array([[2.0, -2.0, 0.0]], np.float32)
    film(1.0)
    window = open_page(film)
    read = "const c = document.getElementById('filters'); return [...c.getContext('2d').getImageData(0, 0, 3, 1).data]"
    first = np.array(window.execute_script(read)).reshape(3, 4)[:, :3]
    window.find_element("id", "last").click()
    last = np.array(window.execute_script(read)).reshape(3, 4)[:, :3]
    window.get_log("browser")  # a canvas that is read, as here, could be faster elsewhere, says Chromium
    white, blue, orange = [246, 246, 244], [23, 78, 152], [217, 108, 0]
    assert last.tolist() == [orange, blue, white]
    assert first[1].tolist() == white
    assert first[0][2] > first[0][0] > blue[0]  # half as negative: a paler blue
    assert first[2][0] > first[2][2] > orange[2]


def test_nothing_from_outside_and_any_name_is_text(tmp_path):
    (x, y), model = data(), points_model()
    film = train(model, x, y, 2, mg.watch(model, x, y, classes=["</script><b>", "ü"]))
    film.save(tmp_path / "film.html")
    html = (tmp_path / "film.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href)=|url\(|@import|https?:", html)
    assert "</script><b>" not in html
    assert html.count("</script>") == 2
    assert film._repr_html_().startswith("<iframe")


def test_what_is_not_finite_is_shown():
    model = nn.Linear(2, 2)
    film = mg.watch(model, np.ones((3, 2), np.float32), np.zeros(3, int))
    model.weight.data = np.array([[np.nan, np.inf], [1.0, 0.0]], np.float32)
    film(np.nan)
    film(np.inf)
    assert "NaN" not in film.html
    assert "step 1: loss nan" in film.html
    grid = film.page.steps[-1]["cells"]["plane"]
    assert len(grid) == GRID * GRID


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": 3}, TypeError, "watch: expected a module, such as those of minigrad.nn, got int"),
        ({"every": 0}, ValueError, "watch: every is an integer, 1 or more, got 0"),
        ({"y": [1, 2]}, ValueError, "watch: y holds the targets of x"),
        ({"x": np.ones((3, 2)), "y": [1, 2]}, ValueError, r"got shapes \(3, 2\) and \(2,\)"),
        ({"x": np.ones((0, 2))}, ValueError, "at least one item"),
    ],
)
def test_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        mg.watch(**{"model": nn.Linear(2, 2), **arguments})
