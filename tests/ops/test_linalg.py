"""Linear algebra: closed forms, stacks, degenerate matrices, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from gradients import gradient
from numpy.linalg import LinAlgError

import minigrad as mg
from minigrad import Tensor, linalg
from minigrad.backward import sweep
from minigrad.graph import topological_order, value_of

RNG = np.random.default_rng(7)
T1 = Tensor([1.0, 2.0, 3.0])
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


def symmetric(n: int):
    x = RNG.normal(size=(n, n))
    return x + x.T


def test_mg_linalg_and_np_linalg_are_one():
    a = Tensor(RNG.normal(size=(3, 3)))
    more = {"matrix_power": (2,), "vecdot": (a,), "tensorinv": (1,), "tensorsolve": (a[0],)}
    for name in set(linalg.__all__) - {"lstsq", "solve", "outer", "tensordot", "matmul", "multi_dot", "cross", "cholesky"}:
        args = (a, *more.get(name, ()))
        ours, theirs = getattr(mg.linalg, name)(*args), getattr(np.linalg, name)(*args)
        assert type(ours) is type(theirs)
        first, other = (y[0] if isinstance(y, tuple) else y for y in (ours, theirs))
        np.testing.assert_array_equal(value_of(first), value_of(other))


def test_results_have_numpy_s_names():
    a = Tensor(RNG.normal(size=(3, 3)))
    for name in ("qr", "eigh", "svd", "slogdet"):
        ours, theirs = getattr(np.linalg, name)(a), getattr(np.linalg, name)(a.data)
        assert type(ours).__name__ == type(theirs).__name__
        assert ours._fields == theirs._fields


def test_a_decomposition_is_one_node():
    u, s, vh = np.linalg.svd(Tensor(RNG.normal(size=(4, 3))), full_matrices=False)
    names = [node.op.name for node in topological_order((u * s) @ vh)]
    assert names.count("svd") == 1


@pytest.mark.parametrize("f", [
    linalg.inv, linalg.det, linalg.eigvalsh, linalg.svdvals, linalg.pinv, lambda a: linalg.slogdet(a)[1],
    lambda a: linalg.solve(a, np.arange(3.0)), lambda a: linalg.qr(a)[0], lambda a: linalg.svd(a)[0] ** 2,
    lambda a: linalg.cholesky(a @ np.swapaxes(a, -1, -2)), lambda a: linalg.matrix_power(a, 3), lambda a: linalg.norm(a, 2, (-2, -1)),
])  # fmt: skip
def test_a_stack_is_a_matrix_at_a_time(f):
    stack = RNG.normal(size=(2, 3, 3, 3))
    together = gradient(f, stack)
    for i in np.ndindex(2, 3):
        np.testing.assert_allclose(f(Tensor(stack)).data[i], f(stack[i]), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(together[i], gradient(f, stack[i]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (2, 0, 0)])
@pytest.mark.parametrize("f", [
    linalg.inv, linalg.det, linalg.pinv, linalg.cholesky, linalg.eigvalsh, linalg.svdvals, lambda a: linalg.slogdet(a)[1],
    lambda a: linalg.eigh(a)[1], lambda a: linalg.svd(a)[2], lambda a: linalg.qr(a)[1], lambda a: linalg.matrix_power(a, 2),
])  # fmt: skip
def test_empty_matrices(f, shape):
    assert f(Tensor(np.zeros(shape))).shape == f(np.zeros(shape)).shape
    assert gradient(f, np.zeros(shape)).shape == shape


# Closed forms


def test_functions_of_a_symmetric_matrix_against_scipy():
    x, direction = symmetric(4), symmetric(4)

    def exponential(a):
        w, v = np.linalg.eigh(a)
        return (v * np.exp(w)) @ v.T

    value, change = scipy.linalg.expm_frechet(x, direction)
    np.testing.assert_allclose(exponential(Tensor(x)).data, value, rtol=1e-10)
    g = RNG.normal(size=(4, 4))
    leaf = Tensor(x)
    exponential(leaf).backward(g)
    np.testing.assert_allclose(np.sum(leaf.grad * direction), np.sum(g * change), rtol=1e-10)
    np.testing.assert_allclose(leaf.grad, leaf.grad.T)


def test_gaussian_log_density_gradient_is_the_known_one():
    s = RNG.normal(size=(5, 5))
    s, x = s @ s.T + np.eye(5), RNG.normal(size=5)

    def by_solve(cov):
        return -0.5 * (x @ np.linalg.solve(cov, x) + np.linalg.slogdet(cov).logabsdet)

    def by_cholesky(cov):
        factor = np.linalg.cholesky(cov)
        z = np.linalg.solve(factor, x)
        return -0.5 * (z @ z) - np.sum(np.log(np.diagonal(factor)))

    inverse = np.linalg.inv(s)
    known = 0.5 * (inverse @ np.outer(x, x) @ inverse - inverse)
    for f in (by_solve, by_cholesky):
        np.testing.assert_allclose(gradient(f, s), known, rtol=1e-9, atol=1e-12)


def test_the_determinant_of_a_singular_matrix_has_its_cofactors_as_gradient():
    np.testing.assert_allclose(gradient(np.linalg.det, SINGULAR), [[4, -2], [-2, 1]], atol=1e-14)
    np.testing.assert_allclose(gradient(np.linalg.det, np.zeros((3, 3))), np.zeros((3, 3)), atol=1e-14)
    rank_two = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    cofactors = [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]
    np.testing.assert_allclose(gradient(np.linalg.det, rank_two), cofactors, atol=1e-12)
    np.testing.assert_allclose(
        gradient(np.linalg.det, np.array([SINGULAR, np.eye(2), 2 * SINGULAR])),
        [[[4, -2], [-2, 1]], np.eye(2), [[8, -4], [-4, 2]]],
        atol=1e-13,
    )


def minors(a):
    """The cofactors by their definition: the determinant of what is left without a row and a column, with its sign."""

    def determinant(rows):
        if not rows:
            return 1
        first, rest = rows[0], rows[1:]
        return sum((-1) ** j * first[j] * determinant([row[:j] + row[j + 1 :] for row in rest]) for j in range(len(first)))

    def without(i, j):
        return [row[:j] + row[j + 1 :] for k, row in enumerate(a) if k != i]

    return [[(-1) ** (i + j) * determinant(without(i, j)) for j in range(len(a))] for i in range(len(a))]


def test_cofactors_of_singular_matrices_have_their_signs():
    rng, signs = np.random.default_rng(0), set()
    for n in (2, 3, 4):
        for _ in range(20):
            a = rng.integers(-3, 4, (n, n)).astype(float)
            a[rng.integers(n)] = 0
            assert np.linalg.det(a) == 0
            u, _, vh = np.linalg.svd(a)
            signs.add((np.sign(np.linalg.det(u)), np.sign(np.linalg.det(vh))))
            np.testing.assert_allclose(gradient(np.linalg.det, a), minors(a.tolist()), atol=1e-12)
    assert len(signs) == 4  # of the two rotations that the rule is made of, each combination occurred


def test_least_squares_of_more_equations_than_unknowns():
    a, b = RNG.normal(size=(6, 2)), RNG.normal(size=6)
    x, residuals, rank, s = np.linalg.lstsq(Tensor(a), Tensor(b), rcond=None)
    expected = np.linalg.lstsq(a, b, rcond=None)
    for ours, theirs in zip((x, residuals, s), (expected[0], expected[1], expected[3]), strict=True):
        np.testing.assert_allclose(ours.data, theirs, rtol=1e-12)
    assert rank == 2
    leaf = Tensor(b)
    np.linalg.lstsq(a, leaf, rcond=None)[1].backward([1.0])
    np.testing.assert_allclose(leaf.grad, 2 * (b - a @ expected[0]), rtol=1e-12)


@pytest.mark.parametrize("rcond", [None, -1, 1e-12, 0.3])
@pytest.mark.parametrize("a", [
    np.diag([0.4, 0.1, 0.2]), np.eye(4, 3) * [4.0, 1.0, 2.0], np.eye(3, 4), np.ones((4, 3)), np.ones((3, 4)), SINGULAR, np.zeros((0, 2)),
    np.zeros((2, 0)), np.eye(100, 2) * [1.0, 30 * np.finfo(float).eps],
], ids=lambda a: f"{a.shape}")  # fmt: skip
def test_least_squares_of_every_shape_and_rank(a, rcond):
    b = np.arange(1.0, len(a) + 1)
    for columns in (b, b[:, None] * [1.0, 2.0]):
        ours, theirs = linalg.lstsq(Tensor(a), columns, rcond), np.linalg.lstsq(a, columns, rcond)
        assert ours[2] == theirs[2]
        for found, expected in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(value_of(found), expected, atol=1e-12)


def test_einsum_broadcasts_one_element_over_none_and_sums_an_ellipsis_that_the_result_leaves_out():
    assert gradient(lambda x: mg.einsum("i,i->i", x, np.zeros(0)), np.ones(1)).tolist() == [0]
    assert gradient(lambda x: mg.einsum("i...,i->i", x, [2.0, 3.0]), np.ones((2, 2))).tolist() == [[2, 2], [3, 3]]


def test_multi_dot_takes_the_order_of_least_work():
    row, square = Tensor(RNG.normal(size=(1, 40))), Tensor(RNG.normal(size=(40, 40)))
    out = np.linalg.multi_dot([square, square, row.T])
    assert all(node.value.shape == (40, 1) for node in topological_order(out) if node.op.name == "matmul")
    np.testing.assert_allclose(out.data, square.data @ square.data @ row.data.T)


@pytest.mark.parametrize("n", range(-4, 6))
def test_every_matrix_power(n: int):
    a = np.array([[2.0, 1.0], [-0.5, 1.5]])
    np.testing.assert_allclose(np.linalg.matrix_power(Tensor(a), n).data, np.linalg.matrix_power(a, n), rtol=1e-13)


def test_matrix_power_zero_is_the_identity_and_has_no_slope():
    x = np.full((2, 2), np.inf)
    np.testing.assert_array_equal(np.linalg.matrix_power(Tensor(x), 0).data, np.eye(2))
    np.testing.assert_array_equal(gradient(lambda a: np.linalg.matrix_power(a, 0), x), np.zeros((2, 2)))


# Degenerate matrices


def test_equal_eigenvalues_have_gradients_that_add_up():
    np.testing.assert_allclose(gradient(np.linalg.eigvalsh, 2 * np.eye(3)), np.eye(3), atol=1e-15)
    ones = np.ones((3, 3)) + np.eye(3)  # eigenvalues 1, 1 and 4
    np.testing.assert_allclose(gradient(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), ones), 2 * ones, atol=1e-12)


@pytest.mark.parametrize("a", [np.eye(3), np.ones((3, 3)) + np.eye(3)])
def test_vectors_of_equal_values_are_refused(a):
    w, v = np.linalg.eigh(x := Tensor(a))
    with pytest.raises(LinAlgError, match=r"eigh: a matrix of shape \(3, 3\) has equal values"):
        ((v * np.exp(w)) @ v.T).sum().backward()
    assert x.grad is None
    with pytest.raises(LinAlgError, match=r"svd: .* equal values"):
        np.linalg.svd(Tensor(a))[0].sum().backward()


def test_which_vectors_have_no_gradient_does_not_depend_on_the_scale():
    regular = np.array([[3.0, 1.0], [1.0, -2.0], [2.0, 0.5]])
    for f in (lambda a: linalg.qr(a)[0], lambda a: linalg.eigh(a[:2])[1], lambda a: linalg.svd(a, False)[0]):
        expected = gradient(f, regular)
        for scale in (1e-20, 1e20):
            np.testing.assert_allclose(gradient(f, scale * regular) * scale, expected, rtol=1e-10, atol=1e-14)


def test_only_the_matrix_of_a_stack_that_is_used_must_be_regular():
    stack = Tensor(np.array([np.eye(2), [[2.0, 1.0], [1.0, 0.0]]]))
    np.linalg.eigh(stack).eigenvectors[1, 0, 0].backward()
    np.testing.assert_array_equal(stack.grad[0], np.zeros((2, 2)))
    assert np.abs(stack.grad[1]).min() > 0


def test_singular_values_at_zero_and_equal_ones():
    np.testing.assert_allclose(gradient(lambda a: linalg.norm(a, "nuc"), 3 * np.eye(3)), np.eye(3), atol=1e-15)
    np.testing.assert_allclose(gradient(lambda a: linalg.norm(a, 2), np.eye(2)), np.eye(2) / 2, atol=1e-15)
    for order in ("nuc", 2, -2, "fro", 1, -1, np.inf, -np.inf):
        np.testing.assert_array_equal(
            gradient(lambda a, order=order: linalg.norm(a, order), np.zeros((3, 2))), np.zeros((3, 2))
        )


def test_the_pseudo_inverse_of_a_deficient_matrix_is_finite_and_right_within_its_rank():
    u, v = Tensor([1.0, 2.0]), Tensor([3.0, -1.0, 0.5])
    y = np.sum(np.linalg.pinv(np.outer(u, v), 1e-10) * np.arange(6.0).reshape(3, 2))
    y.backward()
    closed = np.sum((Tensor(v.data)[:, None] * u) / ((u @ u) * (v.data @ v.data)) * np.arange(6.0).reshape(3, 2))
    assert y.item() == pytest.approx(closed.item(), rel=1e-12)
    np.testing.assert_allclose(u.grad, sweep(closed, np.float64(1.0))[u], rtol=1e-9)
    x, residuals, rank, _ = np.linalg.lstsq(Tensor(SINGULAR), [1.0, 1.0], rcond=None)
    assert rank == 1
    assert residuals.shape == (0,)
    assert np.isfinite(gradient(lambda a: np.linalg.lstsq(a, [1.0, 1.0])[0], SINGULAR)).all()
    np.testing.assert_allclose(x.data, [0.12, 0.24])


def test_the_sign_of_a_determinant_is_a_plain_array():
    sign, logabsdet = np.linalg.slogdet(Tensor(np.array([-np.eye(3), np.eye(3)])))
    assert type(sign) is np.ndarray
    assert sign.tolist() == [-1, 1]
    assert logabsdet.data.tolist() == [0, 0]


def second_sweep(f, x):
    leaf = Tensor(x)
    found = sweep(f(leaf), Tensor(1.0), create_graph=True)[leaf]
    return sweep(np.sum(found), np.float64(1.0))


def test_the_second_gradient_of_equal_eigenvalues_needs_their_vectors_and_is_refused():
    with pytest.raises(LinAlgError, match=r"eigh: .* equal values"):
        second_sweep(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), np.eye(3))


T2 = Tensor(np.ones((3, 2)))
S = Tensor(SINGULAR)
REFUSED = {
    "a singular inverse": (lambda: np.linalg.inv(S), r"inv, inputs of shape \(2, 2\): Singular matrix"),
    "a singular solve": (lambda: np.linalg.solve(S, [1.0, 1.0]), r"solve, inputs of shapes \(2, 2\) and \(2, 1\): Singular"),
    "a power of no inverse": (lambda: np.linalg.matrix_power(S, -2), "matrix_power, .*: Singular matrix"),
    "an inverse of no square": (lambda: np.linalg.inv(T2), r"inv, inputs of shape \(3, 2\): Last 2 dimensions .* square"),
    "a determinant of no square": (lambda: np.linalg.det(T2), r"det, inputs of shape \(3, 2\): .* square"),
    "a power of no square": (lambda: np.linalg.matrix_power(T2, 2), r"needs square matrices, got shape \(3, 2\)"),
    "eigenvalues of no square": (lambda: np.linalg.eigh(T2), r"eigh, inputs of shape \(3, 2\): .* square"),
    "a vector in place of a matrix": (lambda: np.linalg.qr(Tensor([1.0])), r"qr: needs a matrix, or a stack of them, got shape \(1,\)"),
    "no positive definite": (lambda: np.linalg.cholesky(-S), r"cholesky, .*: Matrix is not positive definite"),
    "lengths of least squares": (lambda: np.linalg.lstsq(S, [1.0, 2.0, 3.0]), r"lstsq: needs a of .* got \(2, 2\) and \(3,\)"),
    "least squares of a vector": (lambda: np.linalg.lstsq(S[0], [1.0, 2.0]), r"lstsq: needs a of .* got \(2,\) and \(2,\)"),
    "multi_dot of a cube": (lambda: np.linalg.multi_dot([S, np.ones((2, 2, 2)), S]), "needs matrices, and vectors at the ends"),
    "the sweep of a singular logarithm": (lambda: gradient(lambda a: linalg.slogdet(a)[1], SINGULAR), r"slogdet: .*\(2, 2\) is singular"),
    "the second sweep of a singular determinant": (lambda: second_sweep(linalg.det, SINGULAR), r"det: .*\(2, 2\) is singular, .* needs an"),
    "the sweep of dependent columns": (lambda: gradient(lambda a: linalg.qr(a)[0], SINGULAR), r"qr: the columns of .*\(2, 2\) are linearly dependent"),
    "the sweep of columns that are 0": (lambda: gradient(lambda a: linalg.qr(a)[0], np.zeros((2, 2))), "qr: the columns of .* are linearly dependent"),
    "eigenvectors of 0": (lambda: gradient(lambda a: linalg.eigh(a)[1], np.zeros((2, 2))), r"eigh: .*\(2, 2\) has equal values"),
    "singular vectors of 0": (lambda: gradient(lambda a: linalg.svd(a, False)[0], np.zeros((2, 1))), r"svd: .*\(2, 1\) is rank-deficient"),
    "vectors of a deficient matrix": (lambda: gradient(lambda a: linalg.svd(a, False)[0], np.ones((3, 2))), r"svd: .*\(3, 2\) is rank-deficient"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_as_numpy_refuses_it(case: str):
    call, says = REFUSED[case]
    with pytest.raises(LinAlgError, match=says):
        call()
    assert S.grad is None


@pytest.mark.parametrize(("call", "kind", "says"), [
    (lambda: np.linalg.svd(T2), ValueError, r"svd: a of shape \(3, 2\) does not determine .* full_matrices=False"),
    (lambda: np.linalg.qr(T2, "complete"), ValueError, "does not determine all 3 columns of Q; use mode='reduced'"),
    (lambda: np.linalg.qr(T2, "raw"), ValueError, "mode is 'reduced', 'r' or 'complete', got 'raw'"),
    (lambda: np.linalg.eigh(S, "X"), ValueError, "UPLO"),
    (lambda: np.linalg.matrix_power(S, 0.5), TypeError, "matrix_power: the exponent is an integer, got 0.5"),
    (lambda: linalg.pinv(S, 1e-3, rtol=1e-3), ValueError, "pinv: rcond and rtol are two names"),
    (lambda: linalg.multi_dot([S]), ValueError, "at least two arrays, got 1"),
    (lambda: np.linalg.inv(Tensor(np.eye(2, dtype=np.float16))), TypeError, "inv, .*float16 is unsupported"),
    (lambda: np.linalg.tensorinv(S), np.linalg.LinAlgError, r"tensorinv: the first 2 axes of shape \(2, 2\) must have as many"),
    (lambda: np.cross(T1[:2], T1[:2]), ValueError, r"cross: needs vectors of 3 components, got shapes \(2,\) and \(2,\)"),
    (lambda: np.cross(T1[0], T1), ValueError, r"cross: needs vectors of 3 components, got shapes \(\) and \(3,\)"),
    (lambda: np.cross(T1, T1[0]), ValueError, r"cross: needs vectors of 3 components, got shapes \(3,\) and \(\)"),
    (lambda: np.vdot(T1, np.ones((2, 4))), ValueError, r"vdot: needs two arrays of one size, got shapes \(3,\) and \(2, 4\)"),
    (lambda: np.vander(np.ones((2, 4)) * T1[0]), ValueError, r"vander: needs a vector, got shape \(2, 4\)"),
])  # fmt: skip
def test_other_bad_input(call, kind, says):
    with pytest.raises(kind, match=says):
        call()


def test_functions_of_stacks_that_numpy_has_twice():
    x = Tensor(np.arange(12.0).reshape(2, 2, 3))
    for name in ("trace", "diagonal"):
        for offset in (-1, 0, 1):
            y = getattr(np.linalg, name)(x, offset=offset)
            np.testing.assert_array_equal(y.data, getattr(np.linalg, name)(x.data, offset=offset))
            assert y.requires_grad
            assert mg.gradcheck(lambda x, f=name, k=offset: getattr(mg.linalg, f)(x, offset=k), x)
    np.testing.assert_array_equal(np.linalg.matrix_transpose(x).data, x.data.mT)
    np.testing.assert_array_equal(np.linalg.vecdot(x, x).data, np.linalg.vecdot(x.data, x.data))


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc"])
def test_condition_numbers(p):
    a = np.array([[[2.0, 1.0], [0.5, 3.0]], [[1.0, 0.2], [0.3, -4.0]]])
    np.testing.assert_allclose(mg.linalg.cond(Tensor(a), p).data, np.linalg.cond(a, p), rtol=1e-13)
    assert mg.gradcheck(lambda x: mg.linalg.cond(x, p), a)


def test_condition_numbers_of_singular_matrices():
    for a in (np.ones((2, 2)), np.zeros((2, 2)), np.stack([np.eye(2), np.zeros((2, 2))])):
        y = mg.linalg.cond(Tensor(a))
        np.testing.assert_array_equal(np.asarray(y.data) > 1e15, np.linalg.cond(a) > 1e15)
    with pytest.raises(np.linalg.LinAlgError, match=r"^cond, .*[Ss]ingular"):
        mg.linalg.cond(Tensor(np.zeros((2, 2))), 1)
