"""Who may sign firmware: a chain in its time up to an installed Manufacturer root."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from firmware.io.certificates import CertificateStore
from firmware.model import security as s
from tests.wire.certificates import FUTURE, PAST, Authority, pem_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = Authority("Manufacturer")
BETWEEN = Authority("Firmware CA", parent=ROOT)
BACKEND = Authority("Operator")
OLD = Authority("Old", span=PAST)


@pytest.fixture
def judge(tmp_path):
    """Return what a store with its roots says of a signer."""
    store = CertificateStore(tmp_path, lambda: NOW)
    store.perform(s.KeepRoot("m", s.RootUse.MANUFACTURER, ROOT.pem))
    store.perform(s.KeepRoot("o", s.RootUse.MANUFACTURER, OLD.pem))
    store.perform(s.KeepRoot("b", s.RootUse.CENTRAL_SYSTEM, BACKEND.pem))

    def problem(pem):
        (found,) = store.perform(s.InspectSigner("x", pem))
        assert found.call == "x"
        return found.problem

    return problem


def signer(authority, key=KEY, **options):
    return pem_of(authority.issue("Firmware", key.public_key(), **options))


@pytest.mark.covers("OCPP16-PITFALL-79")
def test_a_signer_below_an_installed_manufacturer_root_is_trusted(judge):
    assert judge(signer(ROOT)) == ""
    assert judge(signer(BETWEEN) + BETWEEN.pem) == ""


@pytest.mark.covers("OCPP16-PITFALL-79")
@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        ("nonsense", "it is no certificate in PEM form"),
        ("", "it is no certificate in PEM form"),
        (signer(ROOT, span=PAST), "it has expired"),
        (signer(ROOT, span=FUTURE), "it is not valid yet"),
        (signer(BACKEND), "no installed Manufacturer root has signed it"),
        (signer(BETWEEN), "no installed Manufacturer root has signed it"),
        (signer(BETWEEN) + ROOT.pem, "its chain is broken"),
        (signer(OLD), "it has expired"),
        (signer(ROOT, ed25519.Ed25519PrivateKey.generate()),
         "its key is of a kind that signs no firmware"),
    ],
    ids=lambda told: told if len(told) < 99 else "pem",  # keys differ from run to run
)  # fmt: skip
def test_every_other_signer_is_refused_with_a_sentence(judge, pem, problem):
    assert judge(pem) == problem
