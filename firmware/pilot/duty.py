"""Duty cycle and current of IEC 61851-1, always rounded towards less current."""

from __future__ import annotations

from firmware.model.values import MAX_CURRENT_MA, MIN_CURRENT_MA
from hal.ports import DUTY_X1

DUTY_HLC = 50  # permille: digital communication only, reserved for ISO 15118


def duty_permille(limit_ma: int) -> int:
    """Return the duty that offers `limit_ma` or just under; X1 below 6 A. [61851-1 A.7]"""
    if limit_ma < MIN_CURRENT_MA:
        return DUTY_X1
    limit_ma = min(limit_ma, MAX_CURRENT_MA)
    if limit_ma <= 51_000:
        return limit_ma // 60
    return max(limit_ma // 250 + 640, 850)


def offered_ma(duty: int) -> int:
    """Return what a car may draw at this duty in permille; 0 where none may. [61851-1 A.8]"""
    if duty < 80 or duty > 970:
        return 0
    if duty < 100:
        return MIN_CURRENT_MA
    if duty <= 850:
        return duty * 60
    return min((duty - 640) * 250, MAX_CURRENT_MA)
