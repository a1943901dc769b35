"""Random sites: no fuse is exceeded, the certificate holds, the optimum is met, sending is safe.

A slice; `python -m tools.soak --only allocation` plays all.
"""

from firmware.dlm.allocate import allocate
from firmware.dlm.claims import Policy
from firmware.dlm.tree import tree_of
from tests.pure.dlm_optimum import distance_ma
from tests.pure.dlm_sending import sent
from tests.pure.dlm_sites import judged, left, problems, site, uncertified

SITES, OPTIMA, SENDINGS = 300, 60, 100
LONG_DESCENTS = (822, 2117)  # the caps of the imbalance limit do not settle there


def test_on_random_sites_every_grant_is_within_every_bound_and_certified():
    assert [problem for seed in (*range(SITES), *LONG_DESCENTS) for problem in judged(seed)] == []


def test_small_sites_meet_the_lexicographic_optimum_within_a_milliampere():
    assert [seed for seed in range(OPTIMA) if distance_ma(seed) > 1] == []


def test_the_judge_finds_a_milliampere_too_much_and_one_that_could_have_more():
    policy = Policy(step_ma=1)
    fuses, claims = site(4, points=(6, 6))
    grants = allocate(tree_of(fuses), claims, left(fuses), policy, 0)
    assert problems(fuses, claims, grants, policy) == uncertified(fuses, claims, grants) == []
    point = next(p for p, grant in grants.items() if grant.fuse and grant.limit_ma)
    for by_ma, judge in ((10, lambda g: problems(fuses, claims, g, policy)),
                         (-20, lambda g: uncertified(fuses, claims, g))):  # fmt: skip
        load = grants[point].load
        wrong = grants[point]._replace(load=load._replace(limit_ma=load.limit_ma + by_ma))
        assert judge(grants | {point: wrong}) != []


def test_no_fuse_is_exceeded_at_any_time_while_limits_are_on_the_way():
    assert [problem for seed in range(SENDINGS) for problem in sent(seed)] == []
