"""What lessons draw on: figures, ten drawn digits, a text."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, conv_transpose2d
from minigrad.course import pen, plots
from minigrad.course.sonnets import sonnets
from minigrad.data import load_digits

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def figures(monkeypatch):
    plt.switch_backend("agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    yield
    plt.close("all")


def test_negative_is_blue_zero_white_and_positive_orange():
    negative, zero, positive = plots.diverging()([0.0, 0.5, 1.0])[:, :3]
    assert negative.argmax() == 2
    assert zero.min() > 0.95
    assert positive.argmax() == 0
    plots.images({"a": np.array([[-2.0, 0.0], [1.0, 0.5]])}, signed=True, numbers=True)
    (image,) = plt.gcf().axes[0].images
    assert image.get_clim() == (-2.0, 2.0)
    assert [text.get_text() for text in plt.gcf().axes[0].texts] == ["-2", "0", "1", "0.5"]


def test_images_stand_in_rows_with_their_titles():
    plots.images([(k, Tensor(np.full((2, 3), 0.5))) for k in range(5)], columns=2, paper=True, numbers=True, size=1)
    axes = plt.gcf().axes
    assert [ax.get_title() for ax in axes] == ["0", "1", "2", "3", "4", ""]
    assert all(ax.images[0].get_cmap().name == "gray_r" for ax in axes[:5])
    plots.images({"nothing": np.zeros((2, 2))}, signed=True)
    assert plt.gcf().axes[0].images[0].get_clim() == (-1.0, 1.0)


def test_a_plane_has_the_colours_of_its_classes():
    left = plots.plane(
        lambda x: np.stack([x[:, 0] < 0, x[:, 0] >= 0], axis=1).astype(float), np.array([[0.0, 1.0]]), np.array([1])
    )
    assert left.shape == (180, 180, 3)
    assert left[90, 10].argmax() == 2
    assert left[90, 170].argmax() == 0
    np.testing.assert_allclose(left[15, 90], 255 * 0.7 * plots.CLASSES[1], atol=1)


def test_a_film_begins_with_its_last_picture():
    pytest.importorskip("IPython")
    from io import BytesIO

    from PIL import Image

    first = np.zeros((9, 9, 3), np.uint8)
    first[:, 5:] = 255
    with Image.open(BytesIO(plots.film([first, first[:, ::-1]]).data)) as film:
        assert film.n_frames == 3
        assert film.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_the_drawn_digits_are_new_and_inked_like_those_of_the_data_set():
    drawn, meant = pen.digits()
    assert drawn.shape == (10, 1, 8, 8)
    assert meant.tolist() == list(range(10))
    images = np.concatenate([part[:][0] for part in load_digits()])
    assert np.abs(images[:, None] - drawn[None]).max(axis=(2, 3, 4)).min() > 0.1  # none is in the data set
    assert abs(drawn.mean() - images.mean()) < 0.05


@pytest.mark.parametrize("strokes", [[], [[]], [[(1, 2, 3)]], [[(0, np.nan), (1, 1)]], [[1, 2]]])
def test_strokes_that_are_none(strokes):
    with pytest.raises(ValueError, match=r"pen.draw: a stroke is a list of \(x, y\)"):
        pen.draw(strokes)


def test_a_dot_is_a_drawing():
    assert 0 < pen.draw([[(3, 3), (3, 3)]]).mean() < 0.1


def test_wobbling_by_nothing_changes_nothing_and_a_seed_repeats_it():
    drawn, _ = pen.digits()
    np.testing.assert_allclose(pen.Wobble(0, 0, 0, 0)(drawn, np.random.default_rng(0)), drawn, atol=1e-6)
    one, other = (pen.Wobble()(drawn, np.random.default_rng(1)) for _ in range(2))
    assert (one == other).all()
    assert one.dtype == drawn.dtype
    assert 0.1 < np.abs(one - drawn).max() <= 1
    moved = pen.Wobble(shift=20, turn=0, slant=0, stretch=0)(np.ones((50, 1, 8, 8)), np.random.default_rng(0))
    assert moved.min() == 0  # beyond the image there is paper
    assert moved.max() <= 1


def test_the_text():
    text = sonnets()
    assert text.count("\n\n") == 9
    assert all(len(sonnet.strip().splitlines()) == 14 for sonnet in text.split("\n\n"))
    assert text.isascii()


@pytest.mark.parametrize(("row", "stride", "even"), [
    ([1, 1, 1], 3, True), ([1, 1, 1], 2, False), ([1, 1, 1, 1], 2, True), ([1, 2, 3, 2, 1], 3, True), ([1, 1, 1, 1, 1], 3, False),
    ([1, 2, 1], 2, True), ([1, 3, 1, 3], 2, False),
])  # fmt: skip
def test_the_checkerboard_of_lesson_9(row, stride, even):
    enlarged = conv_transpose2d(np.ones((1, 1, 9, 9)), np.outer(row, row)[None, None], stride=stride)
    inside = enlarged[0, 0, 6:-6, 6:-6]  # each pixel of it has all its copies
    assert (np.ptp(inside) == 0) == even
    assert even == (len({sum(row[k::stride]) for k in range(stride)}) == 1)
