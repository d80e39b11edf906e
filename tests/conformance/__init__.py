"""One suite for each interface with several implementations, run on every one."""
