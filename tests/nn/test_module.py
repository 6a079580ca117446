"""Modules: what they find, save, load and show; and containers."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn


class Net(nn.Module):
    def __init__(self, rng: Any = None) -> None:
        rng = np.random.default_rng(0) if rng is None else rng
        self.conv = nn.Conv2d(1, 2, 3, rng=rng)
        self.norm = nn.BatchNorm2d(2)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5, rng=rng), nn.Linear(8, 3, rng=rng))
        self.scale = Tensor(2.0)

    def forward(self, x: Any) -> Any:
        return self.head(mg.relu(self.norm(self.conv(x)))) * self.scale


IMAGES = np.sin(np.arange(5 * 16, dtype=np.float32)).reshape(5, 1, 4, 4)
KEYS = [
    "scale", "conv.weight", "conv.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var",
    "norm.num_batches_tracked", "head.2.weight", "head.2.bias",
]  # fmt: skip


# Finding things


def test_attributes_are_found():
    net = Net()
    assert list(net.state_dict()) == KEYS
    assert [name for name, _ in net.named_parameters()] == [k for k in KEYS if "running" not in k and "tracked" not in k]
    assert [name for name, _ in net.named_buffers()] == [k for k in KEYS if "running" in k or "tracked" in k]
    assert [name for name, _ in net.named_modules()] == ["", "conv", "norm", "head", "head.0", "head.1", "head.2"]
    assert [name for name, _ in net.named_children()] == ["conv", "norm", "head"]
    assert list(net.parameters(recurse=False)) == [net.scale]
    assert net.conv.weight.name == "weight"


def test_what_is_no_parameter():
    net = nn.Module()
    net.constant = Tensor([1.0], requires_grad=False)
    net.result = Tensor([1.0]) * 2
    net.array = np.ones(3)
    net.w = Tensor([1.0])
    net.w = None
    net.b = Tensor([1.0])
    del net.b
    net.register_buffer("seen", [1, 2])
    net.register_buffer("nothing", None)
    assert list(net.parameters()) == []
    assert list(net.state_dict()) == ["seen"]
    net.seen = None
    assert list(net.state_dict()) == []


def test_shared_parameters_count_once_but_are_saved_by_every_path():
    net = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3, bias=False))
    net[2].weight = net[0].weight
    assert len(list(net.parameters())) == 2
    assert list(net.state_dict()) == ["0.weight", "0.bias", "2.weight"]
    assert net.summary((1, 3)).parameters == 12
    twice = nn.Sequential(net[0], net[0])
    assert len(list(twice.parameters())) == 2
    assert len(list(twice.modules())) == 2
    twice(np.ones((1, 3), np.float32)).sum().backward()
    again = copy.deepcopy(twice)
    assert again[0] is again[1]


def test_no_call_of_super_is_needed_and_subclasses_may_take_arguments():
    class Scale(nn.Module):
        def __init__(self, factor: float, *, shift: float = 0.0) -> None:
            self.w, self.shift = Tensor(factor), shift

        def forward(self, x: Any) -> Any:
            return x * self.w + self.shift

    assert Scale(3.0, shift=1.0)(2.0).item() == 7
    assert Scale(3.0).training


@pytest.mark.parametrize("hidden", [[nn.ReLU()], (nn.ReLU(),), {"a": [nn.ReLU()]}, [Tensor(1.0)]])
def test_modules_and_parameters_in_plain_lists_are_refused(hidden: Any):
    net = nn.Module()
    with pytest.raises(
        TypeError, match=r"Module.parts: the parameters inside a plain .* would not be found; use nn\.Module"
    ):
        net.parts = hidden
    assert not hasattr(net, "parts")
    net.parts = []
    net.parts.append(hidden)
    for find in (net.state_dict, net.train, lambda: list(net.parameters())):
        with pytest.raises(TypeError, match="would not be found"):
            find()


def test_a_parameter_is_not_lost_by_accident():
    layer = nn.Linear(2, 2)
    for value in (np.ones((2, 2)), 0.0, [[1.0]]):
        with pytest.raises(TypeError, match=r"Linear.weight is a parameter .*: set its value with .weight.data ="):
            layer.weight = value
    with pytest.raises(TypeError, match=r"Linear\.bias is a parameter"):
        layer.register_buffer("bias", np.ones(2))
    with pytest.raises(ValueError, match="is not empty and has no"):
        layer.register_buffer("a.b", np.ones(2))
    with pytest.raises(ValueError, match="'eval' is an attribute of every module"):
        layer.eval = Tensor(1.0)
    assert list(layer.state_dict()) == ["weight", "bias"]
    layer.bias = None
    assert list(layer.state_dict()) == ["weight"]


def test_a_part_that_holds_its_whole_is_refused():
    net = Net()
    net.conv.parent = net
    with pytest.raises(ValueError, match=r"Conv2d.parent contains this module itself"):
        list(net.parameters())


# Saving and loading


def test_state_round_trip():
    net, other = Net(), Net(np.random.default_rng(1))
    net(IMAGES)
    state = net.state_dict()
    assert all(type(v) is np.ndarray for v in state.values())
    state["scale"][...] = 9  # a copy
    assert net.scale.item() == 2
    memory = other.norm.running_mean
    assert other.load_state_dict(net.state_dict()) == ([], [])
    assert other.norm.running_mean is memory
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[key], value)
    np.testing.assert_array_equal(net.eval()(IMAGES).data, other.eval()(IMAGES).data)


def test_a_state_that_does_not_fit_is_told_whole_and_changes_nothing():
    net = Net()
    state = {k: v + 1 for k, v in net.state_dict().items()}
    before = net.state_dict()
    del state["conv.weight"], state["scale"]
    state["more"], state["conv.bias"] = np.ones(1), np.ones(3)
    state["norm.num_batches_tracked"] = np.array(1.5)
    message = (
        r"does not fit Net; missing: scale, conv.weight; unexpected: more; "
        r"wrong: conv.bias is \(2,\), got \(3,\), norm.num_batches_tracked is of dtype int64, got float64"
    )
    with pytest.raises(ValueError, match=message):
        net.load_state_dict(state)
    with pytest.raises(ValueError, match=r"Net; wrong: conv.bias"):
        net.load_state_dict(state, strict=False)
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    del state["conv.bias"], state["norm.num_batches_tracked"]
    missing, unexpected = net.load_state_dict(state, strict=False)
    assert set(missing) == {"scale", "conv.weight", "conv.bias", "norm.num_batches_tracked"}
    assert unexpected == ["more"]
    np.testing.assert_array_equal(net.norm.weight.data, before["norm.weight"] + 1)


def test_loading_keeps_the_dtype_and_takes_tensors_and_lists():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": Tensor([[1.0, 2.0]]), "bias": [3.0]})
    assert layer.weight.dtype == np.float32
    assert layer(np.ones((1, 2), np.float32)).item() == 6


def test_a_sweep_sees_that_weights_were_loaded():
    layer = nn.Linear(2, 1)
    loss = (layer(Tensor([[1.0, 2.0]])) ** 2).sum()
    weight = layer.weight.data.copy()
    layer.load_state_dict({"weight": 2 * weight, "bias": layer.bias.data})
    with pytest.raises(RuntimeError, match=r"'weight' of shape .* was updated in place"):
        loss.backward()
    layer.load_state_dict({"weight": weight, "bias": layer.bias.data})  # what the graph has used is there again
    loss.backward()
    assert layer.weight.grad.shape == weight.shape


def test_copies_and_pickles():
    net = Net()
    net(IMAGES).sum().backward()
    for other in (copy.deepcopy(net), pickle.load(io.BytesIO(pickle.dumps(net)))):
        assert list(other.state_dict()) == KEYS
        assert all(p.grad is None for p in other.parameters())
        np.testing.assert_array_equal(other(IMAGES).data, copy.deepcopy(net)(IMAGES).data)  # dropout's generator too
        other.scale.data = 5.0
        assert net.scale.item() == 2


# Changing all of it


def test_train_and_eval():
    net = Net()
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    np.testing.assert_array_equal(net(IMAGES).data, net(IMAGES).data)
    assert int(net.norm.num_batches_tracked) == 0
    assert net.train().head[1].training
    assert (net(IMAGES).data != net(IMAGES).data).any()
    assert int(net.norm.num_batches_tracked) == 2


def test_frozen_parameters_stay_parameters():
    net = Net()
    net.conv.requires_grad_(False)
    assert list(net.state_dict()) == KEYS
    net(IMAGES).sum().backward()
    assert net.conv.weight.grad is None
    assert net.scale.grad is not None
    assert net.summary((1, 1, 4, 4)).frozen == 20
    net.zero_grad()
    assert net.scale.grad is None


def test_another_dtype():
    net = Net()
    net(IMAGES).sum().backward()
    assert net.double() is net
    assert {v.dtype for v in net.state_dict().values()} == {np.dtype(np.float64), np.dtype(np.int64)}
    assert net.conv.weight.grad.dtype == np.float64
    assert net(IMAGES.astype(float)).dtype == np.float64
    assert list(net.float().state_dict()) == KEYS
    assert net.norm.running_var.dtype == net.conv.weight.dtype == np.float32
    with pytest.raises(TypeError, match=r"Net.astype: parameters need a floating dtype, got int64"):
        net.astype(int)


def test_apply_visits_parts_first():
    seen: list[str] = []
    net = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["ReLU", "Sequential", "Tanh", "Sequential"]


# Calling


def test_hooks():
    layer, calls = nn.ReLU(), []
    before = layer.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    after = layer.register_forward_hook(lambda module, args, out: calls.append((args[0].item(), out.item())))
    with layer.register_forward_hook(lambda module, args, out: out * 10):
        assert layer(Tensor(2.0)).item() == 30
    assert layer(Tensor(2.0)).item() == 3
    assert calls == [(3, 3), (3, 3)]
    before.remove()
    before.remove()
    assert layer(Tensor(2.0)).item() == 2
    after.remove()
    layer(Tensor(2.0))
    assert len(calls) == 3


def test_a_drawing_shows_the_layers():
    net = Net()
    out = net(IMAGES)
    assert out.scope == "Net"
    assert out.inputs[0].scope == "Net/head/2 Linear"
    assert net.conv(IMAGES).scope == "conv"
    with mg.scope("step"):
        assert net.conv(IMAGES).scope == "step/conv"
    assert mg.Tensor(1.0).scope == ""
    text = mg.draw(out, max_nodes=10).dot
    for name in ("conv", "norm", "head"):
        assert name in text


def test_scopes_and_modes_end_with_an_error():
    net = Net()
    with pytest.raises(ValueError, match="weight expects 1 input channels") as caught:
        net(np.ones((5, 3, 4, 4)))
    assert caught.value.__notes__ == ["in module Net/conv"]
    assert (Tensor(1.0) * 2).scope == ""


def test_no_forward():
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        nn.Module()(1.0)


def test_no_grad_holds_inside():
    with mg.no_grad():
        assert not Net()(IMAGES).requires_grad


# Containers


def test_sequential_by_name_and_by_slice():
    net = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), act=nn.ReLU(), last=nn.Linear(3, 1)))
    assert next(iter(net.state_dict())) == "first.weight"
    assert net.act is net[1] is net[-2]
    part = net[1:]
    assert [name for name, _ in part.named_children()] == ["act", "last"]
    assert len(part) == 2
    part.append(nn.Tanh())
    assert [type(m).__name__ for m in part] == ["ReLU", "Linear", "Tanh"]
    net[1] = nn.Tanh()
    assert isinstance(net.act, nn.Tanh)
    with pytest.raises(IndexError):
        net[3]
    numbered = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.ReLU())[1:].append(nn.Tanh())
    assert [name for name, _ in numbered.named_children()] == ["1", "2", "3"]
    assert nn.Sequential()(3.0) == 3.0


def test_lists_and_dicts():
    layers = nn.ModuleList([nn.Linear(2, 2)]).append(nn.Linear(2, 1))
    assert len(layers) == 2
    assert list(layers.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    heads = nn.ModuleDict({"a": nn.ReLU()})
    heads["b"] = nn.Tanh()
    assert (list(heads), heads.keys(), len(heads), "b" in heads) == (["a", "b"], ["a", "b"], 2, True)
    assert [type(m).__name__ for m in heads.values()] == [type(m).__name__ for _, m in heads.items()] == ["ReLU", "Tanh"]
    for name in ("forward", "keys", "training"):
        with pytest.raises(ValueError, match=f"ModuleDict: '{name}' is an attribute of every module"):
            heads[name] = nn.ReLU()
    with pytest.raises(ValueError, match="Sequential: 'forward' is an attribute of"):
        nn.Sequential({"forward": nn.ReLU()})
    with pytest.raises(ValueError, match=r"a submodule's name is not empty and has no '\.'"):
        heads["a.b"] = nn.ReLU()
    with pytest.raises(TypeError, match="Sequential: expected modules, got Op"):
        nn.Sequential(mg.relu)


def test_residual():
    x = np.ones((1, 2, 4, 4), np.float32)
    block = nn.Residual(nn.Conv2d(2, 4, 3, 2, 1, bias=False), nn.Conv2d(2, 4, 1, 2, bias=False))
    np.testing.assert_allclose(block(x).data, (block.block(x) + block.shortcut(x)).data)
    assert nn.Residual(nn.Identity())(x)[0, 0, 0, 0] == 2


# Once more


def test_a_seed_repeats_a_run_bit_for_bit():
    def run() -> list[Any]:
        rng = np.random.default_rng(3)
        net = Net(rng)
        adam = mg.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(5):
            adam.zero_grad()
            mg.cross_entropy(net(IMAGES), [0, 1, 2, 0, 1]).backward(retain_graph=False)
            adam.step()
        return list(net.state_dict().values())

    for a, b in zip(run(), run(), strict=True):
        np.testing.assert_array_equal(a, b)


# Looking at it


def test_repr():
    assert repr(Net()) == (
        "Net(\n"
        "  (conv): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))\n"
        "  (norm): BatchNorm2d(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)\n"
        "  (head): Sequential(\n"
        "    (0): Flatten(start_dim=1, end_dim=-1)\n"
        "    (1): Dropout(p=0.5)\n"
        "    (2): Linear(in_features=8, out_features=3, bias=True)\n"
        "  )\n"
        ")"
    )
    assert repr(nn.LSTM(3, 4, 2, batch_first=True)) == "LSTM(3, 4, num_layers=2, batch_first=True)"
    assert "output_padding=1" in repr(nn.ConvTranspose2d(2, 3, 4, 2, output_padding=1, bias=False))


def test_summary_counts_and_leaves_no_trace():
    net = Net()
    net.head[1].eval()
    modes = [m.training for m in net.modules()]
    before = net.state_dict()
    summary = net.summary((5, 1, 4, 4))
    assert [m.training for m in net.modules()] == modes
    assert not any(m._hooks or m._pre_hooks for m in net.modules())
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    by_layer = {row.layer: row for row in summary.rows}
    assert by_layer["conv"] == ("conv", "Conv2d", (5, 2, 2, 2), 20, 5 * 2 * 2 * 2 * 9)
    assert by_layer["norm"].parameters == 4
    assert by_layer["head.2"] == ("head.2", "Linear", (5, 3), 27, 5 * 3 * 8)
    assert summary.parameters == sum(p.size for p in net.parameters()) == 52
    assert summary.multiply_adds == 360 + 120
    assert str(summary).splitlines()[-1].split() == ["total", "52", "480"]
    with pytest.raises(ValueError, match="weight expects 1 input channels"):
        net.summary((5, 2, 4, 4))
    assert [m.training for m in net.modules()] == modes
    assert not any(m._hooks or m._pre_hooks for m in net.modules())


def test_a_summary_of_what_is_passed_by_name_and_returned_by_name():
    class Reader(nn.Module):
        def __init__(self) -> None:
            self.attention = nn.MultiheadAttention(4, 2)

        def forward(self, x: Any) -> Any:
            return {"out": self.attention(x, value=x, key=x)[0]}

    net = Reader()
    rows = net.summary((3, 1, 4)).rows
    assert rows[0].out == {"out": (3, 1, 4)}
    assert rows[1].multiply_adds == 3 * 16 + 3 * 4 * 8 + 2 * 3 * 3 * 4
    assert "forward" not in vars(net)


def test_multiply_adds():
    def count(layer: nn.Module, *shapes: tuple[int, ...]) -> int:
        return layer.summary(*shapes).multiply_adds

    assert count(nn.Conv2d(4, 6, 3, groups=2), (2, 4, 5, 5)) == 2 * 6 * 9 * 2 * 9
    assert count(nn.ConvTranspose2d(4, 6, 3, stride=2), (2, 4, 5, 5)) == 2 * 4 * 25 * 6 * 9
    assert count(nn.LSTM(3, 5, bidirectional=True), (7, 2, 3)) == 14 * 2 * (20 * 3 + 20 * 5)
    assert count(nn.GRUCell(3, 5), (2, 3)) == 2 * (15 * 3 + 15 * 5)
    attention = count(nn.MultiheadAttention(8, 2), (3, 2, 8), (5, 2, 8), (5, 2, 8))
    assert attention == 2 * (3 * 64 + 2 * 5 * 64 + 2 * 3 * 5 * 8) + 2 * 3 * 64  # the last is out_proj's
    assert nn.Embedding(4, 2).summary((3, 5), dtype=int).rows[0].out == (3, 5, 2)


def test_importing_minigrad_loads_no_layers():
    code = (
        "import sys, minigrad as mg; assert not [m for m in sys.modules if m.startswith(('minigrad.nn', 'minigrad.optim'))]; "
        "mg.nn.Linear; mg.optim.SGD; assert 'minigrad.nn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    with pytest.raises(AttributeError, match="module 'minigrad' has no attribute 'neural'"):
        mg.neural  # noqa: B018


@pytest.mark.parametrize("name", nn.__all__)
def test_docstrings(name: str):
    doc = getattr(nn, name).__doc__
    assert name == "Summary" or ">>>" in doc
