"""Complex parameters: every optimiser descends along the conjugate of the gradient, by |g|²."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, optim

C = np.array([1.0 + 2.0j, -0.5 + 0.3j, 2.0 - 1.0j])
START = np.array([0.5 - 1j, 1j, -2.0])

# Settings by which each optimiser reaches the minimum, and the largest distance from it that is left.
OPTIMISERS: list[tuple[str, dict[str, Any], float]] = [
    ("SGD", {"lr": 0.1}, 1e-12),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "nesterov": True}, 1e-12),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "dampening": 0.2}, 1e-12),
    ("RMSprop", {"lr": 0.01}, 0.02),
    ("RMSprop", {"lr": 0.01, "momentum": 0.5, "centered": True}, 0.1),
    ("Adagrad", {"lr": 1.0}, 1e-9),
    ("Adadelta", {"eps": 1e-2}, 1e-9),
    ("Adam", {"lr": 0.1}, 1e-6),
    ("Adam", {"lr": 0.1, "amsgrad": True}, 1e-6),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.0}, 1e-6),
    ("Lion", {"lr": 0.01}, 0.05),
]

# PyTorch 2.13: 5 steps of the loss 0.1 |w² - c|² from START.
TORCH: list[tuple[dict[str, Any], list[complex]]] = [
    ({"lr": 0.1},
     [0.19440495054946103 - 0.5679889707283554j, 0.05161480660304019 + 0.9181390295535872j,
      -1.5886546468076306 + 0.23635855681918289j]),
    ({"lr": 0.1, "momentum": 0.9},
     [-0.27945405908992565 + 0.08936069691845402j, 0.1323678976226631 + 0.7914058603583921j,
      -0.9965980548053385 + 0.567133834639548j]),
    ({"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
     [-0.033429052786058025 - 0.22414102400402403j, 0.08353127364950011 + 0.7955814342646201j,
      -1.221733612252059 + 0.3809258247068674j]),
    ({"lr": 0.01, "maximize": True, "weight_decay": 0.1},
     [0.5416850802543974 - 1.063023356479052j, -0.006072783321026936 + 1.0051059795641217j,
      -2.0761982182347682 - 0.04254050651293813j]),
]  # fmt: skip


def train(w: Tensor, optimiser: optim.Optimizer, steps: int, loss: Any) -> None:
    for _ in range(steps):
        optimiser.zero_grad()
        loss(w).backward()
        optimiser.step()


def distance(w: Any) -> Any:
    return (abs(w - C) ** 2).sum()


def test_every_optimiser_is_tried():
    kinds = {n for n in optim.__all__ if isinstance(k := getattr(optim, n), type) and issubclass(k, optim.Optimizer)}
    assert {name for name, _, _ in OPTIMISERS} == kinds - {"Optimizer"}


@pytest.mark.parametrize(("name", "settings", "left"), OPTIMISERS)
def test_every_optimiser_finds_the_nearest_number(name: str, settings: dict[str, Any], left: float):
    w = Tensor(START)
    train(w, getattr(optim, name)([w], **settings), 1000, distance)
    assert np.max(np.abs(w.data - C)) < left


@pytest.mark.parametrize(("settings", "expected"), TORCH)
def test_gradient_descent_is_pytorchs(settings: dict[str, Any], expected: list[complex]):
    w = Tensor(START)
    train(w, optim.SGD([w], **settings), 5, lambda w: 0.1 * (abs(w * w - C) ** 2).sum())
    np.testing.assert_allclose(w.data, expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "settings", "left"), OPTIMISERS)
def test_a_real_problem_in_complex_numbers_is_the_real_one_turned(name: str, settings: dict[str, Any], left: float):
    turn, steps = np.exp(0.7j), 7
    settings = {**settings, "weight_decay": 0.1}
    real, complex_ = Tensor(C.real), Tensor(C.real * turn)
    train(real, getattr(optim, name)([real], **settings), steps, lambda w: ((w - 3.0) ** 2).sum())
    optimiser = getattr(optim, name)([complex_], **settings)
    train(complex_, optimiser, steps, lambda w: (abs(w - 3.0 * turn) ** 2).sum())
    np.testing.assert_allclose(complex_.data, real.data * turn, rtol=1e-7)
    for slot in {"square_avg", "sum", "acc_delta", "exp_avg_sq", "max_exp_avg_sq"} & optimiser.state[complex_].keys():
        assert np.all(optimiser.state[complex_][slot].imag == 0)


@pytest.mark.parametrize(("name", "settings", "left"), OPTIMISERS)
def test_blocks_layouts_scalars_and_single_precision(
    name: str, settings: dict[str, Any], left: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("minigrad.optim.optimizer.BLOCK", 2)
    rows, columns, single = Tensor(np.tile(START, (2, 1))), Tensor(np.zeros((2, 3), complex)), Tensor(START[0])
    columns.value = np.asfortranarray(rows.value)
    low = Tensor(START.astype(np.complex64))
    optimiser = getattr(optim, name)([rows, columns, single, low], **settings)
    g = np.array([1 - 2j, 0.5j, 2.0])
    for _ in range(3):
        rows.grad, columns.grad = np.tile(g, (2, 1)), np.asfortranarray(np.tile(g, (2, 1)))
        single.grad, low.grad = g[0], g.astype(np.complex64)
        optimiser.step()
    np.testing.assert_allclose(low.grad, g)
    np.testing.assert_array_equal(rows.data, columns.data)
    np.testing.assert_allclose(single.data, rows.data[0, 0], rtol=1e-14)
    np.testing.assert_allclose(low.data, rows.data[0], rtol=1e-4)
    assert {v.dtype for k, v in optimiser.state[low].items() if k != "step"} | {low.dtype} == {np.dtype(np.complex64)}


def test_state_continues_and_does_not_fit_a_real_parameter():
    w = Tensor(START)
    straight = Tensor(START)
    train(straight, optim.Adam([straight], lr=0.1), 20, distance)
    adam = optim.Adam([w], lr=0.1)
    train(w, adam, 10, distance)
    again = optim.Adam([w])
    again.load_state_dict(adam.state_dict())
    train(w, again, 10, distance)
    np.testing.assert_array_equal(w.data, straight.data)
    real = optim.Adam([Tensor(C.real)])
    with pytest.raises(ValueError, match="parameter 0 is float64, saved were complex numbers"):
        real.load_state_dict(adam.state_dict())
    assert real.state == {}


def test_a_complex_gradient_of_a_real_parameter_is_refused():
    w = Tensor(C.real)
    sgd = optim.SGD([w], lr=0.1)
    w.grad = C
    with pytest.raises(ValueError, match="is real and has a complex gradient; pass its real part"):
        sgd.step()
    np.testing.assert_array_equal(w.data, C.real)


def test_clipping():
    w, x = Tensor(START, name="w"), Tensor([1.0, 2.0])
    w.grad, x.grad = np.array([3 + 4j, 0, 0]), np.array([12.0, 0.0])
    with pytest.raises(TypeError, match=r"clip_grad_value_: tensor 'w' .* has a complex gradient.*use clip_grad_norm_"):
        optim.clip_grad_value_([x, w], 1.0)
    np.testing.assert_array_equal(x.grad, [12, 0])
    assert optim.clip_grad_norm_([w, x], 6.5) == 13
    np.testing.assert_allclose(w.grad, [1.5 + 2j, 0, 0], rtol=1e-6)
    assert optim.clip_grad_norm_([w], 1.0, norm_type=np.inf) == pytest.approx(2.5)
