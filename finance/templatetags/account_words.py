"""What an account of the books is called on a page, and which there are to choose from."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from finance import account_words

register = template.Library()
register.filter("account_title", account_words.title)
register.filter("game_title", account_words.game)


@register.simple_tag
def account_list() -> SafeString:
    """What a field for an account of the books offers while it is typed into."""
    options = format_html_join(
        "",
        '<option value="{}">{}</option>',
        ((code, account_words.title(code)) for code in account_words.of_the_house()),
    )
    return format_html('<datalist id="{}">{}</datalist>', account_words.LIST, options)
