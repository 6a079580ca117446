# %% [markdown]
# # 11. Beyond the basics
#
# This lesson introduces four further topics: gradients of gradients, fast convolutions, the source code of minigrad, and
# operations of your own.

# %%
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks
from minigrad.backward import unbroadcast
from minigrad.graph import topological_order
from minigrad.operation import OPS

# %% [markdown]
# ## The backward pass is also a graph
#
# A rule computes with `*` and `+`, like any other function. So its computation can be recorded and differentiated again. In
# minigrad, `.backward(create_graph=True)` records the sweep, and the gradient is then itself the result of a graph. Here is
# the graph of $f'(x)$ for $f(x) = x^3$ at $x = 3$:

# %%
x = Tensor(3.0, name="x")
f = x**3
f.backward(create_graph=True)
slope = x.grad
mg.draw(slope, backward=True)

# %% [markdown]
# The value of the result is $3x^2 = 27$. The red number at `x` is the derivative of *that* value: $6x = 18$.
#
# As a function, $f'$ is `mg.grad(f)`. It takes the same arguments as `f`, so you can pass it to `mg.grad` again.
#
# ## Exercise 1: the n-th derivative
#
# Write `derivative(f, n)`. It returns the n-th derivative of `f`, as a function.


# %%
def derivative(f, n):
    # solution
    for _ in range(n):
        f = mg.grad(f)
    return f
    # end


# %%
checks.equal(
    "the second derivative of x³ at 2",
    lambda: derivative(lambda x: x**3, 2)(2.0),
    12.0,
    hint="f = mg.grad(f), n times",
)
checks.equal(
    "the fifth derivative of sin at 0.7", lambda: derivative(mg.sin, 5)(0.7), np.cos(0.7)
)

# %%
at = np.linspace(-4, 4, 121)
plt.figure(figsize=(7, 3.2))
for n, name in enumerate(["tanh", "first", "second", "third"]):
    plt.plot(at, [derivative(mg.tanh, n)(x) for x in at], label=name)
plt.legend(title="derivative")
plt.show()

# %% [markdown]
# ## Newton's method
#
# Gradient descent uses only the gradient. Second derivatives show how the gradient changes, so they predict where it will be
# 0. For a function of $n$ variables they form an $n \times n$ matrix, the **Hessian**
# $H_{ij} = \partial^2 f / \partial x_i\, \partial x_j$. Set the linear approximation of the gradient to zero and solve for
# the step $s$:
#
# $$\nabla f(x) + H\, s = 0 \qquad x \leftarrow x + s$$
#
# ## Exercise 2: a Newton step
#
# `mg.grad(f)(x)` is the gradient and `mg.hessian(f)(x)` the Hessian. `np.linalg.solve(A, b)` solves $A s = b$.


# %%
def newton_step(f, x):
    # solution
    return x - np.linalg.solve(mg.hessian(f)(x), mg.grad(f)(x))
    # end


# %%
A = np.array([[3.0, 1.0], [1.0, 2.0]])
b = np.array([1.0, -1.0])
checks.equal(
    "the minimum of ½ xᵀA x - bᵀx, in one step",
    lambda: newton_step(lambda x: x @ (A @ x) / 2 - b @ x, np.array([5.0, 5.0])),
    np.linalg.solve(A, b),
    hint="solve H s = -gradient, and return x + s",
)

# %% [markdown]
# For a quadratic function, one Newton step is enough. Rosenbrock's curved valley needs a few Newton steps; gradient descent
# needs thousands of its steps:


# %%
def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


newton, descent = [np.array([-1.2, 1.0])], [np.array([-1.2, 1.0])]
for _ in range(6):
    newton.append(newton_step(rosenbrock, newton[-1]))
for _ in range(400):
    descent.append(descent[-1] - 0.002 * mg.grad(rosenbrock)(descent[-1]))
newton, descent = np.array(newton), np.array(descent)

across, up = np.meshgrid(np.linspace(-1.6, 1.6, 150), np.linspace(-3.5, 2, 150))
fig, axes = plt.subplots(1, 2, figsize=(11, 4))
axes[0].contourf(across, up, np.log1p(rosenbrock([across, up])), levels=20, cmap="Blues_r")
axes[0].plot(*descent.T, ".-", color="tab:red", label="gradient descent, 400 steps")
axes[0].plot(*newton.T, "o-", color="tab:orange", label="Newton, 6 steps")
axes[0].plot(1, 1, "w*", markersize=14)
axes[0].legend(loc="lower left")
axes[1].semilogy(np.abs(newton - 1).max(axis=1), "o-", color="tab:orange")
axes[1].semilogy(np.abs(descent[:7] - 1).max(axis=1), ".-", color="tab:red")
axes[1].set_title("distance from the minimum")
axes[1].set_xlabel("step")
plt.tight_layout()
plt.show()

# %% [markdown]
# Near the minimum, each Newton step roughly doubles the number of correct digits. For networks it is rarely used: with a
# million weights, the Hessian has $10^{12}$ entries.
#
# ## Exercise 3: the Hessian times a vector
#
# As with Jacobians, you can compute the product without forming the matrix. $H v$ is the gradient of a scalar:
#
# $$H v = \nabla \bigl( \nabla f(x) \cdot v \bigr)$$


# %%
def hessian_times(f, x, v):
    # solution
    return mg.grad(lambda x: mg.sum(mg.grad(f)(x) * v))(x)
    # end


# %%
x, v = np.array([-1.2, 1.0]), np.array([2.0, -1.0])
checks.equal(
    "H v for Rosenbrock's function",
    lambda: hessian_times(rosenbrock, x, v),
    mg.hessian(rosenbrock)(x) @ v,
    hint="the inner function is mg.sum(mg.grad(f)(x) * v)",
)

# %%
million = np.linspace(-1, 1, 1_000_000)
product = hessian_times(lambda x: mg.sum(x**4), million, np.ones(1_000_000))
print(product[[0, -1]], "from a Hessian that would take 8 TB")

# %% [markdown]
# ## A gradient penalty
#
# A gradient can also be part of the **loss**. This loss asks for a network that is not only right but also smooth: a small
# change in the input should change the output only a little. $z(x_i)$ is the logit of point $i$.
#
# $$L = \text{cross-entropy} + \lambda\, \frac1N \sum_i \left\lVert \frac{\partial z(x_i)}{\partial x_i} \right\rVert^2$$
#
# To train with this loss, you need the gradient of a gradient with respect to the weights.
#
# ## Exercise 4: the penalty
#
# The logit of each point depends only on its own row of `X`. So the gradient of the *sum* of all logits with respect to `X`
# has $\partial z(x_i) / \partial x_i$ in row $i$. Return the mean of the squared lengths of these rows.


# %%
def forward(params, X):
    W1, b1, W2, b2, W3, b3 = params
    return (mg.tanh(mg.tanh(X @ W1 + b1) @ W2 + b2) @ W3 + b3)[:, 0]


def penalty(params, X):
    # solution
    slopes = mg.grad(lambda X: mg.sum(forward(params, X)))(X)
    return mg.mean(mg.sum(slopes**2, axis=1))
    # end


# %%
def first_params(rng, n=24):
    sizes = [(2, n), (n, n), (n, 1)]
    return [
        a for i, o in sizes for a in (rng.normal(size=(i, o)) * (2 / i) ** 0.5, np.zeros(o))
    ]


rng = np.random.default_rng(0)
params, X = first_params(rng), rng.normal(size=(3, 2))
each = [mg.grad(lambda x: forward(params, x[None])[0])(x) for x in X]
checks.equal(
    "the penalty at three points",
    lambda: penalty(params, X),
    np.mean([g @ g for g in each]),
    hint="square the slopes, sum along axis 1, take the mean",
)
checks.gradient(
    lambda b1: penalty([params[0], b1, *params[2:]], X),
    [params[1]],
    lambda: mg.grad(lambda b1: penalty([params[0], b1, *params[2:]], X))(params[1]),
    names=["b1"],
    tolerance=1e-5,
)

# %% [markdown]
# Here are two classes that touch, and a network large enough to bend around single points. It is trained without the penalty,
# with a small one and with a large one.
#
# If the penalty used only the data points, the network would be flat there and could be as steep as it likes in between. So
# the penalty uses random points of the plane, new ones in each step.
#
# `mg.grad` differentiates with respect to the *arguments* of a function. So the parameters are passed in as arrays, and the
# gradients are then given to the optimiser.

# %%
rng = np.random.default_rng(4)
angle = np.pi * rng.random(40)
X = np.stack([np.cos(angle), np.sin(angle)], -1)
X[20:] = [0.9, 0.35] - X[20:]
X += 0.22 * rng.normal(size=X.shape)
y = np.repeat([0.0, 1.0], 20)


def train(strength, steps=300):
    def total(params, places):
        loss = mg.binary_cross_entropy_with_logits(forward(params, X), y)
        return loss + strength * penalty(params, places)

    rng = np.random.default_rng(1)
    params = [Tensor(p) for p in first_params(np.random.default_rng(0))]
    adam = mg.optim.Adam(params, lr=0.02)
    for _ in range(steps):
        places = rng.uniform([-1.8, -1.4], [2.6, 1.8], size=(60, 2))
        gradients = mg.grad(total)([p.data for p in params], places)
        for p, g in zip(params, gradients, strict=True):
            p.grad = g
        adam.step()
    return [p.data for p in params]


grid = np.stack(np.meshgrid(np.linspace(-1.8, 2.6, 120), np.linspace(-1.4, 1.8, 120)), -1)
fig, axes = plt.subplots(1, 3, figsize=(12, 3.2))
for ax, strength in zip(axes, [0, 0.01, 0.1], strict=True):
    p = mg.sigmoid(forward(train(strength), grid.reshape(-1, 2))).reshape(120, 120)
    ax.contourf(grid[0, :, 0], grid[:, 0, 1], p, levels=np.linspace(0, 1, 11), cmap="RdBu")
    ax.scatter(*X.T, c=np.where(y, "navy", "darkred"), s=14, edgecolors="white", linewidths=0.5)
    ax.set_title(f"λ = {strength}")
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# Without the penalty the network is confident everywhere, even where it has seen no data. With the penalty, the boundary is
# wide and bends less around single points.

# %% [markdown]
# ## Speed: three convolutions
#
# Here are three ways to compute the same convolution. The first follows the formula, output by output:


# %%
def conv_loops(x, w):
    n, f = len(x), len(w)
    kh, kw = w.shape[2:]
    out = np.zeros((n, f, x.shape[2] - kh + 1, x.shape[3] - kw + 1))
    for i, k, r, c in np.ndindex(out.shape):
        out[i, k, r, c] = np.sum(x[i, :, r : r + kh, c : c + kw] * w[k])
    return out


# %% [markdown]
# Almost all of its time goes into the Python interpreter, not into arithmetic. NumPy is fast when one call does a lot of
# work, and its fastest call is the matrix product. So turn the convolution into a matrix product: make each window a **row**
# and each kernel a **column**. This is called **im2col**.
#
# $$\underbrace{(N \cdot OH \cdot OW,\; C \cdot KH \cdot KW)}_{\text{windows}} \;@\; \underbrace{(C \cdot KH \cdot KW,\; F)}_{\text{kernels}}$$
#
# ## Exercise 5: im2col
#
# `windows` has shape `(N, C, OH, OW, KH, KW)`. It is a view: nothing is copied yet. Put the axes in the order
# `(N, OH, OW, C, KH, KW)` with `.transpose(...)`, reshape to two dimensions, and multiply. Then reshape the result to
# `(N, OH, OW, F)` and transpose it to `(N, F, OH, OW)`.


# %%
def conv_im2col(x, w):
    f, c, kh, kw = w.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
    n, _, oh, ow = windows.shape[:4]
    # solution
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * oh * ow, c * kh * kw)
    out = rows @ w.reshape(f, c * kh * kw).T
    return out.reshape(n, oh, ow, f).transpose(0, 3, 1, 2)
    # end


# %%
rng = np.random.default_rng(0)
x, w = rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, 3, 2))
checks.equal("the loops", conv_loops(x, w), mg.conv2d(x, w))
checks.equal(
    "im2col", lambda: conv_im2col(x, w), mg.conv2d(x, w), hint="w.reshape(f, c * kh * kw).T"
)

# %% [markdown]
# Now measure the time. Each function runs a few times and the best time counts, because anything else that the computer does
# can only make a run slower.


# %% tags=["varies"]
def best(f, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


x, w = rng.normal(size=(4, 8, 20, 20)), rng.normal(size=(16, 8, 3, 3))
times = {
    "loops": best(lambda: conv_loops(x, w), 1),
    "im2col": best(lambda: conv_im2col(x, w), 10),
    "minigrad": best(lambda: mg.conv2d(x, w), 10),
}
tx, tw = Tensor(x), Tensor(w)
times["minigrad, with\nboth gradients"] = best(lambda: mg.conv2d(tx, tw).sum().backward(), 10)
for name, seconds in times.items():
    print(f"{' '.join(name.split()):29} {1000 * seconds:8.2f} ms")

plt.figure(figsize=(8, 2.4))
plt.barh(list(times)[::-1], [1000 * t for t in times.values()][::-1], color="tab:blue")
plt.xscale("log")
plt.xlim(left=min(times.values()) * 500)
plt.xlabel("milliseconds")
plt.tight_layout()
plt.show()

# %% [markdown]
# minigrad chooses its method by the sizes: see `minigrad/ops/_conv_kernels.py`. And a fast convolution is **one** node of the
# graph. An engine that recorded every single product would be slower than the loops.

# %% [markdown]
# ## The source code of minigrad
#
# You know enough to read the source code now. This is a good order to read it in:
#
# | file | contents | lesson |
# |---|---|---|
# | `minigrad/graph.py`, `minigrad/operation.py` | the node, topological order, the operation | 2, 3 |
# | `minigrad/ops/elementwise.py` | add, multiply, maximum …, each with its rules | 2 |
# | `minigrad/backward.py` | the sweep, and `unbroadcast` | 3, 4 |
# | `minigrad/ops/convolution.py` | a convolution and its two adjoints: the rules of each use the other two | 8 |
# | `minigrad/nn/layer.py`, `minigrad/optim/algorithms.py` | layers and optimisers | 6 |
#
# An operation is a forward function with one rule for each input beside it. This is the complete sigmoid:

# %% tags=["varies"]
source = Path(mg.__file__).with_name("ops").joinpath("networks/activation.py").read_text()
start = source.rindex("@", 0, source.index("def sigmoid("))
end = source.index("\n", source.index("sigmoid.rules"))
print(source[start:end])

# %% [markdown]
# A rule takes the upstream gradient `g`, the result `out` and the inputs. All operations are in one table, `OPS`. Every node
# keeps its operation, `node.op`, the nodes it was computed from, `node.inputs`, their arrays, `node.values`, and all other
# arguments, `node.static`. The rules of an operation are in `op.vjps`, one for each input; an operation whose gradients share
# most of their work has one joint rule instead. `op.downstream` calls either.

# %%
z = mg.sigmoid(Tensor([0.0, 2.0], name="x") * 3)
print(z.op.name, "of", z.inputs[0].op.name, "of", z.inputs[0].inputs[0].name)
print(z.op.vjps[0](1.0, z.data, *z.values).round(4))
print(OPS["conv"], OPS["max"])

# %% [markdown]
# ## Exercise 6: your own sweep, on minigrad's graph
#
# In lesson 3 you wrote a sweep for your own engine. Now write one for minigrad's nodes. `topological_order(root)` returns the
# recorded nodes without the leaves, each after its inputs. The downstream gradients of a node, one for each input, are
#
# ```python
# needed = [x is not None for x in node.inputs]
# node.op.downstream(needed, gradients[node], node.data, node.values, node.static)
# ```
#
# An input is `None` if it is a constant. If an input was broadcast, its gradient must be summed, as in lesson 4:
# `unbroadcast(d, x.shape)`.


# %%
def sweep(root):
    gradients = {root: np.ones(root.shape)}
    for node in reversed(topological_order(root)):
        needed = [x is not None for x in node.inputs]
        # solution
        downstream = node.op.downstream(
            needed, gradients[node], node.data, node.values, node.static
        )
        for x, d in zip(node.inputs, downstream):
            if x is not None:
                gradients[x] = gradients.get(x, 0.0) + unbroadcast(d, x.shape)
        # stub
        # # compute the downstream gradients, and add each to the gradient of its input, if that is a node
        # pass
        # end
    return gradients


# %%
rng = np.random.default_rng(0)
params = [Tensor(p) for p in first_params(rng, n=5)]
loss = mg.binary_cross_entropy_with_logits(forward(params, X), y)
loss.backward()


def swept():
    found = sweep(loss)
    return tuple(found.get(p) for p in params)


checks.equal(
    "the gradients of W1, b1, W2, b2, W3, b3",
    swept,
    tuple(p.grad for p in params),
    hint="add to the gradient that x has so far: gradients.get(x, 0.0) + …",
)

# %% [markdown]
# These few lines can train a network. `minigrad/backward.py` has the same loop. The rest of that file is for speed, for
# gradients of gradients, and for helpful error messages.

# %% [markdown]
# ## An operation of your own
#
# `@mg.op` makes an operation from a NumPy function. The arguments before the `/` are its differentiable inputs. Give it one
# rule for each of them. `elementwise=True` says that each element of the result depends only on the same element of each
# input.
#
# ## Exercise 7: log cosh
#
# $\ln \cosh x$ is a loss between the squared and the absolute error: it is close to $x^2 / 2$ near 0 and close to
# $|x| - \ln 2$ far from 0. Its derivative is $\tanh x$. But $\cosh 1000$ overflows. This form does not:
#
# $$\ln \cosh x = |x| + \ln\bigl(1 + e^{-2|x|}\bigr) - \ln 2$$
#
# Write the forward function in NumPy, with `np.log1p`, and the rule. Use `mg.tanh` in the rule, so that the rule can be
# differentiated again.


# %%
@mg.op(elementwise=True)
def log_cosh(x, /):
    # solution
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2)
    # end


def log_cosh_rule(g, out, x):
    # solution
    return g * mg.tanh(x)
    # end


log_cosh.rules(log_cosh_rule)

# %%
at = np.array([-1000.0, -2.0, 0.0, 0.5, 1000.0])
checks.equal(
    "the forward function",
    lambda: log_cosh(at),
    np.array(
        [1000 - np.log(2), np.log(np.cosh(2)), 0.0, np.log(np.cosh(0.5)), 1000 - np.log(2)]
    ),
)
checks.equal("the rule", lambda: log_cosh_rule(np.full(5, 2.0), None, at), 2 * np.tanh(at))
checks.equal(
    "the second derivative, 1 - tanh²",
    lambda: derivative(log_cosh, 2)(0.5),
    1 - np.tanh(0.5) ** 2,
    hint="use mg.tanh in the rule, not np.tanh of an array",
)

# %% [markdown]
# `mg.gradcheck` compares the rules with finite differences, here up to the second order. And minigrad draws the new gate like
# any other.

# %%
print(mg.gradcheck(log_cosh, at[1:4], order=2))
error = Tensor([0.5, -2.0], name="error")
mg.draw(log_cosh(error).sum(), backward=True)

# %% [markdown]
# ## Something to play with
#
# A rule need not be the true derivative. The derivative of rounding is 0 almost everywhere, so no gradient passes through it
# and nothing learns. Instead, let the rule pretend that nothing was rounded. This is the **straight-through** gradient. With
# it, a digit classifier learns although each of its 640 weights is -1, 0 or 1.


# %%
@mg.op(elementwise=True)
def three_values(x, /):
    return np.round(np.clip(x, -1, 1))


three_values.rules(lambda g, out, x: g)

# %%
training, testing = mg.data.load_digits()
images, labels = training[:]
W, scale = Tensor(np.random.default_rng(0).normal(0, 0.5, (64, 10))), Tensor(0.1)
adam = mg.optim.Adam([W, scale], lr=0.02)
images = images.reshape(-1, 64).astype(float)
for _ in range(150):
    adam.zero_grad()
    mg.cross_entropy(images @ three_values(W) * scale, labels).backward()
    adam.step()

x, y = testing[:]
right = np.mean((x.reshape(-1, 64) @ three_values(W.data)).argmax(axis=1) == y)
fig, axes = plt.subplots(1, 10, figsize=(12, 1.6))
for k, ax in enumerate(axes):
    ax.imshow(three_values(W.data)[:, k].reshape(8, 8), cmap="RdBu", vmin=-1.5, vmax=1.5)
    ax.set_title(k)
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% tags=["varies"]
print(f"accuracy {right:.1%} on the test images")

# %% [markdown]
# Blue is +1, red is -1, and white is 0.
#
# Try:
#
# - the true rule, `lambda g, out, x: 0 * g`, and a rule that passes the gradient only where $|x| \le 1$;
# - only two values, `np.sign(x)`;
# - other sizes in the measurement: one channel, a kernel of 9 × 9, images of 100 × 100. Which method is fastest for which
#   sizes?
# - Newton's method from other starting points: does it always find a *minimum*? What kind of point does it look for?
# - an operation that minigrad does not have: `OPS` lists all names, and the docstring of `mg.op` shows how to write one.
