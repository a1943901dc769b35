"""A DESFire EV2 card in the field of a reader: ISO 14443-4 blocks, one application, one file.

Written from the card's side and by hand, down to the chaining of AES blocks and their code, so
that the driver is not proved against itself. It can be made to err: `spoil` changes an answer
before it leaves, `leaves_after` takes the card out of the field after so many blocks.
"""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ATS = bytes.fromhex("067577810280")  # frames of 64 bytes, 77 ms for an answer
ZERO = bytes(16)
NO_KEY, LENGTH, DENIED, NO_APPLICATION, WRONG, NO_FILE, ILLEGAL, BAD_CODE = (
    0x40, 0x7E, 0x9D, 0xA0, 0xAE, 0xF0, 0x1C, 0x1E,
)  # fmt: skip
OK, MORE = 0x00, 0xAF


# What cards of the bench hold: a station that is to believe them is given the same.
BENCH_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
BENCH_APPLICATION = 0xF51CD0


class DesfireCard:
    """One card; `challenges` are what it draws, oldest first, else a row of numbers."""

    sak = 0x20

    def __init__(
        self, uid, *, number, key=BENCH_KEY, application=BENCH_APPLICATION, file=0, key_number=0
    ):
        self.uid, self.number, self.key = uid, number, key
        self.application, self.file, self.key_number = application, file, key_number
        self.random = False
        self.challenges, self.drawn = [], 0
        self.spoil = lambda command, answer: answer
        self.leaves_after = None
        self.commands = []
        self.blocks = 0
        self.unpowered()

    def unpowered(self):
        """Forget the session: the field is gone."""
        self.selected = self.waiting = self.session = None
        self.last = b""

    def answer(self, frame):
        """Answer one frame of ISO 14443-4; `None` where the card has left."""
        self.blocks += 1
        if self.leaves_after is not None and self.blocks > self.leaves_after:
            return None
        if frame[0] == 0xE0:
            return self.spoil("RATS", ATS)
        if frame[0] & 0xF6 == 0xB2:  # not acknowledged: once more
            return self.last or None
        if frame[0] & 0xFE != 0x02:
            return None
        self.last = frame[:1] + self._apdu(frame[1:])
        return self.last

    def _apdu(self, apdu):
        if apdu[:1] != b"\x90" or len(apdu) < 6 or len(apdu) != 6 + apdu[4]:
            return b"\x6e\x00"
        command, data = apdu[1], apdu[5:-1]
        self.commands.append(command)
        does = {0x5A: self._select, 0x71: self._first, 0xAF: self._second, 0xBD: self._read}
        status, body = does.get(command, lambda _: (ILLEGAL, b""))(data)
        return self.spoil(command, body + bytes([0x91, status]))

    def _select(self, data):
        self.selected = data == self.application.to_bytes(3, "little")
        self.session = None
        return (OK if self.selected else NO_APPLICATION), b""

    def _first(self, data):
        if not self.selected or data[:1] != bytes([self.key_number]):
            return NO_KEY, b""
        self.drawn += 1
        mine = self.challenges.pop(0) if self.challenges else self.drawn.to_bytes(16, "big")
        self.waiting = mine
        return MORE, chained(self.key, ZERO, mine)

    def _second(self, data):
        mine, self.waiting = self.waiting, None
        if mine is None or len(data) != 32:
            return LENGTH, b""
        both = unchained(self.key, ZERO, data)
        theirs, back = both[:16], both[16:]
        if back != mine[1:] + mine[:1]:
            return WRONG, b""
        ti = bytes.fromhex("9d00c4df")
        # SV1, SV2: label, then bytes 15-14 of theirs, 13-8 xor 15-10 of mine, 9-0, 7-0
        tail = theirs[0:2] + xor(theirs[2:8], mine[0:6]) + mine[6:16] + theirs[8:16]
        enc, mac = (code(self.key, bytes.fromhex(label) + tail) for label in LABELS)
        self.session = [enc, mac, ti, 0]
        plain = ti + theirs[1:] + theirs[:1] + bytes(12)
        return OK, chained(self.key, ZERO, plain)

    def _read(self, data):
        if self.session is None:
            return WRONG, b""
        enc, mac, ti, count = self.session
        self.session = None  # the first mistake ends it; a good command renews it below
        header, sent = data[:7], data[7:]
        counted = bytes([count & 255, count >> 8])
        if sent != code(mac, b"\xbd" + counted + ti + header)[1::2]:
            return BAD_CODE, b""
        if header[0] != self.file:
            return NO_FILE, b""
        self.session = [enc, mac, ti, count + 1]
        after = bytes([count + 1 & 255, count + 1 >> 8])
        iv = chained(enc, ZERO, b"\x5a\xa5" + ti + after + bytes(8))
        room = 16 - len(self.number) % 16
        secret = chained(enc, iv, self.number + b"\x80" + bytes(room - 1))
        return OK, secret + code(mac, b"\x00" + after + ti + secret)[1::2]


LABELS = ("a55a00010080", "5aa500010080")


def chained(key, iv, plain):
    """Encipher blocks, each mixed with the one before it."""
    out = b""
    for at in range(0, len(plain), 16):
        iv = _block(key, xor(plain[at : at + 16], iv))
        out += iv
    return out


def unchained(key, iv, secret):
    """Decipher what `chained` has made."""
    out = b""
    for at in range(0, len(secret), 16):
        block = secret[at : at + 16]
        out += xor(_block(key, block, back=True), iv)
        iv = block
    return out


def code(key, data):
    """Return the AES-CMAC of data. [RFC 4493]"""
    one = _doubled(_block(key, ZERO))
    whole = len(data) % 16 == 0 and data
    last = xor(data[-16:], one) if whole else b""
    if not whole:
        rest = data[len(data) - len(data) % 16 :]
        last = xor((rest + b"\x80").ljust(16, b"\x00"), _doubled(one))
    body = data[:-16] if whole else data[: len(data) - len(data) % 16]
    return chained(key, ZERO, body + last)[-16:]


def xor(one, other):
    """Mix two strings of the same length."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _doubled(block):
    number = int.from_bytes(block, "big") << 1
    return ((number & (1 << 128) - 1) ^ (0x87 if number >> 128 else 0)).to_bytes(16, "big")


def _block(key, data, *, back=False):
    cipher = Cipher(algorithms.AES(key), modes.ECB())
    worker = cipher.decryptor() if back else cipher.encryptor()
    return worker.update(data) + worker.finalize()
