"""Papers of a minor who holds a winning ticket, and of his guardian (F087; S1 四(二)1).

The law forbids to sell to minors and to pay them prizes. So this room only records who came with
what: whoever calls `record` puts the prize on hold in the same transaction, and nothing is paid
before counsel has decided. There is no door here that leads to a payout.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from lottery_portal.lib import dates
from lottery_portal.lib.db import inside_transaction
from lottery_portal.lib.errors import Refused

from . import identity_papers, paper_files, paper_kinds
from .models import GuardianRecord, Player, User
from .paper_kinds import Paper


class RelationNotProved(Refused):
    """No relation that is known, or no proof of it."""

    code, status = "guardian_not_proved", 400
    message = _("Please say how the guardian is related, and add the paper that proves it.")


class RecordedAlready(Refused):
    """This guardian of this minor is on file for the prize."""

    code = "guardian_recorded"
    message = _("The papers of this guardian are on file for this prize.")


_REFUSALS: dict[str, type[Refused]] = {
    "guardian_record_once": RecordedAlready,
    "guardian_recorded_by_another": identity_papers.SeenByHimself,
}


@inside_transaction
def record(
    *,
    object_code: str,
    owner: Player,
    minor_paper: Paper,
    guardian_paper: Paper,
    relation: str,
    proof: str,
    proof_digest: str,
    recorded_by: User,
    now: datetime,
) -> GuardianRecord:
    """Put the papers of a minor and his guardian on file for a prize ("prize:…"), in a hold's step.

    `proof_digest` is the SHA-256 of the scan of the proof. Refused: a holder who is of age, a
    guardian without a valid id card, a relation without proof.
    """
    if (
        relation not in GuardianRecord.Relation.values
        or proof not in GuardianRecord.Proof.values
        or not paper_files.is_digest(proof_digest)
    ):
        raise RelationNotProved(fields=["relation"])
    today = dates.in_shanghai(now).date()
    minor, adult_on = paper_kinds.examine_minor(minor_paper, on=today)
    seen = identity_papers.record_other(
        paper=guardian_paper, seen_by=recorded_by, reference=object_code, now=now
    )
    with paper_files.kept(_REFUSALS):
        made = GuardianRecord.objects.create(
            object_code=object_code,
            owner=owner,
            minor_name=minor.name,
            minor_number=minor.number,
            minor_index=minor.index,
            adult_on=adult_on,
            guardian=seen.person,
            guardian_paper=seen,
            relation=relation,
            proof=proof,
            proof_digest=proof_digest,
            recorded_by=recorded_by,
            recorded_at=now,
        )
    body = {"record": made.code, "prize": object_code, "relation": relation, "proof": proof}
    paper_files.note("accounts.guardian_recorded", owner, recorded_by, body)
    return made


def is_of_a_minor(object_code: str) -> bool:
    """Whether a guardian's papers are on file for this prize: then it is held, and never paid."""
    return GuardianRecord.objects.filter(object_code=object_code).exists()
