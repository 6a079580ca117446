"""Example calls of NumPy's and SciPy's functions: a line for each function, and in it calls, parted by bars.

Each float and each array of floats in a call is a place for a tensor, unless it stands in c(...). `test_whole_numpy` puts a
tensor into each in turn, and into all at once. NumPy does not look for tensors in d(...): there one counts only beside others,
and is refused alone. A line may be for several
functions. One in RECORDED is right to finite differences in every place; one in CONSTANT gives what NumPy
gives for plain arrays; in REFUSED, every place is refused in words, or warned of if it holds a single number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special

from minigrad import Tensor

_rng = np.random.default_rng(12)


def some(*shape: int) -> Any:
    """Elements of both signs, none of them near 0, 1 or -1, and no two near each other."""
    n = int(np.prod(shape))
    x = np.linspace(-1.9, 1.9, n + 1)[:n] + 0.03
    return _rng.permutation(np.where(np.abs(np.abs(x) - 1) < 0.04, x * 1.1, x)).reshape(shape)


def c(x: Any) -> Any:
    """A value that is no place for a tensor."""
    return x


def d(x: Any) -> Any:
    """A place that NumPy does not look at, unless there is a tensor in another one."""
    return x


def t(x: Any) -> Any:
    return Tensor(x)


def sym(x: Any) -> Any:
    return x + x.T.conj()


def spd(x: Any) -> Any:
    return x @ x.T.conj()


A, B, CUBE, V, W, S = some(2, 3), some(2, 3), some(2, 3, 4), some(4), some(4), some(3, 3) + 2 * np.eye(3)
P, Q, J, R, T = np.abs(some(2, 3)) + 0.5, np.abs(some(4)) + 0.5, some(2, 3) / 2.3, some(3), some(4, 3)
HOLES = np.where(np.arange(6).reshape(2, 3) == 4, np.nan, A)
UP = np.array([-1.5, -0.4, 0.3, 1.9])
Z, ZS = A + 1j * B, S + 0.5j * S.T
M, MV, K = np.array([[True, False, True], [True, True, False]]), np.array([True, False, True, True]), np.arange(4)
SPACE: dict[str, Any] = {name: x for name, x in vars().items() if name.isupper()}
SPACE |= {"c": c, "d": d, "t": t, "sym": sym, "spd": spd, "np": np, "scipy": scipy, "f4": np.float32, "f8": np.float64}

RECORDED = """
absolute: A | Z
add: A, B | A, Z | A, 2.5 | A, B, dtype=f8
subtract: A, B
multiply: A, B | A, A | Z, Z
divide: A, P | A, Z
power: P, B | A, 2
float_power: P, B
maximum: A, B
minimum: A, B
fmax: A, B
fmin: A, B
logaddexp: A, B
logaddexp2: A, B
hypot: A, B
arctan2: A, B
remainder: A, P
fmod: A, P
floor_divide: A, P
copysign: A, B
divmod: A, P
modf: A
negative: A
positive: A
reciprocal: P
square: A
sqrt: P | Z
cbrt: P
fabs: A
sign: A
floor: A
ceil: A
trunc: A
rint: A
exp: A | Z
exp2: A
expm1: A
log: P | Z
log1p: P
log2: P
log10: P
sin: A | Z
cos: A
tan: J
arcsin: J
arccos: J
arctan: A
sinh: A
cosh: A
tanh: A
arcsinh: A
arccosh: P + c(1.0)
arctanh: J
deg2rad: A
rad2deg: A
degrees: A
radians: A
matmul: A, S | Z, ZS | R, S | CUBE, V | S, S, axes=[(1, 0), (0, 1), (0, 1)]
vecdot: A, B | A, B, axis=0
matvec: A, R
vecmat: R, S

sum: A | Z, 0 | A, 0 | A, 1, keepdims=True | A, where=M | A, axis=0, where=M, initial=d(2.5) | A, initial=d(0.5), dtype=f8
prod: A | A, 0 | A, axis=(0, 1), keepdims=True | A, where=M, initial=d(1.5) | A, axis=1, where=M, dtype=f8
mean: A | Z, 1 | A, 0 | A, axis=1, keepdims=True, where=M | A, dtype=f8, where=M
max: A | A, 0 | CUBE, (0, 2), keepdims=True | A, initial=d(0.5) | A, axis=1, where=M, initial=d(-2.5)
min: A | A, 0 | A, axis=1, where=M, initial=d(0.25) | A, keepdims=True, initial=d(-0.5)
amax: A, 0, keepdims=True, where=M, initial=d(0.5)
amin: A, 0, keepdims=True, where=M, initial=d(0.5)
std: A | A, 0, ddof=1 | A, axis=1, where=M, keepdims=True | A, mean=0.5 | A, axis=0, correction=1 | A, dtype=f8, where=M
var: A | A, 0, ddof=1 | A, where=M, axis=0, keepdims=True | A, axis=1, mean=P[:, :1] | A, axis=1, correction=1, where=M | A, dtype=f8
ptp: A | A, 0 | A, axis=1, keepdims=True
cumsum: A | A, 1 | A, axis=0, dtype=f8
cumprod: A | A, 1 | A, axis=0, dtype=f8
nansum: HOLES | HOLES, 0 | HOLES, axis=1, where=M, initial=d(0.5), keepdims=True | A, dtype=f8
nanprod: HOLES | HOLES, 0 | HOLES, axis=1, where=M, initial=d(0.5) | A, dtype=f8
nanmean: HOLES | HOLES, 0 | HOLES, axis=1, where=M, keepdims=True | HOLES, dtype=f8
nanmax: HOLES | HOLES, 0 | HOLES, axis=1, where=M, initial=d(-3.0), keepdims=True
nanmin: HOLES | HOLES, 0 | HOLES, axis=1, where=M, initial=d(-0.5)
nanstd: HOLES | HOLES, 0 | HOLES, axis=1, ddof=1, keepdims=True | HOLES, where=M, mean=d(0.5) | HOLES, dtype=f8, correction=1
nanvar: HOLES | HOLES, 0 | HOLES, axis=1, where=M, keepdims=True | HOLES, mean=d(0.5) | HOLES, dtype=f8, correction=1
nancumsum: HOLES | HOLES, 1 | HOLES, axis=0, dtype=f8
median: A | A, 0 | CUBE * c(1), axis=(0, 2), keepdims=True, overwrite_input=True
nanmedian: HOLES | HOLES, 0 | HOLES, axis=1, keepdims=True
quantile: A, c(0.3) | A * c(1), c(0.3), 1, method="inverted_cdf", weights=c(P), overwrite_input=True | A, c([0.2, 0.7]), 1 | A, c(0.4), axis=0, method="hazen", keepdims=True
percentile: A * c(1), c(30.0), keepdims=True, overwrite_input=True | A, c(30.0), 1, weights=c(P), method="inverted_cdf" | A, c(30.0), axis=1, method="weibull"
nanquantile: HOLES * c(1), c(0.3), overwrite_input=True | HOLES, c(0.3), 1, weights=c(P), method="inverted_cdf" | HOLES, c(0.4), 1, keepdims=True
nanpercentile: HOLES * c(1), c(30.0), 1, method="hazen", keepdims=True, overwrite_input=True | HOLES, c(30.0), 1, weights=c(P), method="inverted_cdf"
average: A | A, 0 | A, weights=P | A, 1, Q[:3], keepdims=True | A, weights=P, axis=0, returned=True
cov: A | A, B | T, rowvar=False, bias=True | T, ddof=0 | A, fweights=c([1, 3, 2]) | T, rowvar=False, aweights=Q | A, dtype=f8
corrcoef: A | A, B | T, rowvar=False, dtype=f8

reshape: A, (3, 2) | A, -1 | A, (3, 2), "F" | A, (3, 2), order="A", copy=True | A.T, (2, 3), order="A"
ravel: A | A, "F" | A.T, order="K" | A, order="A"
squeeze: CUBE[:1] | CUBE[:1], 0
expand_dims: A, 0 | A, axis=(0, 2)
broadcast_to: A, (2, 2, 3) | A, shape=(2, 3), subok=True
transpose: CUBE | CUBE, (2, 0, 1)
swapaxes: CUBE, 0, 2
moveaxis: CUBE, 0, -1 | CUBE, source=(0, 1), destination=(1, 2)
flip: A | A, 0
roll: A, 2 | A, shift=1, axis=1
tril: S | S, 1
triu: S | S, k=-1
diag: R | S, 1
diagonal: S | CUBE, 1, 0, 2
trace: S | CUBE, offset=1, axis1=0, axis2=2 | S, dtype=f8
take: A, c([1, 0]) | A, c([1, 5, 7]), mode="wrap" | A, c([1, 2]), axis=1, mode="clip"
take_along_axis: A, np.array([[0, 1, 1]]), 0 | A, np.array([3, 1]), axis=None
repeat: A, 2 | A, c([1, 2]), axis=0
tile: A, 2 | A, reps=(2, 1)
pad: A, 1 | A, ((0, 1), (2, 0)), "constant", constant_values=d(0.5) | A, 1, constant_values=((d(0.5), 1), (c(2.5), 3)) | A, 1, mode="edge" | A, 1, mode="reflect" | A, 2, mode="symmetric" | A, 1, mode="wrap" | A, 1, mode="reflect", reflect_type="odd" | A, 2, mode="symmetric", reflect_type="odd" | A, 2, mode="linear_ramp" | A, ((1, 2), (3, 1)), mode="linear_ramp", end_values=d(0.5) | A, 1, mode="mean" | A, 2, mode="mean", stat_length=2 | A, 1, mode="maximum", stat_length=((1, 2), (3, 1)) | A, 1, mode="minimum" | A, 1, mode="median"
concatenate: [A, B] | [A, B], 1 | [A, B], axis=None, dtype=f8 | (A, B), axis=0, casting="same_kind"
stack: [A, B] | [A, B], 1 | [A, B], axis=-1, dtype=f8, casting="same_kind"
hstack: [A, B] | [A, B], dtype=f8, casting="no"
vstack: [A, B] | [A, B], dtype=f8, casting="safe"
dstack: [A, B]
column_stack: [A, V[:2]]
append: A, B | A, 2.5 | A, values=B, axis=1
split: A, 2 | A, c([1]), axis=1
where: M, A, B | c(A > 0), A, 2.5
select: [c(A > 1), c(A < 0)], [A, B], d(0.5)
clip: A, -0.5, 0.7 | A, a_min=-0.5, a_max=0.7 | A, min=-0.5, max=P | A, None, 0.7
round: A | A, 1
around: A, decimals=1
astype: A, f8 | A, f8, copy=False
full_like: A, d(2.5) | A, d(2.5), dtype=f8, order="K", shape=(4,)
sort: A | A, 0 | A, axis=None, kind="stable" | A, stable=True
diff: A | A, 2, 1 | A, axis=0, prepend=B, append=0.5
trapezoid: A | A, B | A, dx=0.5, axis=0
interp: A, UP, V | A, UP, V, period=c(5.0)
linspace: -0.5, 2.5, 5 | A, B, 4, endpoint=False, axis=1 | A, 2.5, num=3, retstep=True | 0.5, 1.5, 3, dtype=f8
logspace: 0.5, 1.5, 4 | 0.5, B, 3, base=2.5, endpoint=False, dtype=f8, axis=1
geomspace: 0.5, 2.5, 4 | 0.5, P, 3, endpoint=False, dtype=f8, axis=1
meshgrid: V, R | V, R, sparse=True, indexing="ij", copy=False
nan_to_num: HOLES | HOLES, nan=d(0.5), posinf=c(1.0), neginf=c(2.0), copy=True
convolve: V, R | V, R, "same" | Z[0], V
correlate: V, R | V, R, mode="full" | Z[0], Z[1] | V, Z[0], "same" | Z[0], Z[1, :2]
cross: R, T | A.T, B.T, axis=0 | A.T, T[:2], axisa=0, axisb=1, axisc=0
dot: A, S | R, R | A, 2.5
inner: A, B | A, R
outer: V, R
vdot: A, B | Z, Z
kron: A, B
tensordot: A, S, 1 | A, B, axes=((0, 1), (0, 1))
einsum: "ij,jk->ik", A, S | "ij,jk->ik", Z, ZS | "ij,ij", A, B, optimize="greedy" | A, [0, 1], S, [1, 2], [0, 2] | A, [0, 1], B, [0, 1] | A, [..., 0], R, [0], [...], optimize=True
vander: R | V, 3, True | R, N=2, increasing=False

apply_along_axis: c(np.sum), 0, A
apply_over_axes: c(np.sum), CUBE, (0, 2)
array_split: V, 3 | A, c([1]), axis=1
atleast_1d: 2.5 | A, 0.5
atleast_2d: V | 0.5, V
atleast_3d: V, A
block: [[A, B], [B, A]] | [A, B]
broadcast_arrays: A, R
choose: c([0, 1, 0]), [R, P[0]] | c([0, 3, 1]), [R, P[0]], mode="clip"
compress: c([True, False]), A | c([True, False, True]), A, axis=1
conjugate: A | Z
conj: Z
real: A | Z
imag: A | Z
angle: A | Z, deg=True
real_if_close: A | Z, tol=c(50.0)
copy: A | A, order="C"
cumulative_prod: V | A, axis=1, include_initial=True, dtype=f8
cumulative_sum: V | A, axis=1, include_initial=True, dtype=f8
delete: A, 1 | A, c([0, 2]), axis=1
diagflat: V | V, k=1
dsplit: CUBE, 2
ediff1d: V | V, to_end=0.5, to_begin=W
extract: M, A
fix: A
fliplr: A
flipud: A
frexp: A
gradient: V | A, 0.5, axis=0 | CUBE[:, :1] * A[..., None], 0.5, axis=1, edge_order=2 | V, UP, edge_order=1
heaviside: A, 0.5
hsplit: A, c([1])
i0: A
insert: A, 1, 2.5 | A, c([0, 2]), B[:, :2], axis=1
ldexp: A, 2
matrix_transpose: CUBE
nancumprod: HOLES | HOLES, 1 | HOLES, axis=0, dtype=f8
partition: V, 2 | A, kth=1, axis=0, kind="introselect"
piecewise: A, [M], [d(2.5), d(-0.5)]
poly: R
polyadd: R, V
polyder: V | V, m=2
polydiv: V, R
polyfit: UP, V, 2 | UP, V, 1, w=Q, rcond=c(1e-9) | UP, V, 1, full=True | UP, V, 1, cov=True
polyint: V | V, m=2, k=d(W)[:2]
polymul: R, V
polysub: R, V
polyval: V, A
resize: A, (3, 3)
rollaxis: CUBE, 2 | CUBE, axis=2, start=1
rot90: A | A, k=2, axes=(1, 0)
sinc: A
trim_zeros: V | V, trim="f", axis=0
unstack: A | A, axis=1
unwrap: V * c(3.0) | V, discont=c(0.5), axis=0, period=c(1.3)
vsplit: A, 2

fft.fftfreq: 4, 0.5, device="cpu"
fft.rfftfreq: 4, 0.5, device="cpu"
fft.fft fft.ifft: V | R, 5 | Z, n=2, axis=0, norm="ortho"
fft.rfft fft.ihfft: V | R, 5 | A, n=2, axis=0, norm="ortho" | A, 2, norm="forward"
fft.irfft fft.hfft: V | R, 5 | Z, n=3, axis=0, norm="ortho" | Z, 1
fft.fft2 fft.ifft2 fft.irfft2: A | Z, s=(2, 4), axes=(1, 0), norm="forward"
fft.rfft2 fft.rfftn: A | A, s=(2, 4), axes=(1, 0), norm="forward"
fft.fftn fft.ifftn fft.irfftn: CUBE | Z, s=(3, -1), axes=(0, 1), norm="ortho" | CUBE, axes=(0, 2, 0)
fft.fftshift fft.ifftshift: V | Z | CUBE, axes=(0, -1) | CUBE, 1

linalg.inv: S | ZS
linalg.solve: S, R | ZS, R | S, T.T
linalg.det: S | ZS
linalg.slogdet: S | ZS
linalg.pinv: T | ZS[:2] | ZS, hermitian=True | T, c(1e-9) | T, rtol=c(1e-9) | sym(S), hermitian=True | sym(S), c(1e-9), True
linalg.lstsq: T, V | ZS[:, :2], R | T, V, c(1e-9)
linalg.matrix_power: S, 3 | S, -2
linalg.multi_dot: [A, S, T.T]
linalg.cholesky: spd(S) | spd(S), upper=True | spd(ZS) | spd(ZS), upper=True
linalg.eig: sym(S)
linalg.eigvals: S | ZS
linalg.eigh: sym(S) | sym(S), "U"
linalg.eigvalsh: sym(S) | sym(ZS) | sym(S), UPLO="U"
linalg.qr: T | ZS | ZS[:, :2] | ZS[:2] | T, "r" | S, mode="complete"
linalg.svd: T, False | ZS, compute_uv=False | ZS, compute_uv=False, hermitian=True | T, full_matrices=False, compute_uv=False | sym(S), hermitian=True | T, False, False, False
linalg.svdvals: T | ZS
linalg.norm: A | Z, "nuc" | Z, 2 | A, "fro" | A, "nuc" | A, 2 | A, -2 | A, 1 | A, -1 | A, np.inf | A, -np.inf | A, 3, 1, True | A, c(0.5), axis=0 | A, axis=(0, 1), keepdims=True | V, np.inf | CUBE, 2, (0, 2), keepdims=True | CUBE
linalg.matrix_norm: CUBE | CUBE, ord="nuc", keepdims=True
linalg.vector_norm: CUBE | CUBE, axis=(0, 1), ord=3, keepdims=True
linalg.outer: V, R
linalg.cross: R, T | A.T, B.T, axis=0
linalg.matmul: A, S
linalg.tensordot: A, B, axes=2
linalg.cond: S | ZS | ZS, 1 | S, 1 | S, p=np.inf
linalg.diagonal: S | CUBE, offset=1
linalg.matrix_transpose: CUBE
linalg.tensorinv: S.reshape(3, 1, 3), ind=1
linalg.tensorsolve: S, R | S.reshape(3, 1, 3), R.reshape(3, 1), axes=(0,)
linalg.trace: S | CUBE, offset=1, dtype=f8
linalg.vecdot: A, B | A, B, axis=0

special.erf special.erfc special.erfcx special.erfi special.dawsn special.ndtr special.log_ndtr special.expit special.log_expit special.sinc special.exp2 special.exp10 special.expm1 special.exprel: A
special.cosm1 special.sindg special.cosdg special.wrightomega special.cbrt special.expi special.j0 special.j1 special.i0 special.i1 special.i0e special.i1e special.airy special.shichi special.fresnel special.round: A
special.log1p special.entr special.gammaln special.loggamma special.spence special.gamma special.rgamma special.gammasgn special.digamma special.psi special.y0 special.y1 special.k0 special.k1 special.k0e special.k1e special.exp1 special.sici: P
special.tandg special.cotdg: P * c(40.0)
special.erfinv: J
special.erfcinv: J + c(1.0)
special.ndtri special.logit: (J + c(1.0)) / c(2.0)
special.ndtri_exp: -P
special.beta special.betaln special.poch special.xlogy special.rel_entr special.kl_div special.binom: P, P[0]
special.xlog1py: A, P
special.owens_t: A, B
special.powm1 special.boxcox special.boxcox1p: P, B
special.inv_boxcox special.inv_boxcox1p: J, J[0]
special.huber special.pseudo_huber: P, A
special.jv special.yv special.kv special.iv special.ive special.kve: c(2.0), P
special.yn special.kn: 2, P
special.eval_legendre special.eval_chebyt special.eval_chebyu special.eval_hermite special.eval_hermitenorm special.eval_laguerre: 2, A
special.eval_gegenbauer special.eval_genlaguerre: 2, c(0.7), A
special.eval_jacobi: 2, c(0.7), c(1.3), J
special.expn: 3, P
special.gammainc special.gammaincc: c(1.5), P
special.gammaincinv special.gammainccinv: c(1.5), (J + c(1.0)) / c(2.0)
special.betainc special.betaincinv: c(1.5), c(2.5), (J + c(1.0)) / c(2.0)
special.hyp0f1: c(1.5), P
special.hyp1f1 special.hyperu: c(1.5), c(2.5), P
special.hyp2f1: c(1.5), c(2.5), c(3.5), J
special.zeta: c(2.5), P
"""

CONSTANT = """
argmax: A | A, 1 | A, axis=0, keepdims=True
argmin: A | A, 1 | A, axis=0, keepdims=True
argsort: A | A, 0 | A, axis=None, kind="stable" | A, stable=True
any: A | A, 0 | A, axis=1, keepdims=True, where=M
all: A | A, 0 | A, axis=1, keepdims=True, where=M
equal: A, B
not_equal: A, B
less: A, B
less_equal: A, B
greater: A, B
greater_equal: A, B
logical_and: A, B
logical_or: A, B
logical_not: A
logical_xor: A, B
isnan: A
isinf: A
isfinite: A
signbit: A
isclose: A, B | A, B, 0.5, 0.25
allclose: A, B | A, B, rtol=0.5, atol=0.25
array_equal: A, B | A, B, equal_nan=True
array_equiv: A, B
argwhere: A
nonzero: A
flatnonzero: A
count_nonzero: A | A, 0 | A, axis=1, keepdims=True
searchsorted: UP, A | UP, A, "right" | V, 0.5, sorter=c(np.argsort(V))
digitize: A, UP | A, UP, True
isin: A, B | A, B, assume_unique=True, invert=True
shape: A
ndim: A
size: A | A, 1
zeros_like: A | A, dtype=f4, order="K", subok=True, shape=(2,)
ones_like: A | A, dtype=f4, order="K", subok=True, shape=(2,)
empty_like: A, shape=(0, 2) | A, dtype=f4, order="K", subok=True, shape=0
result_type: A, f4
can_cast: A[0], f4
iscomplexobj: A
isrealobj: A
array2string: A | A, 60, 3
array_repr: A | A, 60
array_str: A | A, 60
shares_memory: A, B
may_share_memory: A, B
linalg.matrix_rank: S | S, c(0.5) | S, hermitian=True
argpartition: V, 2 | A, 1, axis=0, kind="introselect"
bitwise_and: K, 3
bitwise_or: K, 3
bitwise_xor: K, 3
bitwise_count: K
invert: K
left_shift: K, 1
right_shift: K, 1
gcd: K, 4
lcm: K, 4
isneginf: A
isposinf: A
isreal: A
iscomplex: A
unravel_index: K, (2, 2)
ravel_multi_index: c(([0, 1], [1, 0])), (2, 2)
tril_indices_from: S | S, k=1
triu_indices_from: S | S, k=1
diag_indices_from: S
einsum_path: "ij,jk", A, S
min_scalar_type: 2.5
common_type: A, B
spacing: A
nanargmax: HOLES | HOLES, 1
nanargmin: HOLES | HOLES, 1
lexsort: (V, W) | (V, W), 0
"""

REFUSED = """
array: A | [A, B] | [0.5, 2.5]
asarray: A
asanyarray: A
asarray_chkfinite: A
ascontiguousarray: A
asfortranarray: A
asmatrix: A
require: A
bmat: [[A, B]]
from_dlpack: A
fromiter: V, f8
arange: 2.5 | 0.5, 2.5, 0.25
full: (2,), 2.5 | (3,), R
copyto: c(A.copy()), B
fill_diagonal: c(S.copy()), 2.5
place: c(A.copy()), M, R
putmask: c(A.copy()), M, B
put: c(A.copy()), [0], 2.5
put_along_axis: c(A.copy()), c(np.array([[0, 1, 1]])), 2.5, 0
ix_: V, R
nextafter: A, B
histogram: V | V, UP | c(V), 3, weights=Q
histogram2d: V, W
histogramdd: T
histogram_bin_edges: V
bincount: K, Q
unique: A
unique_all: A
unique_counts: A
unique_inverse: A
unique_values: A
union1d: A, B
intersect1d: A, B
setdiff1d: A, B
setxor1d: A, B
save: "/dev/null", A
savez: c("/dev/null"), A
savez_compressed: c("/dev/null"), A
savetxt: c("/dev/null"), A
format_float_positional: 2.5
format_float_scientific: 2.5
kaiser: 5, 2.5
roots: R
sort_complex: V
linalg.norm: t(V), 2.5
"""

# Nothing that could be differentiated goes in: sizes and shapes, dtypes, files, settings, integers, strings, functions.
ELSEWHERE = """
base_repr binary_repr bartlett blackman broadcast_shapes busday_count busday_offset datetime_as_string datetime_data
diag_indices empty eye frombuffer fromfile fromfunction frompyfunc fromregex fromstring genfromtxt get_include
get_printoptions getbufsize geterr geterrcall hamming hanning identity indices info is_busday isdtype isfortran isnat isscalar
issubdtype iterable load loadtxt mask_indices mintypecode nested_iters ones packbits printoptions promote_types row_stack
set_printoptions setbufsize seterr seterrcall show_config show_runtime test tri tril_indices triu_indices typename unpackbits
zeros linalg.test fft.test
"""

# Single results that have no gradient beside others that have one.
PARTS = {"linalg.slogdet", "linalg.lstsq", "frexp", "polyfit"}
