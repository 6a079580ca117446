# %% [markdown]
# # 12. Gradients of gradients
#
# A gradient is computed by a graph too, so it has gradients of its own. With second derivatives you find minima in a few
# steps; with a gradient in the loss you train a network to be smooth.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.course import check, plots

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
check("12.1", derivative)

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
# Write `newton_step(f, x)`, which returns the new $x$. `mg.grad(f)(x)` is the gradient and `mg.hessian(f)(x)` the Hessian.
# `np.linalg.solve(A, b)` solves $A s = b$.


# %%
def newton_step(f, x):
    # solution
    return x - np.linalg.solve(mg.hessian(f)(x), mg.grad(f)(x))
    # end


# %%
check("12.2", newton_step)

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
axes[0].contourf(across, up, np.log1p(rosenbrock([across, up])), levels=20, cmap="gray")
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
# Write `hessian_times(f, x, v)`. As with Jacobians, you can compute the product without forming the matrix. $H v$ is the
# gradient of a scalar:
#
# $$H v = \nabla \bigl( \nabla f(x) \cdot v \bigr)$$


# %%
def hessian_times(f, x, v):
    # solution
    return mg.grad(lambda x: mg.sum(mg.grad(f)(x) * v))(x)
    # end


# %%
check("12.3", hessian_times)

# %%
million = np.linspace(-1, 1, 1_000_000)
product = hessian_times(lambda x: mg.sum(x**4), million, np.ones(1_000_000))
print(product[[0, -1]], "from a Hessian that would take 8 TB")

# %% [markdown]
# **Question.** Why does one Newton step find the minimum of a quadratic function exactly, wherever it starts?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# The gradient of a quadratic function is linear, so its linear approximation is exact. Newton's step goes to the point where
# it is 0.
#
# </details>

# %% [markdown]
# ## A gradient penalty
#
# A gradient can also be part of the **loss**. This loss favours a smooth network: a small change in the input should change
# the output only a little. $z(x_i)$ is the logit of point $i$.
#
# $$L = \text{cross-entropy} + \lambda\, \frac1N \sum_i \left\lVert \frac{\partial z(x_i)}{\partial x_i} \right\rVert^2$$
#
# To train with this loss, you need the gradient of a gradient with respect to the weights.
#
# ## Exercise 4: the penalty
#
# Write `penalty(params, X)`. The logit of each point depends only on its own row of `X`. So the gradient of the *sum* of all
# logits with respect to `X` has $\partial z(x_i) / \partial x_i$ in row $i$. Return the mean of the squared lengths of these
# rows.


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
check("12.4", penalty)


def first_params(rng, n=24):
    sizes = [(2, n), (n, n), (n, 1)]
    return [
        a for i, o in sizes for a in (rng.normal(size=(i, o)) * (2 / i) ** 0.5, np.zeros(o))
    ]


# %% [markdown]
# Here are two classes that touch, and a network large enough to bend around single points. It is trained three times:
# without the penalty, with a small one, and with a large one.
#
# If the penalty used only the data points, the network would be flat there and could be steep in between. So the penalty
# uses random points of the plane, new ones in each step.
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
    ax.contourf(
        grid[0, :, 0], grid[:, 0, 1], p, levels=np.linspace(0, 1, 11), cmap=plots.diverging()
    )
    colours = 0.7 * plots.CLASSES[y.astype(int)]
    ax.scatter(*X.T, c=colours, s=14, edgecolors="white", linewidths=0.5)
    ax.set_title(f"λ = {strength}")
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# Without the penalty the network is confident everywhere, even where it has seen no data. With the penalty, the boundary is
# wide and bends less around single points.

# %% [markdown]
# ## Something to play with
#
# Newton's method looks for a point where the gradient is 0. This may be a minimum, a maximum or a saddle point. Here it
# starts from each point of a grid, on Himmelblau's function from lesson 3, which has four minima, four saddle points and one
# maximum. The colour of each pixel shows where its start leads: the four strong colours are the four minima, white is
# anywhere else.
#
# All starts are computed at once. The function is a sum over independent points, so a single gradient contains the slopes at
# all of them, and the gradient of a sum of slopes contains one row of every Hessian.


# %%
def himmelblau(x, y):
    return mg.sum((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)


def newton_everywhere(x, y):
    slope = mg.grad(himmelblau, argnums=(0, 1))
    gx, gy = slope(x, y)
    xx, xy = mg.grad(lambda x, y: mg.sum(slope(x, y)[0]), argnums=(0, 1))(x, y)
    yy = mg.grad(lambda y: mg.sum(slope(x, y)[1]))(y)
    determinant = xx * yy - xy**2
    return x - (yy * gx - xy * gy) / determinant, y - (xx * gy - xy * gx) / determinant


x, y = np.meshgrid(np.linspace(-6, 6, 240), np.linspace(6, -6, 240))
for _ in range(30):
    x, y = newton_everywhere(x, y)
minima = [(3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)]
picture = np.ones((240, 240, 3))
for colour, (a, b) in zip(plots.CLASSES, minima, strict=True):
    picture[np.hypot(x - a, y - b) < 1e-3] = colour
plots.images({"where Newton's method ends": picture}, size=5)

# %% [markdown]
# Far from the minima, neighbouring starts can lead to different places.
#
# Try:
#
# - shorter steps, half of Newton's step: how do the regions change?
# - gradient descent with a rate of 0.01 from the same starts: why does it never end at a saddle point?
# - `penalty` at the data points instead of random points of the plane;
# - `mg.draw` of a second derivative of your own function, with `create_graph=True`.
