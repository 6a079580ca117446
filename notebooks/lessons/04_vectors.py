# %% [markdown]
# # 4. Vectors
#
# Networks compute with arrays. The chain rule stays, and local gradients become matrices, so large that nobody forms them. This
# lesson shows what they look like, and how to do without.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks

# %% [markdown]
# ## The Jacobian
#
# A function takes $n$ numbers and gives $m$. Every output can depend on every input, so its local gradient has $m \times n$
# entries. This matrix is the **Jacobian**.
#
# $$J_{ki} = \frac{\partial y_k}{\partial x_i}$$
#
# How does an engine get at it? Start the backward pass at $y$ with an upstream gradient that is 1 at one output $k$ and 0 at all
# others. What arrives at $x$ is row $k$ of the Jacobian.

# %%
x = Tensor([0.5, -1.0, 2.0])
y = mg.softmax(x)
y.backward([1.0, 0.0, 0.0])
print("row 0:", x.grad.round(4))

# %% [markdown]
# ## Exercise 1: a Jacobian, row by row
#
# Write `jacobian(f, x)` for a function of a vector. Make a fresh `Tensor(x)` for each row, so that nothing adds up. `np.eye(m)[k]`
# is 1 at $k$ and 0 elsewhere.


# %%
def jacobian(f, x):
    m = len(f(Tensor(x)).data)
    # solution
    rows = []
    for k in range(m):
        t = Tensor(x)
        f(t).backward(np.eye(m)[k])
        rows.append(t.grad)
    return np.array(rows)
    # end


# %%
checks.equal(
    "the Jacobian of x²",
    lambda: jacobian(lambda t: t**2, [1.0, 2.0, 3.0]),
    np.diag([2.0, 4.0, 6.0]),
)
M = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
checks.equal(
    "the Jacobian of M x",
    lambda: jacobian(lambda t: M @ t, [1.0, 1.0, 1.0]),
    M,
    hint="row k belongs to output k",
)

# %% [markdown]
# `mg.jacobian(f)(x)` does the same, in one go where it can.
#
# ## Jacobians seen
#
# An elementwise function, such as relu, has a **diagonal** one: output $k$ depends on input $k$ alone. Softmax has a **full** one:
# every output depends on every input.

# %%
x = np.array([1.5, -0.5, 0.3, -2.0, 0.9, 2.2])


def show(functions):
    fig, axes = plt.subplots(1, len(functions), figsize=(3.1 * len(functions), 3.4))
    for ax, (name, f) in zip(axes, functions.items(), strict=True):
        J = jacobian(f, x)
        limit = abs(J).max()
        ax.imshow(J, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set_title(name)
        ax.set_xlabel("input")
        ax.set_xticks([])
        ax.set_yticks([])
    axes[0].set_ylabel("output")
    plt.tight_layout()
    plt.show()


show({"relu": mg.relu, "sigmoid": mg.sigmoid, "softmax": mg.softmax})

# %% [markdown]
# Red is positive, blue is negative. The zeros of relu on the diagonal are where its input was negative.
#
# minigrad draws a Jacobian with its numbers, the upstream gradient to its left, and their product below.

# %%
mg.draw_jacobian(mg.softmax, x, upstream=[1.0, 0.0, 0.0, 0.0, 0.0, 0.0])

# %% [markdown]
# ## Why nobody forms them
#
# A layer applies relu to 4096 numbers. Its Jacobian is 4096 × 4096. With a minibatch of 100 examples at once, it is
# 409 600 × 409 600.
#
# ## Exercise 2: how much memory?
#
# In bytes, at 8 bytes for each entry.

# %%
# solution
bytes_vector = 4096 * 4096 * 8
bytes_batch = 409_600 * 409_600 * 8
# stub
# bytes_vector = None
# bytes_batch = None
# end

# %%
checks.equal("the memory for one vector", bytes_vector, 134_217_728)
checks.equal("the memory for the minibatch", bytes_batch, 1_342_177_280_000)
print(f"{bytes_vector / 1e6:.0f} MB, and {bytes_batch / 1e12:.2f} TB")

# %% [markdown]
# More than a terabyte, for one relu, and all but one in 409 600 of its entries are 0.

# %% [markdown]
# ## The vector-Jacobian product
#
# The backward pass never needs $J$ itself. It needs what $J$ does to the upstream gradient $g$:
#
# $$\frac{\partial L}{\partial x_i} = \sum_k g_k\, J_{ki} \qquad\text{or, as vectors,}\qquad \frac{\partial L}{\partial x} = g^{\mathsf T} J$$
#
# This is *downstream = upstream × local* again. A **rule** of an engine computes it directly. For relu: pass $g$ on where the input
# is positive, and 0 elsewhere, at 0 too.
#
# ## Exercise 3: two rules without a matrix
#
# - `relu_rule(g, x)`;
# - `square_rule(g, x)` for $y_k = x_k^2$.


# %%
def relu_rule(g, x):
    # solution
    return g * (x > 0)
    # end


def square_rule(g, x):
    # solution
    return g * 2 * x
    # end


# %%
g = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
checks.equal(
    "the rule of relu",
    lambda: relu_rule(g, x),
    g @ jacobian(mg.relu, x),
    hint="compare x with 0, and multiply",
)
checks.equal("the rule of relu at 0", lambda: relu_rule(np.ones(1), np.zeros(1)), np.zeros(1))
checks.equal("the rule of the square", lambda: square_rule(g, x), g @ jacobian(mg.square, x))

# %% [markdown]
# `mg.vjp(f, x)` gives the value and a function that takes any upstream gradient back, without a matrix. Here on a million numbers,
# whose Jacobian would take 8 TB:

# %%
million = np.linspace(-1, 1, 1_000_000)
value, back = mg.vjp(mg.relu, million)
(downstream,) = back(np.ones(1_000_000))
print(downstream[[0, -1]], downstream.sum())

# %% [markdown]
# ## $\lVert W x \rVert^2$, all the way
#
# $$q = W x \qquad f(x, W) = \lVert q \rVert^2 = \sum_k q_k^2$$
#
# $$W = \begin{pmatrix} 0.1 & 0.5 \\ -0.3 & 0.8 \end{pmatrix} \qquad x = \begin{pmatrix} 0.2 \\ 0.4 \end{pmatrix} \qquad
# q = \begin{pmatrix} 0.22 \\ 0.26 \end{pmatrix} \qquad f = 0.116$$
#
# Go back, one entry at a time:
#
# - $\partial f / \partial q_k = 2 q_k$;
# - $q_k = \sum_i W_{ki} x_i$, so $W_{ki}$ gets $2 q_k\, x_i$: an **outer product**;
# - $x_i$ goes into every $q_k$, with $W_{ki}$. Gradients add at branches: $\sum_k 2 q_k\, W_{ki}$, which is $W^{\mathsf T}$ times $2q$.
#
# ## Exercise 4: three gradients

# %%
W = np.array([[0.1, 0.5], [-0.3, 0.8]])
x = np.array([0.2, 0.4])
q = W @ x
# solution
grad_q = 2 * q
grad_W = np.outer(grad_q, x)
grad_x = W.T @ grad_q
# stub
# grad_q = None
# grad_W = None  # np.outer(a, b) has a[k] * b[i] at [k, i]
# grad_x = None
# end

# %%
checks.equal("∂f/∂q", grad_q, [0.44, 0.52])
checks.equal(
    "∂f/∂W",
    grad_W,
    [[0.088, 0.176], [0.104, 0.208]],
    hint="the shape of W; row k belongs to q_k",
)
checks.equal("∂f/∂x", grad_x, [-0.112, 0.636], hint="W.T, not W")

# %%
tW, tx = Tensor(W, name="W"), Tensor(x, name="x")
f = ((tW @ tx) ** 2).sum()
f.backward()
mg.draw(f, precision=3, heatmaps=False)

# %% [markdown]
# In the player, a step back through `@` is two rules, an outer product and a product with the transposed matrix.

# %%
mg.play(f, precision=3)

# %% [markdown]
# ## A gradient has the shape of its variable
#
# Always. $L$ is one number, so there is one derivative for each entry. This is also the quickest way to a formula: often the shapes
# leave only one way to put the pieces together.
#
# ## Exercise 5: the matrix product
#
# $Y = X W$, with $X$ of shape $(N, D)$, $W$ of $(D, M)$, and an upstream gradient $G$ of the shape of $Y$, $(N, M)$. Which product
# of $G$ and $W$ has the shape of $X$? Which of $X$ and $G$ has the shape of $W$?


# %%
def matmul_rules(G, X, W):
    # solution
    return G @ W.T, X.T @ G
    # stub
    # # the gradient of X, and of W
    # raise NotImplementedError("your code here")
    # end


# %%
rng = np.random.default_rng(0)
X, W, G = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
names = ["X", "W"]
checks.gradient(
    lambda X, W: X @ W,
    [X, W],
    lambda: matmul_rules(G, X, W),
    upstream=G,
    names=names,
    hint="look at the shapes",
)

# %% [markdown]
# ## Broadcasting
#
# In `X @ W + b`, with $b$ of shape $(M,)$, the same $b$ is added to each of the $N$ rows. NumPy calls that broadcasting. To the
# backward pass it is a branch: $b$ is used $N$ times, so its gradient is a **sum** over the rows.
#
# In general: wherever a shape was stretched, sum.
#
# - An axis that was put in front: sum it away.
# - An axis of length 1 that was stretched: sum along it, and keep it.
#
# ## Exercise 6: back from broadcasting
#
# Write `unbroadcast(g, shape)`. `g.sum(axis=0)` takes the first axis away, `g.sum(axis=1, keepdims=True)` leaves length 1.


# %%
def unbroadcast(g, shape):
    # solution
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g
    # end


# %%
g = np.arange(12.0).reshape(4, 3)
checks.equal(
    "back to (3,)",
    lambda: unbroadcast(g, (3,)),
    np.array([18.0, 22.0, 26.0]),
    hint="(3,) was put under each row",
)
checks.equal(
    "back to (4, 1)", lambda: unbroadcast(g, (4, 1)), np.array([[3.0], [12.0], [21.0], [30.0]])
)
checks.equal("back to (1, 1)", lambda: unbroadcast(g, (1, 1)), np.array([[66.0]]))
checks.equal(
    "back to ()", lambda: unbroadcast(g, ()), 66.0, hint="no axis is left: sum them all away"
)
checks.equal("nothing to do", lambda: unbroadcast(g, (4, 3)), g)

# %% [markdown]
# In minigrad this is done in one place, for every operation: the function of the same name in `minigrad/backward.py`.

# %%
X, W, b = Tensor(X, name="X"), Tensor(W, name="W"), Tensor(np.zeros(4), name="b")
loss = mg.relu(X @ W + b).sum()
loss.backward()
print(X.grad.shape, W.grad.shape, b.grad.shape)
mg.draw(loss, values=False, gradients=False, local_gradients=False)

# %% [markdown]
# ## What forward keeps
#
# Look at the rules again. The product needs its inputs, relu needs its input or its output, a sum needs nothing but a shape. So the
# forward pass has to **keep** these arrays until the backward pass is done. That is where the memory of training goes.
#
# And the backward pass gives the gradient of every input, every parameter and every value in between.

# %% [markdown]
# ## Something to play with
#
# A Jacobian shows at a glance what depends on what. Guess each picture before you look.

# %%
x = np.array([1.5, -0.5, 0.3, -2.0, 0.9, 2.2])
show(
    {
        "cumulative sum": mg.cumsum,
        "correlate with (1, 2, 1)": lambda t: mg.conv1d(
            t.reshape(1, 1, 6), [[[1.0, 2.0, 1.0]]]
        ).ravel(),
        "the maximum so far": lambda t: mg.stack([mg.max(t[: k + 1]) for k in range(6)]),
        "minus the mean": lambda t: t - mg.mean(t),
    }
)

# %% [markdown]
# Try:
#
# - `lambda t: t[::-1]`, `lambda t: mg.flip(t) * t`, `lambda t: t / mg.norm(t)`;
# - `lambda t: mg.layer_norm(t, 6)`: which directions does it not let through?
# - two functions one after the other: their Jacobians multiply, which is the chain rule for vectors.
