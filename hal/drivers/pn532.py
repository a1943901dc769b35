"""A PN532 card reader on a serial port, through nfcpy.

Nothing is opened before the first `poll`: a reader that is dead when the station starts is a
fault of the reader, and the next calls look for it again. Every exchange has a deadline of its
own, because the library waits per byte and would follow a babbling line for ever.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import struct
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import nfc
import nfc.clf
import nfc.clf.pn532
import nfc.tag
import nfc.tag.tt4
from nfc.clf.transport import TTY

from hal.drivers.desfire import BLOCK_BYTES, Unproved, proved_id
from hal.ports import CardKey, CardRead, HardwareSilent

OPEN_MS = 2_500  # on a Pi the library gives a USB adapter 1.5 s for its first byte
SENSE_MS = 600  # one look for a card and its repetition; [PN532 UM 7.3.5] usual: 20 ms
PROOF_MS = 1_500  # for five answers of a card, each given 77 ms, and six tries of one of them
PROOF_TRIES = 3  # of a card that leaves in the middle, before it counts as one without a proof
CLOSE_MS = 200
PERIOD_MS = 100
ABSENT_SENSES = 2  # so often nothing, and the card was taken away
BACK_OFF_MS = (0, 250, 500, 1_000, 2_000, 5_000)

_SLOW_BD = 115_200
_FAST_BD = (921_600, 460_800, 230_400)  # what the library may have raised the speed to
_ACK = bytes.fromhex("0000ff00ff00")
_UID_BYTES = (4, 7, 10)  # [ISO 14443-3 6.5.4] single, double, triple
_ISO_DEP = 0x20  # [ISO 14443-3 6.5.3.4] bit of SAK: the card speaks ISO 14443-4
_CARD_LOST = (
    nfc.clf.CommunicationError, nfc.tag.TagCommandError,
    IndexError, TypeError, ValueError, struct.error,  # what the library makes of a mad card
)  # fmt: skip
_ERRORS = (
    OSError, termios.error, nfc.clf.Error, nfc.clf.pn532.Chipset.Error,
    IndexError, TypeError, ValueError, struct.error,  # what the library makes of a garbled frame
)  # fmt: skip


class Pn532Reader:
    """One reader; `device` is a path such as /dev/ttyAMA5, or `tty:AMA5:pn532`."""

    def __init__(self, device: str, reader: int, draw: Callable[[int], bytes] = os.urandom) -> None:
        """`draw` returns so many random bytes: what a card is challenged with."""
        self._path = device_path(device)
        self._reader = reader
        self._draw = draw
        self._key: CardKey | None = None
        self._broken = 0  # proofs in a row that ended in the middle
        self._line: Line | None = None
        self._front = nfc.ContactlessFrontend()
        self._failures = 0
        self._again_ms = 0
        self._present = Presence()
        self._ending = threading.Event()
        self._using = threading.Lock()
        # what the library would print at every silence is said once, by the one who raises
        logging.getLogger("nfc").setLevel(logging.CRITICAL)

    def demand(self, key: CardKey | None) -> None:
        """From the next card on let each prove that it holds this key, or none."""
        self._key = key

    def poll(self, wait_ms: int) -> CardRead | None:
        """Wait so long for a card; raise `HardwareSilent` where the reader does not answer.

        It takes at most OPEN_MS (where it has to be opened), SENSE_MS, PROOF_MS (where one is
        demanded) and CLOSE_MS longer.
        """
        until_ms = _now_ms() + wait_ms
        while not self._ending.is_set():
            with self._using:
                card = self._look(until_ms)
            if card is not None:
                return card
            left_ms = until_ms - _now_ms()
            if left_ms <= 0:
                return None
            self._ending.wait(min(PERIOD_MS, left_ms) / 1_000)
        raise HardwareSilent(f"{self._name}: closed")

    def close(self) -> None:
        """Put the chip to sleep and close the port; a poll under way ends first."""
        self._ending.set()
        with self._using:
            self._shut()

    @property
    def _name(self) -> str:
        return f"reader {self._reader} at {self._path}"

    def _look(self, until_ms: int) -> CardRead | None:
        if self._ending.is_set():
            return None
        since_ms = _now_ms()
        doing = "opening" if self._line is None else "a look for cards"
        try:
            line = self._opened(until_ms)
            line.allow(SENSE_MS)
            target = self._sensed()
            card = self._presented(target, line)
        except HardwareSilent:
            raise
        except Exception as error:  # whatever it is: a thread that ends would be a dead reader
            self._shut()
            self._put_off()
            took_ms = _now_ms() - since_ms
            text = f"{self._name}: no answer to {doing} in {took_ms} ms ({_plain(error)})"
            raise HardwareSilent(text) from error
        self._failures = 0
        return card

    def _presented(self, target: nfc.clf.RemoteTarget | None, line: Line) -> CardRead | None:
        """Return the card of a presentation that begins, with its proof where one is demanded."""
        uid = _uid(target)
        if not uid:
            self._broken = 0
        if not self._present.new(uid):
            return None
        card = CardRead(uid, self._reader, _now_ms(), _kind(uid))
        key = self._key
        if key is None:
            return card
        self._present.forget()  # whatever happens in between: without an end it did not begin
        line.allow(PROOF_MS)
        try:
            number = self._proved(target, key)
        except Unproved as doubt:
            card = replace(card, doubt=str(doubt))
        except (*_CARD_LOST, OSError) as lost:
            # a chip that answered all the time is well: the card has used up the time
            if isinstance(lost, OSError) and not line.over:
                raise
            self._broken += 1
            if self._broken < PROOF_TRIES:
                return None
            card = replace(card, doubt=f"it was lost in the middle of its proof ({_plain(lost)})")
        else:
            card = replace(card, uid=number, kind="mifare_desfire", secure=True)
        self._broken = 0
        self._present.new(uid)
        return card

    def _proved(self, target: nfc.clf.RemoteTarget, key: CardKey) -> str:
        """Return the number of a card that holds the key; it has to be still in the field."""
        if not target.sel_res[0] & _ISO_DEP:
            raise Unproved("it has no ISO 14443-4, as a DESFire card has")
        tag = nfc.tag.tt4.Type4ATag(self._front, target)
        return proved_id(tag.transceive, key, self._draw(BLOCK_BYTES)).hex()

    def _sensed(self) -> nfc.clf.RemoteTarget | None:
        try:
            return self._sense()
        except _ERRORS:  # one lost acknowledgement, 100 ms in the library, is no dead reader
            return self._sense()

    def _sense(self) -> nfc.clf.RemoteTarget | None:
        # `connect` would activate the card as well, and cannot read a MIFARE Classic
        target = self._front.sense(nfc.clf.RemoteTarget("106A"))
        bare = len(_uid(target)) // 2
        if bare and bare not in _UID_BYTES:
            raise OSError(errno.EIO, f"an identifier of {bare} bytes")
        return target

    def _opened(self, until_ms: int) -> Line:
        if self._line is None:
            self._wait_for_turn(until_ms)
            line = Line(self._path)
            try:
                self._front.device = _initialised(line)
            except BaseException:
                line.close()
                raise
            self._line = line
        return self._line

    def _wait_for_turn(self, until_ms: int) -> None:
        if _now_ms() < self._again_ms:
            self._ending.wait(max(0, min(self._again_ms, until_ms) - _now_ms()) / 1_000)
        left_ms = self._again_ms - _now_ms()
        if left_ms > 0:
            raise HardwareSilent(f"{self._name}: silent, tried again in {left_ms} ms")

    def _put_off(self) -> None:
        if _now_ms() >= self._again_ms:
            self._again_ms = _now_ms() + back_off_ms(self._failures)
            self._failures += 1

    def _shut(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        line.allow(CLOSE_MS)
        with contextlib.suppress(Exception):
            self._front.close()
        self._front.device = None
        line.close()  # the library leaves the port open when the chip does not say goodbye


class Presence:
    """Tells a new presentation from a card that is still there."""

    def __init__(self) -> None:
        self._uid = ""
        self._absent = 0

    def new(self, uid: str) -> bool:
        """Take what one look found, empty for no card; true where a presentation begins."""
        if not uid:
            self._absent += 1
            if self._absent >= ABSENT_SENSES:
                self._uid = ""
            return False
        # [ISO 14443-3 6.5.4] a phone draws another random identifier whenever the field returns
        same = uid == self._uid or _kind(uid) == _kind(self._uid) == "random"
        self._uid = uid
        self._absent = 0
        return not same

    def forget(self) -> None:
        """Take the next card for a new presentation, the same one too."""
        self._uid = ""


def back_off_ms(failures: int) -> int:
    """Return how long to wait before the port is opened again, after so many failures before."""
    return BACK_OFF_MS[min(failures, len(BACK_OFF_MS) - 1)]


def device_path(device: str) -> str:
    """Return the path of `tty:AMA5:pn532` or of a path; raise `ValueError` for anything else."""
    short = re.fullmatch(r"tty:([A-Za-z0-9-]+):pn532", device)
    if short:
        serial = re.fullmatch(r"(S|ACM|AMA|USB)\d+", short[1])
        return f"/dev/tty{short[1]}" if serial else f"/dev/{short[1]}"
    # the library hands the path to a shell (`stty -F ...`)
    if not re.fullmatch(r"/[A-Za-z0-9_./:+-]{1,200}", device):
        raise ValueError(f"{device!r} is no reader; write tty:AMA5:pn532 or /dev/ttyAMA5")
    return device


class Line(TTY):
    """The library's serial port with a deadline over a whole exchange; closing always closes."""

    def __init__(self, path: str) -> None:
        self._until_ms = _now_ms() + OPEN_MS
        super().__init__(path)

    def allow(self, deadline_ms: int) -> None:
        """Let what follows take so long altogether."""
        self._until_ms = _now_ms() + deadline_ms

    @property
    def over(self) -> bool:
        """That time has passed."""
        return _now_ms() >= self._until_ms

    def open(self, port: str, baudrate: int = _SLOW_BD) -> None:
        """Open the port for nobody else; a full buffer fails after a second, it does not block."""
        super().open(port, baudrate)
        self.tty.write_timeout = 1
        self.tty.exclusive = True

    def read(self, timeout) -> bytearray:  # the library's word, in ms
        """Return one frame, an acknowledgement too; raise `OSError` when none is complete."""
        until_ms = min(_now_ms() + timeout, self._until_ms)
        frame = bytearray()
        self._take(frame, 6, until_ms)
        if frame == _ACK:
            return frame
        extended = frame[3:5] == b"\xff\xff"  # [PN532 UM 6.2.1.2]
        if extended:
            self._take(frame, 9, until_ms)
        size = 10 + (frame[5] << 8 | frame[6]) if extended else 7 + frame[3]
        self._take(frame, min(size, 10 + 265), until_ms)
        return frame

    def _take(self, frame: bytearray, size: int, until_ms: float) -> None:
        while len(frame) < size:
            left_ms = max(0, until_ms - _now_ms())
            self.tty.timeout = left_ms / 1_000
            heard = self.tty.read(size - len(frame))
            # bytes that lie there count, however late this thread got its turn, until the end
            if not heard or self.over:
                # where a whole frame is missing the library cancels its command, else it does not
                number = errno.EIO if frame else errno.ETIMEDOUT
                raise OSError(number, f"{len(frame)} of {size} bytes came")
            frame += heard

    def close(self) -> None:
        """Close the port, also one whose other end has gone."""
        tty, self.tty = self.tty, None
        if tty is not None:
            with contextlib.suppress(OSError, termios.error):
                tty.reset_output_buffer()
            tty.close()


def _initialised(line: Line) -> nfc.clf.pn532.Device:
    try:
        return nfc.clf.pn532.init(line)
    except _ERRORS:
        # A process that was killed leaves the chip at the speed that the library had raised it
        # to, and the library begins at 115,200: without this only a power cycle would help.
        _slow_down(line)
        return nfc.clf.pn532.init(line)


def _slow_down(line: Line) -> None:
    path = line.port
    for speed_bd in _FAST_BD:
        with contextlib.suppress(*_ERRORS):
            line.open(path, speed_bd)
            chip = nfc.clf.pn532.Chipset(line, logging.getLogger("nfc"))
            chip.send_ack()  # cancels what the chip may be doing
            chip.set_serial_baudrate(_SLOW_BD)
            break
    line.open(path, _SLOW_BD)


def _uid(target: nfc.clf.RemoteTarget | None) -> str:
    return "" if target is None or target.sdd_res is None else bytes(target.sdd_res).hex()


def _kind(uid: str) -> str:
    random = len(uid) == 8 and uid.startswith("08")  # [ISO 14443-3 table 9]
    return "random" if random else "mifare_classic"


def _plain(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in (errno.EIO, errno.ENODEV, errno.ETIMEDOUT):
        known = os.strerror(error.errno)
        return known if error.strerror in (None, known) else f"{known}: {error.strerror}"
    return str(error) or type(error).__name__


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
