"""The worked examples: cs231n's lecture on backpropagation number for number, image filters, and two small networks."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

import minigrad as mg
from minigrad import Tensor


def test_sum_times_z():
    x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    q = x + y
    f = q * z
    f.backward()
    assert (q.item(), f.item()) == (3, -12)
    assert (x.grad, y.grad, z.grad, q.grad) == (-4, -4, 3, -4)


@pytest.mark.parametrize("fused", [False, True])
def test_sigmoid_circuit(fused):
    w0, w1, w2, x0, x1 = (Tensor(v) for v in (2.0, -3.0, -3.0, -1.0, -2.0))
    s = w0 * x0 + w1 * x1 + w2
    if fused:
        f = mg.sigmoid(s)
        f.backward()
    else:
        n = -s
        e = mg.exp(n)
        d = e + 1
        f = mg.reciprocal(d)
        f.backward()
        tail = [t.grad for t in (f, d, e, n, s)]
        np.testing.assert_allclose(tail, [1, -0.53, -0.53, -0.20, 0.20], atol=0.005)
    np.testing.assert_allclose(f.item(), 0.73, atol=0.002)
    np.testing.assert_allclose(
        [t.grad for t in (w0, x0, w1, x1, w2)], [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966], atol=5e-5
    )
    np.testing.assert_allclose(((1 - f) * f).item(), 0.1966, atol=5e-5)


def test_add_distributes_max_routes_mul_switches():
    x, y, z, w = Tensor(3.0), Tensor(-4.0), Tensor(2.0), Tensor(-1.0)
    f = 2 * (x * y + mg.maximum(z, w))
    f.backward()
    assert f.item() == -20
    assert (x.grad, y.grad, z.grad, w.grad) == (-8, 6, 2, 0)


def test_squared_length_of_a_product():
    w, x = Tensor([[0.1, 0.5], [-0.3, 0.8]]), Tensor([0.2, 0.4])
    q = w @ x
    f = (q**2).sum()
    f.backward()
    np.testing.assert_allclose(q.data, [0.22, 0.26])
    np.testing.assert_allclose(f.item(), 0.116)
    np.testing.assert_allclose(q.grad, [0.44, 0.52])
    np.testing.assert_allclose(w.grad, [[0.088, 0.176], [0.104, 0.208]])
    np.testing.assert_allclose(x.grad, [-0.112, 0.636])


def test_the_full_jacobian_of_softmax():
    z = Tensor([0.5, -1.0, 2.0])
    p = mg.softmax(z)
    rows = []
    for k in range(3):
        z.zero_grad()
        p.backward(np.eye(3)[k])
        rows.append(z.grad)
    q = p.data
    np.testing.assert_allclose(rows, np.diag(q) - np.outer(q, q), rtol=1e-12)


def test_binary_cross_entropy_gate_by_gate():
    for y in (0.0, 1.0, 0.3):
        z = Tensor(0.7)
        p = mg.sigmoid(z)
        loss = -(y * mg.log(p) + (1 - y) * mg.log(1 - p))
        loss.backward()
        np.testing.assert_allclose(p.grad, -y / p.data + (1 - y) / (1 - p.data))
        np.testing.assert_allclose(z.grad, p.data - y)


@pytest.mark.parametrize("kernel", [
    np.full((3, 3), 1 / 9),  # box blur
    np.outer([1, 2, 1], [1, 2, 1]) / 16,  # Gaussian
    np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),  # sharpen
    np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]]),  # emboss
    np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),  # Sobel, vertical edges
])  # fmt: skip
def test_an_image_kernel_is_a_filter(kernel):
    image = np.random.default_rng(0).uniform(size=(12, 9))
    for flip, theirs in ((False, scipy.ndimage.correlate), (True, scipy.ndimage.convolve)):
        ours = mg.conv2d(image[None, None], Tensor(kernel[None, None]), padding="same", flip=flip)
        np.testing.assert_allclose(ours.data[0, 0], theirs(image, kernel, mode="constant"), atol=1e-14)


def test_a_convolution_padded_to_its_size_with_sigmoid_and_average_pooling():
    rng = np.random.default_rng(0)
    image = rng.uniform(size=(1, 1, 28, 28))
    k, b = Tensor(rng.normal(size=(2, 1, 5, 5)) / 5), Tensor(rng.normal(size=2))
    convolved = mg.conv2d(image, k, b, padding=2)
    pooled = mg.avg_pool2d(mg.sigmoid(convolved), 2)
    assert convolved.shape == (1, 2, 28, 28)
    assert pooled.shape == (1, 2, 14, 14)
    pooled.sum().backward()
    out = 1 / (1 + np.exp(-convolved.data))
    np.testing.assert_allclose(convolved.grad, 0.25 * out * (1 - out))
    np.testing.assert_allclose(b.grad, convolved.grad.sum((0, 2, 3)))
    assert mg.gradcheck(lambda k, b: mg.avg_pool2d(mg.sigmoid(mg.conv2d(image, k, b, padding=2)), 2).sum((0, 2, 3)), k, b)


def test_the_small_network_with_average_pooling():
    rng = np.random.default_rng(0)
    images, targets = rng.uniform(size=(3, 1, 28, 28)), np.eye(10)[[3, 1, 4]]
    shapes = [(6, 1, 5, 5), (6,), (12, 6, 5, 5), (12,), (10, 192), (10,)]
    parameters = [Tensor(rng.normal(scale=0.2, size=shape)) for shape in shapes]
    seen = []

    def loss(k1, b1, k2, b2, w, b):
        c1 = mg.sigmoid(mg.conv2d(images, k1, b1))
        s1 = mg.avg_pool2d(c1, 2)
        c2 = mg.sigmoid(mg.conv2d(s1, k2, b2))
        s2 = mg.avg_pool2d(c2, 2)
        y = mg.sigmoid(mg.linear(mg.flatten(s2, 1), w, b))
        seen[:] = [t.shape[1:] for t in (c1, s1, c2, s2, y)]
        return 0.5 * ((y - targets) ** 2).sum()

    assert mg.gradcheck(loss, *parameters, order=1)
    assert seen == [(6, 24, 24), (6, 12, 12), (12, 8, 8), (12, 4, 4), (10,)]
    losses = []
    for _ in range(30):
        f = loss(*parameters)
        f.backward(retain_graph=False)
        losses.append(f.item())
        for p in parameters:
            p.data -= 0.5 * p.grad
            p.zero_grad()
    assert losses[-1] < 0.3 * losses[0]
