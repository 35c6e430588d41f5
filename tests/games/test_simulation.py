"""The honest simulator: draws by chance from a seed, exact rules, exact expectation (N16)."""

from __future__ import annotations

import hashlib
from collections import Counter
from fractions import Fraction
from itertools import product
from math import sqrt

import pytest
from django.test import Client

from games import bets, quick_pick, rules, simulation
from games.models import Announcement, Game
from games.simulation import Amount
from tests.games import brute_force, chosen
from tests.samples import one_in


def _paid(version: rules.RuleVersion) -> dict[int, Amount]:
    return {tier.number: Amount(fen=tier.fixed_fen or 0, source="fixed") for tier in version.tiers}


def _bet(code: str, kind: str, seed: int = 1) -> bets.CheckedSelection:
    version = rules.GAMES[code].current
    picked = quick_pick.pick(version, bet_type=kind, below=chosen.below_of(seed))
    return bets.check(version, picked)


@pytest.mark.parametrize("code", one_in(3, rules.GAMES))
def test_what_is_simulated_lies_where_exact_chances_put_it(code, full):
    """N16: of every bet of every game the winning draws within 4.5 standard deviations of what is
    exact, the seed being fixed; an ordinary run takes some bets of a game.
    """
    kinds = [kind.code for kind in rules.GAMES[code].current.bet_types]
    for kind in kinds if full else kinds[:: max(1, len(kinds) // 5)]:
        _lies_where_it_should(code, kind)


def _lies_where_it_should(code: str, kind: str) -> None:
    version, bet = rules.GAMES[code].current, _bet(code, kind)

    made = simulation.run(
        version, bet, paid=_paid(version), seed=20261122, special_on=False, draws=4_000
    )

    chance = float(made.expected_winning_draws) / made.draws
    spread = sqrt(made.draws * chance * (1 - chance))
    assert abs(made.winning_draws - made.draws * chance) <= 4.5 * spread + 1
    assert sum(made.by_size) == made.draws
    assert made.by_size[0] == made.draws - made.winning_draws
    assert made.won_fen == bet.selection.multiplier * sum(
        tier.lines * tier.amount.fen for tier in made.tiers
    )


@pytest.mark.thorough
def test_the_mean_is_within_one_percent_of_theory(deep):
    """N16: money out of money in where prizes come often; in long runs over a million draws."""
    asked = [("fc3d", "big_small", 200_000)]
    if deep:
        asked = [("fc3d", "big_small", 10**6), ("kl8", "pick1", 10**6), ("kl8", "pick2", 10**6)]
    for code, kind, draws in asked:
        version, bet = rules.GAMES[code].current, _bet(code, kind)
        made = simulation.run(
            version, bet, paid=_paid(version), seed=3, special_on=False, draws=draws
        )
        assert abs(made.won_fen / made.expected_fen - 1) < Fraction(1, 100)


def test_expected_lines_are_those_of_all_results():
    """N16: what columns of digits are expected to win, against every result."""
    version = rules.GAMES["pl3"].current
    for kind in ("straight", "group3", "group6_multi"):
        bet = _bet("pl3", kind)
        total: Counter[int] = Counter()
        for digits in product(range(10), repeat=3):
            masks = bets.result_masks(version, [[digit] for digit in digits])
            total.update(bets.hits(version, bet.masks, masks, special_on=False, bet_type=kind))

        expected = simulation.expected_lines(version, bet, special_on=False)

        assert expected == {tier: Fraction(count, 1000) for tier, count in total.items()}


@pytest.mark.parametrize("code", list(rules.GAMES))
def test_hits_of_the_simulator_are_hits_by_the_words_of_the_rules(code):
    """N16: each simulated draw against the brute-force judge, line by line."""
    version = rules.GAMES[code].current
    kind = version.bet_types[min(1, len(version.bet_types) - 1)].code
    bet = _bet(code, kind)
    expected: Counter[str] = Counter()
    for masks in simulation.draws_of(version, seed=5, draws=300):
        numbers = [
            list(zone.numbers(mask)) for zone, mask in zip(version.zones, masks, strict=True)
        ]
        drawn = tuple(map(tuple, numbers))
        expected.update(brute_force.wins(version, bet.selection, drawn, special_on=False))

    made = simulation.run(version, bet, paid=_paid(version), seed=5, special_on=False, draws=300)

    counted = {tier.number: tier.lines for tier in made.tiers if tier.lines}
    assert brute_force.won_as(version, counted) == dict(expected)


def test_the_same_seed_makes_the_same_draws_and_another_makes_others():
    """N16: anybody can make them again; here by the words of the docstring, without the module."""
    version = rules.GAMES["fc3d"].current
    made = list(simulation.draws_of(version, seed=42, draws=50))

    assert made == list(simulation.draws_of(version, seed=42, draws=50))
    assert made != list(simulation.draws_of(version, seed=43, draws=50))
    told = hashlib.shake_256(b"simulation/1 42 0").digest(4 * 150)
    words = [int.from_bytes(told[at : at + 4], "little") for at in range(0, 600, 4)]
    assert all(word < 2**32 - 2**32 % 10 for word in words)
    digits = [word % 10 for word in words]
    assert [tuple(mask.bit_length() - 1 for mask in masks) for masks in made] == [
        tuple(digits[at : at + 3]) for at in range(0, 150, 3)
    ]


@pytest.mark.parametrize("code", list(rules.GAMES))
def test_simulated_numbers_are_evenly_chosen(code):
    """N16: chi-squared over every number of every zone, far within what chance allows."""
    version = rules.GAMES[code].current
    drawn = list(simulation.draws_of(version, seed=1, draws=3_000))
    for at, zone in enumerate(version.zones):
        times = [sum(masks[at] >> bit & 1 for masks in drawn) for bit in range(zone.size)]
        mean = 3_000 * zone.drawn / zone.size
        assert sum(times) == 3_000 * zone.drawn
        spread = sum((count - mean) ** 2 / mean for count in times) / (1 - zone.drawn / zone.size)
        assert spread < zone.size + 5 * sqrt(2 * zone.size)
        if zone.drum:
            other = [one.code for one in version.zones].index(zone.drum)
            assert not any(masks[at] & masks[other] for masks in drawn)


def test_course_and_dry_time_are_those_of_the_draws():
    """N16: counted again from the draws themselves."""
    version, bet = rules.GAMES["kl8"].current, _bet("kl8", "pick4_multi")
    made = simulation.run(version, bet, paid=_paid(version), seed=9, special_on=False, draws=1_000)
    won, dry, longest, best = 0, 0, 0, (0, 0)
    course = []
    for at, masks in enumerate(simulation.draws_of(version, seed=9, draws=1_000), start=1):
        result = bets.result_masks(version, [version.zones[0].numbers(masks[0])])
        hits = bets.hits(version, bet.masks, result, special_on=False, bet_type="pick4_multi")
        fen = sum((version.tier(tier).fixed_fen or 0) * lines for tier, lines in hits.items())
        won, dry = won + fen, 0 if hits else dry + 1
        longest = max(longest, dry)
        best = max(best, (fen, -at))
        if at % 10 == 0:
            course.append(won - at * bet.amount_fen)

    assert (made.won_fen, made.longest_dry) == (won, longest)
    assert (made.biggest_fen, made.biggest_at) == (best[0], -best[1])
    assert list(made.course) == course


@pytest.mark.django_db
def test_floating_prizes_are_the_announced_average_and_what_is_not_known_is_nothing():
    """N16: which amounts are taken, and from where, is said."""
    ssq, dlt = Game.objects.get(code="ssq"), Game.objects.get(code="dlt")
    version = rules.GAMES["ssq"].current
    rows = Announcement.objects.filter(game=ssq, issue__gte=version.first_issue).order_by("-issue")
    told = [
        (one["winners"], one["prize_fen"])
        for row in rows[:100]
        for one in row.tiers
        if one["tier"] == 2 and one["winners"]
    ]

    amounts = simulation.amounts(ssq, version)

    average = sum(count * fen for count, fen in told) // sum(count for count, _fen in told)
    assert amounts[2] == Amount(fen=average, source="announced", draws=len(told))
    assert amounts[6] == Amount(fen=500, source="fixed")
    unknown = simulation.amounts(dlt, rules.GAMES["dlt"].current)
    assert unknown[1] == Amount(fen=0, source="unknown")
    assert unknown[8] == Amount(fen=0, source="unknown")


@pytest.mark.django_db
def test_a_bet_is_simulated_on_the_page():
    """N16: typed by hand, by chance, or from a ticket; without a login, with limits beside it."""
    reader = Client()
    reader.cookies["language"] = "en"
    blank = reader.get("/simulator/ssq/").content.decode()
    assert "yuan lost" not in blank
    assert "/help/limits/" in blank

    typed = reader.post(
        "/simulator/ssq/",
        {"bet_type": "single", "p_red": "1 2 3 4 5 6", "p_blue": "7", "multiplier": "2", "seed": 4},
    )
    text = typed.content.decode()
    assert typed.status_code == 200
    assert "40,000.00" in text  # 10,000 draws at 4 yuan
    assert "Exact expectation" in text
    assert 'value="01 02 03 04 05 06"' in text

    again = reader.post(
        "/simulator/ssq/", {"bet": "single|01,02,03,04,05,06+07|x2|own", "seed": "4"}
    )
    assert _figures(again.content.decode()) == _figures(text)
    assert (
        reader.post("/simulator/kl8/", {"bet_type": "pick5", "action": "pick"}).status_code == 200
    )
    for code in rules.GAMES:
        by_chance = reader.post(f"/simulator/{code}/", {"action": "pick"})
        assert by_chance.status_code == 200, code


def _figures(text: str) -> str:
    begin = text.index('id="outcome"')
    return text[begin : text.index("</section>", begin)]


@pytest.mark.django_db
def test_a_bet_against_the_rules_is_refused_on_the_page():
    """N16, F032: the same refusals as on a board."""
    reader = Client()
    reader.cookies["language"] = "en"
    for wrong in (
        {"bet_type": "single", "p_red": "1 2 3", "p_blue": "7"},
        {"bet_type": "single", "p_red": "1 2 3 4 5 99", "p_blue": "7"},
        {"bet": "single|garbage"},
        {"bet": "single|01|x1|own"},
        {"bet": "straight|01+02+03|x1|own"},
        {"bet": "single|01,02,03,04,05,06+07|x1|own\x00"},
        {"bet_type": "single", "p_red": "1 2 3 4 5 6", "p_blue": "7", "multiplier": "1000"},
        {"bet_type": "nothing", "seed": "x" * 5000},
    ):
        refused = reader.post("/simulator/ssq/", wrong)
        assert refused.status_code == 400, wrong
        assert b'role="alert"' in refused.content
    assert reader.get("/simulator/ssq-drill/").status_code == 404
