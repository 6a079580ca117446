# %% [markdown]
# # 3. Build your own engine
#
# You have pushed gradients through a graph by hand. Now you write the program that does it: an **autograd engine** for single
# numbers, in about fifty lines. Half of them are given.
#
# An engine does two things.
#
# 1. **Forward**, it computes values and *records* how: each result remembers its inputs and its local gradients.
# 2. **Backward**, it *sweeps* from the result to the leaves, and gives every node its gradient.
#
# You will check each part against minigrad, and the whole against finite differences.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks

# %% [markdown]
# ## A node
#
# A node holds four things: its value, its inputs, one local gradient for each input, and its own gradient, which the sweep
# fills in. A node without inputs is a **leaf**.
#
# The operators only call functions. You write those functions below.


# %%
class Value:
    def __init__(self, data, inputs=(), local=()):
        self.data = float(data)
        self.inputs = inputs  # the nodes this one was computed from
        self.local = local  # d(self)/d(input), a number for each input
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
# Look at what is *not* there. Subtraction and division have no code of their own: they are made of `add`, `multiply` and
# `power`. Four functions will carry the whole engine.

# %% [markdown]
# ## Exercise 1: add and multiply
#
# Each function computes a value, and returns a `Value` that holds it, with its inputs and their local gradients.
#
# $$\frac{\partial (a + b)}{\partial a} = 1 \qquad \frac{\partial (a + b)}{\partial b} = 1 \qquad
# \frac{\partial (a b)}{\partial a} = b \qquad \frac{\partial (a b)}{\partial b} = a$$
#
# Local gradients are plain numbers: take them from `a.data` and `b.data`.


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
checks.equal("the value of 3 + 4", lambda: (Value(3) + Value(4)).data, 7.0)
checks.equal("the local gradients of 3 + 4", lambda: (Value(3) + Value(4)).local, [1.0, 1.0])
checks.equal("the value of 3 * 4", lambda: (Value(3) * Value(4)).data, 12.0)
checks.equal(
    "the local gradients of 3 * 4",
    lambda: (Value(3) * Value(4)).local,
    [4.0, 3.0],
    hint="times switches",
)

# %% [markdown]
# ## Exercise 2: power and exp
#
# The exponent is a plain number, so `power` has one input only. So has `exp`, whose local gradient is its own result:
# compute it once.
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
checks.equal("the value of 2 ** 3", lambda: (Value(2) ** 3).data, 8.0)
checks.equal("the local gradient of 2 ** 3", lambda: (Value(2) ** 3).local, [12.0])
checks.equal("the value of 1 / 4", lambda: (1 / Value(4)).data, 0.25)
checks.equal("the value of exp(1)", lambda: exp(Value(1)).data, math.e)
checks.equal(
    "the local gradient of exp(1)",
    lambda: exp(Value(1)).local,
    [math.e],
    hint="the result is the slope",
)

# %% [markdown]
# Values flow now. The forward pass is complete:

# %%
x, y, z = Value(-2), Value(5), Value(-4)
q = x + y
f = q * z
f, f.inputs, f.local

# %% [markdown]
# ## Exercise 3: an order to go back in
#
# The sweep visits a node only when *everything that uses it* has been visited: else its gradient is not complete yet. So we
# need the nodes in **topological order**: inputs before the nodes that use them. The sweep then walks it from the end.
#
# Write `topological_order(root)`: a list of all nodes below `root`, each once, each after its inputs. A way to do it:
#
# - a function `visit(node)` that returns at once if it has seen the node;
# - otherwise it marks the node as seen, visits the inputs, and *then* appends the node.


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
checks.equal(
    "the values of (x + y) * z in topological order",
    lambda: sorted(n.data for n in topological_order(f)),
    [-12.0, -4.0, -2.0, 3.0, 5.0],
    hint="each of the five nodes belongs in it, the root too",
)
checks.equal(
    "the place of the root",
    lambda: topological_order(f).index(f),
    4,
    hint="append after visiting the inputs",
)
a = Value(3)
b = a + a
c = b + b
checks.equal(
    "the order of b = a + a, c = b + b",
    lambda: [n.data for n in topological_order(c)],
    [3.0, 6.0, 12.0],
    hint="each node once: look in `seen`",
)

# %% [markdown]
# Sixty levels of `y = y + y` have $2^{60}$ paths from the result to the leaf, and 61 nodes. An order that looks at each node
# once takes no time. A program that follows paths never ends.

# %%
y = Value(1)
for _ in range(60):
    y = y + y
len(topological_order(y)), y.data == 2.0**60

# %% [markdown]
# ## Exercise 4: the sweep
#
# Start with $\partial f / \partial f = 1$. Then take the nodes from the last to the first. Each sends to each of its inputs
#
# $$\text{downstream} = \text{upstream} \times \text{local}$$
#
# and the input **adds it** to what it has: a value used twice hears from both branches.


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
x, y, z = Value(-2), Value(5), Value(-4)
q = x + y
f = q * z
backward(f)
found = [x.grad, y.grad, z.grad, q.grad]
hint = "start with the last node: reversed(topological_order(root))"
checks.equal("the gradients of x, y, z and q", found, [-4.0, -4.0, 3.0, -4.0], hint=hint)
a = Value(3)
b = a + a
c = b + b
backward(c)
hint = "a hears from b twice: add to what it has"
checks.equal("the gradient of a, in b = a + a, c = b + b", a.grad, 4.0, hint=hint)

# %% [markdown]
# ## Against minigrad
#
# That is an engine. Let us try it on the sigmoid circuit of lesson 2, and compare with minigrad, number by number. The same
# function serves both, given the right `exp`.


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

checks.equal("the value", out.data, f)
checks.equal(
    "the gradients of w0, x0, w1, x1, w2",
    [v.grad for v in mine],
    [float(t.grad) for t in theirs],
)
[round(v.grad, 4) for v in mine]

# %% [markdown]
# This is the graph that both engines recorded. minigrad draws it; the numbers in it are yours, too.

# %%
mg.draw(f)

# %% [markdown]
# And this is your loop at work: each step back is one turn of it.

# %%
mg.play(f)

# %% [markdown]
# ## Against finite differences
#
# Two engines can share a mistake. Differences cannot: move an input up and down by a small $h$, and watch the result.
#
# $$\frac{\partial f}{\partial x} \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# The two are compared by their **relative error**, $|a - b| \,/ \max(|a|, |b|)$. Less than $10^{-7}$ is right; more than
# $10^{-2}$ is wrong.

# %%
checks.gradient(
    lambda *v: circuit(*v, np.exp),
    inputs,
    [v.grad for v in mine],
    names=["w0", "x0", "w1", "x1", "w2"],
    tolerance=1e-7,
)

# %% [markdown]
# ## Exercise 5: twice
#
# Your engine has a flaw, and a famous one. $f = x^3$ at $x = 3$ has the slope 27. Sweep, set the leaf's gradient to zero, and
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
# The second answer is 45. The node in the middle, `x * x`, still held the gradient of the first sweep, and sent it on again.
#
# The cure: each sweep collects its gradients **in a dictionary of its own**, and adds them into `.grad` only at the end. Then
# two sweeps give exactly twice the gradient, whatever was set to zero between them.


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
    # # the sweep, into `gradients`
    # # then add each gradient into the node's .grad
    # end


# %%
x = Value(3)
square = x * x
f = square * x
backward(f)
checks.equal("the slope of x³ at 3", x.grad, 27.0)
checks.equal("the gradient in the middle", square.grad, 3.0)
x.grad = 0.0
backward(f)
checks.equal("the slope, when only the leaf was set to zero", x.grad, 27.0)
backward(f)
checks.equal("the sum of two sweeps", x.grad, 54.0)

# %% [markdown]
# minigrad's own sweep is the same loop, in `minigrad/backward.py`. It differs in two ways. Where you keep a local gradient, a
# number, it keeps a *rule*, which turns the upstream gradient into the downstream one: lesson 4 shows why arrays need that. And
# its order is found without recursion, so a chain of a million nodes is no trouble.

# %% [markdown]
# ## Something to play with
#
# An engine is for going downhill. Himmelblau's function has four valleys, all of depth 0:
#
# $$f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2$$
#
# Starting somewhere, take small steps against the gradient. Your engine finds the way.


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
plt.contourf(across, across, np.log1p(height), levels=25, cmap="Blues_r")
for start in [(0, 0), (-1, 0.5), (-0.5, -1), (1, -2)]:
    path = descend(*start)
    plt.plot(*path.T, "o-", color="tab:orange", markersize=3)
    plt.plot(*path[-1], "*", color="tab:red", markersize=14)
plt.xlabel("x")
plt.ylabel("y")
plt.title("Four starts, four valleys")
plt.show()

# %% [markdown]
# Try:
#
# - other starts, and a rate of 0.02 or 0.03: when does a path begin to jump about?
# - a function of your own, made of `+ - * / **` and `exp`;
# - a new operation, `log` or `tanh`: a value, an input, a local gradient, and that is all.
