"""The parts of the command ``minigrad``: calculations and their reports, ``train`` and ``predict``."""
