"""The verifier as a program, and seals and kits made by hand to put before it.

Nothing here uses the verifier's own code: trees are the recursive definition of RFC 6962,
signatures are made by `cryptography`, prizes come from the house's own prize table.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib
import importlib.util
import io
import json
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from games import bets, prize_tables, rules
from games.rules import RuleVersion
from games.rules.sheet import rule_sheet
from tests.games import brute_force

FOLDER = Path(__file__).parents[2] / "audit" / "verifier"
DRAW = "ssq-2026110"
RULE = rules.by_code("ssq-2026.1")
NUMBERS = ((1, 2, 3, 4, 5, 6), (7,))
POOL = 200_000_000_000
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

Row = tuple[str, str, str]


def run(*arguments: object, program: Path = FOLDER, cwd: Path | None = None) -> Any:
    """Run the verifier as a stranger does: isolated, by its path."""
    return subprocess.run(  # noqa: S603
        [sys.executable, "-I", str(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        timeout=300,
    )


@dataclass(frozen=True)
class Said:
    """How the program ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def said(*arguments: object) -> Said:
    """Run the program as `run` does, but within this process: for many cases of one kind."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _stream in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = part("command").main([str(one) for one in arguments])
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return Said(code, *texts)


@cache
def part(name: str) -> ModuleType:
    """A module of the verifier, loaded by path, to look at one thing alone."""
    if "verifier" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "verifier", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
        )
        assert spec is not None
        assert spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules["verifier"] = package
        spec.loader.exec_module(package)
    return importlib.import_module(f"verifier.{name}")


# Trees, as RFC 6962 section 2.1 defines them.


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _half(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = _half(len(leaves))
    return node(root(leaves[:half]), root(leaves[half:]))


def inclusion(place: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    half = _half(len(leaves))
    if place < half:
        return [*inclusion(place, leaves[:half]), root(leaves[half:])]
    return [*inclusion(place - half, leaves[half:]), root(leaves[:half])]


def consistency(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    return _consistency(old, leaves, is_whole=True) if 0 < old < len(leaves) else []


def _consistency(old: int, leaves: Sequence[bytes], *, is_whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if is_whole else [root(leaves)]
    half = _half(len(leaves))
    if old <= half:
        return [*_consistency(old, leaves[:half], is_whole=is_whole), root(leaves[half:])]
    return [*_consistency(old - half, leaves[half:], is_whole=False), root(leaves[:half])]


# Keys and notes.


@dataclass(frozen=True)
class Signer:
    """A key of a role."""

    role: str
    seed: bytes
    valid_from: str = "2026-01-01T00:00:00.000000Z"
    revoked_at: str | None = None

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        return f"{self.role.lower()}-{hashlib.sha256(self.public).hexdigest()[:8]}"

    def facts(self) -> dict[str, Any]:
        return {
            "key_id": self.key_id,
            "role": self.role,
            "algorithm": "Ed25519",
            "public_key": base64.b64encode(self.public).decode(),
            "valid_from": self.valid_from,
            "revoked_at": self.revoked_at,
        }

    def sign(self, message: bytes) -> dict[str, Any]:
        return {
            "role": self.role,
            "key_id": self.key_id,
            "algorithm": "Ed25519",
            "signature": base64.b64encode(self.key.sign(message)).decode(),
        }


OPERATIONS = Signer("OPERATIONS", b"o" * 32)
INDEPENDENT = Signer("INDEPENDENT", b"i" * 32)
LOG = Signer("LOG", b"l" * 32)
RECEIPT = Signer("RECEIPT", b"r" * 32)
KEYS = (OPERATIONS, INDEPENDENT, LOG, RECEIPT)


def key_file(signers: Iterable[Signer] = KEYS) -> bytes:
    return canonical({"format": "signing-keys/1", "keys": [one.facts() for one in signers]})


def note_line(name: str, kind: bytes, signer: Signer, body: bytes) -> str:
    key_hash = hashlib.sha256(name.encode() + b"\n" + kind + signer.public).digest()[:4]
    return f"— {name} {base64.b64encode(key_hash + body).decode()}\n"


def checkpoint(
    leaves: Sequence[bytes], *, second: int, log: Signer = LOG, witness: Signer = INDEPENDENT
) -> str:
    """A checkpoint over `leaves`, signed, and cosigned at `second`."""
    text = f"log.example/1\n{len(leaves)}\n{base64.b64encode(root(leaves)).decode()}\n"
    cosigned = witness.key.sign(f"cosignature/v1\ntime {second}\n{text}".encode())
    return (
        f"{text}\n"
        + note_line("log.example/1", b"\x01", log, log.key.sign(text.encode()))
        + note_line("witness.example", b"\x04", witness, second.to_bytes(8, "big") + cosigned)
    )


# A draw.


def canonical(facts: Any) -> bytes:
    return json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def code(number: int) -> str:
    """Seventeen letters that differ from number to number."""
    digest = hashlib.sha256(f"code {number}".encode()).digest()
    return "".join(LETTERS[byte & 31] for byte in digest[:17])


def ticket(
    number: int,
    selections: Sequence[str],
    *,
    price: int | None = None,
    rule: RuleVersion = RULE,
    **changed: str,
) -> str:
    """A line of a sealed file, without its LF."""
    spread = hashlib.sha256(f"spread {number}".encode()).hexdigest()
    fields = {
        "version": "1",
        "draw": DRAW,
        "code": code(number),
        "owner": spread[:32],
        "price": str(price_of(selections, rule) if price is None else price),
        "channel": "web",
        "sold_at": str(1_790_000_000_000_000 + number),
        "salt": spread[32:],
        "selections": " ".join(selections),
        **changed,
    }
    return "\t".join(fields.values())


def price_of(selections: Sequence[str], rule: RuleVersion = RULE) -> int:
    return sum(_stake(rule, chosen) for chosen in map(bets.parse, selections))


def _stake(rule: RuleVersion, chosen: bets.Selection) -> int:
    lines = sum(1 for _ in brute_force.lines(rule, chosen))
    return lines * chosen.multiplier * rule.line_price_fen(chosen.bet_type)


def sealed_file(
    tickets: Iterable[str],
    *,
    draw: str = DRAW,
    digest: str | None = None,
    rule: RuleVersion = RULE,
) -> bytes:
    digest = digest or hashlib.sha256(rule_sheet(rule)).hexdigest()
    head = f"sealed-file\t1\t{draw}\t{rule.code}\t{digest}"
    return "".join(f"{line}\n" for line in [head, *tickets]).encode()


def settlement_input(**changed: Any) -> bytes:
    return canonical(
        {
            "format": "settlement-input/1",
            "draw": DRAW,
            "numbers": NUMBERS,
            "special_on": False,
            "pool_before_fen": POOL,
            **changed,
        }
    )


def expected_result(
    sealed: bytes,
    *,
    rule: RuleVersion = RULE,
    numbers: Sequence[Sequence[int]] = NUMBERS,
    special_on: bool = False,
    pool_before_fen: int = POOL,
    other_pools: Mapping[str, int] | None = None,
) -> bytes:
    """The result file: every line of every selection looked at, priced by the house's own table."""
    head, *tickets = sealed.decode().splitlines()
    _mark, _one, draw, code_of_rule, digest = head.split("\t")
    drawn = tuple(tuple(sorted(zone)) for zone in numbers)
    total: Counter[int] = Counter()
    winners: list[tuple[str, Counter[int]]] = []
    sales: Counter[str] = Counter()
    for line in tickets:
        fields = line.split("\t")
        won: Counter[int] = Counter()
        for chosen in map(bets.parse, fields[8].split(" ")):
            sales[rule.play_of(chosen.bet_type).code] += _stake(rule, chosen)
            hits = hits_of(rule, chosen, drawn, special_on=special_on)
            won.update({tier: count * chosen.multiplier for tier, count in hits.items()})
        total.update(won)
        if won:
            winners.append((fields[2], won))
    table = prize_tables.compute(
        rule,
        sales_fen=sales.total(),
        pool_before_fen=pool_before_fen,
        special_on=special_on,
        winners=dict(total),
        sales_by_play=sales,
        other_pools=other_pools,
    )
    spelt = "+".join(",".join(f"{number:02}" for number in zone) for zone in drawn)
    root_hex = root([leaf(line.encode()) for line in tickets]).hex()
    lines = [
        f"result-file\t1\t{draw}\t{code_of_rule}\t{digest}\t{root_hex}\t{spelt}\t{int(special_on)}",
    ]
    money = [sales.total(), table.prize_money_fen, pool_before_fen, table.pool_after_fen]
    money += [table.fund_paid_fen, table.rounding_to_fund_fen, int(table.special_on_next)]
    money += [fen for before_and_after in table.other_pools.values() for fen in before_and_after]
    lines.append("\t".join(["money", *map(str, money)]))
    lines += [
        f"tier\t{tier}\t{total[tier]}\t{prize}" for tier, prize in sorted(table.prize_fen.items())
    ]
    paid = 0
    for ticket_code, won in winners:
        amount = sum(count * table.prize_fen[tier] for tier, count in won.items())
        paid += amount
        tiers = ",".join(f"{tier}:{count}" for tier, count in sorted(won.items()))
        lines.append(f"won\t{ticket_code}\t{tiers}\t{amount}")
    lines.append(f"end\t{len(winners)}\t{paid}")
    return "".join(f"{line}\n" for line in lines).encode()


def hits_of(
    rule: RuleVersion, chosen: bets.Selection, drawn: brute_force.Line, *, special_on: bool
) -> Mapping[int, int]:
    """Winning lines per tier as the house counts them from masks, held against every line."""
    found = bets.hits(
        rule,
        bets.pack(rule, chosen),
        bets.result_masks(rule, drawn),
        special_on=special_on,
        bet_type=chosen.bet_type,
    )
    told = brute_force.wins(rule, chosen, drawn, special_on=special_on)
    assert brute_force.won_as(rule, found) == told
    return found


TICKETS = (
    ticket(1, ["single|01,02,03,04,05,06+07|x1|own"]),
    ticket(2, ["single|01,02,03,04,05,06+08|x2|quick", "single|08,09,10,11,12,13+07|x1|quick"]),
    ticket(3, ["multiple|01,02,03,04,05,06,07,08+07,09|x3|own"]),
    ticket(4, ["banker|01,02#03,04,20,21,22+07|x1|own"]),
    ticket(5, ["single|20,21,22,23,24,25+16|x99|quick"]),
    ticket(6, ["single|01,02,03,09,10,11+16|x1|own"]),
)


@dataclass
class Draw:
    """Everything of a small settled draw, ready to be put into a kit or to be falsified first."""

    tickets: Sequence[str] = TICKETS
    code: str = DRAW
    rule: RuleVersion = RULE
    numbers: Sequence[Sequence[int]] = NUMBERS
    pool_before_fen: int = POOL
    other_pools: Mapping[str, int] = field(default_factory=dict)
    operations: Signer = OPERATIONS
    independent: Signer = INDEPENDENT
    log: Signer = LOG
    signers: Sequence[Signer] = KEYS
    statement_changes: Mapping[str, Any] = field(default_factory=dict)
    input_changes: Mapping[str, Any] = field(default_factory=dict)
    result_changes: Mapping[str, Any] = field(default_factory=dict)
    minutes_changes: Mapping[str, Any] = field(default_factory=dict)
    result_file: bytes | None = None
    logged_result_file: bytes | None = None
    published_at: str = "2026-11-21T12:01:00.000000Z"
    first_cosigned: int = 1_795_262_520  # 2026-11-21T12:02:00Z
    leaf_changed: int | None = None

    def members(self) -> dict[str, bytes]:
        """The members of the kit but the manifest and its signature."""
        sealed = sealed_file(self.tickets, draw=self.code, rule=self.rule)
        statement = self._statement(sealed)
        pools: dict[str, Any] = {"pool_before_fen": self.pool_before_fen}
        if self.other_pools:
            pools["other_pools"] = self.other_pools
        about = {"draw": self.code, "numbers": self.numbers}
        given = settlement_input(**{**about, **pools, **self.input_changes})
        result_file = self.result_file
        if result_file is None:
            result_file = expected_result(sealed, rule=self.rule, numbers=self.numbers, **pools)
        raw = canonical(statement)
        return {
            f"{self.code}.seal": sealed,
            "statement.json": raw,
            "signatures.json": canonical(
                {
                    "format": "seal-signatures/1",
                    "published_at": self.published_at,
                    "signatures": [
                        {**signer.sign(raw), "signed_at": "2026-11-21T12:00:30.000000Z"}
                        for signer in (self.operations, self.independent)
                    ],
                }
            ),
            "keys.json": key_file(self.signers),
            "rule_sheet.json": rule_sheet(self.rule),
            "input.json": given,
            "result.json": canonical(self._result()),
            "minutes.json": canonical(
                {
                    "format": "minutes/1",
                    "draw": self.code,
                    "root": statement["root"],
                    "numbers": self.numbers,
                    "place": "北京",
                    **self.minutes_changes,
                }
            ),
            "result_file.txt": result_file,
            "checkpoints.json": canonical(self._log(statement, result_file)),
            "verify.py": b"# the program\n",
        }

    def kit(self) -> bytes:
        return packed(signed_members(self.members(), self.operations, draw=self.code))

    def _statement(self, sealed: bytes) -> dict[str, Any]:
        sums: dict[str, Counter[str]] = {}
        for line in self.tickets:
            for text in line.split("\t")[8].split(" "):
                chosen = bets.parse(text)
                sums.setdefault(chosen.bet_type, Counter()).update(
                    selections=1,
                    lines=sum(1 for _ in brute_force.lines(self.rule, chosen)),
                    stake_fen=_stake(self.rule, chosen),
                )
        return {
            "format": "seal-statement/1",
            "draw": self.code,
            "issue": self.code.partition("-")[2],
            "rule": self.rule.code,
            "rule_digest": hashlib.sha256(rule_sheet(self.rule)).hexdigest(),
            "tickets": len(self.tickets),
            "first_serial": 1,
            "last_serial": len(self.tickets),
            "software_manifest": "5" * 64,
            "lines": sum(part["lines"] for part in sums.values()),
            "stake_fen": sum(part["stake_fen"] for part in sums.values()),
            "by_bet_type": {bet: dict(part) for bet, part in sums.items()},
            "root": root([leaf(line.encode()) for line in self.tickets]).hex(),
            "previous_root": "",
            "file_name": f"{self.code}.seal",
            "file_digest": hashlib.sha256(sealed).hexdigest(),
            "file_size": len(sealed),
            "closes_at": "2026-11-21T12:00:00.000000Z",
            "closed_at": "2026-11-21T12:00:00.010000Z",
            "sealed_at": "2026-11-21T12:00:20.000000Z",
            "is_shadow": False,
            **self.statement_changes,
        }

    def _result(self) -> dict[str, Any]:
        entry = {"entered_at": "2026-11-21T13:20:00.000000Z", "numbers": self.numbers}
        return {
            "format": "draw-result/1",
            "draw": self.code,
            "numbers": self.numbers,
            "confirmed_at": "2026-11-21T13:21:00.000000Z",
            "entries": [{**entry, "official": "a" * 32}, {**entry, "official": "b" * 32}],
            **self.result_changes,
        }

    def _rows(self, statement: dict[str, Any], result_file: bytes) -> dict[str, Row]:
        """What the log holds of the draw: kind, key and row of each piece of evidence."""
        logged = self.logged_result_file or result_file
        about = {"draw_id": 7}
        sealed = {name: statement[name] for name in ("root", "file_digest", "file_name")}
        ran = {**about, "result_digest": hashlib.sha256(logged).hexdigest(), "seconds": 0.25}
        found = {
            "seal": ("seal_statement", statement["file_name"], {**about, **sealed}),
            "result": ("result", "3", {**about, "numbers": self.numbers}),
            "engine-1": ("engine_run", f"{self.code}-1-1", {**ran, "engine": 1}),
            "engine-2": ("engine_run", f"{self.code}-1-2", {**ran, "engine": 2}),
        }
        return {of: (kind, key, json.dumps(row)) for of, (kind, key, row) in found.items()}

    def _log(self, statement: dict[str, Any], result_file: bytes) -> dict[str, Any]:
        others = {f"other {number}": ("ticket", f"{number}") for number in range(5)}
        listed = [(of, *named, f"row {of}") for of, named in others.items()]
        rows = self._rows(statement, result_file)
        listed.insert(3, ("seal", *rows.pop("seal")))
        first_size = 5
        listed += [(of, *row) for of, row in rows.items()]
        hashes = [hashlib.sha256(row.encode()).hexdigest() for *_named, row in listed]
        leaves = [
            leaf(f"entry/1\t{kind}\t{key}\t{hashed}".encode())
            for (_of, kind, key, _row), hashed in zip(listed, hashes, strict=True)
        ]
        first = checkpoint(
            leaves[:first_size], second=self.first_cosigned, log=self.log, witness=self.independent
        )
        if self.leaf_changed is not None:
            leaves[self.leaf_changed] = leaf(b"another")
        last = checkpoint(leaves, second=1_795_267_400, log=self.log, witness=self.independent)
        entries = []
        for seq, ((of, kind, key, row), hashed) in enumerate(zip(listed, hashes, strict=True)):
            if of.startswith("other"):
                continue
            size = first_size if of == "seal" else len(leaves)
            entries.append(
                {
                    "of": of,
                    "kind": kind,
                    "key": key,
                    "hash": hashed,
                    "row": row,
                    "seq": seq,
                    "size": size,
                    "path": [step.hex() for step in inclusion(seq, leaves[:size])],
                }
            )
        return {
            "format": "log-proofs/1",
            "checkpoints": [
                {"size": first_size, "text": first, "consistency": []},
                {
                    "size": len(leaves),
                    "text": last,
                    "consistency": [step.hex() for step in consistency(first_size, leaves)],
                },
            ],
            "entries": entries,
        }


def signed_members(
    members: Mapping[str, bytes], signer: Signer = OPERATIONS, *, draw: str = DRAW
) -> dict[str, bytes]:
    """`members` with a manifest over them and its signature."""
    manifest = canonical(
        {
            "format": "kit/1",
            "draw": draw,
            "edition": 1,
            "made_at": "2026-11-21T14:00:00.000000Z",
            "files": [
                {"name": name, "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
                for name, raw in sorted(members.items())
            ],
        }
    )
    signature = canonical({"format": "kit-signature/1", "signatures": [signer.sign(manifest)]})
    return {**members, "kit.json": manifest, "kit.sig": signature}


def packed(members: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP file of these members."""
    target = io.BytesIO()
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in pairs:
            info = zipfile.ZipInfo(name, (2026, 11, 21, 14, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, raw)
    return target.getvalue()


def check_kit(tmp_path: Path, kit: bytes, *options: object) -> tuple[int, list[str]]:
    """What the program says of a kit: its exit code and its lines."""
    path = tmp_path / "kit.zip"
    path.write_bytes(kit)
    done = run(path, *options)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def check_here(tmp_path: Path, kit: bytes) -> tuple[int, list[str]]:
    """The same by the same program in this process; for many kits."""
    path = tmp_path / "kit.zip"
    path.write_bytes(kit)
    kept = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    before, sys.stdout = sys.stdout, kept
    try:
        code_of_exit = part("command").main([str(path)])
    finally:
        sys.stdout = before
    kept.seek(0)
    return code_of_exit, kept.read().splitlines()
