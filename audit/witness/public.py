"""`python -m audit.witness.public`: the public key of the Ed25519 seed (base64) that is read."""

from __future__ import annotations

import base64
import binascii
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def public_of(seed: str) -> str:
    """The public key in base64; ValueError if this is no seed of 32 bytes in base64."""
    raw = base64.b64decode(seed.strip(), validate=True)
    key = Ed25519PrivateKey.from_private_bytes(raw)
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def main() -> int:
    """Read a seed, write its public key; 1 with a sentence if it is no seed."""
    try:
        found = public_of(sys.stdin.read())
    except (ValueError, binascii.Error):
        sys.stderr.write("This is no seed of 32 bytes in base64.\n")
        return 1
    sys.stdout.write(found + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
