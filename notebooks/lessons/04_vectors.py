# %% [markdown]
# # 4. Vectors
#
# Networks compute with arrays. The chain rule stays the same, but local gradients become matrices, and these are so large
# that no engine forms them. This lesson shows what they look like and how the backward pass works without them.

# %%
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks
from minigrad.course import check, plots

# %% [markdown]
# ## The Jacobian
#
# Take a function with $n$ inputs and $m$ outputs. Every output can depend on every input, so the local gradient has
# $m \times n$ entries. This matrix is the **Jacobian**.
#
# $$J_{ki} = \frac{\partial y_k}{\partial x_i}$$
#
# An engine can compute it row by row. Start the backward pass at $y$ with an upstream gradient that is 1 at one output $k$
# and 0 at all others. The gradient of $x$ is then row $k$ of the Jacobian.

# %%
x = Tensor([0.5, -1.0, 2.0])
y = mg.softmax(x)
y.backward([1.0, 0.0, 0.0])
print("row 0:", x.grad.round(4))

# %% [markdown]
# ## Exercise 1: a Jacobian, row by row
#
# Write `jacobian(f, x)` for a function `f` of a vector. Make a new `Tensor(x)` for each row, so that gradients do not
# accumulate. `np.eye(m)[k]` is 1 at $k$ and 0 elsewhere.


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
check("4.1", jacobian)

# %% [markdown]
# `mg.jacobian(f)(x)` does the same, with all rows at once where possible.
#
# ## Jacobians as pictures
#
# The Jacobian of an elementwise function, such as relu, is **diagonal**: output $k$ depends only on input $k$. The Jacobian
# of softmax is **full**: every output depends on every input.

# %%
x = np.array([1.5, -0.5, 0.3, -2.0, 0.9, 2.2])


def show(functions):
    jacobians = {name: jacobian(f, x) for name, f in functions.items()}
    plots.images(jacobians, signed=True, size=2.8)


show({"relu": mg.relu, "sigmoid": mg.sigmoid, "softmax": mg.softmax})

# %% [markdown]
# Outputs are rows and inputs are columns. Blue is negative, white is 0 and orange is positive. Relu has zeros on the
# diagonal where its input is negative.
#
# minigrad draws a Jacobian with its entries, the upstream gradient on the left, and the product of the two below.

# %%
mg.draw_jacobian(mg.softmax, x, upstream=[1.0, 0.0, 0.0, 0.0, 0.0, 0.0])

# %% [markdown]
# ## The size of a Jacobian
#
# A layer applies relu to a vector of 4096 elements. Its Jacobian is 4096 × 4096. For a minibatch of 100 such vectors, it is
# 409 600 × 409 600.
#
# ## Exercise 2: memory
#
# How many bytes does each of the two matrices take, at 8 bytes per entry?

# %%
# solution
bytes_vector = 4096 * 4096 * 8
bytes_batch = 409_600 * 409_600 * 8
# stub
# bytes_vector = None  # 4096 × 4096 entries
# bytes_batch = None  # 409 600 × 409 600 entries
# end

# %%
check("4.2", bytes_vector, bytes_batch)
print(f"{bytes_vector / 1e6:.0f} MB, and {bytes_batch / 1e12:.2f} TB")

# %% [markdown]
# A single relu would need more than a terabyte, although each row of 409 600 entries has at most one that is not 0.

# %% [markdown]
# ## The vector-Jacobian product
#
# The backward pass never needs $J$ itself. It needs only the product of the upstream gradient $g$ and $J$:
#
# $$\frac{\partial L}{\partial x_i} = \sum_k g_k\, J_{ki} \qquad\text{or, as vectors,}\qquad \frac{\partial L}{\partial x} = g^{\mathsf T} J$$
#
# This is *downstream = upstream × local* again. In an engine, a **rule** computes this product directly. The rule of relu
# sends back $g$ where the input is positive and 0 elsewhere, including where the input is 0.
#
# ## Exercise 3: two rules that form no matrix
#
# Write both rules. `g` is the upstream gradient and `x` the input:
#
# - `relu_rule(g, x)` for $y_k = \max(x_k, 0)$;
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
check("4.3", relu_rule, square_rule)

# %% [markdown]
# `mg.vjp(f, x)` returns the value $f(x)$ and a function that computes the vector-Jacobian product for any upstream gradient.
# It never forms the matrix. Here $x$ has a million elements, and the Jacobian would take 8 TB:

# %%
million = np.linspace(-1, 1, 1_000_000)
value, back = mg.vjp(mg.relu, million)
(downstream,) = back(np.ones(1_000_000))
print(downstream[[0, -1]], downstream.sum())

# %% [markdown]
# ## A complete example: $\lVert W x \rVert^2$
#
# $$q = W x \qquad f(x, W) = \lVert q \rVert^2 = \sum_k q_k^2$$
#
# $$W = \begin{pmatrix} 0.1 & 0.5 \\ -0.3 & 0.8 \end{pmatrix} \qquad x = \begin{pmatrix} 0.2 \\ 0.4 \end{pmatrix} \qquad
# q = \begin{pmatrix} 0.22 \\ 0.26 \end{pmatrix} \qquad f = 0.116$$
#
# Go backward, one element at a time:
#
# - $\partial f / \partial q_k = 2 q_k$;
# - $q_k = \sum_i W_{ki} x_i$, so the gradient of $W_{ki}$ is $2 q_k\, x_i$: an **outer product**;
# - $x_i$ is used in every $q_k$, multiplied by $W_{ki}$. Gradients add at branches, so the gradient of $x_i$ is
#   $\sum_k 2 q_k\, W_{ki}$: the matrix $W^{\mathsf T}$ times $2q$.
#
# ## Exercise 4: three gradients
#
# Write them as expressions of `q`, `W` and `x`.

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
check("4.4", grad_q, grad_W, grad_x)

# %%
tW, tx = Tensor(W, name="W"), Tensor(x, name="x")
f = ((tW @ tx) ** 2).sum()
f.backward()
mg.draw(f, precision=3, heatmaps=False)

# %% [markdown]
# In the player, the backward step through `@` applies two rules: an outer product, and a product with the transposed matrix.

# %%
mg.play(f, precision=3)

# %% [markdown]
# ## A gradient has the shape of its variable
#
# The loss $L$ is a scalar, so it has one derivative for each element of the variable. Shapes are also the quickest way to
# find a formula: often there is only one way to combine the arrays.
#
# ## Exercise 5: the matrix product
#
# Write `matmul_rules(G, X, W)`, which returns the gradient of $X$ and the gradient of $W$.
#
# $Y = X W$, where $X$ has shape $(N, D)$ and $W$ has shape $(D, M)$. The upstream gradient $G$ has the shape of $Y$,
# $(N, M)$. Which product of $G$ and $W$ has the shape of $X$? Which product of $X$ and $G$ has the shape of $W$? Transpose
# where you need to.


# %%
def matmul_rules(G, X, W):
    # solution
    return G @ W.T, X.T @ G
    # stub
    # # return the gradient of X and the gradient of W
    # raise NotImplementedError("your code here")
    # end


# %%
check("4.5", matmul_rules)
rng = np.random.default_rng(0)
X, W, G = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
checks.gradient(lambda X, W: X @ W, [X, W], matmul_rules(G, X, W), upstream=G, names=["X", "W"])

# %% [markdown]
# ## Broadcasting
#
# In `X @ W + b`, where $b$ has shape $(M,)$, the same $b$ is added to each of the $N$ rows. NumPy calls this broadcasting.
# For the backward pass this is a branch: $b$ is used $N$ times, so its gradient is a **sum** over the rows.
#
# In general, sum over every axis along which the array was broadcast.
#
# - If an axis was added in front, sum over it and remove it.
# - If an axis of length 1 was stretched, sum over it and keep it with length 1.
#
# ## Exercise 6: undo broadcasting
#
# Write `unbroadcast(g, shape)`: sum `g` until it has the shape `shape`. `g.sum(axis=0)` removes the first axis, and
# `g.sum(axis=1, keepdims=True)` keeps axis 1 with length 1.


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
check("4.6", unbroadcast)

# %% [markdown]
# minigrad does this in one place for every operation: the function of the same name in `minigrad/backward.py`.

# %%
X, W, b = Tensor(X, name="X"), Tensor(W, name="W"), Tensor(np.zeros(4), name="b")
loss = mg.relu(X @ W + b).sum()
loss.backward()
print(X.grad.shape, W.grad.shape, b.grad.shape)
mg.draw(loss, values=False, gradients=False, local_gradients=False)

# %% [markdown]
# **Question.** The bias $b$ is added to 100 rows. If you use 200 rows instead, how does its gradient change when the loss
# is a sum over the rows, and when it is a mean?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# With a sum, it becomes about twice as large, because there are twice as many terms. With a mean, each term is also divided
# by twice as many rows, so it stays about the same.
#
# </details>

# %% [markdown]
# ## Memory for the backward pass
#
# Look at the rules again. A product needs its inputs, relu needs its input or its output, a sum needs only a shape. So the
# forward pass has to **keep** these arrays until the backward pass has used them. They take most of the memory in training.
#
# In return, one backward pass gives the gradient of every input, every parameter and every intermediate value.

# %% [markdown]
# ## Something to play with
#
# A Jacobian shows at a glance which outputs depend on which inputs. Guess what each picture will look like before you run
# the cell.

# %%
x = np.array([1.5, -0.5, 0.3, -2.0, 0.9, 2.2])
show(
    {
        "cumulative sum": mg.cumsum,
        "correlate with (1, 2, 1)": lambda t: mg.conv1d(
            t.reshape(1, 1, 6), [[[1.0, 2.0, 1.0]]]
        ).ravel(),
        "running maximum": lambda t: mg.stack([mg.max(t[: k + 1]) for k in range(6)]),
        "subtract the mean": lambda t: t - mg.mean(t),
    }
)

# %% [markdown]
# Try:
#
# - `lambda t: t[::-1]`, `lambda t: mg.flip(t) * t`, `lambda t: t / mg.norm(t)`;
# - `lambda t: mg.layer_norm(t, 6)`: for which upstream gradients is the product 0?
# - a composition of two functions: their Jacobians multiply, which is the chain rule for vectors.
