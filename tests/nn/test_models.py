"""The networks that ``minigrad train`` knows: what they are made of, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn.models import MODELS, build

DIGITS, MNIST, CIFAR = (1, 8, 8), (1, 28, 28), (3, 32, 32)


@pytest.mark.parametrize("shape", [DIGITS, MNIST, CIFAR, (1, 4, 5), (2, 20, 33)])
@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_every_shape(name: str, shape: tuple[int, int, int]):
    model = build(name, shape, 7, np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(3, *shape)).astype(np.float32)
    out = model(x)
    assert out.shape == (3, 7)
    assert out.dtype == np.float32
    mg.cross_entropy(out, np.array([0, 3, 6])).backward()
    assert all(p.grad is not None and np.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_a_seed_repeats_the_first_weights(name: str):
    one, two, other = (build(name, DIGITS, 10, np.random.default_rng(seed)) for seed in (0, 0, 1))
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
    assert any((p.data != q.data).any() for p, q in zip(one.parameters(), other.parameters(), strict=True))


def shapes(name: str, shape: tuple[int, int, int]) -> list[tuple[int, ...]]:
    """What each layer with weights or pooling gives."""
    kinds = ("Conv2d", "AvgPool2d", "MaxPool2d", "Linear")
    return [row.out[1:] for row in build(name, shape, 10).summary((1, *shape)).rows if row.kind in kinds]


def test_the_sizes_of_the_classic_networks():
    assert shapes("cnn", MNIST) == [(6, 24, 24), (6, 12, 12), (12, 8, 8), (12, 4, 4), (10,)]
    lenet = [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120,), (84,), (10,)]
    assert shapes("lenet", MNIST) == lenet
    assert shapes("lenet", CIFAR) == lenet
    assert shapes("lenet", DIGITS) == [(6, 8, 8), (6, 4, 4), (16, 4, 4), (16, 2, 2), (120,), (84,), (10,)]
    count = {name: build(name, MNIST, 10).summary((1, *MNIST)).parameters for name in MODELS}
    # LeNet-5 is 61,706 where each map of its second layer sees all maps of the first; the others by hand.
    assert count["lenet"] == 61_706
    assert count["softmax"] == 784 * 10 + 10
    assert count["mlp"] == 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10
    assert count["cnn"] == 6 * 26 + 12 * (6 * 25 + 1) + 192 * 10 + 10
    assert sum(isinstance(layer, nn.Residual) for layer in build("resnet", CIFAR, 10).modules()) == 3


def test_the_small_network_is_what_it_is_written_out():
    """6 kernels, sigmoid, average pooling, 12 kernels, sigmoid, average pooling, 192 numbers to 10 outputs."""
    model = build("cnn", MNIST, 10, np.random.default_rng(0))
    k1, b1, k2, b2, w, b = (p.data for p in model.parameters())
    x = np.random.default_rng(1).normal(size=(2, 1, 28, 28)).astype(np.float32)

    def layer(x, kernels, bias):
        windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(2, 3))
        z = np.einsum("nchwij,fcij->nfhw", windows, kernels) + bias[:, None, None]
        s = 1 / (1 + np.exp(-z))
        return s.reshape(*s.shape[:2], s.shape[2] // 2, 2, s.shape[3] // 2, 2).mean(axis=(3, 5))

    vector = layer(layer(x, k1, b1), k2, b2).reshape(2, 192)
    np.testing.assert_allclose(model(x).data, vector @ w.T + b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "rate", "epochs"),
    [("softmax", 0.05, 40), ("mlp", 0.01, 15), ("lenet", 0.01, 30), ("cnn", 0.1, 40), ("resnet", 0.01, 8)],
)
def test_every_model_learns_some_digits_by_heart(name: str, rate: float, epochs: int):
    rng = np.random.default_rng(0)
    images, labels = mg.data.load_digits()[0][:60]
    model = build(name, DIGITS, 10, rng)
    batches = [(images[:30] * 2 - 0.6, labels[:30]), (images[30:] * 2 - 0.6, labels[30:])]
    history = nn.fit(model, batches, mg.cross_entropy, optim.Adam(model.parameters(), rate), epochs, progress=False)
    assert history["accuracy"][-1] > 0.9


@pytest.mark.parametrize(
    ("name", "shape", "classes", "message"),
    [
        ("alexnet", DIGITS, 10, "no model 'alexnet'; the models are softmax, mlp, lenet, cnn, resnet"),
        ("lenet", (1, 3, 8), 10, "at least 4 by 4, got"),
        ("lenet", (8, 8), 10, r"a shape \(C, H, W\)"),
        ("lenet", (0, 8, 8), 10, r"a shape \(C, H, W\)"),
        ("mlp", DIGITS, 0, "and classes, got 0"),
    ],
)
def test_what_cannot_be_built_is_refused(name: str, shape: tuple[int, int, int], classes: int, message: str):
    with pytest.raises(ValueError, match=message):
        build(name, shape, classes)
