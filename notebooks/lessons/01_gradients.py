# %% [markdown]
# # 1. Gradients on a graph
#
# To train a network, you change its weights a little so that its error gets smaller. The **gradient** gives the direction
# for each weight: if this weight changes a little, by how much does the result change?
#
# This lesson finds gradients on a very small graph. The same steps work for a network with millions of weights.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor
from minigrad.course import check

# %% [markdown]
# ## A function as a graph
#
# $$f(x, y, z) = (x + y)\,z \qquad x = -2,\; y = 5,\; z = -4$$
#
# Computing it takes two steps. Give the intermediate value a name:
#
# $$q = x + y \qquad f = q\,z$$
#
# Each variable and each step is a **node**. Arrows lead from the inputs of a step to its result. A node without inputs is a
# **leaf**. A minigrad `Tensor` holds a value and records every step that uses it.

# %%
x = Tensor(-2.0, name="x")
y = Tensor(5.0, name="y")
z = Tensor(-4.0, name="z")
q = x + y
f = q * z
mg.draw(f, local_gradients=False)

# %% [markdown]
# The **forward pass** computes the values from left to right. It gives $q = 3$ and $f = -12$.

# %% [markdown]
# ## Change one input
#
# What is the gradient of $x$? Change it by a small $h$ in both directions and compare the values of $f$.
#
# $$\frac{\partial f}{\partial x} \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# ## Exercise 1: a derivative by finite differences
#
# Write `slope(g, at)`. It estimates the derivative of `g`, a function of one variable, at the point `at` from two values of
# `g`. Use $h = 10^{-5}$.


# %%
def slope(g, at):
    h = 1e-5
    # solution
    return (g(at + h) - g(at - h)) / (2 * h)
    # end


# %%
check("1.1", slope)

# %% [markdown]
# So $\partial f / \partial x = -4$: if $x$ increases by 0.001, $f$ decreases by 0.004.
#
# This always works, but it is slow: for a network with a million weights, one gradient would take two million forward
# passes. The backward pass is faster: it computes all derivatives together, in about the time of two or three forward
# passes.

# %% [markdown]
# **Question.** A network has a million weights, and one forward pass takes a second. How long do central differences take
# for one gradient? How long does a backward pass take, if it costs twice as much as a forward pass?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# Central differences take two forward passes for each weight: two million seconds, which is 23 days. The backward pass
# takes two seconds.
#
# </details>

# %% [markdown]
# ## Local gradients
#
# Look at a single step. The derivatives of its result with respect to its own inputs are its **local gradients**. They are
# known as soon as the step is computed, whatever the rest of the graph looks like.
#
# $$q = x + y: \quad \frac{\partial q}{\partial x} = 1,\; \frac{\partial q}{\partial y} = 1 \qquad\qquad
# f = q z: \quad \frac{\partial f}{\partial q} = z,\; \frac{\partial f}{\partial z} = q$$
#
# ## Exercise 2: four local gradients
#
# Write them as numbers, at $x = -2$, $y = 5$, $z = -4$.

# %%
# solution
dq_dx, dq_dy = 1.0, 1.0
df_dq, df_dz = -4.0, 3.0
# stub
# dq_dx, dq_dy = None, None
# df_dq, df_dz = None, None
# end

# %%
check("1.2", dq_dx, dq_dy, df_dq, df_dz)

# %% [markdown]
# minigrad writes them on the arrows:

# %%
mg.draw(f)

# %% [markdown]
# ## The chain rule
#
# How does $f$ change with $x$? A change in $x$ changes $q$, and the change in $q$ changes $f$. The two derivatives multiply:
#
# $$\frac{\partial f}{\partial x} = \frac{\partial f}{\partial q} \cdot \frac{\partial q}{\partial x}$$
#
# Now look at the node $q$. From the right it receives the **upstream** gradient, $\partial f / \partial q$. It multiplies
# this by each of its local gradients and sends each product to the matching input:
#
# $$\textbf{downstream} = \textbf{upstream} \times \textbf{local}$$
#
# The backward pass starts at the result with $\partial f / \partial f = 1$.
#
# ## Exercise 3: the backward pass
#
# Write each gradient as a product: the upstream gradient times one of your local gradients. Work from right to left.

# %%
grad_f = 1.0
# solution
grad_q = grad_f * df_dq
grad_z = grad_f * df_dz
grad_x = grad_q * dq_dx
grad_y = grad_q * dq_dy
# stub
# grad_q = None  # upstream × local, at the node f
# grad_z = None
# grad_x = None  # upstream × local, at the node q
# grad_y = None
# end

# %%
check("1.3", grad_q, grad_z, grad_x, grad_y)

# %% [markdown]
# minigrad does the same in one call. Afterwards **every** node has its gradient: the leaves $x$, $y$, $z$, and the
# intermediate value $q$ too.

# %%
f.backward()
print("x", x.grad, "  y", y.grad, "  z", z.grad, "  q", q.grad, "  f", f.grad)
mg.draw(f)

# %% [markdown]
# Values are green, above the wires. Gradients are red, below the wires. Check a few: the red number to the left of a node is
# the red number to its right, times the local gradient on the arrow.

# %% [markdown]
# The **player** shows both passes step by step: forward it fills in the values, backward the gradients, and it writes out
# each product. Press play, or use the arrow keys.

# %%
mg.play(f)

# %% [markdown]
# `explain` writes out each path from the result to $x$, factor by factor. Here there is only one path.

# %%
mg.explain(f, wrt=x)

# %% [markdown]
# **Question.** The gradient of $q$ is negative. What does that say about $f$?
#
# *Your answer:*
#
# <details><summary>A model answer</summary>
#
# If $q$ increases by a small amount, $f$ decreases by about four times that amount.
#
# </details>

# %% [markdown]
# ## A step against the gradient
#
# Since $\partial f / \partial z = 3$, raising $z$ by 0.1 should raise $f$ by about 0.3. A small step *against* the whole
# gradient should lower $f$ faster than a step of the same length in any other direction.

# %%
step = 0.1
moved = [t.data - step * t.grad for t in (x, y, z)]
before, after = f.item(), (moved[0] + moved[1]) * moved[2]
print(f"before {before:.2f}, after {after:.2f}")

# %% [markdown]
# ## Exercise 4: a longer chain
#
# $f = (x y + z)^2$ at $x = 2$, $y = -1$, $z = 5$. The steps are $p = x y$, $s = p + z$ and $f = s^2$. Find all the gradients
# by hand, and write them as numbers.

# %%
# solution
grad_s = 6.0
grad_p = 6.0
grad_z = 6.0
grad_x = -6.0
grad_y = 12.0
# stub
# grad_s = None  # the derivative of s² at s = 3
# grad_p = None
# grad_z = None
# grad_x = None
# grad_y = None
# end

# %%
check("1.4", grad_s, grad_p, grad_z, grad_x, grad_y)
x, y, z = Tensor(2.0, name="x"), Tensor(-1.0, name="y"), Tensor(5.0, name="z")
p = x * y
s = p + z
f = s**2
f.backward()

# %%
mg.draw(f)

# %% [markdown]
# ## Something to play with
#
# Take many small steps against the gradient, and you reach a minimum. Here gradient descent finds $\sqrt 2$: it looks for
# the $t$ whose square is 2 by minimising $(t^2 - 2)^2$.

# %%
t = Tensor(0.4, name="t")
path = [t.item()]
for _ in range(25):
    loss = (t * t - 2) ** 2
    loss.backward()
    t.data -= 0.05 * t.grad
    t.zero_grad()
    path.append(t.item())
print(f"{path[-1]:.6f}")

# %%
line = np.linspace(-0.2, 2, 200)
path = np.array(path)
plt.figure(figsize=(7, 4))
plt.plot(line, (line**2 - 2) ** 2, color="tab:green")
plt.plot(path, (path**2 - 2) ** 2, "o-", color="tab:red", markersize=4)
plt.axvline(np.sqrt(2), color="gray", linestyle=":")
plt.text(np.sqrt(2) + 0.03, 3.5, "$\\sqrt{2}$", color="gray")
plt.xlabel("t")
plt.ylabel("$(t^2 - 2)^2$")
plt.title("Steps against the gradient")
plt.show()

# %% [markdown]
# Try:
#
# - a step size of 0.2 or 0.4 instead of 0.05: what happens when the steps are too long?
# - a start at -0.4, and a start at exactly 0: why does nothing happen at 0?
# - the loop without `t.zero_grad()`;
# - an expression of your own: `mg.draw` shows it, `mg.play` plays it, and `mg.explain(f, wrt=x)` writes it out. Outside a
#   notebook, use the command line: `minigrad "(x + y) * z" x=-2 y=5 z=-4 --svg graph.svg`.
