# %% [markdown]
# # 10. A small CNN, by hand
#
# You have all the parts of a classic convolutional network: convolutions, sigmoids, average pooling and a dense layer. In
# this lesson you put them together, derive every gradient, write them in code, and train the network with nothing but NumPy.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks
from minigrad.course import check, plots
from minigrad.data import load_digits

# %% [markdown]
# ## The digits
#
# The handwritten digits of this course come with minigrad. They were written by 13 people and have 8 × 8 pixels (E. Alpaydin
# and C. Kaynak, UCI, CC BY 4.0). The classic network takes 28 × 28 pixels, so we enlarge them with the triangle of lesson 9
# and add two rows and columns of zeros on each side. The functions of lesson 9 are given.


# %%
def pad(x, p):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))


def pad_rule(g, p):
    return g[:, :, p : g.shape[2] - p, p : g.shape[3] - p]


def avg_pool(x, n):
    images, channels, h, w = x.shape
    return x.reshape(images, channels, h // n, n, w // n, n).mean(axis=(3, 5))


def avg_unpool(g, n):
    return np.repeat(np.repeat(g, n, axis=2), n, axis=3) / n**2


def enlarge(digits):
    triangle = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 3
    smooth = np.outer(triangle, triangle)[None, None]
    return pad(mg.conv_transpose2d(digits.astype(np.float64), smooth, stride=3, padding=1), 2)


train, test = load_digits()
images, labels = enlarge(train.arrays[0]), train.arrays[1]
print(images.shape, images.min(), images.max())
plots.images([(labels[i], images[i, 0]) for i in range(6)], paper=True, size=1.6)

# %% [markdown]
# ## A network with one layer
#
# The first network takes 28 × 28 pixels. It has one convolution with two kernels of 5 × 5, zero-padded to keep the size,
# then a sigmoid and average pooling.
#
# | | formula | size |
# |---|---|---|
# | input | $X$ | 28 × 28 |
# | convolution | $A_p = X \star k_p + b_p$ | 2 @ 28 × 28 |
# | sigmoid | $C_p = \sigma(A_p)$ | 2 @ 28 × 28 |
# | average pooling | $S_p = \mathrm{pool}(C_p)$ | 2 @ 14 × 14 |
#
# `2 @ 28 × 28` means two maps of this size. The convolutions of lesson 8 are given.


# %%
def part_of(x, i, j, oh, ow):
    return x[:, :, i : i + oh, j : j + ow]


def conv_forward(x, w, b):
    kh, kw = w.shape[2:]
    oh, ow = x.shape[2] - kh + 1, x.shape[3] - kw + 1
    out = np.zeros((len(x), len(w), oh, ow))
    for i, j in np.ndindex(kh, kw):
        out += np.einsum("nchw,fc->nfhw", part_of(x, i, j, oh, ow), w[:, :, i, j])
    return out + b[:, None, None]


def conv_backward(delta, x, w):
    oh, ow = delta.shape[2:]
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for i, j in np.ndindex(w.shape[2:]):
        dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", delta, part_of(x, i, j, oh, ow))
        part_of(dx, i, j, oh, ow)[...] += np.einsum("nfhw,fc->nchw", delta, w[:, :, i, j])
    return dx, dw, delta.sum(axis=(0, 2, 3))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def one_layer(x, k, b):
    C = sigmoid(conv_forward(pad(x, 2), k, b))
    return C, avg_pool(C, 2)


# %%
one = images[3:4]
k = np.zeros((2, 1, 5, 5))
k[0, 0, 1:4, 1:4] = [[-2, 0, 2], [-4, 0, 4], [-2, 0, 2]]
k[1, 0, 1:4, 1:4] = k[0, 0, 1:4, 1:4].T
b = np.zeros(2)
C, S = one_layer(one, k, b)
plots.images(
    [
        ("X", one[0, 0]),
        ("$C_0$", C[0, 0]),
        ("$C_1$", C[0, 1]),
        ("$S_0$", S[0, 0]),
        ("$S_1$", S[0, 1]),
    ],
    paper=True,
)

# %% [markdown]
# ## Its backward pass
#
# The upstream gradient is $\partial L / \partial S_p$. Go back through the table, from the last row to the first:
#
# - through the pooling: $\dfrac{\partial L}{\partial C_p} = \mathrm{unpool}\Bigl(\dfrac{\partial L}{\partial S_p}\Bigr)$, a
#   quarter for each of the four pixels;
# - through the sigmoid:
#   $\delta_p = \dfrac{\partial L}{\partial A_p} = \dfrac{\partial L}{\partial C_p} \odot C_p \odot (1 - C_p)$, elementwise;
# - to the kernel and the bias:
#   $\dfrac{\partial L}{\partial k_p} = X_{\text{padded}} \star \delta_p \qquad \dfrac{\partial L}{\partial b_p} = \sum_{u,v} \delta_p(u, v)$;
# - to the input: $\dfrac{\partial L}{\partial X}$ is the sum over $p$ of the full correlations of $\delta_p$ with the
#   rotated $k_p$, without the padding.
#
# ## Exercise 1: the backward pass of one layer
#
# Write `one_layer_backward(g, x, k, C)`. `g` is $\partial L / \partial S$; return the gradients of $X$, $k$ and $b$.
# `conv_backward` returns the gradients of its input, its kernels and its bias. The other functions that you need are
# above.


# %%
def one_layer_backward(g, x, k, C):
    # solution
    delta = avg_unpool(g, 2) * C * (1 - C)
    dx, dk, db = conv_backward(delta, pad(x, 2), k)
    return pad_rule(dx, 2), dk, db
    # stub
    # # g is ∂L/∂S: return the gradients of x, k and b
    # raise NotImplementedError("your code here")
    # end


# %%
check("10.1", one_layer_backward)
rng = np.random.default_rng(0)
x, k, b = (
    Tensor(v, name=name)
    for v, name in [(one, "X"), (rng.normal(size=(2, 1, 5, 5)), "k"), (rng.normal(size=2), "b")]
)
S = mg.avg_pool2d(mg.sigmoid(mg.conv2d(x, k, b, padding=2)), 2)
g = rng.normal(size=S.shape)
S.backward(g)
C, _ = one_layer(x.data, k.data, b.data)

# %%
checks.gradient(
    lambda k, b: one_layer(one, k, b)[1],
    [k, b],
    lambda: one_layer_backward(g, one, k.data, C)[1:],
    upstream=g,
    names=["k", "b"],
    tolerance=1e-5,
)

# %%
mg.draw(S, direction="TB")

# %% [markdown]
# And as a player, step by step:

# %%
mg.play(S, upstream=g)

# %% [markdown]
# ## The small CNN
#
# The classic network has two such layers without padding, and a dense layer for ten classes. All activations are sigmoids,
# and the loss is the squared error.
#
# | | formula | size |
# |---|---|---|
# | input | $X$ | 28 × 28 |
# | convolution, 6 kernels 5 × 5 | $C^1_p = \sigma(X \star k^1_p + b^1_p)$ | 6 @ 24 × 24 |
# | average pooling | $S^1_p = \mathrm{pool}(C^1_p)$ | 6 @ 12 × 12 |
# | convolution, 12 kernels 5 × 5 | $C^2_q = \sigma\bigl(\sum_p S^1_p \star k^2_{pq} + b^2_q\bigr)$ | 12 @ 8 × 8 |
# | average pooling | $S^2_q = \mathrm{pool}(C^2_q)$ | 12 @ 4 × 4 |
# | flatten | $f = \mathrm{vec}(S^2)$ | 192 |
# | dense | $\hat y = \sigma(W f + b)$ | 10 |
# | loss | $L = \frac12 \sum_i (\hat y_i - y_i)^2$ | 1 |
#
# The target $y$ is 1 at the right digit and 0 elsewhere. Each of the 12 maps depends on *all* 6 maps of the first layer: its
# kernel has 6 channels.
#
# ## Exercise 2: count its parameters
#
# Count the parameters, weights and biases together, of the first convolution, the second convolution and the dense layer.

# %%
# solution
first = 6 * (1 * 5 * 5) + 6
second = 12 * (6 * 5 * 5) + 12
dense = 10 * 192 + 10
# stub
# first = None
# second = None
# dense = None
# end

# %%
check("10.2", first, second, dense)
print(first + second + dense, "parameters")

# %% [markdown]
# Here is the forward pass in NumPy for a batch of `N` images. It returns every array that the backward pass will need.
#
# `random_parameters` makes the initial parameters. The fewer products a layer sums, the larger its initial weights, so that
# the inputs of the sigmoids have a moderate size. One in ten targets is 1, and $\sigma(-2.2) = 0.1$, so the output biases
# start at -2.2.


# %%
def forward(x, k1, b1, k2, b2, W, b):
    C1 = sigmoid(conv_forward(x, k1, b1))
    S1 = avg_pool(C1, 2)
    C2 = sigmoid(conv_forward(S1, k2, b2))
    S2 = avg_pool(C2, 2)
    f = S2.reshape(len(x), 192)
    return C1, S1, C2, f, sigmoid(f @ W.T + b)


NAMES = ["k1", "b1", "k2", "b2", "W", "b"]


def random_parameters(seed):
    rng = np.random.default_rng(seed)
    shapes = [(6, 1, 5, 5), (6,), (12, 6, 5, 5), (12,), (10, 192), (10,)]
    k1, b1, k2, b2, W, b = (rng.normal(size=shape) for shape in shapes)
    return [
        k1 * 4 / np.sqrt(25),
        b1 * 0,
        k2 * 4 / np.sqrt(150),
        b2 * 0,
        W * 2 / np.sqrt(192),
        b * 0 - 2.2,
    ]


parameters = random_parameters(0)
x, targets = images[:2], np.eye(10)[labels[:2]]
kept = forward(x, *parameters)
for name, values in zip(["C1", "S1", "C2", "f", "y"], kept, strict=True):
    print(name, values.shape)

# %% [markdown]
# ## The full derivation
#
# Start at the loss and take one row of the table at a time.
#
# **The output.** The gradient of the loss is $\partial L / \partial \hat y_i = \hat y_i - y_i$. Through the sigmoid:
#
# $$\delta^{\,y}_i = (\hat y_i - y_i)\, \hat y_i (1 - \hat y_i)$$
#
# **The dense layer.** As in lesson 4, the gradient of $W$ is an outer product, and the downstream gradient is a product with
# $W^{\mathsf T}$:
#
# $$\frac{\partial L}{\partial W} = \delta^{\,y} f^{\mathsf T} \qquad \frac{\partial L}{\partial b} = \delta^{\,y} \qquad
# \frac{\partial L}{\partial f} = W^{\mathsf T} \delta^{\,y}$$
#
# **Flatten** only changes the shape: reshape the 192 elements back to 12 @ 4 × 4, and you have $\partial L / \partial S^2$.
#
# **The second layer.** Unpool, then go through the sigmoid:
#
# $$\delta^2_q = \mathrm{unpool}\Bigl(\frac{\partial L}{\partial S^2_q}\Bigr) \odot C^2_q \odot (1 - C^2_q)$$
#
# $$\frac{\partial L}{\partial k^2_{pq}} = S^1_p \star \delta^2_q \qquad \frac{\partial L}{\partial b^2_q} = \sum_{u,v} \delta^2_q(u, v) \qquad
# \frac{\partial L}{\partial S^1_p} = \sum_q \mathrm{full}\bigl(\delta^2_q,\, \text{rotated } k^2_{pq}\bigr)$$
#
# Each map $S^1_p$ is an input of all 12 maps of the second layer, and gradients add at branches. That is why there is a sum
# over $q$.
#
# **The first layer.** The formulas are the same, with the image as the input:
#
# $$\delta^1_p = \mathrm{unpool}\Bigl(\frac{\partial L}{\partial S^1_p}\Bigr) \odot C^1_p \odot (1 - C^1_p) \qquad
# \frac{\partial L}{\partial k^1_p} = X \star \delta^1_p \qquad \frac{\partial L}{\partial b^1_p} = \sum_{u,v} \delta^1_p(u, v)$$
#
# ## Exercise 3: the whole backward pass
#
# Write `backward(x, targets, parameters, kept)`, which returns the gradients of `k1`, `b1`, `k2`, `b2`, `W` and `b`. Ten
# lines are enough. Each image of the batch is a row: `f` has shape `(N, 192)` and `delta_y` has shape `(N, 10)`, so
# $\delta f^{\mathsf T}$ is `delta_y.T @ f`, which sums over the batch. `conv_backward` sums over the batch too.


# %%
def backward(x, targets, parameters, kept):
    k1, b1, k2, b2, W, b = parameters
    C1, S1, C2, f, y = kept
    # solution
    delta_y = (y - targets) * y * (1 - y)
    dW, db = delta_y.T @ f, delta_y.sum(axis=0)
    dS2 = (delta_y @ W).reshape(len(x), 12, 4, 4)
    delta_2 = avg_unpool(dS2, 2) * C2 * (1 - C2)
    dS1, dk2, db2 = conv_backward(delta_2, S1, k2)
    delta_1 = avg_unpool(dS1, 2) * C1 * (1 - C1)
    _, dk1, db1 = conv_backward(delta_1, x, k1)
    return dk1, db1, dk2, db2, dW, db
    # stub
    # # from the loss backward: delta_y, then dW and db, dS2, delta_2, …
    # raise NotImplementedError("your code here")
    # end


# %%
check("10.3", backward)
tx = Tensor(x, requires_grad=False, name="X")
k1, b1, k2, b2, W, b = (Tensor(p, name=n) for p, n in zip(parameters, NAMES, strict=True))
C1 = mg.sigmoid(mg.conv2d(tx, k1, b1))
C2 = mg.sigmoid(mg.conv2d(mg.avg_pool2d(C1, 2), k2, b2))
f = mg.avg_pool2d(C2, 2).reshape(len(x), 192)
y = mg.sigmoid(f @ W.T + b)
L = ((y - targets) ** 2).sum() / 2
for name, t in [("C1", C1), ("C2", C2), ("f", f), ("y", y), ("L", L)]:
    t.name = name
L.backward()

# %% [markdown]
# Check the first layer against finite differences too, because its gradient takes the longest path:

# %%
checks.gradient(
    lambda k1, b1: 0.5 * np.sum((forward(x, k1, b1, *parameters[2:])[-1] - targets) ** 2),
    parameters[:2],
    lambda: backward(x, targets, parameters, kept)[:2],
    names=["k1", "b1"],
    tolerance=1e-5,
)

# %% [markdown]
# You have derived the gradients of a convolutional network. Here is its graph with all values and gradients. Arrays are
# shown as heatmaps.

# %%
mg.draw(L, direction="TB")

# %% [markdown]
# minigrad can write out the same derivation, rule by rule:

# %%
mg.explain(L, wrt=k1)

# %% [markdown]
# Look at the norms from top to bottom. Each sigmoid multiplies by at most a quarter. Each pooling halves the norm, because
# four pixels get a quarter each. With more such layers, almost nothing would reach the first one. These are **vanishing
# gradients**, one reason why later networks use relu.

# %% [markdown]
# **Question.** Which of the two convolutions has more parameters, and which needs more multiplications for one image? Why
# is the answer not the same?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# The second has more than ten times as many parameters as the first. It needs $12 \cdot 6 \cdot 25 \cdot 64 = 115\,200$
# multiplications, and the first $6 \cdot 25 \cdot 576 = 86\,400$: not much less, because each of its few weights is used at
# 576 positions instead of 64.
#
# </details>

# %% [markdown]
# ## Something to play with
#
# Train your network, with only NumPy and your own backward pass: six epochs on 1442 digits, with momentum. It takes about
# ten seconds.

# %%
centre = images.mean()
parameters = random_parameters(0)
velocities = [np.zeros(p.shape) for p in parameters]
rng = np.random.default_rng(0)
losses = []
for _ in range(6):
    order = rng.permutation(len(images))
    for at in np.split(order, range(12, len(order), 12)):
        x, targets = images[at] - centre, np.eye(10)[labels[at]]
        kept = forward(x, *parameters)
        gradients = backward(x, targets, parameters, kept)
        for p, v, grad in zip(parameters, velocities, gradients, strict=True):
            v *= 0.9
            v -= 0.3 * grad / len(at)
            p += v
        losses.append(0.5 * np.sum((kept[-1] - targets) ** 2) / len(at))

# %% tags=["varies"]
answers = forward(enlarge(test.arrays[0]) - centre, *parameters)[-1].argmax(axis=1)
right = answers == test.arrays[1]
print(f"accuracy {right.mean():.1%} on {len(right)} test digits; guessing gives 10 %")

# %%
fig = plt.figure(figsize=(11, 2.8))
grid = fig.add_gridspec(1, 6, width_ratios=[2.6, 0.1, 1, 1, 1, 1])
ax = fig.add_subplot(grid[0])
ax.plot(losses, color="lightgray")
ax.plot(np.arange(9, len(losses) - 10), np.convolve(losses, np.ones(20) / 20, "valid"))
ax.set_title("loss and its mean over 20 steps")
ax.set_xlabel("steps")
for column, i in enumerate(np.flatnonzero(~right)[:4]):
    ax = fig.add_subplot(grid[2 + column])
    ax.imshow(test.arrays[0][i, 0], cmap="gray_r")
    ax.set_title(f"{test.arrays[1][i]}, predicted {answers[i]}")
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# On the right are digits that the network got wrong.
#
# Try:
#
# - a learning rate of 0.5 instead of 0.3, and then `np.bincount(answers, minlength=10)`: one digit is never predicted. Its
#   output is stuck at 0, where $\hat y (1 - \hat y)$ is 0 too;
# - an output bias of 0 instead of -2.2: how many digits are never predicted now? Why do the initial outputs matter?
# - `y - targets` as `delta_y`, with a learning rate of 0.1: this is the gradient of the cross-entropy of lesson 5, and an
#   output cannot get stuck;
# - max pooling instead of average pooling, with `mg.max_pool2d` and its indices;
# - `dx` of the first layer, which `backward` discards: it shows which pixels mattered. Lesson 11 makes pictures of it.
