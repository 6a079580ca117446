"""The worked examples of cs231n's lecture on backpropagation, number for number."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor


def test_sum_times_z():
    x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0)
    q = x + y
    f = q * z
    f.backward()
    assert (float(q), float(f)) == (3, -12)
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
    np.testing.assert_allclose(float(f), 0.73, atol=0.002)
    np.testing.assert_allclose(
        [t.grad for t in (w0, x0, w1, x1, w2)], [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966], atol=5e-5
    )
    np.testing.assert_allclose(float((1 - f) * f), 0.1966, atol=5e-5)


def test_add_distributes_max_routes_mul_switches():
    x, y, z, w = Tensor(3.0), Tensor(-4.0), Tensor(2.0), Tensor(-1.0)
    f = 2 * (x * y + mg.maximum(z, w))
    f.backward()
    assert float(f) == -20
    assert (x.grad, y.grad, z.grad, w.grad) == (-8, 6, 2, 0)


def test_squared_length_of_a_product():
    w, x = Tensor([[0.1, 0.5], [-0.3, 0.8]]), Tensor([0.2, 0.4])
    q = w @ x
    f = (q**2).sum()
    f.backward()
    np.testing.assert_allclose(q.data, [0.22, 0.26])
    np.testing.assert_allclose(float(f), 0.116)
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
