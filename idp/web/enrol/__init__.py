"""Pages to apply for an account of level 1, for oneself or for a child or ward.

/enrol tells what is needed, `details` takes what is typed, `steps` goes from the code
to the receipt, `status` shows later where an application stands, `ward` is the
representative's. None of them tells whether a person is known before the code.
"""
