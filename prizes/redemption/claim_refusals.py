"""Why a claim is not opened, moved or paid; and what each fact of the database means in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from finance.payment_methods import MethodNotInForce
from lottery_portal.lib.db import violated
from lottery_portal.lib.errors import Refused

from . import paper_names


class ClaimUnknown(Refused):
    """No such claim."""

    code, status = "claim_unknown", 404
    message = _("There is no such claim.")


class NothingToClaim(Refused):
    """No prize of this ticket waits for its winner."""

    code, status = "nothing_to_claim", 404
    message = _("No prize of this ticket waits to be claimed.")


class NotPublished(Refused):
    """The draw's results are not public yet."""

    code = "claim_before_publication"
    message = _("Prizes of this draw can be claimed when its results are published.")


class NotTheOwner(Refused):
    """The ticket belongs to somebody else."""

    code, status = "claim_not_the_owner", 403
    message = _("A prize is paid to the owner of the ticket, and to nobody else.")


class OwnClaim(Refused):
    """Nobody works on his own prize."""

    code, status = "claim_own", 403
    message = _("This is your own prize. Colleagues must handle it.")


class OwnerNotKnown(Refused):
    """No prize is paid to who does not say who he is (RELIABILITY §1.6: Hot Lotto)."""

    code, status = "claim_owner_not_known", 403
    message = _("A prize is paid to a known person only. Please confirm the identity first.")


class NotPresent(Refused):
    """At an outlet a claim is opened by its operator, for who stands there."""

    code, status = "claim_not_present", 403
    message = _("At an outlet a claim is opened on the spot.")


class AboveTheOutlets(Refused):
    """Too large for any outlet."""

    code = "claim_above_outlets"
    message = _("Outlets do not pay a prize of this amount. Please claim it at the prize centre.")


class OutletMayNot(Refused):
    """This outlet may not pay this prize."""

    code, status = "claim_outlet_may_not", 403
    message = _("This outlet is not authorised to pay this prize.")


class TicketNotSealed(Refused):
    """The ticket is not under the sealed root of its draw."""

    code = "claim_ticket_not_sealed"
    message = _(
        "This ticket is not in the sealed file of its draw. Nothing is paid; the matter is being "
        "examined."
    )


class PrizeIsOver(Refused):
    """Paid or lapsed."""

    code = "claim_prize_is_over"
    message = _("This prize has been paid already, or has lapsed.")


class TooLate(Refused):
    """The last day has passed."""

    code = "claim_too_late"
    message = _("The last day for claiming this prize has passed.")


class ClaimUnderWay(Refused):
    """There is a claim of this prize."""

    code = "claim_under_way"
    message = _("A claim of this prize is already under way.")


class RequestKeyUsed(Refused):
    """The request key stands for another claim."""

    code = "claim_request_key_used"
    message = _("This request was used for another claim. Please load the page again.")


class NotAtThisStep(Refused):
    """Somebody was faster, or a step before it is missing."""

    code = "claim_not_at_this_step"
    message = _("This claim is not at the step you saw. Please load the page again.")


class NotYourPost(Refused):
    """Another post does this."""

    code, status = "claim_post", 403
    message = _("Your post does not let you do this.")


class FiguresWrong(Refused):
    """Tax and what is paid out are not the prize."""

    code = "claim_figures_wrong"
    message = _("The figures of this claim have changed. Please complete it again.")


class PayeeWrong(Refused):
    """Not the winner's own account, or a way that is not offered here."""

    code, status = "claim_payee_wrong", 400
    message = _("This prize cannot be paid so. Please choose a bank account in your own name.")


class NoCashDesk(Refused):
    """Nobody pays cash here, or not out of this desk."""

    code = "claim_no_cash_desk"
    message = _("Cash is not paid here. Please choose another way.")


class NoCashToAnAgent(NoCashDesk):
    """Who acts for the winner takes none of his money."""

    code = "claim_no_cash_to_an_agent"
    message = _("A prize is paid to the winner himself, not in cash to who acts for him.")


class WayNotInForce(MethodNotInForce):
    """Prizes are not paid this way today."""

    message = _("Prizes cannot be paid this way today. Please choose another way.")


class PaperNotShown(Refused):
    """Who claims at a place shows a paper."""

    code, status = "claim_paper_not_shown", 400
    message = _("The winner must show an identity paper. Please enter what is printed on it.")


class VisitorMissing(Refused):
    """Nobody who may bring the claim is registered at the centre now."""

    code = "claim_visitor_missing"
    message = _(
        "The winner, or who acts for him, must be registered as a visitor at the entrance first."
    )


class PapersMissing(Refused):
    """Not every paper is there; `missing_papers` are the kinds, named to people by their names."""

    code = "claim_papers_missing"
    message = _("Papers are still missing: %(papers)s. Please add them first.")
    unnamed = _("Papers are still missing. Please add them first.")

    def __init__(self, missing_papers: Sequence[str] = ()) -> None:
        super().__init__(missing_papers=list(missing_papers))

    def __str__(self) -> str:
        if kinds := self.figures["missing_papers"]:
            return str(self.message) % {"papers": paper_names.listed(kinds)}
        return str(self.unnamed)


class NotSigned(Refused):
    """The winner has not confirmed these figures."""

    code = "claim_not_signed"
    message = _("The winner must read and sign the confirmation first.")


class OtherText(Refused):
    """What was signed is not what would be paid."""

    code = "claim_other_text"
    message = _("The confirmation has changed since it was shown. Please read it again.")


class Held(Refused):
    """A hold on the prize is open."""

    code = "claim_held"
    message = _("This prize is on hold. It is paid when the hold is lifted.")


class NotAsApproved(Refused):
    """Claim and approval differ."""

    code = "claim_not_as_approved"
    message = _("The claim is not what was approved. It must be completed and approved again.")


class MorePeople(Refused):
    """Not enough people have agreed."""

    code = "claim_more_people"
    message = _("More people must agree to a prize of this amount.")


class CheckedYourself(Refused):
    """Who checked a claim does not approve it."""

    code, status = "claim_checked_yourself", 403
    message = _("You checked this claim. Somebody else must approve it.")


class NotByWhoDrew(Refused):
    """Who entered the result neither approves nor pays."""

    code, status = "claim_not_by_who_drew", 403
    message = _("You entered the result of this draw. Somebody else must approve and pay.")


class NotByWhoHeard(Refused):
    """Who decided on the objection neither approves nor pays."""

    code, status = "claim_not_by_who_heard", 403
    message = _("You decided on an objection in this claim. Somebody else must go on.")


class NotByWhoHandlesACase(Refused):
    """Who takes part in a case about the claim neither approves nor pays."""

    code, status = "claim_not_by_who_handles_a_case", 403
    message = _("You have part in a case about this claim or its ticket. Somebody else must go on.")


class Examined(Refused):
    """People look into the claim."""

    code = "claim_examined"
    message = _("This claim is being examined. Nobody approves or pays it before that is settled.")


class AgentNotCovered(Refused):
    """Who acts for the winner has no authority for it now."""

    code, status = "claim_agent_not_covered", 403
    message = _("The authority of who acts for the winner does not stand, or is for another prize.")


class ElsewhereThanHisOutlet(Refused):
    """An operator acts at his own outlet."""

    code, status = "claim_elsewhere_than_his_outlet", 403
    message = _("You work at another outlet. Claims here are handled by who works here.")


class SignedAlready(Refused):
    """What is signed, or over, is not taken back by its winner alone."""

    code = "claim_signed_already"
    message = _("This claim is signed or over. It cannot be taken back here any more.")


class TakenBackTooOften(Refused):
    """Round in circles: the next claim is opened by somebody of the house."""

    code = "claim_taken_back_too_often"
    message = _(
        "You have taken back many claims of this prize. The prize centre opens the next one with "
        "you; the last day stays what it is."
    )


class PaidByAnother(Refused):
    """Who checked or approved does not pay."""

    code, status = "claim_paid_by_another", 403
    message = _("You checked or approved this claim. Somebody else must pay it.")


class NotInTheBooks(Refused):
    """What was booked is not what was signed and approved."""

    code = "claim_not_in_the_books"
    message = _("What would be booked is not what was signed and approved. Nothing was paid.")


class BankHasNotSaid(Refused):
    """The bank has not said yet what became of the transfer."""

    code = "claim_bank_has_not_said"
    message = _("The bank has not said yet what became of the transfer.")


class NotRefusedByTwo(Refused):
    """A refusal, or taking a prize back, needs two people."""

    code = "claim_not_ended_by_two"
    message = _("A second person must agree to this.")


class ClauseMissing(Refused):
    """A refusal names the rule and the evidence."""

    code, status = "claim_clause_missing", 400
    message = _("A refusal names the clause of the rules and the evidence.")


class ReferralMissing(Refused):
    """A prize is taken back with a report to the police on record."""

    code, status = "claim_referral_missing", 400
    message = _("Please say why, and under which number the matter was reported.")


class ObjectedAlready(Refused):
    """One refusal, one objection."""

    code = "claim_objected_already"
    message = _("An objection to this refusal is already on record.")


class TooLateToObject(Refused):
    """The days in which a refusal may be objected to are over."""

    code = "claim_objection_too_late"
    message = _("The time in which you could object to this refusal is over.")


class ReopenedByOthers(Refused):
    """Who refused does not hear the objection; and there must be one."""

    code, status = "claim_reopened_by_others", 403
    message = _("An objection is heard by somebody who had no part in the refusal.")


FACTS: dict[str, type[Refused]] = {
    "claim_of_a_prize_that_waits": NothingToClaim,
    "claim_after_publication": NotPublished,
    "claim_by_its_owner": NotTheOwner,
    "claim_objection_by_its_owner": NotTheOwner,
    "claim_objected_to_in_time": TooLateToObject,
    "claim_not_ones_own": OwnClaim,
    "claim_of_a_known_person": OwnerNotKnown,
    "claim_present_at_the_outlet": NotPresent,
    "claim_outlet_of_an_outlet": OutletMayNot,
    "claim_within_the_ceiling_of_outlets": AboveTheOutlets,
    "claim_at_an_outlet_that_may": OutletMayNot,
    "claim_ticket_is_sealed": TicketNotSealed,
    "claim_of_an_open_prize": PrizeIsOver,
    "prizes_prizeend_prize_id_key": PrizeIsOver,
    "claim_in_time": TooLate,
    "claim_once_per_prize": ClaimUnderWay,
    "claim_not_without_end": TakenBackTooOften,
    "claim_goes_forward": NotAtThisStep,
    "claim_moved_by_staff": NotYourPost,
    "claim_pays_the_prize": FiguresWrong,
    "claim_figures_together": FiguresWrong,
    "claim_payee_is_the_winner": PayeeWrong,
    "claim_method_known": PayeeWrong,
    "claim_cash_at_its_place": NoCashDesk,
    "claim_cash_to_the_winner_himself": NoCashToAnAgent,
    "payment_method_in_force": WayNotInForce,
    "claim_papers_are_there": PapersMissing,
    "claim_identity_seen": PaperNotShown,
    "claim_visitor_is_there": VisitorMissing,
    "claim_file_is_complete": PapersMissing,
    "claim_signed_with_a_digest": NotSigned,
    "claim_signed_by_the_winner": NotTheOwner,
    "claim_signed_before_it_is_paid": NotSigned,
    "claim_not_held": Held,
    "claim_paid_as_approved": NotAsApproved,
    "claim_approval_used_once": NotAsApproved,
    "claim_by_enough_people": MorePeople,
    "claim_checked_and_approved_by_others": CheckedYourself,
    "claim_not_by_who_drew": NotByWhoDrew,
    "claim_not_by_who_heard_it": NotByWhoHeard,
    "claim_paid_by_another": PaidByAnother,
    "claim_not_by_who_handles_a_case": NotByWhoHandlesACase,
    "claim_not_while_examined": Examined,
    "claim_agent_has_authority": AgentNotCovered,
    "claim_at_ones_own_outlet": ElsewhereThanHisOutlet,
    "claim_withdrawn_by_its_owner": NotTheOwner,
    "claim_withdrawn_before_it_is_signed": SignedAlready,
    "claim_paid_in_the_books": NotInTheBooks,
    "claim_paid_to_its_payee": NotInTheBooks,
    "claim_paid_less_its_tax": NotInTheBooks,
    "prize_ends_in_the_books": NotInTheBooks,
    "claim_paid_when_the_bank_says": BankHasNotSaid,
    "claim_ended_by_two": NotRefusedByTwo,
    "claim_refused_with_clause_and_evidence": ClauseMissing,
    "claim_recovered_in_the_books": ReferralMissing,
    "claim_objected_to_once": ObjectedAlready,
    "claim_reopened_by_others": ReopenedByOthers,
    "claim_paper_of_an_open_claim": NotAtThisStep,
    "claim_paper_by_who_may": NotTheOwner,
}


@contextmanager
def in_words() -> Iterator[None]:
    """Say what the database refuses in words; what is a bug flies on."""
    try:
        yield
    except IntegrityError as exc:
        if refusal := FACTS.get(violated(exc)):
            raise refusal from exc
        raise
