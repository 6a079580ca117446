"""The parts of the command ``minigrad``: calculations and their reports, ``train``, ``predict`` and ``grade``."""
