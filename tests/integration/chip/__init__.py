"""The chip card as a factor, through HTTP."""
