"""What is attacked, and how: each thing of the house that proves something, by four deeds."""

# ruff: noqa: S608 - all SQL here is made of the names written here
from __future__ import annotations

from .money_things import MONEY
from .thing import LATER, MADE_UP, Thing

# Those of the settled draw, so that no ban on reading stands between the attacker and the rows.
_SETTLED = "(SELECT draw_id FROM prizes_settlement)"
_SOLD = f"SELECT id FROM sales_ticket WHERE draw_id = {_SETTLED} ORDER BY id"


def _nth(number: int) -> str:
    return f"{_SOLD} OFFSET {number} LIMIT 1"


_CODE = "(SELECT t.code FROM sales_ticket t WHERE t.id = x.ticket_id)"
_NO_CHECKPOINT = (
    "SELECT min(n) FROM generate_series(1, (SELECT max(size) FROM audit_checkpoint)) n"
    " WHERE NOT EXISTS (SELECT FROM audit_checkpoint c WHERE c.size = n)"
)
_OTHER = "(SELECT min(d.id) FROM games_draw d WHERE d.id <> x.draw_id)"

THINGS = (
    Thing(
        name="ticket",
        table="sales_ticket",
        victim=_nth(0),
        kind="ticket",
        key="x.code",
        edit="price = price + 200",
        dated=f"sold_at = sold_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'code', 'FORGED000000000AA', 'position', 77",
        forged_key="FORGED000000000AA",
    ),
    Thing(
        name="selection",
        table="sales_selection",
        victim=f"SELECT id FROM sales_selection WHERE ticket_id = ({_nth(1)})",
        kind="ticket",
        key=_CODE,
        edit="mask_2 = 126",
        forged=f"'id', {MADE_UP}, 'position', 77",
    ),
    Thing(
        name="receipt",
        table="sales_receipt",
        pk="ticket_id",
        victim=_nth(2),
        kind="receipt",
        key="x.ticket_id::text",
        edit="signature = reverse(signature)",
        forged=f"'id', {MADE_UP}, 'ticket_id', ({_nth(0)}) + 500000",
        forged_key=f"SELECT (({_nth(0)}) + 500000)::text",
    ),
    Thing(
        name="purchase",
        table="sales_purchase",
        victim=f"SELECT purchase_id FROM sales_ticket WHERE id = ({_nth(3)})",
        kind="purchase",
        key="x.code",
        edit="price = price + 200",
        dated=f"bought_at = bought_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'code', 'FORGED', 'request_key', gen_random_uuid()",
        forged_key="FORGED",
    ),
    Thing(
        name="transfer",
        table="finance_transfer",
        victim="SELECT max(id) FROM finance_transfer",
        kind="entry",
        key="(SELECT e.reference FROM finance_entry e WHERE e.id = x.entry_id)",
        edit="amount = amount + 1",
        dated=f"posted_at = posted_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'position', 77",
    ),
    Thing(
        name="entry of the books",
        table="finance_entry",
        victim="SELECT min(id) FROM finance_entry",
        kind="entry",
        key="x.reference",
        edit="kind = 'REFUND'",
        dated=f"posted_at = posted_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'reference', 'forged:1', 'reversal_of_id', NULL",
        forged_key="forged:1",
    ),
    Thing(
        name="result",
        table="games_result",
        victim="SELECT min(id) FROM games_result",
        kind="result",
        edit="numbers = '[[1,2,3,4,5,9],[7]]'",
        dated=f"confirmed_at = confirmed_at - {LATER}",
        forged=(
            f"'id', {MADE_UP}, 'draw_id', {_OTHER}, 'first_entry_id', x.first_entry_id + 500,"
            " 'second_entry_id', x.second_entry_id + 500"
        ),
        forged_key=MADE_UP,
        round=2,
    ),
    Thing(
        name="result entry",
        table="games_resultentry",
        victim="SELECT min(id) FROM games_resultentry",
        kind="result_entry",
        edit="person_code = 'another'",
        dated=f"entered_at = entered_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'round', 2",
        forged_key=MADE_UP,
        app_forges=(
            "INSERT INTO games_resultentry"
            " (round, person_code, numbers, entered_at, draw_id, official_id)"
            " SELECT 2, 'x', '[[1,2,3,4,5,6],[7]]', clock_timestamp(), draw_id, official_id"
            " FROM games_resultentry LIMIT 1"
        ),
    ),
    Thing(
        name="approval",
        table="audit_approvalrequest",
        victim="SELECT min(id) FROM audit_approvalrequest",
        kind="approval",
        key="x.code",
        edit="amount_fen = 1",
        dated=f"requested_at = requested_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'code', 'FORGED', 'state', 'PERFORMED'",
        forged_key="FORGED",
    ),
    Thing(
        name="decision",
        table="audit_approvaldecision",
        victim="SELECT min(id) FROM audit_approvaldecision",
        kind="decision",
        edit="checker_person = 'another'",
        dated=f"decided_at = decided_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'checker_person', 'another'",
        forged_key=MADE_UP,
    ),
    Thing(
        name="trail row",
        table="audit_trail",
        victim="SELECT min(id) FROM audit_trail",
        kind="trail",
        edit="actor = 'nobody'",
        dated=f"at = at - {LATER}",
        forged=f"'id', {MADE_UP}",
        forged_key=MADE_UP,
    ),
    Thing(
        name="log entry",
        table="audit_entry",
        victim="SELECT id FROM audit_entry WHERE kind = 'rule_sheet' ORDER BY id LIMIT 1",
        kind="rule_sheet",
        key="x.key",
        edit="hash = sha256('x')",
        dated=f"at = at - {LATER}",
        forged="'id', 1000000001, 'key', '77'",
        forged_key="77",
        also="",
        round=3,
    ),
    Thing(
        name="sequenced row",
        table="audit_sequenced",
        pk="seq",
        victim=(
            "SELECT s.seq FROM audit_sequenced s JOIN audit_entry e"
            " ON (e.epoch, e.xid, e.id) = (s.epoch, s.xid, s.entry_id)"
            " WHERE e.kind = 'trail' ORDER BY s.seq LIMIT 1"
        ),
        kind="trail",
        key=(
            "(SELECT e.key FROM audit_entry e"
            " WHERE (e.epoch, e.xid, e.id) = (x.epoch, x.xid, x.entry_id))"
        ),
        edit="leaf = sha256('x')",
        dated="xid = xid - 1",
        forged="'seq', (SELECT max(seq) + 1 FROM audit_sequenced)",
        round=4,
    ),
    Thing(
        name="checkpoint",
        table="audit_checkpoint",
        pk="size",
        victim="SELECT max(size) FROM audit_checkpoint",
        kind="checkpoint",
        key="x.size::text",
        edit="root = encode(sha256('x'), 'hex')",
        dated=f"at = at - {LATER}",
        forged="'size', (SELECT max(size) + 9 FROM audit_checkpoint)",
        forged_key="SELECT (max(size) + 9)::text FROM audit_checkpoint",
        also="log",
        round=2,
    ),
    Thing(
        name="older checkpoint",
        table="audit_checkpoint",
        pk="size",
        victim="SELECT size FROM audit_checkpoint ORDER BY size OFFSET 1 LIMIT 1",
        kind="checkpoint",
        key="x.size::text",
        edit="text = replace(text, 'before ', 'after ')",
        dated=f"at = at - {LATER}",
        forged=f"'size', ({_NO_CHECKPOINT})",
        forged_key=f"SELECT ({_NO_CHECKPOINT})::text",
        deleted_key="(SELECT min(c.size)::text FROM audit_checkpoint c WHERE c.size > x.size)",
        round=5,
    ),
    Thing(
        name="seal statement",
        table="games_sealstatement",
        victim="SELECT min(id) FROM games_sealstatement",
        kind="seal_statement",
        key="x.file_name",
        edit="root = encode(sha256('x'), 'hex')",
        dated=f"sealed_at = sealed_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'file_name', 'forged.seal', 'draw_id', {_OTHER}",
        forged_key="forged.seal",
        round=2,
    ),
    Thing(
        name="signature of a seal",
        table="games_sealsignature",
        victim="SELECT min(id) FROM games_sealsignature",
        kind="seal_signature",
        edit="signature = reverse(signature)",
        dated=f"signed_at = signed_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'statement_id', x.statement_id + 1",
        forged_key=MADE_UP,
        app_forges=(
            "INSERT INTO games_sealsignature"
            " (statement_id, role, key_id, algorithm, signature, signed_at)"
            " SELECT s.id, 'INDEPENDENT', 'independent-00000000', 'Ed25519', 'AA==',"
            " clock_timestamp() FROM games_sealstatement s"
        ),
    ),
    Thing(
        name="publication of a seal",
        table="games_sealpublication",
        victim="SELECT min(id) FROM games_sealpublication",
        kind="seal_publication",
        edit="statement_id = statement_id + 1",
        dated=f"published_at = published_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'statement_id', x.statement_id + 1",
        forged_key=MADE_UP,
    ),
    Thing(
        name="run of an engine",
        table="prizes_enginerun",
        victim="SELECT min(id) FROM prizes_enginerun",
        kind="engine_run",
        key="x.code",
        edit="result_digest = encode(sha256('x'), 'hex')",
        dated=f"ended_at = ended_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'code', 'forged', 'attempt', 9",
        forged_key="forged",
        round=2,
    ),
    Thing(
        name="hit",
        table="prizes_hit",
        pk="ticket_id",
        victim="SELECT min(ticket_id) FROM prizes_hit",
        kind="hit",
        key=_CODE,
        edit="won = '1:1'",
        forged=f"'ticket_id', ({_nth(4)})",
        forged_key=f"SELECT code FROM sales_ticket WHERE id = ({_nth(4)})",
    ),
    Thing(
        name="prize",
        table="prizes_prize",
        victim="SELECT max(id) FROM prizes_prize",
        kind="prize",
        key=_CODE,
        edit="amount = amount + 100",
        dated=f"settled_at = settled_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'ticket_id', ({_nth(5)})",
        forged_key=f"SELECT code FROM sales_ticket WHERE id = ({_nth(5)})",
    ),
    Thing(
        name="prize sheet",
        table="prizes_prizesheet",
        victim="SELECT min(id) FROM prizes_prizesheet",
        kind="prize_sheet",
        edit="pool_after = pool_after + 1",
        dated=f"computed_at = computed_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'draw_id', {_OTHER}",
        forged_key=MADE_UP,
        round=2,
    ),
    Thing(
        name="minutes",
        table="games_drawminutes",
        victim="SELECT min(id) FROM games_drawminutes",
        kind="minutes",
        edit="body = body || ' '",
        dated=f"written_at = written_at - {LATER}",
        forged=f"'id', {MADE_UP}, 'edition', 9, 'reason', 'corrected'",
        forged_key=MADE_UP,
    ),
    Thing(
        name="posting",
        table="accounts_posting",
        victim="SELECT min(id) FROM accounts_posting",
        kind="posting",
        edit="post_id = (SELECT max(id) FROM accounts_post)",
        dated=f"valid_from = valid_from - {LATER}",
        forged=(
            f"'id', {MADE_UP}, 'post_id', (SELECT max(id) FROM accounts_post),"
            " 'valid_from', clock_timestamp()"
        ),
        forged_key=MADE_UP,
    ),
    Thing(
        name="signing key",
        table="audit_signingkey",
        victim="SELECT id FROM audit_signingkey WHERE role = 'RECEIPT'",
        kind="signing_key",
        key="x.key_id",
        edit="public_key = repeat('A', 43) || '='",
        dated=f"valid_from = valid_from - {LATER}",
        forged=f"'id', {MADE_UP}, 'key_id', 'receipt-00000000'",
        forged_key="receipt-00000000",
        round=3,
    ),
    *MONEY,
)
