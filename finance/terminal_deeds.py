"""What this room does at the terminal of an outlet."""

from django.utils.translation import gettext_lazy as _

from partners import terminal

terminal.register(
    terminal.Deed(
        title=_("Cash of this outlet"),
        text=_("Count it, hand it over, ask for cash"),
        url_name="finance:desk_cash_desks",
        sign="bank",
        order=20,
    )
)
