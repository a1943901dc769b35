"""What becomes of the back end's wishes about certificates; parsing and files are an adapter's.

Roots of two uses, and the station's own certificate. Nothing is answered before it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmware.model import security as s
from firmware.model.backend import Answer
from firmware.model.security import SecurityEventKind as Kind

MAX_OPEN = 8


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say about certificates."""

    roots_max: int
    chain_max: int
    needs_root: bool  # the line stands on a root, or would fall without


class CertificateDesk:
    """The requests that are under way, and what the store holds."""

    def __init__(self) -> None:
        self.listed = s.CertificatesListed((), False)
        self.anchor = ""  # the root on which the connection stands
        self._open: dict[str, object] = {}  # call -> its request

    def asked(self, request: object, rules: Rules) -> Iterator[object]:
        """Answer a request, or begin with it."""
        match request:
            case s.RootsRequested(call, use):
                yield self._ids(call, use)
            case s.DeleteRootRequested(call, wanted):
                yield from self._delete(call, wanted, rules)
            case s.SignedRequested(call, chain):
                if len(chain) > rules.chain_max:
                    yield from _refused(call, "the chain is too long")
                else:
                    yield from self._begin(call, request, s.Inspect(call, chain, ours=True))
            case s.InstallRootRequested(call, _, pem):
                yield from self._begin(call, request, s.Inspect(call, pem))

    def inspected(self, found: s.Inspected, rules: Rules) -> Iterator[object]:
        """Keep what is good; refuse what is not."""
        match self._open.get(found.call):
            case s.SignedRequested(call, chain) if not found.problem:
                yield s.KeepChain(call, chain)
            case s.SignedRequested(call, _):
                del self._open[call]
                yield from _refused(call, found.problem)
            case s.InstallRootRequested(call, use, pem):
                yield from self._install(call, use, pem, found, rules)

    def kept(self, kept: s.CertificateKept) -> Iterator[object]:
        """Answer what was begun."""
        request = self._open.pop(kept.call, None)
        match request:
            case s.SignedRequested(call, _):
                yield Answer(call, "Accepted" if kept.done else "Rejected")
            case s.InstallRootRequested(call, use, _):
                yield Answer(call, "Accepted" if kept.done else "Failed")
                if kept.done:
                    yield s.SecurityEvent(Kind.RECONFIGURED, f"{use.value} installed")
            case s.DeleteRootRequested(call, _):
                yield Answer(call, "Accepted" if kept.done else "Failed")
                if kept.done:
                    yield s.SecurityEvent(Kind.RECONFIGURED, "root certificate deleted")

    def has_signed(self, call: str) -> bool:
        """Tell whether this is the open request for a certificate of our own."""
        return isinstance(self._open.get(call), s.SignedRequested)

    def central_roots(self) -> list[s.InstalledRoot]:
        """Return the roots that a back end's certificate may stand on."""
        return [root for root in self.listed.roots if root.use is s.RootUse.CENTRAL_SYSTEM]

    # -- inside -----------------------------------------------------------------------------

    def _begin(self, call: str, request: object, wish: object) -> Iterator[object]:
        if len(self._open) >= MAX_OPEN:
            self._open.pop(next(iter(self._open)))  # its answer was due long ago
        self._open[call] = request
        yield wish

    def _install(
        self, call: str, use: s.RootUse, pem: str, found: s.Inspected, rules: Rules
    ) -> Iterator[object]:
        known = any((r.use, r.fingerprint) == (use, found.fingerprint) for r in self.listed.roots)
        if found.problem:
            del self._open[call]
            yield Answer(call, "Rejected")  # [whitepaper M05] the certificate is not valid
        elif len(self.listed.roots) >= rules.roots_max and not known:
            del self._open[call]
            yield Answer(call, "Rejected")
        else:
            yield s.KeepRoot(call, use, pem)

    def _ids(self, call: str, use: s.RootUse) -> Answer:
        found = [root.hashes[0] for root in self.listed.roots if root.use is use]
        if not found:
            return Answer(call, "NotFound")
        return Answer(call, "Accepted", {"certificateHashData": [_hash_data(h) for h in found]})

    def _delete(self, call: str, wanted: s.CertificateHash, rules: Rules) -> Iterator[object]:
        root = next((r for r in self.listed.roots if wanted in r.hashes), None)
        if root is None:
            yield Answer(call, "NotFound")
        elif self._in_use(root, rules):
            yield Answer(call, "Failed")
        else:
            drop = s.DropRoot(call, root.use, root.fingerprint)
            yield from self._begin(call, s.DeleteRootRequested(call, wanted), drop)

    def _in_use(self, root: s.InstalledRoot, rules: Rules) -> bool:
        """Tell whether the line stands on this root now, or could not be made without it."""
        central = self.central_roots()
        return root in central and (
            root.fingerprint == self.anchor or (rules.needs_root and len(central) == 1)
        )


def _refused(call: str, problem: str) -> Iterator[object]:
    yield Answer(call, "Rejected")
    yield s.SecurityEvent(Kind.STATION_CERTIFICATE, problem)  # [A02.FR.07, TC_077]


def _hash_data(known: s.CertificateHash) -> dict[str, str]:
    return {
        "hashAlgorithm": known.algorithm,
        "issuerNameHash": known.issuer_name,
        "issuerKeyHash": known.issuer_key,
        "serialNumber": known.serial,
    }


def hash_of(data: dict[str, str]) -> s.CertificateHash:
    """Read certificateHashData; hex is compared in lower case, numbers without leading zeros."""
    return s.CertificateHash(
        data["hashAlgorithm"],
        data["issuerNameHash"].lower(),
        data["issuerKeyHash"].lower(),
        data["serialNumber"].lower().lstrip("0") or "0",
    )
