"""Who may ask what, and how often: API keys, their scopes, expiry and rates. Standard library alone."""
