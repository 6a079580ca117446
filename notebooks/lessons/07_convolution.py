# %% [markdown]
# # 7. Convolution
#
# A small array of weights, the **kernel**, slides over a large array. At each position, its elements are multiplied by the
# elements below them, and the products are summed. That is all.
#
# With the right weights this smooths a signal, sharpens a photograph or finds its edges. A convolutional network does the
# same thing with weights that it learns. In this lesson you choose the weights yourself. The next lesson shows how a network
# learns them.

# %%
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import SVG
from skimage import data

import minigrad as mg
from minigrad import Tensor
from minigrad.course import check, plots

plt.rcParams["figure.dpi"] = 80  # so that wide figures fit the page

# %% [markdown]
# ## A signal
#
# A signal is a sequence of values. Here is a real one: a row of pixels through the eyes of a cat. The photograph is by
# Stefan van der Walt, is in the public domain (CC0), and comes with scikit-image.

# %%
cat = data.chelsea() / 255.0
gray = cat @ [0.299, 0.587, 0.114]  # the brightness of red, green and blue to the human eye
row = gray[125]
print(cat.shape, gray.shape, row.shape)

fig, axes = plt.subplots(1, 2, figsize=(11, 3.2))
axes[0].imshow(gray, cmap="gray")
axes[0].axhline(125, color="tab:orange")
axes[0].set_axis_off()
axes[1].plot(row, color="tab:orange")
axes[1].set_title("brightness along the line")
axes[1].set_xlabel("column")
plt.tight_layout()
plt.show()

# %% [markdown]
# ## A kernel slides
#
# A kernel $w$ with $K$ weights slides over a signal $x$. At position $i$ it covers $x_i, \dots, x_{i+K-1}$:
#
# $$O_i = \sum_{p=0}^{K-1} w_p\, x_{i+p}$$
#
# ## Exercise 1: by hand
#
# Let $x = (0, 0, 1, 1, 1, 0)$ and $w = (1, 0, -1)$. Slide the kernel along the signal on paper. At how many positions does
# it fit, and what are the sums? Write them as a list.

# %%
# solution
O = [-1, -1, 0, 1]
# stub
# O = None  # a list with one sum for each position
# end

# %%
check("7.1", O)

# %% [markdown]
# minigrad animates this for any signal and kernel: it shows the products under the kernel and their sum.

# %%
x = Tensor([0.0, 0.0, 1.0, 1.0, 1.0, 0.0], name="x")
w = Tensor([1.0, 0.0, -1.0], name="w")
motion = mg.animate_conv(x, w, phase="forward")
SVG(motion.loop())

# %% [markdown]
# This kernel compares the neighbours on both sides. Its output is 0 where the signal is flat, negative where the signal
# rises, and positive where it falls. So it finds **edges**.
#
# If all weights are equal, $w = (\tfrac19, \dots, \tfrac19)$, each output is the mean of a window, and the signal is
# **smoothed**. The operation is the same; only the weights differ.


# %%
def slide(x, w):
    """Correlate one signal with one kernel: add the batch and channel axes, and remove them again."""
    return mg.conv1d(x[None, None], np.asarray(w)[None, None])[0, 0]


fig, axes = plt.subplots(1, 2, figsize=(11, 3))
axes[0].plot(row, color="lightgray")
axes[0].plot(np.arange(4, 447), slide(row, np.full(9, 1 / 9)), color="tab:blue")
axes[0].set_title("smoothed: the mean of nine")
axes[1].axhline(0, color="lightgray")
axes[1].plot(np.arange(1, 450), slide(row, [1.0, 0.0, -1.0]), color="tab:red")
axes[1].set_title("edges: (1, 0, -1)")
plt.tight_layout()
plt.show()

# %% [markdown]
# ## Correlation and convolution differ by a flip
#
# The operation that networks call convolution is **cross-correlation**. The mathematical convolution of $f$ and $g$ goes
# through the signal in the opposite direction. The formulas differ only in a sign:
#
# $$\text{cross-correlation} \quad [f \star g](i) = \sum_p f(p)\, g(i + p)
# \qquad\qquad \text{convolution} \quad [f * g](i) = \sum_p f(p)\, g(i - p)$$
#
# Replace $p$ by $-p$ in the convolution. The result is the cross-correlation with $f(-p)$ in place of $f(p)$, that is, with
# the kernel **flipped**. In two dimensions the kernel is flipped along both axes, which is a rotation by 180°.
#
# ## Exercise 2: true convolution
#
# `correlate` is given. Use it to write `convolve`. `w[::-1]` is the flipped kernel.


# %%
def correlate(x, w):
    n = len(x) - len(w) + 1
    return np.array([np.sum(x[i : i + len(w)] * w) for i in range(n)])


def convolve(x, w):
    # solution
    return correlate(x, w[::-1])
    # end


# %%
check("7.2", convolve)

# %% [markdown]
# minigrad has both: `mg.conv1d` correlates, and with `flip=True` it convolves. The difference shows best on an **impulse**,
# a single 1 among zeros. Convolution puts a copy of the kernel in its place, cross-correlation a reversed copy.

# %%
impulse, kernel = np.zeros(11), np.array([4.0, 3.0, 2.0, 1.0, 0.5])
impulse[5] = 1
flipped = mg.conv1d(impulse[None, None], kernel[None, None], flip=True)[0, 0]
fig, axes = plt.subplots(1, 4, figsize=(12, 2.2), width_ratios=[11, 5, 7, 7])
for ax, values, title in zip(
    axes,
    [impulse, kernel, slide(impulse, kernel), flipped],
    ["an impulse", "a kernel", "cross-correlation", "convolution"],
    strict=True,
):
    ax.bar(np.arange(len(values)), values, color="tab:blue" if len(values) == 7 else "gray")
    ax.set_title(title)
    ax.set_xticks([])
plt.tight_layout()
plt.show()

# %% [markdown]
# For a network this makes no difference: its kernels are learned, so it would learn flipped kernels instead. So the name
# "convolution" has stayed, although it is not correct.

# %% [markdown]
# ## A box convolved with a box
#
# Convolve a box with itself. As one box moves over the other, their overlap grows and then shrinks. The result is a
# **triangle**.
#
# Here the signal is padded with zeros on both sides, so that the animation shows every overlap from the first to the last.

# %%
box = np.ones(5)
motion = mg.animate_conv(
    Tensor(box, name="box"), Tensor(box, name="box"), padding=4, flip=True, phase="forward"
)
SVG(motion.loop(0.8))

# %% [markdown]
# Each further convolution with the box makes the result smoother, and it approaches a bell curve, the **Gaussian**. The
# distribution of the sum of many dice approaches it for the same reason: adding independent variables convolves their
# distributions.

# %%
fig, axes = plt.subplots(1, 4, figsize=(12, 2.2))
result = box / 5
for n, ax in enumerate(axes):
    ax.bar(np.arange(len(result)) - len(result) // 2, result, color="tab:blue", width=1)
    ax.set_title(["box", "box ∗ box", "three boxes", "four boxes and a Gaussian"][n])
    ax.set_xlim(-9, 9)
    if n == 3:
        t = np.linspace(-9, 9, 200)
        ax.plot(t, np.exp(-(t**2) / 16) / np.sqrt(16 * np.pi), color="tab:orange")
    result = np.convolve(result, box / 5)
plt.tight_layout()
plt.show()

# %% [markdown]
# ## A convolution is a matrix
#
# Each output is a sum of inputs times weights. So a convolution is a **linear** map, and its Jacobian is the matrix of that
# map. Each row contains the kernel, shifted one column to the right from one row to the next. Such a matrix is called a
# banded Toeplitz matrix.

# %%
signal = Tensor(np.arange(1.0, 9.0), name="x")
O = mg.conv1d(signal.reshape(1, 1, 8), [[[2.0, -1.0, 3.0]]]).reshape(6)
O.name = "O"
mg.draw_jacobian(O, signal)

# %% [markdown]
# A dense layer with 8 inputs and 6 outputs has 48 weights. The convolution has 3: each output depends only on
# **neighbouring** inputs, and every position uses the **same weights**. This suits images and sounds, where nearby samples
# belong together and a pattern can appear anywhere.

# %% [markdown]
# ## Images
#
# In two dimensions the kernel slides over rows and columns. Indices start at 0, as in NumPy:
#
# $$O_{ij} = \sum_{p} \sum_{q} W_{pq}\, X_{i+p,\,j+q}$$
#
# ## Exercise 3: correlate an image
#
# Write `correlate2d(x, w)` for an image and a kernel of any size. An image with $H$ rows and a kernel with $K$ rows give an
# output with $H - K + 1$ rows. The same holds for columns.


# %%
def correlate2d(x, w):
    (h, width), (kh, kw) = x.shape, w.shape
    # solution
    out = np.zeros((h - kh + 1, width - kw + 1))
    for i, j in np.ndindex(out.shape):
        out[i, j] = np.sum(x[i : i + kh, j : j + kw] * w)
    return out
    # stub
    # # x[i : i + kh, j : j + kw] is the window at (i, j)
    # raise NotImplementedError("your code here")
    # end


# %%
check("7.3", correlate2d)

# %%
pixels = Tensor(np.round(gray[96:126:6, 140:170:6] * 9), name="pixels")
sharpen = Tensor([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]], name="kernel")
motion = mg.animate_conv(pixels, sharpen, phase="forward")
SVG(motion.loop())

# %% [markdown]
# The same animation as a player, to go through step by step. (Jupyter shows players; GitHub does not.)

# %%
motion

# %% [markdown]
# ## Filters
#
# A kernel for images is also called a **filter**. These are well known:
#
# | filter | weights | effect |
# |---|---|---|
# | box blur | all equal, sum 1 | the mean of the window |
# | Gaussian blur | a Gaussian, sum 1 | a weighted mean in which the centre counts more |
# | sharpen | the image, plus its difference from a blurred copy | stronger differences between neighbours |
# | emboss | negative on one side, positive on the other | looks lit from one corner |
# | Sobel | right minus left, or below minus above | the slope of the brightness |
#
# ## Exercise 4: four filters
#
# Make four kernels:
#
# - `box5`: a box blur of 5 × 5;
# - `gaussian5`: the outer product of $(1, 4, 6, 4, 1)$ with itself, divided by a constant so that the weights sum to 1;
# - `sharper`: twice the image minus its box blur, as *one* kernel of 5 × 5. `same5`, with a 1 in the centre and zeros
#   elsewhere, leaves an image unchanged;
# - `sobel_y`: below minus above. Make it from `sobel_x`, which is right minus left.

# %%
same5 = np.zeros((5, 5))
same5[2, 2] = 1
sobel_x = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
emboss = np.array([[-2.0, -1.0, 0.0], [-1.0, 1.0, 1.0], [0.0, 1.0, 2.0]])
# solution
box5 = np.full((5, 5), 1 / 25)
gaussian5 = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
sharper = 2 * same5 - box5
sobel_y = sobel_x.T
# stub
# box5 = None
# gaussian5 = None
# sharper = None
# sobel_y = None
# end

# %%
check("7.4", box5, gaussian5, sharper, sobel_y)


def filtered(image, kernel):
    return mg.conv2d(image[None, None], np.asarray(kernel)[None, None])[0, 0]


# %%
part = gray[40:220, 110:360]
plots.images(
    {
        "the photograph": part,
        "box blur": filtered(part, box5),
        "Gaussian blur": filtered(part, gaussian5),
        "sharper": filtered(part, sharper),
        "emboss": filtered(part, emboss),
    },
    columns=3,
    size=3.4,
)
plots.images({"Sobel, left to right": filtered(part, sobel_x)}, signed=True, size=3.4)

# %% [markdown]
# Compare the sums of the weights. The weights of the blurs and of `sharper` sum to 1, so a flat area keeps its brightness.
# The weights of Sobel sum to 0, so a flat area becomes 0, which is white here. Slopes are blue or orange, depending on their
# sign.

# %% [markdown]
# ## Exercise 5: edges in every direction
#
# `sobel_x` detects vertical edges, `sobel_y` horizontal ones. Together they give the gradient of the image: at each pixel, a
# vector that points in the direction in which the image gets brighter. Its length is large at edges of any direction. Write
# `edges(image)`, the length at each pixel:
#
# $$\sqrt{G_x^2 + G_y^2}$$


# %%
def edges(image):
    # solution
    return np.hypot(filtered(image, sobel_x), filtered(image, sobel_y))
    # end


# %%
check("7.5", edges)

# %%
plots.images(
    {
        "edges": edges(part),
        "emboss, cross-correlated": filtered(part, emboss),
        "emboss, convolved": mg.conv2d(part[None, None], emboss[None, None], flip=True)[0, 0],
    },
    size=3.4,
    high=1.2,
)

# %% [markdown]
# The two pictures on the right show the flip again: in cross-correlation and in convolution, the light comes from opposite
# corners. If you rotate the kernel by 180° yourself, cross-correlation *is* convolution:

# %%
rotated = filtered(part, emboss[::-1, ::-1])
np.allclose(rotated, mg.conv2d(part[None, None], emboss[None, None], flip=True)[0, 0])

# %% [markdown]
# ## Output size
#
# A kernel of length $K$ fits at $H - K + 1$ positions on an input of length $H$. Three parameters change that:
#
# - **padding** $P$: $P$ zeros are added on each side;
# - **stride** $S$: the kernel moves by $S$ from one output to the next;
# - **dilation** $D$: neighbouring weights are $D$ apart. The kernel then spans $D (K - 1) + 1$ pixels.
#
# $$O = \left\lfloor \frac{H + 2P - D\,(K - 1) - 1}{S} \right\rfloor + 1$$
#
# The brackets mean rounding down: pixels at the end that do not fill a window are ignored.

# %%
motion = mg.animate_conv(
    pixels, Tensor(np.ones((3, 3)), name="kernel"), stride=2, padding=1, phase="forward"
)
SVG(motion.loop())

# %% [markdown]
# ## Exercise 6: the size of the output
#
# Write `out_size`. Then answer two questions. A photograph 224 pixels wide goes through a kernel of 7, with stride 2 and
# padding 3: how wide is the result? And for a kernel of 5 with stride 1, which padding keeps the size?


# %%
def out_size(h, k, stride=1, padding=0, dilation=1):
    # solution
    return (h + 2 * padding - dilation * (k - 1) - 1) // stride + 1
    # end


# solution
photograph = 112
keeps = 2
# stub
# photograph = None
# keeps = None
# end

# %%
check("7.6", out_size, photograph, keeps)

# %% [markdown]
# ## Channels
#
# A colour photograph has three **channels**: red, green and blue. Its kernel has three channels too, and the products of all
# three are summed. So one kernel gives *one* output channel, however many input channels there are. With $F$ kernels there
# are $F$ output channels:
#
# | | shape |
# |---|---|
# | input | `(N, C, H, W)`: images, channels, rows, columns |
# | kernels | `(F, C, KH, KW)` |
# | output | `(N, F, OH, OW)` |
#
# ## Exercise 7: kernels with channels
#
# Fill `kernels`, an array of shape `(3, 3, 3, 3)`, with these three filters:
#
# - 0: the mean of red, green and blue at the centre pixel; the neighbours have weight 0;
# - 1: red minus green at the centre pixel;
# - 2: Sobel, left to right, on the green channel only.

# %%
kernels = np.zeros((3, 3, 3, 3))
# solution
kernels[0, :, 1, 1] = 1 / 3
kernels[1, 0, 1, 1] = 1
kernels[1, 1, 1, 1] = -1
kernels[2, 1] = sobel_x
# stub
# # kernels[f, c] holds the weights of filter f for channel c; [1, 1] is the centre
# end

# %%
check("7.7", kernels)
colour = cat[40:220, 110:360].transpose(2, 0, 1)[None]  # (1, 3, 180, 250)
maps = mg.conv2d(colour, kernels)

# %%
fig, axes = plt.subplots(1, 4, figsize=(10, 2.2))
axes[0].imshow(colour[0].transpose(1, 2, 0))
axes[0].set_title("input: 3 channels")
for ax, image, title in zip(
    axes[1:], maps[0], ["mean", "red minus green", "Sobel on green"], strict=True
):
    signed = title != "mean"
    limit = np.abs(image).max()
    ax.imshow(
        image,
        cmap=plots.diverging() if signed else "gray",
        vmin=-limit if signed else 0,
        vmax=limit,
    )
    ax.set_title(f"output: {title}")
for ax in axes:
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# A convolution needs few parameters. A layer from 3 channels to 16, with kernels of 5 × 5 and one bias each, has
# $16 \cdot (3 \cdot 5 \cdot 5 + 1) = 1216$, however large the photograph is. A dense layer with the same input and output
# sizes, for a photograph of 224 × 224, would have $10^{11}$.

# %% [markdown]
# **Question.** A layer has 64 kernels of 3 × 3 and its input has 64 channels. How many weights does it have for images of 32
# × 32, and how many for images of 512 × 512?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# The same number for both, $64 \cdot 64 \cdot 3 \cdot 3 = 36\,864$, and 64 biases. Only the number of multiplications grows
# with the image.
#
# </details>

# %% [markdown]
# ## Three dimensions
#
# A volume also has depth: the slices of a scan, or the frames of a film. The kernel slides in three directions.
#
# Here is a film of twelve frames. The camera moves over the photograph: first it rests, then it moves to the right, then it
# rests again. The kernel is $(-1, 1)$ in time and 1 × 1 in space, so the output is each frame minus the frame before.

# %%
at = [60, 60, 60, 60, 63, 66, 69, 72, 72, 72, 72, 72]
film = np.stack([gray[40:160, left : left + 200] for left in at])[None, None]
change = mg.conv3d(film, np.array([-1.0, 1.0]).reshape(1, 1, 2, 1, 1))
print(film.shape, "→", change.shape)

fig, axes = plt.subplots(1, 4, figsize=(12, 2.2))
for ax, image, title in zip(
    axes,
    [film[0, 0, 5], change[0, 0, 1], change[0, 0, 5]],
    ["a frame", "at rest", "moving"],
    strict=False,
):
    still = title == "a frame"
    colours = "gray" if still else plots.diverging()
    ax.imshow(image, cmap=colours, vmin=0 if still else -0.3, vmax=1 if still else 0.3)
    ax.set_title(title)
    ax.set_axis_off()
axes[3].bar(np.arange(1, 12), np.abs(change[0, 0]).mean(axis=(1, 2)), color="tab:red")
axes[3].set_title("mean absolute change")
axes[3].set_xlabel("frame")
plt.tight_layout()
plt.show()

# %% [markdown]
# In minigrad the same code computes `conv1d`, `conv2d` and `conv3d`; only the number of dimensions differs.

# %% [markdown]
# ## Something to play with
#
# **A kernel finds windows that look like itself.** The sum of products is largest where bright meets bright and dark meets
# dark. So cut one eye out of the photograph, subtract its mean, and slide it over the whole photograph as a kernel of 40 ×
# 42. Where is the other eye?
#
# A window with high contrast gets a large sum even if it does not look like the eye. So divide by the contrast of each
# window, its standard deviation, which two box blurs compute. To save time, a blur with stride 2 first halves the size of
# the photograph.

# %%
small = mg.conv2d(gray[None, None], gaussian5[None, None], stride=2)[0, 0]
top, left, height, width = 36, 64, 40, 42
eye = small[top : top + height, left : left + width]
pattern = eye - eye.mean()
window = np.full(eye.shape, 1 / eye.size)
contrast = np.sqrt(filtered(small**2, window) - filtered(small, window) ** 2)
correlation = filtered(small, pattern) / (eye.size * contrast * pattern.std())

fig, axes = plt.subplots(1, 3, figsize=(11, 2.8), width_ratios=[1, 3, 3])
axes[0].imshow(eye, cmap="gray")
axes[0].set_title("the kernel")
axes[1].imshow(small, cmap="gray")
axes[1].set_title("the two best matches")
axes[2].imshow(correlation, cmap=plots.diverging(), vmin=-1, vmax=1)
axes[2].set_title("correlation: -1 is blue, 1 is orange")
rest = correlation.copy()
for _ in range(2):
    i, j = np.unravel_index(rest.argmax(), rest.shape)
    print(f"row {i}, column {j}: {rest[i, j]:.2f}")
    axes[1].add_patch(plt.Rectangle((j, i), width, height, fill=False, color="tab:orange"))
    rest[max(i - height, 0) : i + height, max(j - width, 0) : j + width] = -1
for ax in axes:
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# Try:
#
# - the nose or an ear as the kernel, a smaller piece of the eye, or the mirrored eye, `eye[:, ::-1]`;
# - a filter of your own on the photograph: `mg.animate_conv` shows the arithmetic on a small piece;
# - the same filter ten times in a row: what do a blur and a sharpening filter converge to, if they converge?
# - the kernel `np.outer(a, b)`, compared with `a` along the columns and then `b` along the rows: which needs fewer
#   multiplications?
