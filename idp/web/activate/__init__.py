"""Pages by which a citizen activates a granted account (Decree 69/2024 art. 14)."""
