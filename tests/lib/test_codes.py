"""Codes people read aloud."""

from lottery_portal.lib import codes


def test_a_fresh_code_is_valid_and_has_eighty_random_bits():
    """F045."""
    code = codes.new_code()

    assert len(code) == 17
    assert codes.is_valid(code)
    assert len(codes.ALPHABET) ** 16 == 2**80


def test_every_single_wrong_letter_is_found():
    """F045."""
    code = codes.new_code()

    for place in range(len(code)):
        for letter in codes.ALPHABET:
            wrong = code[:place] + letter + code[place + 1 :]
            assert codes.is_valid(wrong) == (wrong == code)


def test_every_swap_of_two_neighbours_is_found():
    """F045."""
    for _ in range(200):
        code = codes.new_code()
        for place in range(len(code) - 1):
            first, second = code[place], code[place + 1]
            swapped = code[:place] + second + first + code[place + 2 :]
            assert codes.is_valid(swapped) == (first == second)


def test_what_a_person_types_finds_its_code():
    code = codes.new_code()

    assert codes.typed(f" {codes.shown(code).lower()} ") == code
    assert codes.typed("oO-iL") == "0011"


def test_codes_do_not_clash():
    """F045."""
    assert len({codes.new_code() for _ in range(100_000)}) == 100_000
