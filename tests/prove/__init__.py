"""The long proofs, as one command (`make prove`), with figures for docs/proofs.md."""
