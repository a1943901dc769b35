"""The declaration of one parameter: everything that any way of changing it has to know.

Outside, key and unit are the catalogue's and a value is text; inside it is bool, int, str or a
tuple. From the same declaration come forms, documents, OCPP keys and the checks of every write.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmware.config.kinds import BadValue, Kind, hashed
from firmware.model.settings import SettingValue

HIDDEN = "***"  # stands for a secret


class Role(StrEnum):
    """Who may change a parameter; each may do what those before it may."""

    USER = "user"
    OPERATOR = "operator"
    INSTALLER = "installer"
    MANUFACTURER = "manufacturer"

    def may(self, needed: Role) -> bool:
        """Return whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Effect(StrEnum):
    """When a change acts."""

    IMMEDIATE = "immediate"
    NEXT_SESSION = "next session"
    RESTART = "restart"


class Menu(StrEnum):
    """The pages on which parameters stand."""

    NETWORK = "network"
    BACKEND = "backend"
    AUTHORIZATION = "authorization"
    WHITELISTS = "whitelists"
    LOAD_MANAGEMENT = "load_management"
    INSTALLATION = "installation"
    SYSTEM = "system"
    MANUFACTURER = "manufacturer"
    OCPP = "ocpp"  # keys of OCPP that the manual does not name


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `key` and `unit` are the catalogue's; `ocpp16` is its OCPP key."""

    key: str
    kind: Kind
    default: SettingValue
    id: str = ""  # catalogue id; empty for OCPP keys without a parameter of their own
    label: str = ""  # as the manual shows it
    menu: Menu = Menu.OCPP
    group: str = ""
    unit: str = ""
    role: Role = Role.OPERATOR
    effect: Effect = Effect.IMMEDIATE
    restarts: str = "stationd"  # what a change needs to start anew, where it acts after a restart
    ocpp16: str = ""
    readonly: bool = False
    manual: str = ""
    help: str = ""
    acts: bool = True  # False: kept and told, but nothing of this version acts on it yet
    stored: bool = True  # False: it shows what another part keeps
    shown_if: tuple[str, tuple[str, ...]] | None = None  # key of another, and its texts

    def parse(self, value: str) -> SettingValue:
        """Return the inside value; raise `BadValue` with a whole sentence."""
        try:
            return self.kind.parse(value)
        except BadValue as problem:
            unit = f" {self.unit}" if self.unit else ""
            shown = HIDDEN if self.kind.secret else repr(self.kind.hide(value)[:40])
            raise BadValue(f"{self.key}: {shown} cannot be taken, {problem}{unit}") from problem

    def show(self, value: SettingValue) -> str:
        """Return the outside text of a value; secrets show nothing."""
        return "" if self.kind.secret else self.kind.hide(self.kind.write(value))

    def tell(self, value: SettingValue) -> str:
        """Return what a history may say of a value: of a secret only that there is one."""
        return HIDDEN if self.kind.secret and value else self.show(value)

    @property
    def vendor_key(self) -> str:
        """The CamelCase of its key, by which a back end may name any parameter."""
        return "".join(part.capitalize() for part in self.key.split("_"))

    @property
    def ocpp_key(self) -> str:
        """Its standard OCPP key, else the vendor key."""
        return self.ocpp16 or self.vendor_key

    @property
    def title(self) -> str:
        """What people call it."""
        return self.label or self.key.removeprefix("ocpp:")

    @property
    def password(self) -> bool:
        """Whether it is a person's password, of which only a hash is kept."""
        return self.kind.form.name == "password"


__all__ = ["BadValue", "Effect", "Menu", "Param", "Role", "hashed"]
