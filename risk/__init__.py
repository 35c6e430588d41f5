"""May they? Limits, self-exclusion, exposure, monitoring, alerts.

This room is told facts and never goes looking for them. Its tables come with its first feature.
"""
