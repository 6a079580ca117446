# %% [markdown]
# # 14. The backward pass as code
#
# A backward pass can be a sweep over a graph. It can also be a few lines of code: split a function into stages, keep each
# result, and go back through the stages. Such a backward pass can be read, checked line by line, and run without a graph.
# minigrad can write the code for you.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import checks
from minigrad.course import check
from minigrad.program import Untraceable

# %% [markdown]
# ## A function in stages
#
# $$f(x, y) = \frac{x + \sigma(y)}{\sigma(x) + (x + y)^2} \qquad \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# As a single formula, its derivative would fill several lines and repeat the same terms. You do not need that formula, only
# stages whose local gradients you know.
#
# ## Exercise 1: the forward pass in stages
#
# Write `forward(x, y)`. It computes five stages, in this order, and returns $f$ and the tuple of the stages:
#
# | stage | formula |
# |---|---|
# | `sy` | $\sigma(y)$ |
# | `top` | $x + \mathtt{sy}$ |
# | `sx` | $\sigma(x)$ |
# | `s` | $x + y$ |
# | `bottom` | $\mathtt{sx} + \mathtt{s}^2$ |


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(x, y):
    # solution
    sy = sigmoid(y)
    top = x + sy
    sx = sigmoid(x)
    s = x + y
    bottom = sx + s**2
    return top / bottom, (sy, top, sx, s, bottom)
    # stub
    # # return f, (sy, top, sx, s, bottom)
    # raise NotImplementedError("your code here")
    # end


# %%
check("14.1", forward)

# %% [markdown]
# ## Exercise 2: the backward pass in stages
#
# Write `backward(x, y, kept)`, which returns $\partial f / \partial x$ and $\partial f / \partial y$. `kept` is the tuple of
# stages.
#
# Take the stages from the last to the first. For each, compute the gradients of its inputs: the gradient of the stage times
# a local gradient. Name the gradient of `s` as `ds`, and so on. A variable that is used in several stages gets a gradient
# from each: begin with `=` and go on with `+=`.


# %%
def backward(x, y, kept):
    sy, top, sx, s, bottom = kept
    # solution
    dtop = 1 / bottom
    dbottom = -top / bottom**2
    dsx = dbottom
    ds = dbottom * 2 * s
    dx = ds
    dy = ds
    dx += dsx * sx * (1 - sx)
    dx += dtop
    dsy = dtop
    dy += dsy * sy * (1 - sy)
    return dx, dy
    # end


# %%
check("14.2", backward)

# %% [markdown]
# The backward pass is about as long as the forward pass, and each of its lines is simple. It reuses the stages that the
# forward pass kept: `sx * (1 - sx)` needs no exponential.
#
# **Question.** Your backward pass uses `sy`, `top`, `sx`, `s` and `bottom`. If the forward pass kept only $x$, $y$ and $f$,
# which of them could the backward pass still obtain? What would that cost?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# All of them: it can compute each stage again from $x$ and $y$. That saves memory and costs a second forward pass. Large
# networks are trained in this way; in minigrad, `mg.checkpoint` does it.
#
# </details>

# %% [markdown]
# ## The code of a backward pass
#
# `mg.code` writes both passes for you. Compare them with yours.


# %%
def f(x, y):
    return (x + mg.sigmoid(y)) / (mg.sigmoid(x) + (x + y) ** 2)


mg.code(f, 3.0, -4.0)

# %% [markdown]
# `dx` is the gradient of `x`, and `dout` that of the result. Where you wrote `+=`, this code adds several terms in one line.
# With `level="primitive"`, fused operations are opened too:

# %%
mg.code(f, 3.0, -4.0, level="primitive")

# %% [markdown]
# Arrays work in the same way. Look for the sum over the batch in the gradient of `b`, and for the two transposed matrices.


# %%
def layer(X, W, b):
    return np.sum(np.tanh(X @ W + b) ** 2)


rng = np.random.default_rng(0)
mg.code(layer, rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), np.zeros(4))

# %% [markdown]
# ## Exercise 3: through a normalisation
#
# Here is the normalisation in batch-norm, in stages. Each column of `x` is a feature, each row an example.
#
# Write `norm_backward(g, kept)`, the gradient of `x`, where `g` is the upstream gradient of the result. Two stages are used
# twice: `centred`, in the product and in the variance, and `x`, in the difference and in the mean.


# %%
def norm_forward(x, epsilon=1e-5):
    mean = x.mean(axis=0)
    centred = x - mean
    variance = (centred**2).mean(axis=0)
    inverse = 1 / np.sqrt(variance + epsilon)
    return centred * inverse, (centred, inverse)


def norm_backward(g, kept):
    centred, inverse = kept
    n = len(g)
    # solution
    dcentred = g * inverse
    dinverse = np.sum(g * centred, axis=0)
    dvariance = -0.5 * dinverse * inverse**3
    dcentred += dvariance * 2 * centred / n
    return dcentred - dcentred.mean(axis=0)
    # stub
    # # the gradients of centred (first part), inverse, variance, centred (second part), then x
    # raise NotImplementedError("your code here")
    # end


# %%
check("14.3", norm_backward)
x, g = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
checks.gradient(
    lambda x: norm_forward(x)[0],
    [x],
    norm_backward(g, norm_forward(x)[1]),
    upstream=g,
    names=["x"],
)

# %% [markdown]
# ## Find the bug
#
# A comparison with finite differences tells you *that* a gradient is wrong. To find *where*, compare the gradients of the
# intermediate values with a drawing, from right to left: the first one that differs was computed by the faulty line.
#
# Here is a network with one hidden layer and a softmax. One line of its backward pass is wrong.


# %%
def network_gradients(X, W1, W2, y):
    a = X @ W1
    h = np.maximum(a, 0)
    z = h @ W2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    dz = p.copy()
    dz[np.arange(len(y)), y] -= 1
    dz = dz / len(y)
    dW2 = h.T @ dz
    dh = dz @ W2.T
    da = dh * (dh > 0)
    dW1 = X.T @ da
    return dW1, dW2


def network_loss(X, W1, W2, y):
    return mg.cross_entropy(mg.relu(X @ W1) @ W2, y)


X, y = rng.normal(size=(3, 2)), np.array([0, 2, 1])
W1, W2 = rng.normal(size=(2, 4)), rng.normal(size=(4, 3))
dW1, dW2 = network_gradients(X, W1, W2, y)
for name, at, found, loss_at in [
    ("W1", W1, dW1, lambda W: network_loss(X, W, W2, y)),
    ("W2", W2, dW2, lambda W: network_loss(X, W1, W, y)),
]:
    try:
        checks.gradient(loss_at, [at], found, names=[name])
    except checks.CheckFailed as error:
        print("✗", error)

# %% [markdown]
# So `dW2` is right and `dW1` is wrong. The lines that compute only `dW1` are suspect. Draw the graph, and compare the red
# numbers with `dh` and `da`:

# %%
tW1, tW2 = mg.Tensor(W1, name="W1"), mg.Tensor(W2, name="W2")
loss = network_loss(X, tW1, tW2, y)
mg.draw(loss, backward=True, precision=2)

# %% [markdown]
# ## Exercise 4: fix it
#
# Write `fixed`, the same function with the faulty line corrected.


# %%
def fixed(X, W1, W2, y):
    # solution
    h = np.maximum(X @ W1, 0)
    z = h @ W2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    dz = e / e.sum(axis=1, keepdims=True)
    dz[np.arange(len(y)), y] -= 1
    dz = dz / len(y)
    dh = dz @ W2.T
    da = dh * (h > 0)
    return X.T @ da, h.T @ dz
    # stub
    # return network_gradients(X, W1, W2, y)  # copy its lines here, and correct one
    # end


# %%
check("14.4", fixed)

# %% [markdown]
# ## Run it without the graph
#
# Recording a graph takes time: each operation makes a node, keeps its inputs and looks up its rules. For a function of
# scalars, this bookkeeping takes much longer than the arithmetic.
#
# `mg.compile(f)` records the graph once, writes the code that you saw above, and from then on runs only that code. Here are
# three ways to compute the value and both gradients of $f$:

# %%
step = mg.value_and_grad(f, argnums=(0, 1))
fast = mg.compile(step)


def by_hand(x, y):
    value, kept = forward(x, y)
    return value, backward(x, y, kept)


print(step(3.0, -4.0))
print(fast(3.0, -4.0))
print(by_hand(3.0, -4.0))


# %% tags=["varies"]
def best(function, repeats=200):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(repeats):
            function(3.0, -4.0)
        times.append((time.perf_counter() - start) / repeats)
    return 1e6 * min(times)


times = {
    name: best(g) for name, g in [("a graph", step), ("compiled", fast), ("by hand", by_hand)]
}
for name, microseconds in times.items():
    print(f"{name:10} {microseconds:6.1f} µs")
plt.figure(figsize=(6, 1.8))
plt.barh(list(times)[::-1], list(times.values())[::-1], color="tab:blue")
plt.xlabel("microseconds for the value and both gradients")
plt.tight_layout()
plt.show()

# %% [markdown]
# **Question.** For which networks does compiling gain most, and for which hardly anything?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# It saves the bookkeeping of each operation, which takes the same time for a scalar as for a large array. So it gains most
# for many operations on small arrays, and hardly anything where a few large matrix products take nearly all of the time.
#
# </details>

# %% [markdown]
# The code is straight: it has no `if`. A function that asks for a *value* while it is traced takes one branch, and its code
# would be wrong for the other. So minigrad refuses it and says what to write:


# %%
def absolute(x):
    return x if x > 0 else -x


try:
    mg.compile(absolute)(2.0)
except Untraceable as error:
    print(error)

# %% [markdown]
# ## Exercise 5: a branch that can be compiled
#
# Write `leaky(x)`: $x$ where $x > 0$, and $0.1\,x$ elsewhere. It must work when it is compiled.


# %%
def leaky(x):
    # solution
    return mg.where(x > 0, x, 0.1 * x)
    # end


# %%
check("14.5", leaky)
mg.code(leaky, 2.0)

# %% [markdown]
# ## Something to play with
#
# Here 400 particles descend Himmelblau's function from lesson 3, all in one compiled step. Each of them reaches one of the
# four minima.


# %%
def height(x, y):
    return np.sum((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)


slopes = mg.compile(mg.grad(height, argnums=(0, 1)))
x, y = np.meshgrid(np.linspace(-5, 5, 20), np.linspace(-5, 5, 20))
paths = [(x, y)]
for _ in range(150):
    dx, dy = slopes(x, y)
    x, y = x - 0.004 * dx, y - 0.004 * dy
    paths.append((x, y))
xs, ys = (np.array(part).reshape(151, 400) for part in zip(*paths, strict=True))
plt.figure(figsize=(6, 6))
plt.plot(xs, ys, color="tab:gray", linewidth=0.4)
plt.scatter(xs[-1], ys[-1], color="tab:red", zorder=3)
plt.title("400 particles, four minima")
plt.axis("equal")
plt.show()
print(slopes.program)

# %% [markdown]
# Try:
#
# - `mg.code` of your favourite function, and of its gradient: `mg.code(mg.grad(f), 3.0, -4.0)` is the code of the gradient
#   alone, and its backward pass the second derivative;
# - a bug of your own: leave out one line of `norm_backward`. How large is the relative error that `checks.gradient` reports?
# - `mg.live(f, x=3.0, y=-4.0).save("f.html")`, and open the file: each input has a slider, and all gradients follow;
# - in a terminal: `minigrad "(x + y) * z" x=-2 y=5 z=-4 --code`.
