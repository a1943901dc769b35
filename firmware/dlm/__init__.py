"""Load management: who may draw how much behind shared fuses. Begin with `allocate`.

`phases` maps outlets to the grid, `tree` holds the fuses, `headroom` says what is left of them,
`demand` learns what a car takes, `allocate` shares it out, `changes` orders the sending.
"""
