"""Faults made on purpose in the pilot room: each must be found by one of its fast tests."""
