"""The back end's list for the laws: updates of both kinds, good and bad, and questions."""

from __future__ import annotations

import json

from firmware.model import backend as b
from firmware.model.lists import ListVersionRequested, SendListRequested
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
    )
]  # fmt: skip
