"""A training run as a page: small copies kept while it runs, played forward and back."""
