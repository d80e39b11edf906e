"""Enrolment: from a dossier to a granted and activated account (Decree 69/2024).

Dossiers and their deadlines in working days, the match against the registry, proofing
online (level 1) and at a desk (level 2), the decision, activation, and the import of
dossiers by the million. Never signs anybody in and never speaks to a relying party.
"""
