"""Signatures over firmware: RSA-PSS or ECDSA, both with SHA-256 over the whole file.

[whitepaper edition 2, L01] It names RSA-PSS and ECSchnorr; what is in use, and what later editions
name, is ECDSA. A digest is all that is needed of the file.
"""

from __future__ import annotations

import base64

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

_SHA256 = hashes.SHA256()
_PSS = padding.PSS(padding.MGF1(_SHA256), padding.PSS.AUTO)


def signature_problem(pem: str, signature: str, digest: bytes) -> str:
    """Return why this is no signature over what has this SHA-256; empty: it is one."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return "the signature is no base64"
    try:
        key = x509.load_pem_x509_certificates(pem.encode())[0].public_key()
    except ValueError:
        return "the signing certificate cannot be read"
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, digest, ec.ECDSA(Prehashed(_SHA256)))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(raw, digest, _PSS, Prehashed(_SHA256))
        else:
            return "the signing key is of a kind that signs no firmware"
    except (InvalidSignature, ValueError):
        return "the signature does not belong to the file"
    return ""
