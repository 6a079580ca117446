# %% [markdown]
# # 6. Multi-layer perceptrons
#
# Linear layers with an activation between them: that is a **multi-layer perceptron**. You train one by hand, watch it bend its
# decision boundary around two spirals, and then ask two questions that decide whether a training works at all: where to start, and
# how to step.

# %%
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image
from PIL import Image as Picture

import minigrad as mg
from minigrad import Tensor, checks, nn

# %% [markdown]
# ## Two spirals
#
# Each point has two coordinates and a class. No straight line separates these classes, and no circle.


# %%
def spirals(n, arms, rng, noise=0.15):
    t = np.tile(np.linspace(0.05, 1, n), (arms, 1))
    angle = 2 * np.pi * (t + np.arange(arms)[:, None] / arms) + noise * rng.normal(size=t.shape)
    X = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=-1)
    return X.reshape(-1, 2), np.repeat(np.arange(arms), n)


X, y = spirals(150, 2, np.random.default_rng(0))
plt.figure(figsize=(4, 4))
plt.scatter(*X.T, c=np.array(["tab:blue", "tab:orange"])[y], s=8)
plt.title(f"{len(X)} points, 2 classes")
plt.axis("equal")
plt.show()

# %% [markdown]
# ## The forward pass
#
# Two **hidden** layers with relu, and one number at the end: the logit of class 1.
#
# $$h_1 = \mathrm{relu}(X W_1 + b_1) \qquad h_2 = \mathrm{relu}(h_1 W_2 + b_2) \qquad z = h_2 W_3 + b_3$$
#
# Each row of $X$ is a point, so all points go through at once. Without the two relus, all of it would be one linear function.
#
# ## Exercise 1: the forward pass
#
# Write $h_1$ and $h_2$. The last line makes the shape $(N, 1)$ into $(N,)$: one logit for each point.


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
small = [
    Tensor([[1.0, -1.0], [2.0, 0.5]], name="W1"),
    Tensor([0.0, -1.0], name="b1"),
    Tensor([[1.0, 0.0], [3.0, 1.0]], name="W2"),
    Tensor([-4.0, 1.0], name="b2"),
    Tensor([[2.0], [-1.0]], name="W3"),
    Tensor([0.5], name="b3"),
]
two = np.array([[1.0, 2.0], [-1.0, 1.0]])
hint = "for the first point, h1 is (5, 0) and h2 is (1, 1)"
checks.equal("the logits of two points", lambda: forward(small, two), [1.5, -1.0], hint=hint)

# %% [markdown]
# This is the network with its loss, forward and backward, on these two points. Values are green, gradients red, and each array is
# shown in colours too: blue below 0, orange above.

# %%
loss = mg.binary_cross_entropy_with_logits(forward(small, two), np.array([1.0, 0.0]))
mg.draw(loss, backward=True)

# %% [markdown]
# Follow the red numbers from the right. They begin as *prediction minus truth*, divided by 2 for the mean. Where a relu was 0, they
# become 0. At the end there is a gradient for each weight, in the shape of the weight.

# %% [markdown]
# ## A step of training
#
# Training repeats three things:
#
# 1. **forward**: compute the loss;
# 2. **backward**: compute the gradient of each parameter;
# 3. **step**: move each parameter a little against its gradient, $w \leftarrow w - \eta\, \partial L / \partial w$.
#
# The small number $\eta$ is the **learning rate**. And before the backward pass, the gradients of the step before have to go: in
# minigrad, as in PyTorch, `.backward()` *adds* to `.grad`.
#
# ## Exercise 2: forward, backward, step
#
# `p.zero_grad()` forgets a gradient, `p.data` is the parameter's array, `p.grad` its gradient. Return the loss.


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
    return float(loss)
    # end


# %%
def first_params(rng, hidden=32):
    sizes = [(2, hidden), (hidden, hidden), (hidden, 1)]
    arrays = [
        a for i, o in sizes for a in (rng.normal(size=(i, o)) * (2 / i) ** 0.5, np.zeros(o))
    ]
    return [Tensor(a) for a in arrays]


def two_steps():
    params = first_params(np.random.default_rng(0))
    for _ in range(2):
        train_step(params, X, y, rate=0.5)
    return tuple(p.data for p in params)


arrays = [p.data for p in first_params(np.random.default_rng(0))]
first = float(loss_of(arrays, X, y))
for _ in range(2):
    gradients = mg.grad(loss_of)(arrays, X, y)
    arrays = [a - 0.5 * g for a, g in zip(arrays, gradients, strict=True)]
checks.equal(
    "the loss that a step returns",
    lambda: train_step(first_params(np.random.default_rng(0)), X, y, 0.5),
    first,
    hint="the loss before the step",
)
hint = "zero_grad before backward, minus in the step"
checks.equal("W1, b1, W2, b2, W3, b3 after two steps", two_steps, tuple(arrays), hint=hint)

# %% [markdown]
# ## Watch it learn
#
# The network is a function of the whole plane, so we can colour the plane: each place by what the network would say there. The seam
# between the colours is the **decision boundary**. Strong colours are places where it is sure.

# %%
COLOURS = np.array(
    [[0.30, 0.47, 0.76], [0.96, 0.58, 0.25], [0.35, 0.68, 0.43], [0.67, 0.45, 0.72]]
)
GRID = np.stack(np.meshgrid(np.linspace(-1.2, 1.2, 180), np.linspace(1.2, -1.2, 180)), -1)


def plane(probabilities, X, y):
    """The plane as pixels: each place in the classes' colours, by their probabilities, and the points on it."""
    p = probabilities(GRID.reshape(-1, 2)).round(1)
    pixels = 0.35 + 0.65 * (p @ COLOURS[: p.shape[1]]).reshape(GRID.shape[:2] + (3,))
    across, down = ((X * [1, -1] + 1.2) / 2.4 * 179).round().astype(int).T
    for i, j in np.ndindex(2, 2):
        pixels[np.clip(down + i, 0, 179), np.clip(across + j, 0, 179)] = 0.7 * COLOURS[y]
    return (255 * pixels.clip(0, 1)).astype(np.uint8)


def show(pictures):
    fig, axes = plt.subplots(
        1, len(pictures), figsize=(2.6 * len(pictures), 2.9), squeeze=False
    )
    for ax, (title, pixels) in zip(axes[0], pictures.items(), strict=True):
        ax.imshow(pixels)
        ax.set_title(title)
        ax.set_axis_off()
    plt.tight_layout()
    plt.show()


# %%
def two_classes(params):
    def probabilities(X):
        p = mg.sigmoid(forward([p.data for p in params], X))
        return np.stack([1 - p, p], axis=-1)

    return probabilities


params = first_params(np.random.default_rng(1))
pictures, losses = [plane(two_classes(params), X, y)], []
for step in range(1, 301):
    losses.append(train_step(params, X, y, rate=0.5))
    if step % 6 == 0:
        pictures.append(plane(two_classes(params), X, y))
right = np.mean((forward(params, X).data > 0) == y)
print(f"loss {losses[0]:.2f} → {losses[-1]:.2f}, {right:.0%} of the points are right")
show({f"step {k}": pictures[k // 6] for k in (0, 12, 36, 72, 300)})

# %% [markdown]
# At first the colours are pale: the network is sure of nothing. Then there is one seam, almost straight. It bends, and winds itself
# between the arms. All 300 steps, in motion:


# %%
def film(pictures, milliseconds=120):
    """A picture that moves: an animated PNG. It begins with its end, for those who see one picture only."""
    palette = Picture.fromarray(pictures[-1]).quantize(32)
    frames = [Picture.fromarray(p).quantize(palette=palette, dither=0) for p in pictures]
    frames = [frame.resize((360, 360)) for frame in frames]
    file = BytesIO()
    times = [1500] + [milliseconds] * len(frames)
    frames[-1].save(file, "PNG", save_all=True, append_images=frames, duration=times, loop=0)
    return Image(file.getvalue())


film(pictures)

# %% [markdown]
# ## Many classes
#
# With $K$ classes the last layer gives $K$ logits, and the loss is cross-entropy. Nothing else changes.
#
# From here on, a layer is an object that holds its weights, `nn.Linear`, and layers are put in a row by `nn.Sequential`. An
# **optimiser** holds the parameters and does the step. And a step sees a **minibatch**, some of the points, in random order: it is
# cheaper, and the noise does no harm.
#
# | by hand | with objects |
# |---|---|
# | `forward(params, X)` | `model(X)` |
# | `for p in params: p.zero_grad()` | `optimizer.zero_grad()` |
# | `for p in params: p.data = p.data - rate * p.grad` | `optimizer.step()` |
#
# ## Exercise 3: an epoch
#
# An **epoch** is one pass through all batches. Take a step for each, and return the mean of the losses.


# %%
def epoch(model, optimizer, batches):
    losses = []
    for X, y in batches:
        # solution
        optimizer.zero_grad()
        loss = mg.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
        # stub
        # # forward, backward, step, and the loss into `losses`
        # pass
        # end
    return np.mean(losses) if losses else None


# %%
def one_epoch():
    model = nn.Linear(1, 2, bias=False, dtype=np.float64)
    model.weight.data = np.zeros((2, 1))
    batches = [(np.array([[1.0]]), np.array([0])), (np.array([[-1.0]]), np.array([0]))]
    loss = epoch(model, mg.optim.SGD(model.parameters(), lr=1.0), batches)
    return loss, None if loss is None else model.weight.data


checks.equal(
    "the mean loss of two batches, and the weights after them",
    one_epoch,
    (1.0032044, [[-0.2310586], [0.2310586]]),
    hint="zero_grad, loss, backward, step; the loss of a batch is that before its step",
)

# %% [markdown]
# Four arms now. `DataLoader` shuffles the points anew in each epoch, and hands them out in batches of 50.


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
pictures = [plane(many_classes(model), X, y)]
for _ in range(40):
    loss = epoch(model, optimizer, batches)
    pictures.append(plane(many_classes(model), X, y))
right = np.mean(model(X).data.argmax(axis=1) == y)
print(f"{right:.0%} of the points are right")
show({f"epoch {k}": pictures[k] for k in (0, 2, 5, 10, 40)})

# %%
film(pictures)

# %% [markdown]
# A module draws itself as a box of its name. `depth=1` opens the outermost one; leave it out to see all inside.

# %%
loss = mg.cross_entropy(model(X[:6]), y[:6])
mg.draw(loss, backward=True, depth=1)

# %% [markdown]
# ## Where to start
#
# What if all weights are 0? Then every hidden unit computes the same, gets the same gradient, and stays the same. Here all weights
# start *equal*, and the network trains for ten steps. Look at the weights of its six hidden units:

# %%
same = [Tensor(np.full(shape, 0.1)) for shape in [(2, 6), 6, (6, 6), 6, (6, 1), 1]]
for _ in range(10):
    train_step(same, X, (y == 0).astype(float), rate=0.5)
print(same[0].data.round(3))

# %% [markdown]
# Six units, one column six times. So weights start **random**. How large? A unit sums `n` products. If weights and inputs are
# independent with mean 0, variances multiply and add:
#
# $$\mathrm{Var}\Bigl(\sum_{i=1}^{n} w_i h_i\Bigr) = n\, \mathrm{Var}(w)\, \mathrm{E}(h^2)$$
#
# Relu sets half of it to zero, so $\mathrm{E}(h^2)$ is *half* the variance before the relu. The signal keeps its size from layer to
# layer if $n\,\mathrm{Var}(w)\,/\,2 = 1$:
#
# $$\mathrm{Var}(w) = \frac{2}{n}$$
#
# This is the initialisation of He et al. (2015). `nn.init.kaiming_normal` has it.
#
# ## Exercise 4: the right size
#
# The standard deviation is the root of the variance.


# %%
def he_std(n):
    # solution
    return np.sqrt(2 / n)
    # end


# %%
checks.equal("the standard deviation for 2 inputs", lambda: he_std(2), 1.0)
checks.equal("the standard deviation for 200 inputs", lambda: he_std(200), 0.1, hint="√(2/n)")


# %% [markdown]
# Thirty layers of 200 units. Each colour is one size of the first weights. On the left the signal goes forward, on the right its
# gradient comes back.


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
sizes = {"half of it": 0.5, "√(2/n)": 1.0, "1.5 times": 1.5}
for (name, factor), colour in zip(
    sizes.items(), ["tab:blue", "tab:green", "tab:red"], strict=True
):
    forwards, backwards = through_layers(factor * he_std(200))
    axes[0].semilogy(forwards, color=colour, label=name)
    axes[1].semilogy(backwards, color=colour)
for ax, title in zip(axes, ["size of the values", "size of the gradients"], strict=True):
    ax.set_title(title)
    ax.set_xlabel("layer")
axes[0].legend(title="first weights")
plt.tight_layout()
plt.show()

# %% [markdown]
# A factor of 2 in each layer is a factor of a billion after thirty. Signals **vanish** or **explode**, and gradients with them.

# %% [markdown]
# ## How to step
#
# Plain gradient descent has one rate for all parameters, and no memory. In a long narrow valley it goes from wall to wall.
#
# **Momentum** keeps a velocity $v$. What points the same way again and again adds up, what alternates cancels:
#
# $$v \leftarrow \mu v + g \qquad w \leftarrow w - \eta v$$
#
# **Adam** keeps two running averages, of the gradient and of its square. Divided, they give each parameter a rate of its own:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# $$w \leftarrow w - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}$$
#
# Both averages start at 0, and are too small at first. Division by $1 - \beta^t$, with $t = 1$ in the first step, makes up for that.
#
# ## Exercise 5: two optimisers
#
# Each function takes an array of weights, what is kept of the past, and the gradient. It returns the new ones.


# %%
def momentum_step(w, v, g, rate=0.1, mu=0.9):
    # solution
    v = mu * v + g
    return w - rate * v, v
    # stub
    # # the new w and v
    # raise NotImplementedError("your code here")
    # end


def adam_step(w, m, v, g, t, rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-8):
    # solution
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return w - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon), m, v
    # stub
    # # the new w, m and v
    # raise NotImplementedError("your code here")
    # end


# %%
def theirs(make, gradients):
    w = Tensor([1.0, -2.0])
    optimizer = make([w], lr=0.1)
    for w.grad in gradients:
        optimizer.step()
    return w.data


def mine_momentum(gradients):
    w, v = np.array([1.0, -2.0]), np.zeros(2)
    for g in gradients:
        w, v = momentum_step(w, v, g)
    return w


def mine_adam(gradients):
    w, m, v = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for t, g in enumerate(gradients, start=1):
        w, m, v = adam_step(w, m, v, g, t)
    return w


gs = list(np.random.default_rng(0).normal(size=(5, 2)))
momentum = lambda params, lr: mg.optim.SGD(params, lr, momentum=0.9)  # noqa: E731
checks.equal(
    "w after five steps of momentum",
    lambda: mine_momentum(gs),
    theirs(momentum, gs),
    hint="step with the new v",
)
checks.equal(
    "w after five steps of Adam",
    lambda: mine_adam(gs),
    theirs(mg.optim.Adam, gs),
    hint="g² in v; the divisions by 1 - β^t do not change what is kept",
)

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
axes[0].contourf(across, up, np.sqrt(across**2 / 2 + 10 * up**2), levels=20, cmap="Blues_r")
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
# In the valley, plain descent jumps from wall to wall. Momentum swings, and gets past the end and back. The two that divide by the
# size of the gradient do not see that one wall is steep: they set out along the diagonal, with steps of one length.
#
# On the spirals, each has a rate that suits it, and these differ by a factor of a hundred. So when you compare optimisers, look for
# a good rate for each first.

# %% [markdown]
# ## Something to play with
#
# A laboratory: change one thing, run, look.

# %%
X, y = spirals(150, arms=3, rng=np.random.default_rng(5), noise=0.2)
model = new_model(seed=3, hidden=24, classes=3)
batches, optimizer = loader(X, y), mg.optim.Adam(model.parameters(), lr=0.02)
pictures = []
for _ in range(25):
    epoch(model, optimizer, batches)
    pictures.append(plane(many_classes(model), X, y))
film(pictures)

# %% [markdown]
# Try:
#
# - `hidden=4`, then 8: how many units does a spiral need?
# - `noise=0.5`: does the network learn the arms, or each single point?
# - `nn.Tanh()` or `nn.Sigmoid()` in place of `nn.ReLU()`: how does the boundary change its character?
# - a rate of 0.3, and of 0.0001; `batch_size` 450, which is all points at once;
# - weights of 0 to begin with: `p.data = 0 * p.data` for each `p` of `model.parameters()`.
