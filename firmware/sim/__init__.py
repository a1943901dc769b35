"""Simulated worlds: virtual time, back ends, cars and checkers. Ships with the product."""
