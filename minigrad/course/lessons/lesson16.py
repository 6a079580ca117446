"""Lesson 16, the capstone: a protocol that gives an honest number."""

import numpy as np

from minigrad.course.exercise import exercise


def _split(n, share, rng, *, shuffled=True, turned=False, overlap=0):
    order = rng.permutation(n) if shuffled else np.arange(n)
    count = round(n * share)
    validation, training = order[:count], order[count - overlap :]
    return (validation, training) if turned else (training, validation)


def _tried(split):
    training, validation = (np.asarray(part) for part in split(200, 0.15, np.random.default_rng(0)))
    both = np.concatenate([training, validation])
    mixed = float(np.ptp(validation) > 100 and np.ptp(training) > 100)
    return len(training), len(validation), len(np.unique(both)), len(both) - len(np.unique(both)), mixed


def _splits(**how):
    return {"split": lambda *a: _split(*a, **how)}


exercise(
    "16.1",
    lambda split: {
        (
            "the number of training indices",
            "the number of validation indices",
            "the number of different indices",
            "the number of indices in both parts",
            "whether both parts are drawn from the whole set (1 for yes)",
        ): lambda: _tried(split)
    },
    {"split": _split},
    "rng.permutation(n), cut after round(n * share) elements; return the training part first",
    [
        (
            "the parts are swapped: return the training part first; validation gets `share` of the images",
            _splits(turned=True),
        ),
        ("shuffle first: the set may be sorted, by class or by writer", _splits(shuffled=False)),
        (
            "the parts overlap: no image may be in both",
            {"split": lambda n, share, rng: (p := rng.permutation(n), p[: round(n * share)])},
        ),
        ("the parts overlap by some images", _splits(overlap=5)),
        (
            "an index may not be drawn twice: shuffle, and do not draw with replacement",
            {"split": lambda n, s, rng: (rng.integers(0, n, n - round(n * s)), rng.integers(0, n, round(n * s)))},
        ),
    ],
)

exercise(
    "16.2",
    lambda standard_error: {
        "for 99 % of 355 images": lambda: standard_error(0.99, 355),
        "for 90 % of 10 000 images": lambda: standard_error(0.9, 10_000),
    },
    {"standard_error": lambda p, n: np.sqrt(p * (1 - p) / n)},
    "the square root of the variance above",
    [
        ("this is the variance: take its square root", {"standard_error": lambda p, n: p * (1 - p) / n}),
        ("n belongs under the root", {"standard_error": lambda p, n: np.sqrt(p * (1 - p)) / n}),
        (
            "divide by the number of images: this is the spread of a single one",
            {"standard_error": lambda p, n: np.sqrt(p * (1 - p))},
        ),
        ("the factor 1 - p is missing", {"standard_error": lambda p, n: np.sqrt(p / n)}),
        ("the factor p is missing", {"standard_error": lambda p, n: np.sqrt((1 - p) / n)}),
    ],
)

RUNS = {
    "plain": [0.981, 0.985, 0.977],
    "wobble": [0.986, 0.991, 0.991],
    "wide": [0.972, 0.986, 0.996],
    "deep": [0.99, 0.984, 0.983],
}
ORDER = list(RUNS)


def _choose(results, pick=np.median, best=max):
    return best(results, key=lambda name: pick(results[name]))


def _place(choose):
    name = choose({name: list(found) for name, found in RUNS.items()})
    return ORDER.index(name) if name in ORDER else name


exercise(
    "16.3",
    lambda choose: {
        "the place of the chosen recipe": lambda: _place(choose),
        "its place if two recipes are swapped": lambda: ORDER.index(
            choose({"plain": RUNS["wobble"], "wobble": RUNS["plain"]})
        ),
    },
    {"choose": _choose},
    "max(results, key=lambda name: np.median(results[name]))",
    [
        ("the best single run may be luck: compare medians", {"choose": lambda results: _choose(results, np.max)}),
        ("the largest median wins, not the smallest", {"choose": lambda results: _choose(results, best=min)}),
        (
            "return the name of the recipe, not its accuracy",
            {"choose": lambda results: max(np.median(r) for r in results.values())},
        ),
        ("this compares the first run alone: use all seeds", {"choose": lambda results: _choose(results, lambda r: r[0])}),
        ("return one name, not all of them in order", {"choose": lambda results: sorted(results)}),
    ],
)

exercise(
    "16.4",
    lambda summary: {
        ("the median", "the lowest", "the highest"): lambda: summary([0.9915, 0.9944, 0.9859, 0.9944, 0.9831]),
        ("the median of four", "the lowest of four", "the highest of four"): lambda: summary([0.97, 0.99, 0.98, 0.95]),
    },
    {"summary": lambda found: (np.median(found), min(found), max(found))},
    "np.median, min and max",
    [
        (
            "this is the mean: one bad seed pulls it down",
            {"summary": lambda found: (np.mean(found), min(found), max(found))},
        ),
        (
            "sort before you take the one in the middle",
            {"summary": lambda found: (found[len(found) // 2], min(found), max(found))},
        ),
        (
            "with an even number of seeds, the median is the mean of the two in the middle",
            {"summary": lambda found: (sorted(found)[len(found) // 2], min(found), max(found))},
        ),
        ("this reports the best seed: give the median", {"summary": lambda found: (max(found), min(found), max(found))}),
        ("return the lowest before the highest", {"summary": lambda found: (np.median(found), max(found), min(found))}),
    ],
    rtol=1e-4,
)
