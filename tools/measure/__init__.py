"""Measurements: reaction of the pilot process, cost of a step, memory and idle of each process."""
