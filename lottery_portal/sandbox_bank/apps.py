"""The sandbox bank as Django knows it."""

from django.apps import AppConfig


class SandboxBankConfig(AppConfig):
    """The counterpart."""

    name = "lottery_portal.sandbox_bank"
    label = "sandbox_bank"
