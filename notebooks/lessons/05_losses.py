# %% [markdown]
# # 5. Activations and losses
#
# A network ends in two steps: an **activation** turns its last outputs into probabilities, and a **loss** compares them with
# the target. The values before the activation are called **logits**.
#
# The gradient of the two steps together is simpler than the gradient of either, and it is still right where the two separate
# steps overflow.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks
from minigrad.course import check

# %% [markdown]
# ## Sigmoid and relu
#
# Both are elementwise, and both can compute their local gradient from their **output**, so the forward pass need not keep
# the input.
#
# $$\sigma'(z) = \sigma(z)\,\bigl(1 - \sigma(z)\bigr) \qquad\qquad
# \mathrm{relu}'(z) = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}$$
#
# At $z = 0$, relu has a kink and no derivative. By convention its gradient there is 0. Since $z > 0$ exactly where
# $\mathrm{relu}(z) > 0$, the output is enough to compute it.
#
# ## Exercise 1: two rules
#
# Write `sigmoid_rule(g, out)` and `relu_rule(g, out)`. Each returns the downstream gradient, computed from the upstream
# gradient `g` and the output `out` only.


# %%
def sigmoid_rule(g, out):
    # solution
    return g * out * (1 - out)
    # end


def relu_rule(g, out):
    # solution
    return g * (out > 0)
    # end


# %%
check("5.1", sigmoid_rule, relu_rule)

# %% [markdown]
# Each activation with its local gradient:

# %%
at = np.linspace(-6, 6, 241)
fig, axes = plt.subplots(1, 4, figsize=(12, 2.8), sharey=True)
for ax, f in zip(axes, [mg.sigmoid, mg.tanh, mg.relu, mg.gelu], strict=True):
    t = Tensor(at)
    out = f(t)
    out.backward(np.ones(at.size))
    ax.plot(at, out.data, color="tab:green", label="value")
    ax.plot(at, t.grad, color="tab:red", label="local gradient")
    ax.set_ylim(-1.2, 2.2)
    ax.set_title(f.name)
axes[0].legend()
plt.tight_layout()
plt.show()

# %% [markdown]
# ## Softmax
#
# To choose between $K$ classes, softmax turns $K$ logits into probabilities that sum to 1.
#
# $$p_k = \frac{e^{z_k}}{\sum_i e^{z_i}}$$
#
# In minigrad, softmax is one gate. Open it to see how the logits interact:

# %%
z = Tensor([0.5, -1.0, 2.0], name="z")
mg.draw(mg.softmax(z), expand="softmax", heatmaps=False, local_gradients=False)

# %% [markdown]
# Each exponential takes two paths: directly to its own quotient, and through the sum to **every** quotient. (Softmax first
# subtracts the largest logit. This does not change the probabilities, as you will see below.)
#
# So raising $z_i$ raises $p_i$ and lowers all other probabilities. The Jacobian is full:
#
# $$\frac{\partial p_k}{\partial z_i} = p_k\,(\delta_{ki} - p_i) \qquad \delta_{ki} = 1 \text{ if } k = i, \text{ else } 0$$
#
# A common mistake is to use only the diagonal, $p_k (1 - p_k)$, as if softmax were an elementwise sigmoid.
#
# ## Exercise 2: the full Jacobian
#
# Write `softmax_jacobian(p)`. It returns the matrix with $p_k (\delta_{ki} - p_i)$ in row $k$, column $i$. `np.diag(p)` and
# `np.outer(p, p)` help.


# %%
def softmax_jacobian(p):
    # solution
    return np.diag(p) - np.outer(p, p)
    # end


# %%
check("5.2", softmax_jacobian)
z = np.array([0.5, -1.0, 2.0])
p = mg.softmax(z)
print(softmax_jacobian(p).round(3))

# %% [markdown]
# Each row sums to 0: adding the same constant to all logits changes nothing.

# %%
mg.draw_jacobian(mg.softmax, z, precision=3)

# %% [markdown]
#
# How wrong is the diagonal alone? Compute a gradient both ways and compare each with finite differences.

# %%
g = np.array([1.0, 0.0, 0.0])
print("full      ", g @ softmax_jacobian(p))
print("diagonal  ", g * p * (1 - p))
h = 1e-5
print(
    "difference",
    np.array(
        [(mg.softmax(z + h * e)[0] - mg.softmax(z - h * e)[0]) / (2 * h) for e in np.eye(3)]
    ),
)

# %% [markdown]
# ## Exercise 3: the rule of softmax
#
# A rule forms no matrix. Multiply out $g^{\mathsf T} J$ on paper:
#
# $$\sum_k g_k\, p_k (\delta_{ki} - p_i) = p_i \Bigl(g_i - \sum_k g_k p_k\Bigr)$$
#
# Write `softmax_rule(g, p)`, which returns this vector.


# %%
def softmax_rule(g, p):
    # solution
    return p * (g - np.sum(g * p))
    # end


# %%
check("5.3", softmax_rule)

# %% [markdown]
# ## Binary cross-entropy
#
# With two classes, the target $y$ is 0 or 1, and $p$ is the predicted probability of class 1. The loss is small if the
# network gave the right class a high probability.
#
# $$J = -y \ln p - (1 - y) \ln (1 - p)$$
#
# $$\frac{\partial J}{\partial p} = -\frac{y}{p} + \frac{1 - y}{1 - p}$$
#
# ## Exercise 4: through the loss and through the sigmoid
#
# With $p = \sigma(z)$, the chain rule multiplies by $p (1 - p)$. Simplify the product on paper first. Then write
# `bce_gradient_p(p, y)`, which is $\partial J / \partial p$, and `bce_gradient_z(p, y)`, which is $\partial J / \partial z$.


# %%
def bce_gradient_p(p, y):
    # solution
    return -y / p + (1 - y) / (1 - p)
    # end


def bce_gradient_z(p, y):
    # solution
    return p - y
    # stub
    # # bce_gradient_p(p, y) * p * (1 - p), simplified
    # raise NotImplementedError("your code here")
    # end


# %%
check("5.4", bce_gradient_p, bce_gradient_z)
y = 1.0
z = Tensor(0.7, name="z")
p = mg.sigmoid(z)
loss = -(y * mg.log(p) + (1 - y) * mg.log(1 - p))
loss.backward()

# %% [markdown]
# In separate steps, the graph is long:

# %%
mg.draw(loss)

# %% [markdown]
# As one fused gate, its gradient is *prediction minus target*:
#
# $$\frac{\partial J}{\partial z} = \sigma(z) - y$$

# %%
z = Tensor(0.7, name="z")
loss = mg.binary_cross_entropy_with_logits(z, 1.0)
loss.backward()
mg.draw(loss)

# %% [markdown]
# ## Overflow in the separate steps
#
# A confident network may output the logit 1000. In floating point, $\sigma(1000)$ is exactly 1. If the target is 0, the loss
# is $-\ln(1 - 1)$, which is infinite, and its gradient is infinity times zero, which is nan.


# %%
def naive(z, y):
    p = mg.sigmoid(z)
    return -(y * mg.log(p) + (1 - y) * mg.log(1 - p))


for logit, y in [(1000.0, 0.0), (1000.0, 1.0), (-1000.0, 0.0), (-1000.0, 1.0)]:
    z = Tensor(logit)
    with np.errstate(all="ignore"):
        loss = naive(z, y)
    loss.backward()
    exact = Tensor(logit)
    fused = mg.binary_cross_entropy_with_logits(exact, y)
    fused.backward()
    print(f"z = {logit:5g}, y = {y:g}", end="   ")
    print(f"separate: loss {loss:4.0f}, gradient {z.grad:3.0f}", end="   ")
    print(f"fused: loss {fused:4.0f}, gradient {exact.grad:2.0f}")

# %% [markdown]
# The fused gate is right in all four cases. It computes the loss from the logit directly. For $z \ge 0$,
#
# $$-\ln \sigma(z) = \ln(1 + e^{-z}) \qquad -\ln(1 - \sigma(z)) = z + \ln(1 + e^{-z})$$
#
# and one formula covers all $z$, with no exponential that can overflow:
#
# $$J = \max(z, 0) - y z + \ln\bigl(1 + e^{-|z|}\bigr)$$
#
# ## Exercise 5: a stable loss
#
# Write `bce_with_logits(z, y)`. For arrays of logits `z` and targets `y`, return the loss of each element and its gradient.
# `np.log1p(t)` is $\ln(1 + t)$. The sigmoid must not overflow either: a stable version is given.


# %%
def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def bce_with_logits(z, y):
    # solution
    loss = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
    return loss, sigmoid(z) - y
    # stub
    # # return the loss and its gradient
    # raise NotImplementedError("your code here")
    # end


# %%
check("5.5", bce_with_logits)

# %% [markdown]
# ## Cross-entropy for many classes
#
# The target is a class $y$, and the loss is $J = -\ln p_y$. Fused with softmax, it becomes
#
# $$J = \ln \sum_i e^{z_i} - z_y \qquad\qquad \frac{\partial J}{\partial z} = p - \mathrm{onehot}(y)$$
#
# The gradient is prediction minus target again: `onehot(y)` is 1 at $y$ and 0 elsewhere. Again an exponential can overflow,
# for $z$ above about 710. To avoid this, subtract the largest logit from all logits. Subtracting a constant from all logits
# does not change the probabilities:
#
# $$\ln \sum_i e^{z_i} = m + \ln \sum_i e^{z_i - m} \qquad m = \max_i z_i$$
#
# ## Exercise 6: cross-entropy of a batch
#
# Complete `cross_entropy(z, y)`. `z` has shape `(N, K)`, and `y` holds `N` classes. Return the **mean** loss and its
# gradient, in the shape of `z`. The mean divides by `N`, so the gradient does too. `z[np.arange(n), y]` selects the logits
# of the true classes.


# %%
def cross_entropy(z, y):
    n = len(z)
    z = z - z.max(axis=1, keepdims=True)
    # solution
    total = np.exp(z).sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - z[np.arange(n), y])
    gradient = np.exp(z) / total
    gradient[np.arange(n), y] -= 1
    return loss, gradient / n
    # stub
    # # return the mean loss and its gradient
    # raise NotImplementedError("your code here")
    # end


# %%
check("5.6", cross_entropy)
rng = np.random.default_rng(0)
z, y = rng.normal(size=(4, 3)), np.array([2, 0, 1, 1])
checks.gradient(lambda z: cross_entropy(z, y)[0], [z], cross_entropy(z, y)[1], names=["z"])

# %% [markdown]
# **Question.** Your network has ten classes and small random weights. What should the very first loss be? What if it is 0,
# and what if it is 30?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# About $\ln 10 = 2.3$, because each class gets a probability of about $\frac1{10}$. A loss of 0 before any training means
# that the target leaks into the prediction, or that the loss is not computed from the prediction. A loss of 30 means that
# the network is confident and wrong: its weights or inputs are too large.
#
# </details>

# %% [markdown]
# ## Something to play with
#
# At which logit do the separate steps fail? Here is the loss for the target 0, in separate steps and fused, in single
# precision, which most networks use for training.

# %%
at = np.linspace(0, 40, 801, dtype=np.float32)
steps, fused = Tensor(at), Tensor(at)
with np.errstate(all="ignore"):
    a = naive(steps, 0.0)
a.backward(np.ones(at.size))
b = mg.binary_cross_entropy_with_logits(fused, np.zeros_like(at), reduction="none")
b.backward(np.ones(at.size))

fig, axes = plt.subplots(1, 2, figsize=(11, 3.6))
for ax, one, other, title in [
    (axes[0], a.data, b.data, "loss"),
    (axes[1], steps.grad, fused.grad, "gradient"),
]:
    ax.plot(at, other, color="tab:blue", linewidth=5, alpha=0.4, label="fused")
    ax.plot(
        at, np.where(np.isfinite(one), one, np.nan), color="tab:orange", label="separate steps"
    )
    ax.set_title(title)
    ax.set_xlabel("logit")
axes[0].legend()
plt.tight_layout()
plt.show()
first = at[~np.isfinite(a.data)][0]
print(f"from a logit of about {first:.0f} on, the loss in separate steps is infinite")

# %% [markdown]
# Try:
#
# - double precision: leave out `dtype`;
# - the target 1, with logits from -120 to 0: why do the separate steps work longer on that side?
# - `with mg.detect_anomaly():` around the separate steps, without `np.errstate`: what does it tell you?
# - the squared error of the sigmoid, `(mg.sigmoid(z) - y) ** 2`: what is its gradient at $z = 20$ for the target 0?
