"""The other side of the bench: a car of resistors and relays on a second Pi; docs/bench.md."""
