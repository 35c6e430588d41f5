"""Codes people read aloud: 80 random bits and a check digit (F045).

Sixteen letters of a 32-letter alphabet without I, L, O, U, and one check letter. The check is a
weighted sum over GF(32), so every single wrong letter and every swap of two letters is found.
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 17
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)}
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive over GF(2)


def _times_x(value: int) -> int:
    value <<= 1
    return value ^ _POLYNOMIAL if value & 32 else value


def _check(letters: str) -> str:
    total = 0
    for letter in letters:
        total = _times_x(total ^ _VALUE[letter])
    return ALPHABET[total]


def new_code() -> str:
    """A fresh unguessable code of 17 letters."""
    letters = "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(LENGTH - 1))
    return letters + _check(letters)


def typed(text: str) -> str:
    """What a person typed, in stored form: upper case, no dashes, O read as 0, I and L as 1."""
    return text.strip().upper().translate(_MISREAD)


def is_valid(code: str) -> bool:
    """Whether `code` (in stored form) has the right length, letters and check letter."""
    return (
        len(code) == LENGTH
        and all(letter in _VALUE for letter in code)
        and _check(code[:-1]) == code[-1]
    )


def shown(code: str) -> str:
    """The code in groups of four, as it is printed."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
