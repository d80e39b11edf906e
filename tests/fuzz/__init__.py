"""Coverage-guided fuzzing of every parser that reads what strangers send.

`make fuzz` runs it; `python -m tests.fuzz --help` tells more. Pytest collects nothing
here: that the targets run at all is a unit test.
"""
