"""The optimisers. In the formulas w is a parameter, g its gradient, and t the number of the step, from 1.

Of a complex parameter g is the conjugate of the gradient, the direction of steepest ascent, and g² stands for |g|².

`_update` changes a block of w in place; a and b are buffers like w, so that a step allocates nothing.

The file is long because all optimisers stand side by side, each with its formula, its settings and an example.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.fast import faster, updates
from minigrad.optim.optimizer import Optimizer, Parameters

Settings = dict[str, Any]


def _average(mean: Any, g: Any, decay: float, buffer: Any) -> None:
    """Moving average, mean ← decay mean + (1 - decay) g."""
    np.multiply(g, 1 - decay, out=buffer)
    mean *= decay
    mean += buffer


def _square(g: Any, out: Any) -> None:
    """Square, g², or |g|² of complex numbers."""
    if out.dtype.kind == "c":
        out[...] = np.square(g.real) + np.square(g.imag)
    else:
        np.multiply(g, g, out=out)


def _average_square(mean: Any, g: Any, decay: float, buffer: Any) -> None:
    """Moving average of squares, mean ← decay mean + (1 - decay) g²."""
    _square(g, buffer)
    buffer *= 1 - decay
    mean *= decay
    mean += buffer


def _adaptive(w: Any, mean: Any, square: Any, buffer: Any, scale: float, eps: float, rate: float) -> None:
    """w ← w - rate mean / (scale √square + eps)."""
    np.sqrt(square, out=buffer)
    buffer *= scale
    buffer += eps
    np.divide(mean, buffer, out=buffer)
    buffer *= rate
    w -= buffer


@faster(updates.adam)
def _adam(
    g: Any, w: Any, mean: Any, square: Any, buffer: Any, first: float, second: float, scale: float, eps: float, rate: float
) -> Any:
    """The moving averages of g and of its square, and the step of w."""
    _average(mean, g, first, buffer)
    _average_square(square, g, second, buffer)
    _adaptive(w, mean, square, buffer, scale, eps, rate)
    return w


class SGD(Optimizer):
    """Stochastic gradient descent, w ← w - lr g; with momentum, w ← w - lr v, where v ← momentum v + (1 - dampening) g.

    The first v is g. With `nesterov`, which needs momentum and no dampening, the step is lr (g + momentum v).

    Examples
    --------
    >>> w = mg.Tensor([1.0, -2.0])
    >>> sgd = mg.optim.SGD([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> sgd.step()
    >>> w
    Tensor([ 0.8, -1.6])
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        self._set_up(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def _check(self, settings: Settings) -> None:
        super()._check(settings)
        if settings["nesterov"] and (settings["momentum"] == 0 or settings["dampening"] != 0):
            raise ValueError("SGD: nesterov needs momentum and no dampening")

    def _slots(self, group: Settings) -> dict[str, float]:
        return {"momentum_buffer": 0.0} if group["momentum"] else {}

    def _update(self, w: Any, g: Any, a: Any, b: Any, group: Settings, step: int, momentum_buffer: Any = None) -> None:
        v, momentum = momentum_buffer, group["momentum"]
        if v is not None:
            if step == 1:
                np.copyto(v, g)
            else:
                v *= momentum
                v += g if group["dampening"] == 0 else np.multiply(g, 1 - group["dampening"], out=a)
            if group["nesterov"]:
                np.multiply(v, momentum, out=a)
                a += g
                g = a
            else:
                g = v
        np.multiply(g, group["lr"], out=a)
        w -= a


class RMSprop(Optimizer):
    """RMSprop, w ← w - lr g / (√s + eps), where s ← alpha s + (1 - alpha) g².

    With momentum, w ← w - lr v, where v ← momentum v + g / (√s + eps). With `centered`, s is an estimate of the variance.
    (Tieleman and Hinton, 2012; centred: Graves, 2013, section 4.2.)

    Examples
    --------
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> mg.optim.RMSprop([w], lr=0.1, alpha=0.75).step()
    >>> w
    Tensor([ 0.8, -1.8])
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        self._set_up(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def _slots(self, group: Settings) -> dict[str, float]:
        return {
            "square_avg": 0.0,
            **({"momentum_buffer": 0.0} if group["momentum"] else {}),
            **({"grad_avg": 0.0} if group["centered"] else {}),
        }

    def _update(
        self,
        w: Any,
        g: Any,
        a: Any,
        b: Any,
        group: Settings,
        step: int,
        square_avg: Any,
        momentum_buffer: Any = None,
        grad_avg: Any = None,
    ) -> None:
        _average_square(square_avg, g, group["alpha"], a)
        if grad_avg is None:
            np.sqrt(square_avg, out=a)
        else:
            _average(grad_avg, g, group["alpha"], a)
            _square(grad_avg, a)
            np.subtract(square_avg, a, out=a)
            np.maximum(a, 0, out=a)  # rounding may have made it negative
            np.sqrt(a, out=a)
        a += group["eps"]
        np.divide(g, a, out=a)
        if momentum_buffer is not None:
            momentum_buffer *= group["momentum"]
            momentum_buffer += a
            a = np.multiply(momentum_buffer, group["lr"], out=a)
        else:
            a *= group["lr"]
        w -= a


class Adagrad(Optimizer):
    """Adagrad, w ← w - lr g / (√s + eps), where s is the sum of all g², from `initial_accumulator_value`.

    The learning rate at step t is lr / (1 + (t - 1) lr_decay).
    (Duchi, Hazan and Singer, Adaptive Subgradient Methods, 2011.)

    Examples
    --------
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> mg.optim.Adagrad([w], lr=0.5).step()
    >>> w
    Tensor([ 0.5, -1.5])
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        self._set_up(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def _slots(self, group: Settings) -> dict[str, float]:
        return {"sum": group["initial_accumulator_value"]}

    def _update(self, w: Any, g: Any, a: Any, b: Any, group: Settings, step: int, sum: Any) -> None:
        _square(g, a)
        sum += a
        np.sqrt(sum, out=a)
        a += group["eps"]
        np.divide(g, a, out=a)
        a *= group["lr"] / (1 + (step - 1) * group["lr_decay"])
        w -= a


class Adadelta(Optimizer):
    """Adadelta, w ← w - lr d, where d = √((u + eps) / (s + eps)) g, and s and u are moving averages of g² and d².

    (Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.)

    Examples
    --------
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> mg.optim.Adadelta([w], eps=1.0).step()
    >>> print(w.data.round(4))
    [-0.6903  0.4807]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        self._set_up(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize)

    def _slots(self, group: Settings) -> dict[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def _update(self, w: Any, g: Any, a: Any, b: Any, group: Settings, step: int, square_avg: Any, acc_delta: Any) -> None:
        _average_square(square_avg, g, group["rho"], a)
        np.add(acc_delta, group["eps"], out=a)
        np.add(square_avg, group["eps"], out=b)
        a /= b
        np.sqrt(a, out=a)
        a *= g
        _average_square(acc_delta, a, group["rho"], b)
        a *= group["lr"]
        w -= a


class Adam(Optimizer):
    """Adam, w ← w - lr m / (√v + eps), where m and v are moving averages of g and g², corrected for their start at 0.

    With `amsgrad`, v is the largest so far.
    (Kingma and Ba, Adam, 2014; amsgrad: Reddi, Kale and Kumar, On the Convergence of Adam and Beyond, 2018.)

    Examples
    --------
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> mg.optim.Adam([w], lr=0.5).step()
    >>> print(w.data.round(6))
    [ 0.5 -1.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        self._set_up(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize)

    def _slots(self, group: Settings) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0, **({"max_exp_avg_sq": 0.0} if group["amsgrad"] else {})}

    def _update(
        self,
        w: Any,
        g: Any,
        a: Any,
        b: Any,
        group: Settings,
        step: int,
        exp_avg: Any,
        exp_avg_sq: Any,
        max_exp_avg_sq: Any = None,
    ) -> None:
        first, second = group["betas"]
        corrected = 1 / math.sqrt(1 - second**step), group["eps"], group["lr"] / (1 - first**step)
        if max_exp_avg_sq is None:
            _adam(g, w, exp_avg, exp_avg_sq, a, first, second, *corrected)
        else:
            _average(exp_avg, g, first, a)
            _average_square(exp_avg_sq, g, second, a)
            np.maximum(max_exp_avg_sq, exp_avg_sq, out=max_exp_avg_sq)
            _adaptive(w, exp_avg, max_exp_avg_sq, a, *corrected)


class AdamW(Adam):
    """Adam with decoupled weight decay: w ← w - lr weight_decay w before the step, instead of an L2 penalty.

    (Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.)

    Examples
    --------
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> mg.optim.AdamW([w], lr=0.5, weight_decay=0.2).step()
    >>> print(w.data.round(6))
    [ 0.4 -1.3]
    """

    coupled = False

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)


class Lion(Optimizer):
    """Lion, w ← w - lr sign(β₁ m + (1 - β₁) g), where m ← β₂ m + (1 - β₂) g; weight decay as in `AdamW`. Not in PyTorch.

    A good learning rate is usually a tenth of Adam's.
    (Chen et al., Symbolic Discovery of Optimization Algorithms, 2023, program 1.)

    Examples
    --------
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> mg.optim.Lion([w], lr=0.5).step()
    >>> w
    Tensor([ 0.5, -1.5])
    """

    coupled = False

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        self._set_up(params, lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize)

    def _slots(self, group: Settings) -> dict[str, float]:
        return {"exp_avg": 0.0}

    def _update(self, w: Any, g: Any, a: Any, b: Any, group: Settings, step: int, exp_avg: Any) -> None:
        first, second = group["betas"]
        np.multiply(exp_avg, first, out=a)
        np.multiply(g, 1 - first, out=b)
        a += b
        np.sign(a, out=a)
        a *= group["lr"]
        w -= a
        _average(exp_avg, g, second, a)
