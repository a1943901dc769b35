"""The lexicographic max-min optimum by a chain of linear programs, which shares no thought with
the filling: slow, and for small sites."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from firmware.dlm.allocate import allocate
from firmware.dlm.claims import Policy
from firmware.dlm.tree import tree_of
from tests.pure.dlm_sites import below, left, site

LOOSE_A = 1e-7  # so that the solver's own errors make nothing infeasible


def optimum_ma(fuses, claims):
    """Return the best shares of claims that are all served, mA.

    Raise the level of all who are not fixed as high as it goes; a price on a claim's level says
    that it is as high in every solution, so it is fixed there; and again.
    """
    rows, caps = _places(fuses, claims)
    weights = np.array([c.weight for c in claims], float)
    bounds = [(c.least_ma / 1_000, c.most_ma / 1_000) for c in claims]
    free = list(range(len(claims)))
    while free:
        levels = np.zeros((len(free), len(claims) + 1))
        for row, n in enumerate(free):
            levels[row, n], levels[row, -1] = -1, weights[n]
        solved = linprog(
            [0] * len(claims) + [-1],
            A_ub=np.vstack((np.hstack((rows, np.zeros((len(rows), 1)))), levels)),
            b_ub=np.concatenate((caps + LOOSE_A, np.zeros(len(free)))),
            bounds=[*bounds, (0, None)],
        )
        assert solved.success, solved.message
        prices = solved.ineqlin.marginals[len(rows):]  # fmt: skip
        done = [n for n, price in zip(free, prices, strict=True) if price < -LOOSE_A]
        assert done, "a level that nobody holds down"
        for n in done:
            low, high = bounds[n]
            best = min(max(weights[n] * solved.x[-1], low), high)
            bounds[n] = (max(best - 10 * LOOSE_A, low), best)
        free = [n for n in free if n not in done]
    return [high * 1_000 for _, high in bounds]


def _places(fuses, claims):
    rows, caps = [], []
    for fuse in fuses:
        behind = below(fuses, fuse.name, claims)
        for line in range(3):
            rows.append([float(c in behind and line in c.lines) for c in claims])
            caps.append(fuse.limit_ma[line] / 1_000)
    return np.array(rows), np.array(caps)


def distance_ma(seed):
    """Return how far the worst grant of a small site is from the optimum, 0 without a claim."""
    fuses, claims = site(seed, points=(2, 12))
    grants = allocate(tree_of(fuses), claims, left(fuses), Policy(step_ma=1), 900_000)
    served = [c for c in claims if grants[c.point].limit_ma]
    best_ma = optimum_ma(fuses, served) if served else []
    return max(
        (abs(grants[c.point].limit_ma - ma) for c, ma in zip(served, best_ma, strict=True)),
        default=0,
    )
