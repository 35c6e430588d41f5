"""The sealed format in SQL is that of `sales.canonical`, byte for byte."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from zlib import crc32

import pytest
from django.db import connection

from audit import tree
from audit.models import LogEntry
from games import bets, rules
from prizes import drill
from sales import canonical, sealed_tree
from sales.models import Ticket
from tests import make, owner
from tests.games import chosen

commits = pytest.mark.django_db(transaction=True)

VERSIONS = [version for game in rules.GAMES.values() for version in game.versions]


def _in_sql(version, rows):
    """Lines and text of each row, as the database works them out by the sheet of the version.

    The text twice: as for one selection, and as for many.
    """
    with owner.as_owner() as hand:
        return hand.execute(
            """
            WITH rule AS MATERIALIZED (SELECT games_layout_of(%s::jsonb) AS layout)
            SELECT sales_lines(layout, r->>0, (r->>1)::bigint, (r->>2)::bigint, (r->>3)::bigint,
                               (r->>4)::bigint),
                   sales_selection_text(r->>0, sales_unlike_plain(layout), (r->>1)::bigint,
                       (r->>2)::bigint, (r->>3)::bigint, (r->>4)::bigint, (r->>5)::integer,
                       (r->>6)::boolean),
                   sales_selections_text(r->>0, sales_unlike_plain(layout), (r->>1)::bigint,
                       (r->>2)::bigint, (r->>3)::bigint, (r->>4)::bigint, (r->>5)::integer,
                       (r->>6)::boolean)
              FROM rule, jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS x(r, n) ORDER BY n
            """,
            [rules.rule_sheet(version).decode(), json.dumps(rows)],
        ).fetchall()


@commits
def test_every_bet_of_every_rule_is_counted_and_spelt_in_sql_as_in_python(full, deep):
    """F026, F057: over all bet types, numbers, bankers and multipliers, from the sheet alone."""
    for version in VERSIONS:
        _is_counted_and_spelt(version, 100_000 if deep else 2_000 if full else 100)


def _is_counted_and_spelt(version, count):
    below = chosen.below_of(crc32(version.code.encode()))
    chosen_here = [drill.random_bet(version, one, below=below) for one in version.bet_types]
    chosen_here += [chosen.widest(version, one, below) for one in version.bet_types]
    chosen_here += [chosen.selection(version, below) for _ticket in range(count)]
    tickets = [bets.check(version, one) for one in chosen_here]

    found = _in_sql(
        version,
        [
            [
                one.selection.bet_type,
                *one.masks,
                one.selection.multiplier,
                one.selection.quick_pick,
            ]
            for one in tickets
        ],
    )

    assert [(lines, text.decode(), among) for lines, text, among in found] == [
        (one.lines, *[bets.canonical(one.selection)] * 2) for one in tickets
    ]


@commits
def test_masks_that_are_no_numbers_of_a_bet_make_no_line():
    """F042: bits beyond every place, a banker that is a pick, less than nothing, no such bet."""
    for version in VERSIONS:
        below = chosen.below_of(crc32(version.code.encode()))
        wrong = []
        for bet_type in version.bet_types:
            checked = bets.check(version, drill.random_bet(version, bet_type, below=below))
            first, second, third, fourth = checked.masks
            wrong += [
                [bet_type.code, first, second, third, fourth | 1 << 62, 1, False],
                [bet_type.code, first, ~second, third, fourth, 1, False],
                [bet_type.code, first | second, second, third | fourth, fourth, 1, False],
                [bet_type.code, 0, 0, 0, 0, 1, False],
                ["unheard_of", first, second, third, fourth, 1, False],
            ]

        in_sql = _in_sql(version, wrong)
        assert all(bytes(alone) == among.encode() for _lines, alone, among in in_sql)
        found = [lines for lines, _alone, _among in in_sql]

        assert not any(found), (version.code, wrong[found.index(max(found))])


def _sold(count=3):
    shade = make.shadow_player(wallet=1000_00)
    draw = make.shadow_draw(closes_in=timedelta(hours=1))
    return draw, [
        make.ticket(shade, draw, [make.single(blue=1 + number), make.single(multiplier=2)])
        for number in range(count)
    ]


def _salt_of(ticket):
    """As the owner reads it: the application may not."""
    with owner.as_owner() as hand:
        row = hand.execute("SELECT salt FROM sales_ticket WHERE id = %s", [ticket.pk]).fetchone()
    assert row is not None
    return row[0]


def _line_in_python(ticket):
    version = rules.by_code(ticket.draw.rule.code)
    texts = [
        bets.canonical(
            bets.unpack(
                version,
                row.masks,
                bet_type=row.bet_type,
                multiplier=row.multiplier,
                quick_pick=row.is_quick_pick,
            )
        )
        for row in ticket.selections.order_by("position")
    ]
    return canonical.TicketLine(
        draw=ticket.draw.code,
        ticket=ticket.code,
        owner=canonical.pseudonym(draw=ticket.draw.code, player=ticket.owner.code),
        price_fen=ticket.price,
        channel=ticket.channel,
        sold_at=ticket.sold_at,
        salt=_salt_of(ticket),
        selections=texts,
    ).encode()


def _asked(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


@commits
def test_a_line_is_the_same_alone_in_a_stretch_and_in_a_block():
    """F057: one ticket, many, and a whole block say the same bytes."""
    draw, sold = _sold()
    lines = [_line_in_python(Ticket.objects.get(pk=one.pk)) for one in sold]

    alone = [bytes(_asked("SELECT sales_ticket_line(%s)", one.pk)[0][0]) for one in sold]
    stretch = _asked(
        "SELECT line FROM sales_lines_now(%s, %s, %s)", draw.pk, sold[0].pk, sold[-1].pk
    )
    ((tickets, stake, content, leaves),) = _asked(
        "SELECT tickets, stake, content, leaves FROM sales_sealed_block(%s, %s, %s, true)",
        draw.pk, sold[0].pk, sold[-1].pk,
    )  # fmt: skip

    assert alone == [bytes(line) for (line,) in stretch] == lines
    assert (tickets, stake) == (3, sum(one.price for one in sold))
    assert bytes(content) == b"".join(line + b"\n" for line in lines)
    assert bytes(leaves) == b"".join(canonical.leaf(line) for line in lines)


@commits
def test_a_moment_is_sealed_to_the_microsecond_in_every_year():
    """F057: where a double would not hold the microseconds, they are counted as numbers."""
    with owner.as_owner() as hand:
        unlike = hand.execute(
            """
            SELECT m.at FROM generate_series(-60 * 60, 174 * 60) n,
                   (VALUES (0), (1), (499999), (999999)) micro (s),
                   LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 year' / 60
                       + n * interval '0.104729 second' + s * interval '1 microsecond' AS at) m
             WHERE split_part(sales_head_text(1, '', '', '', 0, '', m.at, ''), E'\\t', 7)
                   <> (extract(epoch FROM m.at) * 1000000)::bigint::text
            """
        ).fetchall()

    assert unlike == []


@commits
def test_the_sale_itself_gives_the_leaf_of_each_line_to_the_log():
    """F049, F057: what is sealed later was promised at the sale."""
    _draw, sold = _sold()

    logged = dict(LogEntry.objects.filter(kind="ticket").values_list("key", "hash"))

    assert {code: bytes(found) for code, found in logged.items()} == {
        one.code: canonical.leaf(_line_in_python(Ticket.objects.get(pk=one.pk))) for one in sold
    }


@commits
def test_a_changed_row_has_another_line():
    """F049: every column that makes a ticket is in its bytes."""
    _draw, sold = _sold(1)
    before = _asked("SELECT sales_ticket_line(%s)", sold[0].pk)
    changes = {
        "price": "price + 1", "channel": "'api'", "sold_at": "sold_at - interval '1 microsecond'",
        "salt": "sha256(salt)", "code": "reverse(code)", "format_version": "2",
    }  # fmt: skip

    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE sales_ticket DISABLE TRIGGER USER")
        for column, value in changes.items():
            hand.execute(f"BEGIN; UPDATE sales_ticket SET {column} = {value}")  # noqa: S608 - our own names
            changed = hand.execute("SELECT sales_ticket_line(%s)", [sold[0].pk]).fetchall()
            hand.execute("ROLLBACK")
            assert [bytes(row[0]) for row in changed] != [bytes(row[0]) for row in before], column


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 16_383, 16_384, 16_385, 33_000, 70_000])
def test_the_tree_file_proves_every_leaf(size, tmp_path):
    """N01: leaves go in by blocks; root and proofs are those of the standard."""
    leaves = [hashlib.sha256(str(number).encode()).digest() for number in range(size)]
    path = tmp_path / "draw.tree"

    with path.open("wb") as file:
        builder = sealed_tree.Builder(file)
        for at in range(0, size, sealed_tree.BLOCK):
            part = leaves[at : at + sealed_tree.BLOCK]
            assert builder.add(b"".join(part)) == tree.root_of(part)
        root = builder.finish()

    assert root == tree.root_of(leaves)
    kept = sealed_tree.Kept(path, size=size)
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        proof = tree.inclusion_path(index=index, size=size, levels=kept)
        assert tree.check_inclusion(
            leaf_hash=leaves[index], index=index, size=size, path=proof, root=root
        )
