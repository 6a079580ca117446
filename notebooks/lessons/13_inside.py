# %% [markdown]
# # 13. Inside minigrad
#
# In this lesson you make a convolution fast, read the source code of minigrad, write a sweep for its graph, and add an
# operation of your own.

# %%
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.backward import unbroadcast
from minigrad.course import check, plots
from minigrad.graph import topological_order
from minigrad.operation import OPS

# %% [markdown]
# ## Speed: three convolutions
#
# Here are three ways to compute the same convolution. The first follows the formula, output by output:


# %%
def conv_loops(x, w):
    n, f = len(x), len(w)
    kh, kw = w.shape[2:]
    out = np.zeros((n, f, x.shape[2] - kh + 1, x.shape[3] - kw + 1))
    for i, k, r, c in np.ndindex(out.shape):
        out[i, k, r, c] = np.sum(x[i, :, r : r + kh, c : c + kw] * w[k])
    return out


# %% [markdown]
# Almost all of its time goes into the Python interpreter, not into arithmetic. NumPy is fast when one call does a lot of
# work, and the matrix product does the most arithmetic per call. So turn the convolution into a matrix product: make each
# window a **row** and each kernel a **column**. This is called **im2col**.
#
# $$\underbrace{(N \cdot OH \cdot OW,\; C \cdot KH \cdot KW)}_{\text{windows}} \;@\; \underbrace{(C \cdot KH \cdot KW,\; F)}_{\text{kernels}}$$
#
# ## Exercise 1: im2col
#
# Complete `conv_im2col(x, w)`. `windows` has shape `(N, C, OH, OW, KH, KW)`. It is a view: nothing is copied yet. Put the
# axes in the order `(N, OH, OW, C, KH, KW)` with `.transpose(...)`, reshape to two dimensions, and multiply. Then reshape
# the result to `(N, OH, OW, F)` and transpose it to `(N, F, OH, OW)`.


# %%
def conv_im2col(x, w):
    f, c, kh, kw = w.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
    n, _, oh, ow = windows.shape[:4]
    # solution
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * oh * ow, c * kh * kw)
    out = rows @ w.reshape(f, c * kh * kw).T
    return out.reshape(n, oh, ow, f).transpose(0, 3, 1, 2)
    # end


# %%
check("13.1", conv_im2col)

# %% [markdown]
# Now measure the time. Each function runs a few times and the best time counts, because other work of the computer can only
# make a run slower.


# %% tags=["varies"]
def best(f, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


rng = np.random.default_rng(0)
x, w = rng.normal(size=(4, 8, 20, 20)), rng.normal(size=(16, 8, 3, 3))
times = {
    "loops": best(lambda: conv_loops(x, w), 1),
    "im2col": best(lambda: conv_im2col(x, w), 10),
    "minigrad": best(lambda: mg.conv2d(x, w), 10),
}
tx, tw = Tensor(x), Tensor(w)
times["minigrad, with\nboth gradients"] = best(lambda: mg.conv2d(tx, tw).sum().backward(), 10)
for name, seconds in times.items():
    print(f"{' '.join(name.split()):29} {1000 * seconds:8.2f} ms")

plt.figure(figsize=(8, 2.4))
plt.barh(list(times)[::-1], [1000 * t for t in times.values()][::-1], color="tab:blue")
plt.xscale("log")
plt.xlim(left=min(times.values()) * 500)
plt.xlabel("milliseconds")
plt.tight_layout()
plt.show()

# %% [markdown]
# minigrad chooses a method by the sizes; see `minigrad/ops/_conv_kernels.py`. In the graph, a convolution is **one** node.
# An engine that recorded every single product would be slower than the loops.

# %% [markdown]
# **Question.** im2col copies each pixel into up to $K \times K$ rows. When is this not worth it?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# When memory or the copying counts more than the arithmetic: for large kernels, few channels and large images. A matrix
# product pays if the rows are long, that is, if there are many channels.
#
# </details>

# %% [markdown]
# ## The source code of minigrad
#
# You now know enough to read the source code. This is a good order:
#
# | file | contents | lesson |
# |---|---|---|
# | `minigrad/graph.py`, `minigrad/operation.py` | the node, topological order, the operation | 2, 3 |
# | `minigrad/ops/elementwise.py` | add, multiply, maximum …, each with its rules | 2 |
# | `minigrad/backward.py` | the sweep, and `unbroadcast` | 3, 4 |
# | `minigrad/ops/convolution.py` | a convolution and its two adjoints: the rules of each use the other two | 8 |
# | `minigrad/nn/layer.py`, `minigrad/optim/algorithms.py` | layers and optimisers | 6 |
#
# An operation is a forward function with one rule for each input beside it. This is the complete sigmoid:

# %% tags=["varies"]
source = Path(mg.__file__).with_name("ops").joinpath("networks/activation.py").read_text()
start = source.rindex("@", 0, source.index("def sigmoid("))
end = source.index("\n", source.index("sigmoid.rules"))
print(source[start:end])

# %% [markdown]
# A rule takes the upstream gradient `g`, the result `out` and the inputs. All operations are in one table, `OPS`. Every node
# keeps its operation, `node.op`, the nodes it was computed from, `node.inputs`, their arrays, `node.values`, and all other
# arguments, `node.static`. The rules of an operation are in `op.vjps`, one for each input; an operation whose gradients
# share most of their work has one joint rule instead. `op.downstream` calls either.

# %%
z = mg.sigmoid(Tensor([0.0, 2.0], name="x") * 3)
print(z.op.name, "of", z.inputs[0].op.name, "of", z.inputs[0].inputs[0].name)
print(z.op.vjps[0](1.0, z.data, *z.values).round(4))
print(OPS["conv"], OPS["max"])

# %% [markdown]
# ## Exercise 2: your own sweep, on minigrad's graph
#
# In lesson 3 you wrote a sweep for your own engine. Complete `sweep(root)`, one for minigrad's nodes.
# `topological_order(root)` returns the recorded nodes without the leaves, each after its inputs. The downstream gradients of
# a node, one for each input, are
#
# ```python
# needed = [x is not None for x in node.inputs]
# node.op.downstream(needed, gradients[node], node.data, node.values, node.static)
# ```
#
# An input is `None` if it is a constant. If an input was broadcast, its gradient must be summed, as in lesson 4:
# `unbroadcast(d, x.shape)`.


# %%
def sweep(root):
    gradients = {root: np.ones(root.shape)}
    for node in reversed(topological_order(root)):
        needed = [x is not None for x in node.inputs]
        # solution
        downstream = node.op.downstream(
            needed, gradients[node], node.data, node.values, node.static
        )
        for x, d in zip(node.inputs, downstream):
            if x is not None:
                gradients[x] = gradients.get(x, 0.0) + unbroadcast(d, x.shape)
        # stub
        # # compute the downstream gradients, and add each to the gradient of its input, if that is a node
        # pass
        # end
    return gradients


# %%
check("13.2", sweep)

# %% [markdown]
# These few lines can train a network. `minigrad/backward.py` has the same loop. The rest of that file is for speed, for
# gradients of gradients, and for helpful error messages.

# %% [markdown]
# ## An operation of your own
#
# `@mg.op` makes an operation from a NumPy function. The arguments before the `/` are its differentiable inputs. Give it one
# rule for each of them. `elementwise=True` says that each element of the result depends only on the same element of each
# input.
#
# ## Exercise 3: log cosh
#
# $\ln \cosh x$ is a loss between the squared and the absolute error: it is close to $x^2 / 2$ near 0 and close to
# $|x| - \ln 2$ far from 0. Its derivative is $\tanh x$. But $\cosh 1000$ overflows. This form does not:
#
# $$\ln \cosh x = |x| + \ln\bigl(1 + e^{-2|x|}\bigr) - \ln 2$$
#
# Write the forward function in NumPy, with `np.log1p`, and the rule. Use `mg.tanh` in the rule, so that the rule can be
# differentiated again.


# %%
@mg.op(elementwise=True)
def log_cosh(x, /):
    # solution
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2)
    # end


def log_cosh_rule(g, out, x):
    # solution
    return g * mg.tanh(x)
    # end


log_cosh.rules(log_cosh_rule)

# %%
check("13.3", log_cosh, log_cosh_rule)
at = np.array([-2.0, 0.0, 0.5])

# %% [markdown]
# `mg.gradcheck` compares the rules with finite differences, here up to the second order. And minigrad draws the new gate
# like any other.

# %%
print(mg.gradcheck(log_cosh, at, order=2))
error = Tensor([0.5, -2.0], name="error")
mg.draw(log_cosh(error).sum(), backward=True)

# %% [markdown]
# ## Something to play with
#
# A rule need not be the true derivative. The derivative of rounding is 0 almost everywhere, so no gradient passes through it
# and nothing learns. Instead, let the rule act as if nothing had been rounded. This is the **straight-through** gradient.
# With it, a digit classifier learns although each of its 640 weights is -1, 0 or 1.


# %%
@mg.op(elementwise=True)
def three_values(x, /):
    return np.round(np.clip(x, -1, 1))


three_values.rules(lambda g, out, x: g)

# %%
training, testing = mg.data.load_digits()
images, labels = training[:]
W, scale = Tensor(np.random.default_rng(0).normal(0, 0.5, (64, 10))), Tensor(0.1)
adam = mg.optim.Adam([W, scale], lr=0.02)
images = images.reshape(-1, 64).astype(float)
for _ in range(150):
    adam.zero_grad()
    mg.cross_entropy(images @ three_values(W) * scale, labels).backward()
    adam.step()

x, y = testing[:]
right = np.mean((x.reshape(-1, 64) @ three_values(W.data)).argmax(axis=1) == y)
plots.images(
    [(k, three_values(W.data)[:, k].reshape(8, 8)) for k in range(10)],
    signed=True,
    columns=10,
    size=1.2,
)

# %% tags=["varies"]
print(f"accuracy {right:.1%} on the test images")

# %% [markdown]
# Orange is +1, blue is -1, and white is 0.
#
# Try:
#
# - the true rule, `lambda g, out, x: 0 * g`, and a rule that passes the gradient only where $|x| \le 1$;
# - only two values, `np.sign(x)`;
# - other sizes in the measurement: one channel, a kernel of 9 × 9, images of 100 × 100. Which method is fastest for which
#   sizes?
# - an operation that minigrad does not have: `OPS` lists all names, and the docstring of `mg.op` shows how to write one.
