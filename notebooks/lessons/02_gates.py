# %% [markdown]
# # 2. Gates
#
# An operation in a graph is a **gate**. In the backward pass, each gate does something simple to the upstream gradient. Once
# you know the following three, you can read most graphs at a glance.
#
# - **add distributes**: each input gets the upstream gradient unchanged;
# - **max routes**: the larger input gets the whole upstream gradient, the other input gets 0;
# - **mul switches**: each input gets the upstream gradient times *the other input's value*.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.course import check

# %% [markdown]
# ## Three gates in one picture
#
# $f = 2\,(x y + \max(z, w))$ has all three. Values are above the wires, gradients below.

# %%
x, y = Tensor(3.0, name="x"), Tensor(-4.0, name="y")
z, w = Tensor(2.0, name="z"), Tensor(-1.0, name="w")
f = 2 * (x * y + mg.maximum(z, w))
f.backward()
mg.draw(f)

# %% [markdown]
# Read it from the right.
#
# - The gradient of $f$ is 1. The gate `2 ×` switches: it sends back 1 times the value of its other input, which is 2.
# - `+` distributes the 2 to both of its inputs.
# - `max` routes the 2 to $z$, because $2 > -1$. The gradient of $w$ is 0, because a small change in $w$ does not change $f$.
# - `×` switches: $x$ gets $2 \times (-4) = -8$, and $y$ gets $2 \times 3 = 6$.
#
# The player shows the same steps, one gate at a time.

# %%
mg.play(f)

# %% [markdown]
# ## Exercise 1: four gradients on paper
#
# $g = (a + b)\,\max(b, c)$ at $a = 1$, $b = 2$, $c = 5$. Find the four gradients on paper, without running any code: the
# gradients of $a$, $b$, $c$, and the intermediate value $s = a + b$. Write them as numbers.

# %%
# solution
grad_a, grad_b, grad_c, grad_s = 5.0, 5.0, 3.0, 5.0
# stub
# grad_a, grad_b, grad_c, grad_s = None, None, None, None
# end

# %%
check("2.1", grad_a, grad_b, grad_c, grad_s)
a, b, c = Tensor(1.0, name="a"), Tensor(2.0, name="b"), Tensor(5.0, name="c")
s = a + b
g = s * mg.maximum(b, c)
g.backward()

# %% [markdown]
# Now look at the graph. Notice $b$: it reaches the result along two paths, through `+` and through `max`. Only one of them
# carries a gradient here.

# %%
mg.draw(g)

# %% [markdown]
# **Question.** One input of a × gate is a million, the other is one. Which of the two gets the larger gradient? Why do
# people scale the inputs of a network?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# The small one: × switches, so the input with value 1 gets the gradient times a million. If an input is large, the gradient
# of the weight that multiplies it is large too, and a learning rate that suits this weight is too small for the others.
#
# </details>

# %% [markdown]
# ## The sigmoid circuit, gate by gate
#
# A neuron with two inputs multiplies each by a weight, adds the products and a bias, and squashes the sum into the range
# from 0 to 1.
#
# $$f(w, x) = \frac{1}{1 + e^{-(w_0 x_0 + w_1 x_1 + w_2)}}$$
#
# It is built from simple gates. Their local gradients are:
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
# ## Exercise 2: backward along the tail
#
# The tail is the chain from $s$ to $f$. Go back along it; at each gate, downstream = upstream × local. Write each gradient
# as an expression of the one before, with the values of the forward pass: `f.data`, `d.data`, `e.data`.

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
check("2.2", tail_d, tail_e, tail_n, tail_s)
print("1 → " + " → ".join(f"{t:.2f}" for t in (tail_d, tail_e, tail_n, tail_s)))

# %% [markdown]
# The other gates are `+`, which distributes 0.20 to all three terms, and `×`, which switches. The picture shows the whole
# circuit. The player below it goes through the gates one by one.

# %%
f.backward()
print({t.name: round(t.grad.item(), 4) for t in (w0, x0, w1, x1, w2)})
mg.draw(f)

# %%
mg.play(f)

# %% [markdown]
# ## A fused gate
#
# The four gates in a row compute one function, $\sigma(s) = 1 / (1 + e^{-s})$. Its derivative can be written in terms of its
# own output:
#
# $$\frac{\mathrm d \sigma}{\mathrm d s} = \frac{e^{-s}}{(1 + e^{-s})^2} = (1 - \sigma)\,\sigma$$
#
# So the whole tail can be **one gate** with one local gradient. The forward pass has already computed everything that
# gradient needs.
#
# ## Exercise 3: the local gradient of the sigmoid gate
#
# Write `local` in terms of `sigma`, the value of the gate.

# %%
sigma = f.data
# solution
local = (1 - sigma) * sigma
# stub
# local = None  # use `sigma` only
# end

# %%
check("2.3", local)

# %%
for t in (w0, x0, w1, x1, w2):
    t.zero_grad()
fused = mg.sigmoid(w0 * x0 + w1 * x1 + w2)
fused.backward()
print({t.name: round(t.grad.item(), 4) for t in (w0, x0, w1, x1, w2)})
mg.draw(fused)

# %% [markdown]
# The gradients are the same, with fewer gates. minigrad can also draw the primitive gates of a fused gate. This changes only
# the picture: the result was still computed by one gate.

# %%
mg.draw(fused, expand="sigmoid")

# %% [markdown]
# You choose how much a gate computes: any function whose local gradient you know can be a gate. Fused gates are faster and
# often more accurate. Lesson 5 shows a case where the fused gate works and the chain of primitive gates fails.

# %% [markdown]
# **Question.** At which $s$ is the local gradient of the sigmoid largest, and how large is it there? What happens to a
# gradient that goes through ten sigmoids?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# At $s = 0$, where $\sigma = \frac12$, it is $\frac14$. Ten sigmoids multiply the gradient by at most $4^{-10}$, about one
# in a million.
#
# </details>

# %% [markdown]
# ## Gradients add at branches
#
# A value that is used twice affects the result along two paths. Its gradient is the **sum** of the gradients that come back
# along these paths.
#
# $$\frac{\partial f}{\partial a} = \sum_{\text{uses } u \text{ of } a} \frac{\partial f}{\partial u}\,\frac{\partial u}{\partial a}$$

# %%
a = Tensor(3.0, name="a")
b = a * a
b.backward()
mg.draw(b)

# %% [markdown]
# Both inputs of `×` are $a$. Each edge brings back 3. Their sum is 6, the derivative of $a^2$ at 3. Here it is written out,
# path by path:

# %%
mg.explain(b, wrt=a)

# %% [markdown]
# ## Exercise 4: a branch by hand
#
# In $f = x y + x$, the variable $x$ is used twice. Find what each of the two edges brings back at $x = 3$, $y = -4$, and
# from that the gradient of $x$.

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
check("2.4", through_times, through_plus, grad_x)

# %% [markdown]
# ## Topological order
#
# Let $b = a + a$ and $c = b + b$. The gradient of $b$ must be **complete** before $b$ sends anything on to $a$. If $b$ sends
# when the first part arrives, and again when the second part arrives, the first part is counted twice.
#
# Here is a sweep that is too hasty: each node sends its gradient on as soon as any part of it arrives.


# %%
def hasty(node, upstream):
    node.grad = (node.grad or 0.0) + upstream
    for x in node.inputs:
        hasty(x, node.grad)  # the local gradient of + is 1


a = Tensor(1.0, name="a")
b = a + a
c = b + b
hasty(c, 1.0)
print("hasty:", a.grad)

# %% [markdown]
# Since $c = 4a$, the gradient of $a$ is 4. The hasty sweep says 6. When the first 1 arrived, $b$ sent a 1 to each of its two
# inputs. When the second 1 arrived, $b$ sent a 2 to each, and this 2 included the first 1 again.
#
# A **topological order** lists every node after its inputs. If the sweep goes through it in reverse, the gradient of each
# node is complete before the node sends it on.
#
# ## Exercise 5: a sweep in topological order
#
# Complete `in_order(order)`, a sweep for a graph that has only `+` gates. `order` is a topological order, leaves first. The
# function returns the gradients in the same order.


# %%
def in_order(order):
    gradients = {node: 0.0 for node in order}
    gradients[order[-1]] = 1.0
    # solution
    for node in reversed(order):
        for x in node.inputs:
            gradients[x] += gradients[node]
    # stub
    # # go from the last node to the first; each node sends its gradient to its inputs
    # end
    return [gradients[node] for node in order]


# %%
check("2.5", in_order)
a = Tensor(1.0, name="a")
b = a + a
c = b + b

# %%
c.backward()
mg.draw(c)

# %% [markdown]
# Watch $b$ in the player: both parts arrive and are added before anything goes on to $a$.

# %%
mg.play(c)

# %% [markdown]
# ## Something to play with
#
# You can plot what a gate does to a gradient. Here is the sigmoid, and the downstream gradient for an upstream gradient of
# 1.

# %%
at = Tensor(np.linspace(-8, 8, 200))
out = mg.sigmoid(at)
out.backward(np.ones(200))
plt.figure(figsize=(7, 3.5))
plt.plot(at.data, out.data, color="tab:green", label="value")
plt.plot(at.data, at.grad, color="tab:red", label="gradient")
plt.axvline(s.item(), color="gray", linestyle=":")
plt.text(s.item() + 0.15, 0.5, "our circuit", color="gray")
plt.xlabel("s")
plt.legend()
plt.title("Far from 0, almost no gradient passes through the sigmoid")
plt.show()

# %% [markdown]
# Try:
#
# - `mg.tanh`, `mg.relu`, `mg.gelu` or `mg.maximum(at, 0.1 * at)` instead of the sigmoid;
# - the circuit with `w2 = 3`: how do its gradients change, and why?
# - `mg.maximum(z, w)` with `z` equal to `w`: which input gets the gradient?
# - a chain of ten sigmoids: how much of the gradient reaches the first one?
