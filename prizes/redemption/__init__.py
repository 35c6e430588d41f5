"""Prizes redeemed as the measures demand: where, by whom, until when, by what steps."""
