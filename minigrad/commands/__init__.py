"""What the command ``minigrad`` consists of: its calculations and their reports, and ``train`` and ``predict``."""
