"""How the tests inside read an MCP3208, and the wave that they put on a pilot line."""

from tools.uml import outside

HIGH, LOW, MIDDLE = 3_276, 409, 2_048
PILOT = 1  # the channel
DUTIES_PERMILLE = (100, 266, 530, 890)
_WITHIN_PERMILLE = 30


def code(converter, channel):
    """Return one conversion."""
    answer = converter.xfer2([0x06 | channel >> 2, (channel & 3) << 6, 0])
    return (answer[1] & 0x0F) << 8 | answer[2]


def burst(converter, channel, count=1_000):
    """Return many conversions, one after the other."""
    return [code(converter, channel) for _ in range(count)]


def share_permille(codes):
    """Return how many of a thousand lie on the upper plateau."""
    return 1_000 * sum(code > MIDDLE for code in codes) / len(codes)


def matches(codes, duty_permille):
    """Tell whether both plateaus are there, each for its share where time travels.

    In real time the guest's tick steals from one phase of each period, and a busy host from any.
    """
    both = {code > MIDDLE for code in codes} == {False, True}
    near = abs(share_permille(codes) - duty_permille) <= _WITHIN_PERMILLE
    return both and (near or not outside.TIME_TRAVEL)
