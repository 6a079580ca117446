# %% [markdown]
# # 10. Train a CNN on real digits, and look into it
#
# You have derived every part of a convolutional network. Now you train one, on digits written by 13 people. You add two layers that
# help, batch-norm and dropout, and read learning curves. Then you look inside. With gradients of the *image* you find out what the
# network sees: what it looks at, what it likes best, and how it is fooled.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import checks, nn

# %% [markdown]
# ## The data, in three parts
#
# - With the **training** part the weights are learned.
# - With the **validation** part you decide: which network, how long, which rate.
# - The **test** part is used once, at the end. Whoever decides with it has no honest number left.
#
# Images have the shape `(N, 1, 8, 8)`: one channel, 8 × 8 pixels from 0, paper, to 1, ink.

# %%
everything, test = mg.data.load_digits()
train, validation = mg.data.random_split(everything, [0.85, 0.15], np.random.default_rng(0))
print(len(train), "training,", len(validation), "validation,", len(test), "test images")


def show(images, titles=(), cmap="gray_r", symmetric=False):
    fig, axes = plt.subplots(1, len(images), figsize=(1.25 * len(images), 1.6))
    for i, (ax, image) in enumerate(zip(axes, images, strict=True)):
        limit = np.abs(image).max() if symmetric else 1
        ax.imshow(image, cmap=cmap, vmin=-limit if symmetric else 0, vmax=limit)
        ax.set_title(titles[i] if len(titles) else "", fontsize=9)
        ax.set_axis_off()
    plt.tight_layout()
    plt.show()


x_test, y_test = test[:]
show(x_test[:10, 0], y_test[:10])

# %% [markdown]
# ## Batch normalisation
#
# Lesson 6 chose first weights so that signals keep their size. After some steps the weights are others, and the sizes too.
# **Batch-norm** sets them right in every forward pass. For each channel, take mean and variance over the batch and over all pixels:
#
# $$\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad y = \gamma\, \hat x + \beta$$
#
# The two parameters $\gamma$ and $\beta$ of a channel are learned, so the network can still have the size that it wants.
#
# ## Exercise 1: batch-norm forward
#
# `x` has the shape `(N, C, H, W)`, `gamma` and `beta` have `(C,)`. Axes 0, 2 and 3 are averaged over; with `keepdims=True` the result
# broadcasts against `x`. And `gamma[:, None, None]` has the shape `(C, 1, 1)`.


# %%
def batch_norm(x, gamma, beta, epsilon=1e-5):
    # solution
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    variance = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    return gamma[:, None, None] * x_hat + beta[:, None, None]
    # end


# %%
rng = np.random.default_rng(0)
x, gamma, beta = (
    3 + 5 * rng.normal(size=(6, 2, 4, 4)),
    np.array([1.0, 2.0]),
    np.array([0.0, -1.0]),
)
checks.equal(
    "the normalised batch",
    lambda: batch_norm(x, gamma, beta),
    mg.batch_norm(x, weight=gamma, bias=beta, training=True),
    hint="one mean and one variance for each channel",
)

# %% [markdown]
# So what an image gives depends on the *other* images of its batch. After training nobody wants that: a single image has to have one
# answer. The layer therefore keeps running averages of mean and variance while it trains, and uses them afterwards. A module knows in
# which mode it is: `model.train()` or `model.eval()`.
#
# ## Dropout
#
# **Dropout** sets each number to 0 with the probability $p$, at random, in every step. No unit can rely on a certain other one. What is
# kept is divided by $1 - p$, so that the sum stays the same on average. After training, it does nothing.
#
# ## Exercise 2: dropout
#
# `keep` is an array of 0 and 1, in the shape of `x`.


# %%
def dropout(x, keep, p, training):
    # solution
    return x * keep / (1 - p) if training else x
    # end


# %%
x, keep = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 0, 1])
checks.equal(
    "dropout in training", lambda: dropout(x, keep, 0.5, True), np.array([2.0, 0.0, 0.0, 8.0])
)
checks.equal("dropout after training", lambda: dropout(x, keep, 0.5, False), x)

# %% [markdown]
# Its gradient needs no new thought: times switches, so it is `g * keep / (1 - p)`. What was dropped gets none.
#
# ## The network
#
# Twice convolution, batch-norm, relu; then max pooling, dropout, and one linear layer that gives ten logits.
#
# ## Exercise 3: sizes
#
# A convolution of 3 × 3 with a padding of 1 keeps 8 × 8. Pooling halves it. How many numbers go into the linear layer, when the second
# convolution has 32 channels? And how many weights and biases has the second convolution, from 16 channels to 32?

# %%
# solution
into_linear = 32 * 4 * 4
second_conv = 32 * 16 * 3 * 3 + 32
# stub
# into_linear = None
# second_conv = None
# end

# %%
checks.equal(
    "the numbers into the linear layer", into_linear, 512, hint="channels × height × width"
)
checks.equal(
    "the parameters of the second convolution",
    second_conv,
    4640,
    hint="32 kernels of 16 channels, 32 biases",
)


# %%
def new_network(rng, norm=True, drop=0.3):
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, rng=rng),
        nn.BatchNorm2d(16) if norm else nn.Identity(),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, rng=rng),
        nn.BatchNorm2d(32) if norm else nn.Identity(),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(drop, rng=rng),
        nn.Linear(512, 10, rng=rng),
    )


network = new_network(np.random.default_rng(0))
print(network.summary((1, 1, 8, 8)))

# %% [markdown]
# As a graph, with a box for each layer:

# %%
mg.draw(mg.cross_entropy(network(x_test[:4]), y_test[:4]), backward=True, depth=1)

# %% [markdown]
# ## What the two layers do
#
# `nn.fit` is the loop that you wrote in lesson 6: forward, backward, step, for every batch of every epoch. It measures loss and
# accuracy on the validation part after each epoch, and returns the history. Three short trainings:


# %%
def training(rng, transform=None):
    return mg.data.DataLoader(train, 32, shuffle=True, rng=rng, transform=transform)


validating = mg.data.DataLoader(validation, 216)

fig, axes = plt.subplots(1, 3, figsize=(12, 3.2), sharey=True)
variants = {"plain": (False, 0.0), "batch-norm": (True, 0.0), "dropout": (False, 0.5)}
for ax, (name, (norm, drop)) in zip(axes, variants.items(), strict=True):
    rng = np.random.default_rng(0)
    network = new_network(rng, norm, drop)
    sgd = mg.optim.SGD(network.parameters(), lr=0.02, momentum=0.9)
    history = nn.fit(
        network, training(rng), mg.cross_entropy, sgd, 3, validation=validating, progress=False
    )
    ax.semilogy(range(1, 4), history["loss"], "o-", label="training")
    ax.semilogy(range(1, 4), history["val_loss"], "s--", label="validation")
    ax.set_title(name)
    ax.set_xlabel("epoch")
    ax.set_xticks(range(1, 4))
axes[0].set_ylabel("loss")
axes[0].legend()
plt.tight_layout()
plt.show()

# %% [markdown]
# How to read these **learning curves**:
#
# - Batch-norm has learned in one epoch about as much as the plain network in three.
# - With dropout the training loss is *above* the validation loss. In training, half of the units are missing.
# - When the training loss goes on falling while the validation loss rises, the network learns single images by heart: it **overfits**.
#   Then more data help, or dropout, or an earlier end. A rise in a single epoch may be chance: look for a trend.
#
# ## The training
#
# All together, with Adam, and a rate that goes down to almost 0 in the end. With validation data, `fit` leaves the weights of the best
# epoch in the model.

# %%
rng = np.random.default_rng(0)
model = new_network(rng)
adam = mg.optim.Adam(model.parameters(), lr=2e-3)
history = nn.fit(
    model,
    training(rng),
    mg.cross_entropy,
    adam,
    epochs=8,
    validation=validating,
    schedule=mg.optim.CosineAnnealingLR(adam, 8),
    progress=False,
)
history.plot()

# %% [markdown]
# ## Exercise 4: accuracy
#
# The class that the network sees is the one with the largest logit. Write `predict(model, x)`: the classes of a batch. Set the mode
# with `model.eval()`, and compute inside `with mg.no_grad():`, since no gradient will be wanted. `.data` has the array.


# %%
def predict(model, x):
    # solution
    model.eval()
    with mg.no_grad():
        return model(x).data.argmax(axis=1)
    # end


# %%
scores = np.array([[0.1, 0.9, 0.2], [3.0, 1.0, 2.0], [-1.0, -2.0, -0.5]])
copying = nn.Linear(3, 3, bias=False)
copying.weight.data = np.eye(3)
dropping = nn.Sequential(nn.Dropout(0.9, rng=np.random.default_rng(1)), copying)
checks.equal(
    "the classes with the largest logits",
    lambda: predict(dropping, scores),
    [1, 0, 2],
    hint="one class for each row: axis=1; and dropout does nothing after model.eval()",
)

# %% [markdown]
# And now, once, the test part:

# %% tags=["varies"]
right = predict(model, x_test) == y_test
print(f"{right.mean():.1%} of {len(x_test)} test images are right")
assert right.mean() >= 0.98

# %% [markdown]
# The rest deserve a look. Would you know them?

# %% tags=["varies"]
wrong = np.flatnonzero(~right)[:6]
wrong = np.append(wrong, np.flatnonzero(right)[: max(0, 2 - len(wrong))])
seen = predict(model, x_test[wrong])
show(x_test[wrong, 0], [f"is {a}, seen {b}" for a, b in zip(y_test[wrong], seen, strict=True)])

# %% [markdown]
# ## Inside: filters
#
# The 16 kernels of the first layer. Blue is positive, red is negative. Where one side is blue and the other red, it
# looks for an edge, as the filters of lesson 7 do. Nobody wrote these down: the gradient made them.

# %%
kernels = model[0].weight.data[:, 0]
show(kernels[:8], cmap="RdBu", symmetric=True)
show(kernels[8:], cmap="RdBu", symmetric=True)

# %% [markdown]
# ## Inside: feature maps
#
# What a layer makes of an image, channel by channel. `model[:3]` is the part up to the first relu, `model[:6]` up to the second. Each
# map shows *where* its feature is.

# %%
image, label = x_test[:1], y_test[0]
with mg.no_grad():
    first, second = model[:3](image).data[0], model[:6](image).data[0]
print(
    f"the {label}, after the first relu and after the second: 8 channels of {len(first)}, and 8 of {len(second)}"
)
show(first[:8] / first.max(), cmap="viridis")
show(second[:8] / second.max(), cmap="viridis")

# %% [markdown]
# ## The gradient of the image
#
# The backward pass gives the gradient of *every* input, and the image is one. The weights stay fixed now, and the question is another:
# which pixels would change the score of a class, if they changed?
#
# $$\text{saliency} = \left| \frac{\partial z_y}{\partial x} \right|$$
#
# It is the logit $z_y$ that one takes, not the probability, which is almost flat where the network is sure.
#
# ## Exercise 5: saliency
#
# `mg.grad(f)(x)` is the gradient of a function that returns one number. Images have the shape `(1, 1, 8, 8)`, so the logit of a class
# is `model(x)[0, label]`.


# %%
def saliency(model, image, label):
    # solution
    return np.abs(mg.grad(lambda x: model(x)[0, label])(image))
    # end


# %%
linear = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=np.random.default_rng(0)))
checks.equal(
    "the saliency of a linear network, which is its weights",
    lambda: saliency(linear, image, 3),
    np.abs(linear[1].weight.data[3]).reshape(1, 1, 8, 8),
    hint="the absolute value of the gradient of model(x)[0, label]",
)

# %%
model.eval()
show(x_test[:8, 0], y_test[:8])
maps = [saliency(model, x_test[i : i + 1], y_test[i])[0, 0] for i in range(8)]
show([m / m.max() for m in maps], cmap="magma")

# %% [markdown]
# Bright is where it matters. Often that is *paper*: the places where ink would make another digit of it.
#
# ## A class, visualised
#
# Go one step further. Begin with a grey image, and follow the gradient **upwards**: which image does the network hold for the best 3?
#
# $$x \leftarrow x + \eta\, \frac{g}{\mathrm{mean}\,|g|} \qquad g = \frac{\partial}{\partial x} \Bigl( z_y - \lambda \sum x^2 \Bigr)$$
#
# The second term asks for little ink. Division by the mean of $|g|$ makes all steps of one size. After each step, pixels below 0 or
# above 1 are set back: `np.clip(x, 0, 1)`.
#
# ## Exercise 6: gradient ascent
#
# Write the loop.


# %%
def ascend(model, label, steps=40, rate=0.05, penalty=0.1):
    x = np.full((1, 1, 8, 8), 0.3, np.float32)
    # solution
    for _ in range(steps):
        g = mg.grad(lambda x: model(x)[0, label] - penalty * mg.sum(x**2))(x)
        x = np.clip(x + rate * g / np.abs(g).mean(), 0, 1)
    # stub
    # # `steps` times: the gradient, a step up, and clip
    # end
    return x


# %%
w = linear[1].weight.data[3].reshape(1, 1, 8, 8)
checks.equal(
    "two steps on a linear network, without penalty",
    lambda: ascend(linear, 3, steps=2, penalty=0),
    np.clip(0.3 + 2 * 0.05 * w / np.abs(w).mean(), 0, 1),
    rtol=1e-4,
    hint="plus, since it goes up",
)
checks.equal(
    "what the network sees in its own 0, 1, … 9",
    lambda: predict(model, np.concatenate([ascend(model, k) for k in range(10)])),
    np.arange(10),
)

# %%
show([ascend(model, k)[0, 0] for k in range(10)], range(10))

# %% [markdown]
# These are no digits that anyone wrote. You recognise some of them, the network is sure of all. It has never seen anything but digits,
# so it need not know what a digit is, only what tells ten of them apart.
#
# ## A fooling image
#
# Now begin with a real digit, and walk towards *another* class, in steps so small that you would hardly notice. The **sign** of the
# gradient moves every pixel by the same small amount, each in the direction that helps.
#
# $$x \leftarrow x - \eta\, \mathrm{sign} \frac{\partial L(x, \text{target})}{\partial x}$$
#
# ## Exercise 7: fool it
#
# Take steps until `predict` says the target, `most` at the most. $L$ is `mg.cross_entropy(model(x), np.array([target]))`. Clip after each
# step, as above.


# %%
def fool(model, image, target, rate=0.02, most=60):
    x = image
    # solution
    while predict(model, x)[0] != target and most > 0:
        g = mg.grad(lambda x: mg.cross_entropy(model(x), np.array([target])))(x)
        x = np.clip(x - rate * np.sign(g), 0, 1)
        most -= 1
    # stub
    # # while predict(model, x)[0] is not the target: a step
    # end
    return x.astype(np.float32)


# %%
target = 8
fooled = fool(model, image, target)
checks.equal(
    f"what the network sees now in the {label}",
    lambda: predict(model, fooled),
    [target],
    hint="minus: the loss of the target has to fall",
)
checks.equal(
    "the largest change of a pixel, or 0.4 if it is less",
    lambda: np.float64(max(0.4, np.abs(fooled - image).max())),
    0.4,
    hint="np.sign makes the steps equal",
)

# %%
show(
    [image[0, 0], fooled[0, 0], 0.5 + (fooled - image)[0, 0]],
    [f"seen {label}", f"seen {target}", "difference"],
)

# %% [markdown]
# You still read the same digit. A network of ten thousand weights is not you: a sum of 64 small changes, each in the worst
# direction, is a large change to it. Large networks are fooled in the same way, by changes that cannot be seen at all.

# %% [markdown]
# ## Something to play with
#
# Write a digit yourself: `.` is paper, `o` is grey, `@` is ink. What does the network say?

# %%
MINE = """
. . o @ @ o . .
. . @ o . @ . .
. . . . . @ . .
. . . o @ o . .
. . . . o @ . .
. . . . . @ o .
. . @ o o @ . .
. . o @ @ o . .
"""
mine = np.array([[".o@".index(c) / 2 for c in row.split()] for row in MINE.split("\n") if row])
mine = mine[None, None].astype(np.float32)
with mg.no_grad():
    p = mg.softmax(model(mine)).data[0]
fig, axes = plt.subplots(1, 3, figsize=(9, 2.6), width_ratios=[1, 1, 2])
axes[0].imshow(mine[0, 0], cmap="gray_r")
axes[1].imshow(saliency(model, mine, int(p.argmax()))[0, 0], cmap="magma")
axes[2].bar(range(10), p)
axes[2].set_xticks(range(10))
axes[2].set_ylim(0, 1)
axes[0].set_title("yours")
axes[1].set_title("where it looks")
axes[2].set_title("what it says")
for ax in axes[:2]:
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# Try:
#
# - your digit one pixel further left, then two; then train with `training(rng, mg.data.transforms.RandomCrop(8, padding=1))`, which
#   shifts each image at random, and try again;
# - a letter, or nothing at all: how sure is it?
# - how many test images can you fool with `rate=0.01, most=10`? And does an image that fools this network fool another one, from
#   `np.random.default_rng(1)`?
# - a network without the second convolution: how much does it lose?
