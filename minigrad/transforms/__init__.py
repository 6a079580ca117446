"""Gradients of functions: a function of numbers and arrays goes in, a function that gives its derivative comes out."""

from minigrad.transforms.checkpoint import checkpoint
from minigrad.transforms.gradients import elementwise_grad, grad, jvp, value_and_grad, vjp
from minigrad.transforms.jacobians import hessian, hvp, jacobian

__all__ = ["checkpoint", "elementwise_grad", "grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]
