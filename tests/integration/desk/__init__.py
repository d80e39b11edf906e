"""An officer's desk, driven through HTTP with the virtual card."""
