"""The tests: unit mirrors the packages, integration goes by feature, e2e by browser."""
