"""The updates. In each, g is the gradient of the loss, w a parameter, and t the number of the step, from 1."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer

Params = Iterable[Any]
Group = dict[str, Any]


def _follow(kept: Any, g: Any, rate: float, room: Any) -> None:
    """Let an average keep so much of itself, and take the rest from g."""
    np.multiply(g, 1 - rate, out=room)
    kept *= rate
    kept += room


def _follow_square(kept: Any, g: Any, rate: float, room: Any) -> None:
    """Let an average of squares keep so much of itself, and take the rest from g's square."""
    np.multiply(g, g, out=room)
    room *= 1 - rate
    kept *= rate
    kept += room


class SGD(Optimizer):
    """Stochastic gradient descent: w -= lr g; with momentum, w -= lr v where v = momentum v + (1 - dampening) g.

    Parameters
    ----------
    params : iterable of Tensor or of dict
        What to optimise, such as ``model.parameters()``; or groups, ``[{"params": [...], "lr": 0.1}, ...]``.
    lr : float
        The learning rate.
    momentum : float
        How much of the last step is made again. The first v is g.
    dampening : float
        How much less of g goes into v.
    weight_decay : float
        So many times w is added to g.
    nesterov : bool
        Step by g + momentum v.
    maximize : bool
        Ascend.

    Raises
    ------
    ValueError
        If Nesterov's form is asked for without momentum, or with dampening.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([1.0, -2.0])
    >>> sgd = optim.SGD([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> sgd.step()
    >>> w
    Tensor([ 0.8, -1.6])
    """

    def __init__(
        self, params: Params, lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0, weight_decay: float = 0.0,
        nesterov: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        self._set_up(
            params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
            maximize=maximize,
        )  # fmt: skip

    def _check(self, settings: Group) -> None:
        super()._check(settings)
        if settings["nesterov"] and (settings["momentum"] == 0 or settings["dampening"] != 0):
            raise ValueError("SGD: nesterov needs momentum, and no dampening")

    def _slots(self, group: Group) -> dict[str, float]:
        return {"momentum_buffer": 0.0} if group["momentum"] else {}

    def _update(self, w: Any, g: Any, a: Any, b: Any, group: Group, step: int, momentum_buffer: Any = None) -> None:
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
    """The gradient over the root of its average square, s: w -= lr g / (sqrt(s) + eps), s = alpha s + (1 - alpha) g**2.

    Parameters
    ----------
    params, lr, weight_decay, maximize
        As in `SGD`.
    alpha : float
        How much of s is kept.
    eps : float
        Added to the root.
    momentum : float
        Step by v, where v = momentum v + g / (sqrt(s) + eps).
    centered : bool
        Take the square of the average gradient from s.

    Notes
    -----
    Tieleman and Hinton 2012; centred, Graves 2013, section 4.2.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> optim.RMSprop([w], lr=0.1, alpha=0.75).step()
    >>> w
    Tensor([ 0.8, -1.8])
    """

    def __init__(
        self, params: Params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0.0,
        momentum: float = 0.0, centered: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        self._set_up(
            params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered,
            maximize=maximize,
        )  # fmt: skip

    def _slots(self, group: Group) -> dict[str, float]:
        return {
            "square_avg": 0.0,
            **({"momentum_buffer": 0.0} if group["momentum"] else {}),
            **({"grad_avg": 0.0} if group["centered"] else {}),
        }

    def _update(
        self, w: Any, g: Any, a: Any, b: Any, group: Group, step: int, square_avg: Any, momentum_buffer: Any = None,
        grad_avg: Any = None,
    ) -> None:  # fmt: skip
        _follow_square(square_avg, g, group["alpha"], a)
        if grad_avg is None:
            np.sqrt(square_avg, out=a)
        else:
            _follow(grad_avg, g, group["alpha"], a)
            np.multiply(grad_avg, grad_avg, out=a)
            np.subtract(square_avg, a, out=a)
            np.maximum(a, 0, out=a)  # rounding may have gone below
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
    """The gradient over the root of the sum of all its squares, s: w -= lr g / (sqrt(s) + eps).

    Parameters
    ----------
    params, lr, weight_decay, maximize
        As in `SGD`.
    lr_decay : float
        The rate at step t is lr / (1 + (t - 1) lr_decay).
    initial_accumulator_value : float
        Where s starts.
    eps : float
        Added to the root.

    Notes
    -----
    Duchi, Hazan and Singer, Adaptive Subgradient Methods, 2011.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> optim.Adagrad([w], lr=0.5).step()
    >>> w
    Tensor([ 0.5, -1.5])
    """

    def __init__(
        self, params: Params, lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0, eps: float = 1e-10, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        self._set_up(
            params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value, eps=eps, maximize=maximize,
        )  # fmt: skip

    def _slots(self, group: Group) -> dict[str, float]:
        return {"sum": group["initial_accumulator_value"]}

    def _update(self, w: Any, g: Any, a: Any, b: Any, group: Group, step: int, sum: Any) -> None:
        np.multiply(g, g, out=a)
        sum += a
        np.sqrt(sum, out=a)
        a += group["eps"]
        np.divide(g, a, out=a)
        a *= group["lr"] / (1 + (step - 1) * group["lr_decay"])
        w -= a


class Adadelta(Optimizer):
    """The gradient over the root of its average square, times that of the average square step: no units are left over.

    Parameters
    ----------
    params, lr, weight_decay, maximize
        As in `SGD`.
    rho : float
        How much of the averages is kept.
    eps : float
        Added before the roots.

    Notes
    -----
    Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> optim.Adadelta([w], eps=1.0).step()
    >>> print(w.data.round(4))
    [-0.6903  0.4807]
    """

    def __init__(
        self, params: Params, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0, *,
        maximize: bool = False,
    ) -> None:  # fmt: skip
        self._set_up(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize)

    def _slots(self, group: Group) -> dict[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def _update(
        self, w: Any, g: Any, a: Any, b: Any, group: Group, step: int, square_avg: Any, acc_delta: Any
    ) -> None:  # fmt: skip
        _follow_square(square_avg, g, group["rho"], a)
        np.add(acc_delta, group["eps"], out=a)
        np.add(square_avg, group["eps"], out=b)
        a /= b
        np.sqrt(a, out=a)
        a *= g
        _follow_square(acc_delta, a, group["rho"], b)
        a *= group["lr"]
        w -= a


class Adam(Optimizer):
    """Averages of the gradient and its square, corrected for their start at 0: w -= lr m / (sqrt(v) + eps).

    Parameters
    ----------
    params, lr, maximize
        As in `SGD`.
    betas : tuple of float
        How much is kept of the average gradient, and of the average square.
    eps : float
        Added to the root.
    weight_decay : float
        So many times w is added to the gradient.
    amsgrad : bool
        Use the largest average square so far.

    Notes
    -----
    Kingma and Ba, Adam, 2014; amsgrad: Reddi, Kale and Kumar, On the Convergence of Adam and Beyond, 2018.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> optim.Adam([w], lr=0.5).step()
    >>> print(w.data.round(6))
    [ 0.5 -1.5]
    """

    def __init__(
        self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0, amsgrad: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        self._set_up(
            params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize
        )  # fmt: skip

    def _slots(self, group: Group) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0, **({"max_exp_avg_sq": 0.0} if group["amsgrad"] else {})}

    def _update(
        self, w: Any, g: Any, a: Any, b: Any, group: Group, step: int, exp_avg: Any, exp_avg_sq: Any,
        max_exp_avg_sq: Any = None,
    ) -> None:  # fmt: skip
        first, second = group["betas"]
        _follow(exp_avg, g, first, a)
        _follow_square(exp_avg_sq, g, second, a)
        square = exp_avg_sq
        if max_exp_avg_sq is not None:
            square = np.maximum(max_exp_avg_sq, exp_avg_sq, out=max_exp_avg_sq)
        np.sqrt(square, out=a)
        a *= 1 / math.sqrt(1 - second**step)
        a += group["eps"]
        np.divide(exp_avg, a, out=a)
        a *= group["lr"] / (1 - first**step)
        w -= a


class AdamW(Adam):
    """Adam with weight decay beside the gradient instead of in it: first, w -= lr weight_decay w.

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, maximize
        As in `Adam`.
    weight_decay : float
        By how much weights shrink, for a rate of 1.

    Notes
    -----
    Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> optim.AdamW([w], lr=0.5, weight_decay=0.2).step()
    >>> print(w.data.round(6))
    [ 0.4 -1.3]
    """

    coupled = False

    def __init__(
        self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)


class Lion(Optimizer):
    """Steps of one size, by the sign of a mixture of the average gradient and the newest: w -= lr sign(b1 m + (1 - b1) g).

    Parameters
    ----------
    params, lr, maximize
        As in `SGD`; the rate is usually a tenth of Adam's.
    betas : tuple of float
        The part of the average in the mixture, and how much of the average is kept.
    weight_decay : float
        By how much weights shrink first, for a rate of 1, as in `AdamW`.

    Notes
    -----
    Chen et al., Symbolic Discovery of Optimization Algorithms, 2023, program 1.

    Examples
    --------
    >>> from minigrad import optim
    >>> w = mg.Tensor([1.0, -2.0])
    >>> (w**2).sum().backward()
    >>> optim.Lion([w], lr=0.5).step()
    >>> w
    Tensor([ 0.5, -1.5])
    """

    coupled = False

    def __init__(
        self, params: Params, lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0, *,
        maximize: bool = False,
    ) -> None:  # fmt: skip
        self._set_up(params, lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize)

    def _slots(self, group: Group) -> dict[str, float]:
        return {"exp_avg": 0.0}

    def _update(self, w: Any, g: Any, a: Any, b: Any, group: Group, step: int, exp_avg: Any) -> None:
        first, second = group["betas"]
        np.multiply(exp_avg, first, out=a)
        np.multiply(g, 1 - first, out=b)
        a += b
        np.sign(a, out=a)
        a *= group["lr"]
        w -= a
        _follow(exp_avg, g, second, a)
