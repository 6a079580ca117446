# %% [markdown]
# # 9. Pooling and padding
#
# Between convolutions, a network makes its images smaller with **pooling**, keeps their size with **padding**, and sometimes
# makes them larger with **transposed convolution**. These operations are linear, or nearly so, and their gradients are easy
# to find.
#
# With them you have all the parts of a convolutional network. Lesson 10 puts them together.

# %%
import numpy as np
from IPython.display import SVG
from skimage import data

import minigrad as mg
from minigrad import Tensor
from minigrad.course import check, plots
from minigrad.data import load_digits

# %% [markdown]
# ## Average pooling
#
# Divide the image into windows of 2 × 2 and keep the **mean** of each. The output has half as many rows and half as many
# columns, so a quarter of the pixels.
#
# $$O_{ij} = \frac14 \left( X_{2i,\,2j} + X_{2i,\,2j+1} + X_{2i+1,\,2j} + X_{2i+1,\,2j+1} \right)$$
#
# In the backward pass, each of the four pixels has the local gradient $\frac14$. So the upstream gradient is **spread
# evenly** over the window: each of its $m$ pixels gets $1/m$ of it. This is called *unpooling*.

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
# Write `avg_pool(x, n)` for a batch `x` of shape `(N, C, H, W)` and windows of $n \times n$, and `avg_unpool(g, n)` for its
# upstream gradient `g`. Forward, reshape to `(N, C, H/n, n, W/n, n)`: then axes 3 and 5 run over the pixels of a window.
# Backward, `np.repeat(g, n, axis=2)` repeats each row `n` times.


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
check("9.1", avg_pool, avg_unpool)

# %% [markdown]
# ## Max pooling
#
# Keep the **largest** pixel of each window instead. Max routes: the largest pixel gets the whole upstream gradient, the
# others get 0.
#
# ## Exercise 2: max pooling by hand
#
# Write the four maxima and the gradient of $X$ as lists of rows, for these pixels and this upstream gradient:
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
check("9.2", pooled, gradient_x)

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
# Compare the two on a photograph (by Stefan van der Walt, CC0). Look at the glint in the eye: average pooling loses it, max
# pooling keeps it. Then look at the dark pupil: max pooling loses it.

# %%
cat = data.chelsea()[50:290, 120:440] @ [0.299, 0.587, 0.114] / 255
plots.images(
    {
        "240 × 320": cat,
        "average pooling, 8 × 8": mg.avg_pool2d(cat[None], 8)[0],
        "max pooling, 8 × 8": mg.max_pool2d(cat[None], 8)[0],
    },
    size=3.4,
)

# %% [markdown]
# Pooling has three benefits: a later kernel covers a larger part of the image, there is less to compute, and the *exact*
# position of a feature matters less.

# %% [markdown]
# **Question.** Two equal pixels are the largest of a window. To which of them should max pooling send the gradient?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# There is no single right answer: the maximum has a kink there. minigrad, like most engines, sends all of it to the first
# one. Sending half to each would be right too; sending all of it to both would count it twice.
#
# </details>

# %% [markdown]
# ## Padding
#
# Each convolution with a kernel of $K \times K$ removes $K - 1$ rows and columns. Pixels at the border also count less,
# because they are in fewer windows. A gradient can count the windows: with a kernel of ones and an upstream gradient of
# ones, each pixel receives a 1 from each window that contains it.

# %%
counts = {}
for padding in (0, 1):
    image = Tensor(np.zeros((1, 1, 6, 6)))
    out = mg.conv2d(image, np.ones((1, 1, 3, 3)), padding=padding)
    out.backward(np.ones(out.shape))
    counts[f"padding {padding}: 6 × 6 → {out.shape[2]} × {out.shape[3]}"] = image.grad[0, 0]
plots.images(counts, paper=True, high=12, numbers=True, size=3.2)

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
check("9.3", pad, pad_rule)

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
# Complete `spread(y, w, stride)`. `y` has $O$ elements. For each $i$, add $y_i \cdot w$ to the output, starting at index $i
# \cdot S$.


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
check("9.4", spread)

# %% [markdown]
# In lesson 8 you found the gradient of the input as a full correlation with the flipped kernel. It is also the transposed
# convolution of the upstream gradient. The two are the same: gather with the flipped kernel, or spread with the unflipped
# one.
#
# The Jacobians show it: first a convolution with stride 2, then its transpose.

# %%
w = np.array([2.0, -1.0, 3.0])
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
rng = np.random.default_rng(0)
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
# ## Something to play with
#
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
plots.images(
    {title: image[0, 0] / image.max() for title, image in ways.items()}, paper=True, size=3
)

# %% [markdown]
# The box repeats pixels. The triangle, a box convolved with a box, interpolates between them. In the last picture the copies
# overlap in every second row and column, which makes a **checkerboard** pattern. Image generators are known for this
# artefact. It appears when the weights that meet at each pixel of the output do not have equal sums, as with equal weights
# and a stride that does not divide the kernel size. A stride of 3 does not divide 5, but the weights of the triangle meet as
# 1 + 2, 3 and 2 + 1.
#
# Try:
#
# - a kernel of 4 × 4 with stride 2: why is there no checkerboard?
# - `np.outer(a, a)` for a longer, smoother triangle `a`;
# - a trained kernel: start from noise and minimise the squared distance between `mg.conv_transpose2d` of the pooled
#   photograph and the photograph. Which kernel enlarges best?
# - max pooling with a stride of 1 and windows of 3 × 3, several times in a row: what happens to thin dark lines?
