# %% [markdown]
# # 9. Pooling, padding, and a small CNN
#
# Between its convolutions, a network makes its images smaller by **pooling**, keeps them from shrinking by **padding**, and sometimes
# makes them larger by **transposed convolution**. All three are linear maps or nearly so, and their gradients are quickly found.
#
# Then you have all the parts of a classic convolutional network. You will derive its gradients, every one of them, and write them.

# %%
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import SVG
from skimage import data

import minigrad as mg
from minigrad import Tensor, checks
from minigrad.data import load_digits

plt.rcParams["figure.dpi"] = 80  # as wide as a page

# %% [markdown]
# ## Average pooling
#
# Cut the image into windows of 2 × 2, and keep the **mean** of each. Half as many rows, half as many columns, a quarter of the numbers.
#
# $$O_{ij} = \frac14 \left( X_{2i,\,2j} + X_{2i,\,2j+1} + X_{2i+1,\,2j} + X_{2i+1,\,2j+1} \right)$$
#
# Backwards: each of the four pixels has the local gradient $\frac14$. So each window gets its upstream gradient **spread evenly**: of
# $n$ pixels, each gets $1/n$. This is called *un-pooling*.

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
# For a batch `x` of shape `(N, C, H, W)` and windows of $n \times n$. A trick: reshape to `(N, C, H/n, n, W/n, n)`. Then a window
# is what lies along the axes 3 and 5. For the way back, `np.repeat(g, n, axis=2)` writes each row `n` times.


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
    hint="each of n · n pixels gets its part: divide by n²",
)

# %% [markdown]
# ## Max pooling
#
# Keep the **largest** number of each window instead. Max routes: the largest gets all of the upstream gradient, the others get 0.
#
# ## Exercise 2: max pooling by hand
#
# The same pixels and the same upstream gradient as above:
#
# $$X = \begin{pmatrix} 1 & 5 & 2 & 0 \\ 3 & 4 & 7 & 1 \\ 0 & 2 & 9 & 3 \\ 6 & 1 & 4 & 8 \end{pmatrix} \qquad
# \frac{\partial L}{\partial O} = \begin{pmatrix} 4 & 8 \\ -4 & 1 \end{pmatrix}$$

# %%
# solution
pooled = [[5, 7], [6, 9]]
gradient_x = [[0, 4, 0, 0], [0, 0, 8, 0], [0, 0, 1, 0], [-4, 0, 0, 0]]
# stub
# pooled = None  # the four maxima
# gradient_x = None  # four rows of four numbers
# end

# %%
out, where = mg.max_pool2d(pixels.data[None], 2, return_indices=True)
right = mg.max_unpool2d(np.array([upstream]), where, 2)[0]
checks.equal("the maxima", pooled, np.array([[5, 7], [6, 9]]))
checks.equal(
    "∂L/∂X", gradient_x, right, hint="max routes: one number in each window, zeros beside it"
)

# %%
motion = mg.animate_pool(pixels, 2, upstream=upstream)
SVG(motion.loop())

# %% [markdown]
# As a player, to go through step by step:

# %%
motion

# %% [markdown]
# Their Jacobians say it at a glance. The one of average pooling is the same for every input. The one of max pooling has a single 1
# in each row, and *where* depends on the input.

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
# On a photograph (by Stefan van der Walt, CC0). Look for the glint in the eye: the mean averages it away, the maximum keeps it. And
# look for the dark pupil, which the maximum loses.

# %%
cat = data.chelsea()[50:290, 120:440] @ [0.299, 0.587, 0.114] / 255
fig, axes = plt.subplots(1, 3, figsize=(10, 2.9))
for ax, image, title in zip(
    axes,
    [cat, mg.avg_pool2d(cat[None], 8)[0], mg.max_pool2d(cat[None], 8)[0]],
    ["240 × 320", "means of 8 × 8", "maxima of 8 × 8"],
    strict=True,
):
    ax.imshow(image, cmap="gray", vmin=0, vmax=1)
    ax.set_title(title)
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# Why pool? A later kernel then sees a larger part of the picture, there is less to compute, and it matters less *exactly* where
# something was.

# %% [markdown]
# ## Padding
#
# Each convolution with a kernel of $K$ takes $K - 1$ rows and columns away. And pixels at the border count less: how many windows is
# each pixel in? A gradient knows. With a kernel of ones and an upstream gradient of ones, each pixel receives a 1 from each window it
# is in.

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
# **Zero padding** puts $P$ zeros on each side first. With $P = (K - 1)/2$ and stride 1, the size stays.
#
# ## Exercise 3: padding, and back
#
# Write `pad(x, p)` for a batch, with `np.pad`, and its rule. What gradient do the zeros get, and who needs it?


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
checks.equal("padding by 2", lambda: pad(x, 2)[:, :, 2:5, 2:6], x)
checks.equal("what is around", lambda: pad(x, 2).shape, (2, 1, 7, 8))
checks.gradient(
    lambda x: pad(x, 2),
    [x],
    lambda: pad_rule(g, 2),
    upstream=g,
    names=["x"],
    hint="the zeros are constants: cut their gradient off",
)
checks.equal(
    "no padding", lambda: pad_rule(g, 0), g, hint="g[0:-0] is empty: count from the front"
)

# %% [markdown]
# ## Transposed convolution
#
# A convolution is a matrix $M$, and the gradient goes back through $M^{\mathsf T}$: you have seen that in lesson 8. Nothing forbids using
# $M^{\mathsf T}$ *forward*, as a layer of its own. It is called **transposed convolution**.
#
# Convolution gathers a window into one number. Its transpose **spreads one number over a window**: it puts down a copy of the kernel,
# times that number. Where copies overlap, they add up. With a stride, they lie further apart, and the result is larger than the input:
#
# $$\text{size} = (O - 1)\,S - 2P + K$$
#
# ## Exercise 4: spread
#
# `y` holds $O$ numbers. Put down $y_i \cdot w$ at place $i \cdot S$, for each $i$.


# %%
def spread(y, w, stride):
    out = np.zeros((len(y) - 1) * stride + len(w))
    # solution
    for i in range(len(y)):
        out[i * stride : i * stride + len(w)] += y[i] * w
    # stub
    # # for each i, add y[i] * w to its part of out
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
        hint="copies that overlap add up: +=",
    )
delta = np.array([0.1, 0.2, 0.3])
checks.equal(
    "∂L/∂x of lesson 8", lambda: spread(delta, w, 1), np.array([0.2, 0.3, 0.7, 0.3, 0.9])
)

# %% [markdown]
# The last check is the point. You found this gradient in lesson 8 as a full correlation with the flipped kernel. It is the transposed
# convolution of the upstream gradient. Two ways to say the same: gather with a flipped kernel, or spread with the kernel as it is.
#
# Two pictures of it: convolution with stride 2, and its transpose.

# %%
kernel = w[None, None]
seven, three = Tensor(np.zeros(7), name="x"), Tensor(np.zeros(3), name="y")
mg.draw_jacobian(lambda t: mg.conv1d(t.reshape(1, 1, 7), kernel, stride=2).reshape(3), seven)

# %%
mg.draw_jacobian(
    lambda t: mg.conv_transpose1d(t.reshape(1, 1, 3), kernel, stride=2).reshape(7), three
)

# %% [markdown]
# In one equation, for any $x$ and $y$:
#
# $$\langle\, y,\; M x \,\rangle = \langle\, M^{\mathsf T} y,\; x \,\rangle$$
#
# Maps that are paired like this are called **adjoint**. It is the best test there is for a backward pass of anything linear: no
# differences, no small $h$, just two numbers that have to be equal.

# %%
x, y = rng.normal(size=(2, 3, 11, 12)), rng.normal(size=(2, 4, 5, 6))
k = rng.normal(size=(4, 3, 3, 2))
print(np.sum(y * mg.conv2d(x, k, stride=2)))
print(np.sum(mg.conv_transpose2d(y, k, stride=2) * x))

# %% [markdown]
# And in motion: the example of lesson 8 on its way back. Each output's gradient lands on the inputs and on the weights that made it.

# %%
X, W = np.arange(1.0, 26.0).reshape(5, 5), np.arange(1.0, 10.0).reshape(3, 3)
motion = mg.animate_conv(X, W, 0.5, stride=2, upstream=[[1, 2], [3, 4]], phase="backward")
SVG(motion.loop())

# %%
mg.conv_transpose2d([[[[1.0, 2.0], [3.0, 4.0]]]], W[None, None], stride=2)[0, 0]

# %% [markdown]
# As a layer, it makes pictures **larger**. Here are the handwritten digits of this course. They come with minigrad, were written by 13
# people, and have 8 × 8 pixels (E. Alpaydin and C. Kaynak, UCI, CC BY 4.0). Three kernels, three ways to enlarge:

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
# The box repeats pixels. The triangle, a box convolved with a box, blends them. In the last picture the copies overlap in every second
# row and column, and so it has a **checkerboard**: generators of images are known for it, where the stride does not divide the kernel.
#
# The triangle's 24 × 24, with two zeros on each side, give us digits of 28 × 28. That is what the networks below were made for.

# %%
enlarged = mg.conv_transpose2d(train.arrays[0].astype(np.float64), smooth, stride=3, padding=1)
images, labels = pad(enlarged, 2), train.arrays[1]
print(images.shape, images.min(), images.max())

# %% [markdown]
# ## A network with one layer
#
# The first network: 28 × 28 pixels, two kernels of 5 × 5, padded with zeros to keep the size, sigmoid, average pooling.
#
# | | formula | size |
# |---|---|---|
# | input | $X$ | 28 × 28 |
# | convolution | $A_p = X \star k_p + b_p$ | 2 @ 28 × 28 |
# | sigmoid | $C_p = \sigma(A_p)$ | 2 @ 28 × 28 |
# | average pooling | $S_p = \mathrm{pool}(C_p)$ | 2 @ 14 × 14 |
#
# `2 @ 28 × 28` reads: two maps of this size. The convolutions of lesson 8 are given.


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
# Upstream comes $\partial L / \partial S_p$. Back through the table, from below:
#
# - through the pooling: $\dfrac{\partial L}{\partial C_p} = \mathrm{unpool}\Bigl(\dfrac{\partial L}{\partial S_p}\Bigr)$, a quarter to each of
#   four pixels;
# - through the sigmoid: $\delta_p = \dfrac{\partial L}{\partial A_p} = \dfrac{\partial L}{\partial C_p} \odot C_p \odot (1 - C_p)$, element by element;
# - to the kernel and the bias:
#   $\dfrac{\partial L}{\partial k_p} = X_{\text{padded}} \star \delta_p \qquad \dfrac{\partial L}{\partial b_p} = \sum_{u,v} \delta_p(u, v)$;
# - to the input: $\dfrac{\partial L}{\partial X}$ is the sum over $p$ of the full correlations of $\delta_p$ with the turned $k_p$, with the
#   padding cut off.
#
# ## Exercise 5: the backward pass of one layer
#
# `conv_backward` gives the gradients of its input, its kernels and its bias. Everything else you have written above.


# %%
def one_layer_backward(g, x, k, C):
    # solution
    delta = avg_unpool(g, 2) * C * (1 - C)
    dx, dk, db = conv_backward(delta, pad(x, 2), k)
    return pad_rule(dx, 2), dk, db
    # stub
    # # g is ∂L/∂S; return the gradients of x, k and b
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
    hint="result 1 is of X, 2 of k, 3 of b; sigmoid's local gradient is C (1 - C)",
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
# And to be played, step by step:

# %%
mg.play(S, upstream=g)

# %% [markdown]
# ## The small CNN
#
# Now the classic: two such layers without padding, and a dense layer for ten classes. Sigmoids everywhere, squared error at the end.
#
# | | formula | size |
# |---|---|---|
# | input | $X$ | 28 × 28 |
# | convolution, 6 kernels 5 × 5 | $C^1_p = \sigma(X \star k^1_p + b^1_p)$ | 6 @ 24 × 24 |
# | average pooling | $S^1_p = \mathrm{pool}(C^1_p)$ | 6 @ 12 × 12 |
# | convolution, 12 maps, 5 × 5 | $C^2_q = \sigma\bigl(\sum_p S^1_p \star k^2_{pq} + b^2_q\bigr)$ | 12 @ 8 × 8 |
# | average pooling | $S^2_q = \mathrm{pool}(C^2_q)$ | 12 @ 4 × 4 |
# | one vector | $f = \mathrm{vec}(S^2)$ | 192 |
# | dense | $\hat y = \sigma(W f + b)$ | 10 |
# | loss | $L = \frac12 \sum_i (\hat y_i - y_i)^2$ | 1 |
#
# The target $y$ is 1 at the right digit and 0 elsewhere. Each of the 12 maps looks at *all* 6 maps below: its kernel has 6 channels.
#
# ## Exercise 6: count its parameters
#
# Of the first convolution, of the second, and of the dense layer; weights and biases.

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
# The forward pass, in NumPy, for a batch of `N` images. It keeps what the backward pass will need.
#
# And random parameters to start with: larger where fewer numbers are added up, so that the sigmoids get sums of a fair size. Of the
# outputs, one in ten should be 1. $\sigma(-2.2) = 0.1$, so their bias starts at -2.2.


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
# ## Derived in full
#
# Start at the loss, and take one line of the table at a time.
#
# **The output.** The loss gives $\partial L / \partial \hat y_i = \hat y_i - y_i$. Through the sigmoid:
#
# $$\delta^{\,y}_i = (\hat y_i - y_i)\, \hat y_i (1 - \hat y_i)$$
#
# **The dense layer.** As in lesson 4, an outer product for $W$, and $W^{\mathsf T}$ for what goes on:
#
# $$\frac{\partial L}{\partial W} = \delta^{\,y} f^{\mathsf T} \qquad \frac{\partial L}{\partial b} = \delta^{\,y} \qquad
# \frac{\partial L}{\partial f} = W^{\mathsf T} \delta^{\,y}$$
#
# **The vector** is only another shape: 192 numbers become 12 @ 4 × 4 again, $\partial L / \partial S^2$.
#
# **The second layer.** Un-pool, then through the sigmoid:
#
# $$\delta^2_q = \mathrm{unpool}\Bigl(\frac{\partial L}{\partial S^2_q}\Bigr) \odot C^2_q \odot (1 - C^2_q)$$
#
# $$\frac{\partial L}{\partial k^2_{pq}} = S^1_p \star \delta^2_q \qquad \frac{\partial L}{\partial b^2_q} = \sum_{u,v} \delta^2_q(u, v) \qquad
# \frac{\partial L}{\partial S^1_p} = \sum_q \mathrm{full}\bigl(\delta^2_q,\, \text{turned } k^2_{pq}\bigr)$$
#
# Each map $S^1_p$ goes into all 12 maps above it, and gradients add at branches: hence the sum over $q$.
#
# **The first layer.** The same again, with the image in the place of the maps below:
#
# $$\delta^1_p = \mathrm{unpool}\Bigl(\frac{\partial L}{\partial S^1_p}\Bigr) \odot C^1_p \odot (1 - C^1_p) \qquad
# \frac{\partial L}{\partial k^1_p} = X \star \delta^1_p \qquad \frac{\partial L}{\partial b^1_p} = \sum_{u,v} \delta^1_p(u, v)$$
#
# ## Exercise 7: the whole backward pass
#
# Ten lines at most. The images of a batch are in rows: `f` is `(N, 192)` and `delta_y` is `(N, 10)`, so $\delta f^{\mathsf T}$ is
# `delta_y.T @ f`, which adds up over the batch. `conv_backward` adds up over it as well.


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
    # # from below: delta_y, then dW and db, dS2, delta_2, …
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
    hint="from the output on: is delta_y right? then W, then k2, then k1",
)

# %% [markdown]
# And against differences, for the first layer, to which the gradient has the longest way:

# %%
checks.gradient(
    lambda k1, b1: 0.5 * np.sum((forward(x, k1, b1, *parameters[2:])[-1] - targets) ** 2),
    parameters[:2],
    lambda: backward(x, targets, parameters, kept)[:2],
    names=["k1", "b1"],
    tolerance=1e-5,
)

# %% [markdown]
# You have derived the gradients of a convolutional network. Here it is, with every value and gradient; of arrays, as colours.

# %%
mg.draw(L, direction="TB")

# %% [markdown]
# The derivation once more, rule by rule, as minigrad tells it:

# %%
mg.explain(L, wrt=k1)

# %% [markdown]
# Look at the norms on the way down. Each sigmoid multiplies by a quarter at most. Each pooling halves the norm: four pixels get a
# quarter each. With more such layers, almost nothing would arrive at the first: **vanishing gradients**, the reason why later
# networks took to relu.

# %% [markdown]
# ## Something to play with
#
# It is your network: train it, with nothing but NumPy and your own backward pass. 1442 digits, six times over, with momentum. It takes
# about ten seconds.

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
print(
    f"{right.mean():.1%} of {len(right)} digits that it has not seen are right; guessing gives 10 %"
)

# %%
fig = plt.figure(figsize=(11, 2.8))
grid = fig.add_gridspec(1, 6, width_ratios=[2.6, 0.1, 1, 1, 1, 1])
ax = fig.add_subplot(grid[0])
ax.plot(losses, color="lightgray")
ax.plot(np.arange(9, len(losses) - 10), np.convolve(losses, np.ones(20) / 20, "valid"))
ax.set_title("loss, and its mean over 20 steps")
ax.set_xlabel("steps")
for column, i in enumerate(np.flatnonzero(~right)[:4]):
    ax = fig.add_subplot(grid[2 + column])
    ax.imshow(test.arrays[0][i, 0], cmap="gray_r")
    ax.set_title(f"{test.arrays[1][i]}, not {answers[i]}")
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# On the right: digits that it got wrong.
#
# Try:
#
# - a rate of 0.5 in place of 0.3, and then `np.bincount(answers, minlength=10)`: one digit is never given. Its output is stuck at 0,
#   where $\hat y (1 - \hat y)$ is 0 too;
# - a bias of 0 in place of -2.2: how many digits are never given now? Why does it matter where the outputs start?
# - `y - targets` as `delta_y`, with a rate of 0.1: that is the gradient of the cross-entropy of lesson 5, and it cannot get stuck;
# - max pooling in place of the mean, with `mg.max_pool2d` and its indices;
# - `dx` of the first layer, which `backward` throws away: it says which pixels mattered. Lesson 10 makes pictures of it.
