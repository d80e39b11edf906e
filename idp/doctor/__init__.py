"""The examination of a deployment: what is wrong, why it matters, what to run."""
