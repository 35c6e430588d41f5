"""Outlets, merchants and organisers: admission, agreement, devices, scorecard.

The room stands from the first day, so that nothing above it grows into its place; its tables come
with its first feature.
"""
