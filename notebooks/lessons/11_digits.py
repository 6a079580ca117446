# %% [markdown]
# # 11. Train a CNN on real digits, and look inside it
#
# You have derived every part of a convolutional network. Now train one on digits written by 13 people, with two more layers,
# batch-norm and dropout, and read its learning curves. Then look inside the network: gradients with respect to the *image*
# show which pixels matter, which image gets the highest score for a class, and how the network can be fooled.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.course import check, pen, plots

# %% [markdown]
# ## Training, validation and test sets
#
# - The **training** set is for learning the weights.
# - The **validation** set is for decisions: the network, the number of epochs, the learning rate.
# - The **test** set is used once, at the end. If you choose with the test set, you no longer have an unbiased estimate.
#
# Images have shape `(N, 1, 8, 8)`: one channel of 8 × 8 pixels, from 0 (paper) to 1 (ink).

# %%
everything, test = mg.data.load_digits()
train, validation = mg.data.random_split(everything, [0.85, 0.15], np.random.default_rng(0))
print(len(train), "training,", len(validation), "validation,", len(test), "test images")


def show(images, titles=()):
    pairs = [(titles[i] if len(titles) else "", image) for i, image in enumerate(images)]
    plots.images(pairs, paper=True, columns=10, size=1.25)


x_test, y_test = test[:]
show(x_test[:10, 0], y_test[:10])

# %% [markdown]
# ## Batch normalisation
#
# Lesson 6 chose initial weights that keep the size of the signal. After a few steps the weights have changed, and with them
# the size of the signal. **Batch-norm** normalises the signal again in every forward pass. For each channel, it computes the
# mean and variance over the batch and all pixels:
#
# $$\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \qquad y = \gamma\, \hat x + \beta$$
#
# Each channel has two learned parameters, $\gamma$ and $\beta$, so the network can still choose the scale and the mean of
# each channel.
#
# ## Exercise 1: batch-norm forward
#
# Write `batch_norm(x, gamma, beta)`. `x` has shape `(N, C, H, W)`; `gamma` and `beta` have shape `(C,)`. Average over the
# axes 0, 2 and 3, with `keepdims=True` so that the result broadcasts against `x`. `gamma[:, None, None]` has shape
# `(C, 1, 1)`.


# %%
def batch_norm(x, gamma, beta, epsilon=1e-5):
    # solution
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    variance = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mean) / np.sqrt(variance + epsilon)
    return gamma[:, None, None] * x_hat + beta[:, None, None]
    # end


# %%
check("11.1", batch_norm)

# %% [markdown]
# So the output for an image depends on the *other* images in its batch. After training you do not want that: the prediction
# for an image must not depend on other images. So the layer keeps running averages of the mean and variance during training
# and uses those averages afterwards. `model.train()` and `model.eval()` switch between the two modes.
#
# ## Dropout
#
# In each training step, **dropout** sets each element to 0 at random, with probability $p$. So no unit can rely on any
# single other unit. The elements that are kept are divided by $1 - p$, so that the mean stays the same. After training,
# dropout does nothing.
#
# ## Exercise 2: dropout
#
# Write `dropout(x, keep, p, training)`. `keep` is an array of zeros and ones with the shape of `x`. Where it is 0, the
# element is dropped.


# %%
def dropout(x, keep, p, training):
    # solution
    return x * keep / (1 - p) if training else x
    # end


# %%
check("11.2", dropout)

# %% [markdown]
# You know its gradient already. Multiplication switches, so the gradient is `g * keep / (1 - p)`: dropped elements get 0.
#
# ## The network
#
# The network has two blocks of convolution, batch-norm and relu, then max pooling, dropout, and one linear layer with ten
# logits.
#
# ## Exercise 3: sizes
#
# A 3 × 3 convolution with a padding of 1 keeps the size of 8 × 8. Pooling halves it. The second convolution has 16 input
# channels and, in the code below, 32 output channels. If it had 24 output channels, how many inputs would the linear layer
# have? And how many parameters, weights and biases together, would the second convolution have?

# %%
# solution
into_linear = 24 * 4 * 4
second_conv = 24 * 16 * 3 * 3 + 24
# stub
# into_linear = None
# second_conv = None
# end

# %%
check("11.3", into_linear, second_conv)


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
# The same network as a graph, with one box per layer:

# %%
mg.draw(mg.cross_entropy(network(x_test[:4]), y_test[:4]), backward=True, depth=1)

# %% [markdown]
# ## The effect of batch-norm and dropout
#
# `nn.fit` is the loop that you wrote in lesson 6: forward, backward and update for every batch of every epoch. After each
# epoch it measures the loss and accuracy on the validation set, and at the end it returns the history. Here are three short
# runs:


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
# Read these **learning curves** as follows:
#
# - With batch-norm, the network learns about as much in one epoch as the plain network does in three.
# - With dropout, the training loss is *above* the validation loss, because half of the units are missing during training.
# - If the training loss keeps falling while the validation loss rises, the network memorises individual images: it
#   **overfits**. More data, dropout, or stopping earlier helps. A rise in a single epoch may be chance, so look for a trend.
#
# ## Two checks before a long run
#
# A long run with a bug wastes an hour. Two short checks find most bugs.
#
# - **The first loss.** A network that knows nothing gives each of ten classes about the same probability, so its loss is
#   near $\ln 10 = 2.3$. If it is far from that, look at the labels, the loss and the initial weights.
# - **Overfit one batch.** A correct network memorises 32 images in a few steps. If it cannot, look for a bug, not for better
#   settings.

# %%
rng = np.random.default_rng(0)
network = new_network(rng, drop=0.0)
x, y = next(iter(training(rng)))
adam = mg.optim.Adam(network.parameters(), lr=2e-3)
for step in range(31):
    adam.zero_grad()
    loss = mg.cross_entropy(network(x), y)
    loss.backward()
    adam.step()
    if step in (0, 10, 30):
        print(f"step {step:2}: loss {loss.item():.2f}")

# %% [markdown]
# **Question.** A colleague's network for ten classes starts with a loss of 2.3, and stays at 2.3 on a single batch. Another
# one starts at 14. What do you suspect in each case?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# The first network does not learn at all: perhaps the optimiser holds the parameters of another model, a gradient is lost or
# 0, or the learning rate is far too small. The second is confident and wrong from the start: its initial weights, or its
# inputs, are much too large.
#
# </details>

# %% [markdown]
# ## The training run
#
# Now train the network with both layers and Adam, with a learning rate that falls to almost 0 at the end. Given validation
# data, `fit` leaves the weights of the best epoch in the model.

# %%
epochs = 8  # in CI: 3
rng = np.random.default_rng(0)
model = new_network(rng)
adam = mg.optim.Adam(model.parameters(), lr=2e-3)
history = nn.fit(
    model,
    training(rng),
    mg.cross_entropy,
    adam,
    epochs,
    validation=validating,
    schedule=mg.optim.CosineAnnealingLR(adam, epochs),
    progress=False,
)
history.plot()

# %% [markdown]
# ## Exercise 4: accuracy
#
# The network predicts the class with the largest logit. Write `predict(model, x)`, which returns the predicted classes of a
# batch. Call `model.eval()` first, and compute inside `with mg.no_grad():`, because you need no gradient here. `.data` is
# the array of a tensor.


# %%
def predict(model, x):
    # solution
    model.eval()
    with mg.no_grad():
        return model(x).data.argmax(axis=1)
    # end


# %%
check("11.4", predict)

# %% [markdown]
# Now use the test set, once:

# %% tags=["varies"]
right = predict(model, x_test) == y_test
print(f"accuracy {right.mean():.1%} on {len(x_test)} test images")

# %% [markdown]
# Look at the images that the network got wrong. Would you recognise them?

# %% tags=["varies"]
wrong = np.flatnonzero(~right)[:6]
wrong = np.append(wrong, np.flatnonzero(right)[: max(0, 2 - len(wrong))])
seen = predict(model, x_test[wrong])
show(x_test[wrong, 0], [f"{a}, seen as {b}" for a, b in zip(y_test[wrong], seen, strict=True)])

# %% [markdown]
# ## Inside: filters
#
# Here are the 16 kernels of the first layer. Orange is positive, blue is negative. A kernel with one orange side and one
# blue side detects edges, like the filters of lesson 7. No one designed these kernels: the network learned them.

# %%
kernels = model[0].weight.data[:, 0]
plots.images(
    [(k, kernel) for k, kernel in enumerate(kernels)], signed=True, columns=8, size=1.25
)

# %% [markdown]
# ## Inside: feature maps
#
# A feature map is one channel of a layer's output. `model[:3]` is the network up to the first relu, `model[:6]` up to the
# second. Each map shows *where* its feature appears in the image.

# %%
image, label = x_test[:1], y_test[0]
with mg.no_grad():
    first, second = model[:3](image).data[0], model[:6](image).data[0]
print(
    f"the {label} after the first and the second relu: 8 of {len(first)} channels, 8 of {len(second)} channels"
)
show(first[:8] / first.max())
show(second[:8] / second.max())

# %% [markdown]
# ## The gradient of the image
#
# The backward pass gives the gradient of *every* input, and the image is an input. The weights now stay fixed, and you ask
# which pixels change the score of a class the most:
#
# $$\text{saliency} = \left| \frac{\partial z_y}{\partial x} \right|$$
#
# Use the logit $z_y$, not the probability: where the network is confident, the probability is almost flat.
#
# ## Exercise 5: saliency
#
# Write `saliency(model, image, label)`. `mg.grad(f)(x)` is the gradient of a function that returns a scalar. An image has
# shape `(1, 1, 8, 8)`, so the logit of a class is `model(x)[0, label]`.


# %%
def saliency(model, image, label):
    # solution
    return np.abs(mg.grad(lambda x: model(x)[0, label])(image))
    # end


# %%
check("11.5", saliency)

# %%
model.eval()
show(x_test[:8, 0], y_test[:8])
maps = [saliency(model, x_test[i : i + 1], y_test[i])[0, 0] for i in range(8)]
show([m / m.max() for m in maps])

# %% [markdown]
# Dark pixels in these maps matter most. Often they are *paper* in the image: pixels where ink would turn the digit into
# another one.
#
# ## Class visualisation
#
# Go one step further. Start with a grey image and follow the gradient **upwards**: which image gets the highest score for
# the class 3?
#
# $$x \leftarrow x + \eta\, \frac{g}{\mathrm{mean}\,|g|} \qquad g = \frac{\partial}{\partial x} \Bigl( z_y - \lambda \sum x^2 \Bigr)$$
#
# The second term penalises ink. Dividing by the mean of $|g|$ gives all steps the same size. After each step,
# `np.clip(x, 0, 1)` keeps the pixels between 0 and 1.
#
# ## Exercise 6: gradient ascent
#
# Complete `ascend`: repeat the step above `steps` times. `penalty` is $\lambda$.


# %%
def ascend(model, label, steps=40, rate=0.05, penalty=0.1):
    x = np.full((1, 1, 8, 8), 0.3, np.float32)
    # solution
    for _ in range(steps):
        g = mg.grad(lambda x: model(x)[0, label] - penalty * mg.sum(x**2))(x)
        x = np.clip(x + rate * g / np.abs(g).mean(), 0, 1)
    # stub
    # # `steps` times: compute the gradient, step up, and clip
    # end
    return x


# %%
check("11.6", ascend)

# %%
show([ascend(model, k)[0, 0] for k in range(10)], range(10))

# %% [markdown]
# No one wrote these digits. You recognise some of them, but the network is confident about all of them. It has only ever
# seen digits, so it never had to learn what a digit is, only how to tell the ten digits apart.
#
# ## A fooling image
#
# Now start with a real digit and move it towards *another* class, in steps so small that you would hardly notice them. The
# **sign** of the gradient moves every pixel by the same small amount, each in the direction that lowers the loss.
#
# $$x \leftarrow x - \eta\, \mathrm{sign} \frac{\partial L(x, \text{target})}{\partial x}$$
#
# ## Exercise 7: fool it
#
# Complete `fool`: take steps until `predict` returns the target, but at most `most` of them. $L$ is
# `mg.cross_entropy(model(x), np.array([target]))`. Clip after each step, as above.


# %%
def fool(model, image, target, rate=0.02, most=60):
    x = image
    # solution
    while predict(model, x)[0] != target and most > 0:
        g = mg.grad(lambda x: mg.cross_entropy(model(x), np.array([target])))(x)
        x = np.clip(x - rate * np.sign(g), 0, 1)
        most -= 1
    # stub
    # # while predict(model, x)[0] is not the target: take a step
    # end
    return x.astype(np.float32)


# %%
check("11.7", fool)
target = 8
fooled = fool(model, image, target)

# %%
show(
    [image[0, 0], fooled[0, 0], 0.5 + (fooled - image)[0, 0]],
    [f"seen as {label}", f"seen as {target}", "difference"],
)

# %% [markdown]
# You still see the same digit, but the network does not. For the network, 64 small changes, each in the worst direction, add
# up to a large one. Large networks can be fooled in the same way, by changes that no one can see.

# %% [markdown]
# ## Your own handwriting
#
# The digits of the data set were written by 13 people, scanned and centred in one way. Does the network recognise another
# person's handwriting? Ten digits, drawn with strokes of a pen, come with minigrad. They played no part in the training or
# in any choice.

# %%
drawn, meant = pen.digits()
show(drawn[:, 0], meant)

# %% [markdown]
# A network knows only what it was trained on. **Augmentation** widens that: in each epoch, each image is moved, rotated,
# slanted and stretched a little, at random. This costs almost nothing, and the network depends less on the handwriting of 13
# people.

# %%
wobble = pen.Wobble()
show(wobble(x_test[[0] * 10], np.random.default_rng(0))[:, 0])

# %% tags=["varies"]
epochs = 12  # in CI: 1
rng = np.random.default_rng(0)
robust = new_network(rng)
adam = mg.optim.Adam(robust.parameters(), lr=2e-3)
schedule = mg.optim.CosineAnnealingLR(adam, epochs)
batches = training(rng, wobble)
nn.fit(robust, batches, mg.cross_entropy, adam, epochs, schedule=schedule, progress=False)
for name, net in [("without augmentation", model), ("with augmentation", robust)]:
    print(f"{name}: {np.sum(predict(net, drawn) == meant)} of 10 drawings right")

# %% [markdown]
# **Question.** Why would it be wrong to try several augmentations and keep the one that gets most of the ten drawings right?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# Then the ten drawings would have been used for a choice. Their accuracy would say how well the choice fits these ten, and
# no longer how well the network recognises new handwriting. Choose on the validation set.
#
# </details>

# %% [markdown]
# ## Something to play with
#
# Draw a digit yourself, with one or several strokes. Each stroke is a list of corners $(x, y)$, with $x$ to the right and
# $y$ downwards, on any scale. What does the network predict?

# %% tags=["varies"]
STROKES = [
    [(10, 12), (30, 2), (52, 12), (50, 34), (28, 46)],
    [(28, 46), (56, 60), (58, 84), (34, 98), (8, 88)],
]
mine = pen.draw(STROKES)[None]
with mg.no_grad():
    p = mg.softmax(robust(mine)).data[0]
fig, axes = plt.subplots(1, 3, figsize=(9, 2.6), width_ratios=[1, 1, 2])
axes[0].imshow(mine[0, 0], cmap="gray_r", vmin=0, vmax=1)
axes[1].imshow(saliency(robust, mine, int(p.argmax()))[0, 0], cmap="gray_r")
axes[2].bar(range(10), p)
axes[2].set_xticks(range(10))
axes[2].set_ylim(0, 1)
axes[0].set_title("yours")
axes[1].set_title("saliency")
axes[2].set_title("predicted probabilities")
for ax in axes[:2]:
    ax.set_axis_off()
plt.tight_layout()
plt.show()

# %% [markdown]
# Try:
#
# - a thin and a thick pen, `pen.draw(STROKES, pen=0.04)`: at which width does the prediction change?
# - your digit with one corner moved, until it could also be another digit: what do the probabilities say?
# - a letter, or a single dot: how confident is the network?
# - `fool` with `rate=0.01, most=10`: how many test images can you turn into another class? Does an image that fools this
#   network fool `robust` too?
# - a network without the second convolution: how much accuracy does it lose?
