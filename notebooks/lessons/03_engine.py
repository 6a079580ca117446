# %% [markdown]
# # 3. Build your own engine
#
# You have computed gradients on a graph by hand. Now write a program that does it: an **autograd engine** for scalars, in
# about fifty lines. Half of them are given.
#
# An engine has two parts.
#
# 1. The **forward pass** computes values and *records* how: each result keeps its inputs and its local gradients.
# 2. The **backward pass** *sweeps* from the result to the leaves and gives every node its gradient.
#
# You will check each part as you write it, and the whole engine against minigrad and against finite differences.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks
from minigrad.course import check

# %% [markdown]
# ## A node
#
# A node holds four things: its value, its inputs, one local gradient for each input, and its own gradient. The sweep fills
# in the gradient. A node without inputs is a **leaf**.
#
# The operators call functions, which you will write below.


# %%
class Value:
    def __init__(self, data, inputs=(), local=()):
        self.data = float(data)
        self.inputs = inputs  # the nodes that this one was computed from
        self.local = local  # d(self)/d(input), one number for each input
        self.grad = 0.0

    def __repr__(self):
        return f"Value({self.data:g}, grad={self.grad:g})"

    def __add__(self, other):
        return add(self, node(other))

    def __mul__(self, other):
        return multiply(self, node(other))

    def __pow__(self, exponent):
        return power(self, exponent)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -node(other)

    def __truediv__(self, other):
        return self * node(other) ** -1

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return node(other) - self

    def __rtruediv__(self, other):
        return node(other) / self


def node(x):
    return x if isinstance(x, Value) else Value(x)


# %% [markdown]
# Notice what is *not* there. Subtraction and division have no code of their own: they use `add`, `multiply` and `power`.
# Four functions are enough for the whole engine.

# %% [markdown]
# ## Exercise 1: add and multiply
#
# Write `add(a, b)` and `multiply(a, b)` for two nodes. Each returns a new `Value` with the result, the inputs, and a local
# gradient for each input.
#
# $$\frac{\partial (a + b)}{\partial a} = 1 \qquad \frac{\partial (a + b)}{\partial b} = 1 \qquad
# \frac{\partial (a b)}{\partial a} = b \qquad \frac{\partial (a b)}{\partial b} = a$$
#
# Local gradients are plain numbers: compute them from `a.data` and `b.data`.


# %%
def add(a, b):
    # solution
    return Value(a.data + b.data, (a, b), (1.0, 1.0))
    # end


def multiply(a, b):
    # solution
    return Value(a.data * b.data, (a, b), (b.data, a.data))
    # end


# %%
check("3.1", add, multiply)

# %% [markdown]
# ## Exercise 2: power and exp
#
# Write `power(a, exponent)` and `exp(a)`. The exponent is a plain number, so `power` has only one input. So does `exp`. The
# local gradient of `exp` is its own result, so compute the result once and use it twice.
#
# $$\frac{\mathrm d\, a^n}{\mathrm d a} = n\, a^{n-1} \qquad \frac{\mathrm d\, e^a}{\mathrm d a} = e^a$$


# %%
def power(a, exponent):
    # solution
    return Value(a.data**exponent, (a,), (exponent * a.data ** (exponent - 1),))
    # end


def exp(a):
    # solution
    out = math.exp(a.data)
    return Value(out, (a,), (out,))
    # end


# %%
check("3.2", power, exp)

# %% [markdown]
# This completes the forward pass:

# %%
x, y, z = Value(-2), Value(5), Value(-4)
q = x + y
f = q * z
f, f.inputs, f.local

# %% [markdown]
# ## Exercise 3: topological order
#
# The sweep may visit a node only after *every node that uses it*, because only then is its gradient complete. So we need the
# nodes in **topological order**: each node after its inputs. The sweep then walks through this order backwards.
#
# Write `topological_order(root)`. It returns a list of `root` and all nodes that `root` depends on, each of them once and
# after its inputs. One way to do it:
#
# - write a function `visit(node)` that returns immediately if it has already seen the node;
# - otherwise, `visit` marks the node as seen, visits its inputs, and *then* appends the node.


# %%
def topological_order(root):
    order, seen = [], set()
    # solution

    def visit(node):
        if node not in seen:
            seen.add(node)
            for x in node.inputs:
                visit(x)
            order.append(node)

    visit(root)
    # stub
    # # fill `order`
    # end
    return order


# %%
check("3.3", topological_order)

# %% [markdown]
# Sixty levels of `y = y + y` make a graph with 61 nodes, but $2^{60}$ paths from the result to the leaf. A program that
# visits each node once is done immediately. A program that follows every path would run for centuries.

# %%
y = Value(1)
for _ in range(60):
    y = y + y
len(topological_order(y)), y.data == 2.0**60

# %% [markdown]
# ## Exercise 4: the sweep
#
# Complete `backward(root)`, which gives every node its `.grad`. Start with $\partial f / \partial f = 1$. Then go through
# the nodes from the last to the first. Each node sends to each of its inputs
#
# $$\text{downstream} = \text{upstream} \times \text{local}$$
#
# The input **adds** it to the gradient it already has, because a value that is used twice gets a gradient from both
# branches.


# %%
def backward(root):
    root.grad = 1.0
    # solution
    for node in reversed(topological_order(root)):
        for x, local in zip(node.inputs, node.local, strict=True):
            x.grad += node.grad * local
    # stub
    # # the sweep
    # end


# %%
check("3.4", backward)

# %% [markdown]
# **Question.** Why does the sweep store the gradient of *every* node, although training needs only those of the weights?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# The gradient of a node is the upstream gradient for its inputs. Without the gradients of the intermediate nodes, none would
# reach the weights. An engine may discard such a gradient as soon as it has been sent on.
#
# </details>

# %% [markdown]
# ## Comparison with minigrad
#
# Your engine is complete. Try it on the sigmoid circuit of lesson 2 and compare every number with minigrad. One function
# serves both engines: it takes the right `exp` as an argument.


# %%
def circuit(w0, x0, w1, x1, w2, exp):
    return 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))


inputs = [2.0, -1.0, -3.0, -2.0, -3.0]
mine = [Value(v) for v in inputs]
out = circuit(*mine, exp)
backward(out)

theirs = [
    Tensor(v, name=name) for name, v in zip(["w0", "x0", "w1", "x1", "w2"], inputs, strict=True)
]
f = circuit(*theirs, mg.exp)
f.backward()

print("yours   ", round(out.data, 4), [round(v.grad, 4) for v in mine])
print("minigrad", round(f.item(), 4), [round(t.grad.item(), 4) for t in theirs])

# %% [markdown]
# This is the graph that both engines recorded, drawn by minigrad.

# %%
mg.draw(f)

# %% [markdown]
# In the player, each backward step is one iteration of your loop.

# %%
mg.play(f)

# %% [markdown]
# ## Comparison with finite differences
#
# Two engines can make the same mistake. Finite differences do not use the chain rule at all: change one input by a small
# $h$, up and down, and compare the results.
#
# $$\frac{\partial f}{\partial x} \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# Compare the two gradients by their **relative error**, $|a - b| \,/ \max(|a|, |b|)$. Below $10^{-7}$ the gradient is right;
# above $10^{-2}$ it is wrong.

# %%
checks.gradient(
    lambda *v: circuit(*v, np.exp),
    inputs,
    [v.grad for v in mine],
    names=["w0", "x0", "w1", "x1", "w2"],
    tolerance=1e-7,
)

# %% [markdown]
# ## Exercise 5: a second sweep
#
# Your engine has a well-known bug. The derivative of $f = x^3$ at $x = 3$ is 27. Sweep, set the leaf's gradient to zero, and
# sweep again:

# %%
x = Value(3)
f = (x * x) * x
backward(f)
first = x.grad
x.grad = 0.0
backward(f)
first, x.grad

# %% [markdown]
# The second answer is 45. The intermediate node, `x * x`, still held its gradient from the first sweep and sent it on again.
#
# To fix this, let each sweep collect its gradients **in a dictionary of its own** and add them to `.grad` only at the end.
# Then every sweep adds exactly the right gradient, whether or not the gradients were set to zero before.


# %%
def backward(root):
    # solution
    gradients = {root: 1.0}
    for node in reversed(topological_order(root)):
        for x, local in zip(node.inputs, node.local, strict=True):
            gradients[x] = gradients.get(x, 0.0) + gradients[node] * local
    for node, gradient in gradients.items():
        node.grad += gradient
    # stub
    # gradients = {root: 1.0}
    # # the sweep: collect into `gradients`
    # # then add each gradient to the node's .grad
    # end


# %%
check("3.5", backward)

# %% [markdown]
# minigrad's own sweep, in `minigrad/backward.py`, is the same loop with two differences. First, your nodes keep their local
# gradients as numbers; in minigrad, each operation has a *rule* that computes the downstream gradient from the upstream one.
# Lesson 4 shows why arrays need rules. Second, minigrad finds the topological order without recursion, so a chain of a
# million nodes works too.

# %% [markdown]
# ## Something to play with
#
# With an engine you can minimise functions. Himmelblau's function has four minima, each with the value 0:
#
# $$f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2$$
#
# From any starting point, take small steps against the gradient. Your engine computes the gradient of each step.


# %%
def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def descend(x, y, rate=0.01, steps=60):
    path = [(x, y)]
    for _ in range(steps):
        x, y = Value(x), Value(y)
        backward(himmelblau(x, y))
        x, y = x.data - rate * x.grad, y.data - rate * y.grad
        path.append((x, y))
    return np.array(path)


# %%
across = np.linspace(-5, 5, 200)
height = himmelblau(*np.meshgrid(across, across))
plt.figure(figsize=(6, 6))
plt.contourf(across, across, np.log1p(height), levels=25, cmap="gray")
for start in [(0, 0), (-1, 0.5), (-0.5, -1), (1, -2)]:
    path = descend(*start)
    plt.plot(*path.T, "o-", color="tab:orange", markersize=3)
    plt.plot(*path[-1], "*", color="tab:red", markersize=14)
plt.xlabel("x")
plt.ylabel("y")
plt.title("Four starts, four minima")
plt.show()

# %% [markdown]
# Try:
#
# - other starting points, and a rate of 0.02 or 0.03: when does a path begin to jump around?
# - a function of your own, built from `+ - * / **` and `exp`;
# - a new operation, `log` or `tanh`: all it needs is a value, an input and a local gradient.
