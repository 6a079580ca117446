# %% [markdown]
# # 1. Gradients on a graph
#
# Training a network means changing its numbers a little so that its error gets smaller. The **gradient** says which way, for each
# number: by how much does the result change, when this number is moved a little?
#
# This lesson finds gradients on the smallest graph that has anything to teach. The same steps serve a network of millions.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import Tensor, checks

# %% [markdown]
# ## A function as a graph
#
# $$f(x, y, z) = (x + y)\,z \qquad x = -2,\; y = 5,\; z = -4$$
#
# It is computed in two steps. Give the value in the middle a name:
#
# $$q = x + y \qquad f = q\,z$$
#
# Each variable and each step is a **node**. Arrows lead from the inputs of a step to its result. A node without inputs is a
# **leaf**. A minigrad `Tensor` holds a value and records the steps that are computed with it.

# %%
x = Tensor(-2.0, name="x")
y = Tensor(5.0, name="y")
z = Tensor(-4.0, name="z")
q = x + y
f = q * z
mg.draw(f, local_gradients=False)

# %% [markdown]
# Computing the values from left to right is the **forward pass**. It gives $q = 3$ and $f = -12$.

# %% [markdown]
# ## Moving one number
#
# What is the gradient of $x$? Move it by a small $h$ and watch $f$.
#
# $$\frac{\partial f}{\partial x} \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# ## Exercise 1: a derivative by moving
#
# Write `slope(g, at)`: the derivative of a function `g` of one number at a point, from two values of `g`. Take $h = 10^{-5}$.


# %%
def slope(g, at):
    h = 1e-5
    # solution
    return (g(at + h) - g(at - h)) / (2 * h)
    # end


# %%
checks.equal(
    "the slope of t² at 3",
    lambda: slope(lambda t: t**2, 3.0),
    6.0,
    hint="divide by 2 h, the distance of the two points",
)
checks.equal("the gradient of x", lambda: slope(lambda t: (t + 5) * -4, -2.0), -4.0)

# %% [markdown]
# So $\partial f / \partial x = -4$: when $x$ grows by 0.001, $f$ falls by 0.004.
#
# This always works, and it is slow: a network with a million weights would be computed two million times for one gradient. There
# is a way that takes about as long as computing the function two or three times, for all of them together.

# %% [markdown]
# ## Local gradients
#
# Look at one step alone. It knows how its result changes with each of its own inputs. These are its **local gradients**, known as
# soon as the step is computed.
#
# $$q = x + y: \quad \frac{\partial q}{\partial x} = 1,\; \frac{\partial q}{\partial y} = 1 \qquad\qquad
# f = q z: \quad \frac{\partial f}{\partial q} = z,\; \frac{\partial f}{\partial z} = q$$
#
# ## Exercise 2: four local gradients, as numbers

# %%
# solution
dq_dx, dq_dy = 1.0, 1.0
df_dq, df_dz = -4.0, 3.0
# stub
# dq_dx, dq_dy = None, None
# df_dq, df_dz = None, None
# end

# %%
checks.equal("the local gradients of q = x + y", (dq_dx, dq_dy), (1.0, 1.0))
checks.equal(
    "the local gradients of f = q z",
    (df_dq, df_dz),
    (-4.0, 3.0),
    hint="∂f/∂q is the value of z",
)

# %% [markdown]
# minigrad writes them on the arrows:

# %%
mg.draw(f)

# %% [markdown]
# ## The chain rule
#
# How does $f$ change with $x$? $x$ changes $q$, and $q$ changes $f$. The effects multiply:
#
# $$\frac{\partial f}{\partial x} = \frac{\partial f}{\partial q} \cdot \frac{\partial q}{\partial x}$$
#
# Read it from the side of the node $q$. From the right it receives the **upstream** gradient, $\partial f / \partial q$. It
# multiplies it by each local gradient, and sends the product on to that input:
#
# $$\textbf{downstream} = \textbf{upstream} \times \textbf{local}$$
#
# The pass starts at the result, with $\partial f / \partial f = 1$. It needs nothing else, anywhere.
#
# ## Exercise 3: the backward pass
#
# Use your local gradients from above, and go from right to left.

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
checks.equal("the gradient of q", grad_q, -4.0)
checks.equal("the gradient of z", grad_z, 3.0)
checks.equal(
    "the gradients of x and y",
    (grad_x, grad_y),
    (-4.0, -4.0),
    hint="what arrives at q is grad_q",
)

# %% [markdown]
# minigrad does the same in one call. **Every** node has its gradient afterwards: the leaves $x$, $y$, $z$, and also $q$ in the
# middle, which nobody asked for.

# %%
f.backward()
print("x", x.grad, "  y", y.grad, "  z", z.grad, "  q", q.grad, "  f", f.grad)
mg.draw(f)

# %% [markdown]
# Values are green and stand above the wires. Gradients are red and stand below them. Check each red number on the left of a node:
# it is the red number on its right, times the local gradient on the arrow.

# %% [markdown]
# The same as a film. The **player** goes forward, filling in values, then back, filling in gradients, and says at each step what
# is multiplied with what. Play it, or go by the arrow keys.

# %%
mg.play(f)

# %% [markdown]
# And in writing: each path from the result to $x$, factor by factor. Here there is one.

# %%
mg.explain(f, wrt=x)

# %% [markdown]
# ## What a gradient tells you
#
# $\partial f / \partial z = 3$, so raising $z$ by 0.1 should raise $f$ by about 0.3. And going a small step *against* the whole
# gradient should lower $f$ as fast as can be.

# %%
step = 0.1
moved = [t.data - step * t.grad for t in (x, y, z)]
before, after = float(f), (moved[0] + moved[1]) * moved[2]
print(f"before {before:.2f}, after {after:.2f}")

# %% [markdown]
# ## Exercise 4: a longer chain
#
# $f = (x y + z)^2$ at $x = 2$, $y = -1$, $z = 5$. Name the steps $p = x y$, $s = p + z$, $f = s^2$. Find all gradients by hand.

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
x, y, z = Tensor(2.0, name="x"), Tensor(-1.0, name="y"), Tensor(5.0, name="z")
p = x * y
s = p + z
f = s**2
f.backward()
checks.equal(
    "the gradient of s",
    grad_s,
    s.grad,
    hint="s = 2 · (-1) + 5 = 3, and the derivative of s² is 2 s",
)
checks.equal(
    "the gradients of p and z",
    (grad_p, grad_z),
    (p.grad, z.grad),
    hint="both local gradients of + are 1",
)
checks.equal(
    "the gradients of x and y",
    (grad_x, grad_y),
    (x.grad, y.grad),
    hint="∂p/∂x = y, and ∂p/∂y = x",
)

# %%
mg.draw(f)

# %% [markdown]
# ## Something to play with
#
# Follow the gradient, again and again, and a function goes down to a minimum. Here the machine finds $\sqrt 2$: it looks for the
# $t$ whose square is 2, by making $(t^2 - 2)^2$ small.

# %%
t = Tensor(0.4, name="t")
path = [float(t)]
for _ in range(25):
    loss = (t * t - 2) ** 2
    loss.backward()
    t.data -= 0.05 * t.grad
    t.zero_grad()
    path.append(float(t))
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
# - a rate of 0.2 in place of 0.05, or 0.4: what happens when steps are too long?
# - a start at -0.4, and at exactly 0: why does nothing happen there?
# - leaving out `t.zero_grad()`;
# - an expression of your own: `mg.draw` shows it, `mg.play` plays it, `mg.explain(f, wrt=x)` writes it out. Without a notebook, `minigrad "(x + y) * z" x=-2 y=5 z=-4 --svg graph.svg`
#   does it from the command line.
