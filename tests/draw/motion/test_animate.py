"""Convolution and pooling in motion: what the steps put in the panels are the numbers of the engine."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor
from minigrad.draw.motion.animation import Animation

X, W = np.arange(1.0, 26.0).reshape(5, 5), np.arange(1.0, 10.0).reshape(3, 3)
UPSTREAM = [[1, 2], [3, 4]]
DX = [[1, 2, 5, 4, 6], [4, 5, 14, 10, 12], [10, 14, 36, 24, 30], [12, 15, 34, 20, 24], [21, 24, 55, 32, 36]]


def example(**options) -> Animation:
    return mg.animate_conv(X, W, 0.5, stride=2, upstream=UPSTREAM, **options)


def texts(motion: Animation, key: str, until: int | None = None) -> list[str]:
    """What a panel shows in a step, read from the data of the page: its markup, and all that the steps put in it."""
    shown = dict(re.findall(rf'<g id="{key}-(\d+)".*?<text[^>]*>([^<]*)</text>', motion.html))
    for step in motion.steps[:until]:
        shown |= {str(i): text for i, _, text in step.get("put", {}).get(key, [])}
    return [shown[str(i)] for i in range(len(shown))]


def numbers(motion: Animation, key: str, until: int | None = None) -> list[float]:
    return [float(text) for text in texts(motion, key, until) if text]


# Number for number


def test_the_worked_example():
    motion = example()
    assert numbers(motion, "o") == [411.5, 501.5, 861.5, 951.5]
    assert numbers(motion, "dw") == [92, 102, 112, 142, 152, 162, 192, 202, 212]
    assert numbers(motion, "dx") == np.ravel(DX).tolist()
    assert numbers(motion, "db") == [10]
    assert numbers(motion, "do") == [1, 2, 3, 4]
    assert motion.steps[1]["text"] == ("O[0, 0] = 1×1 + 2×2 + 3×3\n+ 6×4 + 7×5 + 8×6\n+ 11×7 + 12×8 + 13×9\n+ 0.5 = 411.5")
    assert motion.steps[7]["text"] == (
        "O[0, 1] has the upstream gradient 2.\n∂L/∂X in the window += 2 × (1 2 3; 4 5 6; 7 8 9)\n"
        "∂L/∂W += 2 × (3 4 5; 8 9 10; 13 14 15)\n∂L/∂b += 2"
    )
    assert motion.steps[-1]["text"].startswith("∂L/∂W[0, 0] = 1×1 + 2×3\n+ 3×11 + 4×13 = 92\n")


def test_the_output_fills_cell_by_cell():
    motion = example()
    assert [texts(motion, "o", k) for k in range(1, 6)] == [
        ["", "", "", ""],
        ["411.5", "", "", ""],
        ["411.5", "501.5", "", ""],
        ["411.5", "501.5", "861.5", ""],
        ["411.5", "501.5", "861.5", "951.5"],
    ]
    assert motion.steps[2]["mark"]["x"]["on"] == [2, 3, 4, 7, 8, 9, 12, 13, 14]
    assert motion.steps[2]["mark"]["o"]["out"] == [1]
    assert [text for _, text in motion.steps[2]["note"]["x"]] == [f"×{w}" for w in range(1, 10)]


def test_the_sums_grow_output_by_output():
    motion = example()
    assert numbers(motion, "dw", 7) == [1, 2, 3, 6, 7, 8, 11, 12, 13]
    assert numbers(motion, "dw", 8) == [7, 10, 13, 22, 25, 28, 37, 40, 43]
    assert [numbers(motion, "db", k) for k in (6, 7, 8, 9, 10)] == [[0], [1], [3], [6], [10]]
    assert dict(motion.steps[7]["note"]["dx"]) == dict(
        zip([2, 3, 4, 7, 8, 9, 12, 13, 14], "+2 +4 +6 +8 +10 +12 +14 +16 +18".split(), strict=True)
    )


def test_a_signal():
    motion = mg.animate_conv([1.0, 2, 3, 4, 5], [2.0, -1, 3], upstream=[0.1, 0.2, 0.3])
    assert numbers(motion, "o") == [9, 13, 17]
    assert numbers(motion, "dx") == [0.2, 0.3, 0.7, 0.3, 0.9]
    assert numbers(motion, "dw") == [1.4, 2.0, 2.6]
    assert motion.steps[1]["text"] == "O[0] = 1×2 + 2×(-1) + 3×3 = 9"


def test_a_box_convolved_with_itself_is_a_triangle():
    motion = mg.animate_conv(np.ones(5), np.ones(5), padding=4, flip=True, phase="forward")
    assert numbers(motion, "o") == np.convolve(np.ones(5), np.ones(5)).tolist() == [1, 2, 3, 4, 5, 4, 3, 2, 1]
    levels = [motion.steps[k]["put"]["o"][0][1] for k in range(2, 11)]
    assert levels == ["p4", "p8", "p12", "p16", "p20", "p16", "p12", "p8", "p4"]


def test_true_convolution_flips_the_kernel_first():
    motion = mg.animate_conv(X, W, stride=2, flip=True)
    assert texts(motion, "flipped", 1) == [""] * 9
    assert numbers(motion, "flipped", 2) == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert motion.steps[2]["text"].startswith("O[0, 0] = 1×9 + 2×8 + 3×7\n")


# The engine's numbers, whatever the geometry


def inside(motion: Animation, key: str, padded: tuple[int, int], pads) -> np.ndarray:
    """A panel's numbers without its padding."""
    array = np.array(texts(motion, key)).reshape(padded)
    (top, bottom), (left, right) = pads
    return array[top : padded[0] - bottom, left : padded[1] - right].astype(float)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_the_final_numbers_are_the_engines(data):
    small = st.integers(1, 3)
    n, c, f, groups = (data.draw(st.integers(1, 2)) for _ in range(4))
    kernel, stride, dilation = ((data.draw(small), data.draw(small)) for _ in range(3))
    pads = tuple((data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))) for _ in range(2))
    size = tuple(data.draw(st.integers(d * (k - 1) + 1, 7)) for k, d in zip(kernel, dilation, strict=True))
    flip, bias = data.draw(st.booleans()), data.draw(st.booleans())
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))

    def draw(*shape):
        return rng.integers(-4, 5, shape) / 2

    x, w = Tensor(draw(n, c * groups, *size)), Tensor(draw(f * groups, c, *kernel))
    b = Tensor(draw(f * groups)) if bias else None
    how = {"stride": stride, "padding": pads, "dilation": dilation, "groups": groups, "flip": flip}
    out = mg.conv2d(x, w, b, **how)
    g = draw(*out.shape)
    out.backward(g)
    i, j, k = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, f * groups - 1)), data.draw(st.integers(0, c - 1))
    motion = mg.animate_conv(x, w, b, **how, upstream=g, image=i, filter=j, channel=k)
    padded = tuple(s + sum(p) for s, p in zip(size, pads, strict=True))
    np.testing.assert_array_equal(numbers(motion, "o"), out.data[i, j].ravel())
    np.testing.assert_array_equal(inside(motion, "dx", padded, pads), x.grad[i, j // f * c + k])
    np.testing.assert_array_equal(numbers(motion, "dw"), w.grad[j, k].ravel())
    if bias:
        assert numbers(motion, "db") == [b.grad[j]]
    # A sum that a step writes out is what it says, what other channels give included.
    for step in motion.steps[1 + flip : 1 + flip + out.data[i, j].size]:
        products, total = re.fullmatch(r"O\[\d+, \d+\] = (.*) = (\S+)", step["text"], re.DOTALL).groups()
        said = re.sub(r" from (channel \d+|the other \d+ channels)", "", products).replace("×", "*")
        assert eval(said.replace("\n", "")) == float(total)
    # Without what others add, the steps alone have summed up the engine's gradient.
    if n == f == 1:
        assert not any(
            re.search("other (filters|images)", step["text"]) for step in motion.steps[1 + out.data[i, j].size + flip :]
        )


def test_same_padding_of_a_signal_shows_as_many_outputs():
    motion = mg.animate_conv(np.arange(6.0), np.ones(4), padding="same")
    assert numbers(motion, "o") == mg.conv1d(np.arange(6.0)[None, None], np.ones((1, 1, 4)), padding="same")[0, 0].tolist()
    assert texts(motion, "x") == ["0", "0", "1", "2", "3", "4", "5", "0", "0"]
    assert [i for i in range(9) if f'id="x-{i}" class="cell p0 pad"' in motion.html] == [0, 7, 8]
    assert "padding (1, 2)" in motion.steps[0]["text"]


def test_other_channels_filters_and_images_are_told():
    x, w = Tensor(np.ones((2, 3, 4, 4))), Tensor(np.ones((5, 3, 2, 2)))
    motion = mg.animate_conv(x, w, np.zeros(5), channel=1)
    assert motion.steps[0]["text"].endswith("Showing one of 2 images, 5 filters, 3 channels.")
    assert motion.steps[1]["text"] == "O[0, 0] = 1×1 + 1×1\n+ 1×1 + 1×1\n+ 8 from the other 2 channels\n+ 0 = 12"
    assert "The other filters" in motion.steps[-2]["text"]
    assert "∂L/∂W and ∂L/∂b" in motion.steps[-2]["text"]
    assert numbers(motion, "dw") == [18] * 4


@pytest.mark.parametrize("mode", ["max", "avg"])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "ceil"),
    [(2, None, 0, False), (3, 2, 1, False), (3, 2, 1, True), (2, 3, 0, True), ((1, 3), (2, 1), 0, False)],
)
def test_pooling_ends_with_the_engines_numbers(mode, kernel, stride, padding, ceil):
    x = Tensor(np.random.default_rng(0).permutation(36).reshape(1, 1, 6, 6) / 2)
    out = (mg.max_pool2d if mode == "max" else mg.avg_pool2d)(x, kernel, stride, padding, ceil_mode=ceil)
    g = np.arange(1.0, 1 + out.size).reshape(out.shape)
    out.backward(g)
    motion = mg.animate_pool(x.data[0, 0], kernel, stride, padding, ceil_mode=ceil, mode=mode, upstream=g[0, 0], precision=9)
    np.testing.assert_allclose(numbers(motion, "o"), out.data.ravel(), atol=1e-8)
    shown = [float(text) for text in texts(motion, "dx") if text]
    np.testing.assert_allclose(shown, x.grad.ravel(), atol=1e-7)


def test_max_pooling_marks_the_winner_and_gives_it_all():
    motion = mg.animate_pool([[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 2.0]], 2, upstream=[[7.0, 9.0]])
    assert motion.steps[1]["text"] == "O[0, 0] = max(1, 5, 3, 4) = 5"
    assert motion.steps[1]["mark"]["x"] == {"on": [0, 1, 4, 5], "out": [1]}
    assert motion.steps[1]["note"] == {"x": [(1, "max")]}
    assert numbers(motion, "dx") == [0, 7, 9, 0, 0, 0, 0, 0]


def test_average_pooling_spreads_over_its_window():
    motion = mg.animate_pool([[1.0, 5.0, 2.0, 2.0], [3.0, 3.0, 2.0, 6.0]], 2, mode="avg", upstream=[[8.0, 4.0]])
    assert motion.steps[1]["text"] == "O[0, 0] = (1 + 5 + 3 + 3) / 4 = 3"
    assert motion.steps[4]["text"].endswith("receives 8 / 4 = 2.")
    assert numbers(motion, "dx") == [2, 2, 1, 1, 2, 2, 1, 1]


def test_padding_is_the_least_for_a_maximum_and_not_counted_where_told():
    assert texts(mg.animate_pool(-np.ones(4), 2, padding=1), "x") == ["−∞", "-1", "-1", "-1", "-1", "−∞"]
    motion = mg.animate_pool(np.ones((2, 2)), 2, padding=1, mode="avg", count_include_pad=False)
    assert motion.steps[1]["text"] == "O[0, 0] = (1) / 1 (the padding is not counted) = 1"


# What is shown of what


def test_phases():
    forward, backward = example(phase="forward"), example(phase="backward")
    assert len(forward.steps) == 5
    assert 'id="dx"' not in forward.html
    assert len(backward.steps) == 6
    assert numbers(backward, "o", 0) == [411.5, 501.5, 861.5, 951.5]
    assert numbers(backward, "dx") == np.ravel(DX).tolist()


def test_a_photograph_goes_by_rows_without_numbers():
    photo = np.random.default_rng(0).uniform(-1, 1, (64, 64))
    motion = mg.animate_conv(photo, [[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], padding="same")
    assert len(motion.steps) == 131
    assert len(motion.html) < 3e6
    assert "<text" not in motion.html.split('<svg id="o"')[1].split("</svg>")[0]
    assert numbers(motion, "w") == [-1, 0, 1, -2, 0, 2, -1, 0, 1]
    assert "<text" not in mg.animate_pool(photo[:28, :28], 2).html  # nor in 14 × 14 beside 28 × 28
    x, w = Tensor(photo[None, None]), Tensor([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]])
    out = mg.conv2d(x, w, padding="same")
    out.sum().backward()
    assert shades(motion, "o", 64) == pytest.approx(20 * out.data[0, 0] / np.abs(out.data).max(), abs=1)
    assert shades(motion, "dx", 66)[1:-1, 1:-1] == pytest.approx(20 * x.grad[0, 0] / np.abs(x.grad).max(), abs=1)
    assert numbers(motion, "dw") == pytest.approx(w.grad.ravel(), abs=0.005)


@pytest.mark.parametrize("mode", ["max", "avg"])
def test_pooling_of_a_photograph_by_rows(mode):
    x = Tensor(np.random.default_rng(0).uniform(-1, 1, (1, 1, 32, 32)))
    out = (mg.max_pool2d if mode == "max" else mg.avg_pool2d)(x, 3, 2)
    g = np.random.default_rng(1).normal(size=out.shape)
    out.backward(g)
    motion = mg.animate_pool(x, 3, 2, mode=mode, upstream=g)
    assert len(motion.steps) == 33
    assert shades(motion, "dx", 32) == pytest.approx(20 * x.grad[0, 0] / np.abs(x.grad).max(), abs=1)


def shades(motion: Animation, key: str, side: int) -> np.ndarray:
    """The last shades of a square panel without numbers, from -20 to 20; nothing in its padding."""
    found = {i: level for step in motion.steps for i, level in step.get("put", {}).get(key, [])}
    sizes = [int(level[1:]) * (-1 if level[0] == "n" else 1) for level in (found.get(i, "p0") for i in range(side**2))]
    return np.array(sizes).reshape(side, side)


def test_numbers_that_are_none():
    motion = mg.animate_conv([1.0, np.nan, np.inf, 4.0], [1.0, -1.0])
    assert texts(motion, "o") == ["nan", "nan", "∞"]
    assert texts(motion, "dx") == ["1", "0", "0", "-1"]
    motion = mg.animate_conv(np.full((1, 2, 3), np.inf), np.ones((1, 2, 2)), upstream=np.zeros((1, 1, 2)))
    assert texts(motion, "o") == ["∞", "∞"]
    assert texts(motion, "dw") == ["nan", "nan"]


def test_integers_and_float32_and_single_numbers():
    assert numbers(mg.animate_conv([[3]], [[2]], 1), "o") == [7]
    assert numbers(mg.animate_conv(np.float32([1, 2, 3]), np.float32([1, 1])), "o") == [3, 5]


def test_nothing_is_recorded_on_the_tensors():
    x, w = Tensor(X), Tensor(W)
    with mg.no_grad():
        mg.animate_conv(x, w)
    assert x.grad is None
    assert w.grad is None


# What cannot be shown


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mg.animate_conv(X, W[0]), r"shapes \(W,\) or \(H, W\).*; got \(5, 5\) and \(3,\)"),
        (lambda: mg.animate_conv(W, X), "is larger than x"),
        (lambda: mg.animate_conv(X, W, upstream=[1.0]), r"upstream has shape \(1,\), but the output has \(3, 3\)"),
        (lambda: mg.animate_conv(X, W, phase="up"), "phase is 'both'"),
        (lambda: mg.animate_conv(X, W, precision=-1), "precision is an integer"),
        (lambda: mg.animate_conv(X, W, [1.0, 2.0]), "bias needs shape"),
        (lambda: mg.animate_conv(np.ones((150, 150)), W), r"too large to be shown.*at most 20000.*take a part"),
        (lambda: mg.animate_conv(np.ones(300), [1.0]), "200 along an axis"),
        (lambda: mg.animate_conv(np.ones((0, 5)), W), "empty axis"),
        (lambda: mg.animate_pool(X, 6), "does not fit"),
        (lambda: mg.animate_pool(X, 2, mode="min"), "mode is 'max' or 'avg'"),
        (lambda: mg.animate_pool(X, 2, mode="avg", dilation=2), "no dilation"),
        (lambda: mg.animate_pool(3.0, 2), r"shape \(W,\), \(H, W\), .*got \(\)"),
        (lambda: example().loop(0), "positive number"),
        (lambda: mg.animate_conv(np.ones((64, 64)), W).loop(), "too many for one picture"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_there_is_no_such_image():
    with pytest.raises(IndexError, match="image 2 is out of range, there are 2"):
        mg.animate_conv(np.ones((2, 1, 3, 3)), np.ones((1, 1, 2, 2)), image=2)
    with pytest.raises(IndexError, match="channel -2 is out of range, there is 1"):
        mg.animate_pool(X, 2, channel=-2)


def test_data_that_are_no_numbers():
    with pytest.raises(TypeError, match="animate_conv: expected numbers"):
        mg.animate_conv("image", W)


def test_panels_name_the_image_filter_and_channel_they_show():
    x, w = np.ones((2, 3, 4, 4)), np.ones((5, 3, 2, 2))
    page = mg.animate_conv(x, w, image=1, filter=4, channel=2).html
    for caption in ("4 × 4, image 1, channel 2", "2 × 2, filter 4, channel 2", "3 × 3, image 1, filter 4"):
        assert caption in page
    assert "channel 0" not in mg.animate_conv(x[0, 0], w[0, 0]).html
