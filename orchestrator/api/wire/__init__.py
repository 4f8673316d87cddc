"""Between the messages of facegrid.v1 and our own types; the client's half is facegrid/client/wire/."""
