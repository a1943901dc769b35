"""Signatures over firmware: which are taken, and every way to be none."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from firmware.io.signatures import signature_problem
from tests.wire.certificates import Authority, pem_of

FILE = b"firmware" * 999
DIGEST = hashlib.sha256(FILE).digest()
SHA256 = hashes.SHA256()
PSS = padding.PSS(padding.MGF1(SHA256), padding.PSS.DIGEST_LENGTH)


def signed(kind):
    """Return certificate and signature of a signer of this kind."""
    key, sign = {
        "ecdsa": (ec.generate_private_key(ec.SECP256R1()), (ec.ECDSA(SHA256),)),
        "pss": (rsa.generate_private_key(65537, 2048), (PSS, SHA256)),
        "pkcs1": (rsa.generate_private_key(65537, 2048), (padding.PKCS1v15(), SHA256)),
        "sha1": (ec.generate_private_key(ec.SECP256R1()), (ec.ECDSA(hashes.SHA1()),)),
        "ed25519": (ed25519.Ed25519PrivateKey.generate(), ()),
    }[kind]
    pem = pem_of(Authority().issue("Firmware", key.public_key()))
    return pem, base64.b64encode(key.sign(FILE, *sign)).decode()


@pytest.mark.covers("OCPP16-PITFALL-79")
@pytest.mark.parametrize("kind", ["ecdsa", "pss"])
def test_rsa_pss_and_ecdsa_with_sha_256_are_taken_over_the_whole_file(kind):
    pem, signature = signed(kind)
    assert signature_problem(pem, signature, DIGEST) == ""
    for other in (FILE[:-1], b"x" + FILE[1:], FILE + b"\0", b""):
        digest = hashlib.sha256(other).digest()
        assert signature_problem(pem, signature, digest) != ""


@pytest.mark.parametrize("kind", ["pkcs1", "sha1", "ed25519"])
def test_other_kinds_are_refused(kind):
    assert signature_problem(*signed(kind), DIGEST) != ""


@pytest.mark.parametrize("signature", ["", "!", "AAAA", "é"])
def test_what_is_no_signature_is_refused_with_a_sentence(signature):
    pem, _ = signed("ecdsa")
    assert signature_problem(pem, signature, DIGEST) != ""


def test_a_certificate_that_is_none_is_refused():
    assert signature_problem("no PEM", "AAAA", DIGEST) != ""
