"""Figures for leaders and the history of use: counted, never looked up by person.

Counts sign-ins, dossiers and the way to portals, tells them in whole steps of the
privacy threshold, and purges history past its term. Shows no person, decides nothing.
"""
