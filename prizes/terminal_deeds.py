"""What this room does at the terminal of an outlet."""

from django.utils.translation import gettext_lazy as _

from partners import terminal

terminal.register(
    terminal.Deed(
        title=_("Redeem a prize"),
        text=_("Type or scan the ticket; today's claims of this outlet"),
        url_name="prizes:terminal_claims",
        sign="ticket",
        order=10,
    )
)
