# %% [markdown]
# # 8. Backpropagation through convolution
#
# **The gradient of a convolution is a convolution.** That one sentence is the whole idea. You will derive it by hand in one
# dimension, then with a stride in two dimensions, and then write and check it as code.
#
# As usual for networks, "convolution" here means cross-correlation: the kernel slides over the input without a flip.

# %%
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import SVG
from skimage import data

import minigrad as mg
from minigrad import Tensor, checks
from minigrad.course import check, plots

# %% [markdown]
# ## One dimension
#
# The input has five elements and the kernel three, so the output has $5 - 3 + 1 = 3$ elements. Indices start at 0, in
# formulas as in code.
#
# $$O_i = \sum_{j=0}^{2} W_j\, x_{i+j}$$
#
# $$x = (1, 2, 3, 4, 5) \qquad W = (2, -1, 3) \qquad O_0 = 2 \cdot 1 - 1 \cdot 2 + 3 \cdot 3 = 9$$
#
# ## Exercise 1: the forward pass
#
# Write `correlate(x, w)`. It returns the outputs $O$ for arrays `x` and `w` of any length.


# %%
def correlate(x, w):
    # solution
    n = len(x) - len(w) + 1
    return np.array([np.sum(x[i : i + len(w)] * w) for i in range(n)])
    # end


# %%
check("8.1", correlate)
x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
w = np.array([2.0, -1.0, 3.0])

# %% [markdown]
# This animation shows both passes. In the forward pass, the kernel slides over the input. In the backward pass, the gradient
# of each output goes back to the inputs and the weights that produced it. Come back to it during the next two exercises.

# %%
mg.animate_conv(x, w, upstream=[0.1, 0.2, 0.3])

# %% [markdown]
# ## The gradient of the kernel
#
# The upstream gradient has one element for each output: $\delta_i = \partial L / \partial O_i$. Here
# $\delta = (0.1, 0.2, 0.3)$.
#
# The weight $W_j$ contributes to every output. In $O_i$ it multiplies $x_{i+j}$, and multiplication switches:
#
# $$\frac{\partial L}{\partial W_j} = \sum_i \delta_i\, x_{i+j}$$
#
# This is the forward formula with $\delta$ in place of $W$: **the input correlated with the upstream gradient**.
#
# ## Exercise 2: the kernel's gradient
#
# Write `kernel_gradient(delta, x)`, in one line, with your `correlate`.


# %%
def kernel_gradient(delta, x):
    # solution
    return correlate(x, delta)
    # end


# %%
check("8.2", kernel_gradient)
delta = np.array([0.1, 0.2, 0.3])

# %% [markdown]
# ## The gradient of the input
#
# To which outputs does each $x_k$ contribute, and what does each of these send back?
#
# $$\begin{aligned}
# \partial L / \partial x_0 &= \delta_0 W_0 \\
# \partial L / \partial x_1 &= \delta_0 W_1 + \delta_1 W_0 \\
# \partial L / \partial x_2 &= \delta_0 W_2 + \delta_1 W_1 + \delta_2 W_0 \\
# \partial L / \partial x_3 &= \delta_1 W_2 + \delta_2 W_1 \\
# \partial L / \partial x_4 &= \delta_2 W_2
# \end{aligned}$$
#
# In the third row, the indices of $\delta$ go up while those of $W$ go *down*: the kernel is **flipped**. The other rows are
# the same sum if you pad $\delta$ with two zeros on each side, one less than the length of the kernel.
#
# So pad $\delta$ with zeros, flip the kernel, and correlate. This is called the *full* correlation.
#
# ## Exercise 3: the input's gradient
#
# Write `input_gradient(delta, w)`. `np.pad(delta, 2)` adds two zeros on each side, and `w[::-1]` is the flipped kernel.


# %%
def input_gradient(delta, w):
    # solution
    return correlate(np.pad(delta, len(w) - 1), w[::-1])
    # end


# %%
check("8.3", input_gradient)

# %% [markdown]
# Finite differences agree:

# %%
gradients = [input_gradient(delta, w), kernel_gradient(delta, x)]
checks.gradient(correlate, [x, w], gradients, upstream=delta, names=["x", "W"])

# %% [markdown]
# ## The reason for the flip
#
# A convolution is linear in $x$. It multiplies $x$ by a matrix with the kernel in each row, shifted by one from row to row.
# The gradient goes back through the **transposed** matrix. The middle row of the transposed matrix contains the kernel in
# reverse order: 3, -1, 2.

# %%
matrix = np.array([[2, -1, 3, 0, 0], [0, 2, -1, 3, 0], [0, 0, 2, -1, 3]])
print("forward  ", matrix @ x)
print("backward ", matrix.T @ delta)

plots.images(
    {"forward: O = M x": matrix, "backward: ∂L/∂x = Mᵀ δ": matrix.T},
    signed=True,
    numbers=True,
    size=3.4,
)

# %% [markdown]
# In practice this matrix is never formed: for an image of 224 × 224 and a 3 × 3 kernel it would have $2.5 \cdot 10^9$
# entries, nearly all 0. minigrad computes the same gradients with convolutions:

# %%
tx, tw = Tensor(x[None, None], name="x"), Tensor(w[None, None], name="W")
out = mg.conv1d(tx, tw)
out.backward(delta[None, None])
print("O    ", out.data[0, 0])
print("dL/dW", tw.grad[0, 0])
print("dL/dx", tx.grad[0, 0])

# %% [markdown]
# ## Two dimensions, stride two
#
# Now take an input of 5 × 5, a kernel of 3 × 3, a bias, and a **stride** of 2: the kernel moves by two pixels at a time. It
# fits at $2 \times 2$ positions.
#
# $$\text{size of the output} = \left\lfloor \frac{5 - 3}{2} \right\rfloor + 1 = 2$$

# %%
X = Tensor(np.arange(1.0, 26.0).reshape(1, 1, 5, 5), name="X")
W = Tensor(np.arange(1.0, 10.0).reshape(1, 1, 3, 3), name="W")
b = Tensor([0.5], name="b")
O = mg.conv2d(X, W, b, stride=2)
print(X.data[0, 0])
print(W.data[0, 0])
print(O.data[0, 0])

# %% [markdown]
# The four windows overlap. The pixels in the middle row and in the middle column belong to two windows each, and the centre
# pixel belongs to all four.

# %%
windows = {}
for i, j in np.ndindex(2, 2):
    window = np.zeros((5, 5))
    window[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] = 1
    windows[f"$o_{{{i}{j}}}$"] = window
windows["number of windows"] = sum(windows.values())
plots.images(windows, paper=True, high=5, numbers=True)

# %% [markdown]
# ## Exercise 4: three gradients by hand
#
# The upstream gradient is $\delta = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$. Find
#
# - $\partial L / \partial w_{00}$. This weight multiplies $x_{00}$, $x_{02}$, $x_{20}$ and $x_{22}$, one in each window, so
#   its gradient is $\delta_{00} x_{00} + \delta_{01} x_{02} + \delta_{10} x_{20} + \delta_{11} x_{22}$.
# - $\partial L / \partial b$. The bias is added to each output, and addition distributes.
# - $\partial L / \partial x_{22}$. The centre pixel is multiplied by a corner of the kernel in each of the four windows:
#   which corner in which window?

# %%
# solution
dw00 = 1 * 1 + 2 * 3 + 3 * 11 + 4 * 13
db = 1 + 2 + 3 + 4
dx22 = 1 * 9 + 2 * 7 + 3 * 3 + 4 * 1
# stub
# dw00 = None
# db = None
# dx22 = None
# end

# %%
check("8.4", dw00, db, dx22)

# %%
O.backward([[[[1.0, 2.0], [3.0, 4.0]]]])
print(W.grad[0, 0])
print(b.grad)
print(X.grad[0, 0])

# %% [markdown]
# Watch the gradients grow, window by window, in the player and in a looping picture.

# %%
film = mg.animate_conv(X.data[0, 0], W.data[0, 0], 0.5, stride=2, upstream=[[1, 2], [3, 4]])
film

# %%
film.save("film.svg")
SVG("film.svg")

# %% [markdown]
# ## Stride: zeros in between
#
# With stride 1, the rules for one dimension still hold, except that flipping now means rotating by 180°. With stride 2 there
# is one more step: **spread** the elements of the upstream gradient so that they are two apart, like their windows, with
# zeros in between.
#
# $$\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \longrightarrow \begin{pmatrix} 1 & 0 & 2 \\ 0 & 0 & 0 \\ 3 & 0 & 4 \end{pmatrix}$$
#
# Then $\partial L / \partial W$ is the input correlated with the spread gradient, and $\partial L / \partial X$ is the
# spread gradient, padded with zeros, correlated with the rotated kernel.
#
# ## Exercise 5: gradients with a stride
#
# `correlate2d` is given. Write `spread(delta, stride)`, and then `gradients_2d(delta, x, w, stride)`, which returns the
# gradient of the kernel and the gradient of the input. `np.rot90(w, 2)` rotates by 180°.


# %%
def correlate2d(x, w):
    rows, columns = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    windows = [
        [x[i : i + w.shape[0], j : j + w.shape[1]] for j in range(columns)] for i in range(rows)
    ]
    return np.array([[np.sum(window * w) for window in row] for row in windows])


def spread(delta, stride):
    # solution
    rows, columns = delta.shape
    apart = np.zeros((stride * (rows - 1) + 1, stride * (columns - 1) + 1))
    apart[::stride, ::stride] = delta
    return apart
    # end


def gradients_2d(delta, x, w, stride):
    # solution
    apart = spread(delta, stride)
    around = np.pad(apart, ((w.shape[0] - 1,) * 2, (w.shape[1] - 1,) * 2))
    return correlate2d(x, apart), correlate2d(around, np.rot90(w, 2))
    # stub
    # # return the gradient of the kernel and the gradient of the input
    # raise NotImplementedError("your code here")
    # end


# %%
check("8.5", spread, gradients_2d)

# %% [markdown]
# ## Channels and batches
#
# A real layer takes a batch of `N` images with `C` channels and has `F` kernels with `C` channels each.
#
# | | shape |
# |---|---|
# | input `x` | `(N, C, H, W)` |
# | kernels `w` | `(F, C, KH, KW)` |
# | bias `b` | `(F,)` |
# | output | `(N, F, OH, OW)` |
#
# Do not loop over the outputs, because there are many. Loop over the positions of the **kernel**, because there are few. The
# weights at position $(i, j)$ multiply one part of the input: every `stride`-th pixel, starting at $(i, j)$.
#
# ```python
# part = x[:, :, i : i + stride * OH : stride, j : j + stride * OW : stride]    # (N, C, OH, OW)
# ```
#
# Then multiply by the weights at that position and sum over the channels: `np.einsum("nchw,fc->nfhw", part, w[:, :, i, j])`.
#
# ## Exercise 6: conv forward
#
# Complete `conv_forward(x, w, b, stride, padding)`.
#
# The code that pads the input and allocates the output is given. Add one contribution for each position of the kernel, then
# add the bias.


# %%
def out_size(n, k, stride, padding):
    return (n + 2 * padding - k) // stride + 1


def part_of(x, i, j, oh, ow, stride):
    return x[:, :, i : i + stride * oh : stride, j : j + stride * ow : stride]


def conv_forward(x, w, b, stride=1, padding=0):
    kh, kw = w.shape[2:]
    oh, ow = (
        out_size(x.shape[2], kh, stride, padding),
        out_size(x.shape[3], kw, stride, padding),
    )
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    out = np.zeros((len(x), len(w), oh, ow))
    # solution
    for i, j in np.ndindex(kh, kw):
        out += np.einsum("nchw,fc->nfhw", part_of(x, i, j, oh, ow, stride), w[:, :, i, j])
    return out + b[:, None, None]
    # stub
    # # for each position (i, j) of the kernel, add its contribution to `out`; then add the bias
    # raise NotImplementedError("your code here")
    # end


# %%
check("8.6", conv_forward)

# %% [markdown]
# ## Exercise 7: conv backward
#
# Complete `conv_backward(delta, x, w, stride, padding)`: the three gradients for an upstream gradient `delta` of shape
# `(N, F, OH, OW)`.
#
# - The bias is added at every position of every image: sum `delta` over all axes except `F`.
# - The weights at position $(i, j)$ multiply `part`. Their gradient is an einsum of `delta` and `part`: `"nfhw,nchw->fc"`.
# - `part` is multiplied by these weights. Its gradient is an einsum of `delta` and the weights: `"nfhw,fc->nchw"`. Windows
#   overlap, so **add** it to that part of `dx`.
#
# The last line removes the padding again, because no one needs the gradient of the padding.


# %%
def conv_backward(delta, x, w, stride=1, padding=0):
    kh, kw = w.shape[2:]
    oh, ow = delta.shape[2:]
    h, width = x.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    # solution
    for i, j in np.ndindex(kh, kw):
        dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", delta, part_of(x, i, j, oh, ow, stride))
        part_of(dx, i, j, oh, ow, stride)[...] += np.einsum(
            "nfhw,fc->nchw", delta, w[:, :, i, j]
        )
    db = delta.sum(axis=(0, 2, 3))
    # stub
    # db = np.zeros(len(w))
    # # fill dw, add to dx, compute db
    # end
    return dx[:, :, padding : padding + h, padding : padding + width], dw, db


# %%
check("8.7", conv_backward)

# %%
rng = np.random.default_rng(0)
x, w, b = rng.normal(size=(2, 3, 7, 6)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
delta = rng.normal(size=mg.conv2d(x, w, b, stride=3, padding=2).shape)
checks.gradient(
    lambda x, w, b: conv_forward(x, w, b, 3, 2),
    [x, w, b],
    lambda: conv_backward(delta, x, w, 3, 2),
    upstream=delta,
    names=["x", "w", "b"],
)

# %% [markdown]
# You have written the convolution of a deep-learning framework. minigrad's own is in `minigrad/ops/convolution.py`. There,
# the convolution, its input gradient and its kernel gradient are three operations, and the rules of each use the other two,
# so all three can be differentiated any number of times.

# %% [markdown]
# **Question.** `dx` must be added up with `+=`, but `dw[:, :, i, j]` may be assigned. Why?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# Windows overlap, so a pixel is used at several positions of the kernel and gets a part from each. A weight belongs to
# exactly one position $(i, j)$, and the einsum already sums over all outputs that use it.
#
# </details>

# %% [markdown]
# ## Something to play with
#
# Someone has filtered a photograph with a secret kernel. Your backward pass can find it: start with a kernel of zeros,
# compare its output with the filtered photograph, and step against the gradient of the kernel.

# %%
photo = data.camera()[100:228, 180:308] / 255.0
secret = np.array([[-2.0, -1.0, 0.0], [-1.0, 1.0, 1.0], [0.0, 1.0, 2.0]])
image = (photo - photo.mean())[None, None]
filtered = conv_forward(image, secret[None, None], np.zeros(1))

kernel, velocity, losses = np.zeros((1, 1, 3, 3)), 0.0, []
for _ in range(400):
    error = conv_forward(image, kernel, np.zeros(1)) - filtered
    losses.append(np.mean(error**2))
    _, dw, _ = conv_backward(2 * error / error.size, image, kernel)
    velocity = 0.95 * velocity - 1.0 * dw
    kernel = kernel + velocity
print(np.round(kernel[0, 0], 2) + 0.0)

# %%
fig, axes = plt.subplots(1, 3, figsize=(11, 3.6))
axes[0].imshow(photo, cmap="gray")
axes[0].set_title("the photograph")
axes[1].imshow(filtered[0, 0], cmap="gray")
axes[1].set_title("filtered by a secret kernel")
axes[2].semilogy(losses)
axes[2].set_title("mean squared error")
axes[2].set_xlabel("steps")
for ax in axes[:2]:
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# Try:
#
# - a secret kernel of your own, and a secret kernel of 5 × 5 while you learn one of 3 × 3;
# - less momentum, 0.5 instead of 0.95: neighbouring pixels are similar, and that makes the valley of the loss long and
#   narrow;
# - learning from `photo` instead of `image`, without subtracting the mean;
# - the input gradient of `conv_backward`: start from a grey image, and find the photograph from `filtered` and the kernel.
