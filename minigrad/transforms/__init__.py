"""Gradients of functions: a function of numbers and arrays goes in, a function that gives its derivative comes out."""

from minigrad.transforms.checkpoint import checkpoint
from minigrad.transforms.flatten import flatten_tree
from minigrad.transforms.gradients import elementwise_grad, grad, jvp, value_and_grad, vjp
from minigrad.transforms.implicit import fixed_point
from minigrad.transforms.jacobians import hessian, hvp, jacobian
from minigrad.transforms.odeint import odeint

__all__ = [
    "checkpoint",
    "elementwise_grad",
    "fixed_point",
    "flatten_tree",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "odeint",
    "value_and_grad",
    "vjp",
]
