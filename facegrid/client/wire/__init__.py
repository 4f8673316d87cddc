"""Between the client's types and the messages on the wire, a file per subject."""
