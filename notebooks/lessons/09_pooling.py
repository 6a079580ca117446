# %% [markdown]
# # 9. Pooling, padding, and a small CNN
#
# Between its convolutions, a network reduces its images with **pooling**, keeps their size with **padding**, and sometimes
# enlarges them with **transposed convolution**. These operations are linear, or nearly so, and their gradients are easy to
# find.
#
# Then you have all the parts of a classic convolutional network. You will derive every one of its gradients and write them in
# code.

# %%
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import SVG
from skimage import data

import minigrad as mg
from minigrad import Tensor, checks
from minigrad.data import load_digits

plt.rcParams["figure.dpi"] = 80  # so that wide figures fit the page

# %% [markdown]
# ## Average pooling
#
# Divide the image into windows of 2 × 2 and keep the **mean** of each. The output has half as many rows and half as many
# columns, so a quarter of the pixels.
#
# $$O_{ij} = \frac14 \left( X_{2i,\,2j} + X_{2i,\,2j+1} + X_{2i+1,\,2j} + X_{2i+1,\,2j+1} \right)$$
#
# In the backward pass, each of the four pixels has the local gradient $\frac14$. So the upstream gradient is **spread
# evenly** over the window: in a window of $m$ pixels, each gets $1/m$ of it. This is called *unpooling*.

# %%
pixels = Tensor(
    [[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 7.0, 1.0], [0.0, 2.0, 9.0, 3.0], [6.0, 1.0, 4.0, 8.0]]
)
upstream = [[4.0, 8.0], [-4.0, 1.0]]
motion = mg.animate_pool(pixels, 2, mode="avg", upstream=upstream)
SVG(motion.loop())

# %% [markdown]
# ## Exercise 1: average pooling, forward and backward
#
# Write both for a batch `x` of shape `(N, C, H, W)` and windows of $n \times n$. Forward, reshape to
# `(N, C, H/n, n, W/n, n)`: then axes 3 and 5 run over the pixels of a window. Backward, `np.repeat(g, n, axis=2)` repeats
# each row `n` times.


# %%
def avg_pool(x, n):
    # solution
    images, channels, h, w = x.shape
    return x.reshape(images, channels, h // n, n, w // n, n).mean(axis=(3, 5))
    # end


def avg_unpool(g, n):
    # solution
    return np.repeat(np.repeat(g, n, axis=2), n, axis=3) / n**2
    # end


# %%
rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 6, 9))
g = rng.normal(size=(2, 3, 2, 3))
checks.equal("average pooling", lambda: avg_pool(x, 3), mg.avg_pool2d(x, 3))
checks.gradient(
    lambda x: avg_pool(x, 3),
    [x],
    lambda: avg_unpool(g, 3),
    upstream=g,
    names=["x"],
    hint="each of the n · n pixels gets an equal share: divide by n²",
)

# %% [markdown]
# ## Max pooling
#
# Keep the **largest** pixel of each window instead. Max routes: the largest pixel gets the whole upstream gradient, the
# others get 0.
#
# ## Exercise 2: max pooling by hand
#
# Use the same pixels and the same upstream gradient as above:
#
# $$X = \begin{pmatrix} 1 & 5 & 2 & 0 \\ 3 & 4 & 7 & 1 \\ 0 & 2 & 9 & 3 \\ 6 & 1 & 4 & 8 \end{pmatrix} \qquad
# \frac{\partial L}{\partial O} = \begin{pmatrix} 4 & 8 \\ -4 & 1 \end{pmatrix}$$

# %%
# solution
pooled = [[5, 7], [6, 9]]
gradient_x = [[0, 4, 0, 0], [0, 0, 8, 0], [0, 0, 1, 0], [-4, 0, 0, 0]]
# stub
# pooled = None  # the four maxima
# gradient_x = None  # four rows of four elements
# end

# %%
out, where = mg.max_pool2d(pixels.data[None], 2, return_indices=True)
right = mg.max_unpool2d(np.array([upstream]), where, 2)[0]
checks.equal("the maxima", pooled, np.array([[5, 7], [6, 9]]))
checks.equal(
    "∂L/∂X", gradient_x, right, hint="max routes: one element per window, the others are 0"
)

# %%
motion = mg.animate_pool(pixels, 2, upstream=upstream)
SVG(motion.loop())

# %% [markdown]
# The same animation as a player, to go through step by step:

# %%
motion

# %% [markdown]
# The Jacobians show the difference at a glance. The Jacobian of average pooling is the same for every input. The Jacobian of
# max pooling has a single 1 in each row, and its position depends on the input.

# %%
signal = np.array([1.0, 5.0, 2.0, 0.0, 7.0, 4.0])
mg.draw_jacobian(
    lambda t: mg.avg_pool1d(t.reshape(1, 6), 2).reshape(3), Tensor(signal, name="x")
)

# %%
mg.draw_jacobian(
    lambda t: mg.max_pool1d(t.reshape(1, 6), 2).reshape(3), Tensor(signal, name="x")
)

# %% [markdown]
# Compare the two on a photograph (by Stefan van der Walt, CC0). Look for the glint in the eye: average pooling loses it, max
# pooling keeps it. And look for the dark pupil: max pooling loses it.

# %%
cat = data.chelsea()[50:290, 120:440] @ [0.299, 0.587, 0.114] / 255
fig, axes = plt.subplots(1, 3, figsize=(10, 2.9))
for ax, image, title in zip(
    axes,
    [cat, mg.avg_pool2d(cat[None], 8)[0], mg.max_pool2d(cat[None], 8)[0]],
    ["240 × 320", "average pooling, 8 × 8", "max pooling, 8 × 8"],
    strict=True,
):
    ax.imshow(image, cmap="gray", vmin=0, vmax=1)
    ax.set_title(title)
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# Pooling has three benefits: a later kernel covers a larger part of the image, there is less to compute, and the *exact*
# position of a feature matters less.

# %% [markdown]
# ## Padding
#
# Each convolution with a kernel of $K$ removes $K - 1$ rows and columns. And pixels at the border count less, because they
# are in fewer windows. A gradient can count the windows: with a kernel of ones and an upstream gradient of ones, each pixel
# receives a 1 from each window that contains it.

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 3.8))
for ax, padding in zip(axes, [0, 1], strict=True):
    image = Tensor(np.zeros((1, 1, 6, 6)))
    out = mg.conv2d(image, np.ones((1, 1, 3, 3)), padding=padding)
    out.backward(np.ones(out.shape))
    windows = image.grad[0, 0]
    ax.imshow(windows, cmap="Greens", vmin=0, vmax=12)
    for (i, j), n in np.ndenumerate(windows):
        ax.text(j, i, f"{n:g}", ha="center", va="center")
    ax.set_title(f"padding {padding}: 6 × 6 → {out.shape[2]} × {out.shape[3]}")
    ax.set_xticks([])
    ax.set_yticks([])
plt.tight_layout()
plt.show()

# %% [markdown]
# **Zero padding** first adds $P$ zeros on each side. With $P = (K - 1)/2$ and stride 1, the size stays the same.
#
# ## Exercise 3: padding, forward and backward
#
# Write `pad(x, p)` for a batch, with `np.pad`, and its rule `pad_rule(g, p)`. The zeros are constants: what happens to their
# gradient?


# %%
def pad(x, p):
    # solution
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    # end


def pad_rule(g, p):
    # solution
    return g[:, :, p : g.shape[2] - p, p : g.shape[3] - p]
    # end


# %%
x, g = rng.normal(size=(2, 1, 3, 4)), rng.normal(size=(2, 1, 7, 8))
checks.equal("the inner part", lambda: pad(x, 2)[:, :, 2:5, 2:6], x)
checks.equal("the padded shape", lambda: pad(x, 2).shape, (2, 1, 7, 8))
checks.gradient(
    lambda x: pad(x, 2),
    [x],
    lambda: pad_rule(g, 2),
    upstream=g,
    names=["x"],
    hint="the zeros are constants: slice off their gradient",
)
checks.equal(
    "no padding", lambda: pad_rule(g, 0), g, hint="g[0:-0] is empty: count from the front"
)

# %% [markdown]
# ## Transposed convolution
#
# A convolution multiplies by a matrix $M$, and its gradient goes back through $M^{\mathsf T}$, as you saw in lesson 8. You
# can also use $M^{\mathsf T}$ in the *forward* pass, as a layer of its own. It is called **transposed convolution**.
#
# Convolution gathers a window into one element. Its transpose **spreads one element over a window**: for each input element,
# it adds a copy of the kernel, scaled by that element, to the output. Where copies overlap, they add up. With a stride, the
# copies are further apart, so the output is larger than the input:
#
# $$\text{size} = (O - 1)\,S - 2P + K$$
#
# ## Exercise 4: transposed convolution
#
# `y` has $O$ elements. For each $i$, add $y_i \cdot w$ to the output, starting at index $i \cdot S$.


# %%
def spread(y, w, stride):
    out = np.zeros((len(y) - 1) * stride + len(w))
    # solution
    for i in range(len(y)):
        out[i * stride : i * stride + len(w)] += y[i] * w
    # stub
    # # for each i, add y[i] * w to its slice of out
    # end
    return out


# %%
y, w = np.array([1.0, 2.0, 3.0]), np.array([2.0, -1.0, 3.0])
for stride in (1, 2, 4):
    right = mg.conv_transpose1d(y[None, None], w[None, None], stride=stride)[0, 0]
    checks.equal(
        f"stride {stride}",
        lambda: spread(y, w, stride),
        right,
        hint="copies that overlap add up, so use +=",
    )
delta = np.array([0.1, 0.2, 0.3])
checks.equal(
    "∂L/∂x of lesson 8", lambda: spread(delta, w, 1), np.array([0.2, 0.3, 0.7, 0.3, 0.9])
)

# %% [markdown]
# The last check is the important one. In lesson 8 you found this gradient as a full correlation with the flipped kernel. It
# is also the transposed convolution of the upstream gradient. The two are the same: gather with the flipped kernel, or spread
# with the unflipped one.
#
# The Jacobians show it: first a convolution with stride 2, then its transpose.

# %%
kernel = w[None, None]
seven, three = Tensor(np.zeros(7), name="x"), Tensor(np.zeros(3), name="y")
mg.draw_jacobian(lambda t: mg.conv1d(t.reshape(1, 1, 7), kernel, stride=2).reshape(3), seven)

# %%
mg.draw_jacobian(
    lambda t: mg.conv_transpose1d(t.reshape(1, 1, 3), kernel, stride=2).reshape(7), three
)

# %% [markdown]
# As an equation, for any $x$ and $y$:
#
# $$\langle\, y,\; M x \,\rangle = \langle\, M^{\mathsf T} y,\; x \,\rangle$$
#
# Two maps related in this way are called **adjoint**. This equation is the best test for the backward pass of a linear
# operation: there are no finite differences and no small $h$, only two numbers that must be equal.

# %%
x, y = rng.normal(size=(2, 3, 11, 12)), rng.normal(size=(2, 4, 5, 6))
k = rng.normal(size=(4, 3, 3, 2))
print(np.sum(y * mg.conv2d(x, k, stride=2)))
print(np.sum(mg.conv_transpose2d(y, k, stride=2) * x))

# %% [markdown]
# Here is the backward pass of the example from lesson 8 as an animation. The gradient of each output goes back to the inputs
# and the weights that produced it.

# %%
X, W = np.arange(1.0, 26.0).reshape(5, 5), np.arange(1.0, 10.0).reshape(3, 3)
motion = mg.animate_conv(X, W, 0.5, stride=2, upstream=[[1, 2], [3, 4]], phase="backward")
SVG(motion.loop())

# %%
mg.conv_transpose2d([[[[1.0, 2.0], [3.0, 4.0]]]], W[None, None], stride=2)[0, 0]

# %% [markdown]
# As a layer, transposed convolution makes images **larger**. Here is one of the handwritten digits of this course. They come
# with minigrad, were written by 13 people, and have 8 × 8 pixels (E. Alpaydin and C. Kaynak, UCI, CC BY 4.0). Three kernels
# enlarge it in three ways:

# %%
train, test = load_digits()
digit = train.arrays[0][3:4].astype(np.float64)  # (1, 1, 8, 8)
triangle = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 3
smooth = np.outer(triangle, triangle)[None, None]
ways = {
    "8 × 8": digit,
    "a box of 3 × 3, stride 3": mg.conv_transpose2d(digit, np.ones((1, 1, 3, 3)), stride=3),
    "a triangle of 5 × 5, stride 3": mg.conv_transpose2d(digit, smooth, stride=3, padding=1),
    "a box of 3 × 3, stride 2": mg.conv_transpose2d(digit, np.ones((1, 1, 3, 3)), stride=2),
}
fig, axes = plt.subplots(1, 4, figsize=(12, 3.2))
for ax, (title, image) in zip(axes, ways.items(), strict=True):
    ax.imshow(image[0, 0], cmap="gray_r")
    ax.set_title(title)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(" × ".join(map(str, image.shape[2:])))
plt.tight_layout()
plt.show()

# %% [markdown]
# The box repeats pixels. The triangle, a box convolved with a box, interpolates between them. In the last picture the copies
# overlap in every second row and column, which makes a **checkerboard** pattern. Image generators are known for this
# artefact. It appears when the stride does not divide the kernel size.
#
# The triangle gives 24 × 24 pixels. With two zeros on each side, the digits have 28 × 28 pixels, the input size of the
# networks below.

# %%
enlarged = mg.conv_transpose2d(train.arrays[0].astype(np.float64), smooth, stride=3, padding=1)
images, labels = pad(enlarged, 2), train.arrays[1]
print(images.shape, images.min(), images.max())

# %% [markdown]
# ## A network with one layer
#
# The first network takes 28 × 28 pixels. It has one convolution with two kernels of 5 × 5, zero-padded to keep the size, then
# a sigmoid and average pooling.
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
fig, axes = plt.subplots(1, 5, figsize=(12, 2.7))
for ax, image, title in zip(
    axes,
    [one[0, 0], C[0, 0], C[0, 1], S[0, 0], S[0, 1]],
    ["X", "$C_1$", "$C_2$", "$S_1$", "$S_2$"],
    strict=True,
):
    ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    ax.set_title(title)
    ax.set_xlabel(" × ".join(map(str, image.shape)))
    ax.set_xticks([])
    ax.set_yticks([])
plt.tight_layout()
plt.show()

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
# - to the input: $\dfrac{\partial L}{\partial X}$ is the sum over $p$ of the full correlations of $\delta_p$ with the rotated
#   $k_p$, without the padding.
#
# ## Exercise 5: the backward pass of one layer
#
# `conv_backward` returns the gradients of its input, its kernels and its bias. You have written all other functions that you
# need above.


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
x, k, b = (
    Tensor(v, name=name)
    for v, name in [(one, "X"), (rng.normal(size=(2, 1, 5, 5)), "k"), (rng.normal(size=2), "b")]
)
S = mg.avg_pool2d(mg.sigmoid(mg.conv2d(x, k, b, padding=2)), 2)
g = rng.normal(size=S.shape)
S.backward(g)
C, mine = one_layer(x.data, k.data, b.data)
checks.equal("S, 2 @ 14 × 14", mine, S)
checks.equal(
    "the gradients of X, k and b",
    lambda: one_layer_backward(g, x.data, k.data, C),
    (x.grad, k.grad, b.grad),
    hint="result 1 is the gradient of X, 2 of k, 3 of b; the sigmoid gives C (1 - C)",
)

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
# ## Exercise 6: count its parameters
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
checks.equal("the first convolution", first, 156, hint="6 kernels of 1 · 5 · 5, and 6 biases")
checks.equal("the second convolution", second, 1812, hint="12 kernels of 6 · 5 · 5")
checks.equal("the dense layer", dense, 1930)
print(first + second + dense, "parameters")

# %% [markdown]
# Here is the forward pass in NumPy for a batch of `N` images. It returns every array that the backward pass will need.
#
# `random_parameters` makes the initial parameters. The fewer products a layer sums, the larger its weights, so that the
# inputs of the sigmoids have a moderate size. One in ten outputs should be 1, and $\sigma(-2.2) = 0.1$, so the output biases
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
# ## Exercise 7: the whole backward pass
#
# Ten lines are enough. Each image of the batch is a row: `f` has shape `(N, 192)` and `delta_y` has shape `(N, 10)`, so
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
checks.equal(
    "the gradients of k1, b1, k2, b2, W and b",
    lambda: backward(x, targets, parameters, kept),
    tuple(t.grad for t in (k1, b1, k2, b2, W, b)),
    hint="start at the output: check delta_y, then W, then k2, then k1",
)

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
# You have derived the gradients of a convolutional network. Here is its graph with all values and gradients. Arrays are shown
# as heatmaps.

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
# ## Something to play with
#
# Train your network, with only NumPy and your own backward pass: six epochs on 1442 digits, with momentum. It takes about ten
# seconds.

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
unseen = mg.conv_transpose2d(test.arrays[0].astype(np.float64), smooth, stride=3, padding=1)
answers = forward(pad(unseen, 2) - centre, *parameters)[-1].argmax(axis=1)
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
# - `dx` of the first layer, which `backward` discards: it shows which pixels mattered. Lesson 10 makes pictures of it.
