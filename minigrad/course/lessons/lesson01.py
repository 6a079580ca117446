"""Lesson 1, gradients on a graph."""

from minigrad.course.exercise import exercise

H = 1e-5

exercise(
    "1.1",
    lambda slope: {
        "the slope of t² at 3": lambda: slope(lambda t: t**2, 3.0),
        "the slope of t² at 0": lambda: slope(lambda t: t**2, 0.0),
        "the gradient of x": lambda: slope(lambda t: (t + 5) * -4, -2.0),
    },
    {"slope": lambda g, at: (g(at + H) - g(at - H)) / (2 * H)},
    "take the difference of g at two points, one on each side of `at`, and divide it by the distance between the points",
    [
        (
            "this is a forward difference; take the second point on the other side, at - h, and divide by the distance",
            {"slope": lambda g, at: (g(at + H) - g(at)) / H},
        ),
        (
            "this is a backward difference; take the first point on the other side, at + h, and divide by the distance",
            {"slope": lambda g, at: (g(at) - g(at - H)) / H},
        ),
        ("the two points are 2 h apart, not h", {"slope": lambda g, at: (g(at + H) - g(at - H)) / H}),
        ("the sign is reversed: subtract the value at at - h", {"slope": lambda g, at: (g(at - H) - g(at + H)) / (2 * H)}),
        (
            "/ 2 * h divides by 2 and multiplies by h: write / (2 * h)",
            {"slope": lambda g, at: (g(at + H) - g(at - H)) / 2 * H},
        ),
        ("divide the difference by the distance of the points", {"slope": lambda g, at: g(at + H) - g(at - H)}),
    ],
)

exercise(
    "1.2",
    lambda dq_dx, dq_dy, df_dq, df_dz: {"∂q/∂x": dq_dx, "∂q/∂y": dq_dy, "∂f/∂q": df_dq, "∂f/∂z": df_dz},
    {"dq_dx": 1.0, "dq_dy": 1.0, "df_dq": -4.0, "df_dz": 3.0},
    "put the values of q and z into the four formulas above",
    [
        ("+ does not depend on the values: by how much does q grow if x grows by h?", {"dq_dx": -2.0, "dq_dy": 5.0}),
        ("this is the gradient of f; a local gradient looks at one step alone", {"dq_dx": -4.0, "dq_dy": -4.0}),
        ("× switches: ∂f/∂q is the value of z, and ∂f/∂z that of q", {"df_dq": 3.0, "df_dz": -4.0}),
        ("the derivative of q z with respect to q leaves z: keep its sign", {"df_dq": 4.0}),
        ("this is the value of f; its derivative with respect to q leaves z", {"df_dq": -12.0}),
        ("for ∂f/∂z you need the value of q, which is x + y", {"df_dz": -7.0}),
    ],
)

exercise(
    "1.3",
    lambda grad_q, grad_z, grad_x, grad_y: {
        "the gradient of q": grad_q,
        "the gradient of z": grad_z,
        "the gradient of x": grad_x,
        "the gradient of y": grad_y,
    },
    {"grad_q": -4.0, "grad_z": 3.0, "grad_x": -4.0, "grad_y": -4.0},
    "each gradient is the upstream gradient of its step times one local gradient",
    [
        ("this is the local gradient alone: multiply it by the upstream gradient at q", {"grad_x": 1.0, "grad_y": 1.0}),
        ("q and z are swapped: × switches, so q gets the value of z", {"grad_q": 3.0, "grad_z": -4.0}),
        ("the local gradient of + is 1, not the value of the other input", {"grad_x": -20.0, "grad_y": 8.0}),
        ("the local gradient of + is 1, not the value of the input", {"grad_x": 8.0, "grad_y": -20.0}),
        ("the upstream gradient at q is grad_q, not grad_z", {"grad_x": 3.0, "grad_y": 3.0}),
        ("the backward pass starts with 1, not with the value of f", {"grad_q": 48.0}),
    ],
)

exercise(
    "1.4",
    lambda grad_s, grad_p, grad_z, grad_x, grad_y: {
        "the gradient of s": grad_s,
        "the gradient of p": grad_p,
        "the gradient of z": grad_z,
        "the gradient of x": grad_x,
        "the gradient of y": grad_y,
    },
    {"grad_s": 6.0, "grad_p": 6.0, "grad_z": 6.0, "grad_x": -6.0, "grad_y": 12.0},
    "find p and s first; then go back from f, one step at a time",
    [
        ("this is s; the derivative of s² has a factor more", {"grad_s": 3.0}),
        ("this is the value of s²; use its derivative, 2 s", {"grad_s": 9.0}),
        ("× switches: x gets the value of y, and y that of x", {"grad_x": 12.0, "grad_y": -6.0}),
        ("this is the local gradient alone: multiply by the gradient of p", {"grad_x": -1.0, "grad_y": 2.0}),
        ("the local gradient of + is 1, so z gets what s has", {"grad_z": 30.0}),
        ("the sign of y belongs to the local gradient of x", {"grad_x": 6.0}),
    ],
)
