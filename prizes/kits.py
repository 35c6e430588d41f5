"""The regulator's kit: one archive of a draw that a clean machine with Python checks (F230, N19).

What lies in it and how it is checked is written in `audit/verifier/kit.py`, format `kit/1`. A kit
is made once the draw is published; the same edition always has the same bytes, so a lost file is
made again and compared. Correcting the minutes makes another edition; the earlier ones stay.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from audit import alarms, keys, log, policies, trail
from games import announced, minutes, results, seals
from games.models import Draw, DrawMinutes
from lottery_portal import jobs
from lottery_portal.lib.db import door
from lottery_portal.lib.errors import Refused
from sales import sealing

from . import result_file
from .kit_models import Kit
from .models import EngineRun, Settlement

logger = logging.getLogger(__name__)

FORMAT = "kit/1"
PUBLIC_POLICY = "prizes.kit_is_public"
ALARM = "prizes.kit_part_missing"
NOT_MADE = "prizes.kit_not_made"
ASKED_AGAIN_AFTER = timedelta(hours=1)
OVER = (Draw.State.PUBLISHED, Draw.State.ARCHIVED)
BUNDLER = Path(settings.BASE_DIR) / "audit" / "verifier" / "bundle.py"
# The archive says nothing of the machine that made it.
_DATE, _UNIX, _MODE = (1980, 1, 1, 0, 0, 0), 3, 0o100644 << 16
_BLOCK = 1 << 20

Member = bytes | Path


class KitTooEarly(Refused):
    """The draw is not published, or has no signed minutes."""

    code = "kit_too_early"
    message = _("The kit of draw %(draw)s is made when it is published and has signed minutes.")


class KitUnknown(Refused):
    """There is no kit, or it is not for everybody."""

    code, status = "kit_unknown", 404
    message = _("There is no kit of draw %(draw)s.")


class PartMissing(Refused):
    """A paper that belongs into the kit is not there, or not what it was."""

    code = "kit_part_missing"
    message = _("The kit of draw %(draw)s cannot be made: %(part)s is missing or was altered.")


@dataclass(frozen=True, slots=True)
class _Listed:
    """A member as the manifest lists it."""

    name: str
    size: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "size": self.size, "sha256": self.sha256}


def make(*, draw: Draw, now: datetime) -> Kit:
    """Make the kit of a published draw, or return the last one when nothing in it is new.

    A paper that is missing or altered is refused by `PartMissing`, and an alarm stays until it is
    right again.
    """
    about = {"kind": ALARM, "object_type": "draw", "object_code": draw.code}
    try:
        kit = _make(draw, now=now)
    except PartMissing as refusal:
        alarms.raise_alarm(facts={"part": refusal.figures["part"]}, now=now, **about)
        raise
    alarms.settle(now=now, **about)
    alarms.settle(kind=NOT_MADE, object_type="draw", object_code=draw.code, now=now)
    return kit


def _make(draw: Draw, *, now: datetime) -> Kit:
    draw = Draw.objects.select_related("game", "rule").get(pk=draw.pk)
    members = _members(draw)
    listed = [_list(name, member) for name, member in sorted(members.items())]
    content = hashlib.sha256(_json([one.as_json() for one in listed])).hexdigest()
    last = latest(draw)
    if last is not None and last.content_digest == content:
        _restore(last, members, listed)
        return last
    edition = last.edition + 1 if last else 1
    with _packed(draw, edition, now, members, listed) as (path, size, digest):
        return _keep(
            Kit(
                draw=draw,
                edition=edition,
                file_name=f"{draw.code}-kit-{edition}.zip",
                size=size,
                digest=digest,
                content_digest=content,
                made_at=now,
            ),
            path,
        )


def ask_due(*, now: datetime) -> int:
    """Ask for the kit of every draw that is published and has none of its last signed minutes.

    One that was tried in vain until it was given up is an alarm, and is asked for again each hour.
    """
    written = DrawMinutes.objects.filter(draw=OuterRef("pk"), signature__isnull=False)
    made = Kit.objects.filter(draw=OuterRef("pk")).order_by("-edition")
    waiting = Draw.objects.filter(state__in=OVER).annotate(
        signed_at=Subquery(written.order_by("-edition").values("signature__signed_at")[:1]),
        minutes_edition=Subquery(written.order_by("-edition").values("edition")[:1]),
        kit_at=Subquery(made.values("made_at")[:1]),
    )
    due = waiting.filter(
        Q(kit_at__isnull=True) | Q(kit_at__lt=F("signed_at")), signed_at__isnull=False
    ).values_list("pk", "code", "minutes_edition")
    for draw_id, code, edition in due:
        _ask(draw_id, code, f"kit:{code}:{edition}", now=now)
    return len(due)


@door
def _ask(draw_id: int, code: str, key: str, *, now: datetime) -> None:
    if jobs.enqueue_again("prizes.make_kit", key=key, after=ASKED_AGAIN_AFTER, draw_id=draw_id):
        alarms.raise_alarm(kind=NOT_MADE, object_type="draw", object_code=code, facts={}, now=now)


def directory() -> Path:
    """Where kits lie."""
    return settings.STATE_DIR / "kits"


def file_of(kit: Kit) -> Path:
    """The archive of a kit."""
    return directory() / kit.file_name


def latest(draw: Draw) -> Kit | None:
    """The last edition of the draw's kit."""
    return Kit.objects.filter(draw=draw).order_by("-edition").first()


def of(draw: Draw) -> Kit:
    """The last edition whose archive is there, or `KitUnknown`."""
    kit = latest(draw)
    if kit is None or not file_of(kit).is_file():
        raise KitUnknown(draw=draw.code)
    return kit


def public_kit(draw: Draw, *, now: datetime) -> Kit | None:
    """The kit that everybody may take, if policy gives it to everybody; never one of a drill."""
    if draw.is_shadow or not policies.read(PUBLIC_POLICY, at=now):
        return None
    return latest(draw)


# What lies in it


def _members(draw: Draw) -> dict[str, Member]:
    signed = minutes.last_signed(draw)
    if draw.state not in OVER or signed is None:
        raise KitTooEarly(draw=draw.code)
    statement = seals.of(draw)
    papers = seals.downloads(statement)
    one, two = _runs(draw)
    outcome = result_file.file_of(one)
    sealed_file = sealing.file_of(statement)
    for path, digest in (
        (sealed_file, statement.file_digest),
        (outcome, one.result_digest),
    ):
        if not path.is_file() or _digest_of(path) != digest:
            raise PartMissing(draw=draw.code, part=path.name)
    return {
        statement.file_name: sealed_file,
        seals.STATEMENT_NAME: papers.statement,
        seals.SIGNATURES_NAME: papers.signatures,
        seals.KEYS_NAME: keyring(with_issuers=announced.is_announced(draw)),
        "rule_sheet.json": draw.rule.sheet.encode(),
        "input.json": one.input.encode(),
        "result.json": _result(draw),
        "minutes.json": signed.body.encode(),
        "result_file.txt": outcome,
        "checkpoints.json": _proofs(draw, signed, (one, two)),
        "verify.py": _verifier(),
    }


def _runs(draw: Draw) -> tuple[EngineRun, EngineRun]:
    """The runs of the two engines by which the draw was paid; they found the same."""
    attempt = Settlement.objects.get(draw=draw).attempt
    runs = {run.engine: run for run in EngineRun.objects.filter(draw=draw, attempt=attempt)}
    if runs.keys() != {1, 2} or (runs[1].input, runs[1].result_digest) != (
        runs[2].input,
        runs[2].result_digest,
    ):
        raise PartMissing(draw=draw.code, part="result_file.txt")
    return runs[1], runs[2]


def keyring(*, with_issuers: bool = False) -> bytes:
    """Every key that signs what lies here; who checks compares them with the published ones."""
    roles = {keys.Role.OPERATIONS, keys.Role.INDEPENDENT, keys.Role.LOG}
    if with_issuers:
        roles |= announced.ISSUERS.keys()
    found = [
        {
            **key,
            "valid_from": _moment(datetime.fromisoformat(key["valid_from"])),
            "revoked_at": (
                _moment(datetime.fromisoformat(key["revoked_at"])) if key["revoked_at"] else None
            ),
        }
        for key in keys.published()
        if key["role"] in roles
    ]
    return _json({"format": "signing-keys/1", "keys": found})


def _result(draw: Draw) -> bytes:
    """The two entries that agreed, under pseudonyms that are the same in every kit."""
    result = draw.result
    return _json(
        {
            "format": "draw-result/1",
            "draw": draw.code,
            "numbers": result.numbers,
            "confirmed_at": _moment(result.confirmed_at),
            "entries": [
                {
                    "official": _pseudonym(entry.person_code),
                    "entered_at": _moment(entry.entered_at),
                    "numbers": result.numbers,
                    **({"taken_from": entry.taken_from} if entry.taken_from else {}),
                }
                for entry in results.typed_by(result)
            ],
        }
    )


def _pseudonym(person_code: str) -> str:
    return hashlib.sha256(b"official\t" + person_code.encode()).hexdigest()[:16]


def _proofs(draw: Draw, signed: DrawMinutes, runs: Sequence[EngineRun]) -> bytes:
    """Where the log holds the seal, the result, both engines' outcome and the minutes."""
    evidence = [
        ("seal", "seal_statement", draw.seal.file_name),
        ("result", "result", str(draw.result.pk)),
        *((f"engine-{run.engine}", "engine_run", run.code) for run in runs),
        *_announced_evidence(draw),
        ("other", "minutes", str(signed.pk)),
        ("other", "minutes_signature", str(signed.signature.pk)),
    ]
    return _json(log.proofs(evidence))


def _announced_evidence(draw: Draw) -> list[tuple[str, str, str]]:
    """The announcement by which the draw was paid, and the decision on it."""
    if not announced.is_announced(draw):
        return []
    said = announced.counting(draw)
    found = [("announcement", "issuer_announcement", str(said.pk))]
    if (decided := announced.decision_of(said)) is not None:
        found.append(("decision", "difference_decision", str(decided.pk)))
    return found


def _verifier() -> bytes:
    """The verifier as one file, made by its own bundler: nobody here imports it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "verify.py"
        subprocess.run(  # noqa: S603 - our own file, no argument from outside
            [sys.executable, "-I", str(BUNDLER), str(out)],
            check=True,
            capture_output=True,
            timeout=60,
        )
        return out.read_bytes()


# Packing


@contextmanager
def _packed(
    draw: Draw,
    edition: int,
    made_at: datetime,
    members: Mapping[str, Member],
    listed: list[_Listed],
) -> Iterator[tuple[Path, int, str]]:
    """The archive under a passing name, its size and digest; removed unless it was moved away.

    Nothing is packed smaller: then the bytes do not depend on how a machine packs.
    """
    manifest = _json(
        {
            "format": FORMAT,
            "draw": draw.code,
            "edition": edition,
            "made_at": _moment(made_at),
            "files": [one.as_json() for one in listed],
        }
    )
    directory().mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=directory(), prefix=f".{draw.code}-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
                _put(archive, "kit.json", manifest)
                _put(archive, "kit.sig", _signature(manifest))
                for one in listed:
                    _put(archive, one.name, members[one.name])
            target.flush()
            os.fsync(target.fileno())
        yield path, path.stat().st_size, _digest_of(path)
    finally:
        path.unlink(missing_ok=True)


def _put(archive: zipfile.ZipFile, name: str, member: Member) -> None:
    entry = zipfile.ZipInfo(name, date_time=_DATE)
    entry.create_system, entry.external_attr = _UNIX, _MODE
    if isinstance(member, bytes):
        archive.writestr(entry, member)
        return
    entry.file_size = member.stat().st_size
    is_large = entry.file_size >= zipfile.ZIP64_LIMIT
    with member.open("rb") as source, archive.open(entry, "w", force_zip64=is_large) as target:
        while block := source.read(_BLOCK):
            target.write(block)


def _signature(manifest: bytes) -> bytes:
    """The operator's word for the manifest; Ed25519 signs the same bytes the same way."""
    own = keys.own(keys.Role.OPERATIONS)
    return _json(
        {
            "format": "kit-signature/1",
            "signatures": [
                {
                    "role": own.role,
                    "key_id": own.key_id,
                    "algorithm": own.algorithm,
                    "signature": base64.b64encode(own.sign(manifest)).decode("ascii"),
                }
            ],
        }
    )


@door
def _keep(kit: Kit, path: Path) -> Kit:
    """The row and the name of the file; the row is last, so a named kit is always a whole one."""
    path.replace(file_of(kit))
    file_of(kit).chmod(0o640)
    kit.save(force_insert=True)
    trail.record(
        action="prizes.kit_made",
        actor=None,
        object_type="draw",
        object_code=kit.draw.code,
        body={"edition": kit.edition, "digest": kit.digest, "size": kit.size},
    )
    return kit


def _restore(kit: Kit, members: Mapping[str, Member], listed: list[_Listed]) -> None:
    """Make a lost or damaged archive again; it must come out as it was."""
    if file_of(kit).is_file() and _digest_of(file_of(kit)) == kit.digest:
        return
    with _packed(kit.draw, kit.edition, kit.made_at, members, listed) as (path, _size, digest):
        if digest != kit.digest:
            raise PartMissing(draw=kit.draw.code, part=kit.file_name)
        path.replace(file_of(kit))
        file_of(kit).chmod(0o640)


def _list(name: str, member: Member) -> _Listed:
    if isinstance(member, bytes):
        return _Listed(name, len(member), hashlib.sha256(member).hexdigest())
    return _Listed(name, member.stat().st_size, _digest_of(member))


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


alarms.register(kind=NOT_MADE, title=_("The kit of a draw could not be made"))
alarms.register(kind=ALARM, title=_("A paper of a draw's kit is missing or altered"))
