"""The regulator's kit, format `kit/1`: one archive of a draw that proves itself.

A kit is a ZIP file. Its members lie at the top (no folders), each name once, letters, digits, `.`,
`_`, `-`; stored or deflated, not encrypted. JSON members are UTF-8, keys sorted, no spaces, no
floats, no key twice, non-ASCII letters as they are or escaped; nothing follows the last brace.
Times are `2026-11-21T20:00:00.000000Z`. Hashes are lower-case hexadecimal, signatures and public
keys base64 with padding. Members, all of them required, and no others:

kit.json         the manifest: {"format": "kit/1", "draw", "edition": 1…, "made_at",
                 "files": [{"name", "size", "sha256"}, …]}, names ascending; every member but
                 kit.json and kit.sig is listed, with its unpacked size.
kit.sig          {"format": "kit-signature/1", "signatures": [{"role": "OPERATIONS", "key_id",
                 "algorithm": "Ed25519", "signature"}, …]}: over the exact bytes of kit.json; one by
                 the operations key is required, others (INDEPENDENT) are checked when there.
<draw>.seal      the sealed file, under the name that the statement gives it (`file_name`).
statement.json   the seal statement: exactly the bytes that were signed.
signatures.json  {"format": "seal-signatures/1", "published_at", "signatures": [{"role", "key_id",
                 "algorithm", "signature", "signed_at"}, …]}: over the exact bytes of
                 statement.json; one OPERATIONS and one INDEPENDENT, by two different public keys.
keys.json        {"format": "signing-keys/1", "keys": [{"key_id", "role", "algorithm",
                 "public_key", "valid_from", "revoked_at" or null}, …]}: every key that signed
                 something here, of the roles OPERATIONS, INDEPENDENT, LOG (RECEIPT may be there).
                 key_id = role in lower case, `-`, first 8 hex digits of SHA-256 of the key.
                 A key must be valid, and not revoked, at `sealed_at` of the statement (under
                 kit.json: at `made_at`; under a checkpoint: when it was cosigned).
rule_sheet.json  the rule sheet: exactly the bytes whose SHA-256 is `rule_digest`.
input.json       {"format": "settlement-input/1", "draw", "numbers": [[…], …], "special_on",
                 "pool_before_fen"}: exactly the bytes that both engines were given. `numbers` has
                 one list a zone of the rule sheet. Under a sheet with several pools also
                 "other_pools": {code: fen, …}, each but the first; `pool_before_fen` is the first.
                 Where the issuer announces the prizes, "announced" stands in place of both: see
                 `announced.py`. His signature is by an ISSUER key of keys.json that was in force
                 between `sealed_at` of the statement and `made_at` of kit.json.
result.json      {"format": "draw-result/1", "draw", "numbers": [[…], […]], "confirmed_at",
                 "entries": [{"official": pseudonym, "entered_at", "numbers"}, {…}]}: two different
                 officials, the same numbers; entered after `published_at`, confirmed after both.
minutes.json     the draw minutes, last edition: an object with at least "format", "draw", "root"
                 (that of the statement) and "numbers" (those of the result); the rest is read by
                 people.
result_file.txt  the result file on which both engines agreed.
checkpoints.json {"format": "log-proofs/1",
                  "checkpoints": [{"size", "text", "consistency": [hex, …]}, …],
                  "entries": [{"of", "kind", "key", "hash", "row", "seq", "size", "path": [hex]}]}
                 `text` is a whole C2SP checkpoint with the log's signature and the witness's
                 cosignature; sizes ascend; `consistency` is the RFC 6962 proof from the checkpoint
                 before (the first has []). The first checkpoint is one that holds the seal and was
                 cosigned before the first result entry (not asked of a shadow draw).
                 An entry is proved in the checkpoint of its `size`: leaf data is
                 `entry/1 TAB kind TAB key TAB hash`, `seq` its position from 0, `path` its RFC 6962
                 inclusion proof. `row` is the exact text whose SHA-256 is `hash`. `of` says what it
                 is evidence of, and what its kind and its row, a JSON object, must therefore be:
                   seal      seal_statement: `root` and `file_digest` of the statement, `draw_id`;
                             in the first checkpoint
                   result    result: `numbers`, and the `draw_id` of the seal
                   engine-1  engine_run: `engine` 1, `result_digest` SHA-256 of result_file.txt, and
                             the `draw_id` of the seal
                   engine-2  the same, `engine` 2
                   announcement
                             issuer_announcement: `digest` of the announcement, and the `draw_id` of
                             the seal; only where prizes are announced
                   decision  difference_decision: `approval_code`, `reason` of the decision, and the
                             `draw_id` of the seal; only where the input has one
                 each at least once; others ("of": "other") are proved and nothing is asked of them.
verify.py        this program as one file (`audit/verifier/bundle.py` makes it).

Who checks a kit should have the public keys from somewhere else than the kit, and this program
too: the verify.py in an altered kit says whatever its maker wants. `--keys` a keys.json or
`--fingerprint` (role, colon, SHA-256 of the public key, as published) compares the keys; that a key
was revoked stands only in a keys.json. Without either, everything fits together or it does not, but
who signed it stands only in the kit; the output says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from .archive import Archive, open_archive
from .counting import Settled, settle
from .ed25519 import is_signed
from .keys import (
    ISSUERS,
    OPERATIONS,
    Keyring,
    check_signature,
    compared,
    read_keys,
    read_signatures,
)
from .logs import MOST_CHECKPOINTS, LogEntry, check_checkpoint, check_entries, check_growth
from .notes import Checkpoint
from .proofs import read_path
from .seals import (
    Statement,
    check_seal_signatures,
    check_sealed_file,
    check_sheet,
    read_statement,
)
from .sheet import SettlementInput, Sheet, read_input, read_numbers, read_sheet
from .strict import Facts, Wrong, read_json, shown, shown_bytes

KIT_FORMAT = "kit/1"
MANIFEST, MANIFEST_SIGNATURE = "kit.json", "kit.sig"
FIXED_MEMBERS = (
    "statement.json",
    "signatures.json",
    "keys.json",
    "rule_sheet.json",
    "input.json",
    "result.json",
    "minutes.json",
    "result_file.txt",
    "checkpoints.json",
    "verify.py",
)
ANNOUNCED, DECIDED = "announcement", "decision"
SEAL, RESULT, ENGINES = "seal", "result", {"engine-1": 1, "engine-2": 2}

_MOST_LINE = 1 << 20
_TWO = 2

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What kit.json says."""

    raw: bytes
    draw: str
    edition: int
    made_at: datetime
    files: dict[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class DrawResult:
    """What result.json says: the numbers, and when the first of two officials entered them."""

    numbers: tuple[tuple[int, ...], ...]
    first_entered_at: datetime


def check_kit(
    file: IO[bytes], *, published: Keyring | None, fingerprints: Sequence[str], say: Say
) -> None:
    """Check everything in a kit and say what was found right; the first thing wrong is raised."""
    with open_archive(file) as archive:
        manifest = _manifest(archive)
        say(
            f"kit of draw {manifest.draw}, edition {manifest.edition}: {len(archive.members)} files"
        )
        _check_files(archive, manifest)
        say("every file has the size and SHA-256 that kit.json gives")
        ring = read_keys(archive.read("keys.json"), what="keys.json")
        ring = compared(ring, published=published, fingerprints=fingerprints)
        if published is None and not fingerprints:
            say("NOTE: the keys were taken from the kit; compare them by --keys or --fingerprint")
        else:
            say("the keys are the published ones")
        for key_id in _check_manifest_signature(archive, manifest, ring):
            say(f"kit.json is signed by {key_id}")
        statement = read_statement(archive.read("statement.json"), what="statement.json")
        sheet = read_sheet(archive.read("rule_sheet.json"), what="rule_sheet.json")
        if (statement.draw, statement.file_name) != (manifest.draw, _sealed_name(manifest)):
            raise Wrong(
                "statement.json is of another draw than kit.json, or of another sealed file"
            )
        check_sheet(statement, sheet)
        say(f"the rule sheet {sheet.code} is the one that the seal names")
        raw = archive.read("signatures.json")
        published_at, signers = check_seal_signatures(statement, raw, ring, what="signatures.json")
        say(f"the seal is signed by {signers[0]} and by {signers[1]}")
        result = _result(archive, statement, sheet, published_at=published_at)
        given = read_input(archive.read("input.json"), sheet, what="input.json")
        _check_input(given, statement, result)
        for found in _check_announced(given, ring, statement=statement, manifest=manifest):
            say(found)
        say(f"the numbers {given.numbers_text()} were entered twice, after the seal was published")
        _check_minutes(archive, statement, sheet, given)
        say("the minutes are of this draw, its seal and its numbers")
        settled, result_digest = _recount(archive, statement, sheet, given)
        say(
            f"the sealed file is what was sealed: {settled.sealed.tickets} tickets,"
            f" {settled.sealed.stake_fen} fen, root {statement.root}"
        )
        say(
            f"counted again: {settled.winners} winning tickets, {settled.prizes_fen} fen;"
            " the result file is the same, byte for byte"
        )
        for note in _not_checked(sheet, given):
            say(f"NOTE: {note}")
        _check_log(
            archive,
            statement,
            ring,
            result=result,
            given=given,
            result_digest=result_digest,
            say=say,
        )


def _manifest(archive: Archive) -> Manifest:
    raw = archive.read(MANIFEST)
    facts = read_json(raw, what=MANIFEST)
    facts.format(KIT_FORMAT)
    facts.only("format", "draw", "edition", "made_at", "files")
    files: dict[str, tuple[int, str]] = {}
    for part in facts.objects("files"):
        part.only("name", "size", "sha256")
        files[part.text("name")] = (part.number("size"), part.digest("sha256"))
    if list(files) != sorted(files) or len(files) != len(facts.items("files")):
        raise Wrong("kit.json: its files are not in ascending order, or one stands twice")
    return Manifest(
        raw=raw,
        draw=facts.text("draw"),
        edition=facts.number("edition", least=1),
        made_at=facts.moment("made_at"),
        files=files,
    )


def _sealed_name(manifest: Manifest) -> str:
    others = [name for name in manifest.files if name not in FIXED_MEMBERS]
    if len(others) != 1:
        raise Wrong("kit.json does not list exactly one sealed file")
    return others[0]


def _check_files(archive: Archive, manifest: Manifest) -> None:
    _sealed_name(manifest)
    wanted = {*manifest.files, *FIXED_MEMBERS, MANIFEST, MANIFEST_SIGNATURE}
    if missing := sorted(wanted - set(archive.members)):
        raise Wrong(f"{missing[0]} is missing")
    if unlisted := sorted(set(FIXED_MEMBERS) - set(manifest.files)):
        raise Wrong(f"kit.json does not list {unlisted[0]}")
    if others := sorted(set(archive.members) - wanted):
        raise Wrong(f"{others[0]} is in the archive, but not in kit.json")
    for name, (size, digest) in manifest.files.items():
        found_size, found_digest = archive.digest(name)
        if (found_size, found_digest) != (size, digest):
            raise Wrong(f"{name} was altered: it does not have the size and SHA-256 in kit.json")


def _check_manifest_signature(archive: Archive, manifest: Manifest, ring: Keyring) -> list[str]:
    what = MANIFEST_SIGNATURE
    facts = read_json(archive.read(MANIFEST_SIGNATURE), what=what, canonical=False)
    facts.format("kit-signature/1")
    signatures = read_signatures(facts)
    if OPERATIONS not in {signature.role for signature in signatures}:
        raise Wrong(f"{what}: the {OPERATIONS} signature is not there")
    return [
        check_signature(signature, manifest.raw, ring, at=manifest.made_at, what=what).key_id
        for signature in signatures
    ]


def _result(
    archive: Archive, statement: Statement, sheet: Sheet, *, published_at: datetime
) -> DrawResult:
    facts = read_json(archive.read("result.json"), what="result.json", canonical=False)
    facts.format("draw-result/1")
    if facts.text("draw") != statement.draw:
        raise Wrong("result.json is of another draw")
    numbers, entries = read_numbers(facts, sheet.zones), facts.objects("entries")
    if len(entries) != _TWO or entries[0].text("official") == entries[1].text("official"):
        raise Wrong("result.json: the numbers were not entered by two different officials")
    if any(read_numbers(entry, sheet.zones) != numbers for entry in entries):
        raise Wrong("result.json: the two officials did not enter the same numbers")
    entered = [entry.moment("entered_at") for entry in entries]
    if min(entered) < published_at:
        raise Wrong("result.json: numbers were entered before the seal was published")
    if facts.moment("confirmed_at") < max(entered):
        raise Wrong("result.json: confirmed before both officials had entered the numbers")
    return DrawResult(numbers, min(entered))


def _check_input(given: SettlementInput, statement: Statement, result: DrawResult) -> None:
    if given.draw != statement.draw:
        raise Wrong("input.json is of another draw")
    if given.numbers != result.numbers:
        raise Wrong("input.json does not have the numbers of result.json")


def _check_announced(
    given: SettlementInput, ring: Keyring, *, statement: Statement, manifest: Manifest
) -> list[str]:
    """Who announced the prizes, and what people decided; nothing in a draw of an own pool."""
    told = given.announced
    if told is None:
        return []
    if told.signed is None:
        said = ["NOTE: the announcement was typed by two people; no issuer signed it"]
    else:
        key_id, signature = told.signed
        keys = [key for key in ring.keys if key.key_id == key_id and key.role in ISSUERS]
        if not keys:
            raise Wrong(f"input.json: no key of an issuer “{shown(key_id)}” is known")
        (key,) = keys
        ended = key.revoked_at is not None and key.revoked_at <= statement.sealed_at
        if key.valid_from > manifest.made_at or ended:
            raise Wrong(f"input.json: key {key_id} was not valid when the draw was settled")
        if not is_signed(key=key.public, message=told.raw, signature=signature):
            raise Wrong(f"input.json: the signature by {key_id} does not fit the announcement")
        said = [f"the announcement {told.digest} is signed by {key_id}"]
    if told.decision is not None:
        said.append(f"NOTE: paid as announced by decision {shown(told.decision[0])}")
    return said


def _not_checked(sheet: Sheet, given: SettlementInput) -> list[str]:
    """What the recount had to take on trust, for no paper of this draw proves it."""
    if given.announced is not None:
        notes = ["what other operators sold and won stands in the announcement only"]
        return notes + _limits_not_checked(sheet)
    pools = zip(sheet.pools, given.pools_before_fen, strict=True)
    told = ", ".join(f"“{pool.code}” {fen} fen" for pool, fen in pools)
    taken = f"what was in the pools before the draw ({told})"
    if sheet.special_marks is not None:
        taken += f" and that the special rule was {'on' if given.special_on else 'off'}"
    notes = [
        f"{taken}: this stands in input.json only; the kit of the draw before says what it left"
    ]
    return notes + _limits_not_checked(sheet)


def _limits_not_checked(sheet: Sheet) -> list[str]:
    if not sheet.limits_numbers:
        return []
    return ["whether numbers had been withdrawn from sale was not looked at"]


def _check_minutes(
    archive: Archive, statement: Statement, sheet: Sheet, given: SettlementInput
) -> None:
    facts = read_json(archive.read("minutes.json"), what="minutes.json", canonical=False)
    facts.text("format")
    if facts.text("draw") != statement.draw:
        raise Wrong("minutes.json is of another draw")
    if facts.text("root") != statement.root:
        raise Wrong("minutes.json names another seal")
    if read_numbers(facts, sheet.zones) != given.numbers:
        raise Wrong("minutes.json has other numbers")


def _recount(
    archive: Archive, statement: Statement, sheet: Sheet, given: SettlementInput
) -> tuple[Settled, str]:
    """What engine two finds, once it is the statement and the result file."""
    with archive.opened(statement.file_name) as sealed_file, tempfile.TemporaryFile() as own:
        settled = settle(sealed_file, sheet, given, own)
        check_sealed_file(statement, settled.sealed)
        own.seek(0)
        with archive.opened("result_file.txt") as theirs:
            _refuse_difference(own, theirs)
    return settled, settled.digest


def _refuse_difference(own: IO[bytes], theirs: IO[bytes]) -> None:
    number = 0
    while True:
        number += 1
        mine, other = own.readline(_MOST_LINE), theirs.readline(_MOST_LINE)
        if mine != other:
            raise Wrong(
                f"result_file.txt, line {number}: it says “{_line(other)}”,"
                f" counted again it is “{_line(mine)}”"
            )
        if not mine:
            return


def _line(raw: bytes) -> str:
    return shown_bytes(raw.rstrip(b"\n").replace(b"\t", b" ")) if raw else "nothing"


def _check_log(
    archive: Archive,
    statement: Statement,
    ring: Keyring,
    *,
    result: DrawResult,
    given: SettlementInput,
    result_digest: str,
    say: Say,
) -> None:
    facts = read_json(archive.read("checkpoints.json"), what="checkpoints.json", canonical=False)
    facts.format("log-proofs/1")
    checkpoints, first_at = _checkpoints(facts, ring)
    say(
        f"{len(checkpoints)} checkpoints of the log {checkpoints[-1].origin} are signed and"
        f" cosigned; it only grew, to {checkpoints[-1].size} entries"
    )
    if not statement.is_shadow and first_at > int(result.first_entered_at.timestamp()):
        raise Wrong("checkpoints.json: the witness saw the seal only after numbers were entered")
    entries = check_entries(facts, checkpoints)
    sealed = {"root": statement.root, "file_digest": statement.facts.digest("file_digest")}
    draw = _check_evidence(entries, SEAL, kind="seal_statement", needed=sealed)
    if not any(entry.of == SEAL and entry.size == checkpoints[0].size for entry in entries):
        raise Wrong("checkpoints.json: the seal is not proved in the first checkpoint")
    numbers = [list(zone) for zone in result.numbers]
    found = {RESULT: _check_evidence(entries, RESULT, kind="result", needed={"numbers": numbers})}
    for of, engine in ENGINES.items():
        ran = {"engine": engine, "result_digest": result_digest}
        found[of] = _check_evidence(entries, of, kind="engine_run", needed=ran)
    if given.announced is not None:
        told = {"digest": given.announced.digest}
        found[ANNOUNCED] = _check_evidence(
            entries, ANNOUNCED, kind="issuer_announcement", needed=told
        )
        if given.announced.decision is not None:
            approval, reason = given.announced.decision
            found[DECIDED] = _check_evidence(
                entries,
                DECIDED,
                kind="difference_decision",
                needed={"approval_code": approval, "reason": reason},
            )
    for of, others in found.items():
        if others != draw:
            raise Wrong(
                f"checkpoints.json: what was logged of the {of} is of another draw than the seal"
            )
    say("seal, result and both engines' outcome are in the log, as they are here")


def _checkpoints(facts: Facts, ring: Keyring) -> tuple[list[Checkpoint], int]:
    """The checkpoints, ascending, and the second at which the first was cosigned."""
    parts = facts.objects("checkpoints")
    if not 1 <= len(parts) <= MOST_CHECKPOINTS:
        raise Wrong("checkpoints.json has no checkpoint, or far too many")
    found: list[Checkpoint] = []
    first_at = 0
    for part in parts:
        cosigned = check_checkpoint(part.text("text"), ring, what=part.what)
        checkpoint, path = cosigned.checkpoint, read_path(part, "consistency")
        if part.number("size") != checkpoint.size:
            raise Wrong(f"{part.what}: its text is of another size")
        if found:
            check_growth(found[-1], checkpoint, path, what=part.what)
        else:
            first_at = cosigned.cosigned_at
            if path:
                raise Wrong(f"{part.what}: before the first there is none to be consistent with")
        found.append(checkpoint)
    return found, first_at


def _check_evidence(
    entries: Sequence[LogEntry], of: str, *, kind: str, needed: Mapping[str, object]
) -> set[int]:
    """The draws that the entries `of` something are about, once each holds what it must."""
    draws = set()
    for entry in entries:
        if entry.of != of:
            continue
        if entry.kind != kind:
            raise Wrong(
                f"checkpoints.json: what is shown of the {of} is an entry of {entry.kind},"
                f" not of {kind}"
            )
        what = f"checkpoints.json: the row of the {of}"
        row = read_json(entry.row.encode(), what=what, canonical=False, fractions=True)
        if any(row.get(name) != value for name, value in needed.items()):
            raise Wrong(f"checkpoints.json: what was logged of the {of} is not what is in this kit")
        draws.add(row.number("draw_id"))
    if not draws:
        raise Wrong(f"checkpoints.json: there is no entry of the {of}")
    return draws
