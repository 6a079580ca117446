# %% [markdown]
# # 2. Gates
#
# An operation in a graph is a gate. In the backward pass each gate does one small thing to the gradient that arrives, and a few
# of them are worth knowing by heart. Then you can read a graph at a glance.
#
# - **add distributes**: each input gets the upstream gradient as it is;
# - **max routes**: the larger input gets all of it, the other 0;
# - **mul switches**: each input gets the upstream gradient times *the other input's value*.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks

# %% [markdown]
# ## Three gates in one picture
#
# $f = 2\,(x y + \max(z, w))$ has all three. Values stand above the wires, gradients below.

# %%
x, y = Tensor(3.0, name="x"), Tensor(-4.0, name="y")
z, w = Tensor(2.0, name="z"), Tensor(-1.0, name="w")
f = 2 * (x * y + mg.maximum(z, w))
f.backward()
mg.draw(f)

# %% [markdown]
# Read it from the right.
#
# - The gradient of $f$ is 1. The gate `2 ×` switches: 1 times the other input's value, 2, goes back.
# - `+` distributes the 2 to both of its inputs.
# - `max` routes the 2 to $z$, because $2 > -1$. The gradient of $w$ is 0: a small change of $w$ changes nothing.
# - `×` switches: $x$ gets $2 \times (-4) = -8$, and $y$ gets $2 \times 3 = 6$.
#
# The player does the same, one gate at a time.

# %%
mg.play(f)

# %% [markdown]
# ## Exercise 1: with your eyes only
#
# $g = (a + b)\,\max(b, c)$ at $a = 1$, $b = 2$, $c = 5$. Find the four gradients on paper: of $a$, of $b$, of $c$, and of the
# intermediate value $s = a + b$.

# %%
# solution
grad_a, grad_b, grad_c, grad_s = 5.0, 5.0, 3.0, 5.0
# stub
# grad_a, grad_b, grad_c, grad_s = None, None, None, None
# end

# %%
a, b, c = Tensor(1.0, name="a"), Tensor(2.0, name="b"), Tensor(5.0, name="c")
s = a + b
g = s * mg.maximum(b, c)
g.backward()
hint = "first s and the maximum, which × switches; then + distributes and max routes"
right = a.grad, b.grad, c.grad, s.grad
checks.equal(
    "the gradients of a, b, c and s", (grad_a, grad_b, grad_c, grad_s), right, hint=hint
)

# %% [markdown]
# Now look. Notice $b$: it reaches the result on two ways, through `+` and through `max`. Only one of them carries a gradient here.

# %%
mg.draw(g)

# %% [markdown]
# ## The sigmoid circuit, gate by gate
#
# A neuron with two inputs: it weighs them, adds, and squashes the sum into the range from 0 to 1.
#
# $$f(w, x) = \frac{1}{1 + e^{-(w_0 x_0 + w_1 x_1 + w_2)}}$$
#
# It is made of gates that know nothing of neurons. Their local gradients:
#
# $$\frac{\mathrm d}{\mathrm d x}\frac1x = -\frac{1}{x^2} \qquad \frac{\mathrm d}{\mathrm d x}(x + 1) = 1 \qquad
# \frac{\mathrm d}{\mathrm d x} e^x = e^x \qquad \frac{\mathrm d}{\mathrm d x}(-x) = -1$$

# %%
w0, x0 = Tensor(2.0, name="w0"), Tensor(-1.0, name="x0")
w1, x1 = Tensor(-3.0, name="w1"), Tensor(-2.0, name="x1")
w2 = Tensor(-3.0, name="w2")

s = w0 * x0 + w1 * x1 + w2
n = -s
e = mg.exp(n)
d = e + 1
f = mg.reciprocal(d)
print(f"s = {s:.2f}   -s = {n:.2f}   exp = {e:.2f}   + 1 = {d:.2f}   1/x = {f:.2f}")

# %% [markdown]
# ## Exercise 2: back along the tail
#
# The tail is the chain from $s$ to $f$. Go back along it: at each gate, downstream = upstream × local. Use the values that the
# forward pass has left: `f.data`, `d.data`, `e.data`.

# %%
tail_f = 1.0
# solution
tail_d = tail_f * -1 / d.data**2
tail_e = tail_d * 1.0
tail_n = tail_e * e.data
tail_s = tail_n * -1.0
# stub
# tail_d = None  # through 1/x
# tail_e = None  # through x + 1
# tail_n = None  # through exp
# tail_s = None  # through -x
# end

# %%
tail, right = (
    (tail_f, tail_d, tail_e, tail_n, tail_s),
    (1.0, -0.534447, -0.534447, -0.196612, 0.196612),
)
hint = "the local gradient of 1/x is -1/x², taken at the gate's input"
checks.equal("the gradients along the tail", tail, right, rtol=1e-5, hint=hint)
print("1 → " + " → ".join(f"{t:.2f}" for t in tail[1:]))

# %% [markdown]
# The rest is `+`, which distributes 0.20 to all three terms, and `×`, which switches. The picture shows all of it, and below it the
# player goes through the gates.

# %%
f.backward()
print({t.name: round(float(t.grad), 4) for t in (w0, x0, w1, x1, w2)})
mg.draw(f)

# %%
mg.play(f)

# %% [markdown]
# ## The same, fused
#
# Four gates in a row are one function, $\sigma(s) = 1 / (1 + e^{-s})$. Its derivative can be written with its own result:
#
# $$\frac{\mathrm d \sigma}{\mathrm d s} = \frac{e^{-s}}{(1 + e^{-s})^2} = (1 - \sigma)\,\sigma$$
#
# So the whole tail is **one gate** with one local gradient, and the forward pass has already computed all that it needs.
#
# ## Exercise 3: the local gradient of the sigmoid gate

# %%
sigma = f.data
# solution
local = (1 - sigma) * sigma
# stub
# local = None  # from `sigma` alone
# end

# %%
checks.equal("the local gradient of the sigmoid gate", local, 0.196612, rtol=1e-5)

# %%
for t in (w0, x0, w1, x1, w2):
    t.zero_grad()
fused = mg.sigmoid(w0 * x0 + w1 * x1 + w2)
fused.backward()
print({t.name: round(float(t.grad), 4) for t in (w0, x0, w1, x1, w2)})
mg.draw(fused)

# %% [markdown]
# The same gradients, from fewer gates. And minigrad can open a fused gate, and draw the primitive gates in its place. The result was
# computed by one gate all the same.

# %%
mg.draw(fused, expand="sigmoid")

# %% [markdown]
# How coarse a gate is, you choose: anything whose local gradient you know can be one.
# Fused gates are faster, and often more exact. Lesson 5 shows a case where the fused gate works and the chain fails.

# %% [markdown]
# ## Gradients add at branches
#
# A value that is used twice has an influence on two ways. Its gradient is the **sum** of what comes back on each.
#
# $$\frac{\partial f}{\partial a} = \sum_{\text{uses } u \text{ of } a} \frac{\partial f}{\partial u}\,\frac{\partial u}{\partial a}$$

# %%
a = Tensor(3.0, name="a")
b = a * a
b.backward()
mg.draw(b)

# %% [markdown]
# Both inputs of `×` are $a$. Each edge brings back 3, and 6 is their sum: the derivative of $a^2$ at 3. Written out, path by path:

# %%
mg.explain(b, wrt=a)

# %% [markdown]
# ## Exercise 4: a branch by hand
#
# $f = x y + x$, so $x$ is used twice. Find its gradient from what the two edges bring, at $x = 3$, $y = -4$.

# %%
# solution
through_times = -4.0
through_plus = 1.0
grad_x = through_times + through_plus
# stub
# through_times = None  # what × sends back to x
# through_plus = None  # what + sends back to x
# grad_x = None
# end

# %%
checks.equal(
    "what the two edges bring",
    (through_times, through_plus),
    (-4.0, 1.0),
    hint="× switches, + distributes",
)
checks.equal("the gradient of x", grad_x, -3.0, hint="gradients add at branches")

# %% [markdown]
# ## Why a topological order
#
# $b = a + a$ and then $c = b + b$. Whoever goes back from $c$ must be **finished** with $b$ before sending on from $b$. Sent on
# too early, and again when the second part arrives, the first part is counted twice.
#
# Here is a hasty sweep: it sends on whatever has arrived, as soon as it arrives.


# %%
def hasty(node, upstream):
    node.grad = (node.grad or 0.0) + upstream
    for x in node.inputs:
        hasty(x, node.grad)  # the local gradient of + is 1


a = Tensor(1.0, name="a")
b = a + a
c = b + b
hasty(c, 1.0)
print("hasty:", float(a.grad))

# %% [markdown]
# $c = 4a$, so the gradient of $a$ is 4. The hasty sweep says 6. When the first 1 arrived at $b$, it sent 1 on. When the
# second arrived, it sent 2 on: the first 1 was in it again.
#
# An order in which every node comes after its inputs, walked backwards, has each node's gradient complete before it is sent
# on. That is a **topological order**.
#
# ## Exercise 5: in order
#
# Write the sweep for a graph that has only `+`. You are given the order, leaves first.


# %%
def in_order(order):
    gradients = {node: 0.0 for node in order}
    gradients[order[-1]] = 1.0
    # solution
    for node in reversed(order):
        for x in node.inputs:
            gradients[x] += gradients[node]
    # stub
    # # the nodes from the last to the first, each sending to its inputs
    # end
    return [gradients[node] for node in order]


# %%
a = Tensor(1.0, name="a")
b = a + a
c = b + b
checks.equal(
    "the gradients of a, b, c",
    lambda: in_order([a, b, c]),
    [4.0, 2.0, 1.0],
    hint="node.inputs names b twice in c",
)
d = c + a
checks.equal(
    "the gradients with d = c + a", lambda: in_order([a, b, c, d]), [5.0, 2.0, 1.0, 1.0]
)

# %%
c.backward()
mg.draw(c)

# %% [markdown]
# Watch $b$ in the player: both parts are there, and added, before anything goes on to $a$.

# %%
mg.play(c)

# %% [markdown]
# ## Something to play with
#
# What a gate does to a gradient can be seen as a curve. Here is the sigmoid, and what arrives behind it for an upstream gradient
# of 1.

# %%
at = Tensor(np.linspace(-8, 8, 200))
out = mg.sigmoid(at)
out.backward(np.ones(200))
plt.figure(figsize=(7, 3.5))
plt.plot(at.data, out.data, color="tab:green", label="value")
plt.plot(at.data, at.grad, color="tab:red", label="gradient")
plt.axvline(float(s), color="gray", linestyle=":")
plt.text(float(s) + 0.15, 0.5, "our circuit", color="gray")
plt.xlabel("s")
plt.legend()
plt.title("Far from 0, the sigmoid lets almost no gradient through")
plt.show()

# %% [markdown]
# Try:
#
# - `mg.tanh`, `mg.relu`, `mg.gelu` or `mg.maximum(at, 0.1 * at)` in place of the sigmoid;
# - the circuit with `w2 = 3`: what becomes of its gradients, and why?
# - `mg.maximum(z, w)` with `z` equal to `w`: who gets the gradient?
# - a chain of ten sigmoids: how much of the gradient reaches its beginning?
