"""What the database makes of bets of any game: counted, priced, and refused where it must be."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice
from typing import Any
from zlib import crc32

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Player
from audit import trail
from finance import wallets
from games import bets, limits, rule_sheets, rules
from games.models import Draw, LimitedLine
from games.rules import RuleVersion
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.errors import Refused
from prizes import drill
from sales import purchase
from sales.models import Ticket
from tests import make, owner, people
from tests.games import chosen, made_sheets
from tests.samples import one_in

pytestmark = pytest.mark.django_db(transaction=True)

GAMES = sorted(rules.GAMES)
PRICED, COUNTED = "ticket_costs_its_selections", "selection_lines_counted"
NOT_TAKEN = "selection_as_its_bet_type_takes"
MADE_UP = 40
WITHDRAWN = "selection_of_lines_on_sale"


def sell(player: Player, draw: Draw, *selections: Sequence[Any]) -> None:
    """One ticket by the function itself, as code that has gone wrong would ask for it."""
    ticket = {
        "code": f"T{uuid.uuid4().hex[:16]}".upper(), "draw_id": draw.pk, "rule_id": draw.rule_id,
        "price": sum(one[4] for one in selections), "lines": sum(one[1] for one in selections),
        "salt": "00" * 16, "format_version": 1, "selections": selections,
    }  # fmt: skip
    asked = {
        "code": uuid.uuid4().hex[:17].upper(), "player_id": player.pk, "channel": "drill",
        "request_key": str(uuid.uuid4()), "request_hash": "", "tickets": [ticket],
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sales_sell(%s::jsonb)", [json.dumps(asked)])


def row(checked: bets.CheckedSelection, **other: int) -> list[Any]:
    """A checked selection as the function takes it, lines or amount put otherwise."""
    lines, amount = other.get("lines", checked.lines), other.get("amount", checked.amount_fen)
    asked = checked.selection
    return [asked.bet_type, lines, asked.multiplier, asked.quick_pick, amount, *checked.masks]


@pytest.mark.parametrize("game", GAMES)
def test_the_database_counts_and_prices_every_bet_again(game):
    """F042: of each bet type neither a line too many nor a fen too few is sold; then it is."""
    draw = make.shadow_draw(game_code=f"{game}-drill")
    buyer = make.shadow_player(wallet=1_000_000_00)
    version = rule_sheets.version_of(draw)
    below = chosen.below_of(crc32(game.encode()))
    sound = []
    for bet_type in version.bet_types:
        checked = bets.check(version, drill.random_bet(version, bet_type, below=below))
        price = version.line_price_fen(bet_type.code)
        more = {"lines": checked.lines + 1, "amount": checked.amount_fen + price}
        for wrong, constraint in ((more, COUNTED), ({"amount": checked.amount_fen - 1}, PRICED)):
            with pytest.raises(IntegrityError) as refused:
                sell(buyer, draw, row(checked, **wrong))
            assert violated(refused.value) == constraint, bet_type.code
        sound.append(row(checked))
    assert not Ticket.objects.exists()
    assert wallets.available(buyer) == 1_000_000_00

    sell(buyer, draw, *sound)

    assert Ticket.objects.get().price == sum(one[4] for one in sound)


LINES = """
WITH rule AS MATERIALIZED (SELECT games_layout_of(%s::jsonb) AS layout)
SELECT sales_lines(layout, r->>0, (r->>1)::bigint, (r->>2)::bigint, (r->>3)::bigint,
                   (r->>4)::bigint)
  FROM rule, jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS x(r, n) ORDER BY n
"""


def judged_by_the_rules(version: RuleVersion, asked: bets.Selection) -> int:
    """The lines of a selection that the rules take, or 0; what it costs aside."""
    try:
        return bets.check(replace(version, ticket_cap_fen=10**18), asked).lines
    except Refused:
        return 0


def every_sheet() -> Iterator[tuple[bytes, RuleVersion]]:
    """Of every version there is, also without its least lines, and of rules that nobody decided."""
    for game in rules.GAMES.values():
        kinds = [replace(one, least_lines=1) for one in game.current.bet_types]
        for version in (*game.versions, replace(game.current, bet_types=tuple(kinds))):
            yield rules.rule_sheet(version), version
    yield from islice(made_sheets.sheets(20261122), MADE_UP)


@pytest.mark.thorough
def test_the_database_alone_takes_what_every_bet_type_takes_and_nothing_beside_it():
    """F026, F042: every bet type of every version, on both sides of each of its bounds."""
    taken = refused = 0
    for at, (raw, version) in enumerate(every_sheet()):
        below = chosen.below_of(at)
        asked = [one for kind in version.bet_types for one in chosen.edges(version, kind, below)]
        rows = json.dumps([[one.bet_type, *bets.pack(version, one)] for one in asked])
        with owner.as_owner() as hand:
            found = hand.execute(LINES, [raw.decode(), rows]).fetchall()
        for one, (lines,) in zip(asked, found, strict=True):
            assert max(lines, 0) == judged_by_the_rules(version, one), (version.code, one)
            taken += lines > 0
            refused += lines < 0
    assert taken > 1_000
    assert refused > 1_000


def test_what_no_bet_type_takes_is_not_sold_past_the_portal():
    """F026, F042: counted and paid for as it should be, it would still halt the draw later."""
    buyer = make.shadow_player(wallet=1_000_000_00)
    tried = 0
    for game in GAMES:
        draw = make.shadow_draw(game_code=f"{game}-drill")
        version = rule_sheets.version_of(draw)
        below = chosen.below_of(crc32(game.encode()))
        for kind in version.bet_types:
            for asked in chosen.edges(version, kind, below):
                lines = bets.count_lines(version, asked)
                price = lines * version.line_price_fen(kind.code)
                if judged_by_the_rules(version, asked) or not 0 < price <= version.ticket_cap_fen:
                    continue
                made = bets.CheckedSelection(
                    selection=asked, lines=lines, amount_fen=price, masks=bets.pack(version, asked)
                )
                with pytest.raises(IntegrityError) as refused:
                    sell(buyer, draw, row(made))
                if violated(refused.value) == NOT_TAKEN:
                    tried += 1
                    break
                assert violated(refused.value) == COUNTED, asked
    assert tried > 60
    assert not Ticket.objects.exists()
    assert wallets.available(buyer) == 1_000_000_00


def test_the_sheet_bounds_multiplier_and_price_whatever_the_portal_believes(draw):
    """F022, F026: what stands in the sheet of the draw counts, told as a refusal with its code."""
    buyer = make.shadow_player(wallet=1_000_00)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_rulesheet DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE games_rulesheet SET sheet = replace(replace(replace(sheet,"
            " '\"multiplier_least\":1', '\"multiplier_least\":2'),"
            " '\"multiplier_most\":99', '\"multiplier_most\":10'),"
            " '\"ticket_cap_fen\":2000000', '\"ticket_cap_fen\":3000') WHERE id = %s",
            [draw.rule_id],
        )
        owner.guards_up(hand)
    one = straight([1], [2], [3])

    for times, refusal in (
        (1, purchase.SelectionNotTaken),
        (11, purchase.SelectionNotTaken),
        (2, None),
        (10, None),
    ):
        bet = replace(one, multiplier=times)
        with pytest.raises(refusal) if refusal else nullcontext():
            make.purchase(buyer, draw, [bet], channel="drill")
    ten = replace(one, multiplier=10)
    with pytest.raises(bets.TicketTooDear):
        make.purchase(buyer, draw, [ten, replace(one, multiplier=6)], channel="drill")

    make.purchase(buyer, draw, [ten, replace(one, multiplier=5)], channel="drill")
    assert Ticket.objects.count() == 3
    assert wallets.available(buyer) == 1_000_00 - 4_00 - 20_00 - 30_00


def test_an_additional_bet_is_not_sold_at_the_plain_price():
    """RULES C1: three yuan a line, and two for a plain one."""
    draw = make.shadow_draw(game_code="dlt-drill")
    buyer = make.shadow_player(wallet=100_00)
    version = rule_sheets.version_of(draw)
    line = ((1, 2, 3, 4, 5), (6, 7))
    dear = bets.check(version, bets.Selection("single_add", ((), ()), line))
    plain = bets.check(version, bets.Selection("single", ((), ()), line))
    assert (dear.amount_fen, plain.amount_fen) == (3_00, 2_00)

    for checked, amount in ((dear, 2_00), (plain, 3_00)):
        with pytest.raises(IntegrityError) as refused:
            sell(buyer, draw, row(checked, amount=amount))
        assert violated(refused.value) == PRICED

    sell(buyer, draw, row(dear), row(plain))
    assert Ticket.objects.get().price == 5_00


# Lines withdrawn from sale


@pytest.fixture
def draw() -> Draw:
    """A draw of three digits."""
    return make.shadow_draw(game_code="pl3-drill")


def withdraw(draw: Draw, play: str, *line: Sequence[int]) -> LimitedLine:
    return limits.withdraw(
        draw=draw,
        play=play,
        line=line,
        reason="售出已达限额",
        actor=people.member("draw_official").user,
        now=database_time(),
    )


def straight(*digits: Sequence[int]) -> bets.Selection:
    return bets.Selection("straight", ((),) * 3, tuple(map(tuple, digits)))


def group6(bankers: Sequence[int], picks: Sequence[int]) -> bets.Selection:
    kind = "group6_bank" if bankers else "group6" if len(picks) == 3 else "group6_multi"
    return bets.Selection(kind, (tuple(bankers),), (tuple(picks),))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("withdrawn", "refused", "sold"),
    [
        (
            ("straight", [1], [2], [3]),
            [straight([1], [2], [3]), straight([0, 1], [2], [3, 4])],
            [straight([1], [2], [4]), straight([3], [2], [1]), group6((), (1, 2, 3))],
        ),
        (
            ("group6", [1, 2, 3]),
            [group6((), (1, 2, 3)), group6((), (0, 1, 2, 3)), group6((1,), (2, 3, 4))],
            [group6((4,), (1, 2, 3)), group6((), (1, 2, 4)), straight([1], [2], [3])],
        ),
        (
            ("group3", [1], [2]),
            [
                bets.Selection("group3", ((), ()), ((1,), (2,))),
                bets.Selection("group3_multi", ((), ()), ((1, 2, 3), (1, 2, 3))),
            ],
            [bets.Selection("group3", ((), ()), ((2,), (1,)))],
        ),
    ],
)
def test_a_line_withdrawn_from_sale_is_in_no_ticket_sold_after(draw, withdrawn, refused, sold):
    """RULES §6 (限量): alone or among others, by the door and by the database itself."""
    buyer = make.shadow_player(wallet=1_000_00)
    version = rule_sheets.version_of(draw)
    for selection in (*refused, *sold):
        make.purchase(buyer, draw, [selection], channel="drill")
    before = Ticket.objects.count()
    balance = wallets.available(buyer)

    withdraw(draw, *withdrawn)

    for selection in refused:
        with pytest.raises(bets.NumberLimited):
            make.purchase(buyer, draw, [selection], channel="drill")
        with pytest.raises(IntegrityError) as violation:
            sell(buyer, draw, row(bets.check(version, selection)))
        assert violated(violation.value) == WITHDRAWN
    assert (Ticket.objects.count(), wallets.available(buyer)) == (before, balance)
    for selection in sold:
        make.purchase(buyer, draw, [selection], channel="drill")
    assert Ticket.objects.count() == before + len(sold)


def test_a_withdrawn_line_is_sold_in_other_draws(draw):
    """A limit is one draw's."""
    withdraw(draw, "straight", [1], [2], [3])
    buyer = make.shadow_player(wallet=1_000_00)
    other = make.shadow_draw(game_code="pl3-drill")

    make.purchase(buyer, other, [straight([1], [2], [3])], channel="drill")

    assert Ticket.objects.get().draw_id == other.pk


def test_what_was_withdrawn_stands_and_is_written_down(draw):
    """It is in the trail; again, or after the close, it is refused, and no row of it changes."""
    found = withdraw(draw, "straight", [1], [2], [3])

    (deed,) = trail.read(trail.Filters(action="games.line_withdrawn"))
    assert json.loads(deed.body)["line"] == [[1], [2], [3]]
    assert limits.of(draw) == [bets.Limited(play="straight", line=((1,), (2,), (3,)))]
    with pytest.raises(limits.LimitedAlready):
        withdraw(draw, "straight", [1], [2], [3])
    with pytest.raises(DatabaseError, match="permission denied"):
        LimitedLine.objects.filter(pk=found.pk).delete()
    with owner.as_owner() as hand, pytest.raises(psycopg.Error, match="evidence"):
        hand.execute("DELETE FROM games_limitedline")
    make.closed(draw)
    with pytest.raises(limits.NotLimited):
        withdraw(draw, "straight", [3], [2], [1])
    assert LimitedLine.objects.count() == 1


@pytest.mark.parametrize(
    ("play", "line"),
    one_in(
        3,
        [
            ("straight", [[1], [2]]),
            ("straight", [[1], [2], [10]]),
            ("straight", [[1, 2], [2], [3]]),
            ("group6", [[1, 2]]),
            ("group6", [[1, 1, 2]]),
            ("group3", [[1], [1]]),
            ("unheard_of", [[1]]),
        ],
    ),
)
def test_only_a_line_of_the_play_is_withdrawn(draw, play, line):
    """What is no line would keep nobody from anything, or everybody."""
    with pytest.raises(limits.NoSuchLine):
        withdraw(draw, play, *line)

    assert not LimitedLine.objects.exists()


def test_a_game_that_limits_no_numbers_sells_every_line():
    """双色球 knows no limits."""
    with pytest.raises(limits.NotLimited):
        withdraw(make.shadow_draw(), "standard", [1, 2, 3, 4, 5, 6], [7])

    assert not LimitedLine.objects.exists()
