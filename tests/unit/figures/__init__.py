"""Tests of idp.figures."""
