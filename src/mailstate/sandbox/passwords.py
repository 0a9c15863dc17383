"""Passwords: made, hashed at a chosen cost, and verified."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string

from .errors import Crashed
from .profiles import Cost

MAX_LENGTH = 4096
_ALPHABET = string.ascii_letters + string.digits
# 128 * n * r bytes: 64 MiB and about as long as the server's Argon2id takes.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**16, 8, 1
_SCRYPT_MEMORY = 2**27


def generate() -> str:
    """Return a new random password."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(20))


def hashed(password: str, cost: Cost) -> str:
    """Return what is stored of *password*; too long a one is an error the server does not catch."""
    if len(password) > MAX_LENGTH:
        raise Crashed("password too long")
    salt = secrets.token_hex(8)
    return f"{cost}${salt}${_digest(password, salt, cost)}"


def matches(password: str, stored: str) -> bool:
    """Say whether *password* is the one *stored* was made of."""
    if len(password) > MAX_LENGTH:
        raise Crashed("password too long")
    cost, salt, digest = stored.split("$")
    expected = _digest(password, salt, "real" if cost == "real" else "none")
    return hmac.compare_digest(digest, expected)


def _digest(password: str, salt: str, cost: Cost) -> str:
    if cost == "none":
        return hashlib.sha256(f"{salt}{password}".encode()).hexdigest()
    return hashlib.scrypt(
        password.encode(),
        salt=salt.encode(),
        n=_SCRYPT_N,
        r=_SCRYPT_R,
        p=_SCRYPT_P,
        maxmem=_SCRYPT_MEMORY,
    ).hex()
