"""The back end's list and its reservations for the laws: good and bad ones, and questions."""

from __future__ import annotations

import json

from firmware.model import backend as b
from firmware.model.lists import ListVersionRequested, SendListRequested
from firmware.model.reservation import (
    CancelReservationRequested,
    OutletReserved,
    Reservation,
    ReserveRequested,
)
from firmware.model.values import TokenInfo, Verdict
from tests.laws.facts import ACCEPTED, INVALID, NOON_MS

EXPIRES = TokenInfo(Verdict.ACCEPTED, None, NOON_MS + 1_000)
LISTS: list[object] = [
    SendListRequested("a", 1, True, (("TAG", ACCEPTED), ("T2", INVALID))),
    SendListRequested("b", 2, False, (("tag", EXPIRES), ("T2", None))),
    SendListRequested("c", 3, False, (("TAG", INVALID), ("T3", ACCEPTED))),
    SendListRequested("d", 9, True, ()),
    SendListRequested("e", 9, True, (("TAG", None),)),
    ListVersionRequested("f"),
]
LIST_FRAMES = [
    b.FrameReceived(json.dumps(frame))
    for frame in (
        [2, "l1", "SendLocalList", {
            "listVersion": 1, "updateType": "Full",
            "localAuthorizationList": [{"idTag": "0a0e9b83", "idTagInfo": {"status": "Accepted"}}],
        }],
        [2, "l2", "SendLocalList", {
            "listVersion": 2, "updateType": "Differential",
            "localAuthorizationList": [{"idTag": "0a0e9b83"}],
        }],
        [2, "l3", "GetLocalListVersion", {}],
        *(
            [2, f"r{outlet}", "ReserveNow", {
                "connectorId": outlet, "expiryDate": "2026-01-31T12:00:05Z", "idTag": tag,
                "reservationId": outlet + 5,
            }]
            for outlet, tag in ((0, "0a0e9b83"), (1, "0a0e9b83"), (1, "T2"))
        ),
        [2, "r9", "CancelReservation", {"reservationId": 6}],
    )
]  # fmt: skip
RESERVED: list[object] = [
    *(
        ReserveRequested("r", Reservation(number, outlet, token, parent, NOON_MS + span_ms))
        for number, outlet, token, parent, span_ms in (
            (1, 1, "TAG", None, 3_000), (2, 2, "T2", "PARENT", 900), (3, 0, "TAG", None, 5_000),
            (1, 2, "TAG", None, 100_000), (4, 0, "T3", "PARENT", -5),
        )
    ),
    CancelReservationRequested("c", 1), CancelReservationRequested("c", 3),
]  # fmt: skip
OUTLETS_RESERVED: list[object] = [
    OutletReserved(1, True), OutletReserved(1, True, 5), OutletReserved(1, False),
]  # fmt: skip
KEPT_RESERVATIONS = (
    Reservation(7, 1, "TAG", None, NOON_MS + 90_500), Reservation(8, 0, "T2", "PARENT", NOON_MS),
)  # fmt: skip
