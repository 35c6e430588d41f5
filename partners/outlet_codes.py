"""Numbers of outlets: seven digits and a check digit (Damm), short enough to be told by phone.

Every single wrong digit and every swap of two neighbours is found.
"""

from __future__ import annotations

import re
import secrets

from stdnum import damm

LENGTH = 8


def new_code() -> str:
    """A fresh number; that nobody has it yet is for the database to say."""
    digits = f"{secrets.randbelow(10 ** (LENGTH - 1)):0{LENGTH - 1}d}"
    return digits + str(damm.calc_check_digit(digits))


def typed(text: str) -> str:
    """What a person typed, in stored form: digits without gaps."""
    return re.sub(r"[\s-]", "", text)


def is_valid(code: str) -> bool:
    """Whether `code` (in stored form) has eight digits, the last of which checks the others."""
    return len(code) == LENGTH and code.isascii() and code.isdigit() and bool(damm.is_valid(code))


def shown(code: str) -> str:
    """The number in two groups of four, as it is printed."""
    return f"{code[:4]} {code[4:]}"
