"""An agent claims for a winner: the winner's letter, and the counter where the agent stands (F086).

The winner writes one letter at a time for a prize, sees whom he named, and takes it back. A clerk
finds the letter by its number, reads off the papers of both, and opens the claim.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import proxy_letters, step_up, who
from accounts.models import ProxyLetter
from audit import canonical
from games import words as game_words
from lottery_portal.lib import codes, dates
from lottery_portal.lib.encryption import masked
from lottery_portal.lib.errors import Refused, refuse
from prizes import counter_forms as typed
from prizes.claim_forms import AgentForm

from . import agents, limits, looks, remote, winners
from .pages_prizes import head, mine

PARTS = ("agent", "winner")


@never_cache
@sensitive_post_parameters("agent_number", "agent_name")
@require_http_methods(["GET", "POST"])
@step_up.required
def agent(request: HttpRequest, code: str) -> HttpResponse:
    """Who may hand in the claim of this prize: name one, see whom, and how he proceeds."""
    own = mine(request, code)
    now = timezone.now()
    letters = [_row(one, now) for one in agents.letters_of(own.prize)]
    stands = next((one for one in letters if one["standing"].is_open), None)
    may_write = not stands and winners.turn(own, deadline=None).deed in {"open", "object"}
    if not may_write and not letters:
        return redirect("prizes:prize", code=code)
    language = remote.language_of(get_language())
    text = agents.promise(own.prize, language)
    form = AgentForm(
        request.POST or None,
        initial={"agreed": canonical.digest(text), "valid_until": _last(own, now)},
    )
    status = 400 if form.is_bound else 200
    if form.is_valid() and may_write:
        said = form.cleaned_data
        try:
            agents.write(
                prize=own.prize,
                agent_name=said["agent_name"],
                agent_number=said["agent_number"],
                valid_until=said["valid_until"],
                agreed=said["agreed"],
                language=language,
                actor=request.user,
                now=now,
            )
        except Refused as refused:
            status = refuse(form, refused)
        else:
            notes.success(request, _("The letter is in force. Give its number to that person."))
            return redirect("prizes:agent", code=code)
    context = {
        **head(own),
        "form": form if may_write else None,
        "text": text,
        "stands": stands,
        "before": [one for one in letters if one is not stands],
    }
    return render(request, "prizes/agent.html", context, status=status)


@never_cache
@require_POST
def agent_end(request: HttpRequest, code: str, letter: str) -> HttpResponse:
    """Take a letter of one's own back: from this moment it covers nothing."""
    own = mine(request, code)
    found = next((one for one in agents.letters_of(own.prize) if one.code == letter), None)
    if found is None or found.winner_id != own.prize.owner_id:
        raise Http404
    proxy_letters.take_back(letter=found, actor=who.player(request.user).user, now=timezone.now())
    notes.success(request, _("Taken back. Nobody can act by this letter any more."))
    return redirect("prizes:prize", code=code)


@never_cache
@sensitive_post_parameters("agent-number", "agent-name", "winner-number", "winner-name")
@require_http_methods(["GET", "POST"])
def desk_claim_agent(request: HttpRequest) -> HttpResponse:
    """Open a claim for an agent: his letter by its number, then the papers of both."""
    now = timezone.now()
    asked = request.GET.get("letter", "")
    search = typed.LetterForm({"letter": asked} if asked else None)
    letter = _found(search) if asked else None
    form = typed.AgentForm(request.POST or None)
    cards = {
        "agent": typed.AgentsPaperForm(request.POST or None, prefix="agent"),
        "winner": typed.IdentityForm(request.POST or None, prefix="winner"),
    }
    status = 400 if form.is_bound else 200
    all_valid = all([form.is_valid(), *(one.is_valid() for one in cards.values())])
    if letter is not None and form.is_bound and all_valid:
        try:
            claim = agents.open_(
                letter=letter.code,
                ticket=codes.typed(form.cleaned_data["ticket"]),
                winner_paper=cards["winner"].paper(),
                agent_paper=cards["agent"].paper(),
                actor=who.staff(request.user).user,
                request_key=form.cleaned_data["request_key"],
                now=now,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
            status = refused.status
        else:
            notes.success(request, _("The claim is open. The winner is told at once."))
            return redirect("prizes:desk_claim", code=claim.code)
    if letter is not None:
        tickets = [letter.object_code.rpartition(":")[2]]
        looks.note(tickets, desk="prizes:desk_claim_agent", actor=request.user, now=now)
    context = {
        "nav": "claims",
        "search": search,
        "letter": _desk_row(letter, now) if letter else None,
        "form": form,
        "cards": cards,
    }
    return render(request, "desk/claim_agent.html", context, status=status)


def _found(search: typed.LetterForm) -> ProxyLetter | None:
    if not search.is_valid():
        return None
    try:
        return proxy_letters.find(codes.typed(search.cleaned_data["letter"]))
    except Refused as refused:
        search.add_error("letter", str(refused))
        return None


def _last(own: winners.Own, now: Any) -> Any:
    """The day that is offered: the last one of the prize."""
    deadline = limits.of(own.prize)
    today = dates.in_shanghai(now).date()
    return max(today, deadline.last_day) if deadline else today


def _row(letter: ProxyLetter, now: Any) -> dict[str, Any]:
    """A letter as its winner reads it: he wrote the name himself, so it stands there in full."""
    return {
        "letter": letter,
        "name": letter.agent_name.reveal(),
        "number": masked("citizen_id", letter.agent_number.reveal()),
        "standing": agents.standing(letter, now=now),
    }


def _desk_row(letter: ProxyLetter, now: Any) -> dict[str, Any]:
    """A letter as a clerk reads it, masked: the papers say the rest."""
    try:
        prize = agents.prize_of(letter)
    except Refused as refused:
        raise Http404 from refused
    return {
        "letter": letter,
        "agent": str(letter.agent_name),
        "number": str(letter.agent_number),
        "winner": str(letter.winner.person.name) if letter.winner.person else "",
        "standing": agents.standing(letter, now=now),
        "game": game_words.game(prize.draw.game),
        "issue": prize.draw.issue,
        "amount_fen": prize.amount,
    }
