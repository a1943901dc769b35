"""Every order of cards, plugs, back end and power, under every policy that differs."""

from __future__ import annotations

from firmware.sim.leave import Policy, policies
from firmware.sim.order_search import Found, search
from firmware.sim.orders import NAMES
from tools.soak.crowd import Advance, parallel, tell


def orders_of(length: int) -> int:
    """Return how many orders of one to so many events there are, under all policies."""
    return len(policies()) * sum(len(NAMES) ** n for n in range(1, length + 1))


def searched(work: tuple[Policy, int]) -> Found:
    """Search under one policy."""
    policy, length = work
    return search(policy, length, tell)


def orders(length: int, advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems of all orders of up to so many events."""
    work = [(policy, length) for policy in policies()]
    found = parallel(searched, work, advance)
    figures: dict[str, object] = {
        "events": f"{len(NAMES)}: {', '.join(NAMES)}",
        "longest": length,
        "policies": len(work),
        "orders": f"{sum(f.orders for f in found):,}",
        "distinct steps executed": f"{sum(f.steps for f in found):,}",
        "distinct ends played": f"{sum(f.ends for f in found):,}",
        "transactions in them": f"{sum(f.transactions for f in found):,}",
    }
    problems = [
        f"{policy.name}: {problem}"
        for (policy, _), one in zip(work, found, strict=True)
        for problem in one.problems
    ]
    if not problems and sum(f.orders for f in found) != orders_of(length):
        problems.append("orders are missing")
    return figures, problems
