"""The other end of an SPI bus: what a chain of WS2812 lights makes of the pulses."""

BIT_NS = 1_000_000_000 / 2_400_000
RESET_NS = 280_000


class Lights:
    """A bus device as the driver wants it, which keeps the frames that lights would show."""

    def __init__(self):
        self.shown = []
        self.transfers = []
        self.broken = False
        self.opened = 0
        self.closed = 0

    def open(self):
        """Open the bus, as the function that the driver is given."""
        if self.broken:
            raise OSError(19, "No such device")
        self.opened += 1
        return self

    def writebytes2(self, data):
        """Take one transfer."""
        if self.broken:
            raise OSError(5, "Input/output error")
        self.transfers.append(len(data))
        self.shown.append(colours(data))

    def close(self):
        """Count it."""
        self.closed += 1


def colours(data):
    """Return the colours in the pulses of one transfer, each checked against the data sheet.

    WS2812B: high for 250 to 550 ns is a 0, for 650 to 950 ns a 1; a bit takes 1.25 us +- 600 ns.
    """
    levels = "".join(f"{byte:08b}" for byte in data)
    wave = levels.lstrip("0").rstrip("0") + "0"
    head, tail = levels.index("1") if "1" in levels else 0, len(levels) - len(levels.rstrip("0"))
    assert min(head, tail) * BIT_NS >= RESET_NS, (head, tail)
    bits = []
    for pulse in wave.replace("01", "0 1").split():
        high_ns, whole_ns = pulse.count("1") * BIT_NS, len(pulse) * BIT_NS
        assert 250 <= high_ns <= 550 or 650 <= high_ns <= 950, pulse
        assert whole_ns <= 1_850, pulse
        bits.append("1" if high_ns > 600 else "0")
    text = "".join(bits)
    assert len(text) % 24 == 0, len(text)
    data = bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))
    return tuple((data[i + 1], data[i], data[i + 2]) for i in range(0, len(data), 3))
