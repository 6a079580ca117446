"""Complex tensors outside arithmetic: copies, states, sweeps, updates in place, checkpoints and exports."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, checks, nn

pytestmark = pytest.mark.filterwarnings("error")
Z = np.array([1.0 + 2.0j, -0.5 + 0.3j, 2.0 - 1.0j])


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = Tensor(Z)

    def forward(self, x: Any) -> Any:
        return abs(x * self.w)


class Real(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = Tensor(Z.real)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda z: pickle.loads(pickle.dumps(z))])
def test_copies(copied: Any):
    z = Tensor(Z, name="z")
    other = copied(z)
    np.testing.assert_array_equal(other.data, Z)
    assert (other.dtype, other.name, other.requires_grad) == (Z.dtype, "z", True)


def test_arrays_that_leave():
    z = Tensor(Z)
    np.testing.assert_array_equal(np.from_dlpack(z.detach()), Z)
    np.testing.assert_array_equal((z * 1j).detach().data, Z * 1j)
    with pytest.raises(TypeError, match="DLPack would make a plain array"):
        np.from_dlpack(z * 2)


def test_states_of_modules(tmp_path: Path):
    model, other = Complex(), Complex()
    other.load_state_dict({"w": Z * 1j})
    np.testing.assert_array_equal(other.w.data, Z * 1j)
    model.load_state_dict(mg.load(mg.save(other, tmp_path / "x.npz")))
    np.testing.assert_array_equal(model.w.data, Z * 1j)
    real = Real()
    with pytest.raises(ValueError, match="w is of dtype float64, got complex128"):
        real.load_state_dict(other.state_dict())
    np.testing.assert_array_equal(real.w.data, Z.real)


def test_sweeps_add_up_and_are_recorded():
    w = Tensor(Z)
    loss = (abs(w) ** 2).sum()
    loss.backward()
    loss.backward()
    np.testing.assert_allclose(w.grad, 4 * np.conj(Z))
    w.zero_grad()
    (abs(w) ** 4).sum().backward(create_graph=True)
    size = (abs(w.grad) ** 2).sum()  # |4 |w|² w̄|² = 16 |w|⁶
    w.grad = None
    size.backward()
    np.testing.assert_allclose(w.grad, 96 * abs(Z) ** 4 * np.conj(Z))


def test_updates_in_place():
    w = Tensor(Z)
    with mg.no_grad():
        w -= 0.5j
        w[0] = 3j
        w.data *= 2
    np.testing.assert_allclose(w.data, [6j, -1 - 0.4j, 4 - 3j])
    x = Tensor(Z.real)
    with mg.no_grad(), pytest.raises(TypeError, match="holds float64 numbers and takes no complex128 ones"):
        x -= 0.5j
    np.testing.assert_array_equal(x.data, Z.real)


def test_arrays_that_change_are_noticed():
    w, a = Tensor(Z), Z.copy()
    y = (w * a).sum().real
    a *= 2
    y.backward()
    np.testing.assert_array_equal(w.grad, Z)
    y = (w * w).sum().real
    w.data[0] = 5
    with pytest.raises(RuntimeError, match="updated in place"):
        y.backward()


def test_checkpoints():
    w, f = Tensor(Z), mg.checkpoint(lambda u: np.exp(u) * u)
    f(w).sum().real.backward()
    np.testing.assert_allclose(w.grad, np.exp(Z) * (Z + 1))
    both = mg.checkpoint(lambda z, x: [np.exp(z * x), abs(z), x])
    assert [y.dtype.kind for y in both(Tensor(Z), Tensor(Z.real))] == ["c", "f", "f"]
    assert mg.gradcheck(both, Z, Z.real, order=2)


def test_exports_are_refused(tmp_path: Path):
    pytest.importorskip("onnx")
    file = tmp_path / "x.onnx"
    with pytest.raises(ValueError, match="inputs are floating or integer, got dtype complex128"):
        mg.export_onnx(Complex(), (2, 3), file)
    with pytest.raises(
        NotImplementedError, match=r"export_onnx: .* is of complex numbers, which ONNX's operators do not take"
    ):
        mg.export_onnx(Complex(), (2, 3), file, dtype=np.float64)
    assert not file.exists()


def test_checks_of_answers():
    np.testing.assert_allclose(checks.relative_error(Z, 1j * Z), np.sqrt(2))
    with pytest.raises(TypeError, match=r"checks.gradient: complex numbers are not accepted"):
        checks.gradient(lambda x: x * x, [Z], [Z])
