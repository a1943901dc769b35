"""What a meter was given against what its driver read of it, within the map's resolution."""

from tools.played.coding import OURS

FLOAT_ERROR = 2**-23  # of 32 bits, relative
PHASES = ("l1", "l2", "l3")


def wrong(registers, read, told):
    """Return a line for each quantity that was not read as it was told, in V, A, W and Wh."""
    lines = []
    if registers.phases == 1:
        told = dict.fromkeys(quantities(read), 0) | told | {"power_l1": told["power"]}
    for name, ours in quantities(read).items():
        given = told.get(name)
        if ours is None or given is None:
            assert (ours, given).count(None) == 2 or name.startswith("voltage"), name
            continue
        exact = given * OURS[name.split("_")[0]]
        value = registers.values.get(name)
        step = value.factor / 2 if value and value.coding[0] != "f" else abs(exact) * FLOAT_ERROR
        if abs(ours - exact) > step + 0.5:
            lines.append(f"{name}: given {exact}, read {ours}")
    return lines


def quantities(read):
    """Return what was read by the names of a map, in mV, mA, W and Wh."""
    triples = {"voltage": read.voltages_mv, "current": read.currents_ma, "power": read.powers_w}
    named = {
        f"{kind}_{phase}": values and values[n]
        for kind, values in triples.items()
        for n, phase in enumerate(PHASES)
    }
    return named | {"power": read.power_w, "energy": read.energy_wh}
