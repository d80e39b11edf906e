"""Figures for leaders and the history of use: counted, never looked up by person.

Counts sign-ins, dossiers and the steps of each funnel, withholds what falls below the
privacy threshold, and purges history past its term. Shows no person, decides nothing.
"""
