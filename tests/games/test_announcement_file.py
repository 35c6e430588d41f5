"""The announcements that come along are real, complete and honest about what is missing."""

from datetime import date
from itertools import pairwise

from games import announcement_file, prize_tables, rules
from games.announcement_file import AnnouncedTier


def test_the_last_300_draws_are_there_in_order():
    """F073."""
    rows = list(announcement_file.read_ssq())

    assert len(rows) == 300
    assert (rows[0].issue, rows[-1].issue) == ("2024111", "2026108")
    assert [row.issue for row in rows] == sorted({row.issue for row in rows})
    assert [row.drawn_on for row in rows] == sorted({row.drawn_on for row in rows})
    assert all(row.drawn_on.isoweekday() in {2, 4, 7} for row in rows)
    assert all(row.source for row in rows)


def test_numbers_fit_the_matrix():
    for row in announcement_file.read_ssq():
        reds, blues = row.numbers
        assert len(set(reds)) == 6
        assert sorted(reds) == list(reds)
        assert set(reds) <= set(range(1, 34))
        assert len(blues) == 1
        assert set(blues) <= set(range(1, 17))


def test_a_row_says_what_was_published():
    row = list(announcement_file.read_ssq())[-1]

    assert row.issue == "2026108"
    assert row.drawn_on == date(2026, 9, 17)
    assert row.numbers == ((6, 11, 13, 14, 20, 28), (16,))
    assert (row.sales_fen, row.pool_fen) == (33_529_427_400, 91_724_364_700)
    assert row.tiers[1] == AnnouncedTier(winners=2, prize_fen=1_000_000_000)
    assert sorted(row.tiers) == [1, 2, 3, 4, 5, 6]
    assert row.special_on is False


def test_what_the_source_lacks_stays_missing():
    """33 draws of 2026 were published to us without tiers 1 to 6: no zero stands in for them."""
    rows = {row.issue: row for row in announcement_file.read_ssq()}
    incomplete = [issue for issue, row in rows.items() if 1 not in row.tiers]

    assert (incomplete[0], incomplete[-1], len(incomplete)) == ("2026014", "2026046", 33)
    assert all(sorted(rows[issue].tiers) == [7] for issue in incomplete)
    assert rows["2026013"].special_on is None


def test_complete_announcements_agree_with_the_rules():
    rows = list(announcement_file.read_ssq())

    for before, row in pairwise(rows):
        if 1 in row.tiers:
            table = prize_tables.compute(
                rules.version_for(game="ssq", issue=row.issue),
                sales_fen=row.sales_fen or 0,
                pool_before_fen=before.pool_fen or 0,
                special_on=bool(row.special_on),
                winners={number: tier.winners or 0 for number, tier in row.tiers.items()},
            )
            assert table.pool_after_fen == row.pool_fen
            assert table.prize_fen == {number: tier.prize_fen for number, tier in row.tiers.items()}
