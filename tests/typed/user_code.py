"""Code as users write it, read by mypy and never run: right uses pass, and each wrong one is an error of the kind it names.

An ignored error that mypy does not find is an error itself (`warn_unused_ignores`), so a wrong use that passes fails the check.
"""

from __future__ import annotations

from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from minigrad import Tensor, nn, optim

# Right

x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="x")
w: Tensor = Tensor(np.ones(2))
assert_type(x + 1, Tensor)
assert_type(2.0 * x, Tensor)
assert_type(x @ w, Tensor)
assert_type(mg.exp(x), Tensor)
assert_type(mg.maximum(x, 0.0), Tensor)
assert_type(mg.maximum([1.0, 2.0], x), Tensor)
assert_type(mg.clip(x, 0, 1), Tensor)
assert_type(mg.mean(x, axis=(0, 1), keepdims=True), Tensor)
assert_type(x.sum(0, keepdims=True), Tensor)
assert_type(mg.softmax(x, axis=0), Tensor)
assert_type(mg.norm(x, axis=0), Tensor)
assert_type(mg.reshape(x, (4,)), Tensor)
assert_type(mg.matmul(x, np.ones(2)), Tensor)
assert_type(mg.linalg.inv(x), Tensor)
(x @ w).sum().backward()
x.backward(np.ones((2, 2)), retain_graph=False)
numbers: float = (x * x).sum().item()
rows, columns = x.shape
mg.draw(x).save("graph.svg")


assert_type(mg.nn.Linear(2, 3), nn.Linear)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return mg.relu(self.first(x))


net = Net()
step = optim.Adam(net.parameters(), lr=1e-3)
step.step()


@mg.op(elementwise=True)
def cube(x: NDArray[np.float64], /) -> NDArray[np.float64]:
    return x * x * x


cube.rules(lambda g, out, x: 3 * g * x * x)
assert_type(cube(x), Tensor)

# Wrong

mg.exp()  # type: ignore[call-arg]
mg.exp(x, x)  # type: ignore[call-arg]
mg.exp(x, base=2)  # type: ignore[call-arg]
mg.maximum(x)  # type: ignore[call-arg]
mg.mean(x, keepdim=True)  # type: ignore[call-arg]
mg.sum(x, axis="rows")  # type: ignore[arg-type]
mg.nansum(x, keepdim=True)  # type: ignore[call-arg]
mg.argmax(x, axes=1)  # type: ignore[call-arg]
mg.softmax(x, dim=1)  # type: ignore[call-arg]
mg.quantile(x)  # type: ignore[call-arg]
mg.interp(x, [0.0, 1.0])  # type: ignore[call-arg]
mg.concatenate(x, x)  # type: ignore[arg-type]
mg.norm(x, keepdim=True)  # type: ignore[call-arg]
mg.norm(x, axis="rows")  # type: ignore[arg-type]
mg.reshape(x, shape="flat")  # type: ignore[arg-type]
mg.conv2d(x)  # type: ignore[call-arg]
mg.conv2d(x, w, strides=2)  # type: ignore[call-arg]
mg.max_pool2d(x, kernel=2)  # type: ignore[call-arg]
mg.cross_entropy(x)  # type: ignore[call-arg]
mg.grad(3)  # type: ignore[arg-type]
mg.draw(x, directon="LR")  # type: ignore[call-arg]
mg.no_such_operation(x)  # type: ignore[attr-defined]
cube(x, 2.0)  # type: ignore[call-arg]
x.sum(keepdim=True)  # type: ignore[call-arg]
x.mean(axis="rows")  # type: ignore[arg-type]
x.exp(2)  # type: ignore[call-arg]
x.clip(0, 1, 2)  # type: ignore[call-arg]
x.no_such_method()  # type: ignore[attr-defined]
x.backward(retain=True)  # type: ignore[call-arg]
nn.Linear(2)  # type: ignore[call-arg]
nn.Linear("2", 3)  # type: ignore[arg-type]
optim.Adam(net.parameters(), lr="fast")  # type: ignore[arg-type]
optim.Adam(net.parameters(), rate=0.1)  # type: ignore[call-arg]
