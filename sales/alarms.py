"""What the alarms of the rolling check are called."""

from django.utils.translation import gettext_lazy as _

from audit import alarms

alarms.register(kind="sales.rows_differ", title=_("A ticket is not as it was sold"))
alarms.register(kind="sales.stakes_differ", title=_("Stakes and tickets differ"))
