"""Layers: what PyTorch's numbers do not show, first weights, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional, sequence


def test_batch_norm_does_not_count_what_failed():
    norm = nn.BatchNorm1d(2)
    with pytest.raises(ValueError, match=r"BatchNorm1d\(2\): x has 2 or 3 axes, N C ..., got \(4, 3\)"):
        norm(np.ones((4, 3)))
    with pytest.raises(ValueError, match="more than one element for each channel"):
        norm(np.ones((1, 2)))
    assert int(norm.num_batches_tracked) == 0
    norm(np.ones((3, 2)))
    assert int(norm.num_batches_tracked) == 1


def test_margins_of_every_kind_may_be_same():
    x, w = np.arange(1.0, 6.0).reshape(1, 1, 5), np.ones((1, 1, 4))
    for mode, margins in (("reflect", [2, 1, 2, 3, 4, 5, 4, 3]), ("circular", [5, 1, 2, 3, 4, 5, 1, 2])):
        layer = nn.Conv1d(1, 1, 4, padding="same", bias=False, padding_mode=mode, dtype=float)
        layer.weight.data = w
        np.testing.assert_array_equal(layer(x).data[0, 0], np.convolve(margins, w.ravel(), "valid"))
    assert nn.Conv1d(1, 1, 4, padding="valid", padding_mode="replicate")(x).shape == (1, 1, 2)


def test_activations_with_settings():
    x = Tensor([-2.0, -0.5, 0.3, 0.7])
    y = nn.Hardtanh(-0.5, 0.7)(x)
    y.sum().backward()
    np.testing.assert_array_equal([y.data, x.grad], [[-0.5, -0.5, 0.3, 0.7], [0, 0, 1, 0]])
    np.testing.assert_allclose(nn.Softplus(2.5)(x).data, np.log(1 + np.exp(2.5 * x.data)) / 2.5)
    assert repr(nn.Softplus(2.5)) == "Softplus(beta=2.5)"
    assert nn.ReLU(inplace=True)(x) is not x


def test_embedding_and_its_padding():
    table = nn.Embedding(5, 3, padding_idx=-1, rng=np.random.default_rng(0))
    assert not table.weight.data[4].any()
    table([[4, 0], [0, 1]]).sum().backward()
    np.testing.assert_array_equal(table.weight.grad[:, 0], [2, 1, 0, 0, 0])


def test_dropout_is_drawn_from_its_own_generator():
    x = np.ones(1000, np.float32)
    a, b = (nn.Dropout(0.3, rng=np.random.default_rng(7)) for _ in range(2))
    first = a(Tensor(x)).data
    np.testing.assert_array_equal(first, b(Tensor(x)).data)
    assert (first != a(Tensor(x)).data).any()
    assert 0.6 < (first > 0).mean() < 0.8


def test_recurrent_layers_continue_and_agree_with_their_cells():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 2, 3))
    for kind, cell_kind in ((nn.RNN, nn.RNNCell), (nn.LSTM, nn.LSTMCell), (nn.GRU, nn.GRUCell)):
        layer, cell = kind(3, 4, dtype=float, rng=rng), cell_kind(3, 4, dtype=float)
        cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
        whole, _ = layer(x)
        first, state = layer(x[:2])
        second, _ = layer(x[2:], state)
        np.testing.assert_allclose(np.concatenate([first.data, second.data]), whole.data, rtol=1e-13)
        state, steps = None, []
        for step in x:
            state = cell(step, state)
            steps.append(state[0] if isinstance(state, tuple) else state)
        np.testing.assert_allclose(mg.stack(steps).data, whole.data, rtol=1e-13)


def test_dropout_between_recurrent_layers():
    x = np.ones((3, 2, 4), np.float32)
    layer = nn.LSTM(4, 4, num_layers=2, dropout=0.5, rng=np.random.default_rng(0))
    assert (layer(x)[0].data != layer(x)[0].data).any()
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].data, layer(x)[0].data)


@pytest.mark.parametrize("kind", ["rnn", "relu", "lstm", "gru", "gru without bias"])
def test_sequences_to_second_order_and_in_float32(kind: str):
    rng, (steps, batch, size) = np.random.default_rng(0), (3, 2, 2)
    gates = {"lstm": 4, "gru": 3, "gru without bias": 3}.get(kind, 1)
    shapes = [(steps, batch, 3), (gates * size, 3), (gates * size, size), (batch, size)]
    shapes += {"lstm": [(batch, size), (gates * size,)], "gru": [(gates * size,)] * 2}.get(kind, [])
    inputs = [rng.normal(size=s) for s in shapes]
    options = {"nonlinearity": "relu" if kind == "relu" else "tanh"} if gates == 1 else {}
    function = {4: sequence.lstm, 3: sequence.gru, 1: sequence.rnn}[gates]
    assert mg.gradcheck(lambda *a: function(*a, **options), *inputs, order=2)
    narrow = [Tensor(v.astype(np.float32)) for v in inputs]
    out = function(*narrow, **options)
    out.backward(np.ones(out.shape))
    assert out.dtype == np.float32
    for x in narrow:
        assert (x.grad.dtype, x.grad.shape) == (np.float32, x.shape)
    once = [x.grad.copy() for x in narrow]
    out.backward(2 * np.ones(out.shape))  # the forward's record serves again, with another gradient
    for x, g in zip(narrow, once, strict=True):
        np.testing.assert_allclose(x.grad, 3 * g, rtol=1e-5)


def test_third_order_through_a_sequence():
    x, layer = Tensor(np.linspace(-1, 1, 4).reshape(2, 1, 2)), nn.GRU(2, 2, dtype=float, rng=np.random.default_rng(0))

    def third(x: Tensor) -> Any:
        y = (layer(x)[0] ** 2).sum()
        for _ in range(2):
            x.grad = None
            y.backward(create_graph=True)
            y = (x.grad**2).sum()
        return y

    assert mg.gradcheck(lambda v: third(v), x, rtol=1e-4)


def test_attention_weights_and_masks():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 4, 6))
    layer = nn.MultiheadAttention(6, 3, batch_first=True, rng=rng, dtype=float)
    out, weights = layer(x, x, x, is_causal=True)
    np.testing.assert_allclose(weights.data.sum(-1), 1)
    assert (weights.data[:, 0, 1:] == 0).all()
    np.testing.assert_allclose(
        layer(x, x, x, attn_mask=np.triu(np.ones((4, 4), bool), 1), need_weights=False)[0].data, out.data
    )
    assert layer(x, x, x, need_weights=False)[1] is None
    full = layer(x, x, x, attn_mask=np.zeros((6, 4, 4)), average_attn_weights=False)[1]
    assert full.shape == (2, 3, 4, 4)
    q, k, v = (rng.normal(size=(2, 3, 4, 5)) for _ in range(3))
    allowed = np.tril(np.ones((4, 4), bool))
    causal = nn.scaled_dot_product_attention(q, k, v, is_causal=True)
    np.testing.assert_allclose(nn.scaled_dot_product_attention(q, k, v, allowed), causal)
    np.testing.assert_allclose(nn.scaled_dot_product_attention(q, k, v, np.where(allowed, 0, -np.inf)), causal)
    scores = np.exp(q @ k.swapaxes(-1, -2) * 0.3)
    expected = scores / scores.sum(-1, keepdims=True) @ v
    np.testing.assert_allclose(nn.scaled_dot_product_attention(q, k, v, scale=0.3), expected)
    assert mg.gradcheck(lambda *a: nn.scaled_dot_product_attention(*a, is_causal=True), q[0, 0], k[0, 0], v[0, 0], order=2)
    dropped = layer.train()
    dropped.dropout = 1.0
    np.testing.assert_allclose(dropped(x, x, x)[0].data, np.broadcast_to(layer.out_proj.bias.data, out.shape))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Linear(-1, 2), ValueError, "Linear: in_features is a non-negative integer, got -1"),
        (lambda: nn.Linear(2.5, 2), ValueError, "Linear: in_features is a non-negative integer"),
        (lambda: nn.Linear(2, 2, rng=0), TypeError, "rng must be a numpy.random.Generator, as from"),
        (lambda: nn.Linear(2, 2, dtype=int), TypeError, "dtype: weights need a floating dtype, got int64"),
        (lambda: nn.BatchNorm1d(2, dtype=bool), TypeError, "dtype: weights need a floating dtype, got bool"),
        (lambda: nn.Linear(3, 2)(np.ones((5, 4))), ValueError, r"linear, inputs of shapes \(5, 4\)"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "Conv2d: 2 groups do not divide 3 and 4 channels"),
        (lambda: nn.Conv2d(3, 4, (3, 3, 3)), ValueError, "Conv2d: kernel_size must be an integer"),
        (lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), ValueError, "padding_mode is one of zeros, reflect"),
        (lambda: nn.Conv2d(3, 4, 3, 2, "same"), ValueError, "Conv2d: padding 'same' needs stride 1"),
        (
            lambda: nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")(np.ones(5)),
            ValueError,
            "conv1d: x has 3 axes",
        ),
        (
            lambda: nn.MultiheadAttention(4, 2)(np.ones((3, 2, 4)), *np.ones((2, 3, 1, 4))),
            ValueError,
            "with or without the same batch axis",
        ),
        (
            lambda: nn.LSTMCell(2, 3)(np.ones((4, 2)), np.ones((4, 3))),
            ValueError,
            r"LSTMCell: x is \(batch, 2\) and hx is \(h, c",
        ),
        (lambda: nn.GRUCell(2, 3)(np.ones((4, 2)), np.ones((4, 2))), ValueError, r"hx is \(batch, 3\), got \(4, 2\) and"),
        (lambda: nn.RNNCell(2, 3)(np.ones((4, 5))), ValueError, r"RNNCell: x is \(batch, 2\)"),
        (lambda: nn.Sigmoid(2), TypeError, "Sigmoid takes no arguments, got 2"),
        (lambda: nn.Softplus(0.0), ValueError, "Softplus: beta must be positive"),
        (lambda: nn.Hardtanh(1.0, 1.0), ValueError, "Hardtanh: min_val must be less than max_val"),
        (lambda: nn.Unflatten(2, (1, 2))(np.ones((3, 2))), ValueError, r"dim 2 is not an axis of x of shape \(3, 2\)"),
        (lambda: nn.Sequential([nn.ReLU()]), TypeError, r"got list \(Sequential\(\*parts\)\)"),
        (lambda: nn.Dropout(1.5), ValueError, "Dropout: p is a probability"),
        (lambda: nn.Embedding(4, 2, padding_idx=4), ValueError, "padding_idx 4 is not a row of a table of 4"),
        (lambda: nn.Embedding(4, 2)([4]), IndexError, "index 4 is out of range"),
        (lambda: nn.GroupNorm(2, 3), ValueError, "3 channels do not divide into 2 groups"),
        (lambda: nn.InstanceNorm2d(3)(np.ones((2, 4, 2, 2))), ValueError, r"InstanceNorm2d\(3\): x has 4 axes"),
        (lambda: nn.RNN(3, 4, nonlinearity="sin"), ValueError, "RNN: nonlinearity is 'tanh' or 'relu'"),
        (lambda: nn.LSTM(3, 0), ValueError, "hidden_size and num_layers must be positive"),
        (lambda: nn.LSTM(3, 4)(np.ones((5, 2, 4))), ValueError, r"LSTM: x must be \(time, batch, 3\) and not empty, got"),
        (lambda: nn.LSTM(3, 4)(np.ones((0, 2, 3))), ValueError, "not empty"),
        (
            lambda: nn.LSTM(3, 4)(np.ones((5, 2, 3)), np.ones((2, 1, 2, 3))),
            ValueError,
            r"hx is \(h, c\), each \(1, 2, 4\), got",
        ),
        (lambda: nn.GRU(3, 4)(np.ones((5, 2, 3)), np.ones((1, 2, 3))), ValueError, r"GRU: hx is \(1, 2, 4\), got"),
        (lambda: nn.MultiheadAttention(6, 4), ValueError, "embed_dim 6 does not divide into 4 heads"),
        (lambda: attend(np.ones((4, 2, 5))), ValueError, r"query, key and value need \(6, 6, 6\)"),
        (lambda: attend(attn_mask=np.ones((3, 4), bool)), ValueError, r"attn_mask is boolean or floating and \(4, 4\) or"),
        (lambda: nn.Sequential(nn.ReLU()).summary(), TypeError, "each input's shape is a tuple"),
        (lambda: nn.Sequential(nn.ReLU()).summary(3), TypeError, "each input's shape is a tuple"),
    ],
)
def test_layers_refuse(make: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make()


def attend(x: Any = None, **masks: Any) -> Any:
    x = np.ones((4, 2, 6)) if x is None else x
    return nn.MultiheadAttention(6, 2)(x, x, x, **masks)


# First weights


EVERY = [
    lambda rng: nn.Linear(3, 2, rng=rng),
    lambda rng: nn.Conv1d(3, 2, 2, rng=rng),
    lambda rng: nn.Conv2d(3, 2, 2, rng=rng),
    lambda rng: nn.Conv3d(3, 2, 2, rng=rng),
    lambda rng: nn.ConvTranspose1d(3, 2, 2, rng=rng),
    lambda rng: nn.ConvTranspose2d(3, 2, 2, rng=rng),
    lambda rng: nn.ConvTranspose3d(3, 2, 2, rng=rng),
    lambda rng: nn.Embedding(3, 2, rng=rng),
    lambda rng: nn.RNN(3, 2, 2, rng=rng),
    lambda rng: nn.LSTM(3, 2, bidirectional=True, rng=rng),
    lambda rng: nn.GRU(3, 2, rng=rng),
    lambda rng: nn.RNNCell(3, 2, rng=rng),
    lambda rng: nn.LSTMCell(3, 2, rng=rng),
    lambda rng: nn.GRUCell(3, 2, rng=rng),
    lambda rng: nn.MultiheadAttention(4, 2, rng=rng),
]


@pytest.mark.parametrize("make", EVERY)
def test_every_layer_with_weights_takes_a_generator(make: Any):
    first, second, other = (make(np.random.default_rng(seed)).state_dict() for seed in (0, 0, 1))
    assert all(np.array_equal(first[k], second[k]) for k in first)
    assert any(not np.array_equal(first[k], other[k]) for k in first)
    assert any(not np.array_equal(make(None).state_dict()[k], make(None).state_dict()[k]) for k in first)
    assert all(v.dtype == np.float32 and np.isfinite(v).all() for v in first.values())


INIT = nn.init
STD = {  # the standard deviation that each gives to a weight of shape (60, 40, 5): 200 inputs an output, 300 the other way
    "uniform": lambda rng: (INIT.uniform((60, 40, 5), rng, -3.0, 3.0), 3**0.5),
    "normal": lambda rng: (INIT.normal((60, 40, 5), rng, 0.0, 0.2), 0.2),
    "kaiming uniform": lambda rng: (INIT.kaiming_uniform((60, 40, 5), rng, nonlinearity="relu"), (2 / 200) ** 0.5),
    "kaiming normal": lambda rng: (INIT.kaiming_normal((60, 40, 5), rng, a=0.5, mode="fan_out"), (2 / 1.25 / 300) ** 0.5),
    "xavier uniform": lambda rng: (INIT.xavier_uniform((60, 40, 5), rng, gain=2.0), 2 * (2 / 500) ** 0.5),
    "xavier normal": lambda rng: (INIT.xavier_normal((60, 40, 5), rng), (2 / 500) ** 0.5),
    "trunc normal": lambda rng: (INIT.trunc_normal((60, 40, 5), rng, 0.0, 2.0, -2.0, 2.0), 2 * 0.5396),
}


@pytest.mark.parametrize("name", STD)
def test_first_weights_have_their_variance(name: str):
    array, std = STD[name](np.random.default_rng(0))
    assert array.dtype == np.float32
    assert array.std() == pytest.approx(std, rel=0.03)
    assert abs(array.mean()) < 0.05 * std
    if "uniform" in name:
        assert abs(array).max() == pytest.approx(3**0.5 * std, rel=0.01)


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (3, 2, 2), (5, 5)])
def test_orthogonal(shape: tuple[int, ...]):
    array = INIT.orthogonal(shape, np.random.default_rng(0), gain=2.0, dtype=float)
    rows = array.reshape(shape[0], -1)
    product = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_first_weights_in_particular():
    assert INIT.constant((2, 2), 3).tolist() == [[3, 3], [3, 3]]
    assert not INIT.zeros(3).any()
    assert INIT.ones((1, 2), dtype=float).dtype == np.float64
    narrow = INIT.trunc_normal(100_000, np.random.default_rng(0), 1.0, 0.1, 1.05, 1.1)
    assert narrow.min() >= np.float32(1.05)
    assert narrow.max() <= np.float32(1.1)
    with pytest.raises(ValueError, match="less than a thousandth of the normal distribution"):
        INIT.trunc_normal(3, a=8.0, b=9.0)
    with pytest.raises(ValueError, match=r"at least 2 axes, outputs and inputs, got shape \(3,\)"):
        INIT.xavier_normal(3)
    with pytest.raises(ValueError, match="mode is 'fan_in'"):
        INIT.kaiming_normal((2, 2), mode="in")
    with pytest.raises(ValueError, match="nonlinearity is linear, sigmoid"):
        INIT.kaiming_normal((2, 2), nonlinearity="step")
    gains = [INIT.calculate_gain(n) for n in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu")]
    np.testing.assert_allclose(gains, [1, 1, 1, 5 / 3, 2**0.5, (2 / 1.0001) ** 0.5, 0.75])


@pytest.mark.parametrize("mask", [np.array([[False, False], [True, False]]), np.array([[-np.inf, -np.inf], [0.0, 0.3]])])
def test_a_query_without_keys_attends_to_nothing(mask: np.ndarray):
    q, k, v = (Tensor(np.random.default_rng(i).normal(size=(3, 2, 4))) for i in range(3))
    out = nn.scaled_dot_product_attention(q, k, v, mask)
    assert not out.data[:, 0].any()
    assert out.data[:, 1].all()
    out.sum().backward()
    assert all(np.isfinite(x.grad).all() for x in (q, k, v))
    assert not q.grad[:, 0].any()
    assert mg.gradcheck(lambda q, k, v: nn.scaled_dot_product_attention(q, k, v, mask), q, k, v, order=2)


def test_a_padded_batch_attends_to_nothing():
    x = Tensor(np.random.default_rng(0).normal(size=(4, 2, 6)))
    layer = nn.MultiheadAttention(6, 2, dtype=np.float64)
    out, weights = layer(x, x, x, key_padding_mask=np.array([[True] * 4, [False] * 4]))
    assert not weights.data[0].any()
    np.testing.assert_allclose(weights.data[1].sum(-1), 1)
    out.sum().backward()
    assert np.isfinite(x.grad).all()


# Transformers, lists of parameters, PyTorch's functional names


def test_copies_of_a_layer_have_parameters_of_their_own_and_one_generator():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5, rng=np.random.default_rng(0), dtype=np.float64)
    encoder = nn.TransformerEncoder(layer, 3, nn.LayerNorm(8, dtype=np.float64))
    weights = [part.linear1.weight for part in encoder.layers]
    assert len({id(w) for w in weights}) == 3
    assert all(np.array_equal(w.data, weights[0].data) for w in weights)
    assert len({id(m.rng) for m in encoder.modules() if hasattr(m, "rng")}) == 1
    x = np.random.default_rng(1).normal(size=(5, 2, 8))
    assert not np.array_equal(encoder(x).data, encoder(x).data)
    encoder.eval()
    by_hand = x
    for part in encoder.layers:
        by_hand = part(by_hand)
    np.testing.assert_array_equal(encoder(x).data, encoder.norm(by_hand).data)
    assert "layers.2.self_attn.in_proj_weight" in encoder.state_dict()


def test_a_decoder_passes_its_masks_on():
    layer = nn.TransformerDecoderLayer(4, 2, 8, dtype=np.float64, rng=np.random.default_rng(0)).eval()
    decoder = nn.TransformerDecoder(layer, 2).eval()
    target, memory = (np.random.default_rng(i).normal(size=(5, 1, 4)) for i in range(2))
    causal = decoder(target, memory, tgt_is_causal=True).data
    changed = decoder(np.concatenate([target[:3], target[3:] + 1]), memory, tgt_is_causal=True).data
    np.testing.assert_allclose(causal[:3], changed[:3], rtol=1e-12)
    assert not np.allclose(causal[3:], changed[3:])


def test_lists_and_dictionaries_of_parameters():
    class Net(nn.Module):
        def __init__(self) -> None:
            self.gains = nn.ParameterList([nn.Parameter(np.ones(2)), nn.Parameter(np.zeros(3))])
            self.named = nn.ParameterDict({"a": nn.Parameter([1.0])})

    net = Net()
    assert [name for name, _ in net.named_parameters()] == ["gains.0", "gains.1", "named.a"]
    net.gains[-1] = nn.Parameter(np.ones(4))
    assert [p.shape for p in net.gains.append(nn.Parameter([2.0]))] == [(2,), (4,), (1,)]
    net.named["b"] = nn.Parameter([3.0])
    assert "b" in net.named
    assert list(net.named.keys()) == ["a", "b"]
    assert set(net.state_dict()) == {"gains.0", "gains.1", "gains.2", "named.a", "named.b"}
    for wrong in (1.0, Tensor([1.0]) * 2, Tensor(np.array([1]))):
        with pytest.raises(TypeError, match="ParameterList: expected leaf tensors"):
            net.gains.append(wrong)


def test_functional_pads_and_crops_as_pytorch_counts():
    x = np.arange(12.0).reshape(1, 3, 4)
    np.testing.assert_array_equal(functional.pad(x, (1, 2)), np.pad(x, ((0, 0), (0, 0), (1, 2))))
    np.testing.assert_array_equal(
        functional.pad(x, (1, 0, 0, 2), value=7.0), np.pad(x, ((0, 0), (0, 2), (1, 0)), constant_values=7)
    )
    np.testing.assert_array_equal(functional.pad(x, (-1, 2, -2, 0)), np.pad(x[:, 2:, 1:], ((0, 0), (0, 0), (0, 2))))
    np.testing.assert_array_equal(functional.pad(x, (1, 1), "reflect"), np.pad(x, ((0, 0), (0, 0), (1, 1)), "reflect"))
    assert mg.gradcheck(lambda x: functional.pad(x, (-1, 2, 1, -1)), x)
    for wrong, message in (((1,), "two widths"), ((-3, -2), "crops more"), ((1,) * 8, "got 8 widths")):
        with pytest.raises(ValueError, match=message):
            functional.pad(x, wrong)
    with pytest.raises(ValueError, match="mode is one of"):
        functional.pad(x, (1, 1), "edge")


@pytest.mark.parametrize("name", sorted(functional.__all__))
def test_functional_names_are_functions(name: str):
    assert callable(getattr(functional, name))
    assert name in {"pad", "hardtanh", "logsigmoid", "multi_margin_loss"} or getattr(functional, name) in (
        getattr(mg, name, None),
        getattr(nn, name, None),
    )


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_forward_mode_through_a_recurrent_layer(kind: Any):
    """A sweep with a recorded upstream gradient, and plain inputs."""
    rng = np.random.default_rng(0)
    net, x, v = kind(3, 4, rng=rng), rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 2, 3))
    for p in net.parameters():
        p.data = p.data.astype(float)
    _, tangent = mg.jvp(lambda x: net(x)[0], (x,), (v,))
    difference = (net(x + 1e-6 * v)[0] - net(x - 1e-6 * v)[0]).data / 2e-6
    np.testing.assert_allclose(tangent, difference, rtol=1e-6, atol=1e-8)
