"""Measurements: each prints its table and, as its last line, one JSON object of its figures."""
