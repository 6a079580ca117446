"""The Jacobian as a picture: its numbers, its structure, its size, and the product that takes its place."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor
from minigrad.draw.motion.jacobian_picture import JacobianDrawing

SPACE = "{http://www.w3.org/2000/svg}"
RNG = np.random.default_rng(0)


def numeric(f, x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """A Jacobian by central differences."""
    columns = []
    for i in range(x.size):
        d = np.zeros(x.shape)
        d.flat[i] = step
        columns.append((np.asarray(f(x + d)) - np.asarray(f(x - d))).ravel() / (2 * step))
    return np.stack(columns, 1)


SIGNAL, IMAGE = RNG.normal(size=8), RNG.normal(size=(5, 6))
KERNEL = np.array([[2.0, -1.0], [0.5, 3.0]])
FUNCTIONS = {
    "relu": (mg.relu, SIGNAL, "diagonal"),
    "softmax": (mg.softmax, SIGNAL, "full, symmetric"),
    "minibatch": (mg.softmax, IMAGE, "block diagonal, 5 blocks of 6 × 6"),
    "conv1d": (lambda x: mg.conv1d(x[None, None], [[[2.0, -1, 3]]]), SIGNAL, "banded Toeplitz"),
    "same": (lambda x: mg.conv1d(x[None, None], [[[2.0, -1, 3]]], padding=1), SIGNAL, "banded Toeplitz"),
    "strided": (lambda x: mg.conv1d(x[None, None], [[[2.0, -1, 3]]], stride=2), RNG.normal(size=13), "banded, each row shifted by 2"),
    "conv2d": (lambda x: mg.conv2d(x[None, None], KERNEL[None, None]), IMAGE, "block Toeplitz with Toeplitz blocks"),
    "strided2d": (lambda x: mg.conv2d(x[None, None], KERNEL[None, None], stride=(1, 2)), RNG.normal(size=(4, 7)), "block Toeplitz with Toeplitz blocks, shifted by 1 and 2"),
    "channels": (lambda x: mg.conv1d(x[None], np.arange(1.0, 13).reshape(3, 2, 2)), RNG.normal(size=(2, 6)), "6 blocks, each Toeplitz"),
    "pooling": (lambda x: mg.avg_pool1d(x[None], 2), SIGNAL, "block diagonal, 4 equal blocks of 1 × 2"),
    "max": (lambda x: mg.max_pool1d(x[None], 3, stride=1), SIGNAL, "a selection"),
    "linear": (lambda x: mg.linear(x, np.arange(1.0, 13).reshape(2, 6)), IMAGE, "block diagonal, 5 equal blocks of 2 × 6"),
    "matmul": (lambda x: np.arange(1.0, 25).reshape(3, 8) @ x, SIGNAL, "full"),
    "cumsum": (lambda x: mg.cumsum(x, 0), SIGNAL, "lower triangular"),
    "transpose": (lambda x: x.T, IMAGE, "a permutation"),
    "double": (lambda x: 2 * x, SIGNAL, "a multiple of the identity"),
    "reshape": (lambda x: x.reshape(-1), IMAGE, "the identity"),
    "sum": (lambda x: x.sum(), IMAGE, "a single row"),
    "broadcast": (lambda x: x * np.arange(1.0, 4), np.float64(2.0), "a single column"),
    "dead": (lambda x: mg.relu(-abs(x)), SIGNAL, "zero"),
    "nan": (lambda x: x * np.nan, SIGNAL, "not finite"),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numbers_and_structure(name):
    f, x, structure = FUNCTIONS[name]
    picture = mg.draw_jacobian(f, x)
    assert picture.structure == structure
    np.testing.assert_allclose(picture.matrix, numeric(f, np.asarray(x)), atol=1e-7)
    assert picture.matrix.shape == picture.shape
    np.testing.assert_allclose(picture.downstream.ravel(), picture.upstream.ravel() @ picture.matrix, atol=1e-12)


def test_a_full_matrix_with_a_hole_has_no_more_structure_than_it_shows():
    a = RNG.normal(size=(6, 6))
    a[2, 3] = 0
    assert mg.draw_jacobian(lambda x: a @ x, np.ones(6)).structure == "dense, with zeros"
    a = np.where(RNG.uniform(size=(9, 9)) < 0.2, 1.5, 0)
    a[0, 8] = a[8, 0] = 2
    assert mg.draw_jacobian(lambda x: a @ x, np.ones(9)).structure == "sparse"
    a = np.diag(np.arange(1.0, 9)) + np.diag(np.arange(7.0) ** 2 + 1, 1)
    assert mg.draw_jacobian(lambda x: a @ x, np.ones(8)).structure == "banded"


def test_a_tensor_in_the_middle_of_a_graph():
    x = Tensor([0.5, -1.0, 2.0], name="x")
    y = x * 2
    z = mg.softmax(y)
    loss = (z**2).sum()
    picture = mg.draw_jacobian(z, y, upstream=[1, 0, 0])
    q = z.data
    np.testing.assert_allclose(picture.matrix, np.diag(q) - np.outer(q, q), rtol=1e-12)
    np.testing.assert_allclose(picture.downstream, picture.matrix[0])
    assert x.grad is y.grad is z.grad is loss.grad is None
    loss.backward()
    np.testing.assert_allclose(mg.draw_jacobian(loss, x).matrix[0], x.grad)


def test_no_grad_does_not_keep_a_function_from_being_drawn():
    with mg.no_grad():
        assert mg.draw_jacobian(mg.relu, [1.0, -1.0]).structure == "diagonal"


@pytest.mark.parametrize(("shape", "size"), [((4096,), "134 MB"), ((100, 4096), "1.34 TB")])
def test_what_nobody_forms(shape, size):
    picture = mg.draw_jacobian(mg.relu, RNG.normal(size=shape))
    n = int(np.prod(shape))
    assert picture.shape == (n, n)
    assert picture.matrix.shape == (40, 40)
    assert picture.size_in_memory == size
    assert f"{n} × {n} elements, {size} in float64" in " ".join(picture.text)
    assert picture.text[0].startswith("The part of J that is shown is diagonal")
    assert f"{n} outputs × {n} inputs, the first 40 × 40" in picture.svg
    assert len(picture.svg) < 300_000


def test_a_part_tells_only_what_it_shows():
    picture = mg.draw_jacobian(mg.softmax, RNG.normal(size=(100, 8)))
    assert picture.text[0].startswith("The part of J that is shown is block diagonal, blocks of 8 × 8")
    assert mg.draw_jacobian(mg.softmax, RNG.normal(size=(100, 8)), size=8).structure == "full, symmetric"


def test_float32_takes_half():
    assert mg.draw_jacobian(mg.relu, RNG.normal(size=4096).astype(np.float32)).size_in_memory == "67.1 MB"


def test_the_picture_is_one_svg_with_all_numbers_as_text(tmp_path):
    picture = mg.draw_jacobian(*FUNCTIONS["conv1d"][:2])
    root = ElementTree.fromstring(picture.svg)
    assert [child.tag for child in root][:3] == [SPACE + "title", SPACE + "desc", SPACE + "style"]
    assert "banded Toeplitz" in root[0].text
    v, j, d = root.find(f"{SPACE}g").findall(f"{SPACE}g")
    for group, values in ((v, picture.upstream), (j, picture.matrix), (d, picture.downstream)):
        assert [float(t.text) for t in group.iter(f"{SPACE}text")] == values.ravel().round(2).tolist()
    assert not re.search(r"<script|on\w+=|href|url\(|@import", picture.svg)
    words = "".join(root.itertext())
    assert all(label in words for label in ("1 × 6", "6 outputs × 8 inputs", "1 × 8"))
    picture.save(tmp_path / "j.svg")
    assert (tmp_path / "j.svg").read_text() == picture.svg
    with pytest.raises(ValueError, match=r"ends in \.svg, got 'j.pdf'"):
        picture.save(tmp_path / "j.pdf")
    assert picture._repr_mimebundle_() == {"image/svg+xml": picture.svg, "text/plain": repr(picture)}


@pytest.mark.parametrize("name", ["</title><script>alert(1)</script>", "a\nb", "\"quoted\" & 'text'", "🦊", "x" * 10_000])
def test_any_name_is_text(name):
    x = Tensor(SIGNAL, name=name)
    root = ElementTree.fromstring(mg.draw_jacobian(mg.relu(x), x).svg)
    assert not list(root.iter(f"{SPACE}script"))
    assert len("".join(root[0].itertext())) < 100


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mg.draw_jacobian(3.0, [1.0]), TypeError, "f is a Tensor or a function"),
        (lambda: mg.draw_jacobian(lambda x: 3.0, [1.0]), TypeError, "the function returned float"),
        (
            lambda: mg.draw_jacobian(lambda x: Tensor([1.0]) * 2, [1.0]),
            ValueError,
            r"of shape \(1,\) does not depend on wrt",
        ),
        (lambda: mg.draw_jacobian(lambda x: x > 0, [1.0]), TypeError, "the function returned ndarray"),
        (lambda: mg.draw_jacobian(Tensor([1.0]) * 2, [1.0]), TypeError, "wrt is a tensor in the graph"),
        (lambda: mg.draw_jacobian(Tensor([1.0]) * 2, Tensor([1.0])), ValueError, "does not depend on wrt"),
        (lambda: mg.draw_jacobian(Tensor(np.array([1])) * 2, Tensor([1.0])), TypeError, "f, of shape .* has no gradient"),
        (lambda: mg.draw_jacobian(mg.relu, []), ValueError, "needs at least one element"),
        (lambda: mg.draw_jacobian(mg.relu, SIGNAL, upstream=[1.0]), ValueError, r"upstream has shape \(1,\)"),
        (lambda: mg.draw_jacobian(mg.relu, SIGNAL, size=0), ValueError, "size is an integer from 1 to 200"),
        (lambda: mg.draw_jacobian(mg.relu, SIGNAL, precision=1.5), TypeError, "precision is an integer"),
        (lambda: mg.draw_jacobian(mg.relu, "x"), TypeError, "expected numbers"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=f"draw_jacobian: .*{message}"):
        call()


def test_nothing_is_cut_off(browser, tmp_path):
    """In a browser, no text leaves its cell or the picture."""
    for name in ("softmax", "conv2d", "channels", "minibatch"):
        picture: JacobianDrawing = mg.draw_jacobian(*FUNCTIONS[name][:2])
        picture.save(tmp_path / "j.svg")
        browser.get((tmp_path / "j.svg").as_uri())
        over = browser.execute_script("""
            const page = document.documentElement.getBoundingClientRect();
            return [...document.querySelectorAll('text')].filter(t => {
              const cell = t.parentElement.matches('.cell') && t.parentElement.querySelector('rect').getBoundingClientRect();
              const room = cell || page, text = t.getBoundingClientRect();
              return text.left < room.left || text.right > room.right || text.bottom > room.bottom;
            }).map(t => t.textContent)""")
        assert not over
