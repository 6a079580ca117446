"""Optimisers, schedules and clipping: PyTorch's numbers, state that continues, and what is refused."""

from __future__ import annotations

import copy
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from optim_numbers import CLIPPED, GROUPS, OPTIMISERS, PLATEAU, SCHEDULES, SEQUENCE

import minigrad as mg
from minigrad import Tensor, optim

X = np.sin(np.arange(10.0) * 0.7).reshape(5, 2)
Y = np.cos(np.arange(5.0))
KINDS = [(name, {**settings}) for name, settings, _ in OPTIMISERS] + [("Lion", {"lr": 0.01, "weight_decay": 0.1})]


def weights() -> list[Tensor]:
    return [Tensor(np.cos(np.arange(6.0) * 1.3).reshape(3, 2), name="w1"), Tensor([0.5, -0.3, 0.8], name="w2")]


def loss_of(w1: Any, w2: Any) -> Any:
    return mg.mean((mg.tanh(X @ w1.T) @ w2 - Y) ** 2)


def train(optimiser: optim.Optimizer, parameters: list[Tensor], steps: int) -> Any:
    for _ in range(steps):
        optimiser.zero_grad()
        loss_of(*parameters).backward()
        optimiser.step()
    return np.concatenate([p.data.ravel() for p in parameters])


# Updates


@pytest.mark.parametrize(("name", "settings", "expected"), OPTIMISERS)
def test_a_hundred_steps_are_pytorchs(name: str, settings: dict[str, Any], expected: list[float]):
    parameters = weights()
    found = train(getattr(optim, name)(parameters, **settings), parameters, 100)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def test_groups_have_settings_of_their_own():
    w1, w2 = parameters = weights()
    adam = optim.Adam([{"params": [w1], "lr": 0.02}, {"params": w2, "betas": (0.8, 0.95)}], lr=0.01)
    np.testing.assert_allclose(train(adam, parameters, 100), GROUPS, rtol=1e-11)


def test_lion_is_its_formula():
    parameters = weights()
    lion = optim.Lion(parameters, lr=0.01, betas=(0.8, 0.9), weight_decay=0.1)
    w, m = [p.data.copy() for p in parameters], [np.zeros(p.shape) for p in parameters]
    for _ in range(20):
        train(lion, parameters, 1)
        leaves = [Tensor(v) for v in w]
        loss_of(*leaves).backward()
        for i, leaf in enumerate(leaves):
            w[i] = w[i] - 0.01 * (np.sign(0.8 * m[i] + 0.2 * leaf.grad) + 0.1 * w[i])
            m[i] = 0.9 * m[i] + 0.1 * leaf.grad
        for p, v in zip(parameters, w, strict=True):
            np.testing.assert_allclose(p.data, v, rtol=1e-12)


@pytest.mark.parametrize(("name", "settings"), KINDS)
def test_blocks_change_nothing(name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    results = []
    for block in (1 << 15, 4):
        monkeypatch.setattr("minigrad.optim.optimizer.BLOCK", block)
        parameters = weights()
        results.append(train(getattr(optim, name)(parameters, **settings), parameters, 5))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(("name", "settings"), KINDS)
def test_any_layout_and_numbers_alone(name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("minigrad.optim.optimizer.BLOCK", 4)
    rows, columns, single = Tensor(np.ones((3, 4))), Tensor(np.ones((3, 4))), Tensor(1.0)
    columns.value = np.asfortranarray(columns.value)
    optimiser = getattr(optim, name)([rows, columns, single], **settings)
    g = np.arange(1.0, 13.0).reshape(3, 4) / 10
    for _ in range(3):
        rows.grad, columns.grad, single.grad = g, np.asfortranarray(g), np.float64(0.1)
        optimiser.step()
    np.testing.assert_array_equal(rows.data, columns.data)
    assert type(single.data) is np.float64
    np.testing.assert_allclose(single.data, rows.data[0, 0], rtol=1e-14)


@pytest.mark.parametrize(("name", "settings"), KINDS)
def test_float32_stays_float32_and_the_gradient_is_not_touched(name: str, settings: dict[str, Any]):
    w = Tensor(np.ones(5, np.float32))
    optimiser = getattr(optim, name)([w], **settings)
    for _ in range(2):
        w.grad = np.arange(5, dtype=np.float32)
        optimiser.step()
        np.testing.assert_array_equal(w.grad, np.arange(5))
    assert w.dtype == np.float32
    arrays = [v for v in optimiser.state[w].values() if isinstance(v, np.ndarray)]
    assert all(v.dtype == np.float32 for v in arrays)


def test_a_step_is_in_place_and_needs_no_room():
    w = Tensor(np.ones(1 << 20, np.float32))
    w.grad = np.ones(1 << 20, np.float32)
    adam, memory = optim.Adam([w]), w.data
    adam.step()
    tracemalloc.start()
    adam.step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert np.shares_memory(memory, w.data)


def test_a_sweep_sees_that_a_step_was_made():
    for w in (Tensor([1.0, 2.0], name="w"), Tensor(3.0, name="w")):
        sgd = optim.SGD([w], lr=0.1)
        loss = (w * w).sum() if w.ndim else w * w
        loss.backward()
        sgd.step()
        with pytest.raises(RuntimeError, match=r"tensor 'w' .* was updated in place"):
            loss.backward()


def test_values_that_others_may_not_see_changed_are_copied():
    x = Tensor([1.0, 2.0])
    y = x * 2
    w = y.detach()
    w.requires_grad = True
    w.grad = np.ones(2)
    optim.SGD([w], lr=1.0).step()
    np.testing.assert_array_equal(w.data, [1, 3])
    np.testing.assert_array_equal(y.data, [2, 4])


def test_what_has_no_gradient_stays():
    w1, w2 = weights()
    before = w2.data.copy()
    adam = optim.AdamW([w1, w2])
    w1.grad = np.ones((3, 2))
    adam.step()
    np.testing.assert_array_equal(w2.data, before)
    assert w2 not in adam.state


def test_a_recorded_gradient_will_do():
    w = Tensor(3.0)
    (w * w).backward(create_graph=True)
    optim.SGD([w], lr=0.5).step()
    assert w.data == 0


def test_zero_grad():
    w1, w2 = weights()
    sgd = optim.SGD([w1, w2], lr=0.1)
    w1.grad = np.ones((3, 2))
    sgd.zero_grad(set_to_none=False)
    np.testing.assert_array_equal(w1.grad, np.zeros((3, 2)))
    assert w2.grad is None
    sgd.zero_grad()
    assert w1.grad is None


def test_divergence_shows_no_warning():
    w = Tensor(np.array([1e30], np.float32))
    adam = optim.Adam([w])
    w.grad = np.array([1e30], np.float32)
    adam.step()
    w.grad = np.array([np.nan], np.float32)
    adam.step()
    assert np.isnan(w.data).all()


# State


@pytest.mark.parametrize(("name", "settings"), KINDS)
def test_state_continues_to_the_same_numbers(name: str, settings: dict[str, Any]):
    kind = getattr(optim, name)
    parameters = weights()
    straight = train(kind(parameters, **settings), parameters, 20)
    parameters = weights()
    first = kind(parameters, **settings)
    train(first, parameters, 10)
    saved = first.state_dict()
    kept = copy.deepcopy(saved)
    values = [p.data.copy() for p in parameters]
    train(first, parameters, 3)
    assert repr(saved) == repr(kept)  # copies: training on leaves them alone
    parameters = [Tensor(v) for v in values]
    second = kind(parameters, **{**settings, "lr": 123.0})
    second.load_state_dict({"state": {str(k): v for k, v in saved["state"].items()}, "param_groups": saved["param_groups"]})
    np.testing.assert_array_equal(train(second, parameters, 10), straight)


def test_state_holds_only_arrays_and_numbers():
    parameters = weights()
    adam = optim.Adam(parameters, amsgrad=True)
    train(adam, parameters, 2)
    state = adam.state_dict()
    assert list(state["state"]) == [0, 1]
    assert state["state"][0]["step"] == 2
    assert {type(v) for v in state["state"][1].values()} == {int, np.ndarray}
    assert state["param_groups"][0]["params"] == [0, 1]
    assert all(isinstance(v, int | float | bool | tuple | list) for v in state["param_groups"][0].values())


def test_a_state_that_does_not_fit_changes_nothing():
    parameters = weights()
    adam = optim.Adam(parameters)
    train(adam, parameters, 2)
    good, before = adam.state_dict(), repr(adam.state_dict())
    other = optim.Adam([Tensor(np.ones((2, 2))), Tensor(np.ones(3))])
    with pytest.raises(ValueError, match=r"parameter 0 is \(2, 2\), saved were"):
        other.load_state_dict(good)
    assert other.state == {}
    with pytest.raises(ValueError, match=r"groups have \[1\] parameters, saved were \[2\].*no parameter 1"):
        optim.Adam([Tensor(np.ones((3, 2)))]).load_state_dict(good)
    with pytest.raises(ValueError, match=r"settings .*'amsgrad'.* are not in both"):
        optim.SGD(weights()).load_state_dict(good)
    bad = copy.deepcopy(good)
    del bad["state"][1]["exp_avg"]
    with pytest.raises(ValueError, match="parameter 1 keeps"):
        adam.load_state_dict(bad)
    assert repr(adam.state_dict()) == before


# What is refused


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.SGD([]), ValueError, "no parameters to optimise"),
        (lambda: optim.SGD(Tensor(1.0)), TypeError, "put the tensor into a list"),
        (lambda: optim.SGD([np.ones(2)]), TypeError, "parameters must be tensors, got ndarray"),
        (
            lambda: optim.SGD([Tensor(1.0) * 2]),
            ValueError,
            "cannot be optimised: it is recorded, or not of a floating or complex dtype",
        ),
        (
            lambda: optim.SGD([Tensor(np.ones(2, int))]),
            ValueError,
            "cannot be optimised: it is recorded, or not of a floating or complex dtype",
        ),
        (lambda: optim.SGD([Tensor(1.0)] * 2), ValueError, "given twice"),
        (lambda: optim.SGD([Tensor(1.0)], lr=-1), ValueError, "lr must be at least 0, got -1"),
        (lambda: optim.SGD([Tensor(1.0)], lr=math.nan), ValueError, "lr must be at least 0, got nan"),
        (lambda: optim.Adam([Tensor(1.0)], betas=0.9), TypeError, "betas must be two numbers, got 0.9"),
        (lambda: optim.SGD([Tensor(1.0)], lr="fast"), TypeError, "SGD: lr must be a number, got 'fast'"),
        (lambda: optim.SGD(mg.nn.Linear(1, 1)), TypeError, r"model.parameters\(\), got Linear"),
        (lambda: optim.SGD([{"param": [Tensor(1.0)]}]), TypeError, r"a mapping with 'params', got \['param'\]"),
        (lambda: optim.Adam([Tensor(1.0)], betas=(0.9, 1.0)), ValueError, "betas must be at least 0 and less than 1"),
        (lambda: optim.SGD([Tensor(1.0)], nesterov=True), ValueError, "nesterov needs momentum"),
        (lambda: optim.SGD([{"params": [Tensor(1.0)], "rate": 1}]), ValueError, r"unknown settings \['rate'\]"),
        (lambda: optim.SGD([{"params": [Tensor(1.0)]}, [Tensor(2.0)]]), TypeError, "a group must be a mapping"),
    ],
)
def test_optimisers_refuse(make: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make()


def test_a_gradient_of_another_shape_changes_nothing():
    w1, w2 = weights()
    sgd = optim.SGD([w1, w2], lr=0.1)
    w1.grad, w2.grad = np.ones((3, 2)), np.ones((1, 3))
    before = w1.data.copy()
    with pytest.raises(ValueError, match=r"tensor 'w2' of shape \(3,\) has a gradient of shape \(1, 3\)"):
        sgd.step()
    np.testing.assert_array_equal(w1.data, before)


def test_repr():
    assert repr(optim.SGD(weights(), lr=0.1)).startswith("SGD(lr=0.1, momentum=0.0")


# Schedules


@pytest.mark.parametrize(("name", "settings", "expected"), SCHEDULES)
def test_schedules_are_pytorchs(name: str, settings: dict[str, Any], expected: list[tuple[float, float]]):
    sgd = optim.SGD([Tensor(1.0)], lr=0.5, momentum=0.9)
    schedule = getattr(optim, name)(sgd, **settings)
    (group,) = sgd.param_groups
    found, states = [], []
    for i in range(len(expected)):
        if i:
            schedule.step()
        found.append((group["lr"], group["momentum"]))
        states.append(schedule.state_dict())
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)
    assert schedule.get_last_lr() == [found[-1][0]]
    other = optim.SGD([Tensor(1.0)], lr=0.5, momentum=0.9)
    again = getattr(optim, name)(other, **settings)
    again.load_state_dict(states[5])
    again.step()
    assert (other.param_groups[0]["lr"], other.param_groups[0]["momentum"]) == found[6]


def test_one_schedule_after_the_other():
    sgd = optim.SGD([Tensor(1.0)], lr=0.5)
    parts = [optim.LinearLR(sgd, 0.1, total_iters=3), optim.CosineAnnealingLR(sgd, 4), optim.ExponentialLR(sgd, 0.5)]
    schedule = optim.SequentialLR(sgd, parts, [3, 7])
    found = []
    for _ in SEQUENCE:
        found += schedule.get_last_lr()
        schedule.step()
    np.testing.assert_allclose(found, SEQUENCE, rtol=1e-13)


def test_one_cycle_sets_the_first_beta_and_every_group():
    w1, w2 = weights()
    adam = optim.Adam([{"params": [w1]}, {"params": [w2]}])
    schedule = optim.OneCycleLR(adam, [1.0, 0.1], total_steps=10)
    np.testing.assert_allclose(schedule.get_last_lr(), [0.04, 0.004])
    assert [group["betas"] for group in adam.param_groups] == [(0.95, 0.999)] * 2
    for _ in range(10):  # one after each batch of the cycle
        schedule.step()
    rates = schedule.get_last_lr()
    with pytest.raises(ValueError, match="the cycle of 10 steps is over"):
        schedule.step()
    assert schedule.get_last_lr() == rates
    assert schedule.last_epoch == 10


@pytest.mark.parametrize(("settings", "expected"), PLATEAU)
def test_plateau_is_pytorchs(settings: dict[str, Any], expected: list[float]):
    metrics = [1.0, 0.9, 0.95, 0.9, 0.8999, 0.8, 0.81, 0.82, math.nan, 0.79995, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75]
    sgd = optim.SGD([Tensor(1.0)], lr=0.5)
    schedule = optim.ReduceLROnPlateau(sgd, **settings)
    found = []
    for metric in metrics:
        schedule.step(metric)
        found += schedule.get_last_lr()
        state = schedule.state_dict()
        schedule = optim.ReduceLROnPlateau(sgd, **settings)  # continue from what is saved, each time
        schedule.load_state_dict(state)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_schedules_take_up_groups_that_are_added():
    late = {"params": Tensor(1.0), "lr": 0.4}
    steps, plateau, fixed = sgd(), sgd(), sgd()
    schedule = optim.StepLR(steps, 2, 0.5)
    look = optim.ReduceLROnPlateau(plateau, patience=0)
    both = optim.ReduceLROnPlateau(fixed, patience=0, min_lr=[0.0])
    for optimizer in (steps, plateau, fixed):
        optimizer.add_param_group(late)
    for _ in range(2):
        schedule.step()
        look.step(1.0)
    np.testing.assert_allclose(schedule.get_last_lr(), [5e-4, 0.2])
    np.testing.assert_allclose(look.get_last_lr(), [1e-4, 0.04])
    assert schedule.state_dict()["base_lrs"] == [1e-3, 0.4]
    both.step(1.0)
    with pytest.raises(ValueError, match="1 rates min_lr for 2 groups"):
        both.step(1.0)


def sgd() -> optim.Optimizer:
    return optim.SGD([Tensor(1.0)])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.StepLR(sgd(), 0), ValueError, "step_size must be at least 1"),
        (lambda: optim.StepLR([1.0], 3), TypeError, "the first argument must be an optimiser, got list"),
        (lambda: optim.CosineAnnealingLR(sgd(), 0), ValueError, "T_max must be at least 1"),
        (lambda: optim.OneCycleLR(sgd(), 1.0), ValueError, "give total_steps, or epochs and steps_per_epoch"),
        (
            lambda: optim.OneCycleLR(sgd(), 1.0, 10, anneal_strategy="cosine"),
            ValueError,
            "anneal_strategy 'cos' or 'linear'",
        ),
        (lambda: optim.OneCycleLR(sgd(), [1.0, 2.0], 10), ValueError, "2 rates max_lr for 1 groups"),
        (lambda: optim.OneCycleLR(optim.Adagrad([Tensor(1.0)]), 1.0, 10), ValueError, "Adagrad has no momentum"),
        (
            lambda: optim.SequentialLR(sgd(), [optim.StepLR(sgd(), 3)], []),
            TypeError,
            "StepLR is not a Scheduler of this optimiser",
        ),
        (lambda: optim.SequentialLR(sgd(), [optim.StepLR(sgd(), 3)], [2]), ValueError, "need 0 increasing milestones"),
        (lambda: optim.ReduceLROnPlateau(sgd(), "low"), ValueError, "mode must be 'min' or 'max'"),
        (lambda: optim.ReduceLROnPlateau(sgd(), min_lr=[0.1, 0.2]), ValueError, "2 rates min_lr for 1 groups"),
        (lambda: optim.StepLR(sgd(), 3).load_state_dict({"last_epoch": 1, "base_lrs": [1, 2]}), ValueError, "of 2 groups"),
    ],
)
def test_schedules_refuse(make: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make()


# Clipping


def with_gradients() -> list[Tensor]:
    parameters = [Tensor(np.zeros(3), name="a"), Tensor(np.zeros((1, 2)), name="b"), Tensor(0.0)]
    parameters[0].grad, parameters[1].grad = np.array([3.0, -4.0, 1.0]), np.array([[0.5, 2.0]])
    return parameters


@pytest.mark.parametrize(("max_norm", "norm_type", "total", "expected"), CLIPPED)
def test_clipped_norms_are_pytorchs(max_norm: float, norm_type: float, total: float, expected: list[float]):
    parameters = with_gradients()
    memory = parameters[0].grad
    assert optim.clip_grad_norm_(iter(parameters), max_norm, norm_type) == pytest.approx(total, rel=1e-14)
    np.testing.assert_allclose(np.concatenate([p.grad.ravel() for p in parameters[:2]]), expected, rtol=1e-14)
    assert parameters[0].grad is memory


def test_a_norm_that_is_not_finite():
    parameters = with_gradients()
    parameters[1].grad[0, 1] = np.nan
    with pytest.raises(FloatingPointError, match="the norm of the gradients is nan; see b"):
        optim.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(parameters[0].grad, [3, -4, 1])
    assert math.isnan(optim.clip_grad_norm_(parameters, 1.0))
    assert np.isnan(parameters[0].grad).all()


def test_clipping_of_nothing_and_of_numbers_alone():
    assert optim.clip_grad_norm_([], 1.0) == 0
    assert optim.clip_grad_norm_(Tensor(1.0), 1.0) == 0
    w = Tensor(3.0)
    (w * w).backward()
    assert optim.clip_grad_norm_(w, 2.0) == 6
    np.testing.assert_allclose(w.grad, 2, rtol=1e-6)
    optim.clip_grad_value_(w, 1.5)
    assert w.grad == 1.5


def test_clipped_values():
    parameters = with_gradients()
    optim.clip_grad_value_(parameters, 1.5)
    np.testing.assert_array_equal(parameters[0].grad, [1.5, -1.5, 1])
    np.testing.assert_array_equal(parameters[1].grad, [[0.5, 1.5]])


def test_clipping_refuses():
    with pytest.raises(ValueError, match="max_norm must be at least 0"):
        optim.clip_grad_norm_([], -1.0)
    with pytest.raises(ValueError, match="clip_value must be at least 0"):
        optim.clip_grad_value_([], math.nan)


# Documentation


@pytest.mark.parametrize("name", optim.__all__)
def test_docstrings(name: str):
    doc = getattr(optim, name).__doc__
    if name not in ("Optimizer", "Scheduler"):
        assert ">>>" in doc
