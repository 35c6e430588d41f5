"""Ed25519 signatures checked with nothing but whole numbers (RFC 8032, section 5.1.7).

Only what has one spelling passes: key and R must be canonical encodings of points, S is below the
group order, and keys of small order (under which a signature can fit every message) are refused.
The equation is the one without cofactor: [S]B = R + [k]A. Slow beside C, fast enough for a kit.
"""

from __future__ import annotations

import hashlib

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_COFACTOR = 8

# A point in extended coordinates: x = X/Z, y = Y/Z, x*y = T/Z.
Point = tuple[int, int, int, int]

_NEUTRAL: Point = (0, 1, 1, 0)


def is_signed(*, key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is the key's over exactly this message."""
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    public, commitment = _point(key), _point(signature[:KEY_BYTES])
    scalar = int.from_bytes(signature[KEY_BYTES:], "little")
    if public is None or commitment is None or scalar >= _ORDER or _is_small(public):
        return False
    challenge = hashlib.sha512(signature[:KEY_BYTES] + key + message).digest()
    reduced = int.from_bytes(challenge, "little") % _ORDER
    return _same(_times(scalar, _BASE), _plus(commitment, _times(reduced, public)))


def is_key(key: bytes) -> bool:
    """Whether these bytes are a public key that may be trusted to mean something."""
    point = _point(key) if len(key) == KEY_BYTES else None
    return point is not None and not _is_small(point)


def _point(encoded: bytes) -> Point | None:
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _P:
        return None
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % _P)


def _x_of(y: int, sign: int) -> int | None:
    """The x of the curve point with this y whose lowest bit is `sign`; None if there is none."""
    above, below = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = above * pow(below, 3, _P) * pow(above * pow(below, 7, _P), (_P - 5) // 8, _P) % _P
    if (below * x * x - above) % _P:
        x = x * _SQRT_OF_MINUS_ONE % _P
    if (below * x * x - above) % _P:
        return None
    if x == 0:
        return None if sign else 0
    return x if x & 1 == sign else _P - x


def _plus(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, point: Point) -> Point:
    total = _NEUTRAL
    while factor:
        if factor & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        factor >>= 1
    return total


def _same(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % _P == 0 and (
        one[1] * other[2] - other[1] * one[2]
    ) % _P == 0


def _is_small(point: Point) -> bool:
    return _same(_times(_COFACTOR, point), _NEUTRAL)


def _base() -> Point:
    y = 4 * pow(5, _P - 2, _P) % _P
    x = _x_of(y, 0)
    if x is None:
        raise ArithmeticError("the base point of Ed25519 lies on the curve")
    return x, y, 1, x * y % _P


_BASE = _base()
