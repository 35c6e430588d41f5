"""What happened, and how we prove it.

Doors: `trail.record` (evidence of deeds), `approvals` (four eyes), `policies` (dated figures),
`reports` (exports with header and digest). The verifier stands alone in `audit/verifier`.
Nobody else imports this room's models.
"""
