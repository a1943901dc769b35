"""Measurements: reaction of the pilot process, to every fault, cost of a step, memory and idle."""
