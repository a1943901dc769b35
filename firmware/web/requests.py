"""The shapes of requests of the API: what is not declared is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from firmware.model.transfers import PACKAGE_MAX_BYTES, PART_MAX_BYTES

Text = Annotated[str, Field(max_length=200_000)]
Short = Annotated[str, Field(max_length=64)]
Key = Annotated[str, Field(min_length=1, max_length=100)]
Entry = Annotated[
    str,
    Field(
        min_length=1,
        max_length=24,
        pattern=r"^[\x21-\x2e\x30-\x39\x3b-\x7e]{1,20}(/[12]){0,2}$",
    ),
]  # an id, and the outlets for which it counts


class Asked(BaseModel):
    """A request; a word that is not known is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Login(Asked):
    """A user of the station and the password."""

    user: Short
    password: Annotated[str, Field(max_length=256)]


class NewPassword(Asked):
    """A new password, by one's own old one; `user` is oneself if not named."""

    old: Annotated[str, Field(max_length=256)]
    new: Annotated[str, Field(max_length=256)]
    user: Short | None = None


class Changes(Asked):
    """Values to write, all or none; with `revision` only if nobody else has written since."""

    changes: Annotated[dict[Key, Text], Field(max_length=300)]
    revision: int | None = None


class Import(Asked):
    """Exported settings, to be tried or taken."""

    settings: Annotated[dict[Key, Text], Field(max_length=300)]
    apply: bool = False


class Undo(Asked):
    """A change by its number."""

    number: int


class Start(Asked):
    """The token of a session."""

    token: Annotated[str, Field(min_length=1, max_length=20)]


class FactoryReset(Asked):
    """The words that nobody says by accident."""

    confirm: Literal["factory reset"]


class EditWhitelist(Asked):
    """Entries to add and to remove."""

    add: Annotated[list[Entry], Field(max_length=5_000)] = []
    remove: Annotated[list[Entry], Field(max_length=5_000)] = []


class ReplaceWhitelist(Asked):
    """All entries."""

    entries: Annotated[list[Entry], Field(max_length=5_000)]


class Switch(Asked):
    """Begin or end."""

    on: bool


class Confirm(Asked):
    """What only a person can see."""

    part: Literal["led", "reader", "lock", "contactor", "residual", "meter"]
    ok: bool


class Join(Asked):
    """The master to join, and the code that it shows."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")]
    port: Annotated[int, Field(strict=False, ge=1, le=65_535)]  # 8884.0 is a whole number too
    code: Annotated[str, Field(pattern=r"^[0-9]{4} ?[0-9]{4}$")]


class BeginUpdate(Asked):
    """The file that is coming."""

    name: Annotated[str, Field(pattern=r"^[^\x00-\x1f/]{1,150}\.deb$")]
    bytes: Annotated[int, Field(strict=False, ge=1, le=PACKAGE_MAX_BYTES)]


class UpdatePart(Asked):
    """A part of it in base64, and how many bytes come before."""

    at: Annotated[int, Field(strict=False, ge=0, le=PACKAGE_MAX_BYTES)]
    data: Annotated[
        str,
        Field(
            max_length=PART_MAX_BYTES // 3 * 4,
            pattern=r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        ),
    ]


class BenchVerb(BaseModel):
    """A verb of the bench protocol with its arguments."""

    model_config = ConfigDict(extra="allow")
    do: Annotated[str, Field(min_length=1, max_length=32)]
