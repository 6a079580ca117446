# %% [markdown]
# # 15. Sequences
#
# A text, a melody or a measurement is a **sequence**: its elements have an order, and what comes next depends on what came
# before. In this lesson you write a recurrent network and its backward pass through time, see its gradient vanish, and look
# at two remedies: the LSTM and attention. At the end, a small transformer learns to write sonnets, letter by letter.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks, nn
from minigrad.course import check, plots
from minigrad.course.sonnets import sonnets

# %% [markdown]
# ## A network with a memory
#
# A **recurrent neural network** (RNN) reads one element at a time and keeps a **state** $h$. Each step computes the next
# state from the input and the state so far, always with the same weights:
#
# $$h_{t+1} = \tanh(x_t W_x + h_t W_h + b) \qquad t = 0, 1, \dots, T - 1$$
#
# ## Exercise 1: forward
#
# Write `rnn_forward(x, h, Wx, Wh, b)`. `x` has shape `(T, D)`, one row for each step, and `h` is the first state, of shape
# `(H,)`. Return all states $h_0, \dots, h_T$ as an array of shape `(T + 1, H)`.


# %%
def rnn_forward(x, h, Wx, Wh, b):
    # solution
    hs = [h]
    for xt in x:
        hs.append(np.tanh(xt @ Wx + hs[-1] @ Wh + b))
    return np.array(hs)
    # end


# %%
check("15.1", rnn_forward)

# %% [markdown]
# Unrolled, the network is an ordinary graph, as deep as the sequence is long. The weights are leaves that every step uses.
# Here are three steps:

# %%
rng = np.random.default_rng(0)
Wx, Wh, b = (
    Tensor(rng.normal(size=(1, 2))),
    Tensor(rng.normal(size=(2, 2))),
    Tensor(np.zeros(2)),
)
Wx.name, Wh.name, b.name = "Wx", "Wh", "b"
h = Tensor(np.zeros(2), requires_grad=False, name="h0")
for t in range(3):
    x = Tensor([1.0 - t], requires_grad=False, name=f"x{t}")
    with mg.scope(f"step {t}"):
        h = mg.tanh(x @ Wx + h @ Wh + b)
mg.draw(h.sum(), backward=True, heatmaps=False, local_gradients=False, precision=2)

# %% [markdown]
# ## Backpropagation through time
#
# The backward pass goes through the steps from the last to the first. Let $g_t$ be the gradient that $h_{t+1}$ gets directly
# from the loss. From the next step it gets another part, $\mathrm{d}h$, and gradients add at branches.
#
# $$\mathrm{d}z = (g_t + \mathrm{d}h) \odot (1 - h_{t+1}^2)$$
#
# From $\mathrm{d}z$ come the gradients of the step's inputs, as for a dense layer:
#
# $$\mathrm{d}x_t = \mathrm{d}z\, W_x^{\mathsf T} \qquad \mathrm{d}W_x \mathrel{+}= x_t^{\mathsf T}\, \mathrm{d}z \qquad
# \mathrm{d}W_h \mathrel{+}= h_t^{\mathsf T}\, \mathrm{d}z \qquad \mathrm{d}b \mathrel{+}= \mathrm{d}z \qquad
# \mathrm{d}h = \mathrm{d}z\, W_h^{\mathsf T}$$
#
# ## Exercise 2: backward
#
# Write `rnn_backward(g, x, hs, Wx, Wh)`. `g` has shape `(T, H)`, and `hs` are the states of the forward pass. Return the
# gradients of `x`, of the first state, of `Wx`, `Wh` and `b`. `np.outer(a, b)` is $a^{\mathsf T} b$ for two vectors.


# %%
def rnn_backward(g, x, hs, Wx, Wh):
    dx, dWx, dWh = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape)
    db, dh = np.zeros(len(Wh)), np.zeros(len(Wh))
    # solution
    for t in reversed(range(len(x))):
        dz = (g[t] + dh) * (1 - hs[t + 1] ** 2)
        dx[t] = dz @ Wx.T
        dWx += np.outer(x[t], dz)
        dWh += np.outer(hs[t], dz)
        db += dz
        dh = dz @ Wh.T
    # stub
    # # for each step, from the last to the first
    # end
    return dx, dh, dWx, dWh, db


# %%
check("15.2", rnn_backward)
x, h, Wx, Wh, b = (rng.normal(size=s) for s in [(4, 2), (3,), (2, 3), (3, 3), (3,)])
g = rng.normal(size=(4, 3))
checks.gradient(
    lambda x, h, Wx, Wh, b: rnn_forward(x, h, Wx, Wh, b)[1:],
    [x, h, Wx, Wh, b],
    rnn_backward(g, x, rnn_forward(x, h, Wx, Wh, b), Wx, Wh),
    upstream=g,
    names=["x", "h", "Wx", "Wh", "b"],
)

# %% [markdown]
# ## The gradient vanishes
#
# How much does the start of a sequence influence its end? Each step multiplies the gradient by $1 - h^2$, which is at most
# 1, and by $W_h^{\mathsf T}$. After fifty steps, a factor of 0.8 per step has become $10^{-5}$, and a factor of 1.2 has
# become 9 000. So the gradient **vanishes** or **explodes**.
#
# An **LSTM** (long short-term memory) carries a second state $c$ from step to step. It is not multiplied by a matrix but,
# element by element, by a **forget gate** between 0 and 1. A gate near 1 lets the gradient pass almost unchanged.
#
# $$(i, f, g, o) = x W + h U + b \qquad c \leftarrow \sigma(f) \odot c + \sigma(i) \odot \tanh(g) \qquad
# h \leftarrow \sigma(o) \odot \tanh(c)$$
#
# ## Exercise 3: an LSTM step
#
# Write `lstm_step(x, h, c, W, U, b)`, which returns the new `h` and `c`. The vector $x W + h U + b$ has $4H$ elements: first
# the $H$ elements of $i$, then those of $f$, $g$ and $o$. Use `mg.sigmoid` and `mg.tanh`, so that it works for tensors too.


# %%
def lstm_step(x, h, c, W, U, b):
    n = h.shape[0]
    # solution
    z = x @ W + h @ U + b
    i, f, g, o = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
    c = mg.sigmoid(f) * c + mg.sigmoid(i) * mg.tanh(g)
    return mg.sigmoid(o) * mg.tanh(c), c
    # end


# %%
check("15.3", lstm_step)

# %% [markdown]
# Now compare. The loss is the sum of the last state. The curves show the norm of its gradient with respect to the state of
# each earlier step. For the RNN, the largest singular value of $W_h$ is 0.8 or 1.6; the LSTM has a forget gate that starts
# at $\sigma(4) = 0.98$.


# %%
def norms(step, state, steps=50):
    states = [state]
    for _ in range(steps):
        states.append(step(states[-1]))
    mg.sum(states[-1][0]).backward()
    return [
        np.linalg.norm(np.concatenate([part.grad for part in parts])) for parts in states[:-1]
    ]


rng, n = np.random.default_rng(1), 16
x = rng.normal(size=(n,))
plt.figure(figsize=(7, 3.2))
for size, colour in [(0.8, "tab:blue"), (1.6, "tab:orange")]:
    Wh = rng.normal(size=(n, n))
    Wh *= size / np.linalg.norm(Wh, 2)
    curve = norms(lambda s: (mg.tanh(0.1 * x + s[0] @ Wh),), (Tensor(np.zeros(n)),))
    plt.semilogy(curve, color=colour, label=f"RNN, singular value {size}")
W, U, b = rng.normal(size=(n, 4 * n)) / n, rng.normal(size=(n, 4 * n)) / n, np.zeros(4 * n)
b[n : 2 * n] = 4
curve = norms(lambda s: lstm_step(x, *s, W, U, b), (Tensor(np.zeros(n)), Tensor(np.zeros(n))))
plt.semilogy(curve, color="tab:green", label="LSTM")
plt.xlabel("step")
plt.title("norm of the gradient of the last state")
plt.legend()
plt.show()

# %% [markdown]
# **Question.** The gradient of the RNN with the larger matrix shrinks too. Why does it not explode, although its matrix can
# lengthen vectors?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# For two reasons. The largest singular value is the *largest* factor; most directions are multiplied by less. And larger
# states push the tanh towards ±1, where its local gradient $1 - h^2$ is small.
#
# </details>

# %% [markdown]
# ## Attention
#
# Attention needs no memory: each position looks directly at all earlier ones. Position $t$ has a **query** $q_t$, and every
# position has a **key** $k_s$ and a **value** $v_s$. The dot product of query and key says how well they match. Softmax
# turns the matches into weights, and the result is the weighted mean of the values:
#
# $$\mathrm{out}_t = \sum_{s \le t} p_{ts}\, v_s \qquad p_t = \mathrm{softmax}_s\Bigl(\frac{q_t \cdot k_s}{\sqrt E}\Bigr)$$
#
# So the gradient from one position to any other takes a single step. The condition $s \le t$ makes attention **causal**: a
# network that predicts the next letter must not see it.
#
# ## Exercise 4: causal attention
#
# Write `attention(q, k, v)` in NumPy for arrays of shapes `(T, E)`, `(T, E)` and `(T, V)`. Set the scores with $s > t$ to
# `-np.inf` before the softmax: `np.tril(np.ones((T, T), bool))` is true where a score stays.


# %%
def attention(q, k, v):
    # solution
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores = np.where(np.tril(np.ones(scores.shape, bool)), scores, -np.inf)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v
    # end


# %%
check("15.4", attention)

# %% [markdown]
# The Jacobian from the values to the results contains the weights themselves. White above the diagonal: nothing looks into
# the future.

# %%
q, k = rng.normal(size=(2, 8, 4))
J = mg.jacobian(lambda v: nn.scaled_dot_product_attention(q, k, v, is_causal=True))(
    rng.normal(size=(8, 1))
)
plots.images(
    {"weights of 8 positions": J[:, 0, :, 0].round(2)}, signed=True, numbers=True, size=4.5
)

# %% [markdown]
# ## A text
#
# Ten sonnets by Shakespeare come with minigrad. The network sees 32 characters and predicts the next one at each position.
# The last sonnet is the validation set.

# %%
text = sonnets()
letters = sorted(set(text))
codes = np.array([letters.index(c) for c in text])
cut = text.rindex("\n\n")
training, validation = codes[:cut], codes[cut:]
print(len(text), "characters,", len(letters), "different ones")
print(text[:83])

# %% [markdown]
# ## A small transformer
#
# Each layer has attention and a small network that is applied at each position, with a shortcut around each of the two. `nn`
# has such a layer. The input is the sum of an embedding of the letter and one of its position; two layers follow.


# %%
class Writer(nn.Module):
    def __init__(self, letters, width=64, context=32, rng=None):
        self.letter = nn.Embedding(letters, width, rng=rng)
        self.place = nn.Embedding(context, width, rng=rng)
        for table in (self.letter, self.place):
            table.weight.data *= 0.1
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, 4, 4 * width, dropout=0.0, batch_first=True, norm_first=True, rng=rng
            )
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, letters, rng=rng)

    def forward(self, x):
        h = self.letter(x) + self.place(np.arange(x.shape[1]))
        for layer in self.layers:
            h = layer(h, is_causal=True)
        return self.out(self.norm(h))


rng = np.random.default_rng(0)
model = Writer(len(letters), rng=rng)
print(sum(p.size for p in model.parameters()), "parameters")

# %% [markdown]
# Before you train, look at the first loss. A network that knows nothing gives each of the 55 characters about the same
# probability, so the loss should be near $\ln 55 = 4.0$. A first loss that is much larger points to a mistake in the loss,
# the labels or the initial weights.


# %%
def batch(codes, rng, count=32, length=32):
    at = rng.integers(0, len(codes) - length, count)[:, None] + np.arange(length)
    return codes[at], codes[at + 1]


def loss_of(model, x, y):
    return mg.cross_entropy(model(x).reshape(-1, len(letters)), y.ravel())


x, y = batch(training, rng)
print(f"first loss {loss_of(model, x, y).item():.1f}, ln 55 = {np.log(55):.1f}")

# %% [markdown]
# Now train. This takes about a minute. Every fifty steps, the loss on the last sonnet is measured too.

# %%
steps = 900  # in CI: 60
adam = mg.optim.Adam(model.parameters(), lr=3e-3)
schedule = mg.optim.CosineAnnealingLR(adam, steps)
losses, unseen = [], []
for step in range(steps):
    x, y = batch(training, rng)
    adam.zero_grad()
    loss = loss_of(model, x, y)
    loss.backward()
    adam.step()
    schedule.step()
    losses.append(loss.item())
    if step % 50 == 49:
        with mg.no_grad():
            unseen.append(loss_of(model, *batch(validation, np.random.default_rng(0))).item())

# %%
plt.figure(figsize=(7, 3.2))
plt.plot(losses, label="nine sonnets, training")
plt.plot(np.arange(1, len(unseen) + 1) * 50, unseen, "s--", label="the tenth, unseen")
plt.xlabel("step")
plt.ylabel("loss for each character")
plt.legend()
plt.show()

# %% [markdown]
# The training loss keeps falling, while the loss on the unseen sonnet starts to rise: with 6 000 characters and 100 000
# parameters, the network learns the nine sonnets **by heart**. To learn English instead, it would need a much longer text.
#
# ## Exercise 5: choose the next letter
#
# To write, the network predicts a distribution for the next character; one character is drawn from it and appended, and so
# on. A **temperature** $\tau$ makes the choice bolder or more careful: divide the logits by $\tau$ before the softmax.
#
# Write `probabilities(logits, temperature)` for a vector of logits.


# %%
def probabilities(logits, temperature):
    # solution
    e = np.exp((logits - logits.max()) / temperature)
    return e / e.sum()
    # end


# %%
check("15.5", probabilities)


# %% tags=["varies"]
def write(start, count=200, temperature=0.6, rng=None):
    codes = [letters.index(c) for c in start]
    with mg.no_grad():
        for _ in range(count):
            logits = model(np.array(codes[-32:])[None]).data[0, -1].astype(float)
            codes.append(rng.choice(len(letters), p=probabilities(logits, temperature)))
    return "".join(letters[c] for c in codes)


print(write("Shall I ", rng=np.random.default_rng(1)))

# %% [markdown]
# ## Something to play with
#
# Where does the network look when it writes? The gradient of a prediction with respect to the embedded letters shows it.
# Here is its norm at each position, for the letter that follows.

# %% tags=["varies"]
line = "When wasteful war shall statues "
x = np.array([letters.index(c) for c in line])[None]


def score(embedded):
    h = embedded + model.place(np.arange(x.shape[1]))
    for layer in model.layers:
        h = layer(h, is_causal=True)
    return model.out(model.norm(h))[0, -1].max()


g = mg.grad(score)(model.letter(x).data)
size = np.linalg.norm(g[0], axis=1)
plt.figure(figsize=(9, 1.8))
plt.bar(range(len(line)), size, color="tab:red")
plt.xticks(range(len(line)), [c if c != " " else "␣" for c in line])
plt.title("size of the gradient at each letter")
plt.show()

# %% [markdown]
# Try:
#
# - temperatures of 0.1 and 1.5: what goes wrong at either end?
# - a start that is not in the sonnets, such as `"Dear reader, "`;
# - your own text: a string of a few thousand characters, in place of `sonnets()`;
# - `nn.LSTM` in place of the layers: how does its loss compare after as many steps?
# - `is_causal=False`: why does the loss fall almost to 0, and why can the network write nothing then?
