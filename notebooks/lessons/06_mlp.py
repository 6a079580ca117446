# %% [markdown]
# # 6. Multi-layer perceptrons
#
# A **multi-layer perceptron** is a stack of linear layers with an activation between them. You will train one by hand and
# watch its decision boundary bend around two spirals. Then you will look at two choices that decide whether training works
# at all: the initial weights and the optimiser.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.course import check, plots

# %% [markdown]
# ## Two spirals
#
# Each point has two coordinates and a class. No straight line and no circle separates the two classes.


# %%
def spirals(n, arms, rng, noise=0.15):
    t = np.tile(np.linspace(0.05, 1, n), (arms, 1))
    angle = 2 * np.pi * (t + np.arange(arms)[:, None] / arms) + noise * rng.normal(size=t.shape)
    X = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=-1)
    return X.reshape(-1, 2), np.repeat(np.arange(arms), n)


X, y = spirals(150, 2, np.random.default_rng(0))
plt.figure(figsize=(4, 4))
plt.scatter(*X.T, c=plots.CLASSES[y], s=8)
plt.title(f"{len(X)} points, 2 classes")
plt.axis("equal")
plt.show()

# %% [markdown]
# ## The forward pass
#
# The network has two **hidden** layers with relu. Its output is one number, the logit of class 1.
#
# $$h_1 = \mathrm{relu}(X W_1 + b_1) \qquad h_2 = \mathrm{relu}(h_1 W_2 + b_2) \qquad z = h_2 W_3 + b_3$$
#
# Each row of $X$ is a point, so all points go through the network at once. Without the two relus, the whole network would be
# a single linear function.
#
# ## Exercise 1: the forward pass
#
# Complete `forward(params, X)`: compute `h1` and `h2`. The last line changes the shape from $(N, 1)$ to $(N,)$: one logit
# for each point.


# %%
def forward(params, X):
    W1, b1, W2, b2, W3, b3 = params
    # solution
    h1 = mg.relu(X @ W1 + b1)
    h2 = mg.relu(h1 @ W2 + b2)
    # stub
    # h1 = h2 = np.zeros((len(X), len(W3)))
    # end
    return (h2 @ W3 + b3)[:, 0]


# %%
check("6.1", forward)
small = [
    Tensor([[1.0, -1.0], [2.0, 0.5]], name="W1"),
    Tensor([0.0, -1.0], name="b1"),
    Tensor([[1.0, 0.0], [3.0, 1.0]], name="W2"),
    Tensor([-4.0, 1.0], name="b2"),
    Tensor([[2.0], [-1.0]], name="W3"),
    Tensor([0.5], name="b3"),
]
two = np.array([[1.0, 2.0], [-1.0, 1.0]])

# %% [markdown]
# Here is the network with its loss, forward and backward, on two points. Values are green and gradients are red. Each array
# is also drawn as a heatmap: blue for elements below 0, orange for elements above 0.

# %%
loss = mg.binary_cross_entropy_with_logits(forward(small, two), np.array([1.0, 0.0]))
mg.draw(loss, backward=True)

# %% [markdown]
# Follow the gradients from the right. They begin as *prediction minus target*, divided by 2 because the loss is a mean over
# two points. Where a relu is 0, they become 0. In the end, each parameter has a gradient of its own shape.

# %% [markdown]
# ## A training step
#
# Training repeats three steps:
#
# 1. **forward**: compute the loss;
# 2. **backward**: compute the gradient of each parameter;
# 3. **update**: move each parameter a little against its gradient, $w \leftarrow w - \eta\, \partial L / \partial w$.
#
# The small number $\eta$ is the **learning rate**. Before each backward pass, reset the gradients of the previous step: in
# minigrad, as in PyTorch, `.backward()` *adds* to `.grad`.
#
# ## Exercise 2: forward, backward, update
#
# Write `train_step(params, X, y, rate)`. `p.zero_grad()` resets the gradient of a parameter, `p.data` is its array, and
# `p.grad` is its gradient. Return the loss as a Python number: `loss.item()`.


# %%
def loss_of(params, X, y):
    return mg.binary_cross_entropy_with_logits(forward(params, X), y)


def train_step(params, X, y, rate):
    # solution
    for p in params:
        p.zero_grad()
    loss = loss_of(params, X, y)
    loss.backward()
    for p in params:
        p.data = p.data - rate * p.grad
    return loss.item()
    # end


# %%
check("6.2", train_step)

# %% [markdown]
# ## Watch it learn
#
# The network gives a prediction for every point of the plane, so we can colour the plane by its predictions. The line where
# the colours meet is the **decision boundary**. Where the colour is strong, the network is confident.


# %%
def first_params(rng, hidden=32):
    sizes = [(2, hidden), (hidden, hidden), (hidden, 1)]
    arrays = [
        a for i, o in sizes for a in (rng.normal(size=(i, o)) * (2 / i) ** 0.5, np.zeros(o))
    ]
    return [Tensor(a) for a in arrays]


def two_classes(params):
    def probabilities(X):
        p = mg.sigmoid(forward([p.data for p in params], X))
        return np.stack([1 - p, p], axis=-1)

    return probabilities


params = first_params(np.random.default_rng(1))
pictures, losses = [plots.plane(two_classes(params), X, y)], []
for step in range(1, 301):
    losses.append(train_step(params, X, y, rate=0.5))
    if step % 6 == 0:
        pictures.append(plots.plane(two_classes(params), X, y))
right = np.mean((forward(params, X).data > 0) == y)
print(f"loss {losses[0]:.2f} → {losses[-1]:.2f}, accuracy {right:.0%}")
plots.images({f"step {k}": pictures[k // 6] for k in (0, 12, 36, 72, 300)})

# %% [markdown]
# At first the colours are pale: the network is not confident anywhere. Then one boundary appears, almost straight. It bends
# and winds between the arms. Here are all 300 steps as an animation:

# %%
plots.film(pictures)

# %% [markdown]
# ## Many classes
#
# With $K$ classes the last layer outputs $K$ logits, and the loss is cross-entropy. Nothing else changes.
#
# From here on, a layer is an object that holds its weights, `nn.Linear`, and `nn.Sequential` chains layers. An **optimiser**
# holds the parameters and updates them. Each step uses a **minibatch**, a few points drawn in random order. This is cheaper
# than using all points, and the noise does little harm.
#
# | by hand | with objects |
# |---|---|
# | `forward(params, X)` | `model(X)` |
# | `for p in params: p.zero_grad()` | `optimizer.zero_grad()` |
# | `for p in params: p.data = p.data - rate * p.grad` | `optimizer.step()` |
#
# ## Exercise 3: an epoch
#
# An **epoch** is one pass over all batches. Complete `epoch(model, optimizer, batches)`: take one training step for each
# batch, append its loss to `losses`, and return the mean.


# %%
def epoch(model, optimizer, batches):
    losses = []
    for X, y in batches:
        # solution
        optimizer.zero_grad()
        loss = mg.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        # stub
        # # forward, backward, update; then append the loss to `losses`
        # pass
        # end
    return np.mean(losses) if losses else None


# %%
check("6.3", epoch)

# %% [markdown]
# Now there are four arms. `DataLoader` shuffles the points in each epoch and returns them in batches of 50.


# %%
def new_model(seed=1, hidden=64, classes=4):
    rng, double = np.random.default_rng(seed), np.float64
    return nn.Sequential(
        nn.Linear(2, hidden, rng=rng, dtype=double),
        nn.ReLU(),
        nn.Linear(hidden, hidden, rng=rng, dtype=double),
        nn.ReLU(),
        nn.Linear(hidden, classes, rng=rng, dtype=double),
    )


def many_classes(model):
    def probabilities(X):
        with mg.no_grad():
            return mg.softmax(model(X)).data

    return probabilities


def loader(X, y):
    return mg.data.DataLoader(
        mg.data.ArrayDataset(X, y), 50, shuffle=True, rng=np.random.default_rng(2)
    )


X, y = spirals(150, 4, np.random.default_rng(0), noise=0.12)
model = new_model()
batches, optimizer = loader(X, y), mg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
pictures = [plots.plane(many_classes(model), X, y)]
for _ in range(40):
    loss = epoch(model, optimizer, batches)
    pictures.append(plots.plane(many_classes(model), X, y))
right = np.mean(model(X).data.argmax(axis=1) == y)
print(f"accuracy {right:.0%}")
plots.images({f"epoch {k}": pictures[k] for k in (0, 2, 5, 10, 40)})

# %%
plots.film(pictures)

# %% [markdown]
# `mg.draw` shows each module as a box with its name. `depth=1` opens only the outermost module; without it, all modules are
# open.

# %%
loss = mg.cross_entropy(model(X[:6]), y[:6])
mg.draw(loss, backward=True, depth=1)

# %% [markdown]
# ## Initial weights
#
# What if all weights start at 0? Then every hidden unit computes the same value, gets the same gradient, and stays equal to
# the others. The same happens if all weights start *equal*. Here such a network trains for ten steps. Look at the weights of
# its six hidden units:

# %%
same = [Tensor(np.full(shape, 0.1)) for shape in [(2, 6), 6, (6, 6), 6, (6, 1), 1]]
for _ in range(10):
    train_step(same, X, (y == 0).astype(float), rate=0.5)
print(same[0].data.round(3))

# %% [markdown]
# All six columns are equal, so the six units do the work of one. Initial weights must be **random**. How large should they
# be? A unit sums `n` products. If weights and inputs are independent and the weights have mean 0, the variance of the sum
# is:
#
# $$\mathrm{Var}\Bigl(\sum_{i=0}^{n-1} w_i h_i\Bigr) = n\, \mathrm{Var}(w)\, \mathrm{E}(h^2)$$
#
# Relu sets about half of the elements to zero, so $\mathrm{E}(h^2)$ is *half* the variance before the relu. The signal keeps
# its size from layer to layer if $n\,\mathrm{Var}(w)\,/\,2 = 1$:
#
# $$\mathrm{Var}(w) = \frac{2}{n}$$
#
# This is the initialisation of He et al. (2015), available as `nn.init.kaiming_normal`.
#
# ## Exercise 4: the standard deviation
#
# Write `he_std(n)`, the standard deviation for `n` inputs. It is the square root of the variance.


# %%
def he_std(n):
    # solution
    return np.sqrt(2 / n)
    # end


# %%
check("6.4", he_std)

# %% [markdown]
# Now take thirty layers of 200 units, with initial weights of three sizes. The left plot shows the size of the signal on its
# way forward, the right plot the size of the gradient on its way back.


# %%
def through_layers(std, layers=30, n=200):
    rng = np.random.default_rng(0)
    h = Tensor(rng.normal(size=(100, n)))
    hs = [h]
    for _ in range(layers):
        hs.append(mg.relu(hs[-1] @ (std * rng.normal(size=(n, n)))))
    hs[-1].backward(rng.normal(size=(100, n)))
    return [np.sqrt(np.mean(h.data**2)) for h in hs], [np.sqrt(np.mean(h.grad**2)) for h in hs]


fig, axes = plt.subplots(1, 2, figsize=(10, 3.4))
sizes = {"0.5 √(2/n)": 0.5, "√(2/n)": 1.0, "1.5 √(2/n)": 1.5}
for (name, factor), colour in zip(
    sizes.items(), ["tab:blue", "tab:green", "tab:red"], strict=True
):
    forwards, backwards = through_layers(factor * he_std(200))
    axes[0].semilogy(forwards, color=colour, label=name)
    axes[1].semilogy(backwards, color=colour)
for ax, title in zip(axes, ["size of the values", "size of the gradients"], strict=True):
    ax.set_title(title)
    ax.set_xlabel("layer")
axes[0].legend(title="initial weights")
plt.tight_layout()
plt.show()

# %% [markdown]
# A factor of 2 in each layer becomes a factor of a billion after thirty layers. Signals **vanish** or **explode**, and so do
# gradients.

# %% [markdown]
# ## Optimisers
#
# Plain gradient descent has one learning rate for all parameters and no memory of earlier steps. In a long narrow valley it
# bounces from wall to wall.
#
# **Momentum** keeps a velocity $v$. Gradients that keep pointing the same way add up, and gradients that alternate cancel:
#
# $$v \leftarrow \mu v + g \qquad w \leftarrow w - \eta v$$
#
# **Adam** keeps two running averages, one of the gradient and one of its square. Dividing by the root of the second gives
# each parameter a step size of its own:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# $$w \leftarrow w - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}$$
#
# Both averages start at 0, so they are too small at first. Dividing by $1 - \beta^t$, with $t = 1$ in the first step,
# corrects this.
#
# ## Exercise 5: two optimisers
#
# Write `momentum_step` and `adam_step`. Each takes the weights `w`, the state of the optimiser (`v`, or `m` and `v`) and the
# gradient `g`, and returns the new weights and the new state.


# %%
def momentum_step(w, v, g, rate=0.1, mu=0.9):
    # solution
    v = mu * v + g
    return w - rate * v, v
    # stub
    # # return the new w and v
    # raise NotImplementedError("your code here")
    # end


def adam_step(w, m, v, g, t, rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8):
    # solution
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon), m, v
    # stub
    # # return the new w, m and v
    # raise NotImplementedError("your code here")
    # end


# %%
check("6.5", momentum_step, adam_step)

# %% [markdown]
# Four optimisers in a narrow valley, $f(x, y) = x^2 / 2 + 10\, y^2$, and on the four spirals:

# %%
METHODS = {
    "SGD": lambda params, lr: mg.optim.SGD(params, lr),
    "momentum": lambda params, lr: mg.optim.SGD(params, lr, momentum=0.9),
    "RMSprop": lambda params, lr: mg.optim.RMSprop(params, lr),
    "Adam": lambda params, lr: mg.optim.Adam(params, lr),
}


def path(make, rate, steps=60):
    w = Tensor([-4.0, 1.0])
    optimizer, places = make([w], rate), [w.data.copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        mg.sum(w**2 * np.array([0.5, 10.0])).backward()
        optimizer.step()
        places.append(w.data.copy())
    return np.array(places)


def curve(make, rate, epochs=30):
    model, batches = new_model(), loader(X, y)
    optimizer = make(model.parameters(), rate)
    return [epoch(model, optimizer, batches) for _ in range(epochs)]


fig, axes = plt.subplots(1, 2, figsize=(12, 4))
across, up = np.meshgrid(np.linspace(-4.5, 2, 120), np.linspace(-1.6, 1.6, 120))
axes[0].contourf(across, up, np.sqrt(across**2 / 2 + 10 * up**2), levels=20, cmap="gray")
RATES = {
    "SGD": (0.09, 0.5),
    "momentum": (0.02, 0.1),
    "RMSprop": (0.03, 0.003),
    "Adam": (0.2, 0.01),
}
colours = ["black", "tab:red", "tab:green", "tab:orange"]
for (name, make), colour in zip(METHODS.items(), colours, strict=True):
    valley, spiral = RATES[name]
    axes[0].plot(*path(make, valley).T, ".-", color=colour, linewidth=1, label=name)
    axes[1].semilogy(curve(make, spiral), color=colour, label=name)
axes[0].set_title("60 steps in a valley")
axes[1].set_title("loss on the spirals")
axes[1].set_xlabel("epoch")
axes[1].legend()
plt.tight_layout()
plt.show()

# %% [markdown]
# In the valley, plain gradient descent bounces from wall to wall. Momentum overshoots the minimum and comes back. RMSprop
# and Adam divide by the size of the gradient, so they move as fast in the flat direction as in the steep one: they start
# along the diagonal.
#
# On the spirals, each optimiser needs its own learning rate, and the rates here differ by a factor of more than a hundred.
# So before you compare optimisers, find a good learning rate for each.

# %% [markdown]
# **Question.** A training loss does not fall at all. Name three things to look at, in the order in which you would look.
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# First, whether the network can overfit a single batch: if not, there is a bug, such as a missing `optimizer.step()`, labels
# in the wrong order, or a gradient that is lost. Second, the norms of the gradients: if they are 0 or huge, look at the
# initial weights and the activations. Third, the learning rate: try one ten times as large and one ten times as small.
#
# </details>

# %% [markdown]
# ## Something to play with
#
# Change one setting, run the cell, and look at the result.

# %%
X, y = spirals(150, arms=3, rng=np.random.default_rng(5), noise=0.2)
model = new_model(seed=3, hidden=24, classes=3)
batches, optimizer = loader(X, y), mg.optim.Adam(model.parameters(), lr=0.02)
pictures = []
for _ in range(25):
    epoch(model, optimizer, batches)
    pictures.append(plots.plane(many_classes(model), X, y))
plots.film(pictures)

# %% [markdown]
# Try:
#
# - `hidden=4`, then 8: how many units does a spiral need?
# - `noise=0.5`: does the network learn the arms or the individual points?
# - `nn.Tanh()` or `nn.Sigmoid()` instead of `nn.ReLU()`: how does the shape of the boundary change?
# - a learning rate of 0.3, and one of 0.0001; batches of 450 points, which is all points at once;
# - initial weights of 0: `p.data = 0 * p.data` for each `p` in `model.parameters()`.
